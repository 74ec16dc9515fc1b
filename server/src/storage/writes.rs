//! Changes of the database. Bound parameters only.

use netchat_core::names::NameKeys;
use netchat_core::storage::{
    Change, ClockMark, ConversationId, DeliveryFailure, Draft, Entry, KeptPassword, Origin, Placed,
    Sequence, Stored, Ticket, TokenHash, TokenRecord, UserId, UserRecord, Verifier, Write,
};
use netchat_shared::extended::DeviceName;
use netchat_shared::name::UserName;
use netchat_shared::time::UnixTime;
use rusqlite::{
    CachedStatement, Connection, Error, OptionalExtension as _, Transaction, TransactionBehavior,
    params,
};
use std::net::SocketAddr;
use tracing::error;

use super::groups::NewGroup;
use super::index::Index;
use super::usage::Usage;

/// The end of the log, in memory. Stored with every commit that moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: Sequence,
    pub(super) time: UnixTime,
    pub(super) last_user: UserId,
    pub(super) last_conversation: ConversationId,
}

/// What came of a commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// What was added to the log, in order.
    pub entries: Vec<Entry>,
    /// What became of each write, in order.
    pub stored: Vec<(Ticket, Stored)>,
}

/// A commit under way.
pub(super) struct Commit<'a> {
    pub(super) connection: &'a Connection,
    pub(super) head: &'a mut Head,
    pub(super) index: &'a mut Index,
    pub(super) usage: &'a mut Usage,
    /// When everything in it happens: not before what is in the log.
    pub(super) time: UnixTime,
    pub(super) entries: Vec<Entry>,
    /// Taken out of the cache once: this is the hot one.
    pub(super) add_message: CachedStatement<'a>,
}

/// Carries out writes in order and commits them together. One that fails by itself leaves the
/// others alone, and nothing of itself.
///
/// # Errors
/// When nothing was committed. What is in memory is then for the caller to put back.
pub(super) fn commit(
    connection: &Connection,
    head: &mut Head,
    (index, usage): (&mut Index, &mut Usage),
    writes: &[(Ticket, Write)],
    now: UnixTime,
) -> rusqlite::Result<Committed> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let (before, time) = (*head, now.max(head.time));
    let add_message = connection.prepare_cached(super::messages::ADD_MESSAGE)?;
    let entries = Vec::new();
    let mut commit = Commit { connection, head, index, usage, time, entries, add_message };
    let mut stored = Vec::with_capacity(writes.len());
    for (ticket, write) in writes {
        let result = match leaves_nothing_when_it_fails(write) {
            true => commit.execute(*ticket, write),
            false => commit.execute_whole(*ticket, write),
        };
        let result = match result {
            Ok(result) => result,
            // SQLite gave up the whole transaction, as it does when the disk is full.
            Err(error) if connection.is_autocommit() => return Err(error),
            Err(error) => {
                error!(%error, "one change could not be stored");
                Stored::Failed
            }
        };
        stored.push((*ticket, result));
    }
    let entries = std::mem::take(&mut commit.entries);
    drop(commit);
    if *head != before {
        store_head(connection, head)?;
    }
    usage.write(connection)?;
    transaction.commit()?;
    usage.committed();
    Ok(Committed { entries, stored })
}

/// Whether a write is one statement, or several of which each is true by itself.
fn leaves_nothing_when_it_fails(write: &Write) -> bool {
    match write {
        Write::Append(drafts) => match &drafts[..] {
            [Draft::Message(message)] => super::messages::is_one_statement(message),
            _ => false,
        },
        Write::EndTokens(_) => false,
        Write::SignedIn(..)
        | Write::SetReceived(_)
        | Write::SetRead(..)
        | Write::AddFailure(..)
        | Write::SetToken(..)
        | Write::RemoveToken(_)
        | Write::SetClock(_)
        | Write::Purge(_) => true,
    }
}

fn store_head(connection: &Connection, head: &Head) -> rusqlite::Result<()> {
    run(
        connection,
        "UPDATE head SET seq = ?1, time = ?2, last_user = ?3, last_conversation = ?4",
        params![head.sequence.0, head.time.millis, head.last_user.0, head.last_conversation.0],
    )
}

