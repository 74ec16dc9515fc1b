//! Names and passwords: who is who, however they write it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::LogEvent;
use netchat_core::storage::{Draft, Ticket, Write};
use netchat_shared::extended::{
    AccountSession, ClientMessage, Delay, PasswordReply, ServerMessage, Token,
};
use netchat_shared::opaque::Word;
use netchat_shared::password::Password;
use netchat_tests::crowd::Crowd;
use netchat_tests::memory_storage::MemoryStorage;
use netchat_tests::opaque::{Keeper, kept_before, setup};
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
    let ServerMessage::NameNeedsProof(name) = knock(crowd, at, name) else { return None };
    crowd.prove(at, name.as_str(), typed);
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
        let known = ServerMessage::NameNeedsProof("Renée".parse().unwrap());
        assert_eq!(knock(&mut crowd, at, name), known, "{name}");
        assert_eq!(log_in(&mut crowd, beside(at), name, "secretly").as_deref(), Some("Renée"));
    }
    let piled = format!("bob{}", "\u{301}".repeat(29));
    let refused = ["bоb", "b0b", "b\u{3164}ob", "\u{2800}", "bo\u{34f}b", "bob\u{a0}x", &piled];
    let reserved = ["SERVER\u{115f}", "ЅERVER", "ＡＬＬ"];
    for (n, name) in refused.into_iter().chain(reserved).enumerate() {
        let at = at(20 + u16::try_from(n).unwrap());
        let answer = knock(&mut crowd, at, name);
        assert!(matches!(answer, ServerMessage::NameRefused(_)), "{name}: {answer:?}");
        crowd.enrol(at, name, "secretly", None);
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
        let (ticket, name) = (Ticket(n as u64), name.parse().unwrap());
        let password = Some(Keeper::new().keep(&name, name.as_str()));
        let draft = Draft::User { name, password, address: at(1) };
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
        crowd.enrol(at(n), ["bob", "b0b"][usize::from(n) - 1], "secretly", None);
    }
    assert!(matches!(crowd.take_heard(at(1))[0], ServerMessage::Welcome { .. }));
    let heard = crowd.take_heard(at(2));
    assert!(matches!(heard[..], [ServerMessage::NameRefused(_)]), "{heard:?}");
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

/// What the server says to an original client.
fn original<S: Storage>(crowd: &mut Crowd<S>, at: SocketAddr, said: &[&str]) -> Vec<String> {
    said.iter().for_each(|said| crowd.server.receive(at, said.as_bytes()));
    let sent = crowd.server.take_sent().into_iter().filter(|(to, _)| *to == at);
    sent.map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect()
}

/// Shows a password as an original client does: whether it is right.
fn original_shows<S: Storage>(
    crowd: &mut Crowd<S>,
    at: SocketAddr,
    name: &str,
    typed: &str,
) -> bool {
    let (join, check) = (format!("JOIN#{name}"), format!("CHECKPASSWORD#{typed}"));
    let heard = original(crowd, at, &["LOCKED#cGFzc3dvcmQ=", &join, &check]);
    heard.iter().any(|heard| heard == "LOGGEDIN")
}

/// A password typed on one system was wrong on another, which writes its letters with their marks apart.
/// (Our own clients bring it to one form themselves: their tests.)
#[test]
fn s14_a_password_is_the_same_however_its_letters_are_written() {
    let mut crowd = Crowd::new(|_| {});
    let register = ["LOCKED#cGFzc3dvcmQ=", "JOIN#alice", "NEWUSERPASSWORD#alice#pa\u{308}ssword"];
    original(&mut crowd, at(1), &register);
    assert!(original_shows(&mut crowd, at(2), "alice", "pässword"));
    assert!(original_shows(&mut crowd, at(3), "alice", "pa\u{308}ssword"));
    assert!(log_in(&mut crowd, at(4), "alice", "pässword").is_some(), "one record for both");
}

