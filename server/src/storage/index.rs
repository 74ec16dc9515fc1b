//! The indexes of messages, by id and by conversation. They are written later than the messages.
//!
//! A commit that adds messages of many senders would write a page of each index for nearly every
//! message, which costs more than twice what the messages themselves cost (docs/performance.md). So
//! messages are gathered first, and written to the indexes sorted, thousands together: neighbours
//! share their pages. Nothing is lost in a crash, since the indexes follow from the messages: the
//! head says up to where they are complete, and opening the database writes the rest. A question or
//! a sweep that needs them completes them first.

use std::collections::BTreeMap;

use netchat_core::storage::{ConversationId, Message, Sequence, UserId};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::limits::{ID_RUNS_MAX, INDEX_BEHIND};

/// What the indexes hold of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) sequence: Sequence,
    pub(super) conversation: ConversationId,
    pub(super) sender: UserId,
    pub(super) id: MessageId,
    pub(super) is_line: bool,
}

/// What is not in the indexes yet, and how far writing it has got.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Messages that the indexes may lack, by place.
    tail: Vec<Keys>,
    /// The same by sender and id.
    by_id: BTreeMap<(UserId, MessageId), Sequence>,
    /// How many of `tail` are being written.
    under_way: usize,
    /// What is still to be written of them, the last first.
    for_ids: Vec<Keys>,
    for_places: Vec<Keys>,
    runs: Runs,
}

/// Ids are drawn as a random half and a counting half (`MessageIds`). Of the runs seen lately, the
/// highest count that may be stored: a higher one is new, and need not be looked for.
#[derive(Debug, Default)]
struct Runs(BTreeMap<(UserId, u64), u64>);

impl Keys {
    pub(super) fn of(message: &Message) -> Self {
        Self {
            sequence: message.sequence,
            conversation: message.conversation,
            sender: message.sender,
            id: message.id,
            is_line: message.kind.is_line(),
        }
    }

    /// Reads `seq, conversation, sender, id, kind`.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind = row.get_ref(4)?.as_str_or_null()?;
        Ok(Self {
            sequence: Sequence(row.get(0)?),
            conversation: ConversationId(row.get(1)?),
            sender: UserId(row.get(2)?),
            id: MessageId(u128::from_be_bytes(row.get(3)?)),
            is_line: kind.is_none_or(is_line),
        })
    }
}

impl Index {
    /// Begins with the messages behind `indexed`.
    pub(super) fn load(connection: &Connection, indexed: Sequence) -> rusqlite::Result<Self> {
        let mut index = Self::default();
        let mut statement = connection.prepare(
            "SELECT seq, conversation, sender, id, kind FROM message WHERE seq > ?1 ORDER BY seq",
        )?;
        let mut rows = statement.query([indexed.0])?;
        while let Some(row) = rows.next()? {
            index.add(Keys::read(row)?);
        }
        Ok(index)
    }

    /// The place of the message of that sender with that id.
    pub(super) fn find(
        &mut self,
        connection: &Connection,
        sender: UserId,
        id: MessageId,
    ) -> rusqlite::Result<Option<Sequence>> {
        let (origin, count) = halves(id);
        match self.runs.0.get_mut(&(sender, origin)) {
            Some(highest) if *highest < count => {
                *highest = count;
                return Ok(None);
            }
            Some(_) => {}
            None => {
                let highest = self.highest(connection, sender, origin)?;
                self.runs.remember(sender, origin, highest.map_or(count, |it| it.max(count)));
                if highest.is_none_or(|highest| highest < count) {
                    return Ok(None);
                }
            }
        }
        if let Some(sequence) = self.by_id.get(&(sender, id)) {
            return Ok(Some(*sequence));
        }
        connection
            .prepare_cached("SELECT seq FROM message_id WHERE sender = ?1 AND id = ?2")?
            .query_row(params![sender.0, id.0.to_be_bytes()], |row| row.get(0).map(Sequence))
            .optional()
    }

    /// A message was added.
    pub(super) fn add(&mut self, keys: Keys) {
        self.by_id.insert((keys.sender, keys.id), keys.sequence);
        self.tail.push(keys);
    }

    /// How many messages the indexes may lack.
    pub(super) fn behind(&self) -> usize {
        self.tail.len()
    }

    /// The messages beyond that number were not added after all.
    pub(super) fn truncate(&mut self, behind: usize) {
        for keys in self.tail.drain(behind..) {
            self.by_id.remove(&(keys.sender, keys.id));
        }
    }

