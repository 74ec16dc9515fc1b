//! SQLite: one thread, one connection, group commit.
//!
//! Whatever waits when the thread is free is carried out in order and committed together, so the
//! cost of reaching the disk is shared by all who wait for it, and nobody waits on purpose.

mod database;

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use netchat_core::limits::WRITES_PENDING_MAX;
use netchat_core::storage::{Snapshot, Stored, Ticket, Write};
use tokio::sync::mpsc::UnboundedSender;

pub(crate) use self::database::Database;
pub use self::database::DatabaseError;

/// Most writes committed together: enough to share the cost of a commit, few enough not to delay
/// the first of them.
const BATCH_MAX: usize = 512;

/// What happened to a write.
pub(crate) type Result = (Ticket, Stored);

/// The storage thread. Dropping it commits what is under way and closes the database.
#[derive(Debug)]
pub(crate) struct Storage {
    writes: Option<SyncSender<(Ticket, Write)>>,
    thread: Option<JoinHandle<()>>,
}

impl Storage {
    /// Opens the database, making it if needed. Results come through `results`, in order; the core
    /// bounds how many can be under way.
    pub(crate) fn open(
        path: &Path,
        results: UnboundedSender<Result>,
    ) -> std::result::Result<(Self, Snapshot), DatabaseError> {
        let database = Database::open(path)?;
        let snapshot = database.snapshot()?;
        let (writes, receiver) = sync_channel(WRITES_PENDING_MAX);
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || work(database, &receiver, &results))
            .map_err(DatabaseError::Thread)?;
        Ok((
            Self {
                writes: Some(writes),
                thread: Some(thread),
            },
            snapshot,
        ))
    }

    /// Queues a write. Never blocks: gives it back if there is no room or no thread.
    pub(crate) fn write(&self, ticket: Ticket, write: Write) -> std::result::Result<(), Ticket> {
        let Some(writes) = &self.writes else {
            return Err(ticket);
        };
        writes
            .try_send((ticket, write))
            .map_err(|error| match error {
                TrySendError::Full((ticket, _)) | TrySendError::Disconnected((ticket, _)) => ticket,
            })
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.writes = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own message.
            let _ = thread.join();
        }
    }
}

fn work(
    mut database: Database,
    writes: &Receiver<(Ticket, Write)>,
    results: &UnboundedSender<Result>,
) {
    while let Ok(first) = writes.recv() {
        let batch: Vec<_> = std::iter::once(first)
            .chain(writes.try_iter())
            .take(BATCH_MAX)
            .collect();
        let (tickets, batch): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        for result in tickets.into_iter().zip(database.write(&batch)) {
            if results.send(result).is_err() {
                return;
            }
        }
    }
}
