//! The database file: opening it, what is read at the start, and what is done with it.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use netchat_core::storage::{
    ClockMark, ConversationId, Generation, KeptPassword, Loaded, Query, Sequence, Snapshot, Stored,
    Ticket, TokenHash, TokenRecord, UserId, UserRecord, Verifier, Write,
};
use netchat_shared::time::{Now, UnixTime};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use rusqlite_migration::{M, Migrations};
use thiserror::Error;
use tracing::{error, info, warn};

use super::checkpoints::Checkpoints;
use super::generation::{Mark, Marked, draw};
use super::index::Index;
use super::limits::{
    BUSY_TIMEOUT, CACHE_KIB, INDEX_STEP_ROWS_MIN, LOG_BYTES_MAX, PAGE_BYTES, STATEMENTS_MAX,
};
use super::lock::Lock;
use super::purge::Sweep;
use super::usage::Usage;
use super::writes::{Committed, Head};
use super::{groups, name_keys, queries, writes};

/// Before this, SQLite could lose the end of its log when several connections wrote.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// The version of the schema that this program writes.
const SCHEMA_VERSION: usize = 11;

/// The permissions of the database and of what lies beside it: texts and hashes are in it.
pub(super) const OWNER_ONLY: u32 = 0o600;

/// Why a database can't be used. The text is one line for the operator.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The file, or the mark beside it, can't be made, locked or written.
    #[error("can't open the database {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another server has it.
    #[error(
        "the database {0} is in use by another server: stop that one, or choose another --database"
    )]
    InUse(PathBuf),
    /// A newer program has changed its schema.
    #[error(
        "the database {0} was made by a newer NetChat: use that one, or choose another --database"
    )]
    Newer(PathBuf),
    /// Only a server may change its schema.
    #[error("the database {0} is of an earlier NetChat: start the server with it once")]
    Older(PathBuf),
    /// SQLite can't use it.
    #[error("can't use the database {path}: {source}")]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// It can't be brought to the present schema.
    #[error("can't upgrade the database {path}: {source}")]
    Migration {
        /// Which file.
        path: PathBuf,
        /// What went wrong.
        source: rusqlite_migration::Error,
    },
    /// Something in it is not what this program writes.
    #[error("the database {path} holds an impossible {what}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is impossible.
        what: &'static str,
    },
    /// The program was linked with an SQLite that can lose data.
    #[error("this SQLite ({0}) has a known fault: build with the bundled one")]
    OldSqlite(String),
    /// The storage thread can't be started.
    #[error("can't start the storage thread: {0}")]
    Thread(io::Error),
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    /// Closed first: what the last connection leaves of the log, it works into the file.
    checkpoints: Checkpoints,
    connection: Connection,
    path: PathBuf,
    generation: Generation,
    head: Head,
    index: Index,
    usage: Usage,
    sweep: Option<Sweep>,
    mark: Mark,
    durability: Durability,
    /// Messages added by the last commit.
    added: usize,
    /// Locked for as long as the database is open. Closed last, as fields are dropped in their
    /// order: closing any handle of a file ends the locks that SQLite holds on it.
    _lock: Lock,
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// An acknowledged message must survive a power cut, not only a crash.
    Full,
    /// What follows from the rest, or may be done again. It reaches the disk with the next full
    /// commit, in order.
    Later,
}

