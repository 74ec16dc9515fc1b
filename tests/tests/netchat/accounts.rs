//! Names and passwords: who is who, however they write it.

use std::net::SocketAddr;

use netchat_core::LogEvent;
use netchat_core::storage::{Draft, Ticket, Write};
use netchat_shared::extended::{ClientMessage, ServerMessage};
use netchat_shared::password::Password;
use netchat_tests::crowd::Crowd;
use netchat_tests::memory_storage::MemoryStorage;
use netchat_tests::sim_server::{SimServer, Storage};
use netchat_tests::sqlite_storage::SqliteStorage;

fn at(n: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], n))
}

/// Another address for another session.
fn beside(address: SocketAddr) -> SocketAddr {
    at(1_000 + address.port())
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// What the server says to somebody who comes with a name.
fn knock<S: Storage>(crowd: &mut Crowd<S>, at: SocketAddr, name: &str) -> ServerMessage {
    crowd.open(at);
    crowd.say(at, &ClientMessage::Unlock(password("password")));
    crowd.say(at, &ClientMessage::Name(name.parse().unwrap()));
    crowd.take_heard(at).pop().unwrap()
}

/// The name under which somebody is let in with a password, if they are.
fn log_in<S: Storage>(
    crowd: &mut Crowd<S>,
    at: SocketAddr,
    name: &str,
    typed: &str,
) -> Option<String> {
    knock(crowd, at, name);
    crowd.say(at, &ClientMessage::LogIn(password(typed)));
    let heard = crowd.take_heard(at).into_iter();
    heard
        .filter_map(|message| match message {
            ServerMessage::Welcome { name, .. } => Some(name.to_string()),
            _ => None,
        })
        .next()
}

/// Other cases, full width, decomposed letters, Cyrillic ones, invisible and blank characters, and piles
/// of marks made a new person each, beside the one whom they were to be taken for.
fn names_like_others<S: Storage>(storage: S) {
    let mut crowd = Crowd::on(storage, |_| {});
    crowd.sign_in(at(1), "Renée", None);
    crowd.sign_in(at(2), "bob", None);
    for (n, name) in ["renée", "RENÉE", "Rene\u{301}e", "Ｒenée"].into_iter().enumerate() {
        let at = at(10 + u16::try_from(n).unwrap());
        assert_eq!(knock(&mut crowd, at, name), ServerMessage::NameIsKnown, "{name}");
        assert_eq!(log_in(&mut crowd, beside(at), name, "secretly").as_deref(), Some("Renée"));
    }
    let piled = format!("bob{}", "\u{301}".repeat(29));
    let refused = ["bоb", "b0b", "b\u{3164}ob", "\u{2800}", "bo\u{34f}b", "bob\u{a0}x", &piled];
    let reserved = ["SERVER\u{115f}", "ЅERVER", "ＡＬＬ"];
    for (n, name) in refused.into_iter().chain(reserved).enumerate() {
        let at = at(20 + u16::try_from(n).unwrap());
        let answer = knock(&mut crowd, at, name);
        assert!(matches!(answer, ServerMessage::NameRefused(_)), "{name}: {answer:?}");
        crowd.say(at, &ClientMessage::Register(password("secretly")));
        assert_eq!(log_in(&mut crowd, beside(at), name, "secretly"), None, "{name}");
    }
    let users = crowd.server.storage.snapshot().users.len();
    assert_eq!(users, 2);
}

#[test]
fn s13_a_name_that_is_like_somebodys_is_not_another_persons() {
    names_like_others(MemoryStorage::default());
    names_like_others(SqliteStorage::new());
}

/// Whoever has such a name from before keeps it, and the operator is told.
#[test]
fn s13_names_of_before_that_are_alike_go_on() {
    let mut storage = MemoryStorage::before_names_were_compared();
    for (n, name) in ["bob", "Bob", "b0b"].into_iter().enumerate() {
        let (ticket, hash) = (Ticket(n as u64), format!("hash of {name}"));
        let draft =
            Draft::User { name: name.parse().unwrap(), password_hash: Some(hash), address: at(1) };
        storage.write(SimServer::EPOCH, ticket, &Write::Append(vec![draft]));
    }
    let mut crowd = Crowd::on(storage, |_| {});
    let told = crowd.server.log.iter().find_map(|event| match event {
        LogEvent::NamesAlike(alike) => Some(alike.told.clone()),
        _ => None,
    });
    let pair = |name: &str, other: &str| (name.to_owned(), other.to_owned());
    assert_eq!(told, Some(vec![pair("Bob", "bob"), pair("b0b", "bob")]));
    for (n, name) in ["bob", "Bob", "b0b"].into_iter().enumerate() {
        let at = at(10 + u16::try_from(n).unwrap());
        assert_eq!(log_in(&mut crowd, at, name, name).as_deref(), Some(name));
    }
    let answer = knock(&mut crowd, at(20), "BOB");
    assert!(matches!(answer, ServerMessage::NameRefused(_)), "which of them? {answer:?}");
    assert_eq!(log_in(&mut crowd, at(21), "B0B", "b0b").as_deref(), Some("b0b"));
}

/// Two people ask for names that are alike at the same time: the second is refused.
#[test]
fn s13_of_two_names_alike_at_once_one_is_registered() {
    let mut crowd = Crowd::new(|_| {});
    assert_eq!(knock(&mut crowd, at(1), "bob"), ServerMessage::NameIsNew);
    assert_eq!(knock(&mut crowd, at(2), "b0b"), ServerMessage::NameIsNew);
    for n in [1, 2] {
        crowd.say(at(n), &ClientMessage::Register(password("secretly")));
    }
    assert!(matches!(crowd.take_heard(at(1))[0], ServerMessage::Welcome { .. }));
    assert_eq!(crowd.take_heard(at(2)), [ServerMessage::NameIsKnown]);
}

/// Guesses at one account count together, however its name is written.
#[test]
fn s13_another_spelling_buys_no_more_guesses() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "bob", None);
    let spellings = ["bob", "Bob", "BOB", "bOb", "ｂob", "boB", "BoB", "bOB"];
    for (n, name) in spellings.into_iter().enumerate() {
        assert_eq!(log_in(&mut crowd, at(10 + n as u16), name, "wrong"), None);
    }
    assert_eq!(log_in(&mut crowd, at(30), "ｂｏｂ", "secretly"), None, "not even tried");
}

