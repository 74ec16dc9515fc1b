//! The database file: opening it, and what is read at the start.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netchat_core::storage::{
    ConversationId, ConversationKind, ConversationRecord, Loaded, Query, Sequence, Snapshot,
    Stored, TokenHash, UserId, UserRecord, Write,
};
use netchat_shared::time::UnixTime;
use rusqlite::{Connection, Row};
use rusqlite_migration::{M, Migrations};
use thiserror::Error;
use tracing::error;

use super::{queries, writes};

/// Before this, SQLite could lose the end of its log when several connections wrote.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept compiled: all of ours.
const STATEMENTS_MAX: usize = 32;

const MIGRATIONS: &[M<'_>] = &[M::up(include_str!("schema-1.sql"))];

/// Why a database can't be used. The text is one line for the operator.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The file can't be made or locked.
    #[error("can't open the database {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error(
        "the database {0} is in use by another server: stop that one, or choose another --database"
    )]
    InUse(PathBuf),
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
    Thread(std::io::Error),
}

/// An open database.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
    /// Held for as long as the database is open.
    _lock: File,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Result<Self, DatabaseError> {
        if rusqlite::version_number() < SQLITE_VERSION_MIN {
            return Err(DatabaseError::OldSqlite(rusqlite::version().to_owned()));
        }
        let lock = lock(path)?;
        let sqlite = |source| DatabaseError::Sqlite { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(sqlite)?;
        configure(&connection).map_err(sqlite)?;
        Migrations::from_slice(MIGRATIONS)
            .to_latest(&mut connection)
            .map_err(|source| DatabaseError::Migration { path: path.to_owned(), source })?;
        Ok(Self { connection, path: path.to_owned(), _lock: lock })
    }

    /// What the core keeps in memory. Guests of an earlier run are in no group any more.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, DatabaseError> {
        let read = || -> rusqlite::Result<Option<Snapshot>> {
            self.connection.execute(
                "DELETE FROM member WHERE user IN (SELECT id FROM user WHERE password_hash IS NULL)",
                [],
            )?;
            let (Some(users), Some(conversations)) = (self.users()?, self.conversations()?) else {
                return Ok(None);
            };
            Ok(Some(Snapshot {
                users,
                conversations,
                tokens: self.tokens()?,
                last_user: self.one("SELECT coalesce(max(id), 0) FROM user")?,
                last_conversation: self.one("SELECT max(id) FROM conversation")?,
                last_sequence: self.one("SELECT coalesce(max(\"order\"), 0) FROM message")?,
            }))
        };
        let path = || self.path.clone();
        read()
            .map_err(|source| DatabaseError::Sqlite { path: path(), source })?
            .ok_or_else(|| DatabaseError::Content { path: path(), what: "name or address" })
    }

    /// Carries out writes in order and commits them together. One that fails by itself leaves the
    /// others alone; a commit that fails takes all of them.
    pub(crate) fn write(&mut self, writes: &[Write]) -> Vec<Stored> {
        match writes::commit(&mut self.connection, writes) {
            Ok(results) => results,
            Err(error) => {
                error!(%error, writes = writes.len(), "nothing could be stored");
                vec![Stored::Failed; writes.len()]
            }
        }
    }

    pub(crate) fn load(&self, query: &Query) -> Loaded {
        queries::load(&self.connection, query).unwrap_or_else(|error| {
            error!(%error, "a question could not be answered");
            Loaded::Failed
        })
    }

    fn users(&self) -> rusqlite::Result<Option<Vec<UserRecord>>> {
        let mut statement = self.connection.prepare(
            "SELECT id, name, password_hash, address, registered_at, since, received
             FROM user ORDER BY id",
        )?;
        statement.query_map([], read_user)?.collect()
    }

    fn conversations(&self) -> rusqlite::Result<Option<Vec<ConversationRecord>>> {
        let mut statement = self
            .connection
            .prepare("SELECT id, group_name, one, other FROM conversation WHERE id > 0")?;
        let mut rows = statement.query([])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let id = ConversationId(row.get(0)?);
            let kind = match row.get::<_, Option<String>>(1)? {
                None => ConversationKind::Direct(UserId(row.get(2)?), UserId(row.get(3)?)),
                Some(name) => {
                    let Ok(name) = name.parse() else { return Ok(None) };
                    ConversationKind::Group(name, self.members(id)?)
                }
            };
            records.push(ConversationRecord { id, kind });
        }
        Ok(Some(records))
    }

    fn members(&self, group: ConversationId) -> rusqlite::Result<Vec<(UserId, Sequence)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT user, since FROM member WHERE conversation = ?1 ORDER BY since, user",
        )?;
        let read = |row: &Row<'_>| Ok((UserId(row.get(0)?), Sequence(row.get(1)?)));
        statement.query_map([group.0], read)?.collect()
    }

    fn tokens(&self) -> rusqlite::Result<Vec<(TokenHash, UserId, UnixTime)>> {
        let mut statement = self.connection.prepare("SELECT hash, user, expires_at FROM token")?;
        let read = |row: &Row<'_>| {
            let expires_at = UnixTime { millis: row.get(2)? };
            Ok((TokenHash(row.get(0)?), UserId(row.get(1)?), expires_at))
        };
        statement.query_map([], read)?.collect()
    }

    fn one<T: rusqlite::types::FromSql>(&self, query: &str) -> rusqlite::Result<T> {
        self.connection.query_row(query, [], |row| row.get(0))
    }
}

