//! Both ends at a NATS server: a request, and its reply, which is the receipt. Nothing is stored,
//! and nothing says that it was.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use super::stream::Stream;
use super::{MESSAGE_BYTES, TEXT};
use crate::speed::load::{Heard, Party};

/// How many digits a message begins with: its number.
const DIGITS: usize = 20;

/// One end of a pair.
pub(crate) struct NatsParty {
    stream: Stream,
    /// What the other end listens to.
    to: String,
    /// What this end listens to.
    from: String,
    is_sender: bool,
    is_ready: bool,
}

pub(crate) fn pairs(server: SocketAddr, count: usize) -> Vec<(NatsParty, NatsParty)> {
    let pairs = (0..count).map(|pair| {
        let recipient = NatsParty::connect(server, pair, false);
        (NatsParty::connect(server, pair, true), recipient)
    });
    pairs.collect()
}

impl NatsParty {
    fn connect(server: SocketAddr, pair: usize, is_sender: bool) -> Self {
        let (request, reply) = (format!("pair.{pair}"), format!("reply.{pair}"));
        let (to, from) = if is_sender { (request, reply) } else { (reply, request) };
        let stream = Stream::connect(server);
        let mut party = Self { stream, to, from, is_sender, is_ready: false };
        let hello = r#"CONNECT {"verbose":false,"pedantic":false}"#;
        party.put(&format!("{hello}\r\nSUB {} 1\r\nPING\r\n", party.from));
        crate::speed::wait_for("the server", || {
            party.flush();
            party.read(&mut Vec::new());
            party.is_ready.then_some(())
        });
        party
    }

    fn put(&mut self, text: &str) {
        self.stream.output.extend_from_slice(text.as_bytes());
    }

    /// Takes one line, and the payload that it announces, if all of it is there.
    fn read_line(&mut self, heard: &mut Vec<Heard>) -> Option<()> {
        let bytes = self.stream.unread();
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let line = std::str::from_utf8(&bytes[..end]).unwrap().trim_end();
        let mut words = line.split(' ');
        let mut taken = end + 1;
        match words.next() {
            Some("MSG") => {
                let length: usize = words.next_back()?.parse().unwrap();
                let payload = bytes.get(taken..taken + length + 2)?;
                taken += length + 2;
                let number = payload[..DIGITS].iter();
                let number = number.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
                if self.is_sender {
                    heard.push(Heard::Received(number));
                } else {
                    let reply = format!("PUB {} {DIGITS}\r\n{number:0DIGITS$}\r\n", self.to);
                    self.put(&reply);
                }
            }
            Some("PING") => self.put("PONG\r\n"),
            Some("PONG") => self.is_ready = true,
            Some("-ERR") => panic!("{line}"),
            _ => {}
        }
        self.stream.take(taken);
        Some(())
    }
}

impl Party for NatsParty {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.descriptor()
    }

    fn send(&mut self, number: u64) {
        let head = format!("PUB {} {} {MESSAGE_BYTES}\r\n", self.to, self.from);
        self.put(&head);
        self.put(&format!("{number:0DIGITS$}{TEXT:.<rest$}\r\n", rest = MESSAGE_BYTES - DIGITS));
    }

    fn read(&mut self, heard: &mut Vec<Heard>) {
        self.stream.fill();
        while self.read_line(heard).is_some() {}
    }

    fn flush(&mut self) {
        self.stream.flush();
    }
}
