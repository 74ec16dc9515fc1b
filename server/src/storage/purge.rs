//! The sweep: forgetting, in small steps beside everything else, what nobody needs any more.
//!
//! A message goes with everything that changes it, once all of that has reached whoever was to
//! receive it. What changes a message never goes alone: an old text without its correction would be
//! wrong.

use std::collections::BTreeMap;

use netchat_core::storage::{ConversationId, Purge, Sequence, TokenHash, UserId};
use netchat_shared::time::UnixTime;
use rusqlite::{CachedStatement, Connection, params};

use super::index::{Index, Keys};
use super::limits::{
    FREE_PAGES_SHARE, SWEEP_MEMBERS_MAX, SWEEP_SHARE_MIN, SWEEP_STEP_DELETED, SWEEP_STEP_MESSAGES,
    SWEEP_STEP_RECORDS, VACUUM_STEP_PAGES,
};
use super::usage::Usage;
use super::writes::run;

/// A sweep under way.
#[derive(Debug)]
pub(super) struct Sweep {
    purge: Purge,
    stage: Stage,
    /// How many messages it may look at, for what was added beside it.
    share: usize,
    waiting: Waiting,
}

/// What is looked through next, and behind which place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Of groups that nobody is left in.
    GoneGroups,
    Messages(Sequence),
    Tokens(Option<TokenHash>),
    Guests(UserId),
    Space,
    Done,
}

/// How far the registered members of conversations have received, the least first. Kept for a whole
/// sweep: what it misses by that only stays until the next one.
#[derive(Debug, Default)]
struct Waiting {
    conversations: BTreeMap<ConversationId, Vec<(Sequence, UserId)>>,
    members: usize,
}

impl Sweep {
    pub(super) fn new(purge: Purge) -> Self {
        Self { purge, stage: Stage::GoneGroups, share: 0, waiting: Waiting::default() }
    }

    /// Something was committed beside it, which added so many messages.
    pub(super) fn earn(&mut self, added: usize) {
        self.share += SWEEP_SHARE_MIN.max(2 * added);
    }

    /// Whether it has earned a step; takes it.
    pub(super) fn spend(&mut self) -> bool {
        let has_earned = self.share >= SWEEP_STEP_MESSAGES;
        if has_earned {
            self.share -= SWEEP_STEP_MESSAGES;
        }
        has_earned
    }

    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Goes on a little, in the transaction that is under way. If that fails, the step is done
    /// again by calling this again.
    ///
    /// Answers what [`Self::committed`] is to be told.
    pub(super) fn step(
        &mut self,
        connection: &Connection,
        (index, usage): (&mut Index, &mut Usage),
    ) -> rusqlite::Result<Step> {
        let next = match self.stage {
            Stage::GoneGroups => match sweep_gone_group(connection, (index, usage))? {
                true => Stage::GoneGroups,
                false if self.purge.messages_before.is_some() => Stage::Messages(Sequence::ZERO),
                false => Stage::Tokens(None),
            },
            Stage::Messages(after) => self.sweep_messages(connection, (index, usage), after)?,
            Stage::Tokens(after) => sweep_tokens(connection, after, self.purge.tokens_before)?,
            Stage::Guests(after) => self.sweep_guests(connection, index, after)?,
            Stage::Space => give_back_space(connection)?,
            Stage::Done => Stage::Done,
        };
        Ok(Step(next))
    }

    pub(super) fn committed(&mut self, step: Step) {
        self.stage = step.0;
    }

    fn sweep_messages(
        &mut self,
        connection: &Connection,
        (index, usage): (&mut Index, &mut Usage),
        after: Sequence,
    ) -> rusqlite::Result<Stage> {
        let before = self.purge.messages_before.unwrap_or_default();
        let mut statement = connection.prepare_cached(
            "SELECT seq, conversation, sender, id, kind, time FROM message WHERE seq > ?1
             ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = statement.query(params![after.0, SWEEP_STEP_MESSAGES])?;
        let (mut deleted, mut looked_at, mut last, mut has_old) = (Vec::new(), 0, after, false);
        while let Some(row) = rows.next()? {
            let keys = Keys::read(row)?;
            (looked_at, last) = (looked_at + 1, keys.sequence);
            let is_old = UnixTime { millis: row.get(5)? } < before;
            has_old |= is_old;
            if is_old && keys.is_line && self.has_arrived(connection, &keys)? {
                self.add_with_changes(connection, keys, &mut deleted)?;
            }
            if deleted.len() >= SWEEP_STEP_DELETED {
                break;
            }
        }
        let is_last = looked_at < SWEEP_STEP_MESSAGES && rows.next()?.is_none();
        drop(rows);
        delete_messages(connection, (index, usage), deleted)?;
        // Times follow the places, except for what a wrong clock left in old databases.
        let is_through = is_last || !has_old;
        Ok(if is_through { Stage::Tokens(None) } else { Stage::Messages(last) })
    }

    /// Adds a message and its changes to what is deleted, unless a change has still to arrive.
    fn add_with_changes(
        &mut self,
        connection: &Connection,
        line: Keys,
        deleted: &mut Vec<Keys>,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "SELECT seq, conversation, sender, id, kind FROM message
             WHERE of = ?1 AND kind IN ('edit', 'delete', 'react')",
        )?;
        let changes = statement.query_map([line.sequence.0], Keys::read)?;
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        for change in &changes {
            if !self.has_arrived(connection, change)? {
                return Ok(());
            }
        }
        deleted.push(line);
        deleted.extend(changes);
        Ok(())
    }

