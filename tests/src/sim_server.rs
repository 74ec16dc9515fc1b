//! The server's core with clocks that are set by hand, a storage that commits at once and a hasher
//! that costs nothing. Everything is deterministic.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::storage::{
    Entry, HashJob, Loaded, Query, Sequence, Snapshot, Stored, Ticket, Write,
};
use netchat_core::{Action, Directory, LogEvent, Secrets, Server, Settings};
use netchat_shared::password::Password;
use netchat_shared::time::{Instant, Now, UnixTime};
use netchat_shared::via::GatewayKey;

use crate::memory_storage::MemoryStorage;
use crate::opaque::{hash, setup};
use crate::opening::server_key;

/// Whoever wants to be woken at once, again and again, would stop the world.
const STEPS_AT_ONCE_MAX: usize = 10_000;

/// Where a server keeps things: the plain model, or a real database.
pub trait Storage {
    /// Carries a change out and commits it: the entries that came of it, and what became of it.
    fn write(&mut self, now: UnixTime, ticket: Ticket, write: &Write) -> (Vec<Entry>, Stored);

    /// Answers a question.
    fn load(&mut self, query: &Query) -> Loaded;

    /// What a core starts with.
    fn snapshot(&mut self) -> Snapshot;

    /// Closes whatever is open and opens it again, as a process does that starts anew.
    fn reopen(&mut self) {}
}

impl Storage for MemoryStorage {
    fn write(&mut self, now: UnixTime, ticket: Ticket, write: &Write) -> (Vec<Entry>, Stored) {
        Self::write(self, now, ticket, write)
    }

    fn load(&mut self, query: &Query) -> Loaded {
        Self::load(self, query)
    }

    fn snapshot(&mut self) -> Snapshot {
        Self::snapshot(self)
    }
}

pub struct SimServer<S = MemoryStorage> {
    settings: Settings,
    core: Server,
    /// How often the process has started: each start draws other random numbers.
    starts: u8,
    /// What the core has to believe: the fold of what was committed.
    believed: Directory,
    head: Sequence,
    monotonic: Instant,
    calendar_ahead_ms: i64,
    sent: Vec<(SocketAddr, Vec<u8>)>,
    wake_at: Option<Instant>,
    pub storage: S,
    /// How long a hash takes; each begins when the one before it is done.
    pub hash_time: Duration,
    /// Hashes under way, and when each is done.
    hashing: VecDeque<(Instant, Ticket, HashJob)>,
    /// How many were asked for.
    pub hashes: usize,
    /// Everything told to the operator.
    pub log: Vec<LogEvent>,
    /// Storage fails from now on.
    pub storage_fails: bool,
}

impl SimServer {
    /// Where virtual time begins on the calendar: the day of the original's last change.
    pub const EPOCH: UnixTime = UnixTime { millis: 1_651_363_200_000 };

    pub fn new(adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::on(MemoryStorage::default(), adjust)
    }
}

impl<S: Storage> SimServer<S> {
    /// A server on a storage that has something already.
    pub fn on(mut storage: S, adjust: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(Password::new("password").unwrap());
        adjust(&mut settings);
        let snapshot = storage.snapshot();
        let now = clocks(Instant::ZERO, 0);
        let mut server = Self {
            believed: Directory::load(&snapshot),
            head: snapshot.head,
            core: Server::new(now, settings.clone(), secrets(), &snapshot, [7; 32]),
            settings,
            starts: 1,
            monotonic: Instant::ZERO,
            calendar_ahead_ms: 0,
            sent: Vec::new(),
            wake_at: None,
            storage,
            hash_time: Duration::ZERO,
            hashing: VecDeque::new(),
            hashes: 0,
            log: Vec::new(),
            storage_fails: false,
        };
        server.settle();
        server
    }

    pub fn now(&self) -> Now {
        clocks(self.monotonic, self.calendar_ahead_ms)
    }

    /// Somebody sets the machine's calendar clock: so far ahead of the right time, or behind it.
    pub fn set_calendar_ahead(&mut self, millis: i64) {
        self.calendar_ahead_ms = millis;
    }

