//! Questions to the database. Bound parameters only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use netchat_core::limits::{
    FAILURES_MAX, MESSAGE_BYTES_AROUND, PAGE_BYTES_MAX, PAGE_MESSAGES_MAX,
    UNREAD_LINES_LOOKED_AT_MAX,
};
use netchat_core::storage::{
    ConversationId, DeliveryFailure, Loaded, Message, OverviewLine, Page, Query, Sequence,
    StoredMessage, UserId,
};
use netchat_shared::body::Body;
use netchat_shared::extended::{HistoryFrom, UnreadCount};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::UNREAD_COUNT_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::time::UnixTime;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Row, params};

use super::settings;

/// A statement that reads messages, in the columns of [`read_message`].
macro_rules! select_message {
    ($where:literal) => {
        concat!(
            "SELECT seq, conversation, sender, id, time, kind, of, body FROM message WHERE ",
            $where
        )
    };
}

/// A statement that reads the lines of a conversation between two places, in the columns of [`read_message`].
macro_rules! select_lines {
    ($order:literal) => {
        concat!(
            "SELECT seq, message.conversation, message.sender, id, time, kind, of, body
             FROM message_place CROSS JOIN message USING (seq)
             WHERE message_place.conversation = ?1 AND line = 1 AND seq < ?2 AND seq > ?3
             ORDER BY seq",
            $order
        )
    };
}

/// A question under way. The indexes are complete, and the log ends at `head`.
struct Reader<'a> {
    connection: &'a Connection,
    head: Sequence,
}

/// How full a page is.
#[derive(Default)]
struct Room {
    messages: usize,
    bytes: usize,
}

pub(super) fn load(
    connection: &Connection,
    head: Sequence,
    query: &Query,
) -> rusqlite::Result<Loaded> {
    let reader = Reader { connection, head };
    let page = match query {
        Query::Backlog(user, after) => return reader.backlog(*user, *after),
        Query::History(user, conversation, from, limit) => {
            reader.history(*user, *conversation, *from, usize::from(*limit))?
        }
        Query::Overview(user, before) => reader.overview(*user, *before)?,
        Query::Failures(sender, since) => reader.failures(*sender, *since)?,
        Query::Settings(user) => Page::Settings(settings::load(connection, *user)?),
    };
    Ok(Loaded::Page { page, complete_to: head })
}

