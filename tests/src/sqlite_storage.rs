//! The server's database, asked directly, in a folder of its own.

use std::path::PathBuf;
use std::time::Duration;

use netchat_core::storage::{Entry, Generation, Loaded, Query, Snapshot, Stored, Ticket, Write};
use netchat_server::store::{Committed, Database};
use netchat_shared::time::{Instant, Now, UnixTime};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::sim_server::Storage;

pub struct SqliteStorage {
    /// `None` only while something is done to its file.
    database: Option<Database>,
    path: PathBuf,
    _folder: TempDir,
    monotonic: Instant,
    stored_bytes_max: Option<u64>,
}

impl Default for SqliteStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl SqliteStorage {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netchat.db");
        let database = Some(Database::open(&path).unwrap());
        let (monotonic, stored_bytes_max) = (Instant::ZERO, None);
        Self { database, path, _folder: folder, monotonic, stored_bytes_max }
    }

    /// What one account may store.
    pub fn set_stored_bytes_max(&mut self, bytes_max: Option<u64>) {
        self.stored_bytes_max = bytes_max;
        self.open_mut().set_stored_bytes_max(bytes_max);
    }

    /// Carries out changes in order and commits them together. Finishes what the database does
    /// beside the load, such as a purge.
    pub fn write_all(&mut self, now: UnixTime, writes: &[(Ticket, Write)]) -> Committed {
        self.monotonic += Duration::from_millis(100);
        let now = Now { monotonic: self.monotonic, calendar: now };
        let database = self.open_mut();
        let committed = database.write(writes, now);
        while database.has_upkeep() {
            database.keep_up(true);
        }
        committed
    }

    /// A copy of the file.
    pub fn back_up(&mut self) -> Vec<u8> {
        self.database = None;
        let backup = std::fs::read(&self.path).unwrap();
        self.reopen();
        backup
    }

    /// Puts a copy in place of the file.
    pub fn restore(&mut self, backup: &[u8]) {
        self.database = None;
        std::fs::write(&self.path, backup).unwrap();
        self.reopen();
    }

    pub fn generation(&self) -> Generation {
        self.open().snapshot().unwrap().generation
    }

    /// The number that a query finds in the file.
    pub fn ask(&self, query: &str) -> u64 {
        let connection = Connection::open(&self.path).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    fn open(&self) -> &Database {
        self.database.as_ref().expect("it is open")
    }

    fn open_mut(&mut self) -> &mut Database {
        self.database.as_mut().expect("it is open")
    }
}

impl Storage for SqliteStorage {
    fn write(&mut self, now: UnixTime, ticket: Ticket, write: &Write) -> (Vec<Entry>, Stored) {
        let Committed { entries, mut stored } = self.write_all(now, &[(ticket, write.clone())]);
        (entries, stored.remove(0).1)
    }

    fn load(&mut self, query: &Query) -> Loaded {
        self.open_mut().load(query)
    }

    fn snapshot(&mut self) -> Snapshot {
        self.open().snapshot().unwrap()
    }

    fn reopen(&mut self) {
        self.database = None;
        let mut database = Database::open(&self.path).unwrap();
        database.set_stored_bytes_max(self.stored_bytes_max);
        self.database = Some(database);
    }
}
