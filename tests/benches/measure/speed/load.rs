//! The generator of load: one thread and one loop for any number of pairs, so that it costs little
//! beside what it measures.
//!
//! Each pair has a sender and a recipient. What they speak is up to a [`Party`].

use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};

use super::cpu::{Cpu, Time};
use super::pace::{Pace, Pacer};
use crate::latencies::Latencies;

/// Messages of one sender that are under way at most.
pub(crate) const UNDER_WAY_MAX: u64 = 2_048;
/// How often everyone's timers are looked at.
const TICK: Duration = Duration::from_millis(2);
/// How long a load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long what is under way at the end is waited for.
const DRAIN: Duration = Duration::from_secs(10);

/// One end of a pair: a connection, and what is said over it.
pub(crate) trait Party {
    /// What becomes readable when something has come.
    fn descriptor(&self) -> BorrowedFd<'_>;
    /// Says the next message to the other end. A sender's messages are numbered from 1.
    fn send(&mut self, number: u64);
    /// Takes what has come and answers it; what became of messages is added to `heard`.
    fn read(&mut self, heard: &mut Vec<Heard>);
    /// Hands everything that was said to the kernel.
    fn flush(&mut self);
    /// Does what is due by time.
    fn tick(&mut self) {}
}

/// What one end learns about the messages of the pair's sender.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Heard {
    /// The server has this one.
    Stored(u64),
    /// The recipient has all up to this one: they are settled.
    Received(u64),
}

/// What came of a load, from the end of warming up.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) stored: Latencies,
    pub(crate) received: Latencies,
    pub(crate) messages: u64,
    pub(crate) elapsed: Duration,
    /// What the measured program's threads took.
    pub(crate) threads: Vec<(String, Time)>,
    /// How much of its core the generator took, from 0 to 1.
    pub(crate) generator_share: f64,
}

/// Everyone, connected and signed in.
pub(crate) struct Load<P> {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    pairs: Vec<Pair<P>>,
    heard: Vec<Heard>,
}

struct Pair<P> {
    sender: P,
    recipient: P,
    pacer: Pacer,
    sent: u64,
    settled: u64,
    /// When each message under way was sent, by its number.
    sent_at: Vec<Instant>,
}

/// What is measured, and what was counted when that began.
struct Measurement {
    begun_at: Instant,
    measured: Cpu,
    own: Cpu,
}

impl<P: Party> Load<P> {
    pub(crate) fn new(people: Vec<(P, P)>) -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        for (index, (sender, recipient)) in people.iter().enumerate() {
            for (side, party) in [sender, recipient].into_iter().enumerate() {
                let data = epoll::EventData::new_u64((2 * index + side) as u64);
                epoll::add(&epoll, party.descriptor(), data, epoll::EventFlags::IN).unwrap();
            }
        }
        let events = Vec::with_capacity(2 * people.len());
        let pairs = people.into_iter().map(|(sender, recipient)| Pair::new(sender, recipient));
        Self { epoll, events, pairs: pairs.collect(), heard: Vec::new() }
    }

    /// Loads the program of that process for so long.
    pub(crate) fn run(&mut self, pace: Pace, duration: Duration, process: u32) -> Outcome {
        let begin = Instant::now() + WARM_UP;
        let (end, count) = (begin + duration, self.pairs.len());
        for (index, pair) in self.pairs.iter_mut().enumerate() {
            pair.pacer = Pacer::new(pace, index, count);
        }
        let mut outcome = Outcome::default();
        let mut measurement = None;
        let mut ticked_at = begin;
        loop {
            let now = Instant::now();
            if measurement.is_none() && now >= begin {
                measurement = Some(Measurement::begin(now, process));
                outcome = Outcome::default();
            }
            if now >= end {
                break;
            }
            self.send();
            self.wait(pace.wait(&self.pairs, |pair| &pair.pacer));
            self.read(&mut outcome);
            self.tick_since(&mut ticked_at);
        }
        if let Some(measurement) = measurement {
            measurement.end(&mut outcome);
        }
        self.drain();
        outcome
    }

    /// Lets everyone send what their pace allows, and hands it to the kernel.
    fn send(&mut self) {
        for pair in &mut self.pairs {
            while pair.sent - pair.settled < UNDER_WAY_MAX
                && pair.pacer.may_send(pair.sent - pair.settled)
            {
                pair.send();
            }
            pair.sender.flush();
            pair.recipient.flush();
        }
    }

    fn wait(&mut self, wait: Duration) {
        let wait = Timespec::try_from(wait.min(TICK)).unwrap();
        self.events.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        epoll::wait(&self.epoll, spare, Some(&wait)).unwrap();
    }

    fn read(&mut self, outcome: &mut Outcome) {
        for event in self.events.drain(..) {
            let data = event.data;
            let index = data.u64() as usize;
            let pair = &mut self.pairs[index / 2];
            let party =
                if index.is_multiple_of(2) { &mut pair.sender } else { &mut pair.recipient };
            party.read(&mut self.heard);
            let now = Instant::now();
            for heard in self.heard.drain(..) {
                pair.note(heard, now, outcome);
            }
        }
    }

    fn tick_since(&mut self, ticked_at: &mut Instant) {
        if ticked_at.elapsed() < TICK {
            return;
        }
        *ticked_at = Instant::now();
        for pair in &mut self.pairs {
            pair.sender.tick();
            pair.recipient.tick();
        }
    }

    /// Waits for what is under way: the next load begins with nothing.
    fn drain(&mut self) {
        let (begun_at, mut ticked_at) = (Instant::now(), Instant::now());
        let mut rest = Outcome::default();
        while self.pairs.iter().any(|pair| pair.settled < pair.sent) {
            assert!(begun_at.elapsed() < DRAIN, "messages under way are lost");
            self.pairs.iter_mut().for_each(|pair| {
                pair.sender.flush();
                pair.recipient.flush();
            });
            self.wait(TICK);
            self.read(&mut rest);
            self.tick_since(&mut ticked_at);
        }
    }
}

impl<P: Party> Pair<P> {
    fn new(sender: P, recipient: P) -> Self {
        let sent_at = vec![Instant::now(); UNDER_WAY_MAX as usize];
        let pacer = Pacer::new(Pace::Window(0), 0, 1);
        Self { sender, recipient, pacer, sent: 0, settled: 0, sent_at }
    }

    fn send(&mut self) {
        self.sent += 1;
        self.sent_at[(self.sent % UNDER_WAY_MAX) as usize] = Instant::now();
        self.sender.send(self.sent);
    }

    fn note(&mut self, heard: Heard, now: Instant, outcome: &mut Outcome) {
        let latency = |number: u64| {
            now.saturating_duration_since(self.sent_at[(number % UNDER_WAY_MAX) as usize])
        };
        match heard {
            Heard::Stored(number) => outcome.stored.push(latency(number)),
            Heard::Received(up_to) => {
                for number in self.settled + 1..=up_to {
                    outcome.received.push(latency(number));
                    outcome.messages += 1;
                }
                self.settled = self.settled.max(up_to);
            }
        }
    }
}

impl Measurement {
    fn begin(begun_at: Instant, process: u32) -> Self {
        Self { begun_at, measured: Cpu::of_process(process), own: Cpu::of_this_process() }
    }

    fn end(self, outcome: &mut Outcome) {
        outcome.elapsed = self.begun_at.elapsed();
        outcome.threads = self.measured.since().into_iter().collect();
        let own: u64 = self.own.since().values().map(|time| time.total()).sum();
        outcome.generator_share = own as f64 / 1e6 / outcome.elapsed.as_secs_f64();
    }
}