impl Database {
    /// Opens it, making it if needed.
    ///
    /// # Errors
    /// [`DatabaseError`], when the file can't be used.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        if rusqlite::version_number() < SQLITE_VERSION_MIN {
            return Err(DatabaseError::OldSqlite(rusqlite::version().to_owned()));
        }
        let file = |source| DatabaseError::File { path: path.to_owned(), source };
        let sqlite = |source| DatabaseError::Sqlite { path: path.to_owned(), source };
        let lock = Lock::take(path)?;
        let metadata = lock.metadata().map_err(file)?;
        let is_new = metadata.len() == 0;
        if metadata.permissions().mode() & !OWNER_ONLY & 0o777 != 0 {
            let database = path.display();
            warn!(%database, "others on this machine may read the database: chmod 600 {database}*");
        }
        // What lies beside a database is named after the file itself, not after a link to it.
        let real_path = path.canonicalize().map_err(file)?;
        let mut connection = Connection::open(&real_path).map_err(sqlite)?;
        configure(&connection, is_new).map_err(sqlite)?;
        upgrade(&mut connection, path)?;
        let (mark, marked) = Mark::open(&real_path).map_err(file)?;
        let (head, indexed, generation) = read_head(&connection).map_err(sqlite)?;
        let index = Index::load(&connection, indexed).map_err(sqlite)?;
        let usage = Usage::load(&connection).map_err(sqlite)?;
        let checkpoints = Checkpoints::start(&real_path, &connection).map_err(sqlite)?;
        let mut database = Self {
            checkpoints,
            connection,
            path: path.to_owned(),
            generation,
            head,
            index,
            usage,
            sweep: None,
            mark,
            durability: Durability::Full,
            added: 0,
            _lock: lock,
        };
        database.settle_generation(marked)?;
        database.complete_index().map_err(sqlite)?;
        Ok(database)
    }

    /// Lets each account store so many bytes of messages, everything counted
    /// ([`MESSAGE_BYTES_AROUND`](netchat_core::limits::MESSAGE_BYTES_AROUND)); `None`: any number.
    pub fn set_stored_bytes_max(&mut self, bytes_max: Option<u64>) {
        self.usage.set_bytes_max(bytes_max);
    }

    /// With which setup its records of passwords are made; `None` if with none yet.
    ///
    /// # Errors
    /// [`DatabaseError::Sqlite`].
    pub fn password_setup(&self) -> Result<Option<[u8; 16]>, DatabaseError> {
        let setup = "SELECT fingerprint FROM password_setup";
        let found = self.connection.query_row(setup, [], |row| row.get(0)).optional();
        found.map_err(|source| DatabaseError::Sqlite { path: self.path.clone(), source })
    }

    /// From now on, with this one.
    ///
    /// # Errors
    /// [`DatabaseError::Sqlite`].
    pub fn keep_password_setup(&self, fingerprint: [u8; 16]) -> Result<(), DatabaseError> {
        let keep = "INSERT OR REPLACE INTO password_setup (id, fingerprint) VALUES (1, ?1)";
        let kept = self.connection.execute(keep, [fingerprint]);
        kept.map(|_| ()).map_err(|source| DatabaseError::Sqlite { path: self.path.clone(), source })
    }

    /// Draws a new generation if the file is not the log that was here last.
    fn settle_generation(&mut self, marked: Option<Marked>) -> Result<(), DatabaseError> {
        let is_named = self.generation != Generation(0);
        let is_same = marked.is_some_and(|marked| {
            marked.generation == self.generation && marked.head <= self.head.sequence
        });
        let file = |source| DatabaseError::File { path: self.path.clone(), source };
        if !is_named || !is_same {
            self.generation = draw().map_err(file)?;
            if is_named {
                let marked = marked.map_or(Sequence::ZERO, |marked| marked.head);
                // A place that was given before is not given to something else.
                self.head.sequence = self.head.sequence.max(marked);
                warn!(
                    database = %self.path.display(),
                    "the database was restored or came from elsewhere: clients start anew from it"
                );
            }
            let values = params![self.generation.0.cast_signed(), self.head.sequence.0];
            self.connection
                .execute("UPDATE head SET generation = ?1, seq = ?2", values)
                .map_err(|source| DatabaseError::Sqlite { path: self.path.clone(), source })?;
        }
        let file = |source| DatabaseError::File { path: self.path.clone(), source };
        self.mark.write_synced(self.marked()).map_err(file)
    }

    fn marked(&self) -> Marked {
        Marked { generation: self.generation, head: self.head.sequence }
    }

    /// What the core keeps in memory.
    ///
    /// # Errors
    /// [`DatabaseError`], when the file holds what this program does not write.
    pub fn snapshot(&self) -> Result<Snapshot, DatabaseError> {
        let read = || -> rusqlite::Result<Option<Snapshot>> {
            let groups = groups::read_groups(&self.connection)?;
            let (Some(users), Some(groups)) = (self.users()?, groups) else {
                return Ok(None);
            };
            Ok(Some(Snapshot {
                generation: self.generation,
                head: self.head.sequence,
                users,
                groups,
                blocks: groups::read_blocks(&self.connection)?,
                directs: self.directs()?,
                tokens: self.tokens()?,
                clock: self.clock()?,
            }))
        };
        let path = || self.path.clone();
        read()
            .map_err(|source| DatabaseError::Sqlite { path: path(), source })?
            .ok_or_else(|| DatabaseError::Content { path: path(), what: "name or address" })
    }

    /// Carries out writes in order and commits them together. One that fails by itself leaves the
    /// others alone; a commit that fails takes all of them.
    pub fn write(&mut self, writes: &[(Ticket, Write)], now: Now) -> Committed {
        if writes.is_empty() {
            return Committed::default();
        }
        let (head, behind) = (self.head, self.index.behind());
        let committed = self.set_durability(Durability::Full).and_then(|()| {
            let Self { connection, head, index, usage, .. } = self;
            writes::commit(connection, head, (index, usage), writes, now.calendar)
        });
        let committed = committed.unwrap_or_else(|error| {
            error!(%error, writes = writes.len(), "nothing could be stored");
            self.head = head;
            self.index.truncate(behind);
            self.usage.undo(0);
            let stored = writes.iter().map(|(ticket, _)| (*ticket, Stored::Failed)).collect();
            Committed { entries: Vec::new(), stored }
        });
        self.added = self.index.behind() - behind;
        if let Err(error) = self.mark.follow(now.monotonic, self.marked()) {
            warn!(%error, "the mark beside the database could not be written");
        }
        self.note_sweep(writes);
        committed
    }

    /// The latest purge that was asked for replaces an earlier one.
    fn note_sweep(&mut self, writes: &[(Ticket, Write)]) {
        if let Some(sweep) = &mut self.sweep {
            sweep.earn(self.added);
        }
        for (_, write) in writes {
            if let Write::Purge(purge) = write {
                self.sweep = Some(Sweep::new(purge.clone()));
            }
        }
    }

    /// Answers a question.
    pub fn load(&mut self, query: &Query) -> Loaded {
        let loaded = self
            .complete_index()
            .and_then(|()| queries::load(&self.connection, self.head.sequence, query));
        loaded.unwrap_or_else(|error| {
            error!(%error, "a question could not be answered");
            Loaded::Failed
        })
    }

    /// Whether there is something to do when nothing else is.
    #[must_use]
    pub fn has_upkeep(&self) -> bool {
        self.sweep.is_some()
    }

    /// What is done in small steps beside the commits: as much as the last one has made necessary,
    /// or one step if there is nothing else to do.
    pub fn keep_up(&mut self, is_idle: bool) {
        if self.index.is_due() {
            let rows_max = INDEX_STEP_ROWS_MIN.max(4 * self.added);
            if let Err(error) = self.later(|connection, index, _| index.write(connection, rows_max))
            {
                error!(%error, "the indexes of messages could not be written");
            }
        }
        self.added = 0;
        self.checkpoints.follow(&self.connection);
        let Some(mut sweep) = self.sweep.take() else { return };
        let mut steps = if is_idle { 1 } else { 0 };
        while sweep.spend() {
            steps += 1;
        }
        for _ in 0..steps {
            match self.later(|connection, index, usage| sweep.step(connection, (index, usage))) {
                Ok(step) => sweep.committed(step),
                Err(error) => {
                    error!(%error, "old messages could not be removed");
                    return;
                }
            }
        }
        if !sweep.is_done() {
            self.sweep = Some(sweep);
        }
    }

    fn complete_index(&mut self) -> rusqlite::Result<()> {
        match self.index.behind() {
            0 => Ok(()),
            _ => self.later(|connection, index, _| index.write_all(connection)),
        }
    }

    /// Does something in a transaction of its own that may reach the disk later.
    fn later<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Index, &mut Usage) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.set_durability(Durability::Later)?;
        let Self { connection, index, usage, .. } = self;
        let result = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let result = work(connection, index, usage)?;
                usage.write(connection)?;
                transaction.commit().map(|()| result)
            });
        match &result {
            Ok(_) => {
                index.committed();
                usage.committed();
            }
            Err(_) => {
                index.restart();
                usage.undo(0);
            }
        }
        result
    }

    fn set_durability(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability != durability {
            let level = match durability {
                Durability::Full => "FULL",
                Durability::Later => "NORMAL",
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.durability = durability;
        }
        Ok(())
    }

    fn users(&self) -> rusqlite::Result<Option<Vec<(UserRecord, Sequence)>>> {
        let mut statement = self.connection.prepare(
            "SELECT id, name, password_hash, address, since, received.seq, password_was_readable
             FROM user JOIN received ON received.user = user.id ORDER BY id",
        )?;
        statement.query_map([], read_user)?.collect()
    }

    fn directs(&self) -> rusqlite::Result<Vec<(ConversationId, UserId, UserId)>> {
        let mut statement = self
            .connection
            .prepare("SELECT id, one, other FROM conversation WHERE one IS NOT NULL ORDER BY id")?;
        let read = |row: &Row<'_>| {
            Ok((ConversationId(row.get(0)?), UserId(row.get(1)?), UserId(row.get(2)?)))
        };
        statement.query_map([], read)?.collect()
    }

    fn tokens(&self) -> rusqlite::Result<Vec<TokenRecord>> {
        let mut statement = self.connection.prepare(
            "SELECT hash, user, since, expires_at, device, is_ended FROM token ORDER BY hash",
        )?;
        let read = |row: &Row<'_>| {
            let device: Option<String> = row.get(4)?;
            Ok(TokenRecord {
                hash: TokenHash(row.get(0)?),
                user: UserId(row.get(1)?),
                since: UnixTime { millis: row.get(2)? },
                expires_at: UnixTime { millis: row.get(3)? },
                device: device.and_then(|device| device.parse().ok()),
                is_ended: row.get(5)?,
            })
        };
        statement.query_map([], read)?.collect()
    }

    fn clock(&self) -> rusqlite::Result<Option<ClockMark>> {
        let clock = "SELECT clock_seen, clock_trusted_from FROM head";
        self.connection.query_row(clock, [], |row| {
            let (seen, trusted_from) = (row.get(0)?, row.get(1)?);
            let time = |millis| UnixTime { millis };
            Ok(Option::zip(seen, trusted_from)
                .map(|(seen, from)| ClockMark { seen: time(seen), trusted_from: time(from) }))
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.mark.write(self.marked()) {
            warn!(%error, "the mark beside the database could not be written");
        }
    }
}

fn configure(connection: &Connection, is_new: bool) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    if is_new {
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // What was taken back is overwritten.
    connection.pragma_update(None, "secure_delete", true)?;
    // Ids are given here and never again: checking what refers to them finds nothing.
    connection.pragma_update(None, "foreign_keys", false)?;
    let page_bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_BYTES_MAX / page_bytes)
}

