//! What is computed with passwords, in code that comes when somebody signs in.

use std::time::Duration;

use leptos::prelude::{request_animation_frame, set_timeout};
use netchat_client::session::{PasswordTask, PasswordTaskDone};
use netchat_shared::opaque::Stretcher;

#[cfg(feature = "parts")]
type Missing = wasm_split_helpers::SplitLoaderError;
#[cfg(not(feature = "parts"))]
type Missing = std::convert::Infallible;

/// How long until what could not be fetched is fetched once more.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Computes it when the page has been drawn: stretching takes some tens of milliseconds, in which nothing
/// is. Without the code for it, says so, and waits until it can be fetched.
pub(super) async fn compute(task: PasswordTask, note_fetched: impl Fn(bool)) -> PasswordTaskDone {
    drawn().await;
    loop {
        let computed = run(task.clone()).await;
        note_fetched(computed.is_some());
        if let Some(done) = computed {
            return done;
        }
        wait(AGAIN_AFTER).await;
    }
}

#[cfg_attr(
    feature = "parts",
    wasm_split_helpers::wasm_split(passwords, preload(fetch_passwords), fallible)
)]
fn run_part(task: PasswordTask) -> Result<PasswordTaskDone, Missing> {
    Ok(task.run(&Stretcher::default()))
}

#[cfg(feature = "parts")]
async fn run(task: PasswordTask) -> Option<PasswordTaskDone> {
    run_part(task).await.ok()
}

#[cfg(not(feature = "parts"))]
async fn run(task: PasswordTask) -> Option<PasswordTaskDone> {
    std::future::ready(run_part(task)).await.ok()
}

/// Fetches the code, so that it is there when it is wanted: somebody is about to sign in.
#[cfg(feature = "parts")]
pub(super) fn fetch() {
    leptos::task::spawn_local(async {
        // What can't be fetched now is fetched when it is wanted.
        let _ = fetch_passwords().await;
    });
}

/// It is there.
#[cfg(not(feature = "parts"))]
pub(super) fn fetch() {}

/// Until the next frame is drawn; or a moment, on a page that is not looked at and has none.
async fn drawn() {
    const HIDDEN: Duration = Duration::from_millis(100);
    let drawn = js_sys::Promise::new(&mut |resolve, _| {
        let (resolve, also) = (resolve.clone(), resolve);
        let after = move || {
            // Called by nobody but this, with nothing to go wrong.
            let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
        };
        request_animation_frame(move || set_timeout(after, Duration::ZERO));
        set_timeout(move || drop(also.call0(&wasm_bindgen::JsValue::NULL)), HIDDEN);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(drawn).await;
}

async fn wait(duration: Duration) {
    let waited = js_sys::Promise::new(&mut |resolve, _| {
        set_timeout(move || drop(resolve.call0(&wasm_bindgen::JsValue::NULL)), duration);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(waited).await;
}
