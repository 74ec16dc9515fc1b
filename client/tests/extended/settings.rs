//! What is kept for the person at the server.

use std::time::Duration;

use netchat_client::session::{CrossedSettings, Event};
use netchat_shared::extended::{ClientMessage, KeptSettings, NotKept, ServerMessage, SettingsText};
use netchat_shared::name::GroupName;
use netchat_shared::sequence::Sequence;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::Pair;

fn text(text: &str) -> SettingsText {
    text.parse().unwrap()
}

/// In place of what is kept since that place.
fn says(based_on: Option<u64>, said: &str) -> ClientMessage {
    ClientMessage::SetSettings(based_on.map(Sequence), text(said))
}

#[test]
fn groups_that_were_renamed_since_settings_were_set_are_told_after_them() {
    let mut pair = pair();
    let group = |name: &str| name.parse::<GroupName>().unwrap();
    pair.reply(&ServerMessage::SettingsRenamed(group("Garden"), group("Park")));
    assert_eq!(pair.take_events(), []);
    let (events, said) = kept(&mut pair, 7, "none g:Garden");
    let renamed = Event::SettingsRenamed(group("Garden"), group("Park"));
    assert_eq!(events, [Event::Settings(text("none g:Garden")), renamed]);
    assert_eq!(said, []);
    let (events, _) = kept(&mut pair, 8, "none g:Park");
    assert_eq!(events, [Event::Settings(text("none g:Park"))], "that was before");
}

/// Signed in, and the server keeps nothing.
fn pair() -> Pair {
    let mut pair = Pair::signed_in();
    pair.session.request_overview(pair.now);
    pair.exchange();
    pair.reply(&ServerMessage::Settings(None));
    pair.take_said();
    pair
}

/// What is said of settings.
fn said(pair: &mut Pair) -> Vec<ClientMessage> {
    let said = pair
        .take_said()
        .into_iter()
        .filter(|said| matches!(said, ClientMessage::SetSettings(..) | ClientMessage::GetSettings));
    said.collect()
}

/// The person changes them: what is said of it.
fn set(pair: &mut Pair, to: &str) -> Vec<ClientMessage> {
    pair.session.set_settings(pair.now, text(to));
    pair.exchange();
    said(pair)
}

fn outdated(pair: &mut Pair) -> Vec<ClientMessage> {
    pair.reply(&ServerMessage::SettingsNotKept(NotKept::Outdated));
    said(pair)
}

fn crossed(base: &str, mine: &str, theirs: &str) -> Event {
    let (base, mine, theirs) = (text(base), text(mine), text(theirs));
    Event::SettingsCrossed(CrossedSettings { base, mine, theirs })
}

/// The server has them since that place: what the person hears of it, and what is said then.
fn kept(pair: &mut Pair, at: u64, of: &str) -> (Vec<Event>, Vec<ClientMessage>) {
    let kept = KeptSettings { sequence: Sequence(at), text: text(of) };
    pair.reply(&ServerMessage::Settings(Some(kept)));
    (pair.take_events(), said(pair))
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
    let mut pair = pair();
    assert_eq!(set(&mut pair, "one"), [says(None, "one")]);
    assert_eq!(set(&mut pair, "two"), [], "one at a time");
    assert_eq!(set(&mut pair, "three"), []);
    assert!(!pair.session.is_settled());
    assert_eq!(kept(&mut pair, 5, "one"), (vec![], vec![says(Some(5), "three")]));
    // The answer is lost with the link: said again, and only the last.
    pair.restart(0);
    assert_eq!(said(&mut pair), [says(Some(5), "three")]);
    pair.take_events();
    assert_eq!(kept(&mut pair, 8, "three"), (vec![], vec![]));
    assert_eq!(kept(&mut pair, 9, "elsewhere").0, [Event::Settings(text("elsewhere"))]);
}

/// As it was: they took the place of what another session had set meanwhile.
#[test]
fn settings_that_are_said_again_take_the_place_of_no_later_ones() {
    let mut pair = pair();
    set(&mut pair, "here");
    pair.restart(0);
    assert_eq!(said(&mut pair), [says(None, "here")]);
    pair.take_events();
    // They had been stored, and others after them.
    assert_eq!(outdated(&mut pair), [ClientMessage::GetSettings]);
    assert_eq!(kept(&mut pair, 7, "later"), (vec![Event::Settings(text("later"))], vec![]));
    // Stored, and nothing after them.
    set(&mut pair, "again");
    pair.restart(0);
    said(&mut pair);
    pair.take_events();
    assert_eq!(outdated(&mut pair), [ClientMessage::GetSettings]);
    assert_eq!(kept(&mut pair, 8, "again"), (vec![], vec![]));
    // What the person has changed since then is theirs alone.
    set(&mut pair, "lost");
    set(&mut pair, "mine");
    pair.restart(0);
    assert_eq!(said(&mut pair), [says(Some(8), "mine")]);
    pair.take_events();
    outdated(&mut pair);
    assert_eq!(kept(&mut pair, 11, "other"), (vec![crossed("lost", "mine", "other")], vec![]));
}

#[test]
fn settings_of_two_sessions_at_once_are_told_to_the_one_that_came_later() {
    let mut pair = pair();
    kept(&mut pair, 3, "before");
    assert_eq!(set(&mut pair, "mine"), [says(Some(3), "mine")]);
    assert_eq!(kept(&mut pair, 4, "theirs"), (vec![], vec![]), "the answer is on its way");
    assert_eq!(outdated(&mut pair), [ClientMessage::GetSettings]);
    assert_eq!(kept(&mut pair, 4, "theirs"), (vec![crossed("before", "mine", "theirs")], vec![]));
    assert_eq!(set(&mut pair, "both"), [says(Some(4), "both")]);
}

#[test]
fn settings_wait_until_it_is_known_what_is_kept() {
    let mut pair = Pair::signed_in();
    pair.server = None;
    pair.is_deaf = true;
    assert_eq!(set(&mut pair, "one"), []);
    assert_eq!(set(&mut pair, "two"), []);
    pair.is_deaf = false;
    pair.restart(0);
    pair.take_events();
    assert_eq!(said(&mut pair), [ClientMessage::GetSettings]);
    assert_eq!(kept(&mut pair, 7, "theirs").0, [crossed("", "two", "theirs")]);
    assert!(pair.session.is_settled());
}

#[test]
fn settings_that_could_not_be_stored_are_said_again_but_not_for_want_of_room() {
    let mut pair = pair();
    set(&mut pair, "one");
    pair.reply(&ServerMessage::SettingsNotKept(NotKept::NotStored));
    assert_eq!(said(&mut pair), []);
    pair.pass(Duration::from_secs(3));
    assert_eq!(said(&mut pair), [says(None, "one")]);
    pair.reply(&ServerMessage::SettingsNotKept(NotKept::StorageQuota));
    pair.pass(Duration::from_secs(3));
    assert_eq!(said(&mut pair), []);
    let events = pair.take_events();
    assert!(matches!(&events[..], [Event::Line(_)]), "{events:?}");
}
