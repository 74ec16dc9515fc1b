//! The database itself: statements with bound parameters, nothing else speaks SQL.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netchat_core::storage::{
    ConversationId, ConversationKind, ConversationRecord, DeliveryFailure, MessageRecord, Order,
    Snapshot, Stored, UserId, UserRecord, Write,
};
use netchat_shared::time::UnixTime;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use rusqlite_migration::{M, Migrations};
use thiserror::Error;
use tracing::error;

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
        let sqlite = |source| DatabaseError::Sqlite {
            path: path.to_owned(),
            source,
        };
        let mut connection = Connection::open(path).map_err(sqlite)?;
        configure(&connection).map_err(sqlite)?;
        Migrations::from_slice(MIGRATIONS)
            .to_latest(&mut connection)
            .map_err(|source| DatabaseError::Migration {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            _lock: lock,
        })
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
                last_user: self.one("SELECT coalesce(max(id), 0) FROM user")?,
                last_conversation: self.one("SELECT max(id) FROM conversation")?,
                last_order: self.one("SELECT coalesce(max(\"order\"), 0) FROM message")?,
            }))
        };
        let path = || self.path.clone();
        read()
            .map_err(|source| DatabaseError::Sqlite {
                path: path(),
                source,
            })?
            .ok_or_else(|| DatabaseError::Content {
                path: path(),
                what: "name or address",
            })
    }

    /// Carries out writes in order and commits them together. One that fails by itself leaves the
    /// others alone; a commit that fails takes all of them.
    pub(crate) fn write(&mut self, writes: &[Write]) -> Vec<Stored> {
        match self.try_write(writes) {
            Ok(results) => results,
            Err(error) => {
                error!(%error, writes = writes.len(), "nothing could be stored");
                vec![Stored::Failed; writes.len()]
            }
        }
    }

    fn try_write(&mut self, writes: &[Write]) -> rusqlite::Result<Vec<Stored>> {
        let behavior = TransactionBehavior::Immediate;
        let mut transaction = self.connection.transaction_with_behavior(behavior)?;
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            let savepoint = transaction.savepoint()?;
            results.push(match execute(&savepoint, write) {
                Ok(()) => {
                    savepoint.commit()?;
                    Stored::Done
                }
                Err(error) => {
                    // Dropping the savepoint rolls it back.
                    error!(%error, "one change could not be stored");
                    Stored::Failed
                }
            });
        }
        transaction.commit()?;
        Ok(results)
    }

    fn users(&self) -> rusqlite::Result<Option<Vec<UserRecord>>> {
        let mut statement = self.connection.prepare(
            "SELECT id, name, password_hash, address, registered_at, since, received
             FROM user WHERE password_hash IS NOT NULL ORDER BY id",
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
                    let Ok(name) = name.parse() else {
                        return Ok(None);
                    };
                    ConversationKind::Group(name, self.members(id)?)
                }
            };
            records.push(ConversationRecord { id, kind });
        }
        Ok(Some(records))
    }

    fn members(&self, group: ConversationId) -> rusqlite::Result<Vec<(UserId, Order)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT user, since FROM member WHERE conversation = ?1 ORDER BY since, user",
        )?;
        let read = |row: &Row<'_>| Ok((UserId(row.get(0)?), Order(row.get(1)?)));
        statement.query_map([group.0], read)?.collect()
    }

    fn one<T: rusqlite::types::FromSql>(&self, query: &str) -> rusqlite::Result<T> {
        self.connection.query_row(query, [], |row| row.get(0))
    }
}

/// A server must have its database to itself: it gives out ids from memory.
fn lock(path: &Path) -> Result<File, DatabaseError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = |source| DatabaseError::File {
        path: path.to_owned(),
        source,
    };
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

fn execute(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
    match write {
        Write::AddUser(user) => add_user(connection, user),
        Write::SignedIn(user, address, time) => run(
            connection,
            "UPDATE user SET address = ?2, signed_in_at = ?3 WHERE id = ?1",
            params![user.0, address.to_string(), time.millis],
        ),
        Write::SetPasswordHash(user, hash) => run(
            connection,
            "UPDATE user SET password_hash = ?2 WHERE id = ?1",
            params![user.0, hash],
        ),
        Write::AddConversation(conversation) => add_conversation(connection, conversation),
        Write::AddMember(group, user, since) => add_member(connection, *group, *user, *since),
        Write::RemoveMember(group, user) => run(
            connection,
            "DELETE FROM member WHERE conversation = ?1 AND user = ?2",
            params![group.0, user.0],
        ),
        Write::AddMessages(messages) => messages
            .iter()
            .try_for_each(|message| add_message(connection, message)),
        Write::SetReceived(user, order) => run(
            connection,
            "UPDATE user SET received = max(received, ?2) WHERE id = ?1",
            params![user.0, order.0],
        ),
        Write::AddFailure(order, user, failure) => {
            let reason = match failure {
                DeliveryFailure::Lost => "lost",
                DeliveryFailure::Corrupted => "corrupted",
            };
            run(
                connection,
                "INSERT OR IGNORE INTO failure (\"order\", user, reason) VALUES (?1, ?2, ?3)",
                params![order.0, user.0, reason],
            )
        }
    }
}

fn add_user(connection: &Connection, user: &UserRecord) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT INTO user (id, name, password_hash, address, registered_at, signed_in_at, since, received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)",
        params![
            user.id.0,
            user.name.as_str(),
            user.password_hash,
            user.address.to_string(),
            user.registered_at.millis,
            user.since.0,
            user.received.0
        ],
    )?;
    match user.password_hash {
        Some(_) => add_member(connection, ConversationId::EVERYONE, user.id, user.since),
        None => Ok(()),
    }
}

