//! Two ends of a link, with somebody between them who loses, repeats, delays and makes up packets.

use std::time::Duration;

use netchat_shared::extended::{Channel, Datagram, Link};
use netchat_shared::time::Instant;

use super::script::Script;
use crate::opening::channels;

/// Decides the keys of the link.
const SEED: u64 = 7;
/// Packets that are on their way at most; further ones are lost.
const UNDER_WAY_MAX: usize = 64;

struct End {
    link: Link,
    /// Its peer's channel, for a peer that lies.
    liar: Channel,
    said: Vec<Vec<u8>>,
    heard: Vec<Vec<u8>>,
    /// Packets that it has sent.
    under_way: Vec<Vec<u8>>,
    /// Its peer has sent what no link sends: what it hears then is not what was said.
    is_lied_to: bool,
}

/// What is said arrives in order and once, or not yet, unless somebody makes up packets.
pub(super) fn link(data: &[u8]) {
    let mut script = Script(data);
    let mut now = Instant::ZERO;
    let [one, other] = channels(SEED);
    let [liar_to_other, liar_to_one] = channels(SEED);
    let mut ends = [End::new(now, one, liar_to_one), End::new(now, other, liar_to_other)];
    while let Some(operation) = script.next() {
        let here = script.below(2);
        match operation % 6 {
            0 => ends[here].say(script.bytes()),
            1 => now += Duration::from_millis(1 << script.below(16)),
            2 => ends[here].handle_timeout(now),
            3 => {
                let at = script.below(UNDER_WAY_MAX);
                let is_repeated = script.below(2) == 0;
                if let Some(packet) = ends[1 - here].take(at, is_repeated) {
                    ends[here].hear(now, &packet);
                }
            }
            4 => drop(ends[1 - here].take(script.below(UNDER_WAY_MAX), false)),
            _ => {
                ends[here].is_lied_to = true;
                ends[here].hear_lies(now, u64::from(operation), script.bytes());
            }
        }
        ends.iter_mut().for_each(|end| end.send(now));
        check(&ends);
    }
}

fn check([one, other]: &[End; 2]) {
    for (said, heard) in [(one, other), (other, one)] {
        let is_true = heard.is_lied_to || said.is_lied_to || said.said.starts_with(&heard.heard);
        assert!(is_true, "said {:?}, heard {:?}", said.said, heard.heard);
    }
}

impl End {
    fn new(now: Instant, channel: Channel, liar: Channel) -> Self {
        let link = Link::new(now, channel);
        Self { link, liar, said: vec![], heard: vec![], under_way: vec![], is_lied_to: false }
    }

    fn say(&mut self, bytes: &[u8]) {
        let message: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b'\n').collect();
        if self.link.send(&message).is_ok() {
            self.said.push(message);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.link.handle_timeout(now);
    }

    fn take(&mut self, at: usize, is_repeated: bool) -> Option<Vec<u8>> {
        let packet = self.under_way.get(at)?.clone();
        if !is_repeated {
            self.under_way.remove(at);
        }
        Some(packet)
    }

    fn hear(&mut self, now: Instant, packet: &[u8]) {
        let Ok(Datagram::Packet { number, sealed, .. }) = Datagram::parse(packet) else {
            panic!("a link sends packets")
        };
        let handled = self.link.handle_packet(now, number, sealed);
        assert!(handled.is_ok() || self.is_lied_to, "{handled:?}");
        self.heard.extend(std::iter::from_fn(|| self.link.next_message()));
    }

    /// A packet of the peer with these frames.
    fn hear_lies(&mut self, now: Instant, number: u64, frames: &[u8]) {
        let packet = self.liar.seal(number, &mut frames.to_vec());
        self.hear(now, &packet);
    }

    fn send(&mut self, now: Instant) {
        while let Some(packet) = self.link.next_packet(now) {
            if self.under_way.len() < UNDER_WAY_MAX {
                self.under_way.push(packet);
            }
        }
    }
}
