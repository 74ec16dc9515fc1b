//! Replies, corrections, and what else is said about messages.

use std::time::Duration;

use netchat_client::session::{Arrival, Content, Event, Failure, Progress, Saved, Session};
use netchat_shared::body::{Body, Opened};
use netchat_shared::extended::{ClientMessage, Delivered, NotSent, ServerMessage};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{Pair, bob, contents, delivered, name, said_by_bob, welcome};

const OF: Sequence = Sequence(3);

/// What the client sends: which kind, and which text.
fn sent(said: &[ClientMessage]) -> Vec<(MessageKind, Option<String>)> {
    let text = |body: &Body| match body.open() {
        Opened::Intact { text, .. } => text,
        Opened::Corrupted => panic!("corrupted"),
    };
    let sent = said.iter().filter_map(|message| {
        let ClientMessage::Send { kind, body, .. } = message else { return None };
        Some((kind.clone(), body.as_ref().map(text)))
    });
    sent.collect()
}

fn send_each_kind(pair: &mut Pair) -> [MessageId; 5] {
    let (now, session) = (pair.now, &mut pair.session);
    let ids = [
        session.reply(now, bob(), OF, "yes").unwrap(),
        session.edit(now, bob(), OF, "better").unwrap(),
        session.delete(now, bob(), OF).unwrap(),
        session.react(now, bob(), OF, &"👍".parse().unwrap()).unwrap(),
        session.react(now, bob(), OF, &"-👍".parse().unwrap()).unwrap(),
    ];
    pair.exchange();
    ids
}

fn each_kind() -> [(MessageKind, Option<String>); 5] {
    [
        (MessageKind::Reply(OF), Some("yes".to_owned())),
        (MessageKind::Edit(OF), Some("better".to_owned())),
        (MessageKind::Deletion(OF), None),
        (MessageKind::Reaction(OF), Some("👍".to_owned())),
        (MessageKind::Reaction(OF), Some("-👍".to_owned())),
    ]
}

#[test]
fn each_kind_is_sent_kept_and_sent_again_under_its_id() {
    let mut pair = Pair::signed_in();
    let ids = send_each_kind(&mut pair);
    let said = pair.take_said();
    assert_eq!(sent(&said), each_kind());
    pair.restart(0);
    assert_eq!(sent(&pair.said), each_kind());
    assert_eq!(pair.sent_ids(), ids);
    let text = pair.session.saved().unwrap().to_text();
    let mut again = Pair::new(Session::resume([2; 32], Saved::from_text(&text).unwrap()));
    again.reply(&welcome("alice"));
    assert_eq!(sent(&again.said), each_kind());
    assert_eq!(again.sent_ids(), ids);
}

#[test]
fn only_lines_are_waited_for() {
    let mut pair = Pair::signed_in();
    let ids = send_each_kind(&mut pair);
    for (id, sequence) in ids.into_iter().zip(10..) {
        pair.confirm(id, sequence);
    }
    assert!(pair.session.is_settled());
    pair.take_events();
    pair.reply(&ServerMessage::Received(name("bob"), Sequence(20)));
    let received = Event::Progress(ids[0], Progress::Received(name("bob")));
    assert_eq!(pair.take_events(), [received]);
}

#[test]
fn each_reason_not_to_send_is_one_line() {
    let mut pair = Pair::signed_in();
    let ids = send_each_kind(&mut pair);
    let whys = [
        NotSent::NoSuchMessage,
        NotSent::NotTheAuthor,
        NotSent::TooManyChanges,
        NotSent::UnknownKind,
        NotSent::NotAMember,
    ];
    pair.take_events();
    for (id, why) in ids.into_iter().zip(whys) {
        pair.reply(&ServerMessage::NotSent(id, why));
    }
    let events = pair.take_events();
    assert_eq!(events.len(), 5);
    for (event, id) in events.iter().zip(ids) {
        let Event::Progress(of, Progress::Failed(Failure::Refused(why), None)) = event else {
            panic!("{event:?}")
        };
        let line = why.to_string();
        assert!(*of == id && !line.is_empty() && !line.contains('\n'), "{line}");
    }
    assert!(pair.session.is_settled());
}

/// What becomes of a message of bob's.
#[track_caller]
fn check(kind: &MessageKind, body: Option<&Body>, content: &Content) {
    let mut pair = Pair::signed_in();
    pair.reply(&ServerMessage::Message(Delivered {
        kind: kind.clone(),
        body: body.cloned(),
        ..delivered(9, said_by_bob(""))
    }));
    let events = pair.take_events();
    let [Event::Arrived(Arrival { kind: arrived, content: shown, .. })] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((arrived, shown), (kind, content));
    let is_corrupted = *content == Content::Corrupted;
    let reported = pair.take_said().contains(&ClientMessage::Corrupted(Sequence(9)));
    assert_eq!(reported, is_corrupted);
}

#[test]
fn each_kind_arrives_as_what_it_says() {
    let text = |text: &str| Content::Text(text.to_owned());
    let edit = MessageKind::Edit(OF);
    check(&MessageKind::Reply(OF), Some(&said_by_bob("yes")), &text("yes"));
    check(&edit, Some(&said_by_bob("better")), &text("better"));
    check(&MessageKind::Deletion(OF), None, &Content::TakenBack);
    let taken_away = said_by_bob("-👍");
    let reaction = Content::Reaction("-👍".parse().unwrap());
    check(&MessageKind::Reaction(OF), Some(&taken_away), &reaction);
    // What was taken back since says nothing any more.
    check(&MessageKind::Text, None, &Content::TakenBack);
    check(&edit, None, &Content::TakenBack);
    check(&edit, Some(&Body::new(&name("eve"), "x")), &Content::Corrupted);
    let later = said_by_bob("not a sign");
    check(&MessageKind::Reaction(OF), Some(&later), &Content::Unknown);
}

#[test]
fn a_newer_kind_is_told_and_nothing_of_it_is_shown() {
    for word in ["poll", "vote-on"] {
        let kind = MessageKind::from_parts(word, Some(OF)).unwrap();
        check(&kind, Some(&said_by_bob("yes or no?")), &Content::Unknown);
        check(&kind, Some(&Body::from_wire("!!!")), &Content::Unknown);
    }
}

#[test]
fn a_change_that_comes_back_is_not_told_to_whom_it_came_from() {
    let mut pair = Pair::signed_in();
    let [_, edit, ..] = send_each_kind(&mut pair);
    pair.take_events();
    pair.reply(&ServerMessage::Message(Delivered {
        sender: name("alice"),
        id: edit,
        kind: MessageKind::Edit(OF),
        ..delivered(9, Body::new(&name("alice"), "better"))
    }));
    let events = pair.take_events();
    assert!(matches!(&events[..], [Event::Progress(id, Progress::Stored(..))] if *id == edit));
    pair.pass(Duration::from_secs(1));
    assert_eq!(contents(pair.take_events()), []);
}
