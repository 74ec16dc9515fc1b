//! Both ends at an MQTT broker: 3.1.1, QoS 1 from end to end.
//!
//! MQTT has no receipts: a message is settled when the recipient has it, which costs the broker one
//! answer less than NetChat's server.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use super::stream::Stream;
use super::{MESSAGE_BYTES, TEXT};
use crate::speed::load::{Heard, Party};

/// The packets in use, with their flags.
const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x32;
const PUBACK: u8 = 0x40;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;

/// One end of a pair.
pub(crate) struct MqttParty {
    stream: Stream,
    topic: String,
    /// Of this end's messages, those that the broker has: it acknowledges them in order.
    stored: u64,
    is_ready: bool,
}

pub(crate) fn pairs(broker: SocketAddr, count: usize) -> Vec<(MqttParty, MqttParty)> {
    let pairs = (0..count).map(|pair| {
        let sender = MqttParty::connect(broker, pair, "sender");
        let mut recipient = MqttParty::connect(broker, pair, "recipient");
        recipient.subscribe();
        (sender, recipient)
    });
    pairs.collect()
}

impl MqttParty {
    fn connect(broker: SocketAddr, pair: usize, role: &str) -> Self {
        let (stream, topic) = (Stream::connect(broker), format!("pair/{pair}"));
        let mut party = Self { stream, topic, stored: 0, is_ready: false };
        // The protocol, its level, a clean session, no time to keep alive, and the client's name.
        let mut packet = b"\x00\x04MQTT\x04\x02\x00\x00".to_vec();
        put_text(&mut packet, &format!("{role}{pair}"));
        party.put(CONNECT, &packet);
        party.wait_until_ready();
        party
    }

    fn subscribe(&mut self) {
        let mut packet = 1_u16.to_be_bytes().to_vec();
        put_text(&mut packet, &self.topic.clone());
        packet.push(1);
        self.put(SUBSCRIBE, &packet);
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        self.is_ready = false;
        crate::speed::wait_for("the broker", || {
            self.flush();
            self.read(&mut Vec::new());
            self.is_ready.then_some(())
        });
    }

    /// A packet, with its length before it: seven bits a byte.
    fn put(&mut self, kind: u8, packet: &[u8]) {
        let output = &mut self.stream.output;
        output.push(kind);
        let mut length = packet.len();
        loop {
            let more = if length >= 128 { 128 } else { 0 };
            output.push((length % 128) as u8 | more);
            length /= 128;
            if length == 0 {
                break;
            }
        }
        output.extend_from_slice(packet);
    }

    /// Takes one packet, if all of it is there.
    fn read_packet(&mut self, heard: &mut Vec<Heard>) -> Option<()> {
        let bytes = self.stream.unread();
        let (mut length, mut at) = (0, 1);
        loop {
            let byte = *bytes.get(at)?;
            length |= usize::from(byte & 127) << (7 * (at - 1));
            at += 1;
            if byte < 128 {
                break;
            }
        }
        let packet = bytes.get(at..at + length)?;
        match bytes[0] & 0xf0 {
            CONNACK | SUBACK => self.is_ready = true,
            PUBACK => {
                self.stored += 1;
                heard.push(Heard::Stored(self.stored));
            }
            kind if kind == PUBLISH & 0xf0 => {
                let topic = usize::from(u16::from_be_bytes([packet[0], packet[1]]));
                let rest = &packet[2 + topic..];
                let number = u64::from_be_bytes(rest[2..10].try_into().unwrap());
                heard.push(Heard::Received(number));
                let id = [rest[0], rest[1]];
                self.put(PUBACK, &id);
            }
            kind => panic!("a packet of kind {kind}"),
        }
        self.stream.take(at + length);
        Some(())
    }
}

impl Party for MqttParty {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.descriptor()
    }

    fn send(&mut self, number: u64) {
        let mut packet = Vec::with_capacity(MESSAGE_BYTES);
        put_text(&mut packet, &self.topic);
        // An id is never 0.
        packet.extend_from_slice(&((number % 65_535) as u16 + 1).to_be_bytes());
        packet.extend_from_slice(&number.to_be_bytes());
        packet.extend_from_slice(TEXT.as_bytes());
        packet.resize(MESSAGE_BYTES.max(packet.len()), b'.');
        self.put(PUBLISH, &packet);
    }

    fn read(&mut self, heard: &mut Vec<Heard>) {
        self.stream.fill();
        while self.read_packet(heard).is_some() {}
    }

    fn flush(&mut self) {
        self.stream.flush();
    }
}

fn put_text(packet: &mut Vec<u8>, text: &str) {
    packet.extend_from_slice(&(text.len() as u16).to_be_bytes());
    packet.extend_from_slice(text.as_bytes());
}