fn add_conversation(
    connection: &Connection,
    conversation: &ConversationRecord,
) -> rusqlite::Result<()> {
    let id = conversation.id;
    match &conversation.kind {
        ConversationKind::Direct(one, other) => {
            run(
                connection,
                "INSERT INTO conversation (id, one, other) VALUES (?1, ?2, ?3)",
                params![id.0, one.0, other.0],
            )?;
            add_member(connection, id, *one, Order(0))?;
            if one == other {
                Ok(())
            } else {
                add_member(connection, id, *other, Order(0))
            }
        }
        ConversationKind::Group(name, members) => {
            run(
                connection,
                "INSERT INTO conversation (id, group_name) VALUES (?1, ?2)",
                params![id.0, name.as_str()],
            )?;
            members
                .iter()
                .try_for_each(|(user, since)| add_member(connection, id, *user, *since))
        }
    }
}

fn add_member(
    connection: &Connection,
    conversation: ConversationId,
    user: UserId,
    since: Order,
) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT INTO member (conversation, user, since) VALUES (?1, ?2, ?3)",
        params![conversation.0, user.0, since.0],
    )
}

fn add_message(connection: &Connection, message: &MessageRecord) -> rusqlite::Result<()> {
    let recipients: Vec<u8> = message
        .recipients
        .iter()
        .flat_map(|user| user.0.to_be_bytes())
        .collect();
    run(
        connection,
        "INSERT INTO message (\"order\", conversation, sender, id, time, recipients, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            message.order.0,
            message.conversation.0,
            message.sender.0,
            message.id.0.to_be_bytes(),
            message.time.millis,
            recipients,
            message.body.as_str()
        ],
    )
}

fn run(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(values).map(drop)
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
        registered_at: UnixTime {
            millis: row.get(4)?,
        },
        since: Order(row.get(5)?),
        received: Order(row.get(6)?),
    }))
}

#[cfg(test)]
mod tests {
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
            since: Order(0),
            received: Order(0),
        }
    }

    fn message(order: u64, id: u128) -> MessageRecord {
        MessageRecord {
            order: Order(order),
            conversation: ConversationId::EVERYONE,
            sender: UserId(1),
            id: MessageId(id),
            time: UnixTime { millis: 5 },
            recipients: vec![UserId(2)],
            body: Body::from_wire("Ym9keQ=="),
        }
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
                vec![(UserId(1), Order(0))],
            ),
        };
        let direct = ConversationRecord {
            id: ConversationId(2),
            kind: ConversationKind::Direct(UserId(1), UserId(2)),
        };
        let writes = [
            Write::AddUser(user(
                1,
                "Robert'); DROP TABLE user;--".replace(';', ",").as_str(),
            )),
            Write::AddUser(user(2, "o'neil")),
            Write::AddConversation(group),
            Write::AddConversation(direct.clone()),
            Write::AddMember(ConversationId(1), UserId(2), Order(7)),
            Write::AddMessages(vec![message(8, 1), message(9, 2)]),
            Write::SetReceived(UserId(2), Order(8)),
            Write::AddFailure(Order(9), UserId(2), DeliveryFailure::Lost),
        ];
        assert_eq!(
            open(&folder).write(&writes),
            vec![Stored::Done; writes.len()]
        );
        let snapshot = open(&folder).snapshot().unwrap();
        let names: Vec<_> = snapshot
            .users
            .iter()
            .map(|user| user.name.as_str())
            .collect();
        assert_eq!(names, ["Robert'), DROP TABLE user,--", "o'neil"]);
        assert_eq!(snapshot.users[1].received, Order(8));
        assert_eq!(snapshot.conversations[1], direct);
        let members = vec![(UserId(1), Order(0)), (UserId(2), Order(7))];
        let name = "CS: Group".parse().unwrap();
        assert_eq!(
            snapshot.conversations[0].kind,
            ConversationKind::Group(name, members)
        );
        assert_eq!(
            (
                snapshot.last_user,
                snapshot.last_conversation,
                snapshot.last_order
            ),
            (2, 2, 9)
        );
    }

    #[test]
    fn a_change_that_fails_leaves_the_others_alone_and_nothing_of_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mut database = open(&folder);
        let writes = [
            Write::AddUser(user(1, "alice")),
            // The second message repeats an id, so neither of the two is stored.
            Write::AddMessages(vec![message(1, 1), message(2, 1)]),
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
        let guest = UserRecord {
            password_hash: None,
            ..user(1, "bob")
        };
        let group = ConversationRecord {
            id: ConversationId(1),
            kind: ConversationKind::Group("g".parse().unwrap(), vec![(UserId(1), Order(0))]),
        };
        let writes = [
            Write::AddUser(guest),
            Write::AddConversation(group),
            Write::AddUser(user(2, "bob")),
        ];
        assert_eq!(open(&folder).write(&writes), [Stored::Done; 3]);
        let snapshot = open(&folder).snapshot().unwrap();
        assert_eq!(snapshot.users, [user(2, "bob")]);
        let empty = ConversationKind::Group("g".parse().unwrap(), vec![]);
        assert_eq!(snapshot.conversations[0].kind, empty);
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
        std::fs::write(
            &path,
            "not a database, but long enough to be read as one".repeat(50),
        )
        .unwrap();
        let error = Database::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("netchat.db") && !error.contains('\n'),
            "{error}"
        );
    }
}