    /// The process ends at once and starts again, with what is stored.
    pub fn restart(&mut self) {
        self.starts += 1;
        self.storage.reopen();
        let snapshot = self.storage.snapshot();
        self.believed = Directory::load(&snapshot);
        self.head = snapshot.head;
        let seed = [6 + self.starts; 32];
        self.core = Server::new(self.now(), self.settings.clone(), secrets(), &snapshot, seed);
        self.wake_at = None;
        self.hashing.clear();
        self.settle();
    }

    /// Passes a datagram in, and carries out what follows.
    pub fn receive(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.core.handle_datagram(self.now(), from, datagram);
        self.settle();
    }

    /// Lets time pass, with every timer on the way.
    pub fn pass(&mut self, duration: Duration) {
        let end = self.monotonic + duration;
        let mut steps_at_once = 0;
        while let Some(at) = self.next_time().filter(|at| *at <= end) {
            steps_at_once = if at > self.monotonic { 0 } else { steps_at_once + 1 };
            assert!(steps_at_once < STEPS_AT_ONCE_MAX, "the server wants to be woken for nothing");
            self.monotonic = at.max(self.monotonic);
            if self.hashing.front().is_some_and(|(at, ..)| *at <= self.monotonic)
                && let Some((_, ticket, job)) = self.hashing.pop_front()
            {
                self.core.handle_hashed(self.now(), ticket, hash(&job));
            }
            self.core.handle_timeout(self.now());
            self.settle();
        }
        self.monotonic = end;
    }

    /// When something happens by itself.
    fn next_time(&self) -> Option<Instant> {
        let hashed_at = self.hashing.front().map(|(at, ..)| *at);
        [self.wake_at, hashed_at].into_iter().flatten().min()
    }

    /// When the server wants to be woken.
    pub fn wake_at(&self) -> Option<Instant> {
        self.wake_at
    }

    /// What the server has sent since the last call.
    pub fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.sent)
    }

    /// The server believes what was committed, and nothing else.
    pub fn check(&self) {
        assert_eq!(self.core.applied(), self.head);
        assert_eq!(self.core.directory(), &self.believed);
    }

    fn settle(&mut self) {
        loop {
            match self.core.poll() {
                Action::Transmit(to, datagram) => self.sent.push((to, datagram)),
                Action::Store(ticket, write) => self.store(ticket, &write),
                Action::Load(ticket, query) => {
                    let loaded = match self.storage_fails {
                        true => Loaded::Failed,
                        false => self.storage.load(&query),
                    };
                    self.core.handle_loaded(self.now(), ticket, loaded);
                }
                Action::Hash(ticket, job) => {
                    self.hashes += 1;
                    if self.hash_time.is_zero() {
                        self.core.handle_hashed(self.now(), ticket, hash(&job));
                    } else {
                        let after = self.hashing.back().map_or(self.monotonic, |(at, ..)| *at);
                        self.hashing.push_back((after + self.hash_time, ticket, job));
                    }
                }
                Action::Log(event) => self.log.push(event),
                Action::Wait(at) => {
                    self.wake_at = at;
                    return;
                }
            }
        }
    }

    /// What came of a change is told before its answer.
    fn store(&mut self, ticket: Ticket, write: &Write) {
        let now = self.now();
        let (entries, stored) = match self.storage_fails {
            true => (Vec::new(), Stored::Failed),
            false => self.storage.write(now.calendar, ticket, write),
        };
        if let Some(last) = entries.last() {
            self.head = last.sequence;
            entries.iter().for_each(|entry| self.believed.apply(entry));
            self.core.handle_log(now, entries).unwrap();
        }
        self.core.handle_stored(now, ticket, stored);
    }
}

/// The keys of servers in tests.
pub fn secrets() -> Secrets {
    Secrets { server_key: server_key(), password_setup: setup(), gateway_key: gateway_key() }
}

/// What gateways of these servers know.
pub fn gateway_key() -> GatewayKey {
    GatewayKey::from_random([2; 32])
}

/// Both clocks. The monotonic one can't be set.
fn clocks(monotonic: Instant, calendar_ahead_ms: i64) -> Now {
    let passed = u64::try_from(monotonic.since_origin().as_millis()).unwrap();
    let millis = (<SimServer>::EPOCH.millis + passed).saturating_add_signed(calendar_ahead_ms);
    Now { monotonic, calendar: UnixTime { millis } }
}
