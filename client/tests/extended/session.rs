//! Signing in, sending, arriving, and going on after an interruption.

use std::time::Duration;

use netchat_client::session::{
    Content, Event, GroupOutcome, Progress, Question, Saved, SendError, Session, Trust,
};
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, Delay, ServerMessage};
use netchat_shared::sequence::Sequence;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{Pair, contents, from_bob, known, name, password, position, token, welcome};

#[test]
fn signing_in_asks_only_for_what_is_missing() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    let asked = |pair: &mut Pair| {
        let events = pair.take_events().into_iter();
        events.rev().find_map(|e| if let Event::Asked(q) = e { Some(q) } else { None })
    };
    assert_eq!(asked(&mut pair), Some(Question::ServerPassword { wrong: false }));
    pair.session.answer_server_password(pair.now, password("guess"));
    pair.reply(&ServerMessage::Locked);
    assert_eq!(asked(&mut pair), Some(Question::ServerPassword { wrong: true }));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.reply(&ServerMessage::Unlocked);
    assert_eq!(asked(&mut pair), Some(Question::Name { refused: None }));
    pair.session.answer_name(pair.now, name("alice"));
    pair.reply(&ServerMessage::NameIsNew);
    assert_eq!(asked(&mut pair), Some(Question::NewPassword { name: name("alice") }));
    assert_eq!(pair.session.saved(), None, "nothing to go on with yet");
    pair.session.answer_password(pair.now, password("secretly"));
    assert_eq!(pair.enrol(), None);
    pair.reply(&welcome("alice"));
    assert!(pair.take_events().contains(&Event::SignedIn(name("alice"))));
    assert!(pair.session.saved().is_some());
}

#[test]
fn what_a_busy_server_puts_off_is_asked_again_by_itself() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.session.answer_password(pair.now, password("secretly"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&known("alice"));
    let proves = |said: &[ClientMessage]| matches!(said, [.., ClientMessage::Prove(_)]);
    assert!(proves(&pair.take_said()));
    for (why, seconds) in [(Delay::Busy, 2), (Delay::Busy, 1), (Delay::Attempts, 60)] {
        pair.take_events();
        let (asked_at, wait) = (pair.now, Duration::from_secs(seconds));
        pair.reply(&ServerMessage::Later(why, wait));
        let events = pair.take_events();
        let [Event::PutOff(put_off)] = events[..] else { panic!("{events:?}") };
        let at = asked_at + wait..=asked_at + wait * 2;
        assert!(put_off.why == why && at.contains(&put_off.again_at), "{put_off:?}");
        pair.pass(wait - Duration::from_millis(1));
        assert_eq!(pair.take_said(), [], "not before its time");
        pair.pass(wait);
        assert!(proves(&pair.said), "{:?}", pair.said);
        if why == Delay::Busy {
            pair.take_said();
        }
    }
    assert!(pair.is_proved("alice", "secretly"));
    pair.reply(&welcome("alice"));
    let asked = pair.take_events().into_iter().any(|event| matches!(event, Event::Asked(_)));
    assert!(!asked, "the person has answered already");
}

#[test]
fn while_a_wrong_password_is_waited_for_another_may_be_given() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.session.answer_password(pair.now, password("wrong"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&known("alice"));
    pair.reply(&ServerMessage::Later(Delay::Attempts, Duration::from_secs(8)));
    pair.take_said();
    pair.session.answer_password(pair.now, password("right"));
    pair.exchange();
    assert_eq!(pair.take_said(), []);
    pair.pass(Duration::from_secs(10));
    assert!(pair.is_proved("alice", "right"));
}

#[test]
fn while_a_wrong_password_is_waited_for_another_name_is_asked_about_at_once() {
    let mut pair = Pair::new(Session::new([1; 32], Trust::FirstUse));
    pair.session.answer_server_password(pair.now, password("password"));
    pair.session.answer_name(pair.now, name("alice"));
    pair.session.answer_password(pair.now, password("wrong"));
    pair.reply(&ServerMessage::Unlocked);
    pair.reply(&known("alice"));
    pair.reply(&ServerMessage::Later(Delay::Attempts, Duration::from_secs(600)));
    pair.take_said();
    pair.session.answer_name(pair.now, name("bob"));
    pair.exchange();
    assert_eq!(pair.take_said(), [ClientMessage::Name(name("bob"))]);
    pair.reply(&known("bob"));
    pair.session.answer_password(pair.now, password("secretly"));
    assert!(pair.is_proved("bob", "secretly"));
}

