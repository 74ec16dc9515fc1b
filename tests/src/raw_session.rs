//! A session of the extended protocol written out packet by packet, for tests that break its rules.

use std::net::SocketAddr;

use netchat_shared::extended::{
    ClientMessage, Datagram, Frame, PROTOCOL_VERSION, ServerMessage, SessionId,
};

use crate::sim_server::{SimServer, Storage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Client,
    Server,
}

pub struct RawSession {
    pub address: SocketAddr,
    pub id: SessionId,
    pub next_number: u64,
    next_slice_number: u64,
    /// The latest packet of the server; all before it are acknowledged with it.
    heard: u64,
    /// Every datagram between it and the server, and who sent it.
    pub exchange: Vec<(Party, Vec<u8>)>,
}

impl RawSession {
    /// Opens a session from an address.
    pub fn open<S: Storage>(server: &mut SimServer<S>, address: SocketAddr) -> Self {
        let id = SessionId(0);
        let mut session = Self {
            address,
            id,
            next_number: 1,
            next_slice_number: 1,
            heard: 0,
            exchange: Vec::new(),
        };
        let (version, nonce) = (PROTOCOL_VERSION, u64::from(address.port()));
        let offer = Datagram::Offer { version, nonce }.to_wire();
        let replies = session.send(server, offer);
        let Ok(Datagram::Cookie { cookie, .. }) = Datagram::parse(&replies[0]) else {
            panic!("no cookie")
        };
        let open = Datagram::Open { version, nonce, cookie }.to_wire();
        let replies = session.send(server, open);
        let opened = replies.iter().find_map(|reply| match Datagram::parse(reply) {
            Ok(Datagram::Opened { session, .. }) => Some(session),
            _ => None,
        });
        session.id = opened.expect("a session");
        session
    }

    /// Opens a session and registers a name.
    pub fn signed_in<S: Storage>(
        server: &mut SimServer<S>,
        address: SocketAddr,
        name: &str,
    ) -> Self {
        let mut session = Self::open(server, address);
        let password = |text: &str| netchat_shared::password::Password::new(text).unwrap();
        session.say(server, &ClientMessage::Unlock(password("password")));
        session.say(server, &ClientMessage::Name(name.parse().unwrap()));
        let replies = session.say(server, &ClientMessage::Register(password("secretly")));
        let is_welcome = |message: &ServerMessage| matches!(message, ServerMessage::Welcome { .. });
        assert!(messages(&replies).iter().any(is_welcome), "{name} is signed in");
        session.say(server, &ClientMessage::Sync(None));
        session
    }

    /// Says a small message; what the server sends to this address.
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

    /// Sends a packet with these frames.
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

    /// Sends a packet with whatever stands where frames should.
    pub fn raw_packet<S: Storage>(
        &mut self,
        server: &mut SimServer<S>,
        frames: &[u8],
    ) -> Vec<Vec<u8>> {
        let number = self.next_number;
        self.next_number += 1;
        let packet = Datagram::Packet { session: self.id, number, frames }.to_wire();
        self.send(server, packet)
    }

    pub fn send<S: Storage>(
        &mut self,
        server: &mut SimServer<S>,
        datagram: Vec<u8>,
    ) -> Vec<Vec<u8>> {
        server.receive(self.address, &datagram);
        self.exchange.push((Party::Client, datagram));
        let sent = server.take_sent().into_iter();
        let replies: Vec<_> =
            sent.filter(|(to, _)| *to == self.address).map(|(_, bytes)| bytes).collect();
        for reply in &replies {
            if let Ok(Datagram::Packet { number, .. }) = Datagram::parse(reply) {
                self.heard = self.heard.max(number);
            }
            self.exchange.push((Party::Server, reply.clone()));
        }
        replies
    }
}

/// The whole messages in these packets, as far as each is in one slice.
pub fn messages(packets: &[Vec<u8>]) -> Vec<ServerMessage> {
    let mut messages = Vec::new();
    for packet in packets {
        let Ok(Datagram::Packet { frames, .. }) = Datagram::parse(packet) else { continue };
        for frame in Frame::parse_all(frames).flatten() {
            if let Frame::Slice { more: false, bytes, .. } = frame {
                messages.extend(ServerMessage::parse(bytes).ok());
            }
        }
    }
    messages
}