    /// Whether every registered member for whom a message was has received it, or a record says
    /// that it failed to reach them. Broadcasts are for whoever is there.
    fn has_arrived(&mut self, connection: &Connection, keys: &Keys) -> rusqlite::Result<bool> {
        if keys.conversation == ConversationId::EVERYONE {
            return Ok(true);
        }
        let members = self.waiting.of(connection, keys.conversation)?;
        let mut failed =
            connection.prepare_cached("SELECT 1 FROM failure WHERE seq = ?1 AND user = ?2")?;
        for (_, user) in members.iter().take_while(|(to, _)| *to < keys.sequence) {
            if *user != keys.sender && !failed.exists(params![keys.sequence.0, user.0])? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn sweep_guests(
        &self,
        connection: &Connection,
        index: &mut Index,
        after: UserId,
    ) -> rusqlite::Result<Stage> {
        // Whether a message of theirs is left is read in the index.
        index.write_all(connection)?;
        let mut statement = connection.prepare_cached(
            "SELECT id FROM user WHERE password_hash IS NULL AND id > ?1 AND since <= ?2
             ORDER BY id LIMIT ?3",
        )?;
        let values = params![after.0, self.purge.known_to.0, SWEEP_STEP_RECORDS];
        let guests = statement.query_map(values, |row| row.get(0).map(UserId))?;
        let guests = guests.collect::<Result<Vec<_>, _>>()?;
        for guest in guests.iter().filter(|guest| !self.purge.guests.contains(guest)) {
            if !is_needed(connection, *guest)? {
                delete_guest(connection, *guest)?;
            }
        }
        Ok(match guests.last() {
            Some(last) if guests.len() == SWEEP_STEP_RECORDS => Stage::Guests(*last),
            Some(_) | None => Stage::Space,
        })
    }
}

/// How far a sweep is if what it did is committed.
#[must_use]
#[derive(Debug, Clone, Copy)]
pub(super) struct Step(Stage);

impl Waiting {
    fn of(
        &mut self,
        connection: &Connection,
        conversation: ConversationId,
    ) -> rusqlite::Result<&[(Sequence, UserId)]> {
        if self.members >= SWEEP_MEMBERS_MAX {
            *self = Self::default();
        }
        if !self.conversations.contains_key(&conversation) {
            let mut statement = connection.prepare_cached(
                "SELECT max(member.since, received.seq) AS reach, member.user
                 FROM member JOIN user ON user.id = member.user
                 JOIN received ON received.user = member.user
                 WHERE conversation = ?1 AND password_hash IS NOT NULL ORDER BY reach",
            )?;
            let read = |row: &rusqlite::Row<'_>| Ok((Sequence(row.get(0)?), UserId(row.get(1)?)));
            let members = statement.query_map([conversation.0], read)?;
            let members = members.collect::<Result<Vec<_>, _>>()?;
            self.members += members.len().max(1);
            self.conversations.insert(conversation, members);
        }
        Ok(self.conversations.get(&conversation).map_or(&[], Vec::as_slice))
    }
}

/// Deletes some messages of a group that has gone, whoever had still to receive them: nobody may read
/// them any more. Whether there was such a group.
fn sweep_gone_group(
    connection: &Connection,
    (index, usage): (&mut Index, &mut Usage),
) -> rusqlite::Result<bool> {
    let first = "SELECT min(conversation) FROM gone_group";
    let gone =
        connection.prepare_cached(first)?.query_row([], |row| row.get::<_, Option<u32>>(0))?;
    let Some(gone) = gone else { return Ok(false) };
    // Which messages are its own is read in the index.
    index.write_all(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT message.seq, message.conversation, message.sender, id, kind
         FROM message_place JOIN message ON message.seq = message_place.seq
         WHERE message_place.conversation = ?1 LIMIT ?2",
    )?;
    let keys = statement.query_map(params![gone, SWEEP_STEP_DELETED], Keys::read)?;
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        run(connection, "DELETE FROM gone_group WHERE conversation = ?1", [gone])?;
    } else {
        delete_messages(connection, (index, usage), keys)?;
    }
    Ok(true)
}

/// Deletes in the order of each table, so that neighbours share their pages.
fn delete_messages(
    connection: &Connection,
    (index, usage): (&mut Index, &mut Usage),
    mut deleted: Vec<Keys>,
) -> rusqlite::Result<()> {
    if deleted.iter().any(|keys| index.may_lack(keys.sequence)) {
        index.write_all(connection)?;
    }
    deleted.sort_unstable_by_key(|keys| keys.sequence);
    let mut message = connection.prepare_cached(
        "DELETE FROM message WHERE seq = ?1 RETURNING sender, coalesce(octet_length(body), 0)",
    )?;
    let mut failures = connection.prepare_cached("DELETE FROM failure WHERE seq = ?1")?;
    for keys in &deleted {
        let (sender, body_bytes) =
            message.query_row([keys.sequence.0], |row| Ok((UserId(row.get(0)?), row.get(1)?)))?;
        usage.remove_message(sender, body_bytes);
        failures.execute([keys.sequence.0])?;
    }
    deleted.sort_unstable_by_key(|keys| (keys.sender, keys.id));
    let mut by_id =
        connection.prepare_cached("DELETE FROM message_id WHERE sender = ?1 AND id = ?2")?;
    for keys in &deleted {
        by_id.execute(params![keys.sender.0, keys.id.0.to_be_bytes()])?;
    }
    deleted.sort_unstable_by_key(|keys| (keys.conversation, keys.is_line, keys.sequence));
    let mut by_place = connection.prepare_cached(
        "DELETE FROM message_place WHERE conversation = ?1 AND line = ?2 AND seq = ?3",
    )?;
    for keys in &deleted {
        by_place.execute(params![keys.conversation.0, keys.is_line, keys.sequence.0])?;
    }
    Ok(())
}

fn sweep_tokens(
    connection: &Connection,
    after: Option<TokenHash>,
    before: UnixTime,
) -> rusqlite::Result<Stage> {
    let mut statement = connection.prepare_cached(
        "SELECT hash, expires_at FROM token WHERE hash > ?1 ORDER BY hash LIMIT ?2",
    )?;
    // No bytes at all come before every hash.
    let first = after.as_ref().map_or(&[][..], |after| &after.0);
    let tokens = statement.query_map(params![first, SWEEP_STEP_RECORDS], |row| {
        Ok((TokenHash(row.get(0)?), UnixTime { millis: row.get(1)? }))
    })?;
    let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
    for (hash, _) in tokens.iter().filter(|(_, expires_at)| *expires_at < before) {
        run(connection, "DELETE FROM token WHERE hash = ?1", [hash.0])?;
    }
    Ok(match tokens.last() {
        Some((last, _)) if tokens.len() == SWEEP_STEP_RECORDS => Stage::Tokens(Some(*last)),
        Some(_) | None => Stage::Guests(UserId(0)),
    })
}

/// Whether a message of theirs is left, or one to them alone, which would then belong to nobody; or a
/// group, which they leave by the log like everybody.
fn is_needed(connection: &Connection, guest: UserId) -> rusqlite::Result<bool> {
    let mut statement: CachedStatement<'_> = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM message_id WHERE sender = ?1)
             OR EXISTS (SELECT 1 FROM conversation JOIN message_place
                        ON message_place.conversation = conversation.id WHERE one = ?1)
             OR EXISTS (SELECT 1 FROM conversation JOIN message_place
                        ON message_place.conversation = conversation.id WHERE other = ?1)
             OR EXISTS (SELECT 1 FROM member JOIN conversation
                        ON conversation.id = member.conversation
                        WHERE user = ?1 AND group_name IS NOT NULL)",
    )?;
    statement.query_row([guest.0], |row| row.get(0))
}

