//! How many bytes of messages each account has stored. In memory, and in a table that every commit
//! brings up to date: it is small, so many accounts share a page of it.

use std::collections::{BTreeMap, BTreeSet};

use netchat_core::limits::MESSAGE_BYTES_AROUND;
use netchat_core::storage::UserId;
use rusqlite::{Connection, params};

use super::writes::run;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// What one account may store.
    bytes_max: Option<u64>,
    totals: BTreeMap<UserId, u64>,
    /// What was added and taken away since the last commit, in order.
    changed: Vec<(UserId, i64)>,
}

impl Usage {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT user, bytes FROM stored")?;
        let totals = statement.query_map([], |row| Ok((UserId(row.get(0)?), row.get(1)?)))?;
        Ok(Self { totals: totals.collect::<Result<_, _>>()?, ..Self::default() })
    }

    pub(super) fn set_bytes_max(&mut self, bytes_max: Option<u64>) {
        self.bytes_max = bytes_max;
    }

    /// Whether an account may store a message with such a body too.
    pub(super) fn has_room(&self, user: UserId, body_bytes: usize) -> bool {
        let total = self.totals.get(&user).copied().unwrap_or_default();
        self.bytes_max.is_none_or(|max| total.saturating_add(message_bytes(body_bytes)) <= max)
    }

    /// Whether an account may store settings of so many bytes in place of those that it has, if it has
    /// some. Shorter ones it always may.
    pub(super) fn has_room_instead(
        &self,
        user: UserId,
        before: Option<usize>,
        bytes: usize,
    ) -> bool {
        let total = self.totals.get(&user).copied().unwrap_or_default();
        let others = total.saturating_sub(before.map_or(0, message_bytes));
        before.is_some_and(|before| bytes <= before)
            || self.bytes_max.is_none_or(|max| others.saturating_add(message_bytes(bytes)) <= max)
    }

    /// A message with such a body is there.
    pub(super) fn add_message(&mut self, user: UserId, body_bytes: usize) {
        self.change(user, message_bytes(body_bytes).cast_signed());
    }

    /// It is not there any more.
    pub(super) fn remove_message(&mut self, user: UserId, body_bytes: usize) {
        self.change(user, -message_bytes(body_bytes).cast_signed());
    }

    /// Of some message, the body is not there any more.
    pub(super) fn remove_body(&mut self, user: UserId, body_bytes: usize) {
        self.change(user, -i64::try_from(body_bytes).unwrap_or(i64::MAX));
    }

    /// How much has changed since the last commit, for [`Self::undo`].
    pub(super) fn changes(&self) -> usize {
        self.changed.len()
    }

    /// What has changed beyond so many changes has not.
    pub(super) fn undo(&mut self, changes: usize) {
        for (user, bytes) in self.changed.split_off(changes.min(self.changed.len())) {
            self.apply(user, -bytes);
        }
    }

    /// Writes what has changed, in the transaction that is under way.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let users: BTreeSet<UserId> = self.changed.iter().map(|(user, _)| *user).collect();
        for user in users {
            match self.totals.get(&user) {
                Some(bytes) => run(
                    connection,
                    "INSERT INTO stored (user, bytes) VALUES (?1, ?2)
                     ON CONFLICT DO UPDATE SET bytes = excluded.bytes",
                    params![user.0, bytes],
                )?,
                None => run(connection, "DELETE FROM stored WHERE user = ?1", [user.0])?,
            }
        }
        Ok(())
    }

    pub(super) fn committed(&mut self) {
        self.changed.clear();
    }

    fn change(&mut self, user: UserId, bytes: i64) {
        self.changed.push((user, bytes));
        self.apply(user, bytes);
    }

    /// Whoever has nothing is not kept.
    fn apply(&mut self, user: UserId, bytes: i64) {
        let total = self.totals.entry(user).or_default();
        *total = total.saturating_add_signed(bytes);
        if *total == 0 {
            self.totals.remove(&user);
        }
    }
}

/// What a message counts for.
fn message_bytes(body_bytes: usize) -> u64 {
    u64::try_from(body_bytes + MESSAGE_BYTES_AROUND).unwrap_or(u64::MAX)
}
