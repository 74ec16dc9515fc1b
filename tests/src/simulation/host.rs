//! The server on a simulated machine: its process can die and come back, and its storage is a
//! client of a log that it may share with other servers.
//!
//! Storage takes time, fails, and loses at a crash what was not committed. What was committed
//! reaches a server late and in pieces, its answers may be lost or overtake it, and pages may come
//! from a copy that lags behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::storage::{
    Draft, Entry, Generation, HashJob, Query, Sequence, Stored, Ticket, Write,
};
use netchat_core::{Action, Directory, LogEvent, Server, Settings};
use netchat_shared::time::{Instant, Now, UnixTime};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;

use crate::memory_storage::MemoryStorage;
use crate::opaque::hash;
use crate::sim_server::secrets;

/// How long hashing takes.
const HASH_TIME: Duration = Duration::from_millis(30);
/// Most of a write; they are carried out one after the other.
const COMMIT_MICROS_MAX: u32 = 5_000;
/// When storage asks again whose answer was lost.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(300);
/// Virtual time begins here on the calendar.
const EPOCH_MS: u64 = 1_700_000_000_000;

/// What goes wrong between a server and its storage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Out of a hundred changes, so many are not stored.
    pub failing_percent: u32,
    /// Out of a hundred messages that were stored, the answer is lost for so many, and storage is
    /// asked again.
    pub lost_answer_percent: u32,
    /// Out of a hundred answers, so many do not wait for the entries that came of the request.
    pub early_answer_percent: u32,
    /// Out of a hundred pages, so many come from a copy that lacks the end of the log.
    pub stale_page_percent: u32,
    /// Entries come so much later at most, and in pieces.
    pub tail_delay_max: Duration,
}

impl Faults {
    /// Everything at once, and nothing fails for good.
    pub const BAD: Self = Self {
        failing_percent: 10,
        lost_answer_percent: 20,
        early_answer_percent: 50,
        stale_page_percent: 30,
        tail_delay_max: Duration::from_millis(80),
    };

    /// Drawn at random; half of them store everything.
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut below = |bound: u32| rng.next_u32() % bound;
        Self {
            failing_percent: below(2) * below(20),
            lost_answer_percent: below(40),
            early_answer_percent: below(101),
            stale_page_percent: below(60),
            tail_delay_max: Duration::from_millis(u64::from(below(200))),
        }
    }
}

/// The committed log that all servers of a world stand on.
#[derive(Debug, Default)]
pub struct SharedLog {
    pub storage: MemoryStorage,
    /// Who asked for each entry: nobody else learns of the request.
    askers: Vec<ProcessId>,
    last_process: ProcessId,
}

/// One run of one server.
type ProcessId = u64;

/// A machine, and the settings of the server on it.
pub struct Host {
    settings: Settings,
    process: Option<Process>,
    pub faults: Faults,
    /// How far somebody has set the machine's calendar clock, from the first day.
    pub calendar_ahead_ms: i64,
    pub log: Vec<LogEvent>,
    sent: Vec<(SocketAddr, Vec<u8>)>,
}

/// A server that runs.
struct Process {
    id: ProcessId,
    core: Server,
    /// What the core has to believe: the fold of the log up to where it says that it is.
    believed: Directory,
    believed_to: Sequence,
    /// The core was handed the log up to here.
    handed: Sequence,
    /// More of it comes then.
    tail_at: Option<Instant>,
    /// What is due, in order; the second half tells apart what is due at once.
    due: BTreeMap<(Instant, u64), Event>,
    serial: u64,
    /// Requests are carried out one after the other: the last of them then.
    busy_until: Instant,
    /// Answers that wait for the log up to a place.
    held: Vec<(Sequence, Ticket, Stored)>,
    wake_at: Option<Instant>,
}

enum Event {
    Store {
        ticket: Ticket,
        write: Write,
        /// It was stored, and the answer lost.
        again: bool,
    },
    Load(Ticket, Query),
    Hash(Ticket, HashJob),
    /// Waits until the core was handed the log up to that place.
    Answer(Sequence, Ticket, Stored),
}

impl SharedLog {
    /// A backup takes the place of the log: see [`MemoryStorage::restore`].
    pub fn restore(&mut self, backup: MemoryStorage, generation: Generation) {
        self.askers.truncate(backup.log().len());
        self.storage.restore(backup, generation);
    }

    fn next_process(&mut self) -> ProcessId {
        self.last_process += 1;
        self.last_process
    }