impl Reader<'_> {
    /// Merges the user's conversations by place, so that a page costs as much as it holds, however
    /// much waits behind it.
    fn backlog(&self, user: UserId, after: Sequence) -> rusqlite::Result<Loaded> {
        let (mut messages, mut room) = (Vec::new(), Room::default());
        let mut next = self.first_places(user, after)?;
        let mut failed =
            self.connection.prepare_cached("SELECT 1 FROM failure WHERE seq = ?1 AND user = ?2")?;
        let mut complete_to = self.head;
        while let Some(Reverse((sequence, conversation))) = next.pop() {
            if !failed.exists(params![sequence.0, user.0])? {
                let message = read_message_at(self.connection, sequence)?;
                if !room.take(PAGE_MESSAGES_MAX, message_bytes(&message)) {
                    complete_to = messages.last().map_or(after, |it: &Arc<Message>| it.sequence);
                    break;
                }
                messages.push(message);
            }
            if let Some(place) = self.next_place(conversation, sequence)? {
                next.push(Reverse((place, conversation)));
            }
        }
        Ok(Loaded::Page { page: Page::Backlog(messages), complete_to })
    }

    /// The first place of each conversation that has one behind `after`.
    fn first_places(
        &self,
        user: UserId,
        after: Sequence,
    ) -> rusqlite::Result<BinaryHeap<Reverse<(Sequence, ConversationId)>>> {
        let mut places = BinaryHeap::new();
        if after >= self.head {
            return Ok(places);
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT conversation, since FROM member WHERE user = ?1")?;
        let mut rows = statement.query([user.0])?;
        while let Some(row) = rows.next()? {
            let (conversation, since) = (ConversationId(row.get(0)?), Sequence(row.get(1)?));
            if let Some(place) = self.next_place(conversation, since.max(after))? {
                places.push(Reverse((place, conversation)));
            }
        }
        Ok(places)
    }

    fn next_place(
        &self,
        conversation: ConversationId,
        after: Sequence,
    ) -> rusqlite::Result<Option<Sequence>> {
        self.connection
            .prepare_cached(
                "SELECT min(seq) FROM (
                     SELECT min(seq) AS seq FROM message_place
                     WHERE conversation = ?1 AND line = 0 AND seq > ?2
                     UNION ALL
                     SELECT min(seq) FROM message_place
                     WHERE conversation = ?1 AND line = 1 AND seq > ?2)",
            )?
            .query_row(params![conversation.0, place(after)], read_place)
    }

    fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        from: HistoryFrom,
        limit: usize,
    ) -> rusqlite::Result<Page> {
        let since: Option<u64> = self
            .connection
            .prepare_cached("SELECT since FROM member WHERE conversation = ?1 AND user = ?2")?
            .query_row(params![conversation.0, user.0], |row| row.get(0))
            .optional()?;
        let Some(since) = since.map(Sequence) else { return Ok(Page::History(Vec::new(), false)) };
        let (before, after) = match from {
            HistoryFrom::Before(before) => (before.map_or(i64::MAX, place), since),
            HistoryFrom::After(after) => (i64::MAX, after.max(since)),
            HistoryFrom::At(time) => (i64::MAX, self.last_before(time)?.max(since)),
        };
        let mut statement = self.connection.prepare_cached(match from.is_forward() {
            false => select_lines!(" DESC"),
            true => select_lines!(""),
        })?;
        let mut rows = statement.query(params![conversation.0, before, place(after)])?;
        let (mut lines, mut room, mut has_more) = (Vec::new(), Room::default(), false);
        while let Some(row) = rows.next()? {
            match self.with_changes(read_message(row)?, &mut room, limit)? {
                Some(line) => lines.push(line),
                None => {
                    has_more = true;
                    break;
                }
            }
        }
        self.add_failures(user, lines.iter_mut().collect())?;
        Ok(Page::History(lines, has_more))
    }

    /// A place behind which everything was stored at that time or later, and nothing before it was.
    /// Since the time of the log never goes back, it is found by halving.
    fn last_before(&self, time: UnixTime) -> rusqlite::Result<Sequence> {
        let mut at = self
            .connection
            .prepare_cached("SELECT seq, time FROM message WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
        let (mut low, mut high) = (Sequence::ZERO.next(), self.head.next());
        while low < high {
            let middle = Sequence(low.0 + (high.0 - low.0) / 2);
            let read = |row: &Row<'_>| Ok((Sequence(row.get(0)?), row.get::<_, u64>(1)?));
            match at.query_row([middle.0], read).optional()? {
                Some((sequence, millis)) if millis < time.millis => low = sequence.next(),
                Some(_) | None => high = middle,
            }
        }
        Ok(low.previous())
    }

    fn overview(&self, user: UserId, before: Option<Sequence>) -> rusqlite::Result<Page> {
        let mut statement = self.connection.prepare_cached(
            "SELECT (SELECT max(seq) FROM message_place
                     WHERE conversation = member.conversation AND line = 1 AND seq > since)
                        AS latest, read, conversation, since
             FROM member WHERE user = ?1 AND latest < ?2 ORDER BY latest DESC LIMIT ?3",
        )?;
        let before = before.map_or(i64::MAX, place);
        let mut rows = statement.query(params![user.0, before, PAGE_MESSAGES_MAX + 1])?;
        let (mut lines, mut room, mut has_more) = (Vec::new(), Room::default(), false);
        while let Some(row) = rows.next()? {
            let message = read_message_at(self.connection, Sequence(row.get(0)?))?;
            match self.with_changes(message, &mut room, PAGE_MESSAGES_MAX)? {
                Some(line) => {
                    let read = Sequence(row.get(1)?);
                    let after = read.max(Sequence(row.get(3)?));
                    let unread = self.unread(user, ConversationId(row.get(2)?), after)?;
                    lines.push(OverviewLine { line, read, unread });
                }
                None => {
                    has_more = true;
                    break;
                }
            }
        }
        let of_lines = lines.iter_mut().map(|of: &mut OverviewLine| &mut of.line);
        self.add_failures(user, of_lines.collect())?;
        Ok(Page::Overview(lines, has_more))
    }

    /// How many lines of others are behind a place. All that it needs stands in the index.
    fn unread(
        &self,
        user: UserId,
        conversation: ConversationId,
        after: Sequence,
    ) -> rusqlite::Result<UnreadCount> {
        let count: u32 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM (
                     SELECT 1 FROM (
                         SELECT sender FROM message_place
                         WHERE conversation = ?1 AND line = 1 AND seq > ?2
                         ORDER BY seq DESC LIMIT ?3)
                     WHERE sender <> ?4 LIMIT ?5)",
            )?
            .query_row(
                params![
                    conversation.0,
                    place(after),
                    UNREAD_LINES_LOOKED_AT_MAX,
                    user.0,
                    UNREAD_COUNT_MAX
                ],
                |row| row.get(0),
            )?;
        Ok(UnreadCount::new(count))
    }

    /// The latest failures, the latest first.
    fn failures(&self, sender: UserId, since: Sequence) -> rusqlite::Result<Page> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, user, reason FROM failure
             WHERE sender = ?1 AND seq >= ?2 AND user IN (SELECT id FROM user)
             ORDER BY seq DESC, user DESC LIMIT ?3",
        )?;
        let read = |row: &Row<'_>| {
            Ok((Sequence(row.get(0)?), UserId(row.get(1)?), failure(&row.get::<_, String>(2)?)))
        };
        let rows = statement.query_map(params![sender.0, place(since), FAILURES_MAX], read)?;
        rows.collect::<Result<_, _>>().map(Page::Failures)
    }

    /// A line with everything that belongs to it; `None` if the page has no room for it.
    fn with_changes(
        &self,
        message: Arc<Message>,
        room: &mut Room,
        messages_max: usize,
    ) -> rusqlite::Result<Option<StoredMessage>> {
        if room.messages >= messages_max {
            return Ok(None);
        }
        let changes = self.changes(message.sequence)?;
        let bytes = changes.iter().map(|change| message_bytes(change)).sum::<usize>();
        if !room.take(messages_max, message_bytes(&message) + bytes) {
            return Ok(None);
        }
        Ok(Some(StoredMessage { message, failures: Vec::new(), changes }))
    }

    /// Adds to the viewer's own lines who has not got them. Failures are short; a page holds so many at most,
    /// whatever they belong to. Of most pages there are none: one question says so.
    fn add_failures(&self, viewer: UserId, lines: Vec<&mut StoredMessage>) -> rusqlite::Result<()> {
        let own = lines.into_iter().filter(|line| line.message.sender == viewer);
        let mut own: Vec<_> = own.collect();
        let places = || own.iter().map(|line| line.message.sequence);
        let (Some(first), Some(last)) = (places().min(), places().max()) else { return Ok(()) };
        let mut any = self
            .connection
            .prepare_cached("SELECT 1 FROM failure WHERE sender = ?1 AND seq BETWEEN ?2 AND ?3")?;
        let mut left = FAILURES_MAX;
        if any.exists(params![viewer.0, place(first), place(last)])? {
            for line in &mut own {
                line.failures = self.failures_of(line.message.sequence, left)?;
                left -= line.failures.len();
            }
        }
        Ok(())
    }

    /// The latest edit of a line and the reactions to it in their order, or its deletion.
    fn changes(&self, of: Sequence) -> rusqlite::Result<Vec<Arc<Message>>> {
        // Of most lines there are none: one question says so.
        let mut any = self.connection.prepare_cached(
            "SELECT 1 FROM message WHERE of = ?1 AND kind IN ('delete', 'react', 'edit')",
        )?;
        if !any.exists([of.0])? {
            return Ok(Vec::new());
        }
        let mut rest = self.connection.prepare_cached(select_message!(
            "of = ?1 AND kind IN ('delete', 'react') ORDER BY seq"
        ))?;
        let mut changes = rest.query_map([of.0], read_message)?.collect::<Result<Vec<_>, _>>()?;
        let is_deletion = |change: &Arc<Message>| matches!(change.kind, MessageKind::Deletion(_));
        if let Some(deletion) = changes.iter().position(is_deletion) {
            return Ok(vec![changes.swap_remove(deletion)]);
        }
        let mut edit = self.connection.prepare_cached(select_message!(
            "of = ?1 AND kind = 'edit' ORDER BY seq DESC LIMIT 1"
        ))?;
        changes.extend(edit.query_row([of.0], read_message).optional()?);
        changes.sort_by_key(|change| change.sequence);
        Ok(changes)
    }

    fn failures_of(
        &self,
        sequence: Sequence,
        failures_max: usize,
    ) -> rusqlite::Result<Vec<(UserId, DeliveryFailure)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT user, reason FROM failure
             WHERE seq = ?1 AND user IN (SELECT id FROM user) ORDER BY user LIMIT ?2",
        )?;
        let read = |row: &Row<'_>| Ok((UserId(row.get(0)?), failure(&row.get::<_, String>(1)?)));
        statement.query_map(params![sequence.0, failures_max], read)?.collect()
    }
}

