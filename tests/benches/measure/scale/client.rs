//! A client in memory: it does what keeps the server content, and remembers how far it is.

use std::net::{Ipv4Addr, SocketAddr};

use netchat_shared::FreshKeys;
use netchat_shared::extended::{
    Attempt, ClientMessage, Datagram, Link, PROTOCOL_VERSION, ServerMessage, Token,
};
use netchat_shared::password::Password;
use netchat_shared::sequence::{Generation, Position, Sequence};
use netchat_shared::time::Instant;

use crate::memory::PASSWORD;
use netchat_tests::opaque::{SignInSteps, Step};

/// Addresses of clients: this and their index.
const FIRST_ADDRESS: u32 = 0x0a00_0000;
const PORT: u16 = 40_000;

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    index: u32,
    keys: FreshKeys,
    attempt: Option<Attempt>,
    link: Option<Link>,
    /// Names attempts to begin a session.
    nonce: u64,
    steps: SignInSteps,
    token: Option<Token>,
    generation: Option<Generation>,
    position: u64,
    acknowledged: u64,
    pub(crate) is_online: bool,
    /// What it was told since it was last asked: messages, and ends of histories.
    pub(crate) heard: u64,
    said_at: Instant,
}

impl Client {
    pub(crate) fn new(index: u32) -> Self {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&index.to_be_bytes());
        Self {
            index,
            keys: FreshKeys::from_seed(seed).0,
            attempt: None,
            link: None,
            nonce: u64::from(index),
            steps: SignInSteps::new(seed, PASSWORD),
            token: None,
            generation: None,
            position: 0,
            acknowledged: 0,
            is_online: false,
            heard: 0,
            said_at: Instant::ZERO,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::from(FIRST_ADDRESS + self.index), PORT))
    }

    /// Whose address that is.
    pub(crate) fn index_of(address: SocketAddr) -> Option<usize> {
        match address {
            SocketAddr::V4(address) => {
                let index = u32::from(*address.ip()).checked_sub(FIRST_ADDRESS)?;
                usize::try_from(index).ok()
            }
            SocketAddr::V6(_) => None,
        }
    }

    /// Begins a session; what was one is forgotten.
    pub(crate) fn begin(&mut self) -> Vec<u8> {
        (self.link, self.is_online) = (None, false);
        self.nonce += 1 << 32;
        Datagram::Offer { version: PROTOCOL_VERSION, nonce: self.nonce }.to_wire()
    }

    pub(crate) fn say(&mut self, message: &ClientMessage) {
        if let Some(link) = &mut self.link {
            link.send(&message.to_wire()).unwrap();
        }
    }

    /// Goes, without giving up the token.
    pub(crate) fn leave(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if let Some(link) = &mut self.link {
            link.say_bye();
        }
        let datagrams = self.packets(now);
        (self.link, self.is_online) = (None, false);
        datagrams
    }

    /// Says that it is there, if it has not said anything for so long.
    pub(crate) fn keep_alive(&mut self, now: Instant, silence: std::time::Duration) {
        if self.is_online
            && now >= self.said_at + silence
            && let Some(link) = &mut self.link
        {
            link.keep_alive();
        }
    }

    pub(crate) fn timeout(&self) -> Option<Instant> {
        self.link.as_ref()?.timeout()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if let Some(link) = &mut self.link {
            link.handle_timeout(now);
        }
    }

    /// Takes a datagram; the answers.
    pub(crate) fn handle(&mut self, now: Instant, bytes: &[u8]) -> Vec<Vec<u8>> {
        match Datagram::parse(bytes).unwrap() {
            Datagram::Cookie { nonce, cookie, server, .. } if nonce == self.nonce => {
                let attempt = Attempt::new(server, nonce, cookie, &mut self.keys).unwrap();
                let open = attempt.to_wire();
                self.attempt = Some(attempt);
                return vec![open];
            }
            Datagram::Opened { nonce, answer } if nonce == self.nonce => {
                let Some(mut attempt) = self.attempt.take() else { return Vec::new() };
                let opened = attempt.finish(&answer).unwrap();
                self.link = Some(Link::new(now, opened.channel));
                let password = Password::new(PASSWORD).unwrap();
                self.say(
                    &self.token.map_or(ClientMessage::Unlock(password), ClientMessage::Resume),
                );
            }
            Datagram::Packet { session, number, sealed } => {
                if let Some(link) = self.link.as_mut().filter(|link| link.session() == session) {
                    link.handle_packet(now, number, sealed).unwrap();
                    self.take_messages();
                }
            }
            Datagram::Offer { .. }
            | Datagram::Cookie { .. }
            | Datagram::Open { .. }
            | Datagram::Opened { .. }
            | Datagram::Gone { .. }
            | Datagram::Via(_)
            | Datagram::ViaTaken(_)
            | Datagram::HangUp(_) => {}
        }
        self.packets(now)
    }

    /// Everything that there is to send now.
    pub(crate) fn packets(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.is_online && self.acknowledged < self.position {
            self.acknowledged = self.position;
            self.say(&ClientMessage::Received(Sequence(self.position)));
        }
        let Some(link) = &mut self.link else { return Vec::new() };
        let packets: Vec<_> = std::iter::from_fn(|| link.next_packet(now)).collect();
        if !packets.is_empty() {
            self.said_at = now;
        }
        packets
    }

    fn take_messages(&mut self) {
        while let Some(message) = self.link.as_mut().and_then(Link::next_message) {
            let message = ServerMessage::parse(&message).unwrap();
            let hash = self.link.as_ref().map(Link::hash);
            if let Some(hash) = hash
                && let Step::Say(next) = self.steps.hear(&message, hash)
            {
                self.say(&next);
                continue;
            }
            if let Some(answer) = self.answer(message) {
                self.say(&answer);
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most of what is said changes nothing here")]
    fn answer(&mut self, message: ServerMessage) -> Option<ClientMessage> {
        match message {
            ServerMessage::Unlocked => {
                Some(ClientMessage::Name(format!("person{}", self.index).parse().unwrap()))
            }
            ServerMessage::NameNeedsProof(name) => Some(self.steps.prove(name)),
            ServerMessage::Welcome { token, generation, .. } => {
                self.token = Some(token);
                let sequence = Sequence(self.position);
                let position = Position { generation, sequence };
                let position = self.generation.replace(generation).map(|_| position);
                Some(ClientMessage::Sync(position))
            }
            ServerMessage::From(sequence) => {
                (self.position, self.acknowledged) = (sequence.0, sequence.0);
                self.is_online = true;
                None
            }
            ServerMessage::Message(message) => {
                self.position = self.position.max(message.sequence.0);
                self.heard += 1;
                None
            }
            ServerMessage::Sent { position, .. } => {
                self.position = self.position.max(position.map_or(0, |position| position.0));
                None
            }
            ServerMessage::HistoryEnd(..) => {
                self.heard += 1;
                None
            }
            ServerMessage::NotSent(_, why) => panic!("not sent: {why:?}"),
            _ => None,
        }
    }
}