fn upgrade(connection: &mut Connection, path: &Path) -> Result<(), DatabaseError> {
    let version: usize = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|source| DatabaseError::Sqlite { path: path.to_owned(), source })?;
    if version > SCHEMA_VERSION {
        return Err(DatabaseError::Newer(path.to_owned()));
    }
    migrations()
        .to_latest(connection)
        .map_err(|source| DatabaseError::Migration { path: path.to_owned(), source })?;
    if (1..SCHEMA_VERSION).contains(&version) {
        info!(database = %path.display(), from = version, "the database was upgraded");
    }
    Ok(())
}

fn migrations() -> Migrations<'static> {
    let steps: [M<'_>; SCHEMA_VERSION] = [
        M::up(include_str!("schema-1.sql")),
        M::up(include_str!("schema-2.sql")),
        M::up_with_hook(include_str!("schema-3.sql"), |transaction: &Transaction<'_>| {
            Ok(name_keys::fill(transaction)?)
        }),
        M::up(include_str!("schema-4.sql")),
        M::up(include_str!("schema-5.sql")),
        M::up(include_str!("schema-6.sql")),
        M::up(include_str!("schema-7.sql")),
        M::up(include_str!("schema-8.sql")),
        M::up(include_str!("schema-9.sql")),
        M::up(include_str!("schema-10.sql")),
        M::up(include_str!("schema-11.sql")),
    ];
    Migrations::new(steps.into())
}

