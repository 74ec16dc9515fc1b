//! SQLite: one thread, one connection, group commit.
//!
//! Whatever waits when the thread is free is carried out in order and committed together, so the
//! cost of reaching the disk is shared by all who wait for it, and nobody waits on purpose. Questions
//! are answered after the commit.

mod database;
mod queries;
mod writes;

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use netchat_core::limits::{LOADS_PENDING_MAX, WRITES_PENDING_MAX};
use netchat_core::storage::{Loaded, Query, Snapshot, Stored, Ticket, Write};
use tokio::sync::mpsc::UnboundedSender;

use self::database::Database;
pub use self::database::DatabaseError;

/// Most requests carried out together: enough to share the cost of a commit, few enough not to delay
/// the first of them.
const BATCH_MAX: usize = 512;

/// Something to do.
#[derive(Debug)]
pub(crate) enum Request {
    Write(Ticket, Write),
    Load(Ticket, Query),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Response {
    Stored(Ticket, Stored),
    Loaded(Ticket, Loaded),
}

/// The storage thread. Dropping it commits what is under way and closes the database.
#[derive(Debug)]
pub(crate) struct Storage {
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Storage {
    /// Opens the database, making it if needed. Responses come through `responses`; the core bounds
    /// how many can be under way.
    pub(crate) fn open(
        path: &Path,
        responses: UnboundedSender<Response>,
    ) -> Result<(Self, Snapshot), DatabaseError> {
        let database = Database::open(path)?;
        let snapshot = database.snapshot()?;
        let (requests, receiver) = sync_channel(WRITES_PENDING_MAX + LOADS_PENDING_MAX);
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || work(database, &receiver, &responses))
            .map_err(DatabaseError::Thread)?;
        Ok((Self { requests: Some(requests), thread: Some(thread) }, snapshot))
    }

    /// Queues a request. Never blocks: if there is no room or no thread, it has failed.
    pub(crate) fn request(&self, request: Request) -> Result<(), Response> {
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
    fn failed(self) -> Response {
        match self {
            Self::Write(ticket, _) => Response::Stored(ticket, Stored::Failed),
            Self::Load(ticket, _) => Response::Loaded(ticket, Loaded::Failed),
        }
    }
}

fn work(
    mut database: Database,
    requests: &Receiver<Request>,
    responses: &UnboundedSender<Response>,
) {
    while let Ok(first) = requests.recv() {
        let (mut tickets, mut writes, mut loads) = (Vec::new(), Vec::new(), Vec::new());
        for request in std::iter::once(first).chain(requests.try_iter()).take(BATCH_MAX) {
            match request {
                Request::Write(ticket, write) => {
                    tickets.push(ticket);
                    writes.push(write);
                }
                Request::Load(ticket, query) => loads.push((ticket, query)),
            }
        }
        let stored = tickets.into_iter().zip(database.write(&writes));
        let stored = stored.map(|(ticket, stored)| Response::Stored(ticket, stored));
        let loaded = loads
            .into_iter()
            .map(|(ticket, query)| Response::Loaded(ticket, database.load(&query)));
        for response in stored.collect::<Vec<_>>().into_iter().chain(loaded) {
            if responses.send(response).is_err() {
                return;
            }
        }
    }
}