/// An account of before.
fn with_account_of_before() -> Crowd {
    let mut storage = MemoryStorage::default();
    let draft = Draft::User {
        name: "alice".parse().unwrap(),
        password: Some(kept_before("pa\u{308}ssword")),
        address: at(1),
    };
    storage.write(SimServer::EPOCH, Ticket(1), &Write::Append(vec![draft]));
    Crowd::on(storage, |_| {})
}

/// Accounts of before were made with what was typed: it is good once more, and then in any form, and for
/// our own clients too.
#[test]
fn s14_a_password_of_before_is_taken_as_it_was_typed_and_kept_anew() {
    let mut crowd = with_account_of_before();
    assert!(!original_shows(&mut crowd, at(1), "alice", "password"));
    let needs_word = ServerMessage::NameNeedsWord("alice".parse().unwrap());
    assert_eq!(knock(&mut crowd, at(5), "alice"), needs_word);
    assert!(original_shows(&mut crowd, at(2), "alice", "pa\u{308}ssword"));
    assert!(original_shows(&mut crowd, at(3), "alice", "pässword"));
    assert!(log_in(&mut crowd, at(4), "alice", "pässword").is_some());
}

/// The word of the operator for somebody.
fn word(crowd: &Crowd, name: &str) -> Word {
    let user = crowd.server.storage.registered(name).unwrap();
    let kept = user.password.as_ref().unwrap().verifier.to_text();
    setup().word(&user.name, kept.as_bytes(), crowd.server.now().calendar)
}

/// Our clients send no password, so they can't show one to an account that has no record.
#[test]
fn an_account_of_before_is_opened_once_by_the_operators_word() {
    let mut crowd = with_account_of_before();
    let needs_word = ServerMessage::NameNeedsWord("alice".parse().unwrap());
    assert_eq!(knock(&mut crowd, at(1), "Alice"), needs_word);
    let right = word(&crowd, "alice");
    let wrong = setup().word(&"bob".parse().unwrap(), b"", crowd.server.now().calendar);
    crowd.enrol(at(1), "alice", "another one", Some(wrong));
    assert_eq!(crowd.take_heard(at(1)), [ServerMessage::Wrong]);
    crowd.enrol(at(1), "alice", "another one", None);
    assert_eq!(crowd.take_heard(at(1)), [needs_word]);
    crowd.enrol(at(1), "alice", "another one", Some(right));
    let heard = crowd.take_heard(at(1));
    assert!(matches!(heard[0], ServerMessage::Welcome { .. }), "{heard:?}");
    assert!(!original_shows(&mut crowd, at(2), "alice", "pa\u{308}ssword"));
    assert!(log_in(&mut crowd, at(3), "alice", "another one").is_some());
    knock(&mut crowd, at(4), "alice");
    crowd.enrol(at(4), "alice", "a third", Some(right));
    assert_eq!(crowd.take_heard(at(4)), [ServerMessage::Wrong], "it is worth nothing any more");
}

/// One that was never used, in a letter that somebody finds.
#[test]
fn a_word_is_worth_nothing_two_days_later() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    let word = word(&crowd, "alice");
    for (days, holds) in [(2, false), (1, true)] {
        crowd.server.set_calendar_ahead(days * 24 * 60 * 60 * 1_000);
        knock(&mut crowd, at(1 + days as u16), "alice");
        crowd.enrol(at(1 + days as u16), "alice", "another one", Some(word));
        let heard = crowd.take_heard(at(1 + days as u16));
        let is_in = matches!(heard[0], ServerMessage::Welcome { .. });
        assert_eq!(is_in, holds, "after {days} days: {heard:?}");
    }
}