/// A password typed on one system was wrong on another, which writes its letters with their marks apart.
#[test]
fn s14_a_password_is_the_same_however_its_letters_are_written() {
    let mut crowd = Crowd::new(|settings| settings.password = password("schlüssel"));
    let register = |crowd: &mut Crowd, at, name: &str, typed: &str| {
        crowd.open(at);
        crowd.say(at, &ClientMessage::Unlock(password("schlu\u{308}ssel")));
        crowd.say(at, &ClientMessage::Name(name.parse().unwrap()));
        crowd.say(at, &ClientMessage::Register(password(typed)));
        crowd.take_heard(at)
    };
    let heard = register(&mut crowd, at(1), "alice", "pa\u{308}ssword");
    assert!(matches!(heard[2], ServerMessage::Welcome { .. }), "{heard:?}");
    for (n, typed) in [(2, "pässword"), (3, "pa\u{308}ssword")] {
        crowd.open(at(n));
        crowd.say(at(n), &ClientMessage::Unlock(password("schlüssel")));
        crowd.say(at(n), &ClientMessage::Name("alice".parse().unwrap()));
        crowd.say(at(n), &ClientMessage::LogIn(password(typed)));
        let heard = crowd.take_heard(at(n));
        assert!(matches!(heard[2], ServerMessage::Welcome { .. }), "{typed}: {heard:?}");
    }
}

/// Accounts of before were made with what was typed: it is good once more, and then in any form.
#[test]
fn s14_a_password_of_before_is_taken_as_it_was_typed_and_kept_anew() {
    let mut storage = MemoryStorage::default();
    let draft = Draft::User {
        name: "alice".parse().unwrap(),
        password_hash: Some("hash of pa\u{308}ssword".to_owned()),
        address: at(1),
    };
    storage.write(SimServer::EPOCH, Ticket(1), &Write::Append(vec![draft]));
    let mut crowd = Crowd::on(storage, |_| {});
    assert_eq!(log_in(&mut crowd, at(1), "alice", "password"), None);
    assert!(log_in(&mut crowd, at(2), "alice", "pa\u{308}ssword").is_some());
    assert!(log_in(&mut crowd, at(3), "alice", "pässword").is_some());
    let hash = crowd.server.storage.registered("alice").unwrap().password_hash.clone();
    assert_eq!(hash.as_deref(), Some("hash of pässword"));
}