    fn write(
        &mut self,
        by: ProcessId,
        now: UnixTime,
        ticket: Ticket,
        write: &Write,
    ) -> (Sequence, Stored) {
        let (entries, stored) = self.storage.write(now, ticket, write);
        self.askers.resize(self.storage.log().len(), by);
        (entries.last().map_or(Sequence::ZERO, |entry| entry.sequence), stored)
    }

    /// Entries as a process reads them.
    fn read(&self, by: ProcessId, after: Sequence, count: u64) -> Vec<Entry> {
        let count = usize::try_from(count).unwrap();
        let entries = self.storage.log_after(after).iter().take(count).cloned();
        let as_read = |entry: Entry| {
            let at = usize::try_from(entry.sequence.previous().0).unwrap();
            let origin = entry.origin.filter(|_| self.askers[at] == by);
            Entry { origin, ..entry }
        };
        entries.map(as_read).collect()
    }
}

impl Host {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            process: None,
            faults: Faults::default(),
            calendar_ahead_ms: 0,
            log: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// The process starts, with what was committed.
    pub fn start(&mut self, now: Instant, log: &mut SharedLog, rng: &mut ChaCha8Rng) {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&rng.next_u64().to_le_bytes());
        let snapshot = log.storage.snapshot();
        self.process = Some(Process {
            id: log.next_process(),
            believed: Directory::load(&snapshot),
            believed_to: snapshot.head,
            handed: snapshot.head,
            core: Server::new(self.clocks(now), self.settings.clone(), secrets(), &snapshot, seed),
            tail_at: None,
            due: BTreeMap::new(),
            serial: 0,
            busy_until: now,
            held: Vec::new(),
            wake_at: None,
        });
        self.drain(now, log, rng);
    }

    /// The process dies. Whatever was not committed is lost, and so are all answers.
    pub fn crash(&mut self) {
        self.process = None;
    }

    pub fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
        log: &SharedLog,
        rng: &mut ChaCha8Rng,
    ) {
        let clocks = self.clocks(now);
        if let Some(process) = &mut self.process {
            process.core.handle_datagram(clocks, from, bytes);
            self.drain(now, log, rng);
        }
    }

    /// Does what is due: timers, storage, hashing.
    pub fn run(&mut self, now: Instant, log: &mut SharedLog, rng: &mut ChaCha8Rng) {
        while let Some(event) = self.process.as_mut().and_then(|process| process.next_due(now)) {
            self.carry_out(now, event, log, rng);
            self.drain(now, log, rng);
        }
        self.follow(now, log, rng);
        let clocks = self.clocks(now);
        if let Some(process) = &mut self.process
            && process.wake_at.is_some_and(|at| at <= now)
        {
            process.core.handle_timeout(clocks);
            self.drain(now, log, rng);
        }
    }

    /// Reads on in the log, if more of it is due.
    pub fn follow(&mut self, now: Instant, log: &SharedLog, rng: &mut ChaCha8Rng) {
        let clocks = self.clocks(now);
        let delay_max = self.faults.tail_delay_max;
        while let Some(process) = &mut self.process {
            let left = log.storage.head().0 - process.handed.0;
            if left == 0 {
                return;
            }
            let at = *process.tail_at.get_or_insert_with(|| now + random_below(delay_max, rng));
            if at > now {
                return;
            }
            process.tail_at = None;
            let count = if delay_max.is_zero() { left } else { 1 + rng.next_u64() % left };
            process.hand(clocks, log.read(process.id, process.handed, count));
            self.drain(now, log, rng);
        }
    }

    pub fn next_time(&self) -> Option<Instant> {
        let process = self.process.as_ref()?;
        let due = process.due.first_key_value().map(|((at, _), _)| *at);
        [due, process.tail_at, process.wake_at].into_iter().flatten().min()
    }

    pub fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.sent)
    }

    /// The core believes exactly what the log says up to where it has applied it.
    pub fn check(&mut self, log: &SharedLog) {
        let Some(process) = &mut self.process else { return };
        let applied = process.core.applied();
        assert!(applied >= process.believed_to, "it does not go back");
        assert!(applied <= process.handed, "it has not seen more");
        for entry in log.storage.log_after(process.believed_to) {
            if entry.sequence > applied {
                break;
            }
            process.believed.apply(entry);
        }
        process.believed_to = applied;
        assert_eq!(process.core.directory(), &process.believed, "at {applied:?}");
    }

    /// Both clocks. The monotonic one can't be set.
    fn clocks(&self, now: Instant) -> Now {
        let passed = u64::try_from(now.since_origin().as_millis()).unwrap();
        let millis = (EPOCH_MS + passed).saturating_add_signed(self.calendar_ahead_ms);
        Now { monotonic: now, calendar: UnixTime { millis } }
    }

    fn carry_out(&mut self, now: Instant, event: Event, log: &mut SharedLog, rng: &mut ChaCha8Rng) {
        let clocks = self.clocks(now);
        let faults = self.faults;
        let mut happens = |percent: u32| rng.next_u32() % 100 < percent;
        let Some(process) = &mut self.process else { return };
        match event {
            Event::Store { ticket, write, again } => {
                if !again && may_fail(&write) && happens(faults.failing_percent) {
                    return process.core.handle_stored(clocks, ticket, Stored::Failed);
                }
                let (last, stored) = log.write(process.id, clocks.calendar, ticket, &write);
                if can_be_repeated(&write) && happens(faults.lost_answer_percent) {
                    let event = Event::Store { ticket, write, again: true };
                    process.schedule(now + ASK_AGAIN_AFTER, event);
                } else {
                    let is_early = happens(faults.early_answer_percent);
                    let until = if is_early { Sequence::ZERO } else { last };
                    process.schedule(now, Event::Answer(until, ticket, stored));
                }
                self.follow(now, log, rng);
            }
            Event::Load(ticket, query) => {
                let behind = match happens(faults.stale_page_percent) {
                    true => rng.next_u64() % 20,
                    false => 0,
                };
                let head = Sequence(log.storage.head().0.saturating_sub(behind));
                let loaded = log.storage.load_at(&query, head);
                process.core.handle_loaded(clocks, ticket, loaded);
            }
            Event::Hash(ticket, job) => process.core.handle_hashed(clocks, ticket, hash(&job)),
            Event::Answer(until, ticket, stored) if until > process.handed => {
                process.held.push((until, ticket, stored));
            }
            Event::Answer(_, ticket, stored) => {
                process.core.handle_stored(clocks, ticket, stored);
            }
        }
    }

    fn drain(&mut self, now: Instant, log: &SharedLog, rng: &mut ChaCha8Rng) {
        let Some(process) = &mut self.process else { return };
        loop {
            // Storage is done in order, a while after the last.
            let (event, wait) = match process.core.poll() {
                Action::Transmit(to, bytes) => {
                    self.sent.push((to, bytes));
                    continue;
                }
                Action::Log(event) => {
                    self.log.push(event);
                    continue;
                }
                Action::Wait(at) => {
                    process.wake_at = at;
                    break;
                }
                Action::Store(ticket, write) => {
                    let wait = u64::from(rng.next_u32() % COMMIT_MICROS_MAX);
                    let event = Event::Store { ticket, write, again: false };
                    (event, Duration::from_micros(wait))
                }
                Action::Load(ticket, query) => (Event::Load(ticket, query), Duration::ZERO),
                Action::Hash(ticket, job) => (Event::Hash(ticket, job), HASH_TIME),
            };
            process.busy_until = process.busy_until.max(now) + wait;
            process.schedule(process.busy_until, event);
        }
        self.check(log);
    }
}

