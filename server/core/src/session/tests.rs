//! Sessions by themselves: datagrams and updates in, requests and datagrams out.

use std::sync::Arc;
use std::time::Duration;

use netchat_shared::body::Body;
use netchat_shared::classic::Notice;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    Attempt, ClientMessage, Link, NotSent, PROTOCOL_VERSION, Receipt, Receipts, ServerMessage,
    Token,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::opaque::{Seed, Setup};
use netchat_shared::sequence::{Generation, Position, Sequence};
use netchat_shared::server_key::StaticKey;
use netchat_shared::via::{GatewayKey, Introduction};

use super::*;
use crate::action::{Action, LogEvent, SignInKind};
use crate::admission::Source;
use crate::context::testing::{EPOCH, context};
use crate::events::{
    BacklogPage, Delivery, InFlight, NameStanding, PageAnswer, PageRequest, Registered, Request,
    SignedIn,
};
use crate::storage::{ConversationId, DeliveryFailure, Message, UserId};

const HERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1_000);
const KEY: SessionKey = SessionKey(1);

/// The name that is asked about is somebody's.
fn known() -> Update {
    let name = "bob".parse().unwrap();
    Update::NameLookedUp(NameStanding::Known(Registered { name, needs_word: false }))
}

struct Door {
    cx: Context,
    sessions: Sessions,
}

impl Door {
    fn new() -> Self {
        let mut cx = context();
        cx.applied = Sequence(10);
        let server_key = StaticKey::from_random([1; 32]);
        let password_setup = Setup::random(Seed::draw(&mut FreshKeys::from_seed([4; 32]).0));
        let gateway_key = gateway_key();
        let secrets = Secrets { server_key, password_setup, gateway_key };
        let sessions = Sessions::new(&mut cx, secrets, FreshKeys::from_seed([2; 32]).0);
        Self { cx, sessions }
    }

    /// A datagram arrives; what is sent.
    fn receives(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.sessions.handle_datagram(&mut self.cx, HERE, bytes);
        self.sent()
    }

    fn is_told(&mut self, update: &Update) -> Vec<Vec<u8>> {
        self.sessions.update(&mut self.cx, KEY, update);
        self.sent()
    }

    fn sent(&mut self) -> Vec<Vec<u8>> {
        while self.sessions.flush_next(&mut self.cx) {}
        let actions = self.cx.take_actions().into_iter();
        actions
            .filter_map(|action| match action {
                Action::Transmit(_, bytes) => Some(bytes),
                Action::Store(..)
                | Action::Load(..)
                | Action::Hash(..)
                | Action::Log(_)
                | Action::Wait(_) => None,
            })
            .collect()
    }

    /// A classic session that is signed in as bob.
    fn classic() -> Self {
        let mut door = Self::new();
        door.receives(b"LOCKED#cGFzc3dvcmQ=");
        door.receives(b"JOIN#bob");
        assert_eq!(door.cx.take_requests(), [Request::LookUp("bob".parse().unwrap())]);
        assert_eq!(door.is_told(&known()), [b"JOINED"]);
        door.receives(b"CHECKPASSWORD#secretly");
        let asked = door.cx.take_requests();
        assert!(matches!(asked[..], [Request::SignIn { takes_token: false, .. }]), "{asked:?}");
        assert_eq!(door.is_told(&signed_in()), [b"LOGGEDIN"]);
        assert_eq!(door.cx.take_requests(), [Request::Backlog(Sequence(5))]);
        door.is_told(&empty_backlog(Sequence(5)));
        door
    }
}

fn gateway_key() -> GatewayKey {
    GatewayKey::from_random([5; 32])
}

/// A session of ours, and the link at its client.
struct Extended {
    door: Door,
    link: Link,
}

impl Extended {
    fn signed_in() -> Self {
        Self::signed_in_at(Door::new())
    }