/// Whoever had the account before is out.
#[test]
fn a_password_set_with_a_word_ends_all_sessions() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    let token = crowd.token(at(1));
    let right = word(&crowd, "alice");
    knock(&mut crowd, at(2), "alice");
    crowd.enrol(at(2), "alice", "another one", Some(right));
    assert!(matches!(crowd.take_heard(at(2))[0], ServerMessage::Welcome { .. }));
    assert!(crowd.is_gone(at(1)));
    assert!(is_told_that_it_ended(&mut crowd, at(3), token));
}

/// A name that is somebody's is not enrolled by others, and one that is about to be is somebody's soon.
#[test]
fn a_password_is_enrolled_for_a_name_that_is_free() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    assert!(matches!(knock(&mut crowd, at(2), "alice"), ServerMessage::NameNeedsProof(_)));
    crowd.enrol(at(2), "alice", "guess", None);
    let heard = crowd.take_heard(at(2));
    assert!(matches!(heard[..], [ServerMessage::NameNeedsProof(_)]), "{heard:?}");
    // An original client registers, and its password waits to be hashed.
    crowd.server.hash_time = Duration::from_secs(1);
    assert_eq!(knock(&mut crowd, at(3), "bob"), ServerMessage::NameIsNew);
    original(
        &mut crowd,
        at(4),
        &["LOCKED#cGFzc3dvcmQ=", "JOIN#bob", "NEWUSERPASSWORD#bob#secretly"],
    );
    crowd.enrol(at(3), "bob", "another one", None);
    let heard = crowd.take_heard(at(3));
    assert!(matches!(heard[..], [ServerMessage::Later(Delay::Busy, _)]), "{heard:?}");
    crowd.pass(Duration::from_secs(2));
    crowd.enrol(at(3), "bob", "another one", None);
    let heard = crowd.take_heard(at(3));
    assert!(matches!(heard[..], [ServerMessage::NameNeedsProof(_)]), "{heard:?}");
}

/// Whoever was let in with a word is let in, however often somebody else has signed in with the password.
#[test]
fn a_word_lets_its_owner_in_while_an_intruder_signs_in_without_end() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    for n in 0..80 {
        knock(&mut crowd, at(100 + n), "alice");
        crowd.prove(at(100 + n), "alice", "secretly");
    }
    assert!(matches!(crowd.take_heard(at(179))[..], [ServerMessage::Later(Delay::Sessions, _)]));
    let right = word(&crowd, "alice");
    knock(&mut crowd, at(2), "alice");
    crowd.enrol(at(2), "alice", "another one", Some(right));
    assert!(matches!(crowd.take_heard(at(2))[0], ServerMessage::Welcome { .. }));
    assert!(crowd.is_gone(at(100)), "and the intruder is out");
}

/// It may be right, and is to be shown again.
#[test]
fn a_proof_that_comes_too_late_is_not_called_wrong() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    knock(&mut crowd, at(2), "alice");
    crowd.begin_proof(at(2), "alice", "secretly");
    crowd.pass(Duration::from_secs(61));
    // Somebody else from there.
    knock(&mut crowd, at(3), "alice");
    crowd.begin_proof(at(3), "alice", "secretly");
    assert!(crowd.finish_proof(at(2)));
    let heard = crowd.take_heard(at(2));
    assert!(matches!(heard[..], [ServerMessage::Later(Delay::Busy, _)]), "{heard:?}");
    assert!(crowd.prove(at(2), "alice", "secretly"));
    assert!(matches!(crowd.take_heard(at(2))[0], ServerMessage::Welcome { .. }));
}

/// A password that was begun to be proved and is another one when the proof comes.
#[test]
fn a_proof_of_a_password_that_was_changed_meanwhile_is_none() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    knock(&mut crowd, at(2), "alice");
    crowd.begin_proof(at(2), "alice", "secretly");
    let changed = Some(PasswordReply::Changed);
    assert_eq!(change(&mut crowd, at(1), "secretly", "another one", true), changed);
    assert!(crowd.finish_proof(at(2)), "it was the right one");
    assert_eq!(crowd.take_heard(at(2)), [ServerMessage::Wrong]);
}

