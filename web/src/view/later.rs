//! The parts of the page that a first load does not need. With the feature `parts` each comes in a file of
//! its own, soon after the page is there or when it is wanted, whichever is first; else all of this is there
//! from the beginning.

use leptos::prelude::*;
#[cfg(feature = "parts")]
use leptos::reactive::computed::ScopedFuture;
#[cfg(feature = "parts")]
use std::pin::Pin;

use super::account::AccountDialog;
use super::details::Details;
use super::dialogs::{JoinGroup, MessagePerson, MessageSeveral, NewGroup};
use super::emoji::EmojiPicker;
use super::help::HelpSheet;
use super::search::SearchPanel;
use super::switcher::Switcher;
#[cfg(feature = "parts")]
use super::use_ui;
use super::{Sheet, Side, Ui};
use crate::store::{AccountIntent, Intent};
#[cfg(feature = "parts")]
use crate::words::notice;

#[cfg(feature = "parts")]
type Missing = wasm_split_helpers::SplitLoaderError;
#[cfg(not(feature = "parts"))]
type Missing = std::convert::Infallible;

/// What is drawn, or that its part can't be fetched.
type Drawn = Result<AnyView, Missing>;

/// What stands in front of the page.
pub(super) fn sheet(sheet: Sheet) -> AnyView {
    later(move || draw_sheet(sheet), |ui| ui.sheet.set(None))
}

/// One's account.
pub(super) fn account() -> AnyView {
    later(draw_account, |ui| ui.perform(Intent::Account(AccountIntent::Close)))
}

/// What stands beside the conversation.
pub(super) fn side(side: Side) -> AnyView {
    later(move || draw_side(side), Ui::close_side)
}

#[cfg_attr(
    feature = "parts",
    wasm_split_helpers::wasm_split(sheets, preload(fetch_sheets), fallible)
)]
fn draw_sheet(sheet: Sheet) -> Drawn {
    Ok(match sheet {
        Sheet::Help => view! { <HelpSheet /> }.into_any(),
        Sheet::NewGroup => view! { <NewGroup /> }.into_any(),
        Sheet::JoinGroup => view! { <JoinGroup /> }.into_any(),
        Sheet::Person => view! { <MessagePerson /> }.into_any(),
        Sheet::Several => view! { <MessageSeveral /> }.into_any(),
        Sheet::Emoji(picked) => view! { <EmojiPicker picked /> }.into_any(),
        Sheet::Switcher => view! { <Switcher /> }.into_any(),
    })
}

#[cfg_attr(feature = "parts", wasm_split_helpers::wasm_split(sheets, fallible))]
fn draw_account() -> Drawn {
    Ok(view! { <AccountDialog /> }.into_any())
}

#[cfg_attr(
    feature = "parts",
    wasm_split_helpers::wasm_split(beside, preload(fetch_beside), fallible)
)]
fn draw_side(side: Side) -> Drawn {
    Ok(match side {
        Side::Details => view! { <Details /> }.into_any(),
        Side::Search => view! { <SearchPanel /> }.into_any(),
    })
}

/// Draws what is there already.
#[cfg(not(feature = "parts"))]
fn later(draw: impl FnOnce() -> Drawn, _: fn(Ui)) -> AnyView {
    let Ok(drawn) = draw();
    drawn
}

/// Draws a part once it is there. If it can't be fetched, what was opened is closed and that is said: opened
/// once more, it is fetched once more.
#[cfg(feature = "parts")]
fn later<F>(draw: impl FnOnce() -> F, close: fn(Ui)) -> AnyView
where
    F: Future<Output = Drawn> + 'static,
{
    let ui = use_ui();
    let slot = RwSignal::new_local(None::<AnyView>);
    // What is drawn belongs to where it stands, and goes with it.
    let drawing: Pin<Box<dyn Future<Output = Drawn>>> =
        Box::pin(ScopedFuture::new_untracked(draw()));
    leptos::task::spawn_local(async move {
        let drawn = drawing.await;
        // It may have been closed meanwhile.
        if slot.is_disposed() {
            return;
        }
        match drawn {
            Ok(drawn) => slot.set(Some(drawn)),
            Err(_) => {
                close(ui);
                ui.say(notice::NOT_FETCHED.say(ui.locale()).to_owned());
            }
        }
    });
    let take = move || {
        slot.track();
        slot.try_update_untracked(Option::take).flatten()
    };
    (move || take()).into_any()
}

/// Fetches all parts a moment after the page is there, so that each is there at once when it is wanted, and
/// also without a connection.
#[cfg(feature = "parts")]
pub(super) fn fetch_soon() {
    const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
    let fetch = || {
        leptos::task::spawn_local(async {
            // What can't be fetched now is fetched when it is wanted.
            let _ = (fetch_beside().await, fetch_sheets().await);
        });
    };
    set_timeout(fetch, PAUSE);
}

/// All parts are there.
#[cfg(not(feature = "parts"))]
pub(super) fn fetch_soon() {}