impl Process {
    fn schedule(&mut self, at: Instant, event: Event) {
        self.serial += 1;
        self.due.insert((at, self.serial), event);
    }

    /// Hands the core entries, and then the answers that waited for them.
    fn hand(&mut self, now: Now, entries: Vec<Entry>) {
        self.handed.0 += entries.len() as u64;
        self.core.handle_log(now, entries).unwrap();
        let handed = self.handed;
        for (_, ticket, stored) in self.held.extract_if(.., |(until, ..)| *until <= handed) {
            self.core.handle_stored(now, ticket, stored);
        }
    }

    fn next_due(&mut self, now: Instant) -> Option<Event> {
        let first = self.due.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

/// What fails is either told to somebody, who tries again, or repaired by a later change.
fn may_fail(write: &Write) -> bool {
    match write {
        Write::Append(_) | Write::SetReceived(_) | Write::EndTokens(_) => true,
        Write::SignedIn(..)
        | Write::SetRead(..)
        | Write::AddFailure(..)
        | Write::SetToken(..)
        | Write::RemoveToken(_)
        | Write::SetClock(_)
        | Write::Purge(_) => false,
    }
}

/// Messages have ids: storage may ask for them again without knowing what became of them.
fn can_be_repeated(write: &Write) -> bool {
    let is_message = |draft: &Draft| matches!(draft, Draft::Message(_));
    matches!(write, Write::Append(drafts) if drafts.iter().all(is_message))
}

fn random_below(max: Duration, rng: &mut ChaCha8Rng) -> Duration {
    let micros = u64::try_from(max.as_micros()).unwrap();
    Duration::from_micros(if micros == 0 { 0 } else { rng.next_u64() % micros })
}