/// Original clients send passwords for everybody to read: who has such an account is told by our own client,
/// until the password is another one.
#[test]
fn who_has_sent_their_password_is_told_until_it_is_another_one() {
    let mut crowd = Crowd::new(|_| {});
    let is_told = |crowd: &mut Crowd, n: u16, typed: &str| {
        knock(crowd, at(n), "alice");
        assert!(crowd.prove(at(n), "alice", typed));
        crowd.take_heard(at(n)).contains(&ServerMessage::PasswordWasReadable)
    };
    crowd.sign_in(at(1), "alice", None);
    assert!(!is_told(&mut crowd, 2, "secretly"));
    assert!(original_shows(&mut crowd, at(3), "alice", "secretly"));
    assert!(is_told(&mut crowd, 4, "secretly"));
    let changed = Some(PasswordReply::Changed);
    assert_eq!(change(&mut crowd, at(1), "secretly", "another one", false), changed);
    assert!(!is_told(&mut crowd, 5, "another one"));
}

/// The sessions of somebody's account, as one of them is told.
fn sessions<S: Storage>(crowd: &mut Crowd<S>, at: SocketAddr) -> Vec<AccountSession> {
    crowd.say(at, &ClientMessage::Sessions);
    let heard = crowd.take_heard(at).into_iter();
    heard
        .filter_map(|message| match message {
            ServerMessage::Session(session) => Some(session),
            _ => None,
        })
        .collect()
}

/// What becomes of a change of somebody's password.
fn change<S: Storage>(
    crowd: &mut Crowd<S>,
    at: SocketAddr,
    old: &str,
    new: &str,
    ends_others: bool,
) -> Option<PasswordReply> {
    crowd.change_password(at, "alice", (old, new), ends_others);
    crowd.take_heard(at).into_iter().find_map(password_reply)
}

fn password_reply(message: ServerMessage) -> Option<PasswordReply> {
    match message {
        ServerMessage::Password(reply) => Some(reply),
        _ => None,
    }
}

/// Whether a client that comes back with a token hears that its session was ended, and not only that the
/// token is unknown: then it would show the password that it remembers.
fn is_told_that_it_ended<S: Storage>(crowd: &mut Crowd<S>, at: SocketAddr, token: Token) -> bool {
    crowd.open(at);
    crowd.say(at, &ClientMessage::Resume(token));
    crowd.take_heard(at) == [ServerMessage::SignedOut]
}

/// After a sign-out, a session that was opened with the same (stolen) token went on.
#[test]
fn s12_signing_out_ends_every_link_of_the_token_at_once() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "alice", None);
    let stolen = crowd.token(at(1));
    assert!(crowd.resume(at(3), stolen, None));
    crowd.say(at(1), &ClientMessage::SignOut);
    assert!(crowd.is_gone(at(3)), "it was opened with that token");
    assert!(crowd.take_heard(at(3)).contains(&ServerMessage::SignedOut));
    assert!(!crowd.is_gone(at(2)), "this one has its own");
    assert!(is_told_that_it_ended(&mut crowd, at(4), stolen));
}