/// The end of the log, up to where the indexes are complete, and which log it is.
fn read_head(connection: &Connection) -> rusqlite::Result<(Head, Sequence, Generation)> {
    let head = "SELECT seq, time, last_user, last_conversation, indexed, generation FROM head";
    connection.query_row(head, [], |row| {
        let head = Head {
            sequence: Sequence(row.get(0)?),
            time: UnixTime { millis: row.get(1)? },
            last_user: UserId(row.get(2)?),
            last_conversation: ConversationId(row.get(3)?),
        };
        let generation = Generation(row.get::<_, i64>(5)?.cast_unsigned());
        Ok((head, Sequence(row.get(4)?), generation))
    })
}

/// A user; `None` if the row holds what this program would not have written.
fn read_user(row: &Row<'_>) -> rusqlite::Result<Option<(UserRecord, Sequence)>> {
    let name = row.get::<_, String>(1)?.parse().ok();
    let address = row.get::<_, String>(3)?.parse::<SocketAddr>().ok();
    let (Some(name), Some(address)) = (name, address) else {
        return Ok(None);
    };
    let was_readable = row.get(6)?;
    let password = row
        .get::<_, Option<String>>(2)?
        .map(|text| KeptPassword { verifier: Verifier::parse(&text), was_readable });
    let record = UserRecord {
        id: UserId(row.get(0)?),
        name,
        password,
        address,
        since: Sequence(row.get(4)?),
    };
    Ok(Some((record, Sequence(row.get(5)?))))
}

/// Makes it a database of that schema, of one of an earlier one.
#[cfg(test)]
pub(super) fn migrate_to(connection: &mut Connection, version: usize) {
    migrations().to_version(connection, version).unwrap();
}

#[cfg(test)]
pub(super) fn validate_migrations() -> rusqlite_migration::Result<()> {
    migrations().validate()
}