    fn opened_at(mut door: Door) -> Self {
        let offer = Datagram::Offer { version: PROTOCOL_VERSION, nonce: 7 }.to_wire();
        let cookie = door.receives(&offer).remove(0);
        let Ok(Datagram::Cookie { cookie, server, .. }) = Datagram::parse(&cookie) else {
            panic!()
        };
        let mut keys = FreshKeys::from_seed([3; 32]).0;
        let mut attempt = Attempt::new(server, 7, cookie, &mut keys).unwrap();
        let opened = door.receives(&attempt.to_wire()).remove(0);
        let Ok(Datagram::Opened { answer, .. }) = Datagram::parse(&opened) else { panic!() };
        let channel = attempt.finish(&answer).unwrap().channel;
        let link = Link::new(door.cx.monotonic(), channel);
        Self { door, link }
    }

    fn signed_in_at(door: Door) -> Self {
        let mut client = Self::opened_at(door);
        let token = "0123456789abcdef0123456789abcdef";
        client.says(&ClientMessage::Resume(Token::parse(token).unwrap()));
        client.door.cx.take_requests();
        client.is_told(&signed_in());
        client.says(&ClientMessage::Sync(None));
        client.door.cx.take_requests();
        client.is_told(&Update::Synced(Sequence(5)));
        assert_eq!(client.door.cx.take_requests(), [Request::Backlog(Sequence(5))]);
        client.is_told(&empty_backlog(Sequence(5)));
        client
    }

    fn says(&mut self, message: &ClientMessage) -> Vec<ServerMessage> {
        self.link.send(&message.to_wire()).unwrap();
        self.exchange()
    }

    fn is_told(&mut self, update: &Update) -> Vec<ServerMessage> {
        let packets = self.door.is_told(update);
        self.reads(packets);
        self.exchange()
    }

    fn reads(&mut self, packets: Vec<Vec<u8>>) {
        for packet in packets {
            if let Ok(Datagram::Packet { number, sealed, .. }) = Datagram::parse(&packet) {
                self.link.handle_packet(self.door.cx.monotonic(), number, sealed).unwrap();
            }
        }
    }

    /// Packets go both ways until there are none; what the server said meanwhile.
    fn exchange(&mut self) -> Vec<ServerMessage> {
        loop {
            self.door.cx.pass(Duration::from_millis(30));
            let mut is_quiet = true;
            while let Some(packet) = self.link.next_packet(self.door.cx.monotonic()) {
                is_quiet = false;
                let packets = self.door.receives(&packet);
                self.reads(packets);
            }
            if is_quiet {
                break;
            }
        }
        let messages = std::iter::from_fn(|| self.link.next_message());
        messages.map(|message| ServerMessage::parse(&message).unwrap()).collect()
    }
}

fn signed_in() -> Update {
    Update::SignedIn(Box::new(SignedIn {
        user: UserId(2),
        name: "bob".parse().unwrap(),
        how: SignInKind::Password,
        received: Sequence(5),
        token: Token::parse("0123456789abcdef0123456789abcdef"),
        password_was_readable: false,
    }))
}

fn empty_backlog(after: Sequence) -> Update {
    let page = BacklogPage { messages: vec![], complete_to: Sequence(10) };
    Update::Backlog { after, page: Some(page) }
}

fn delivery(sequence: u64, kind: MessageKind, text: &str) -> Arc<Delivery> {
    let alice = "alice".parse().unwrap();
    Arc::new(Delivery {
        message: Arc::new(Message {
            sequence: Sequence(sequence),
            time: EPOCH,
            conversation: ConversationId(1),
            sender: UserId(1),
            id: MessageId(u128::from(sequence)),
            kind,
            body: (!text.is_empty()).then(|| Body::new(&alice, text)),
        }),
        conversation: Conversation::User(alice.clone()),
        sender: alice,
        is_own: false,
        is_for_reader: true,
        receipts: Receipts::default(),
    })
}

fn in_flight(sequence: u64) -> InFlight {
    InFlight { sequence: Sequence(sequence), sender: UserId(1) }
}

#[test]
fn a_classic_client_is_handed_bodies_and_its_word_says_which_it_has() {
    let mut door = Door::classic();
    let shown = door.is_told(&Update::Message(delivery(11, MessageKind::Text, "hi")));
    let body = Body::new(&"alice".parse().unwrap(), "hi");
    assert_eq!(shown, [body.as_str().as_bytes()]);
    door.receives(b"RECEIVED");
    let received = Request::Received { up_to: Sequence(11), handed: vec![in_flight(11)] };
    assert_eq!(door.cx.take_requests(), [received]);
}

