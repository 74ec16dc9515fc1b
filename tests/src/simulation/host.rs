//! The server on a simulated machine: its storage takes time, fails, and loses at a crash what was
//! not committed; its process can die and come back.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::storage::{HashJob, Loaded, Query, Stored, Ticket, Write};
use netchat_core::{Action, Record, Server, Settings};
use netchat_shared::time::{Instant, Now, UnixTime};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;

use crate::memory_storage::MemoryStorage;
use crate::sim_server::hash;

/// How long hashing takes.
const HASH_TIME: Duration = Duration::from_millis(30);
/// Virtual time begins here on the calendar.
const EPOCH_MS: u64 = 1_700_000_000_000;

pub struct Host {
    settings: Settings,
    core: Option<Server>,
    /// What is on the disk.
    pub disk: MemoryStorage,
    /// Requests of the server to its storage and hasher, and when they are done.
    under_way: VecDeque<(Instant, Request)>,
    wake_at: Option<Instant>,
    /// Out of a hundred writes, so many fail.
    pub failing_percent: u32,
    /// How far somebody has set the machine's calendar clock, from the first day.
    pub calendar_ahead_ms: i64,
    pub log: Vec<Record>,
    sent: Vec<(SocketAddr, Vec<u8>)>,
}

enum Request {
    Store(Ticket, Write),
    Load(Ticket, Query),
    Hash(Ticket, HashJob),
}

impl Host {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            core: None,
            disk: MemoryStorage::default(),
            under_way: VecDeque::new(),
            wake_at: None,
            failing_percent: 0,
            calendar_ahead_ms: 0,
            log: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub fn is_registered(&self, name: &str) -> bool {
        self.disk.users.values().any(|user| user.name.as_str() == name)
    }

    pub fn is_running(&self) -> bool {
        self.core.is_some()
    }

    /// The process starts, with what is on the disk.
    pub fn start(&mut self, now: Instant, rng: &mut ChaCha8Rng) {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&rng.next_u64().to_le_bytes());
        let snapshot = self.disk.snapshot();
        self.core = Some(Server::new(self.clocks(now), self.settings.clone(), snapshot, seed));
        self.drain(now, rng);
    }

    /// The process dies. Whatever was not committed is lost.
    pub fn crash(&mut self) {
        self.core = None;
        self.under_way.clear();
        self.wake_at = None;
    }

    pub fn receive(&mut self, now: Instant, from: SocketAddr, bytes: &[u8], rng: &mut ChaCha8Rng) {
        let clocks = self.clocks(now);
        if let Some(core) = &mut self.core {
            core.handle_datagram(clocks, from, bytes);
            self.drain(now, rng);
        }
    }

    /// Does what is due: timers, storage, hashing.
    pub fn run(&mut self, now: Instant, rng: &mut ChaCha8Rng) {
        while self.under_way.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, request)) = self.under_way.pop_front() else { return };
            let clocks = self.clocks(now);
            let Some(core) = &mut self.core else { return };
            match request {
                Request::Store(ticket, write) => {
                    let fails = rng.next_u32() % 100 < self.failing_percent && may_fail(&write);
                    let stored = if fails { Stored::Failed } else { self.disk.write(&write) };
                    core.handle_stored(clocks, ticket, &stored);
                }
                Request::Load(ticket, query) => {
                    let loaded: Loaded = self.disk.load(&query);
                    core.handle_loaded(clocks, ticket, loaded);
                }
                Request::Hash(ticket, job) => {
                    core.handle_hashed(clocks, ticket, hash(&job));
                }
            }
            self.drain(now, rng);
        }
        let clocks = self.clocks(now);
        if self.wake_at.is_some_and(|at| at <= now)
            && let Some(core) = &mut self.core
        {
            core.handle_timeout(clocks);
            self.drain(now, rng);
        }
    }

    pub fn next_time(&self) -> Option<Instant> {
        let request = self.under_way.front().map(|(at, _)| *at);
        [request, self.wake_at].into_iter().flatten().min()
    }

    pub fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.sent)
    }

    /// Both clocks. The monotonic one can't be set.
    fn clocks(&self, now: Instant) -> Now {
        let passed = u64::try_from(now.since_origin().as_millis()).unwrap();
        let millis = (EPOCH_MS + passed).saturating_add_signed(self.calendar_ahead_ms);
        Now { monotonic: now, calendar: UnixTime { millis } }
    }

    fn drain(&mut self, now: Instant, rng: &mut ChaCha8Rng) {
        let Some(core) = &mut self.core else { return };
        loop {
            // Storage is done in order, after one to ten milliseconds more than the last.
            let (request, wait) = match core.poll() {
                Action::Transmit(to, bytes) => {
                    self.sent.push((to, bytes));
                    continue;
                }
                Action::Log(record) => {
                    self.log.push(record);
                    continue;
                }
                Action::Wait(at) => {
                    self.wake_at = at;
                    return;
                }
                Action::Store(ticket, write) => {
                    let wait = Duration::from_micros(u64::from(rng.next_u32() % 5_000));
                    (Request::Store(ticket, write), wait)
                }
                Action::Load(ticket, query) => (Request::Load(ticket, query), Duration::ZERO),
                Action::Hash(ticket, job) => (Request::Hash(ticket, job), HASH_TIME),
            };
            let last = self.under_way.back().map_or(now, |(at, _)| *at);
            self.under_way.push_back((last.max(now) + wait, request));
        }
    }
}

/// Only messages fail: what else fails is covered where it is told to somebody.
fn may_fail(write: &Write) -> bool {
    matches!(write, Write::AddMessages(_))
}
