//! Both ends at the bare relay (`relay.rs` beside this folder).

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd as _, BorrowedFd};

use super::MESSAGE_BYTES;
use crate::speed::load::{Heard, Party};
use crate::speed::relay::{ANSWER_BYTES, HELLO, MESSAGE, RECEIPT, STORED};
use crate::speed::sockets;

/// One end of a pair.
pub(crate) struct RelayParty {
    socket: UdpSocket,
    datagram: [u8; MESSAGE_BYTES],
    buffer: [u8; 2_048],
}

pub(crate) fn pairs(relay: SocketAddr, count: usize) -> Vec<(RelayParty, RelayParty)> {
    let pairs = (0..count).map(|pair| (RelayParty::new(relay, pair), RelayParty::new(relay, pair)));
    let pairs: Vec<_> = pairs.collect();
    for (_, recipient) in &pairs {
        let mut hello = recipient.datagram;
        hello[0] = HELLO;
        recipient.socket.send(&hello).unwrap();
    }
    pairs
}

impl RelayParty {
    fn new(relay: SocketAddr, pair: usize) -> Self {
        let mut datagram = [0; MESSAGE_BYTES];
        datagram[0] = MESSAGE;
        datagram[1..3].copy_from_slice(&u16::try_from(pair).unwrap().to_be_bytes());
        Self { socket: sockets::connect_udp(relay), datagram, buffer: [0; 2_048] }
    }
}

impl Party for RelayParty {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn send(&mut self, number: u64) {
        self.datagram[3..11].copy_from_slice(&number.to_be_bytes());
        let _ = self.socket.send(&self.datagram);
    }

    fn read(&mut self, heard: &mut Vec<Heard>) {
        while let Ok(length) = self.socket.recv(&mut self.buffer) {
            let Some(number) = self.buffer[..length].get(3..11) else { continue };
            let number = u64::from_be_bytes(number.try_into().unwrap());
            match self.buffer[0] {
                MESSAGE => {
                    self.buffer[0] = RECEIPT;
                    let _ = self.socket.send(&self.buffer[..ANSWER_BYTES]);
                }
                STORED => heard.push(Heard::Stored(number)),
                RECEIPT => heard.push(Heard::Received(number)),
                _ => {}
            }
        }
    }

    fn flush(&mut self) {}
}