impl Commit<'_> {
    /// Carries out a write so that a failure leaves nothing of it, in the database or in memory.
    fn execute_whole(&mut self, ticket: Ticket, write: &Write) -> rusqlite::Result<Stored> {
        let (head, behind, entries) = (*self.head, self.index.behind(), self.entries.len());
        let changes = self.usage.changes();
        run(self.connection, "SAVEPOINT one", [])?;
        let result = self.execute(ticket, write);
        if result.is_err() {
            *self.head = head;
            self.index.truncate(behind);
            self.usage.undo(changes);
            self.entries.truncate(entries);
            if self.connection.is_autocommit() {
                return result;
            }
            run(self.connection, "ROLLBACK TO one", [])?;
        }
        run(self.connection, "RELEASE one", [])?;
        result
    }

    fn execute(&mut self, ticket: Ticket, write: &Write) -> rusqlite::Result<Stored> {
        let connection = self.connection;
        match write {
            Write::Append(drafts) => {
                let placed = drafts
                    .iter()
                    .enumerate()
                    .map(|(draft, it)| self.append(Origin { ticket, draft }, it));
                return placed.collect::<Result<_, _>>().map(Stored::Placed);
            }
            Write::SignedIn(user, address) => run(
                connection,
                "UPDATE user SET address = ?2, signed_in_at = ?3 WHERE id = ?1",
                params![user.0, address.to_string(), self.time.millis],
            )?,
            Write::SetReceived(received) => set_received(connection, received)?,
            Write::SetRead(user, conversation, sequence) => run(
                connection,
                "UPDATE member SET read = ?3 WHERE conversation = ?1 AND user = ?2 AND read < ?3",
                params![conversation.0, user.0, sequence.0],
            )?,
            Write::AddFailure(sequence, user, failure) => run(
                connection,
                "INSERT INTO failure (seq, user, sender, reason)
                 SELECT seq, ?2, sender, ?3 FROM message WHERE seq = ?1 ON CONFLICT DO NOTHING",
                params![sequence.0, user.0, reason(*failure)],
            )?,
            Write::SetToken(token) => set_token(connection, token)?,
            Write::EndTokens(hashes) => {
                let end = "UPDATE token SET is_ended = 1 WHERE hash = ?1";
                hashes.iter().try_for_each(|hash| run(connection, end, params![hash.0]))?;
            }
            Write::RemoveToken(hash) => {
                run(connection, "DELETE FROM token WHERE hash = ?1", params![hash.0])?;
            }
            Write::SetClock(ClockMark { seen, trusted_from }) => run(
                connection,
                "UPDATE head SET clock_seen = ?1, clock_trusted_from = ?2",
                params![seen.millis, trusted_from.millis],
            )?,
            // It is carried out beside everything else (purge.rs).
            Write::Purge(_) => {}
        }
        Ok(Stored::Done)
    }

    fn append(&mut self, origin: Origin, draft: &Draft) -> rusqlite::Result<Placed> {
        match draft {
            Draft::Message(message) => self.append_message(origin, message),
            Draft::User { name, password, address } => {
                self.append_user(origin, name, password.as_ref(), *address)
            }
            Draft::Password { user, compared, password, only_token } => {
                self.append_password(origin, *user, (compared, password), *only_token)
            }
            Draft::RenewedPassword { user, compared, password } => {
                self.append_renewed_password(origin, *user, compared, password)
            }
            Draft::Group { name, policy, members, invited } => {
                let policy = *policy;
                self.append_group(origin, &NewGroup { name, policy, members, invited })
            }
            Draft::Join(group, user, admission) => {
                self.append_join(origin, *group, *user, *admission)
            }
            Draft::Quit(group, user) => self.append_leave(origin, *group, *user, None),
            Draft::Remove { group, user, by } => {
                self.append_leave(origin, *group, *user, Some(*by))
            }
            Draft::Standing(group, user, step) => {
                self.append_standing(origin, *group, *user, *step)
            }
            Draft::Rename(group, by, name) => self.append_rename(origin, (*group, *by), name),
            Draft::Policy(group, by, policy) => self.append_policy(origin, (*group, *by), *policy),
            Draft::Block { user, other, is_blocked } => {
                self.append_block(origin, *user, *other, *is_blocked)
            }
            Draft::Settings { user, based_on, text } => {
                self.append_settings(origin, *user, *based_on, text)
            }
        }
    }

    /// Puts what was changed into the log.
    pub(super) fn log(&mut self, origin: Origin, change: Change) -> Sequence {
        self.head.sequence = self.head.sequence.next();
        self.head.time = self.time;
        let sequence = self.head.sequence;
        self.entries.push(Entry { sequence, time: self.time, origin: Some(origin), change });
        sequence
    }

    fn append_user(
        &mut self,
        origin: Origin,
        name: &UserName,
        password: Option<&KeptPassword>,
        address: SocketAddr,
    ) -> rusqlite::Result<Placed> {
        // A guest's name is theirs for a while only, and the core knows whose else it is.
        let keys = password.map(|_| NameKeys::of(name));
        let keys = keys.as_ref();
        let taken = "SELECT 1 FROM user
                     WHERE (name = ?1 AND password_hash IS NOT NULL) OR folded = ?2 OR look = ?3";
        let like = params![name.as_str(), keys.map(NameKeys::folded), keys.map(NameKeys::look)];
        if self.connection.prepare_cached(taken)?.exists(like)? {
            return Ok(Placed::Taken);
        }
        let (id, since) = (UserId(self.head.last_user.0 + 1), self.head.sequence.next());
        run(
            self.connection,
            "INSERT INTO user
                 (id, name, password_hash, address, registered_at, signed_in_at, since, folded, look,
                  password_was_readable)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9)",
            params![
                id.0,
                name.as_str(),
                password.map(|password| password.verifier.to_text()),
                address.to_string(),
                self.time.millis,
                since.0,
                keys.map(NameKeys::folded),
                keys.map(NameKeys::look),
                password.is_some_and(|password| password.was_readable),
            ],
        )?;
        run(
            self.connection,
            "INSERT INTO received (user, seq) VALUES (?1, ?2)",
            params![id.0, since.0],
        )?;
        self.add_member(ConversationId::EVERYONE, id, since, 0)?;
        self.head.last_user = id;
        let record =
            UserRecord { id, name: name.clone(), password: password.cloned(), address, since };
        Ok(Placed::At(self.log(origin, Change::User(record))))
    }

    fn append_password(
        &mut self,
        origin: Origin,
        user: UserId,
        (compared, password): (&Verifier, &KeptPassword),
        only_token: Option<TokenHash>,
    ) -> rusqlite::Result<Placed> {
        let set = "UPDATE user SET password_hash = ?3, password_was_readable = ?4
                   WHERE id = ?1 AND password_hash = ?2";
        let (compared, kept) = (compared.to_text(), password.verifier.to_text());
        let values = params![user.0, compared, kept, password.was_readable];
        if self.connection.prepare_cached(set)?.execute(values)? == 0 {
            let is_there = "SELECT 1 FROM user WHERE id = ?1";
            return match self.connection.prepare_cached(is_there)?.exists([user.0])? {
                true => Ok(Placed::Taken),
                false => Err(Error::QueryReturnedNoRows),
            };
        }
        if let Some(only) = only_token {
            let others = "UPDATE token SET is_ended = 1 WHERE user = ?1 AND hash <> ?2";
            run(self.connection, others, params![user.0, only.0])?;
        }
        Ok(Placed::At(self.log(origin, Change::Password(user, password.clone()))))
    }

    fn append_renewed_password(
        &mut self,
        origin: Origin,
        user: UserId,
        compared: &Verifier,
        password: &KeptPassword,
    ) -> rusqlite::Result<Placed> {
        let set = "UPDATE user SET password_hash = ?3, password_was_readable = ?4
                   WHERE id = ?1 AND password_hash = ?2";
        let (compared, kept) = (compared.to_text(), password.verifier.to_text());
        let values = params![user.0, compared, kept, password.was_readable];
        Ok(Placed::At(match self.connection.prepare_cached(set)?.execute(values)? {
            0 => self.head.sequence,
            _ => self.log(origin, Change::Password(user, password.clone())),
        }))
    }

    /// The conversation of two users, if there is one.
    pub(super) fn find_direct(
        &self,
        one: UserId,
        other: UserId,
    ) -> rusqlite::Result<Option<ConversationId>> {
        self.connection
            .prepare_cached("SELECT id FROM conversation WHERE one = ?1 AND other = ?2")?
            .query_row([one.min(other).0, one.max(other).0], |row| row.get(0).map(ConversationId))
            .optional()
    }

    /// Makes the conversation of two users.
    pub(super) fn add_direct(
        &mut self,
        origin: Origin,
        one: UserId,
        other: UserId,
    ) -> rusqlite::Result<ConversationId> {
        let (id, one, other) = (self.next_conversation(), one.min(other), one.max(other));
        run(
            self.connection,
            "INSERT INTO conversation (id, one, other) VALUES (?1, ?2, ?3)",
            params![id.0, one.0, other.0],
        )?;
        self.add_member(id, one, Sequence::ZERO, 0)?;
        if one != other {
            self.add_member(id, other, Sequence::ZERO, 1)?;
        }
        self.log(origin, Change::Direct(id, one, other));
        Ok(id)
    }

    /// How many members were added: none, if they are one already.
    pub(super) fn add_member(
        &self,
        conversation: ConversationId,
        user: UserId,
        since: Sequence,
        position: usize,
    ) -> rusqlite::Result<usize> {
        self.connection
            .prepare_cached(
                "INSERT INTO member (conversation, user, since, position) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![conversation.0, user.0, since.0, position])
    }

    pub(super) fn next_conversation(&mut self) -> ConversationId {
        self.head.last_conversation = ConversationId(self.head.last_conversation.0 + 1);
        self.head.last_conversation
    }
}

fn set_received(connection: &Connection, received: &[(UserId, Sequence)]) -> rusqlite::Result<()> {
    let mut update =
        connection.prepare_cached("UPDATE received SET seq = ?2 WHERE user = ?1 AND seq < ?2")?;
    for (user, sequence) in received {
        update.execute(params![user.0, sequence.0])?;
    }
    Ok(())
}

fn set_token(connection: &Connection, token: &TokenRecord) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT OR REPLACE INTO token (hash, user, since, expires_at, device, is_ended)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            token.hash.0,
            token.user.0,
            token.since.millis,
            token.expires_at.millis,
            token.device.as_ref().map(DeviceName::as_str),
            token.is_ended,
        ],
    )
}

fn reason(failure: DeliveryFailure) -> &'static str {
    match failure {
        DeliveryFailure::Lost => "lost",
        DeliveryFailure::Corrupted => "corrupted",
    }
}

pub(super) fn run(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(values).map(drop)
}
