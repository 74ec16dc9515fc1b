//! What is kept for the person at the server.

use std::time::Duration;

use netchat_client::session::Event;
use netchat_shared::extended::{ClientMessage, KeptSettings, NotKept, ServerMessage, SettingsText};
use netchat_shared::sequence::Sequence;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::Pair;

fn text(text: &str) -> SettingsText {
    text.parse().unwrap()
}

fn says(said: &str) -> ClientMessage {
    ClientMessage::SetSettings(text(said))
}

/// The person changes them: what is said of it.
fn set(pair: &mut Pair, to: &str) -> Vec<ClientMessage> {
    pair.session.set_settings(pair.now, text(to));
    pair.exchange();
    pair.take_said()
}

/// The server has them since that place: what the person hears of it, and what is said then.
fn kept(pair: &mut Pair, at: u64, of: &str) -> (Vec<Event>, Vec<ClientMessage>) {
    let kept = KeptSettings { sequence: Sequence(at), text: text(of) };
    pair.reply(&ServerMessage::Settings(Some(kept)));
    (pair.take_events(), pair.take_said())
}

#[test]
fn settings_of_other_sessions_are_told_once() {
    let mut pair = Pair::signed_in();
    pair.session.request_overview(pair.now);
    pair.exchange();
    assert_eq!(pair.take_said()[0], ClientMessage::GetSettings);
    assert_eq!(kept(&mut pair, 7, "dark").0, [Event::Settings(text("dark"))]);
    assert_eq!(kept(&mut pair, 7, "dark").0, []);
    assert_eq!(kept(&mut pair, 5, "of before").0, [], "the later one holds");
    assert_eq!(kept(&mut pair, 9, "light").0, [Event::Settings(text("light"))]);
    pair.reply(&ServerMessage::Settings(None));
    assert_eq!(pair.take_events(), []);
}

#[test]
fn settings_are_said_until_they_are_stored() {
    let mut pair = Pair::signed_in();
    assert_eq!(set(&mut pair, "one"), [says("one")]);
    assert_eq!(set(&mut pair, "two"), [], "one at a time");
    assert_eq!(set(&mut pair, "three"), []);
    assert!(!pair.session.is_settled());
    // What another session sets meanwhile comes before one's own in the log.
    assert_eq!(kept(&mut pair, 4, "elsewhere"), (vec![], vec![]));
    assert_eq!(kept(&mut pair, 5, "one"), (vec![], vec![says("three")]));
    // The answer is lost with the link: said again, and only the last.
    pair.restart(0);
    let said = pair.take_said();
    let settings = said.iter().filter(|said| matches!(said, ClientMessage::SetSettings(_)));
    assert_eq!(settings.collect::<Vec<_>>(), [&says("three")]);
    pair.take_events();
    assert_eq!(kept(&mut pair, 8, "three"), (vec![], vec![]));
    assert!(pair.session.is_settled());
    assert_eq!(kept(&mut pair, 9, "elsewhere").0, [Event::Settings(text("elsewhere"))]);
}

#[test]
fn settings_wait_while_the_person_is_away_from_the_server() {
    let mut pair = Pair::signed_in();
    pair.server = None;
    pair.is_deaf = true;
    assert_eq!(set(&mut pair, "one"), []);
    assert_eq!(set(&mut pair, "two"), []);
    pair.is_deaf = false;
    pair.restart(0);
    let said = pair.take_said();
    assert!(said.contains(&says("two")) && !said.contains(&says("one")), "{said:?}");
}

#[test]
fn settings_that_could_not_be_stored_are_said_again_but_not_for_want_of_room() {
    let mut pair = Pair::signed_in();
    set(&mut pair, "one");
    pair.reply(&ServerMessage::SettingsNotKept(NotKept::NotStored));
    assert_eq!(pair.take_said(), []);
    pair.pass(Duration::from_secs(3));
    assert_eq!(pair.take_said(), [says("one")]);
    pair.reply(&ServerMessage::SettingsNotKept(NotKept::StorageQuota));
    pair.pass(Duration::from_secs(3));
    assert_eq!(pair.take_said(), []);
    let events = pair.take_events();
    assert!(matches!(&events[..], [Event::Line(_)]), "{events:?}");
    assert!(pair.session.is_settled());
}
