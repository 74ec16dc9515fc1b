//! Where a session goes on, in which log, and what becomes of links that the server ends.

use std::time::Duration;

use netchat_client::session::{Event, Failure, Progress};
use netchat_shared::extended::{ClientMessage, HistoryFrom, ServerMessage};
use netchat_shared::kind::MessageKind;
use netchat_shared::sequence::{Generation, Position, Sequence};
use netchat_shared::time::UnixTime;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{
    Pair, bob, contents, from_bob, name, position, said_by_bob, texts, token, welcome,
};

fn welcome_to(generation: u64) -> ServerMessage {
    let generation = Generation(generation);
    ServerMessage::Welcome { name: name("alice"), token: token(), generation }
}

#[test]
fn the_server_says_where_it_goes_on() {
    let mut pair = Pair::signed_in();
    pair.reply(&from_bob(5, said_by_bob("five")));
    pair.take_said();
    pair.server = None;
    pair.pass(Duration::from_secs(2));
    pair.reply(&welcome("alice"));
    assert!(pair.take_said().contains(&ClientMessage::Sync(position(5))));
    // It has lost some of its latest entries: those that come now are others.
    pair.reply(&ServerMessage::From(Sequence(3)));
    pair.reply(&from_bob(4, said_by_bob("four")));
    assert_eq!(texts(pair.take_events()), ["five", "four"]);
    assert!(pair.take_said().contains(&ClientMessage::Received(Sequence(4))));
}

#[test]
fn what_was_shown_is_not_shown_again_when_a_log_begins_anew() {
    let mut pair = Pair::signed_in();
    for sequence in 1..=2 {
        pair.reply(&from_bob(sequence, said_by_bob(&format!("text {sequence}"))));
    }
    pair.server = None;
    pair.pass(Duration::from_secs(2));
    pair.take_events();
    pair.reply(&welcome_to(8));
    pair.reply(&ServerMessage::From(Sequence::ZERO));
    for sequence in 1..=3 {
        pair.reply(&from_bob(sequence, said_by_bob(&format!("text {sequence}"))));
    }
    assert_eq!(texts(pair.take_events()), ["text 3"]);
    // The places count all the same.
    pair.take_said();
    pair.server = None;
    pair.pass(Duration::from_secs(2));
    pair.reply(&welcome_to(8));
    let place = Position { generation: Generation(8), sequence: Sequence(3) };
    assert!(pair.take_said().contains(&ClientMessage::Sync(Some(place))));
}

#[test]
fn another_log_is_told_and_places_of_the_old_one_are_forgotten() {
    let mut pair = Pair::signed_in();
    let waits_for_bob = pair.send("one");
    pair.confirm(waits_for_bob, 7);
    pair.server = None;
    pair.pass(Duration::from_secs(2));
    let (now, of) = (pair.now, Sequence(7));
    let reply = pair.session.reply(now, bob(), of, "two").unwrap();
    let edit = pair.session.edit(now, bob(), of, "1").unwrap();
    pair.session.mark_read(now, bob(), of);
    assert!(pair.session.request_history(now, bob(), HistoryFrom::Before(Some(of))));
    assert!(pair.session.request_history(now, bob(), HistoryFrom::After(of)));
    let since = HistoryFrom::At(UnixTime { millis: 5 });
    assert!(pair.session.request_history(now, bob(), since));
    pair.session.request_receivers(now, bob(), of, None);
    pair.take_events();
    pair.take_said();
    pair.reply(&welcome_to(8));
    let events = pair.take_events();
    let at = |wanted: &Event| events.iter().position(|event| event == wanted);
    assert!(at(&Event::OtherLog) < at(&Event::SignedIn(name("alice"))), "{events:?}");
    let refused = |event: &Event| {
        matches!(event, Event::Progress(id, Progress::Failed(Failure::Refused(_), None))
            if *id == edit)
    };
    assert!(events.iter().any(refused), "{events:?}");
    pair.reply(&ServerMessage::From(Sequence::ZERO));
    let said = pair.take_said();
    let (sync, rest) = said.split_first().unwrap();
    assert_eq!(sync, &ClientMessage::Sync(None));
    // No receipts of old places are asked for, no places told, and no answer to nothing sent. A time is
    // the same in every log.
    let [lines, ClientMessage::Send { id, kind, .. }] = rest else { panic!("{rest:?}") };
    assert_eq!(lines, &ClientMessage::Lines { conversation: bob(), from: since, limit: 50 });
    assert_eq!((*id, kind), (reply, &MessageKind::Text));
}

#[test]
fn a_server_that_ends_link_after_link_is_asked_less_and_less() {
    let mut pair = Pair::signed_in();
    pair.pass(Duration::from_secs(20));
    let mut waits = Vec::new();
    for _ in 0..8 {
        let (before, ended_at) = (pair.sessions_opened, pair.now);
        pair.cut_off();
        while pair.sessions_opened == before {
            pair.pass(Duration::from_millis(50));
        }
        waits.push(pair.now.saturating_since(ended_at));
        pair.reply(&welcome("alice"));
    }
    assert_eq!(waits[0], Duration::ZERO, "a server that was restarted is back");
    assert!(waits[1] < Duration::from_secs(1), "{waits:?}");
    for pair in waits[1..6].windows(2) {
        assert!(pair[0] < pair[1], "{waits:?}");
    }
    assert!(waits[7] > Duration::from_secs(14), "{waits:?}");
    // Something comes of a link, or it lives long: then the next is opened at once.
    for brings in [true, false] {
        if brings {
            pair.reply(&from_bob(1, said_by_bob("hi")));
        } else {
            pair.pass(Duration::from_secs(11));
        }
        let before = pair.sessions_opened;
        pair.cut_off();
        assert_eq!(pair.sessions_opened, before + 1);
        pair.reply(&welcome("alice"));
    }
}

#[test]
fn a_server_that_is_restarted_is_back_at_once() {
    let mut pair = Pair::signed_in();
    for _ in 0..5 {
        pair.server = None;
        let id = pair.send("one");
        pair.pass(Duration::from_secs(1));
        assert!(pair.server.is_some(), "resumed within a second");
        pair.reply(&welcome("alice"));
        assert_eq!(pair.sent_ids(), [id]);
        pair.confirm(id, 7);
    }
}

#[test]
fn what_was_told_is_acknowledged_before_the_end() {
    let mut pair = Pair::signed_in();
    assert!(pair.session.is_acknowledged());
    pair.is_deaf = true;
    pair.reply(&from_bob(1, said_by_bob("hi")));
    pair.pass(Duration::from_millis(100));
    assert!(pair.session.is_settled() && !pair.session.is_acknowledged());
    pair.is_deaf = false;
    pair.pass(Duration::from_secs(1));
    assert!(pair.session.is_acknowledged());
    pair.session.sign_out(pair.now);
    pair.exchange();
    assert_eq!(pair.take_said(), [ClientMessage::Received(Sequence(1)), ClientMessage::SignOut]);
    // It was under way, and comes another time.
    pair.take_events();
    pair.reply(&from_bob(2, said_by_bob("too late")));
    assert_eq!(contents(pair.take_events()), []);
    assert_eq!(pair.take_said(), []);
}

#[test]
fn a_session_that_goes_on_acknowledges_what_the_last_one_may_not_have() {
    let mut pair = Pair::signed_in();
    pair.is_deaf = true;
    pair.reply(&from_bob(1, said_by_bob("hi")));
    pair.is_deaf = false;
    pair.restart(1);
    assert!(pair.take_said().contains(&ClientMessage::Received(Sequence(1))));
}
