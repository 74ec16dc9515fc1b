//! How one's own messages stand with their recipients.

use netchat_client::session::{Event, Failure, Progress};
use netchat_shared::body::Body;
use netchat_shared::extended::{
    ClientMessage, Delivered, Receipt, Receipts, Recipients, ServerMessage,
};
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::pair::{Pair, delivered, name, names};

fn sent(id: MessageId, recipients: Recipients) -> ServerMessage {
    let (sequence, time) = (Sequence(7), UnixTime { millis: 1 });
    ServerMessage::Sent { id, sequence, time, position: Some(sequence), recipients }
}

fn progress(pair: &mut Pair) -> Vec<Progress> {
    let events = pair.take_events().into_iter();
    events.filter_map(|e| if let Event::Progress(_, p) = e { Some(p) } else { None }).collect()
}

#[test]
fn of_many_recipients_a_count_is_told() {
    let mut pair = Pair::signed_in();
    let id = pair.send("hear");
    pair.reply(&sent(id, Recipients::new(120, [])));
    assert!(matches!(&progress(&mut pair)[..], [Progress::Stored(_, of)] if of.count() == 120));
    let count =
        |received| ServerMessage::ReceivedCount { sequence: Sequence(7), received, of: 120 };
    pair.reply(&count(40));
    let lost = ServerMessage::Failed(Sequence(7), name("bob"), Receipt::Lost);
    pair.reply(&lost);
    // Names that nobody waits for in particular settle nothing.
    pair.reply(&ServerMessage::Received(name("eve"), Sequence(9)));
    pair.reply(&count(120));
    pair.reply(&count(120));
    let expected = [
        Progress::ReceivedCount { received: 40, of: 120 },
        Progress::Failed(Failure::Lost, Some(name("bob"))),
        Progress::ReceivedCount { received: 120, of: 120 },
    ];
    assert_eq!(progress(&mut pair), expected);
}

#[test]
fn a_message_that_comes_back_instead_of_its_answer_tells_as_much() {
    for (receipts, expected) in [
        (
            Receipts::Each(vec![
                (name("bob"), Receipt::Received),
                (name("eve"), Receipt::Lost),
                (name("dan"), Receipt::Waiting),
            ]),
            vec![
                Progress::Received(name("bob")),
                Progress::Failed(Failure::Lost, Some(name("eve"))),
            ],
        ),
        (
            Receipts::Count { received: 3, of: 100 },
            vec![Progress::ReceivedCount { received: 3, of: 100 }],
        ),
    ] {
        let mut pair = Pair::signed_in();
        let id = pair.send("hear");
        pair.restart(0);
        pair.reply(&ServerMessage::Message(Delivered {
            sender: name("alice"),
            id,
            receipts,
            ..delivered(7, Body::new(&name("alice"), "hear"))
        }));
        let told = progress(&mut pair);
        assert!(matches!(told[0], Progress::Stored(..)));
        assert_eq!(told[1..], expected);
        assert!(pair.session.is_settled());
    }
}

#[test]
fn receipts_that_may_have_been_missed_are_asked_for() {
    let mut pair = Pair::signed_in();
    let id = pair.send("one");
    pair.reply(&sent(id, Recipients::new(2, [name("bob"), name("eve")])));
    pair.reply(&ServerMessage::Received(name("bob"), Sequence(7)));
    pair.take_said();
    pair.take_events();
    let question = ClientMessage::Receipts(Sequence(7), names(["eve"]));
    pair.reply(&ServerMessage::Stale);
    assert_eq!(pair.take_said(), [question.clone(), ClientMessage::Invitations]);
    assert_eq!(pair.take_events(), [Event::Stale]);
    pair.restart(7);
    assert!(pair.take_said().contains(&question));
    pair.reply(&ServerMessage::Received(name("eve"), Sequence(9)));
    assert_eq!(progress(&mut pair), [Progress::Received(name("eve"))]);
    pair.restart(7);
    let said = pair.take_said();
    assert!(!said.iter().any(|m| matches!(m, ClientMessage::Receipts(..))), "{said:?}");
}

#[test]
fn more_names_than_one_list_holds_are_asked_for_in_several() {
    let mut pair = Pair::signed_in();
    for n in 0..40_u64 {
        let id = pair.send("one");
        let names = (0..64).map(|k| name(&format!("{n} {k} with a long, long name")));
        let (sequence, time) = (Sequence(n + 1), UnixTime { millis: 1 });
        let (position, recipients) = (Some(sequence), Recipients::new(64, names));
        pair.reply(&ServerMessage::Sent { id, sequence, time, position, recipients });
    }
    pair.restart(40);
    let said = pair.take_said();
    let asked = said.iter().filter_map(|message| {
        let ClientMessage::Receipts(Sequence(1), names) = message else { return None };
        Some(names.len())
    });
    let asked: Vec<_> = asked.collect();
    assert!(asked.len() > 2, "{asked:?}");
    assert_eq!(asked.iter().sum::<usize>(), 40 * 64);
}
