//! One's account: its password, and its sessions.

use netchat_client::session::{Event, PasswordOutcome, Question, Session, Told, Trust};
use netchat_shared::extended::{
    AccountSession, AccountSessionId, ClientMessage, PasswordReply, ServerMessage,
};
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{Pair, known, name, password, welcome};

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
    assert!(pair.is_change_proved("secretly"));
    pair.reply(&ServerMessage::Password(PasswordReply::Changed));
    assert_eq!(pair.take_events(), [Event::Password(PasswordOutcome::Changed)]);
    // A server that has lost its tokens is shown the new one.
    pair.server = None;
    pair.pass(std::time::Duration::from_secs(2));
    for reply in [ServerMessage::ResumeRefused, ServerMessage::Unlocked, known("alice")] {
        pair.reply(&reply);
    }
    assert!(pair.is_proved("alice", "more secretly"));
}

#[test]
fn a_wrong_old_password_is_seen_before_anything_is_changed() {
    let mut pair = Pair::signed_in();
    ask_for_change(&mut pair);
    assert!(!pair.is_change_proved("another one"));
    assert_eq!(pair.take_events(), [Event::Password(PasswordOutcome::Wrong)]);
    assert!(pair.session.is_settled());
}

#[test]
fn a_change_that_was_not_decided_begins_again_on_the_next_link() {
    let mut pair = Pair::signed_in();
    ask_for_change(&mut pair);
    pair.restart(0);
    assert!(pair.is_change_proved("secretly"));
    pair.reply(&ServerMessage::Password(PasswordReply::Changed));
    assert!(pair.take_events().contains(&Event::Password(PasswordOutcome::Changed)));
}

#[test]
fn a_change_that_was_not_answered_is_not_asked_for_twice() {
    let mut pair = Pair::signed_in();
    ask_for_change(&mut pair);
    assert!(pair.is_change_proved("secretly"));
    pair.restart(0);
    let said = pair.take_said();
    let asks = said.iter().any(|said| matches!(said, ClientMessage::Prove(_)));
    assert!(!asks, "it may have been made: {said:?}");
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
    for reply in [ServerMessage::Unlocked, known("alice")] {
        pair.reply(&reply);
    }
    let said = pair.take_said();
    assert!(!said.iter().any(|said| matches!(said, ClientMessage::Resume(_))), "{said:?}");
    let asked = Question::Password { name: name("alice"), wrong: false };
    assert!(pair.take_events().contains(&Event::Asked(asked)));
    pair.session.answer_password(pair.now, password("secretly"));
    assert!(pair.is_proved("alice", "secretly"));
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
    for reply in [ServerMessage::SignedOut, ServerMessage::Unlocked, known("alice")] {
        pair.reply(&reply);
    }
    let said = pair.take_said();
    assert!(!said.iter().any(|said| matches!(said, ClientMessage::Prove(_))), "{said:?}");
    let events = pair.take_events();
    let asked = Event::Asked(Question::Password { name: name("alice"), wrong: false });
    let told = |event: &Event| events.iter().position(|told| told == event);
    assert!(told(&Event::EndedElsewhere) < told(&asked) && told(&asked).is_some(), "{events:?}");
    // What was typed waits for whoever shows that it is them.
    pair.session.answer_password(pair.now, password("secretly"));
    assert!(pair.is_proved("alice", "secretly"));
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

/// The one-time word of an operator, and then a new password.
#[test]
fn an_account_of_before_gets_a_password_with_a_word() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&ServerMessage::NameNeedsWord(name("alice")));
    let asked = |pair: &mut Pair| {
        let events = pair.take_events().into_iter();
        events.rev().find_map(|e| if let Event::Asked(q) = e { Some(q) } else { None })
    };
    let word = |wrong| Some(Question::Word { name: name("alice"), wrong });
    assert_eq!(asked(&mut pair), word(false));
    let guess = "00000-00000-00000-00000".parse().unwrap();
    pair.session.answer_word(pair.now, guess);
    pair.exchange();
    assert_eq!(asked(&mut pair), Some(Question::NewPassword { name: name("alice") }));
    pair.session.answer_password(pair.now, password("secretly"));
    pair.exchange();
    let said = pair.take_said();
    assert!(matches!(said[..], [.., ClientMessage::Enrol(_, Some(it))] if it == guess), "{said:?}");
    pair.reply(&ServerMessage::Wrong);
    assert_eq!(asked(&mut pair), word(true), "and the password need not be typed again");
    let right = "11111-11111-11111-11111".parse().unwrap();
    pair.session.answer_word(pair.now, right);
    assert_eq!(pair.enrol(), Some(right));
    pair.reply(&welcome("alice"));
    assert!(pair.take_events().contains(&Event::SignedIn(name("alice"))));
}