/// There was no list of sessions, and no way to end one.
fn sessions_are_seen_and_ended<S: Storage>(storage: S) {
    let mut crowd = Crowd::on(storage, |_| {});
    for n in 1..=3 {
        crowd.sign_in(at(n), "alice", None);
        let device = format!("device {n}").parse().unwrap();
        crowd.say(at(n), &ClientMessage::Device(device));
        crowd.pass(Duration::from_secs(10));
    }
    crowd.sign_in(at(9), "bob", None);
    let listed = sessions(&mut crowd, at(2));
    let device = |session: &AccountSession| session.device.as_ref().unwrap().to_string();
    let devices: BTreeSet<_> = listed.iter().map(device).collect();
    assert_eq!(devices, ["device 1", "device 2", "device 3"].map(str::to_owned).into());
    assert!(listed.iter().all(|session| session.is_online));
    let find = |name: &str| listed.iter().find(|session| device(session) == name).unwrap();
    assert!(find("device 2").is_this && !find("device 1").is_this);
    assert!(find("device 1").since < find("device 3").since);
    // Somebody else's are not listed, and can't be ended.
    assert_eq!(sessions(&mut crowd, at(9)).len(), 1);
    crowd.say(at(9), &ClientMessage::EndSession(find("device 1").id));
    assert!(crowd.take_heard(at(9)).contains(&ServerMessage::SessionsEnded(0)));
    assert!(!crowd.is_gone(at(1)));
    let tokens = [1, 2, 3].map(|n| crowd.token(at(n)));
    crowd.say(at(2), &ClientMessage::EndSession(find("device 1").id));
    assert!(crowd.take_heard(at(2)).contains(&ServerMessage::SessionsEnded(1)));
    assert!(crowd.is_gone(at(1)));
    crowd.server.restart();
    assert!(is_told_that_it_ended(&mut crowd, at(11), tokens[0]), "for good");
    assert!(crowd.resume(at(12), tokens[1], None));
    assert!(crowd.resume(at(13), tokens[2], None));
    assert_eq!(sessions(&mut crowd, at(12)).len(), 2, "with what they call themselves");
    crowd.say(at(12), &ClientMessage::EndOtherSessions);
    assert!(crowd.is_gone(at(13)) && !crowd.is_gone(at(12)));
    let listed = sessions(&mut crowd, at(12));
    assert_eq!(listed.iter().map(device).collect::<Vec<_>>(), ["device 2"]);
}

#[test]
fn s12_sessions_are_seen_and_ended() {
    sessions_are_seen_and_ended(MemoryStorage::default());
    sessions_are_seen_and_ended(SqliteStorage::new());
}

/// An original client has no token, and is a session all the same.
#[test]
fn s12_a_session_of_an_original_client_is_seen_and_ended() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    let original = at(2);
    for datagram in ["LOCKED#cGFzc3dvcmQ=", "JOIN#alice", "CHECKPASSWORD#secretly"] {
        crowd.server.receive(original, datagram.as_bytes());
    }
    crowd.server.take_sent();
    let listed = sessions(&mut crowd, at(1));
    assert_eq!(listed.len(), 2);
    let id = listed.iter().find(|session| !session.is_this).unwrap().id;
    crowd.server.take_sent();
    crowd.say(at(1), &ClientMessage::EndSession(id));
    assert!(crowd.take_heard(at(1)).contains(&ServerMessage::SessionsEnded(1)));
    assert_eq!(sessions(&mut crowd, at(1)).len(), 1);
}

/// A password could not be changed at all.
fn passwords_are_changed<S: Storage>(storage: S) {
    let mut crowd = Crowd::on(storage, |_| {});
    for n in 1..=3 {
        crowd.sign_in(at(n), "alice", None);
    }
    let tokens = [1, 2].map(|n| crowd.token(at(n)));
    assert_eq!(
        change(&mut crowd, at(1), "wrong", "new one", true),
        None,
        "the client sees it itself"
    );
    assert!(!crowd.is_gone(at(2)));
    assert!(log_in(&mut crowd, at(10), "alice", "new one").is_none());
    let changed = Some(PasswordReply::Changed);
    assert_eq!(change(&mut crowd, at(1), "secretly", "kept apart", false), changed);
    assert!(!crowd.is_gone(at(2)), "as was chosen");
    assert_eq!(change(&mut crowd, at(1), "kept apart", "new one", true), changed);
    assert!(!crowd.is_gone(at(1)) && crowd.is_gone(at(2)) && crowd.is_gone(at(3)));
    crowd.server.restart();
    assert!(log_in(&mut crowd, at(11), "alice", "secretly").is_none());
    assert!(log_in(&mut crowd, at(12), "alice", "new one").is_some());
    assert!(crowd.resume(at(13), tokens[0], None));
    assert!(is_told_that_it_ended(&mut crowd, at(14), tokens[1]));
}