fn delete_guest(connection: &Connection, guest: UserId) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM member WHERE conversation IN
             (SELECT id FROM conversation WHERE one = ?1 UNION ALL
              SELECT id FROM conversation WHERE other = ?1)",
        "DELETE FROM conversation WHERE one = ?1",
        "DELETE FROM conversation WHERE other = ?1",
        "DELETE FROM member WHERE user = ?1",
        "DELETE FROM standing WHERE user = ?1",
        "DELETE FROM received WHERE user = ?1",
        "DELETE FROM token WHERE user = ?1",
        "DELETE FROM user WHERE id = ?1",
    ] {
        run(connection, statement, [guest.0])?;
    }
    Ok(())
}

/// Gives free pages back to the file system, but not those that new messages soon need.
fn give_back_space(connection: &Connection) -> rusqlite::Result<Stage> {
    let read = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0));
    let free = read("freelist_count")?;
    if free <= read("page_count")? / FREE_PAGES_SHARE {
        return Ok(Stage::Done);
    }
    let mut statement =
        connection.prepare_cached(&format!("PRAGMA incremental_vacuum({VACUUM_STEP_PAGES})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    // A database made before there were incremental vacuums keeps its size, and uses it again.
    Ok(if read("freelist_count")? < free { Stage::Space } else { Stage::Done })
}
