//! A session of the extended protocol written out packet by packet, for tests that break its rules.

use std::net::SocketAddr;

use netchat_shared::extended::{Channel, ClientMessage, Datagram, Frame, ServerMessage, SessionId};

use crate::opaque::Prover;
use crate::opening::open;
use crate::sim_server::{SimServer, Storage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Client,
    Server,
}

pub struct RawSession {
    pub address: SocketAddr,
    channel: Channel,
    prover: Prover,
    pub next_number: u64,
    next_slice_number: u64,
    /// The latest packet of the server; all before it are acknowledged with it.
    heard: u64,
    /// Every datagram between it and the server.
    pub exchange: Vec<Exchanged>,
}

/// A datagram, who sent it, and what is sealed in it.
pub struct Exchanged {
    pub party: Party,
    pub datagram: Vec<u8>,
    pub frames: Option<Vec<u8>>,
}

/// What the server answers to a datagram of that address.
fn carry<S: Storage>(
    server: &mut SimServer<S>,
    address: SocketAddr,
    datagram: &[u8],
) -> Vec<Vec<u8>> {
    server.receive(address, datagram);
    let sent = server.take_sent().into_iter();
    sent.filter(|(to, _)| *to == address).map(|(_, bytes)| bytes).collect()
}

impl RawSession {
    /// Opens a session from an address.
    pub fn open<S: Storage>(server: &mut SimServer<S>, address: SocketAddr) -> Self {
        let mut exchange = Vec::new();
        let opened = open(u64::from(address.port()), |datagram| {
            let answers = carry(server, address, &datagram);
            let all = std::iter::once((Party::Client, datagram))
                .chain(answers.iter().map(|answer| (Party::Server, answer.clone())));
            let frames = None;
            exchange.extend(all.map(|(party, datagram)| Exchanged {
                party,
                datagram,
                frames: frames.clone(),
            }));
            answers
        });
        Self {
            address,
            channel: opened.channel,
            prover: Prover::new([u8::try_from(address.port() % 251).unwrap(); 32]),
            next_number: 1,
            next_slice_number: 1,
            heard: 0,
            exchange,
        }
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.channel.session()
    }

    /// Opens a session and registers a name.
    pub fn signed_in<S: Storage>(
        server: &mut SimServer<S>,
        address: SocketAddr,
        name: &str,
    ) -> Self {
        let mut session = Self::open(server, address);
        session.register(server, name);
        session
    }

    /// Registers a name in an open session.
    pub fn register<S: Storage>(&mut self, server: &mut SimServer<S>, name: &str) {
        let password = netchat_shared::password::Password::new("password").unwrap();
        self.say(server, &ClientMessage::Unlock(password));
        self.say(server, &ClientMessage::Name(name.parse().unwrap()));
        let replies = self.enrol(server, name, "secretly");
        let is_welcome = |message: &ServerMessage| matches!(message, ServerMessage::Welcome { .. });
        assert!(messages(&replies).iter().any(is_welcome), "{name} is signed in");
        self.say(server, &ClientMessage::Sync(None));
    }

    /// Enrols a password for the name that was given; what the server says then.
    pub fn enrol<S: Storage>(
        &mut self,
        server: &mut SimServer<S>,
        name: &str,
        text: &str,
    ) -> Vec<Vec<u8>> {
        let (begun, enrol) = self.prover.enrol(text, None);
        let replies = messages(&self.say(server, &enrol));
        let [ServerMessage::Enrol(response)] = &replies[..] else { panic!("{replies:?}") };
        let upload = self.prover.finish_enrolment(&begun, response, &name.parse().unwrap());
        self.say(server, &ClientMessage::Enrolled(upload))
    }

    /// Proves the password of the name that was given; what the server says then.
    pub fn prove<S: Storage>(
        &mut self,
        server: &mut SimServer<S>,
        name: &str,
        text: &str,
    ) -> Vec<Vec<u8>> {
        let (begun, prove) = self.prover.prove(text);
        let replies = messages(&self.say(server, &prove));
        let [ServerMessage::Prove(response)] = &replies[..] else { panic!("{replies:?}") };
        let (name, link) = (name.parse().unwrap(), self.channel.hash());
        let proof = self.prover.finish_proof(&begun, response, (&name, link));
        self.say(server, &ClientMessage::Proof(proof.expect("the right password")))
    }

    /// Says a small message; what the server says to this address, a packet each.
    pub fn say<S: Storage>(
        &mut self,
        server: &mut SimServer<S>,
        message: &ClientMessage,
    ) -> Vec<Vec<u8>> {
        let bytes = message.to_wire();
        let slice_number = self.next_slice_number();
        self.packet(server, &[Frame::Slice { slice_number, more: false, bytes: &bytes }])
    }

    /// The number of a further slice.
    pub fn next_slice_number(&mut self) -> u64 {
        self.next_slice_number += 1;
        self.next_slice_number - 1
    }

    /// Sends a packet with these frames; the frames that the server sends to this address, or its
    /// datagrams if they are no packets.
    pub fn packet<S: Storage>(
        &mut self,
        server: &mut SimServer<S>,
        frames: &[Frame<'_>],
    ) -> Vec<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.heard > 0 {
            Frame::Ack { delay_ms: 0, ranges: vec![(1, self.heard)] }.write(&mut bytes);
        }
        frames.iter().for_each(|frame| frame.write(&mut bytes));
        self.raw_packet(server, &bytes)
    }

    /// Sends a packet with whatever stands where frames should; answers as [`Self::packet`].
    pub fn raw_packet<S: Storage>(
        &mut self,
        server: &mut SimServer<S>,
        frames: &[u8],
    ) -> Vec<Vec<u8>> {
        let mut frames = frames.to_vec();
        let datagram = self.channel.seal(self.next_number, &mut frames);
        self.next_number += 1;
        let replies = carry(server, self.address, &datagram);
        self.exchange.push(Exchanged { party: Party::Client, datagram, frames: Some(frames) });
        replies.into_iter().map(|reply| self.read(reply)).collect()
    }

    /// What is in a datagram of the server.
    fn read(&mut self, datagram: Vec<u8>) -> Vec<u8> {
        let frames = match Datagram::parse(&datagram) {
            Ok(Datagram::Packet { number, sealed, .. }) => {
                self.heard = self.heard.max(number);
                Some(self.channel.open(number, sealed).expect("a packet of the server"))
            }
            _ => None,
        };
        let read = frames.clone().unwrap_or_else(|| datagram.clone());
        self.exchange.push(Exchanged { party: Party::Server, datagram, frames });
        read
    }
}

/// The whole messages in the frames of these packets, as far as each is in one slice.
pub fn messages(packets: &[Vec<u8>]) -> Vec<ServerMessage> {
    let mut messages = Vec::new();
    for frame in packets.iter().flat_map(|frames| Frame::parse_all(frames)).flatten() {
        if let Frame::Slice { more: false, bytes, .. } = frame {
            messages.extend(ServerMessage::parse(bytes).ok());
        }
    }
    messages
}
