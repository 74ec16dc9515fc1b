//! SQLite: one thread, one connection, group commit.
//!
//! Whatever waits when the thread is free is carried out in order and committed together, so the
//! cost of reaching the disk is shared by all who wait for it, and nobody waits on purpose. What
//! was committed goes out at once; then some of the questions that wait are answered, and then the
//! indexes and a purge, if one is under way, go on a little.

mod checkpoints;
mod database;
mod generation;
mod groups;
mod index;
mod limits;
mod lock;
mod messages;
mod name_keys;
mod passwords;
mod purge;
mod queries;
mod settings;
#[cfg(test)]
mod tests;
mod usage;
mod writes;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;

use netchat_core::limits::{LOADS_PENDING_MAX, WRITES_PENDING_MAX};
use netchat_core::storage::{Entry, Loaded, Query, Snapshot, Stored, Ticket, Write};
use netchat_process::Clock;
use tokio::sync::mpsc::UnboundedSender;

pub use self::database::{Database, DatabaseError};
use self::limits::{LOADS_PER_TURN_MAX, REQUESTS_PER_TURN_MAX};
pub(crate) use self::passwords::{Kept, kept_password};
pub use self::writes::Committed;

/// Something to do.
#[derive(Debug)]
pub enum Request {
    /// A change to store.
    Write(Ticket, Write),
    /// A question to answer.
    Load(Ticket, Query),
}

/// What carries out requests, and answers through a channel that whoever made it holds.
pub trait Store: std::fmt::Debug + Send {
    /// Takes a request. Never blocks.
    ///
    /// # Errors
    /// The answer, if there is no room: it has failed.
    fn request(&self, request: Request) -> Result<(), Responses>;
}

/// What came of some requests. Hand it to the core in the order of the fields.
#[derive(Debug, Default)]
pub struct Responses {
    /// What was added to the log.
    pub entries: Vec<Entry>,
    /// The answers of the writes that were committed with it.
    pub stored: Vec<(Ticket, Stored)>,
    /// Answers of questions.
    pub loaded: Vec<(Ticket, Loaded)>,
}

/// The storage thread. Dropping it commits what is under way and closes the database.
#[derive(Debug)]
pub struct Storage {
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Storage {
    /// Gives the database to a thread. Responses come through `responses`; the core bounds how many can be
    /// under way. Answers what a core starts with.
    ///
    /// # Errors
    /// [`DatabaseError`], when the file holds what this program does not write.
    pub fn start(
        database: Database,
        clock: Clock,
        responses: UnboundedSender<Responses>,
    ) -> Result<(Self, Snapshot), DatabaseError> {
        let snapshot = database.snapshot()?;
        let (requests, receiver) = sync_channel(WRITES_PENDING_MAX + LOADS_PENDING_MAX);
        let worker =
            Worker { database, clock, requests: receiver, responses, loads: VecDeque::new() };
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || worker.work())
            .map_err(DatabaseError::Thread)?;
        Ok((Self { requests: Some(requests), thread: Some(thread) }, snapshot))
    }
}

impl Store for Storage {
    /// Queues a request. If there is no room or no thread, it has failed.
    fn request(&self, request: Request) -> Result<(), Responses> {
        let Some(requests) = &self.requests else { return Err(request.failed()) };
        requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(request) | TrySendError::Disconnected(request) => request.failed(),
        })
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own message.
            let _ = thread.join();
        }
    }
}

impl Request {
    fn failed(self) -> Responses {
        let mut responses = Responses::default();
        match self {
            Self::Write(ticket, _) => responses.stored.push((ticket, Stored::Failed)),
            Self::Load(ticket, _) => responses.loaded.push((ticket, Loaded::Failed)),
        }
        responses
    }
}

/// What the thread has.
struct Worker {
    database: Database,
    clock: Clock,
    requests: Receiver<Request>,
    responses: UnboundedSender<Responses>,
    /// Questions that wait for their turn: at most `LOADS_PENDING_MAX`, since the core has no more
    /// under way.
    loads: VecDeque<(Ticket, Query)>,
}

/// Nobody asks any more, or nobody listens.
struct Ended;

impl Worker {
    fn work(mut self) {
        while self.turn().is_ok() {}
    }

    fn turn(&mut self) -> Result<(), Ended> {
        let first = self.next_request()?;
        let is_idle = first.is_none() && self.loads.is_empty();
        let mut writes = Vec::new();
        for request in first.into_iter().chain(self.requests.try_iter()).take(REQUESTS_PER_TURN_MAX)
        {
            match request {
                Request::Write(ticket, write) => writes.push((ticket, write)),
                Request::Load(ticket, query) => self.loads.push_back((ticket, query)),
            }
        }
        if !writes.is_empty() {
            let Committed { entries, stored } = self.database.write(&writes, self.clock.now());
            self.respond(Responses { entries, stored, loaded: Vec::new() })?;
        }
        if !self.loads.is_empty() {
            let loads = self.loads.drain(..LOADS_PER_TURN_MAX.min(self.loads.len()));
            let loaded = loads.map(|(ticket, query)| (ticket, self.database.load(&query)));
            let loaded = loaded.collect();
            self.respond(Responses { loaded, ..Responses::default() })?;
        }
        self.database.keep_up(is_idle);
        Ok(())
    }

    /// The next request; waits for one if there is nothing else to do.
    fn next_request(&self) -> Result<Option<Request>, Ended> {
        if self.loads.is_empty() && !self.database.has_upkeep() {
            return self.requests.recv().map(Some).map_err(|_| Ended);
        }
        match self.requests.try_recv() {
            Ok(request) => Ok(Some(request)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Ended),
        }
    }

    fn respond(&self, responses: Responses) -> Result<(), Ended> {
        self.responses.send(responses).map_err(|_| Ended)
    }
}