impl Room {
    /// Takes room for a message; false if it has none. The first always has.
    fn take(&mut self, messages_max: usize, bytes: usize) -> bool {
        let has_room = self.messages < messages_max
            && (self.messages == 0 || self.bytes + bytes <= PAGE_BYTES_MAX);
        if has_room {
            self.messages += 1;
            self.bytes += bytes;
        }
        has_room
    }
}

fn message_bytes(message: &Message) -> usize {
    MESSAGE_BYTES_AROUND + message.body.as_ref().map_or(0, |body| body.as_str().len())
}

/// The message at a place.
pub(super) fn read_message_at(
    connection: &Connection,
    sequence: Sequence,
) -> rusqlite::Result<Arc<Message>> {
    let mut statement = connection.prepare_cached(select_message!("seq = ?1"))?;
    statement.query_row([sequence.0], read_message)
}

/// A place that somebody named, as a parameter: none is beyond what SQLite can count.
pub(super) fn place(sequence: Sequence) -> i64 {
    i64::try_from(sequence.0).unwrap_or(i64::MAX)
}

fn read_place(row: &Row<'_>) -> rusqlite::Result<Option<Sequence>> {
    Ok(row.get::<_, Option<u64>>(0)?.map(Sequence))
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<Arc<Message>> {
    Ok(Arc::new(Message {
        sequence: Sequence(row.get(0)?),
        conversation: ConversationId(row.get(1)?),
        sender: UserId(row.get(2)?),
        id: MessageId(u128::from_be_bytes(row.get(3)?)),
        time: UnixTime { millis: row.get(4)? },
        kind: read_kind(row, 5)?,
        body: row.get_ref(7)?.as_str_or_null()?.map(Body::from_wire),
    }))
}

/// The kind in two columns, the word first.
pub(super) fn read_kind(row: &Row<'_>, column: usize) -> rusqlite::Result<MessageKind> {
    let Some(word) = row.get_ref(column)?.as_str_or_null()? else {
        return Ok(MessageKind::Text);
    };
    let of = row.get::<_, Option<u64>>(column + 1)?.map(Sequence);
    MessageKind::from_parts(word, of)
        .ok_or_else(|| Error::InvalidColumnType(column, "kind".to_owned(), Type::Text))
}

/// The schema allows no other word.
fn failure(reason: &str) -> DeliveryFailure {
    match reason {
        "corrupted" => DeliveryFailure::Corrupted,
        _ => DeliveryFailure::Lost,
    }
}
