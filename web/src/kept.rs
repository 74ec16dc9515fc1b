//! What the page keeps in the browser, so that a reload carries on where it was.
//!
//! The session with what waits in it, the drafts and the place on the page belong to one tab
//! (`sessionStorage`). So that a new tab needs no password either, the session without what waits is
//! kept beside it for all of them (`localStorage`). Signing out takes everything away.

use std::collections::BTreeMap;

use netchat_client::session::Saved;
use netchat_shared::body::{decode_text, encode_text};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{conversation_from_wire, conversation_to_wire};
use netchat_shared::server_key::ServerKey;
use web_sys::Storage;

use crate::model::Place;

const SERVER_KEY: &str = "netchat.server-key";
const SESSION: &str = "netchat.session";
const DRAFTS: &str = "netchat.drafts";
const PLACE: &str = "netchat.place";

/// What was written and not sent, for each conversation.
pub type Drafts = BTreeMap<Conversation, String>;

/// The session of this tab, or one that another tab began.
pub(crate) fn session() -> Option<Saved> {
    [of_tab(), of_browser()].into_iter().flatten().find_map(|storage| {
        let text = storage.get_item(SESSION).ok().flatten()?;
        Saved::from_text(&text)
    })
}

/// Keeps the session, in place of what was kept `before`. What all tabs share changes with a sign-in
/// only, and not with each message.
pub(crate) fn keep_session(saved: &Saved, before: Option<&Saved>) {
    put(of_tab(), SESSION, &saved.to_text());
    let shared = saved.for_another_client();
    if before.map(Saved::for_another_client).as_ref() != Some(&shared) {
        put(of_browser(), SESSION, &shared.to_text());
    }
}

/// What the server of this page proved before. It outlives signing out.
pub(crate) fn server_key() -> Option<ServerKey> {
    ServerKey::parse(&of_browser()?.get_item(SERVER_KEY).ok()??)
}

pub(crate) fn keep_server_key(key: &ServerKey) {
    put(of_browser(), SERVER_KEY, &key.to_string());
}

pub(crate) fn drafts() -> Drafts {
    get(DRAFTS).map(|text| parse_drafts(&text)).unwrap_or_default()
}

pub(crate) fn keep_drafts(drafts: &Drafts) {
    put(of_tab(), DRAFTS, &drafts_to_text(drafts));
}

pub(crate) fn place() -> Place {
    get(PLACE).map(|text| parse_place(&text)).unwrap_or_default()
}

pub(crate) fn keep_place(place: &Place) {
    put(of_tab(), PLACE, &place_to_text(place));
}

/// Forgets the session, also for tabs that are opened later.
pub(crate) fn forget_session() {
    for storage in [of_tab(), of_browser()].into_iter().flatten() {
        for key in [SESSION, PLACE] {
            // Only a browser that keeps nothing refuses.
            let _ = storage.remove_item(key);
        }
    }
}

fn of_tab() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn of_browser() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn get(key: &str) -> Option<String> {
    of_tab()?.get_item(key).ok()?
}

/// A browser whose storage is full or forbidden keeps nothing: the page works, and a reload asks
/// for the password.
fn put(storage: Option<Storage>, key: &str, text: &str) {
    if let Some(storage) = storage {
        let _ = storage.set_item(key, text);
    }
}

fn drafts_to_text(drafts: &Drafts) -> String {
    let lines = drafts.iter().map(|(conversation, text)| {
        format!("{}#{}\n", conversation_to_wire(conversation), encode_text(text))
    });
    lines.collect()
}

fn parse_drafts(text: &str) -> Drafts {
    let lines = text.lines().filter_map(|line| {
        let (conversation, text) = line.split_once('#')?;
        Some((conversation_from_wire(conversation)?, decode_text(text)?))
    });
    lines.collect()
}

/// The first line is the conversation in front, the others say what is unread.
fn place_to_text(place: &Place) -> String {
    let mut text = place.selected.as_ref().map(conversation_to_wire).unwrap_or_default();
    for (conversation, unread) in &place.unread {
        text.push_str(&format!("\n{unread}#{}", conversation_to_wire(conversation)));
    }
    text
}

fn parse_place(text: &str) -> Place {
    let mut lines = text.split('\n');
    let selected = lines.next().and_then(conversation_from_wire);
    let unread = lines.filter_map(|line| {
        let (unread, conversation) = line.split_once('#')?;
        Some((conversation_from_wire(conversation)?, unread.parse().ok()?))
    });
    Place { selected, unread: unread.collect() }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn conversations() -> [Conversation; 3] {
        let group = Conversation::Group("CS: Group".parse().unwrap());
        [Conversation::Everyone, group, Conversation::User("bob".parse().unwrap())]
    }

    #[test]
    fn drafts_read_back() {
        let drafts: Drafts =
            conversations().map(|to| (to, "# two\nlines ü".to_owned())).into_iter().collect();
        assert_eq!(parse_drafts(&drafts_to_text(&drafts)), drafts);
        assert_eq!(parse_drafts("rubbish\nu:bob#!\n"), Drafts::new());
    }

    #[test]
    fn the_place_reads_back() {
        let unread: Vec<_> = conversations().into_iter().zip(1..).collect();
        for selected in [None, Some(Conversation::Everyone)] {
            let place = Place { selected, unread: unread.clone() };
            assert_eq!(parse_place(&place_to_text(&place)), place);
        }
        assert_eq!(parse_place(""), Place::default());
    }
}