/// A server must have its database to itself: it gives out ids from memory.
fn lock(path: &Path) -> Result<File, DatabaseError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = |source| DatabaseError::File { path: path.to_owned(), source };
    let lock = File::create(name).map_err(file)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(DatabaseError::InUse(path.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(file(source)),
    }
}

/// FULL, not NORMAL: an acknowledged message must survive a power cut, not only a crash.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// A registered user; `None` if the row holds what this program would not have written.
fn read_user(row: &Row<'_>) -> rusqlite::Result<Option<UserRecord>> {
    let name = row.get::<_, String>(1)?.parse().ok();
    let address = row.get::<_, String>(3)?.parse::<SocketAddr>().ok();
    let (Some(name), Some(address)) = (name, address) else {
        return Ok(None);
    };
    Ok(Some(UserRecord {
        id: UserId(row.get(0)?),
        name,
        password_hash: row.get(2)?,
        address,
        registered_at: UnixTime { millis: row.get(4)? },
        since: Sequence(row.get(5)?),
        received: Sequence(row.get(6)?),
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use netchat_core::storage::{DeliveryFailure, MessageRecord, StoredMessage};
    use netchat_shared::body::Body;
    use netchat_shared::message_id::MessageId;

    use super::*;

    fn user(id: u32, name: &str) -> UserRecord {
        UserRecord {
            id: UserId(id),
            name: name.parse().unwrap(),
            password_hash: Some("hash".to_owned()),
            address: "127.0.0.1:1".parse().unwrap(),
            registered_at: UnixTime { millis: 1 },
            since: Sequence(0),
            received: Sequence(0),
        }
    }

    fn message(order: u64, id: u128) -> Arc<MessageRecord> {
        Arc::new(MessageRecord {
            sequence: Sequence(order),
            conversation: ConversationId::EVERYONE,
            sender: UserId(1),
            id: MessageId(id),
            time: UnixTime { millis: 5 },
            recipients: vec![UserId(2)],
            body: Body::from_wire("Ym9keQ=="),
        })
    }

    fn open(folder: &tempfile::TempDir) -> Database {
        Database::open(&folder.path().join("netchat.db")).unwrap()
    }

    #[test]
    fn migrations_are_valid() {
        Migrations::from_slice(MIGRATIONS).validate().unwrap();
    }

    #[test]
    fn what_was_stored_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let group = ConversationRecord {
            id: ConversationId(1),
            kind: ConversationKind::Group(
                "CS: Group".parse().unwrap(),
                vec![(UserId(1), Sequence(0))],
            ),
        };
        let direct = ConversationRecord {
            id: ConversationId(2),
            kind: ConversationKind::Direct(UserId(1), UserId(2)),
        };
        let writes = [
            Write::AddUser(user(1, "Robert'); DROP TABLE user;--".replace(';', ",").as_str())),
            Write::AddUser(user(2, "o'neil")),
            Write::AddConversation(group),
            Write::AddConversation(direct.clone()),
            Write::AddMember(ConversationId(1), UserId(2), Sequence(7)),
            Write::AddMessages(vec![message(8, 1), message(9, 2)]),
            Write::SetReceived(UserId(2), Sequence(8)),
            Write::AddFailure(Sequence(9), UserId(2), DeliveryFailure::Lost),
        ];
        assert_eq!(open(&folder).write(&writes), vec![Stored::Done; writes.len()]);
        let snapshot = open(&folder).snapshot().unwrap();
        let names: Vec<_> = snapshot.users.iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names, ["Robert'), DROP TABLE user,--", "o'neil"]);
        assert_eq!(snapshot.users[1].received, Sequence(8));
        assert_eq!(snapshot.conversations[1], direct);
        let members = vec![(UserId(1), Sequence(0)), (UserId(2), Sequence(7))];
        let name = "CS: Group".parse().unwrap();
        assert_eq!(snapshot.conversations[0].kind, ConversationKind::Group(name, members));
        assert_eq!(
            (snapshot.last_user, snapshot.last_conversation, snapshot.last_sequence),
            (2, 2, 9)
        );
    }

    #[test]
    fn a_change_that_fails_leaves_the_others_alone_and_nothing_of_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mut database = open(&folder);
        let writes = [
            Write::AddUser(user(1, "alice")),
            // The second message is at the place of the first, so neither is stored.
            Write::AddMessages(vec![message(1, 1), message(1, 2)]),
            Write::AddMessages(vec![message(3, 2)]),
            Write::AddUser(user(2, "alice")),
        ];
        let expected = [Stored::Done, Stored::Failed, Stored::Done, Stored::Failed];
        assert_eq!(database.write(&writes), expected);
        assert_eq!(database.one::<u64>("SELECT count(*) FROM message"), Ok(1));
    }

    #[test]
    fn guests_leave_nothing_to_whoever_takes_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let guest = UserRecord { password_hash: None, ..user(1, "bob") };
        let group = ConversationRecord {
            id: ConversationId(1),
            kind: ConversationKind::Group("g".parse().unwrap(), vec![(UserId(1), Sequence(0))]),
        };
        let writes =
            [Write::AddUser(guest), Write::AddConversation(group), Write::AddUser(user(2, "bob"))];
        assert_eq!(open(&folder).write(&writes), [const { Stored::Done }; 3]);
        let snapshot = open(&folder).snapshot().unwrap();
        let hashes: Vec<_> =
            snapshot.users.iter().map(|user| user.password_hash.is_some()).collect();
        assert_eq!(hashes, [false, true], "the guest's name stays beside old messages");
        let empty = ConversationKind::Group("g".parse().unwrap(), vec![]);
        assert_eq!(snapshot.conversations[0].kind, empty);
    }

    #[test]
    fn a_message_sent_again_is_the_one_that_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let mut database = open(&folder);
        let first = [Write::AddUser(user(1, "alice")), Write::AddMessages(vec![message(1, 7)])];
        assert_eq!(database.write(&first), [Stored::Done, Stored::Done]);
        let again = [Write::AddMessages(vec![message(2, 7)])];
        assert_eq!(database.write(&again), [Stored::Known(message(1, 7))]);
    }

    /// alice and bob, a group that bob joined late, and messages 1 to 6.
    fn with_messages(folder: &tempfile::TempDir) -> Database {
        let mut database = open(folder);
        let place = |order, conversation, sender| {
            let record = (*message(order, u128::from(order))).clone();
            Arc::new(MessageRecord {
                conversation: ConversationId(conversation),
                sender: UserId(sender),
                ..record
            })
        };
        let direct = ConversationKind::Direct(UserId(1), UserId(2));
        let group = ConversationKind::Group("g".parse().unwrap(), vec![(UserId(1), Sequence(0))]);
        let writes = [
            Write::AddUser(user(1, "alice")),
            Write::AddUser(user(2, "bob")),
            Write::AddConversation(ConversationRecord { id: ConversationId(1), kind: direct }),
            Write::AddConversation(ConversationRecord { id: ConversationId(2), kind: group }),
            Write::AddMessages(vec![place(1, 1, 1), place(2, 2, 1), place(3, 0, 1)]),
            Write::AddMember(ConversationId(2), UserId(2), Sequence(3)),
            Write::AddMessages(vec![place(4, 2, 1), place(5, 1, 2), place(6, 1, 1)]),
            Write::AddFailure(Sequence(6), UserId(2), DeliveryFailure::Lost),
        ];
        assert!(database.write(&writes).iter().all(|stored| *stored == Stored::Done));
        database
    }

    #[track_caller]
    fn orders(database: &Database, query: &Query) -> (Vec<u64>, bool) {
        let Loaded::Messages(messages, is_complete) = database.load(query) else {
            panic!("no messages");
        };
        (messages.iter().map(|message| message.record.sequence.0).collect(), is_complete)
    }

    #[test]
    fn a_user_reads_their_own_conversations_from_when_they_joined() {
        let folder = tempfile::tempdir().unwrap();
        let database = with_messages(&folder);
        let (alice, bob) = (UserId(1), UserId(2));
        let backlog = |user, after| orders(&database, &Query::Backlog(user, Sequence(after)));
        assert_eq!(backlog(alice, 0), (vec![1, 2, 3, 4, 5, 6], true));
        assert_eq!(backlog(bob, 0), (vec![1, 3, 4, 5], true), "without what failed to reach him");
        assert_eq!(backlog(bob, 3), (vec![4, 5], true));
        let group = ConversationId(2);
        let history =
            |user, before, limit| orders(&database, &Query::History(user, group, before, limit));
        assert_eq!(history(alice, None, 1), (vec![4], false));
        assert_eq!(history(alice, Some(Sequence(4)), 10), (vec![2], true));
        assert_eq!(history(bob, None, 10), (vec![4], true));
        assert_eq!(history(UserId(3), None, 10), (vec![], true));
        assert_eq!(orders(&database, &Query::Latest(bob)), (vec![6, 4, 3], true));
    }

    #[test]
    fn a_sender_reads_what_failed() {
        let folder = tempfile::tempdir().unwrap();
        let database = with_messages(&folder);
        let failures = |since| database.load(&Query::Failures(UserId(1), Sequence(since)));
        let lost = (Sequence(6), UserId(2), DeliveryFailure::Lost);
        assert_eq!(failures(1), Loaded::Failures(vec![lost]));
        assert_eq!(failures(7), Loaded::Failures(vec![]));
        let query = Query::History(UserId(1), ConversationId(1), None, 1);
        let Loaded::Messages(messages, _) = database.load(&query) else { panic!("no messages") };
        let [StoredMessage { failures, .. }] = &messages[..] else { panic!("one message") };
        assert_eq!(failures, &[(UserId(2), DeliveryFailure::Lost)]);
    }

    #[test]
    fn old_messages_and_revoked_tokens_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut database = with_messages(&folder);
        let (hash, other) = (TokenHash([1; 32]), TokenHash([2; 32]));
        let later = UnixTime { millis: 9 };
        let writes = [
            Write::Purge(UnixTime { millis: 5 }),
            Write::SetToken(hash, UserId(1), later),
            Write::SetToken(other, UserId(1), later),
            Write::SetToken(other, UserId(1), UnixTime { millis: 10 }),
            Write::RemoveToken(hash),
        ];
        assert_eq!(database.write(&writes), [const { Stored::Done }; 5]);
        assert_eq!(database.one::<u64>("SELECT count(*) FROM message"), Ok(6), "none is older");
        assert_eq!(
            database.snapshot().unwrap().tokens,
            [(other, UserId(1), UnixTime { millis: 10 })]
        );
        assert_eq!(database.write(&[Write::Purge(UnixTime { millis: 6 })]), [Stored::Done]);
        assert_eq!(database.one::<u64>("SELECT count(*) FROM message"), Ok(0));
    }

    #[test]
    fn a_second_server_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let _first = open(&folder);
        let second = Database::open(&folder.path().join("netchat.db"));
        assert!(matches!(second, Err(DatabaseError::InUse(_))));
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netchat.db");
        std::fs::write(&path, "not a database, but long enough to be read as one".repeat(50))
            .unwrap();
        let error = Database::open(&path).unwrap_err().to_string();
        assert!(error.contains("netchat.db") && !error.contains('\n'), "{error}");
    }
}