#[test]
fn a_classic_client_is_shown_an_edit_as_a_line_and_other_changes_not_at_all() {
    let mut door = Door::classic();
    let of = Sequence(3);
    for (sequence, kind, text) in [
        (11, MessageKind::Deletion(of), ""),
        (12, MessageKind::Reaction(of), "+"),
        (13, MessageKind::Edit(of), "better"),
    ] {
        let shown = door.is_told(&Update::Message(delivery(sequence, kind, text)));
        let body = Body::new(&"alice".parse().unwrap(), "(correction) better");
        let expected = if sequence == 13 { vec![body.as_str().as_bytes()] } else { vec![] };
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_datagram_that_is_too_long_is_looked_at_no_further() {
    let message =
        |bytes| format!("CHAT#alice#{:A<width$}", "", width = bytes - "CHAT#alice#".len());
    let line = Notice::Line("SERVER: Message too long. Please shorten it.".to_owned()).datagrams();
    for (bytes, is_too_long) in [(DATAGRAM_BYTES_MAX, false), (DATAGRAM_BYTES_MAX + 1, true)] {
        let mut door = Door::classic();
        let told = door.receives(message(bytes).as_bytes());
        assert_eq!(told.iter().eq(line.iter().map(String::as_bytes)), is_too_long, "{bytes}");
        assert_eq!(door.cx.dropped.too_long, u64::from(is_too_long));
    }
    assert!(Door::new().receives(&[b'X'; DATAGRAM_BYTES_MAX + 1]).is_empty());
}

#[test]
fn without_the_classic_protocol_no_original_client_is_answered() {
    let mut door = Door::new();
    door.cx.settings.allow_classic = false;
    for datagram in ["LOCKED#cGFzc3dvcmQ=", "LOCKED#d3Jvbmc=", "JOIN#bob", "nonsense"] {
        assert!(door.receives(datagram.as_bytes()).is_empty(), "{datagram}");
    }
    assert_eq!(door.cx.dropped.classic, 4);
    assert!(door.sessions.by_key.is_empty());
}

#[test]
fn a_place_in_another_log_is_none_in_this_one() {
    let mut client = Extended::signed_in();
    for (generation, expected) in [(1, Some(Sequence(7))), (2, None)] {
        let position = Position { generation: Generation(generation), sequence: Sequence(7) };
        client.says(&ClientMessage::Sync(Some(position)));
        assert_eq!(client.door.cx.take_requests(), [Request::Sync(expected)]);
    }
    let told = client.is_told(&Update::Synced(Sequence(7)));
    assert_eq!(told, [ServerMessage::From(Sequence(7))]);
}

#[test]
fn a_client_that_asks_without_reading_waits_and_is_never_ended() {
    let mut client = Extended::signed_in();
    for n in 0..20 {
        let request = ClientMessage::Overview(Some(Sequence(n)));
        client.link.send(&request.to_wire()).unwrap();
    }
    let packets: Vec<_> =
        std::iter::from_fn(|| client.link.next_packet(client.door.cx.monotonic())).collect();
    for packet in packets {
        client.door.receives(&packet);
    }
    let page = |n| Request::Page(PageRequest::Overview { before: Some(Sequence(n)) });
    assert_eq!(client.door.cx.take_requests(), [page(0)], "one at a time");
    // Answers of 60 kB each, which the client does not acknowledge.
    let text = "x".repeat(44_000);
    let answer = Update::Page(PageAnswer::Overview {
        messages: vec![delivery(3, MessageKind::Text, &text)],
        read: vec![],
        unread: vec![],
        next: None,
    });
    let mut asked = 1;
    for _ in 0..20 {
        client.door.is_told(&answer);
        asked += client.door.cx.take_requests().len();
    }
    assert!(asked <= 4, "{asked} requests were read with no room for their answers");
    assert!(client.door.sessions.by_key.contains_key(&KEY), "its session goes on");
}

#[test]
fn what_finds_no_room_is_told_as_missed() {
    let mut client = Extended::signed_in();
    let text = "x".repeat(48_000);
    for sequence in 11..16 {
        // Not acknowledged: the link fills up.
        client.door.is_told(&Update::Message(delivery(sequence, MessageKind::Text, &text)));
    }
    let failed = Update::Failed(Sequence(4), "eve".parse().unwrap(), DeliveryFailure::Lost);
    client.door.is_told(&failed);
    client.door.cx.take_requests();
    client.door.cx.pass(Duration::from_secs(1));
    client.door.sessions.handle_timeout(&mut client.door.cx, KEY);
    let packets = client.door.sent();
    client.reads(packets);
    let told = client.exchange();
    let is_failure = |message: &ServerMessage| matches!(message, ServerMessage::Failed(..));
    assert!(told.contains(&ServerMessage::Stale) && !told.iter().any(is_failure));
    // With room, it is told as it is.
    let failed = client.is_told(&failed);
    assert_eq!(failed, [ServerMessage::Failed(Sequence(4), "eve".parse().unwrap(), Receipt::Lost)]);
}

#[test]
fn what_no_client_of_this_version_sends_is_refused_one_by_one() {
    let mut client = Extended::signed_in();
    let bob = "bob".parse().unwrap();
    let unknown = MessageKind::from_parts("poll", None).unwrap();
    for (kind, body, why) in [
        (unknown, Some(Body::new(&bob, "x")), NotSent::UnknownKind),
        (MessageKind::Text, None, NotSent::Malformed),
        (MessageKind::Deletion(Sequence(1)), Some(Body::new(&bob, "x")), NotSent::Malformed),
        (
            MessageKind::Reaction(Sequence(1)),
            Some(Body::new(&bob, &"x".repeat(400))),
            NotSent::Malformed,
        ),
        (MessageKind::Text, Some(Body::new(&"eve".parse().unwrap(), "x")), NotSent::Forged),
    ] {
        let (id, to) = (MessageId(9), Conversation::Everyone);
        let told = client.says(&ClientMessage::Send { id, to, kind, body });
        assert_eq!(told, [ServerMessage::NotSent(id, why)]);
        assert_eq!(client.door.cx.take_requests(), []);
    }
}

#[test]
fn a_session_that_ended_while_it_signed_in_leaves_nobody_behind() {
    let mut door = Door::new();
    door.receives(b"LOCKED#cGFzc3dvcmQ=");
    door.receives(b"JOIN#bob");
    door.is_told(&known());
    door.receives(b"CHECKPASSWORD#secretly");
    door.receives(b"EXIT#bob");
    door.cx.take_requests();
    door.is_told(&signed_in());
    assert_eq!(door.cx.take_requests(), [Request::Leave(SignOutReason::HungUp)]);
}

#[test]
fn nobody_has_received_what_the_log_does_not_have() {
    let mut client = Extended::signed_in();
    let position = Position { generation: Generation(1), sequence: Sequence(1_000) };
    client.says(&ClientMessage::Sync(Some(position)));
    client.is_told(&Update::Synced(Sequence(1_000)));
    client.door.cx.take_requests();
    client.says(&ClientMessage::Received(Sequence(1_000)));
    let received = Request::Received { up_to: Sequence(10), handed: vec![] };
    assert_eq!(client.door.cx.take_requests(), [received]);
}

#[test]
fn a_session_that_was_away_is_told_that_it_missed_something() {
    let mut client = Extended::signed_in();
    client.door.cx.pass(crate::limits::AWAY_AFTER_SILENCE);
    client.door.sessions.handle_timeout(&mut client.door.cx, KEY);
    client.door.sent();
    let asked = client.door.cx.take_requests();
    assert!(asked.contains(&Request::Away(true)), "{asked:?}");
    let told = client.says(&ClientMessage::Unwatch);
    assert!(told.contains(&ServerMessage::Stale), "{told:?}");
}

#[test]
fn a_message_that_can_never_fit_is_passed_over() {
    let mut client = Extended::signed_in();
    let text = "x".repeat(120 * 1_024);
    let told = client.is_told(&Update::Message(delivery(11, MessageKind::Text, &text)));
    assert_eq!(told, [ServerMessage::Stale]);
    let told = client.is_told(&Update::Message(delivery(12, MessageKind::Text, "after it")));
    assert!(matches!(told[..], [ServerMessage::Message(_)]), "{told:?}");
}

/// A gateway introduces somebody from the address of these tests; what it has to hang up with.
fn introduced(door: &mut Door, behind: &str) -> Introduction {
    let mut gateway = Introduction::new(gateway_key(), 70, behind.parse().unwrap());
    for _ in 0..2 {
        let datagram = gateway.next_datagram();
        for answer in door.receives(&datagram) {
            assert!(gateway.handle_datagram(&answer));
        }
    }
    assert!(gateway.is_taken());
    gateway
}

#[test]
fn who_comes_through_a_gateway_is_known_by_their_own_address() {
    let mut door = Door::new();
    introduced(&mut door, "192.0.2.7");
    let client = Extended::signed_in_at(door);
    let behind = "192.0.2.7".parse().ok();
    let Some(Session::Extended(session)) = client.door.sessions.by_key.get(&KEY) else { panic!() };
    assert_eq!(session.peer(), Peer { source: HERE, behind });

    let mut door = Door::new();
    introduced(&mut door, "192.0.2.7");
    door.sessions.handle_datagram(&mut door.cx, HERE, b"LOCKED#d3Jvbmc=");
    let refused = Action::Log(LogEvent::Refused {
        address: Peer { source: HERE, behind },
        why: Refusal::ServerPassword,
    });
    assert!(door.cx.take_actions().contains(&refused), "in both protocols");
}

#[test]
fn whoever_comes_through_a_gateway_counts_for_their_own_address() {
    let source = |door| {
        let mut client = Extended::opened_at(door);
        let token = Token::parse("0123456789abcdef0123456789abcdef").unwrap();
        client.says(&ClientMessage::Resume(token));
        let request = client.door.cx.take_requests().remove(0);
        let Request::SignIn { source, .. } = request else { panic!("{request:?}") };
        source
    };
    assert_eq!(source(Door::new()), Source::proved(HERE.ip()));
    let mut door = Door::new();
    introduced(&mut door, "192.0.2.7");
    assert_eq!(source(door), Source::proved("192.0.2.7".parse().unwrap()));
}

#[test]
fn a_gateway_hangs_up_for_a_browser_and_nobody_else_does() {
    let mut door = Door::new();
    let gateway = introduced(&mut door, "192.0.2.7");
    let hang_up = gateway.hang_up().unwrap();
    let mut client = Extended::signed_in_at(door);
    let other = Introduction::new(GatewayKey::from_random([6; 32]), 70, HERE.ip());
    assert_eq!(other.hang_up(), None);
    let mut changed = hang_up.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let elsewhere = SocketAddr::new(HERE.ip(), 2_000);
    let forged = [(HERE, &changed), (elsewhere, &hang_up), (HERE, &Vec::new())];
    for (from, datagram) in forged {
        client.door.sessions.handle_datagram(&mut client.door.cx, from, datagram);
    }
    assert_eq!(client.door.cx.take_requests(), []);
    client.door.receives(&hang_up);
    assert!(client.door.cx.take_requests().contains(&Request::Away(true)));
}

#[test]
fn an_introduction_is_of_one_source_and_of_now() {
    let mut door = Door::new();
    let mut gateway = Introduction::new(gateway_key(), 70, "192.0.2.7".parse().unwrap());
    for answer in door.receives(&gateway.next_datagram()) {
        assert!(gateway.handle_datagram(&answer));
    }
    let via = gateway.next_datagram();
    let elsewhere = SocketAddr::new(HERE.ip(), 2_000);
    door.sessions.handle_datagram(&mut door.cx, elsewhere, &via);
    assert_eq!(door.sent(), Vec::<Vec<u8>>::new(), "a copy from elsewhere");
    door.cx.pass(Duration::from_secs(17));
    assert_eq!(door.receives(&via), Vec::<Vec<u8>>::new(), "it is too late");
    assert_eq!(door.cx.dropped.wrong_cookie, 2);
}