/// Whoever stands between, or pretends to be the server, knows no record.
#[test]
fn a_server_that_has_not_proved_itself_lets_nobody_in_and_is_told_nothing() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.session.answer_password(pair.now, password("secretly"));
    for reply in [ServerMessage::Unlocked, known("alice"), welcome("alice")] {
        pair.reply(&reply);
    }
    assert!(!pair.take_events().contains(&Event::SignedIn(name("alice"))));
    assert!(!pair.is_proved("alice", "another one"));
    assert!(!pair.take_said().iter().any(|said| matches!(said, ClientMessage::Proof(_))));
    let asked = Question::Password { name: name("alice"), wrong: true };
    assert!(pair.take_events().contains(&Event::Asked(asked)));
}

#[test]
fn who_used_an_original_client_is_told_that_their_password_was_readable() {
    let mut pair = Pair::signed_in();
    pair.reply(&ServerMessage::PasswordWasReadable);
    assert_eq!(pair.take_events(), [Event::Line(Told::PasswordWasReadable)]);
}

/// Whoever fills a form is asked about the name in it.
#[test]
fn a_name_in_another_spelling_is_asked_about_as_it_was_typed_and_proved_as_it_is_registered() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("ALICE"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&known("alice"));
    let asked = Question::Password { name: name("ALICE"), wrong: false };
    assert!(pair.take_events().contains(&Event::Asked(asked)));
    pair.session.answer_password(pair.now, password("secretly"));
    assert!(pair.is_proved("alice", "secretly"));
}

/// In the terminal by our own tables, in the browser by its own.
#[test]
fn a_password_is_proved_in_one_form_however_it_was_typed() {
    for typed in ["pa\u{308}ssword", "pässword"] {
        let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
        pair.session.answer_server_password(pair.now, password("password"));
        pair.session.answer_name(pair.now, name("alice"));
        pair.reply(&ServerMessage::Unlocked);
        pair.reply(&known("alice"));
        pair.session.answer_password(pair.now, password(typed));
        assert!(pair.is_proved("alice", "pässword"), "{typed:?}");
    }
}

/// A forgotten password: the word is given where the password is asked for.
#[test]
fn whoever_has_forgotten_their_password_sets_another_one_with_a_word() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&known("alice"));
    pair.session.answer_password(pair.now, password("a guess"));
    assert!(!pair.is_proved("alice", "secretly"));
    pair.take_events();
    let word = "11111-11111-11111-11111".parse().unwrap();
    pair.session.answer_word(pair.now, word);
    pair.exchange();
    let asked = Question::NewPassword { name: name("alice") };
    assert_eq!(pair.take_events(), [Event::Asked(asked)]);
    pair.session.answer_password(pair.now, password("another one"));
    assert_eq!(pair.enrol(), Some(word));
    pair.reply(&welcome("alice"));
    assert!(pair.take_events().contains(&Event::SignedIn(name("alice"))));
}

/// Somebody else was faster: what was chosen for the new name is not shown to their account.
#[test]
fn a_password_that_was_chosen_for_a_new_name_is_not_tried_on_somebody_elses() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.session.answer_password(pair.now, password("secretly"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&ServerMessage::NameIsNew);
    pair.enrol();
    pair.reply(&known("alice"));
    assert!(!pair.take_said().iter().any(|said| matches!(said, ClientMessage::Prove(_))));
    let asked = Question::Password { name: name("alice"), wrong: false };
    assert!(pair.take_events().contains(&Event::Asked(asked)));
}

/// Whether the new password is stored is not known: it is tried, and if it is wrong, set again with the word.
#[test]
fn a_word_is_used_again_if_the_link_was_lost_before_it_was_known_to_be_spent() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&ServerMessage::NameNeedsWord(name("alice")));
    let word = "11111-11111-11111-11111".parse().unwrap();
    pair.session.answer_word(pair.now, word);
    pair.session.answer_password(pair.now, password("another one"));
    assert_eq!(pair.enrol(), Some(word));
    pair.cut_off();
    pair.pass(std::time::Duration::from_secs(2));
    pair.take_events();
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&known("alice"));
    assert!(!pair.is_proved("alice", "the one before"));
    assert_eq!(pair.enrol(), Some(word), "and nothing is asked");
    pair.reply(&welcome("alice"));
    assert!(pair.take_events().contains(&Event::SignedIn(name("alice"))));
}
