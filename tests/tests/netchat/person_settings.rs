//! What a person's sessions keep for them at the server.

use std::net::SocketAddr;

use netchat_core::limits::MESSAGE_BYTES_AROUND;
use netchat_shared::extended::{
    ClientMessage, GroupAction, JoinPolicy, KeptSettings, NotKept, ServerMessage, SettingsText,
};
use netchat_shared::limits::SETTINGS_BYTES_MAX;
use netchat_shared::list::List;
use netchat_shared::name::GroupName;
use netchat_tests::crowd::Crowd;
use netchat_tests::memory_storage::MemoryStorage;

/// Alice in two places, and bob.
const HERE: u16 = 1;
const ELSEWHERE: u16 = 2;
const BOB: u16 = 3;

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn text(text: &str) -> SettingsText {
    text.parse().unwrap()
}

fn crowd(storage: MemoryStorage) -> Crowd<MemoryStorage> {
    let mut crowd = Crowd::on(storage, |_| {});
    crowd.sign_in(at(HERE), "alice", None);
    crowd.sign_in(at(ELSEWHERE), "alice", None);
    crowd.sign_in(at(BOB), "bob", None);
    for port in [HERE, ELSEWHERE, BOB] {
        crowd.take_heard(at(port));
    }
    crowd
}

/// What that session is told about settings.
fn told(crowd: &mut Crowd<MemoryStorage>, port: u16) -> Vec<ServerMessage> {
    let heard = crowd.take_heard(at(port)).into_iter().filter(|message| {
        matches!(message, ServerMessage::Settings(_) | ServerMessage::SettingsNotKept(_))
    });
    heard.collect()
}

/// What that session says is kept, in place of what is.
fn says(crowd: &mut Crowd<MemoryStorage>, port: u16, settings: &SettingsText) {
    let based_on = asks(crowd, port).map(|kept| kept.sequence);
    crowd.say(at(port), &ClientMessage::SetSettings(based_on, settings.clone()));
}

/// What is kept, as that session asks for it.
fn asks(crowd: &mut Crowd<MemoryStorage>, port: u16) -> Option<KeptSettings> {
    crowd.say(at(port), &ClientMessage::GetSettings);
    match &told(crowd, port)[..] {
        [ServerMessage::Settings(kept)] => kept.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_one_session_keeps_all_of_the_same_person_know_and_nobody_else() {
    let mut crowd = crowd(MemoryStorage::default());
    assert_eq!(asks(&mut crowd, HERE), None);
    let mut last = None;
    for (port, settings) in [(HERE, "dark"), (ELSEWHERE, ""), (ELSEWHERE, "light")] {
        says(&mut crowd, port, &text(settings));
        let (here, elsewhere) = (told(&mut crowd, HERE), told(&mut crowd, ELSEWHERE));
        assert_eq!(here, elsewhere, "at once, and as the log has it");
        let [ServerMessage::Settings(Some(kept))] = &here[..] else { panic!("{here:?}") };
        assert_eq!(kept.text, text(settings));
        assert!(Some(kept.sequence) > last, "the last in the log holds");
        last = Some(kept.sequence);
    }
    assert_eq!(told(&mut crowd, BOB), []);
    assert_eq!(asks(&mut crowd, BOB), None);
    // It outlives the server.
    crowd.server.restart();
    crowd.lose(at(HERE));
    crowd.sign_in(at(4), "alice", None);
    let expected = last.map(|sequence| KeptSettings { sequence, text: text("light") });
    assert_eq!(asks(&mut crowd, 4), expected);
}

/// As it was: settings of before, sent again after a lost link, took the place of later ones.
#[test]
fn settings_that_are_sent_again_take_the_place_of_no_later_ones() {
    let mut crowd = crowd(MemoryStorage::default());
    let first = ClientMessage::SetSettings(None, text("here"));
    crowd.say(at(HERE), &first);
    told(&mut crowd, ELSEWHERE);
    says(&mut crowd, ELSEWHERE, &text("later"));
    told(&mut crowd, HERE);
    told(&mut crowd, ELSEWHERE);
    let later = asks(&mut crowd, ELSEWHERE);
    crowd.say(at(HERE), &first);
    let outdated = ServerMessage::SettingsNotKept(NotKept::Outdated);
    assert_eq!(told(&mut crowd, HERE), [outdated]);
    assert_eq!(told(&mut crowd, ELSEWHERE), []);
    assert_eq!(asks(&mut crowd, HERE), later);
    assert_eq!(later.unwrap().text, text("later"));
}

#[test]
fn who_asks_for_settings_hears_how_groups_were_renamed_since_they_were_set() {
    let mut crowd = crowd(MemoryStorage::default());
    let group = |name: &str| name.parse::<GroupName>().unwrap();
    let make = ClientMessage::NewGroup(group("Garden"), JoinPolicy::Anyone, List::default());
    crowd.say(at(BOB), &make);
    crowd.say(at(HERE), &ClientMessage::JoinGroup(group("Garden")));
    says(&mut crowd, HERE, &text("none g:Garden"));
    for (from, to) in [("Garden", "Park"), ("Park", "Forest")] {
        crowd.say(at(BOB), &ClientMessage::Group(group(from), GroupAction::Rename(group(to))));
    }
    crowd.sign_in(at(4), "alice", None);
    crowd.take_heard(at(4));
    crowd.say(at(4), &ClientMessage::GetSettings);
    let heard = crowd.take_heard(at(4));
    let renamed = |from, to| ServerMessage::SettingsRenamed(group(from), group(to));
    let [first, second, ServerMessage::Settings(Some(_))] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!([first, second], [&renamed("Garden", "Park"), &renamed("Park", "Forest")]);
    // What was set under the new name is not meant for another group.
    says(&mut crowd, 4, &text("none g:Forest"));
    told(&mut crowd, 4);
    crowd.say(at(4), &ClientMessage::GetSettings);
    assert!(matches!(crowd.take_heard(at(4))[..], [ServerMessage::Settings(Some(_))]));
}

#[test]
fn what_is_kept_counts_as_stored() {
    let longest = text(&"x".repeat(SETTINGS_BYTES_MAX));
    let room = (MESSAGE_BYTES_AROUND + SETTINGS_BYTES_MAX) as u64;
    let mut storage = MemoryStorage::default();
    storage.stored_bytes_max = Some(room - 1);
    let mut crowd = crowd(storage);
    says(&mut crowd, HERE, &longest);
    let refused = ServerMessage::SettingsNotKept(NotKept::StorageQuota);
    assert_eq!(told(&mut crowd, HERE), [refused]);
    assert_eq!(told(&mut crowd, ELSEWHERE), []);
    says(&mut crowd, HERE, &text(&"x".repeat(SETTINGS_BYTES_MAX - 1)));
    assert!(matches!(told(&mut crowd, HERE)[..], [ServerMessage::Settings(Some(_))]));
    // In place of those, not beside them.
    says(&mut crowd, HERE, &text("short"));
    assert!(matches!(told(&mut crowd, HERE)[..], [ServerMessage::Settings(Some(_))]));
}
