//! What the browser keeps, so that a reload carries on where it was.
//!
//! The session with what waits in it belongs to one tab (`sessionStorage`). So that a new tab needs no
//! password either, the session without what waits is kept beside it for all of them (`localStorage`),
//! with drafts, by account, and what is set of this browser. Signing out takes the session away.

use netchat_client::session::Saved;
use netchat_shared::body::{decode_text, encode_text};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{conversation_from_wire, conversation_to_wire};
use netchat_shared::name::UserName;
use netchat_shared::server_key::ServerKey;
use netchat_shared::sorted::SortedMap;
use web_sys::Storage;

use crate::store::{DeviceSettings, Draft};

const SERVER_KEY: &str = "netchat.server-key";
const SESSION: &str = "netchat.session";
const SETTINGS: &str = "netchat.settings";
const ASKED: &str = "netchat.asked";
/// Followed by the name of the account.
const DRAFTS: &str = "netchat.drafts.";

type Drafts = SortedMap<Conversation, Draft>;

/// The session of this tab, or one that another tab began.
pub(super) fn session() -> Option<Saved> {
    [of_tab(), of_browser()].into_iter().flatten().find_map(|storage| {
        let text = storage.get_item(SESSION).ok().flatten()?;
        Saved::from_text(&text)
    })
}

/// Keeps the session, in place of what was kept `before`. What all tabs share changes with a sign-in
/// only, and not with each message.
pub(super) fn keep_session(saved: &Saved, before: Option<&Saved>) {
    put(of_tab(), SESSION, &saved.to_text());
    let shared = saved.for_another_client();
    if before.map(Saved::for_another_client).as_ref() != Some(&shared) {
        put(of_browser(), SESSION, &shared.to_text());
    }
}

/// What the server of this page proved before. It outlives signing out.
pub(super) fn server_key() -> Option<ServerKey> {
    ServerKey::parse(&of_browser()?.get_item(SERVER_KEY).ok()??)
}

pub(super) fn keep_server_key(key: &ServerKey) {
    put(of_browser(), SERVER_KEY, &key.to_string());
}

pub(super) fn device_settings() -> DeviceSettings {
    get(of_browser(), SETTINGS).map(|text| DeviceSettings::from_text(&text)).unwrap_or_default()
}

pub(super) fn keep_device_settings(settings: DeviceSettings) {
    put(of_browser(), SETTINGS, &settings.to_text());
}

/// What that person wrote and did not send.
pub(super) fn drafts(person: &UserName) -> Drafts {
    get(of_browser(), &drafts_key(person)).map(|text| parse_drafts(&text)).unwrap_or_default()
}

pub(super) fn keep_drafts(person: &UserName, drafts: &Drafts) {
    put(of_browser(), &drafts_key(person), &drafts_to_text(drafts));
}

/// The person has signed out: nothing of what they wrote stays.
pub(super) fn forget_drafts(person: &UserName) {
    if let Some(storage) = of_browser() {
        let _ = storage.remove_item(&drafts_key(person));
    }
}

/// Whether the person was asked once if they want notices.
pub(super) fn was_asked() -> bool {
    get(of_browser(), ASKED).is_some()
}

pub(super) fn note_asked() {
    put(of_browser(), ASKED, "1");
}

fn drafts_key(person: &UserName) -> String {
    format!("{DRAFTS}{person}")
}

/// Forgets the session, also for tabs that are opened later.
pub(super) fn forget_session() {
    for storage in [of_tab(), of_browser()].into_iter().flatten() {
        // Only a browser that keeps nothing refuses.
        let _ = storage.remove_item(SESSION);
    }
}

fn of_tab() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn of_browser() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn get(storage: Option<Storage>, key: &str) -> Option<String> {
    storage?.get_item(key).ok()?
}

/// A browser whose storage is full or forbidden keeps nothing: the page works, and a reload asks
/// for the password.
fn put(storage: Option<Storage>, key: &str, text: &str) {
    if let Some(storage) = storage {
        let _ = storage.set_item(key, text);
    }
}

fn drafts_to_text(drafts: &Drafts) -> String {
    let lines = drafts.iter().map(|(conversation, draft)| {
        format!("{}#{}\n", conversation_to_wire(conversation), encode_text(&draft.to_text()))
    });
    lines.collect()
}

fn parse_drafts(text: &str) -> Drafts {
    let lines = text.lines().filter_map(|line| {
        let (conversation, text) = line.split_once('#')?;
        Some((conversation_from_wire(conversation)?, Draft::from_text(&decode_text(text)?)?))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn drafts_read_back() {
        let group = Conversation::Group("CS: Group".parse().unwrap());
        let conversations =
            [Conversation::Everyone, group, Conversation::User("bob".parse().unwrap())];
        let draft = Draft { text: "# two\nlines ü".to_owned(), ..Draft::default() };
        let drafts: Drafts = conversations.map(|to| (to, draft.clone())).into_iter().collect();
        assert_eq!(parse_drafts(&drafts_to_text(&drafts)), drafts);
        assert_eq!(parse_drafts("rubbish\nu:bob#!\n"), Drafts::new());
    }
}
