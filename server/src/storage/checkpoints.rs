//! Working the write-ahead log into the database, beside the commits.
//!
//! SQLite would do it within a commit, and everyone would wait for some milliseconds. So a thread
//! with a connection of its own does most of it, twice, since commits go on meanwhile. The little
//! that came during the second time is left to whoever commits, between two commits: only when
//! nothing is left does the log begin anew. See <https://sqlite.org/wal.html>, "Checkpointing".

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tracing::warn;

use super::limits::{CHECKPOINT_BYTES, COMMITS_PER_LOOK};

/// What to do at most beside the commits.
const TIMES: usize = 2;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Checkpoints {
    asks: Option<SyncSender<()>>,
    answers: Receiver<rusqlite::Result<()>>,
    thread: Option<JoinHandle<()>>,
    is_under_way: bool,
    pages_max: i64,
    commits: u32,
}

/// How many pages the log has, and how many of them are in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Log {
    pages: i64,
    done: i64,
}

impl Checkpoints {
    /// Starts the thread, for the database at that path, which is open already.
    pub(super) fn start(path: &Path, open: &Connection) -> rusqlite::Result<Self> {
        let page_bytes: i64 = open.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let connection = Connection::open(path)?;
        let (asks, asked) = sync_channel(1);
        let (answer, answers) = sync_channel(1);
        let thread = std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || {
            while let Ok(()) = asked.recv() {
                let done = (0..TIMES).try_for_each(|_| passive(&connection).map(drop));
                if answer.send(done).is_err() {
                    return;
                }
            }
        });
        let thread = thread.inspect_err(|error| warn!(%error, "checkpoints hold up commits")).ok();
        Ok(Self {
            asks: thread.is_some().then_some(asks),
            answers,
            thread,
            is_under_way: false,
            pages_max: CHECKPOINT_BYTES / page_bytes,
            commits: 0,
        })
    }

    /// There was a commit, and no transaction is open. What there is to do now is done.
    pub(super) fn follow(&mut self, connection: &Connection) {
        if let Err(error) = self.step(connection) {
            warn!(%error, "the write-ahead log could not be worked into the database");
        }
    }

    fn step(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_under_way {
            let Ok(done) = self.answers.try_recv() else { return Ok(()) };
            self.is_under_way = false;
            return done.and_then(|()| passive(connection).map(drop));
        }
        self.commits += 1;
        if self.commits < COMMITS_PER_LOOK {
            return Ok(());
        }
        self.commits = 0;
        let log = checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)")?;
        if log.pages >= self.pages_max && log.done < log.pages {
            self.is_under_way = self.asks.as_ref().is_some_and(|asks| asks.try_send(()).is_ok());
        }
        Ok(())
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own message.
            let _ = thread.join();
        }
    }
}

/// Works in what can be had without waiting for anybody.
fn passive(connection: &Connection) -> rusqlite::Result<Log> {
    checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")
}

fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<Log> {
    let read = |row: &rusqlite::Row<'_>| Ok(Log { pages: row.get(1)?, done: row.get(2)? });
    connection.prepare_cached(pragma)?.query_row([], read)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The thread may have to wait for a processor.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn the_log_begins_anew_while_commits_go_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        connection.execute_batch("CREATE TABLE it (id INTEGER PRIMARY KEY, bytes BLOB)").unwrap();
        let mut checkpoints = Checkpoints::start(&path, &connection).unwrap();
        let (mut pages, mut times_anew) = (0, 0);
        let began = std::time::Instant::now();
        while began.elapsed() < PATIENCE {
            let bytes = vec![7_u8; 256 * 1_024];
            connection.execute("INSERT OR REPLACE INTO it VALUES (1, ?1)", [&bytes]).unwrap();
            let before = std::mem::replace(&mut pages, log(&connection).pages);
            times_anew += usize::from(pages < before);
            if times_anew == 3 {
                return;
            }
            checkpoints.follow(&connection);
        }
        panic!("it has {pages} pages, and began anew {times_anew} times");
    }

    fn log(connection: &Connection) -> Log {
        checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)").unwrap()
    }
}
