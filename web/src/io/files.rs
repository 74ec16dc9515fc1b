//! Files that are fetched when they are wanted first.

use leptos::prelude::window;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use super::{Shared, tell};
use crate::store::Emojis;

/// Beside the page; written by `cargo xtask web`.
const EMOJIS: &str = "emoji.txt";

/// Fetches the file of emoji, unless it is here.
pub(super) fn fetch_emojis(client: &Shared) {
    let live = client.borrow().live;
    if live.read(|store| matches!(store.emojis, Some(Some(_)))) {
        return;
    }
    let this = client.clone();
    spawn_local(async move {
        let text = fetch(EMOJIS).await.ok().and_then(|text| text.as_string());
        live.change(|store| store.set_emojis(text.map(|text| Emojis::parse(&text))));
        tell(&this);
    });
}

async fn fetch(file: &str) -> Result<JsValue, JsValue> {
    let response: Response = JsFuture::from(window().fetch_with_str(file)).await?.dyn_into()?;
    match response.ok() {
        true => JsFuture::from(response.text()?).await,
        false => Err(JsValue::NULL),
    }
}
