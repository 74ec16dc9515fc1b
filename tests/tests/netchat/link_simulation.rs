//! Two ends of a link on a bad network. Everything arrives once and in order, with bounded effort.
//!
//! `NETCHAT_SEEDS=10000 cargo test --release -p netchat-tests networks` runs more of them, and
//! `NETCHAT_SEED=n` one.

use std::time::Duration;

use netchat_shared::extended::{Channel, Datagram, Link};
use netchat_shared::time::Instant;
use netchat_tests::opening::channels;
use netchat_tests::simulation::network::{Conditions, Network};
use netchat_tests::simulation::seeds;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// One end: what it still has to send, and how far it has received.
struct End {
    link: Link,
    to_send: u64,
    next_send: u64,
    received: u64,
    data_packets: u64,
    sent_at: Vec<Instant>,
    latencies: Vec<Duration>,
}

struct Pair {
    now: Instant,
    ends: [End; 2],
    /// The same channels once more, to see what is in packets.
    readers: [Channel; 2],
    network: Network<usize>,
    /// How long each end waits between two messages; nothing: as fast as the link takes them.
    pace: Duration,
    next_paced: Instant,
}

impl Pair {
    fn new(seed: u64, conditions: Conditions, messages: u64, pace: Duration) -> Self {
        let end = |channel| End {
            link: Link::new(Instant::ZERO, channel),
            to_send: messages,
            next_send: 0,
            received: 0,
            data_packets: 0,
            sent_at: Vec::new(),
            latencies: Vec::new(),
        };
        Self {
            now: Instant::ZERO,
            ends: channels(seed).map(end),
            readers: channels(seed),
            network: Network::new(seed, conditions),
            pace,
            next_paced: Instant::ZERO,
        }
    }

    fn is_done(&self) -> bool {
        let [one, other] = &self.ends;
        one.received == other.to_send
            && other.received == one.to_send
            && one.link.queued_bytes() + other.link.queued_bytes() == 0
    }

    /// Runs until everything has arrived.
    fn run(&mut self, limit: Duration) {
        while !self.is_done() {
            assert!(self.now < Instant::ZERO + limit, "not done in {limit:?}");
            self.step();
        }
    }

    fn step(&mut self) {
        self.produce();
        for at in 0..2 {
            let end = &mut self.ends[at];
            while let Some(bytes) = end.link.next_packet(self.now) {
                end.data_packets += u64::from(has_data(&self.readers[1 - at], &bytes));
                self.network.send(self.now, at, 1 - at, &bytes);
            }
        }
        self.now = self.next_time().max(self.now);
        while let Some(datagram) = self.network.receive(self.now) {
            self.arrive(datagram.to, &datagram.bytes);
        }
        for end in &mut self.ends {
            if end.link.timeout().is_some_and(|at| at <= self.now) {
                end.link.handle_timeout(self.now);
            }
        }
    }

    fn produce(&mut self) {
        let is_due = self.now >= self.next_paced;
        for end in &mut self.ends {
            while is_due && end.next_send < end.to_send {
                let text = format!("message {} {}", end.next_send, "x".repeat(60));
                if end.link.send(text.as_bytes()).is_err() {
                    break;
                }
                end.sent_at.push(self.now);
                end.next_send += 1;
                if !self.pace.is_zero() {
                    break;
                }
            }
        }
        if is_due {
            self.next_paced = self.now + self.pace;
        }
    }

    fn next_time(&self) -> Instant {
        let [one, other] = &self.ends;
        let more = self.ends.iter().any(|end| end.next_send < end.to_send) && !self.pace.is_zero();
        let times = [
            self.network.next_arrival(),
            one.link.timeout(),
            other.link.timeout(),
            more.then_some(self.next_paced),
        ];
        times.into_iter().flatten().min().expect("a link that is not done has a timer")
    }

    fn arrive(&mut self, to: usize, bytes: &[u8]) {
        // Damaged datagrams are dropped like lost ones.
        let Ok(Datagram::Packet { number, sealed, .. }) = Datagram::parse(bytes) else {
            return;
        };
        self.ends[to].link.handle_packet(self.now, number, sealed).unwrap();
        while let Some(message) = self.ends[to].link.next_message() {
            let expected = format!("message {} ", self.ends[to].received);
            let text = String::from_utf8(message).unwrap();
            assert!(text.starts_with(&expected), "{text} instead of {expected}");
            let sent_at =
                self.ends[1 - to].sent_at[usize::try_from(self.ends[to].received).unwrap()];
            let latency = self.now.saturating_since(sent_at);
            self.ends[to].latencies.push(latency);
            self.ends[to].received += 1;
        }
    }

    /// Packets with data for each message.
    fn packets_per_message(&self) -> f64 {
        let packets: u64 = self.ends.iter().map(|end| end.data_packets).sum();
        let messages: u64 = self.ends.iter().map(|end| end.received).sum();
        packets as f64 / messages as f64
    }

    fn latency(&self, percentile: usize) -> Duration {
        let mut all: Vec<_> = self.ends.iter().flat_map(|end| end.latencies.clone()).collect();
        all.sort();
        all[(all.len() - 1) * percentile / 100]
    }
}

