//! Both ends at NetChat's server: the extended protocol, without a client session around it. Bodies
//! are made once, and of what arrives only the fields that count are read.

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant as StdInstant;

use netchat_shared::FreshKeys;
use netchat_shared::body::Body;
use netchat_shared::extended::{
    Attempt, ClientMessage, Datagram, Link, PROTOCOL_VERSION, ServerMessage,
};
use netchat_shared::message_id::{MessageId, MessageIds};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::Instant;
use netchat_tests::opaque::{SignInSteps, Step};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::TEXT;
use crate::speed::load::{Heard, Party};
use crate::speed::sockets;

/// The password of the server, and everyone's own.
pub(crate) const PASSWORD: &str = "password";
/// How many may sign in before those who are signed in are given their turn: nobody may be silent
/// for long.
const SIGN_INS_PER_TURN: usize = 8;

/// One end of a pair, signed in.
pub(crate) struct NetchatParty {
    socket: UdpSocket,
    origin: StdInstant,
    link: Link,
    ids: MessageIds,
    /// A whole message; only the digits of its id change.
    message: Vec<u8>,
    /// Messages that are stored and not settled, with their numbers.
    stored: VecDeque<(u64, u64)>,
    /// Everything up to here has been given to this session.
    position: u64,
    acknowledged: u64,
    buffer: Vec<u8>,
    steps: SignInSteps,
    is_signed_in: bool,
    /// Something may have to be sent.
    is_touched: bool,
}

pub(crate) fn pairs(server: SocketAddr, count: usize) -> Vec<(NetchatParty, NetchatParty)> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let mut rng = ChaCha8Rng::from_seed(seed);
    let mut parties: Vec<NetchatParty> = Vec::new();
    for index in 0..2 * count {
        if index.is_multiple_of(SIGN_INS_PER_TURN) {
            parties.iter_mut().for_each(NetchatParty::turn);
        }
        let names = ["sender", "recipient"].map(|role| format!("{role}{}", index / 2));
        let [name, to] = if index.is_multiple_of(2) { [0, 1] } else { [1, 0] }.map(|at| &names[at]);
        parties.push(NetchatParty::sign_in(server, name, to, &mut rng));
    }
    let mut pairs = Vec::new();
    let mut parties = parties.into_iter();
    while let (Some(sender), Some(recipient)) = (parties.next(), parties.next()) {
        pairs.push((sender, recipient));
    }
    pairs
}

impl NetchatParty {
    fn sign_in(server: SocketAddr, name: &str, to: &str, rng: &mut ChaCha8Rng) -> Self {
        let socket = sockets::connect_udp(server);
        let origin = StdInstant::now();
        let link = open(&socket, rng);
        let body = Body::new(&name.parse().unwrap(), TEXT);
        let (id, ids) = (MessageId(0), MessageIds::new(rng));
        let message = format!("SEND#{id}#u:{to}#text#{}", body.as_str()).into_bytes();
        let (buffer, stored) = (vec![0; 2_048], VecDeque::new());
        let mut party = Self {
            socket,
            origin,
            link,
            ids,
            message,
            stored,
            position: 0,
            acknowledged: 0,
            buffer,
            steps: SignInSteps::new([1; 32], PASSWORD),
            is_signed_in: false,
            is_touched: true,
        };
        party.say(&ClientMessage::Unlock(Password::new(PASSWORD).unwrap()));
        crate::speed::wait_for("the sign-in", || {
            party.turn();
            party.converse(&name.parse().unwrap());
            party.flush();
            party.is_signed_in.then_some(())
        });
        party
    }

    /// Answers what the server asks at the door.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of what is said changes nothing")]
    fn converse(&mut self, name: &UserName) {
        while let Some(message) = self.link.next_message() {
            let message = ServerMessage::parse(&message).unwrap();
            if let Step::Say(next) = self.steps.hear(&message, self.link.hash()) {
                self.say(&next);
                continue;
            }
            let answer = match message {
                ServerMessage::Unlocked => ClientMessage::Name(name.clone()),
                ServerMessage::NameIsNew => self.steps.enrol(name.clone()),
                ServerMessage::NameNeedsProof(name) => self.steps.prove(name),
                ServerMessage::Welcome { .. } => ClientMessage::Sync(None),
                ServerMessage::From(sequence) => {
                    (self.position, self.acknowledged) = (sequence.0, sequence.0);
                    self.is_signed_in = true;
                    return;
                }
                refusal @ (ServerMessage::Locked
                | ServerMessage::NameRefused(_)
                | ServerMessage::Wrong) => panic!("{refusal:?}"),
                _ => continue,
            };
            self.say(&answer);
        }
    }

    fn say(&mut self, message: &ClientMessage) {
        self.link.send(&message.to_wire()).unwrap();
        self.is_touched = true;
    }