#[test]
fn s12_a_password_is_changed_and_other_sessions_end() {
    passwords_are_changed(MemoryStorage::default());
    passwords_are_changed(SqliteStorage::new());
}

/// Whoever has somebody's session can't guess the password faster than a stranger can.
#[test]
fn s12_changing_a_password_is_no_way_to_guess_it() {
    let mut crowd = Crowd::new(|settings| settings.quotas.requests = None);
    crowd.sign_in(at(1), "alice", None);
    let mut change = || crowd.change_password(at(1), "alice", ("guess", "new one"), true);
    let tried = (0..20).filter(|_| change()).count();
    assert!(tried <= 6, "{tried} were tried");
}

/// When the disk fails, the old password stays, and so do the sessions.
#[test]
fn s12_a_password_that_is_not_stored_is_not_changed() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "alice", None);
    crowd.server.storage_fails = true;
    let reply = change(&mut crowd, at(1), "secretly", "new one", true);
    assert!(matches!(reply, Some(PasswordReply::Refused(_))), "{reply:?}");
    crowd.server.storage_fails = false;
    assert!(!crowd.is_gone(at(2)));
    assert!(log_in(&mut crowd, at(3), "alice", "secretly").is_some());
}

/// What was said to be ended would come back with a server that starts anew.
#[test]
fn s12_a_session_whose_end_is_not_stored_is_not_said_to_be_ended() {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(1), "alice", None);
    crowd.sign_in(at(2), "alice", None);
    crowd.server.storage_fails = true;
    crowd.say(at(1), &ClientMessage::EndOtherSessions);
    assert!(crowd.take_heard(at(1)).contains(&ServerMessage::SessionsEnded(0)));
    assert!(!crowd.is_gone(at(2)));
    crowd.server.storage_fails = false;
    assert_eq!(sessions(&mut crowd, at(1)).len(), 2);
    crowd.say(at(1), &ClientMessage::EndOtherSessions);
    assert!(crowd.take_heard(at(1)).contains(&ServerMessage::SessionsEnded(1)));
    assert!(crowd.is_gone(at(2)));
}

/// The same with real programs: two terminals of one person, and their commands.
#[tokio::test]
async fn s12_a_terminal_changes_the_password_and_ends_the_other_session() {
    use netchat_tests::process::System;
    use netchat_tests::terminal::Terminal;

    let system = System::start(&[]).await;
    let server = system.udp.to_string();
    let mut one = Terminal::signed_in(&server, "alice", &[]).await;
    let mut other = Terminal::signed_in(&server, "alice", &[]).await;
    one.types("/sessions").await;
    let mut listed = Vec::new();
    while listed.len() < 2 {
        // Prompts come between.
        listed.extend(Some(one.line().await).filter(|line| line.contains(". Terminal on ")));
    }
    assert_eq!(listed.iter().filter(|line| line.ends_with("this one")).count(), 1, "{listed:?}");
    for line in ["/password", "alicespassword", "another one", "another one"] {
        one.types(line).await;
    }
    one.waits_for("Your password is changed.").await;
    other.waits_for("You were signed out from another session.").await;
    let arguments = ["--server", &server, "--server-password", "password", "--name", "alice"];
    let arguments = [&arguments[..], &["--password", "another one"]].concat();
    let mut third = Terminal::start(&arguments);
    third.waits_for("LOGGEDIN").await;
    third.expects_menu().await;
    third.types("/end others").await;
    third.waits_for("1 session was ended.").await;
    for ended in [one, other] {
        let (status, errors) = ended.ends_by_itself().await;
        assert!(!status.success());
        assert_eq!(errors, "netchat chat: You were signed out from another session.\n");
    }
}