/// Whether a packet brings a slice of a message.
fn has_data(reader: &Channel, packet: &[u8]) -> bool {
    let Ok(Datagram::Packet { number, sealed, .. }) = Datagram::parse(packet) else { return false };
    let frames = reader.open(number, sealed).unwrap();
    frames.split(|&byte| byte == b'\n').any(|frame| frame.starts_with(b"D"))
}

const FAST: Duration = Duration::ZERO;

#[test]
fn ten_thousand_messages_each_way_on_a_thousand_bad_networks() {
    seeds("bad networks", 0..1_000, |seed| {
        Pair::new(seed, Conditions::BAD, 10_000, FAST).run(Duration::from_secs(600));
    });
}

#[test]
fn ten_thousand_messages_each_way_on_two_hundred_random_networks() {
    // Others each time, of every kind. One that fails is printed.
    let first = u64::from(getrandom::u32().unwrap());
    seeds("random networks", first..first + 200, |seed| {
        let conditions = Conditions::random(&mut ChaCha8Rng::seed_from_u64(seed));
        Pair::new(seed, conditions, 10_000, FAST).run(Duration::from_secs(7_200));
    });
}

/// Messages apart from each other, so that each needs packets of its own.
fn paced(loss_percent: u32) -> Pair {
    let conditions = Conditions { loss_percent, ..Conditions::GOOD };
    let mut pair = Pair::new(1, conditions, 5_000, Duration::from_millis(60));
    pair.run(Duration::from_secs(3_600));
    let (p50, p99) = (pair.latency(50), pair.latency(99));
    let packets = pair.packets_per_message();
    println!("{loss_percent} % loss: p50 {p50:?}, p99 {p99:?}, {packets:.2} packets a message");
    pair
}

#[test]
fn effort_and_latency_are_bounded_with_a_little_loss() {
    let pair = paced(5);
    assert!(pair.packets_per_message() <= 1.4);
    assert!(pair.latency(99) <= Duration::from_millis(150));
}

#[test]
fn effort_and_latency_are_bounded_with_much_loss() {
    let pair = paced(30);
    assert!(pair.packets_per_message() <= 1.7);
    assert!(pair.latency(50) <= Duration::from_millis(150));
    assert!(pair.latency(99) <= Duration::from_secs(3));
}

#[test]
fn outages_lose_nothing_and_are_over_within_seconds_of_their_end() {
    let mut pair = Pair::new(3, Conditions::GOOD, 10_000, Duration::from_millis(20));
    let cycle = Duration::from_secs(7);
    let mut ends = Vec::new();
    for n in 0..10 {
        ends.push((Instant::ZERO + cycle * n, Duration::from_secs(5)));
    }
    ends.push((Instant::ZERO + Duration::from_secs(80), Duration::from_secs(60)));
    for (start, length) in ends {
        while pair.now < start {
            pair.step();
        }
        pair.network.fail_until(start + length);
    }
    let returned = Instant::ZERO + Duration::from_secs(140);
    while pair.now < returned {
        pair.step();
    }
    let waiting = |pair: &Pair| pair.ends[1].received;
    let sent_by_then = pair.ends[0].next_send;
    while waiting(&pair) < sent_by_then {
        pair.step();
    }
    let took = pair.now.saturating_since(returned);
    println!("drained {took:?} after an outage of 60 s");
    assert!(took <= Duration::from_secs(10), "{took:?}");
    pair.run(Duration::from_secs(600));
}

#[test]
fn a_long_way_costs_no_needless_resends_once_it_is_known() {
    let delay = Duration::from_millis(750);
    let conditions = Conditions { delay_min: delay, delay_max: delay, ..Conditions::GOOD };
    let mut pair = Pair::new(4, conditions, 200, Duration::from_millis(500));
    pair.run(Duration::from_secs(600));
    assert!(pair.packets_per_message() <= 1.1, "{}", pair.packets_per_message());
}

#[test]
fn long_messages_arrive_whole() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut link = channels(1).map(|channel| Link::new(Instant::ZERO, channel));
    let text: Vec<u8> = (0..90_000).map(|_| b'a' + (rng.next_u32() % 26) as u8).collect();
    link[0].send(&text).unwrap();
    let mut network = Network::new(5, Conditions::BAD);
    let mut now = Instant::ZERO;
    let received = loop {
        for (at, link) in link.iter_mut().enumerate() {
            while let Some(bytes) = link.next_packet(now) {
                assert!(bytes.len() <= 1_200, "{} bytes", bytes.len());
                network.send(now, at, 1 - at, &bytes);
            }
        }
        let times = [network.next_arrival(), link[0].timeout(), link[1].timeout()];
        now = times.into_iter().flatten().min().unwrap().max(now);
        while let Some(datagram) = network.receive(now) {
            if let Ok(Datagram::Packet { number, sealed, .. }) = Datagram::parse(&datagram.bytes) {
                link[datagram.to].handle_packet(now, number, sealed).unwrap();
            }
        }
        link.iter_mut().for_each(|link| link.handle_timeout(now));
        if let Some(message) = link[1].next_message() {
            break message;
        }
    };
    assert_eq!(received, text);
}
