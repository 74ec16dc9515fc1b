//! The parts of the page that a first load does not need. With the feature `parts` each comes in a file of
//! its own, soon after the page is there or when it is wanted, whichever is first; else all of this is there
//! from the beginning.

use leptos::prelude::*;
#[cfg(feature = "parts")]
use leptos::reactive::computed::ScopedFuture;
#[cfg(feature = "parts")]
use std::pin::Pin;
#[cfg(feature = "parts")]
use wasm_bindgen::JsCast as _;

use super::account::AccountDialog;
use super::details::Details;
use super::dialogs::{JoinGroup, MessagePerson, MessageSeveral, NewGroup};
use super::emoji::EmojiPicker;
use super::help::HelpSheet;
use super::modal::modal;
use super::panel::Panel;
#[cfg(feature = "parts")]
use super::said;
use super::search::SearchPanel;
use super::shown::list;
use super::switcher::Switcher;
use super::{Sheet, Side, Ui, use_ui};
use crate::store::{AccountIntent, Intent, Store, Thing};
#[cfg(feature = "parts")]
use crate::words::notice;
use crate::words::{Locale, Word, account, details, dialog, emoji, help, search, sidebar, values};

#[cfg(feature = "parts")]
type Missing = wasm_split_helpers::SplitLoaderError;
#[cfg(not(feature = "parts"))]
type Missing = std::convert::Infallible;

/// What is drawn, or that its part can't be fetched.
type Drawn = Result<AnyView, Missing>;

/// What stands in front of the page. One that takes the place of another is a dialog of its own: that of the
/// other would be closed, and be gone with what it shows now.
pub(super) fn sheets(ui: Ui) -> AnyView {
    let key = |sheet: &Sheet| title(*sheet).say(Locale::default()).to_owned();
    let draw = |sheet: Sheet| {
        modal(title(sheet), |ui| ui.sheet.set(None), later(move || draw_sheet(sheet)))
    };
    list(move || ui.sheet.get().into_iter().collect(), key, draw)
}

fn title(sheet: Sheet) -> Word {
    match sheet {
        Sheet::Help => help::TITLE,
        Sheet::NewGroup => dialog::NEW_GROUP,
        Sheet::JoinGroup => dialog::JOIN_GROUP,
        Sheet::Person => dialog::MESSAGE_SOMEBODY,
        Sheet::Several => dialog::MESSAGE_SEVERAL,
        Sheet::Emoji(_) => emoji::TITLE,
        Sheet::Switcher => sidebar::FIND,
    }
}

/// One's account.
pub(super) fn account() -> AnyView {
    let close = |ui: Ui| ui.perform(Intent::Account(AccountIntent::Close));
    modal(account::TITLE, close, later(draw_account))
}

/// What stands beside the conversation.
pub(super) fn side(side: Side) -> AnyView {
    let content = later(move || draw_side(side));
    let ui = use_ui();
    match side {
        Side::Details => {
            let conversation = ui.part(Thing::Front, Store::front_conversation);
            let name = move |it| values::name_of(ui.locale(), &it);
            Panel {
                class: "details",
                label: details::TITLE,
                title: move || conversation.get().map(name).unwrap_or_default(),
                close: details::CLOSE,
                takes_focus: false,
            }
            .draw(content)
        }
        Side::Search => Panel {
            class: "details search",
            label: search::TITLE,
            title: move || search::TITLE.say(ui.locale()).to_owned(),
            close: search::CLOSE,
            takes_focus: true,
        }
        .draw(content),
    }
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
fn later(draw: impl FnOnce() -> Drawn) -> AnyView {
    let Ok(drawn) = draw();
    drawn
}

/// Draws a part once it is there. One that can't be fetched says so, and is fetched once more when it is
/// opened once more.
#[cfg(feature = "parts")]
fn later<F>(draw: impl FnOnce() -> F + 'static) -> AnyView
where
    F: Future<Output = Drawn> + 'static,
{
    // It has the focus in a dialog: what is typed is meant for what is to come.
    let waits = view! { <p class="waits" role="status" tabindex="-1">{said(notice::FETCHING)}</p> }
        .into_any();
    let slot = RwSignal::new_local(Some(waits));
    // What is drawn belongs to where it stands, and goes with it.
    let drawing: Pin<Box<dyn Future<Output = AnyView>>> =
        Box::pin(ScopedFuture::new_untracked(async {
            let drawing = draw();
            drawing.await.unwrap_or_else(|_| {
                view! { <p role="alert">{said(notice::NOT_FETCHED)}</p> }.into_any()
            })
        }));
    leptos::task::spawn_local(async move {
        let drawn = drawing.await;
        // It may have been closed meanwhile.
        if !slot.is_disposed() {
            slot.set(Some(drawn));
            request_animation_frame(focus_field);
        }
    });
    let take = move || {
        slot.track();
        slot.try_update_untracked(Option::take).flatten()
    };
    (move || take()).into_any()
}

/// The field of a dialog that came later, or else its first button: what had the focus until then is gone.
#[cfg(feature = "parts")]
fn focus_field() {
    let find = |selector| document().query_selector(selector).ok().flatten();
    let is_focused = find("dialog[open] :focus").is_some();
    let field = find("dialog[open] [autofocus]");
    let field = field.or_else(|| find("dialog[open] button").filter(|_| !is_focused));
    if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
        // It can always be focused.
        let _ = field.focus();
    }
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
