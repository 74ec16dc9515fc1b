//! One's account: its password, and its sessions.

use netchat_client::session::{Event, PasswordOutcome, Question};
use netchat_shared::extended::{
    AccountSession, AccountSessionId, ClientMessage, PasswordReply, ServerMessage,
};
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{Pair, name, password, welcome};

fn change() -> ClientMessage {
    let (old, new) = (password("secretly"), password("more secretly"));
    ClientMessage::ChangePassword { old, new, ends_others: true }
}

fn ask_for_change(pair: &mut Pair) {
    pair.session.change_password(pair.now, password("secretly"), password("more secretly"), true);
    pair.exchange();
}

#[test]
fn sessions_are_listed_and_ended() {
    let mut pair = Pair::signed_in();
    pair.session.request_sessions(pair.now);
    pair.exchange();
    assert_eq!(pair.take_said(), [ClientMessage::Sessions]);
    let session = |id, is_this| AccountSession {
        id: AccountSessionId(id),
        since: UnixTime { millis: 1 },
        seen: UnixTime { millis: 2 },
        is_online: true,
        is_this,
        device: None,
    };
    let sessions = [session(1, true), session(2, false)];
    for session in &sessions {
        pair.reply(&ServerMessage::Session(session.clone()));
    }
    pair.reply(&ServerMessage::SessionsEnd);
    assert_eq!(pair.take_events(), [Event::Sessions(sessions.into())]);
    pair.session.end_session(pair.now, AccountSessionId(2));
    pair.exchange();
    assert_eq!(pair.take_said(), [ClientMessage::EndSession(AccountSessionId(2))]);
    assert!(!pair.session.is_settled());
    pair.reply(&ServerMessage::SessionsEnded(1));
    assert_eq!(pair.take_events(), [Event::SessionsEnded(1)]);
    assert!(pair.session.is_settled());
}

#[test]
fn a_changed_password_is_the_one_to_sign_in_with_again() {
    let mut pair = Pair::signed_in();
    ask_for_change(&mut pair);
    assert_eq!(pair.take_said(), [change()]);
    pair.reply(&ServerMessage::Password(PasswordReply::Changed));
    assert_eq!(pair.take_events(), [Event::Password(PasswordOutcome::Changed)]);
    // A server that has lost its tokens is shown the new one.
    pair.server = None;
    pair.pass(std::time::Duration::from_secs(2));
    for reply in [ServerMessage::ResumeRefused, ServerMessage::Unlocked, ServerMessage::NameIsKnown]
    {
        pair.reply(&reply);
    }
    let shown = ClientMessage::LogIn(password("more secretly"));
    assert!(pair.take_said().contains(&shown));
}

#[test]
fn a_change_that_was_not_answered_is_not_asked_for_twice() {
    let mut pair = Pair::signed_in();
    ask_for_change(&mut pair);
    pair.take_said();
    pair.restart(0);
    let said = pair.take_said();
    assert!(!said.contains(&change()), "it may have been made: {said:?}");
    assert!(pair.take_events().contains(&Event::Password(PasswordOutcome::NoAnswer)));
    assert!(pair.session.is_settled());
}

#[test]
fn a_session_that_was_ended_elsewhere_asks_for_the_password() {
    let mut pair = Pair::signed_in();
    pair.reply(&ServerMessage::SignedOut);
    assert_eq!(pair.take_events(), [Event::EndedElsewhere]);
    assert_eq!(pair.session.saved(), None, "nothing to go on with");
    pair.cut_off();
    pair.pass(std::time::Duration::from_secs(2));
    for reply in [ServerMessage::Unlocked, ServerMessage::NameIsKnown] {
        pair.reply(&reply);
    }
    let said = pair.take_said();
    assert!(!said.iter().any(|said| matches!(said, ClientMessage::Resume(_))), "{said:?}");
    let asked = Question::Password { name: name("alice"), wrong: false };
    assert!(pair.take_events().contains(&Event::Asked(asked)));
    pair.session.answer_password(pair.now, password("secretly"));
    pair.reply(&welcome("alice"));
    assert!(pair.take_events().contains(&Event::SignedIn(name("alice"))));
}

/// It was not there while its session was ended, and signed in again by itself.
#[test]
fn a_session_that_was_ended_while_it_was_away_asks_for_the_password() {
    let mut pair = Pair::signed_in();
    let id = pair.send("while the server is away");
    pair.server = None;
    pair.pass(std::time::Duration::from_secs(2));
    for reply in [ServerMessage::SignedOut, ServerMessage::Unlocked, ServerMessage::NameIsKnown] {
        pair.reply(&reply);
    }
    let said = pair.take_said();
    assert!(!said.iter().any(|said| matches!(said, ClientMessage::LogIn(_))), "{said:?}");
    let events = pair.take_events();
    let asked = Event::Asked(Question::Password { name: name("alice"), wrong: false });
    let told = |event: &Event| events.iter().position(|told| told == event);
    assert!(told(&Event::EndedElsewhere) < told(&asked) && told(&asked).is_some(), "{events:?}");
    // What was typed waits for whoever shows that it is them.
    pair.session.answer_password(pair.now, password("secretly"));
    pair.reply(&welcome("alice"));
    pair.reply(&ServerMessage::From(Sequence::ZERO));
    assert_eq!(pair.sent_ids(), [id]);
}

#[test]
fn a_client_says_what_it_is_on_every_link() {
    let mut pair = Pair::signed_in();
    pair.session.set_device("Firefox on Linux".parse().unwrap());
    pair.restart(0);
    let device = ClientMessage::Device("Firefox on Linux".parse().unwrap());
    assert!(pair.take_said().contains(&device));
}
