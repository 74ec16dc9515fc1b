//! The client session over the extended protocol, against a server that the test plays. Runs
//! natively, and in a browser as WebAssembly. What networks do to it is simulated elsewhere
//! (`tests/tests/netchat`).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use netchat_client::session::{
    Content, Event, Output, Progress, Question, Saved, SendError, Session,
};
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Datagram, Delivered, Link, PROTOCOL_VERSION, ServerMessage, SessionId, Token,
};
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::{Instant, UnixTime};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A session, and the other end of its link.
struct Pair {
    session: Session,
    server: Option<Link>,
    sessions_opened: u64,
    now: Instant,
    wake_at: Option<Instant>,
    /// What the client has said and nobody has looked at yet.
    said: Vec<ClientMessage>,
    events: Vec<Event>,
}

impl Pair {
    fn new(session: Session) -> Self {
        let mut pair = Self {
            session,
            server: None,
            sessions_opened: 0,
            now: Instant::ZERO,
            wake_at: None,
            said: Vec::new(),
            events: Vec::new(),
        };
        pair.exchange();
        pair
    }

    /// Signed in as alice, with nothing left to look at.
    fn signed_in() -> Self {
        let mut pair = Self::new(Session::new([1; 32]));
        pair.session.answer_server_password(pair.now, password("password"));
        pair.session.answer_name(pair.now, name("alice"));
        pair.session.answer_password(pair.now, password("secretly"));
        for reply in [
            ServerMessage::Unlocked,
            ServerMessage::NameIsKnown,
            ServerMessage::Welcome(name("alice"), token()),
        ] {
            pair.reply(&reply);
        }
        pair.take_said();
        pair.take_events();
        pair
    }

    fn reply(&mut self, message: &ServerMessage) {
        self.exchange();
        self.server.as_mut().unwrap().send(&message.to_wire()).unwrap();
        self.exchange();
    }

    /// Passes datagrams to and fro until neither side has any.
    fn exchange(&mut self) {
        loop {
            match self.session.poll() {
                Output::Transmit(bytes) => self.serve(&bytes),
                Output::OpenPath => self.session.path_opened(self.now),
                Output::Event(event) => self.events.push(event),
                Output::Wait(at) => {
                    self.wake_at = at;
                    let Some(server) = &mut self.server else { return };
                    let Some(packet) = server.next_packet(self.now) else { return };
                    self.session.handle_datagram(self.now, &packet);
                }
            }
        }
    }

    fn serve(&mut self, bytes: &[u8]) {
        match Datagram::parse(bytes).unwrap() {
            Datagram::Offer { nonce, .. } => {
                let version = PROTOCOL_VERSION;
                self.answer(&Datagram::Cookie { version, nonce, cookie: 5 });
            }
            Datagram::Open { nonce, cookie: 5, .. } => {
                self.sessions_opened += 1;
                let session = SessionId(self.sessions_opened);
                self.server = Some(Link::new(self.now, session));
                self.answer(&Datagram::Opened { nonce, session });
            }
            Datagram::Packet { session, number, frames } => match &mut self.server {
                Some(link) if link.session() == session => {
                    link.handle_packet(self.now, number, frames).unwrap();
                    while let Some(message) = link.next_message() {
                        self.said.push(ClientMessage::parse(&message).unwrap());
                    }
                }
                _ => self.answer(&Datagram::Gone { session }),
            },
            other @ (Datagram::Open { .. }
            | Datagram::Cookie { .. }
            | Datagram::Opened { .. }
            | Datagram::Gone { .. }) => panic!("{other:?} is not for this server"),
        }
    }

    fn answer(&mut self, datagram: &Datagram<'_>) {
        self.session.handle_datagram(self.now, &datagram.to_wire());
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.wake_at.filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.session.handle_timeout(self.now);
            self.exchange();
        }
        self.now = end;
    }

    fn send(&mut self, text: &str) -> MessageId {
        let to = Conversation::User(name("bob"));
        let id = self.session.send(self.now, to, text).unwrap();
        self.exchange();
        id
    }

    fn confirm(&mut self, id: MessageId, sequence: u64) {
        let (sequence, time) = (Sequence(sequence), UnixTime { millis: 1 });
        let recipients = vec![name("bob")];
        self.reply(&ServerMessage::Sent {
            id,
            sequence,
            time,
            position: Some(sequence),
            recipients,
        });
    }

    fn take_said(&mut self) -> Vec<ClientMessage> {
        std::mem::take(&mut self.said)
    }

    fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn sent_ids(&mut self) -> Vec<MessageId> {
        let said = self.take_said().into_iter();
        said.filter_map(|m| if let ClientMessage::Send { id, .. } = m { Some(id) } else { None })
            .collect()
    }
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

fn token() -> Token {
    Token::parse("0123456789abcdef0123456789abcdef").unwrap()
}

fn from_bob(sequence: u64, body: Body) -> ServerMessage {
    ServerMessage::Message(Delivered {
        sequence: Sequence(sequence),
        conversation: Conversation::User(name("bob")),
        sender: name("bob"),
        time: UnixTime { millis: 1 },
        id: MessageId(sequence.into()),
        receipts: vec![],
        body,
    })
}

fn contents(events: Vec<Event>) -> Vec<Content> {
    let events = events.into_iter();
    events.filter_map(|e| if let Event::Arrived(a) = e { Some(a.content) } else { None }).collect()
}

#[test]
fn signing_in_asks_only_for_what_is_missing() {
    let mut pair = Pair::new(Session::new([1; 32]));
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
    pair.reply(&ServerMessage::Welcome(name("alice"), token()));
    assert!(pair.take_events().contains(&Event::SignedIn(name("alice"))));
    assert!(pair.session.saved().is_some());
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
    pair.reply(&ServerMessage::Welcome(name("alice"), token()));
    let said = pair.take_said();
    assert!(said.contains(&ClientMessage::Sync(Some(Sequence(7)))), "{said:?}");
    pair.said = said;
    assert_eq!(pair.sent_ids(), [second], "under the id that it had");
}

#[test]
fn what_was_kept_goes_on_where_it_was() {
    let mut pair = Pair::signed_in();
    let id = pair.send("waiting");
    let text = pair.session.saved().unwrap().to_text();
    let saved = Saved::from_text(&text).unwrap();
    let waiting: Vec<_> = saved.waiting().map(|(id, _, text)| (id, text.to_owned())).collect();
    assert_eq!(waiting, [(id, "waiting".to_owned())]);
    let mut again = Pair::new(Session::resume([2; 32], saved));
    assert_eq!(again.take_said(), [ClientMessage::Resume(token())]);
    again.reply(&ServerMessage::Welcome(name("alice"), token()));
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
    for reply in [
        ServerMessage::Unlocked,
        ServerMessage::NameIsKnown,
        ServerMessage::Welcome(name("bob"), token()),
    ] {
        again.reply(&reply);
    }
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
    let refused = pair.take_events().into_iter().filter(|event| matches!(event, Event::Line(_)));
    assert_eq!(refused.count(), 70 - 64);
}