#[test]
fn a_message_is_kept_until_it_is_stored() {
    let mut pair = Pair::signed_in();
    let id = pair.send("hello");
    assert_eq!(pair.sent_ids(), [id]);
    assert!(!pair.session.is_settled());
    pair.confirm(id, 7);
    assert!(pair.session.is_settled());
    pair.reply(&ServerMessage::Received(name("bob"), Sequence(9)));
    let events = pair.take_events().into_iter();
    let progress: Vec<_> =
        events.filter_map(|e| if let Event::Progress(_, p) = e { Some(p) } else { None }).collect();
    assert!(
        matches!(&progress[..], [Progress::Stored(at, _), Progress::Received(who)]
            if at.sequence == Sequence(7) && *who == name("bob")),
        "{progress:?}"
    );
}

#[test]
fn a_restarted_server_is_resumed_and_gets_what_it_had_not_stored() {
    let mut pair = Pair::signed_in();
    let (first, second) = (pair.send("one"), pair.send("two"));
    pair.confirm(first, 7);
    pair.take_said();
    // It was killed after it acknowledged the packet, and before it stored what was in it.
    pair.server = None;
    pair.pass(Duration::from_secs(2));
    assert_eq!(pair.take_said(), [ClientMessage::Resume(token())]);
    pair.reply(&welcome("alice"));
    let said = pair.take_said();
    assert!(said.contains(&ClientMessage::Sync(position(7))), "{said:?}");
    pair.said = said;
    assert_eq!(pair.sent_ids(), [second], "under the id that it had");
}

#[test]
fn what_was_kept_goes_on_where_it_was() {
    let mut pair = Pair::signed_in();
    let id = pair.send("waiting");
    let text = pair.session.saved().unwrap().to_text();
    let saved = Saved::from_text(&text).unwrap();
    let waiting = saved.waiting();
    assert_eq!((waiting.len(), waiting[0].id, waiting[0].text.as_str()), (1, id, "waiting"));
    let mut again = Pair::new(Session::resume([2; 32], saved));
    assert_eq!(again.take_said(), [ClientMessage::Resume(token())]);
    again.reply(&welcome("alice"));
    assert_eq!(again.sent_ids(), [id]);
    let asked = again.take_events().into_iter().any(|event| matches!(event, Event::Asked(_)));
    assert!(!asked, "nothing is typed again");
}

#[test]
fn nothing_of_one_person_goes_out_under_the_name_of_another() {
    let mut pair = Pair::signed_in();
    pair.send("alice's");
    let saved = pair.session.saved().unwrap();
    let mut again = Pair::new(Session::resume([2; 32], saved));
    again.reply(&ServerMessage::ResumeRefused);
    assert!(matches!(again.take_events().last(), Some(Event::Asked(_))));
    again.session.answer_name(again.now, name("bob"));
    again.session.answer_server_password(again.now, password("password"));
    again.session.answer_password(again.now, password("secretly"));
    again.reply(&ServerMessage::Unlocked);
    again.reply(&known("bob"));
    assert!(again.is_proved("bob", "secretly"));
    again.reply(&welcome("bob"));
    let said = again.take_said();
    assert!(said.contains(&ClientMessage::Sync(None)), "{said:?}");
    again.said = said;
    assert_eq!(again.sent_ids(), []);
}

#[test]
fn messages_are_verified_and_delivered_once() {
    let mut pair = Pair::signed_in();
    let genuine = Body::new(&name("bob"), "hi");
    let forged = Body::new(&name("eve"), "hi");
    let damaged = Body::from_wire("!!!");
    pair.reply(&from_bob(1, genuine.clone()));
    pair.reply(&from_bob(1, genuine));
    pair.reply(&from_bob(2, forged));
    pair.reply(&from_bob(3, damaged));
    let expected = [Content::Text("hi".to_owned()), Content::Corrupted, Content::Corrupted];
    assert_eq!(contents(pair.take_events()), expected);
    let said = pair.take_said();
    for message in [
        ClientMessage::Corrupted(Sequence(2)),
        ClientMessage::Corrupted(Sequence(3)),
        ClientMessage::Received(Sequence(3)),
    ] {
        assert!(said.contains(&message), "{message:?} is not among {said:?}");
    }
}

#[test]
fn a_text_may_be_as_long_as_it_may_be() {
    let mut pair = Pair::signed_in();
    let longest = "x".repeat(64 * 1_024);
    let id = pair.send(&longest);
    // The window opens as it is acknowledged.
    pair.pass(Duration::from_secs(5));
    assert_eq!(pair.sent_ids(), [id]);
    let to = Conversation::User(name("bob"));
    let refused = pair.session.send(pair.now, to, &format!("{longest}!"));
    assert_eq!(refused, Err(SendError::TooLong { excess_bytes: 1 }));
}

#[test]
fn requests_that_wait_are_bounded() {
    let mut pair = Pair::signed_in();
    pair.take_events();
    for n in 0..70 {
        pair.session.join_group(pair.now, format!("group {n}").parse().unwrap());
    }
    pair.exchange();
    let is_refused = |event: &Event| matches!(event, Event::Group(_, GroupOutcome::Refused(_)));
    assert_eq!(pair.take_events().iter().filter(|event| is_refused(event)).count(), 70 - 64);
}