    /// Whether the indexes should be written to.
    pub(super) fn is_due(&self) -> bool {
        self.under_way > 0 || self.tail.len() >= INDEX_BEHIND
    }

    /// Whether they may lack the message at that place.
    pub(super) fn may_lack(&self, sequence: Sequence) -> bool {
        self.tail.first().is_some_and(|first| first.sequence <= sequence)
    }

    /// Writes at most so many rows, in the transaction that is under way. If that fails, call
    /// [`Self::restart`].
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        rows_max: usize,
    ) -> rusqlite::Result<()> {
        if self.under_way == 0 {
            self.begin();
        }
        let of_ids = rows_max.min(self.for_ids.len());
        if of_ids > 0 {
            let mut insert = connection.prepare_cached(
                "INSERT INTO message_id (sender, id, seq) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?;
            for keys in self.for_ids.drain(self.for_ids.len() - of_ids..).rev() {
                let id = keys.id.0.to_be_bytes();
                insert.execute(params![keys.sender.0, id, keys.sequence.0])?;
            }
        }
        let of_places = (rows_max - of_ids).min(self.for_places.len());
        if of_places > 0 {
            let mut insert = connection.prepare_cached(
                "INSERT INTO message_place (conversation, line, seq, sender)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?;
            for keys in self.for_places.drain(self.for_places.len() - of_places..).rev() {
                insert.execute(params![
                    keys.conversation.0,
                    keys.is_line,
                    keys.sequence.0,
                    keys.sender.0
                ])?;
            }
        }
        if self.under_way > 0 && self.for_places.is_empty() {
            let indexed = self.tail[self.under_way - 1].sequence;
            connection.prepare_cached("UPDATE head SET indexed = ?1")?.execute([indexed.0])?;
        }
        Ok(())
    }

    /// Writes everything that is missing, in the transaction that is under way.
    pub(super) fn write_all(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // What is under way comes first, then what was added meanwhile: begun anew as one.
        self.restart();
        if self.tail.is_empty() { Ok(()) } else { self.write(connection, usize::MAX) }
    }

    /// What was written was committed.
    pub(super) fn committed(&mut self) {
        if self.for_places.is_empty() {
            for keys in self.tail.drain(..self.under_way) {
                self.by_id.remove(&(keys.sender, keys.id));
            }
            self.under_way = 0;
        }
    }

    /// What was written may not have been committed: it is written again.
    pub(super) fn restart(&mut self) {
        self.under_way = 0;
        self.for_ids.clear();
        self.for_places.clear();
    }

    fn begin(&mut self) {
        self.under_way = self.tail.len();
        self.for_ids = self.tail.clone();
        self.for_ids.sort_unstable_by_key(|keys| std::cmp::Reverse((keys.sender, keys.id)));
        self.for_places = self.tail.clone();
        self.for_places.sort_unstable_by_key(|keys| {
            std::cmp::Reverse((keys.conversation, keys.is_line, keys.sequence))
        });
    }

    /// The highest count of a run that is stored.
    fn highest(
        &self,
        connection: &Connection,
        sender: UserId,
        origin: u64,
    ) -> rusqlite::Result<Option<u64>> {
        let first = MessageId(u128::from(origin) << 64);
        let last = MessageId(first.0 | u128::from(u64::MAX));
        let in_tail = self.by_id.range((sender, first)..=(sender, last)).next_back();
        let in_tail = in_tail.map(|((_, id), _)| halves(*id).1);
        let in_table = connection
            .prepare_cached(
                "SELECT id FROM message_id WHERE sender = ?1 AND id BETWEEN ?2 AND ?3
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row(params![sender.0, first.0.to_be_bytes(), last.0.to_be_bytes()], |row| {
                Ok(halves(MessageId(u128::from_be_bytes(row.get(0)?))).1)
            })
            .optional()?;
        Ok(in_tail.max(in_table))
    }
}

impl Runs {
    fn remember(&mut self, sender: UserId, origin: u64, highest: u64) {
        if self.0.len() >= ID_RUNS_MAX {
            self.0.clear();
        }
        self.0.insert((sender, origin), highest);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the half is what is wanted")]
fn halves(id: MessageId) -> (u64, u64) {
    ((id.0 >> 64) as u64, id.0 as u64)
}

fn is_line(kind: &str) -> bool {
    // A known word that lacks its place is no kind at all; what it is about does not matter here.
    MessageKind::from_parts(kind, Some(Sequence::ZERO)).is_none_or(|kind| kind.is_line())
}
