//! Keys that work wherever one is.

use leptos::ev;
use leptos::prelude::*;
use netchat_shared::conversation::Conversation;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::{Sheet, Side, Ui};
use crate::store::{Intent, ReadingIntent, Store};
use crate::words::{Word, key, keys as words};

/// What the keys do, for the sheet of help.
pub(super) const KEYS: [(Word, Word); 11] = [
    (key::ENTER, words::SEND),
    (key::FIND, words::FIND),
    (key::SEARCH, words::SEARCH),
    (key::NEXT, words::NEXT),
    (key::NEXT_UNREAD, words::NEXT_UNREAD),
    (key::UP, words::CORRECT),
    (key::ESCAPE, words::READ),
    (key::PARTS, words::PARTS),
    (key::ARROWS, words::BROWSE),
    (key::TAB, words::WHAT_TO_DO),
    (key::HELP, words::HELP),
];

/// Keys by which an input method ends what it composes belong to it. Safari says so by the code alone.
pub(super) fn is_composing(event: &KeyboardEvent) -> bool {
    const COMPOSING: u32 = 229;
    event.is_composing() || event.key_code() == COMPOSING
}

/// The page is used by touch: a keyboard on the screen covers half of it.
pub(super) fn is_touch() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media("(pointer: coarse)").ok());
    query.flatten().is_some_and(|query| query.matches())
}

/// Hears keys for as long as the page is there.
pub(super) fn listen(ui: Ui) {
    let handle = window_event_listener(ev::keydown, move |event| {
        if is_composing(&event) || ui.live.read(|store| store.me.is_none()) {
            return;
        }
        if let Some(act) = meaning(ui, &event) {
            event.prevent_default();
            act(ui);
        }
    });
    on_cleanup(move || handle.remove());
}

fn meaning(ui: Ui, event: &KeyboardEvent) -> Option<fn(Ui)> {
    let (command, alt, shift) =
        (event.ctrl_key() || event.meta_key(), event.alt_key(), event.shift_key());
    match (event.key().as_str(), command, alt, shift) {
        ("k" | "K", true, false, false) => Some(|ui| ui.show(Sheet::Switcher)),
        ("f" | "F", true, false, false) if ui.side.get_untracked() != Some(Side::Search) => {
            Some(|ui| ui.toggle_side(Side::Search))
        }
        ("ArrowUp", false, true, false) => Some(|ui| step(ui, true, false)),
        ("ArrowDown", false, true, false) => Some(|ui| step(ui, false, false)),
        ("ArrowUp", false, true, true) => Some(|ui| step(ui, true, true)),
        ("ArrowDown", false, true, true) => Some(|ui| step(ui, false, true)),
        ("F6", false, false, _) => Some(next_zone),
        ("?", false, false, _) if !is_meant_elsewhere(event) => Some(|ui| ui.show(Sheet::Help)),
        // What is open closes by itself; the rest is read.
        ("Escape", false, false, false) if !is_in_dialog(event) => Some(|ui| {
            if ui.side.get_untracked() == Some(Side::Search) {
                ui.close_side();
            } else if ui.sheet.get_untracked().is_none() {
                ui.perform(Intent::Read(ReadingIntent::MarkRead));
                ui.perform(Intent::Read(ReadingIntent::ToEnd));
            }
        }),
        _ => None,
    }
}

fn target(event: &KeyboardEvent) -> Option<Element> {
    event.target().and_then(|target| target.dyn_into().ok())
}

/// A key is written where one writes, or where one is about to: in what is on its way.
fn is_meant_elsewhere(event: &KeyboardEvent) -> bool {
    const WRITTEN: &str = "input, textarea, select, dialog";
    let is_in = |selector| target(event).and_then(|it| it.closest(selector).ok().flatten());
    is_in(WRITTEN).or_else(|| is_in(".details:has(.waits)")).is_some()
}

fn is_in_dialog(event: &KeyboardEvent) -> bool {
    let dialog = target(event).and_then(|target| target.closest("dialog, [popover]").ok());
    dialog.flatten().is_some()
}

/// Opens the conversation above or below, or the next one that has something unread.
fn step(ui: Ui, is_up: bool, is_unread: bool) {
    let next = ui.live.read(|store| next(store, is_up, is_unread));
    if let Some(next) = next {
        ui.perform(Intent::Open(Some(next)));
    }
}

fn next(store: &Store, is_up: bool, is_unread: bool) -> Option<Conversation> {
    let mut listed = store.listed();
    if is_up {
        listed.reverse();
    }
    let at = listed.iter().position(|conversation| store.is_in_front(conversation));
    let (behind, count) = (at.map_or(0, |at| at + 1), listed.len());
    listed.rotate_left(behind);
    // A step goes not beyond the last; what is unread is looked for all around.
    let ahead = if is_unread { count } else { count - behind };
    let mut ahead = listed.into_iter().take(ahead);
    ahead.find(|conversation| {
        let unread = store.threads.get(conversation).map_or(0, |thread| thread.unread);
        !is_unread || unread > 0
    })
}

/// From the list to the messages, the box, the details, and around.
fn next_zone(_: Ui) {
    const ZONES: [&str; 4] =
        [".side .entry__link[aria-current], .side .entry__link", ".log", ".box__text", ".details"];
    let present = document().active_element();
    let is_in = |zone: &str| {
        let around = zone.split(' ').next().unwrap_or(zone);
        present.as_ref().is_some_and(|element| element.closest(around).ok().flatten().is_some())
    };
    let at = ZONES.iter().rposition(|zone| is_in(zone));
    let from = at.map_or(0, |at| at + 1);
    for step in 0..ZONES.len() {
        let zone = ZONES[(from + step) % ZONES.len()];
        let found = document().query_selector(zone).ok().flatten();
        if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
            return;
        }
    }
}
