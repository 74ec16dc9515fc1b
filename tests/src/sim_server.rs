//! The server's core with a clock that is set by hand, a storage that commits at once and a hasher
//! that costs nothing. Everything is deterministic.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::storage::{HashJob, Hashed, Loaded, Stored, Ticket, Write};
use netchat_core::{Action, Record, Server, Settings};
use netchat_shared::password::Password;
use netchat_shared::time::{Instant, Now, UnixTime};

use crate::memory_storage::MemoryStorage;

/// Where virtual time begins on the calendar: the day of the original's last change.
const EPOCH_MS: u64 = 1_651_363_200_000;

pub struct SimServer {
    core: Server,
    now: Now,
    sent: Vec<(SocketAddr, Vec<u8>)>,
    wake_at: Option<Instant>,
    pub storage: MemoryStorage,
    /// Everything told to the operator.
    pub log: Vec<Record>,
    /// Storage fails from now on.
    pub storage_fails: bool,
}

impl SimServer {
    pub fn new(adjust: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(Password::new("password").unwrap());
        adjust(&mut settings);
        let now = Now { monotonic: Instant::ZERO, calendar: UnixTime { millis: EPOCH_MS } };
        let storage = MemoryStorage::default();
        Self {
            core: Server::new(now, settings, storage.snapshot(), [7; 32]),
            now,
            sent: Vec::new(),
            wake_at: None,
            storage,
            log: Vec::new(),
            storage_fails: false,
        }
    }

    pub fn now(&self) -> Now {
        self.now
    }

    /// Passes a datagram in, and carries out what follows.
    pub fn receive(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.core.handle_datagram(self.now, from, datagram);
        self.settle();
    }

    /// Lets time pass, with every timer on the way.
    pub fn pass(&mut self, duration: Duration) {
        let end = self.now.monotonic + duration;
        while let Some(at) = self.wake_at.filter(|at| *at <= end) {
            self.set_time(at);
            self.core.handle_timeout(self.now);
            self.settle();
        }
        self.set_time(end);
    }

    /// When the server wants to be woken.
    pub fn wake_at(&self) -> Option<Instant> {
        self.wake_at
    }

    /// What the server has sent since the last call.
    pub fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.sent)
    }

    fn set_time(&mut self, monotonic: Instant) {
        let passed = u64::try_from(monotonic.since_origin().as_millis()).unwrap();
        self.now = Now { monotonic, calendar: UnixTime { millis: EPOCH_MS + passed } };
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
                    self.core.handle_loaded(self.now, ticket, loaded);
                }
                Action::Hash(ticket, job) => {
                    self.core.handle_hashed(self.now, ticket, hash(&job));
                }
                Action::Log(record) => self.log.push(record),
                Action::Wait(at) => {
                    self.wake_at = at;
                    return;
                }
            }
        }
    }

    fn store(&mut self, ticket: Ticket, write: &Write) {
        let stored = match self.storage_fails {
            true => Stored::Failed,
            false => self.storage.write(write),
        };
        self.core.handle_stored(self.now, ticket, &stored);
    }
}

/// Hashing that costs nothing.
pub fn hash(job: &HashJob) -> Hashed {
    match job {
        HashJob::Create(password) => Hashed::Created(format!("hash of {}", password.reveal())),
        HashJob::Verify(password, Some(hash))
            if *hash == format!("hash of {}", password.reveal()) =>
        {
            Hashed::Right(None)
        }
        HashJob::Verify(..) => Hashed::Wrong,
    }
}
