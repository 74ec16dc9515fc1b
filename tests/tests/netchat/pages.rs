//! What is asked for in pages: what a client that signs in needs to know of its conversations.

use std::net::SocketAddr;

use netchat_core::limits::{MESSAGE_BYTES_AROUND, PAGE_BYTES_MAX};
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, HistoryFrom, ServerMessage, UnreadCount};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;
use netchat_tests::crowd::Crowd;
use netchat_tests::memory_storage::MemoryStorage;

/// Alice here, the same person elsewhere, and bob.
const HERE: u16 = 1;
const ELSEWHERE: u16 = 2;
const BOB: u16 = 3;

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn to(name: &str) -> Conversation {
    Conversation::User(name.parse().unwrap())
}

fn crowd() -> Crowd<MemoryStorage> {
    let mut crowd = Crowd::new(|_| {});
    crowd.sign_in(at(HERE), "alice", None);
    crowd.sign_in(at(BOB), "bob", None);
    crowd
}

/// Somebody says something: its place.
fn say(
    crowd: &mut Crowd<MemoryStorage>,
    from: u16,
    (sender, to): (&str, Conversation),
    id: u128,
) -> Sequence {
    let body = Some(Body::new(&sender.parse().unwrap(), "hello"));
    let send = ClientMessage::Send { id: MessageId(id), to, kind: MessageKind::Text, body };
    crowd.say(at(from), &send);
    let heard = crowd.take_heard(at(from));
    let place = heard.iter().find_map(|message| match message {
        ServerMessage::Sent { sequence, .. } => Some(*sequence),
        _ => None,
    });
    place.unwrap_or_else(|| panic!("{heard:?}"))
}

/// What is read and what is not, as the overview tells it.
fn standing(crowd: &mut Crowd<MemoryStorage>, of: u16) -> Vec<ServerMessage> {
    crowd.take_heard(at(of));
    crowd.say(at(of), &ClientMessage::Overview(None));
    let told = crowd
        .take_heard(at(of))
        .into_iter()
        .filter(|message| matches!(message, ServerMessage::Read(..) | ServerMessage::Unread(..)));
    told.collect()
}

fn unread(of: Conversation, count: u32) -> ServerMessage {
    ServerMessage::Unread(of, UnreadCount::new(count))
}

#[test]
fn whoever_signs_in_hears_what_no_session_of_theirs_has_read() {
    let mut crowd = crowd();
    for id in 1..=3 {
        say(&mut crowd, BOB, ("bob", to("alice")), id);
    }
    let everyone = say(&mut crowd, BOB, ("bob", Conversation::Everyone), 4);
    // This session receives all of it, and that does not count as read.
    let is_message = |heard: &&ServerMessage| matches!(heard, ServerMessage::Message(_));
    assert_eq!(crowd.take_heard(at(HERE)).iter().filter(is_message).count(), 4);
    crowd.say(at(HERE), &ClientMessage::Received(everyone));
    crowd.sign_in(at(ELSEWHERE), "alice", None);
    let nothing_read = [unread(Conversation::Everyone, 1), unread(to("bob"), 3)];
    assert_eq!(standing(&mut crowd, ELSEWHERE), nothing_read);
    crowd.say(at(HERE), &ClientMessage::Read(Conversation::Everyone, everyone));
    say(&mut crowd, HERE, ("alice", to("bob")), 1);
    let read = ServerMessage::Read(Conversation::Everyone, everyone);
    let expected = [read, unread(to("bob"), 3), unread(Conversation::Everyone, 0)];
    assert_eq!(standing(&mut crowd, ELSEWHERE), expected);
    assert_eq!(
        standing(&mut crowd, BOB),
        [unread(to("alice"), 1), unread(Conversation::Everyone, 0)]
    );
}

/// The places of the lines that are told, and what ends them.
fn answer(crowd: &mut Crowd<MemoryStorage>, question: &ClientMessage) -> (Vec<u64>, ServerMessage) {
    crowd.take_heard(at(HERE));
    crowd.say(at(HERE), question);
    let mut heard = crowd.take_heard(at(HERE));
    let end = heard.pop().expect("an answer");
    let places = heard.into_iter().map(|message| match message {
        ServerMessage::Past(line) => line.sequence.0,
        other => panic!("{other:?}"),
    });
    (places.collect(), end)
}

#[test]
fn a_conversation_is_read_both_ways_and_from_a_time_on() {
    let mut crowd = crowd();
    let mut places = Vec::new();
    for id in 1..=5 {
        crowd.pass(std::time::Duration::from_secs(1));
        let time = crowd.server.now().calendar;
        places.push((say(&mut crowd, BOB, ("bob", to("alice")), id), time));
    }
    let [(first, _), (second, _), (third, time), (fourth, _), (fifth, _)] = places[..] else {
        panic!("five lines")
    };
    for (from, expected, more) in [
        (HistoryFrom::Before(None), [fifth, fourth], true),
        (HistoryFrom::Before(Some(third)), [second, first], false),
        (HistoryFrom::After(Sequence::ZERO), [first, second], true),
        (HistoryFrom::After(third), [fourth, fifth], false),
        (HistoryFrom::At(time), [third, fourth], true),
        (HistoryFrom::At(UnixTime { millis: time.millis + 1 }), [fourth, fifth], false),
    ] {
        let question = ClientMessage::Lines { conversation: to("bob"), from, limit: 2 };
        let end = ServerMessage::LinesEnd(to("bob"), from, more);
        let expected = expected.map(|place| place.0).to_vec();
        assert_eq!(answer(&mut crowd, &question), (expected, end));
    }
    // In the words of clients of before, it is answered in theirs; and only then.
    let question = ClientMessage::History { conversation: to("bob"), before: None, limit: 1 };
    let end = ServerMessage::HistoryEnd(to("bob"), true);
    assert_eq!(answer(&mut crowd, &question), (vec![fifth.0], end));
    let from = HistoryFrom::After(fifth);
    let nobody = to("nobody");
    let question = ClientMessage::Lines { conversation: nobody.clone(), from, limit: 1 };
    assert_eq!(
        answer(&mut crowd, &question),
        (vec![], ServerMessage::LinesEnd(nobody, from, false))
    );
}

#[test]
fn a_page_has_as_many_short_lines_as_its_bytes_hold() {
    let mut crowd = crowd();
    for id in 1..=300 {
        say(&mut crowd, BOB, ("bob", to("alice")), id);
    }
    let body = Body::new(&"bob".parse().unwrap(), "hello");
    let held = PAGE_BYTES_MAX / (MESSAGE_BYTES_AROUND + body.as_str().len());
    assert!(held > 200, "{held}");
    let from = HistoryFrom::Before(None);
    for (limit, expected) in [(50, 50), (1_000, held)] {
        let question = ClientMessage::Lines { conversation: to("bob"), from, limit };
        let (places, end) = answer(&mut crowd, &question);
        assert_eq!((places.len(), end), (expected, ServerMessage::LinesEnd(to("bob"), from, true)));
    }
}