    /// Whatever there is to do, outside of a load.
    fn turn(&mut self) {
        self.take_datagrams();
        self.tick();
        if self.is_signed_in {
            self.take_messages(&mut Vec::new());
        }
        self.flush();
    }

    fn take_datagrams(&mut self) {
        while let Ok(length) = self.socket.recv(&mut self.buffer) {
            let Ok(Datagram::Packet { session, number, sealed }) =
                Datagram::parse(&self.buffer[..length])
            else {
                continue;
            };
            assert!(session == self.link.session(), "a packet of another session");
            let now = now(self.origin);
            self.link.handle_packet(now, number, sealed).unwrap();
            self.is_touched = true;
        }
    }

    fn take_messages(&mut self, heard: &mut Vec<Heard>) {
        while let Some(message) = self.link.next_message() {
            if let Some(rest) = message.strip_prefix(b"MESSAGE#") {
                self.position = self.position.max(decimal(rest));
            } else if let Some(rest) = message.strip_prefix(b"SENT#") {
                let (number, fields) = (hex(&rest[16..32]), &rest[33..]);
                let mut fields = fields.split(|&byte| byte == b'#');
                let sequence = fields.next().map_or(0, decimal);
                let position = fields.nth(1).map_or(0, decimal);
                self.position = self.position.max(position);
                self.stored.push_back((sequence, number));
                heard.push(Heard::Stored(number));
            } else if let Some(at) = message.iter().rposition(|&byte| byte == b'#')
                && message.starts_with(b"RECEIVED#")
            {
                self.note_received(decimal(&message[at + 1..]), heard);
            } else {
                assert!(!message.starts_with(b"NOT_SENT#"), "{message:?}");
            }
        }
    }

    fn note_received(&mut self, sequence: u64, heard: &mut Vec<Heard>) {
        let mut up_to = None;
        while let Some(&(stored, number)) = self.stored.front()
            && stored <= sequence
        {
            up_to = Some(number);
            self.stored.pop_front();
        }
        heard.extend(up_to.map(Heard::Received));
    }
}

impl Party for NetchatParty {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn send(&mut self, number: u64) {
        let id = self.ids.draw();
        debug_assert_eq!(id.0 as u64, number, "ids count");
        for (place, digit) in self.message["SEND#".len()..][..32].iter_mut().enumerate() {
            *digit = HEX_DIGITS[(id.0 >> (124 - 4 * place) & 0xf) as usize];
        }
        self.link.send(&self.message).unwrap();
        self.is_touched = true;
    }

    fn read(&mut self, heard: &mut Vec<Heard>) {
        self.take_datagrams();
        self.take_messages(heard);
    }

    fn flush(&mut self) {
        if !self.is_touched {
            return;
        }
        self.is_touched = false;
        if self.acknowledged < self.position {
            self.acknowledged = self.position;
            let received = ClientMessage::Received(Sequence(self.position));
            self.link.send(&received.to_wire()).unwrap();
        }
        while let Some(packet) = self.link.next_packet(now(self.origin)) {
            // What the kernel does not take is sent again.
            let _ = self.socket.send(&packet);
        }
    }

    fn tick(&mut self) {
        let now = now(self.origin);
        if self.link.timeout().is_some_and(|at| at <= now) {
            self.link.handle_timeout(now);
            self.is_touched = true;
        }
    }
}

/// A link to the server, agreed on.
fn open(socket: &UdpSocket, rng: &mut ChaCha8Rng) -> Link {
    let (version, nonce, mut seed) = (PROTOCOL_VERSION, rng.next_u64(), [0; 32]);
    rng.fill_bytes(&mut seed);
    let mut keys = FreshKeys::from_seed(seed).0;
    let (mut buffer, mut attempt) = ([0; 2_048], None);
    socket.send(&Datagram::Offer { version, nonce }.to_wire()).unwrap();
    crate::speed::wait_for("a session", || {
        let length = socket.recv(&mut buffer).ok()?;
        let datagram = Datagram::parse(&buffer[..length]).unwrap();
        if let Datagram::Cookie { cookie, server, .. } = datagram {
            let begun = attempt.insert(Attempt::new(server, nonce, cookie, &mut keys).unwrap());
            socket.send(&begun.to_wire()).unwrap();
        }
        let Datagram::Opened { answer, .. } = datagram else { return None };
        let opened = attempt.as_mut()?.finish(&answer).unwrap();
        Some(Link::new(Instant::ZERO, opened.channel))
    })
}

fn now(origin: StdInstant) -> Instant {
    Instant::from_origin(origin.elapsed())
}

/// The number that these bytes begin with.
fn decimal(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

/// The number that these digits are.
fn hex(digits: &[u8]) -> u64 {
    let digits = digits.iter().filter_map(|&digit| char::from(digit).to_digit(16));
    digits.fold(0, |number, digit| number << 4 | u64::from(digit))
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";
