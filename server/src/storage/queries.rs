//! Questions to the database. Bound parameters only.

use std::sync::Arc;

use netchat_core::limits::{PAGE_BYTES_MAX, PAGE_MESSAGES_MAX};
use netchat_core::storage::{
    ConversationId, DeliveryFailure, Loaded, MessageRecord, Query, Sequence, StoredMessage, UserId,
};
use netchat_shared::body::Body;
use netchat_shared::message_id::MessageId;
use netchat_shared::time::UnixTime;
use rusqlite::{Connection, Params, Row, params};

/// Most failures in one answer: the latest.
const FAILURES_MAX: u32 = 1_000;

/// A statement that reads messages, in the columns of [`read_message`].
macro_rules! select_message {
    ($where:literal) => {
        concat!(
            "SELECT message.\"order\", conversation, sender, id, time, recipients, body
             FROM message WHERE ",
            $where
        )
    };
}

pub(super) fn load(connection: &Connection, query: &Query) -> rusqlite::Result<Loaded> {
    match query {
        Query::Backlog(user, after) => backlog(connection, *user, *after),
        Query::History(user, conversation, before, limit) => {
            history(connection, *user, *conversation, *before, *limit)
        }
        Query::Latest(user) => latest(connection, *user),
        Query::Failures(sender, since) => failures(connection, *sender, *since),
    }
}

/// The message of that sender with that id.
pub(super) fn read_known(
    connection: &Connection,
    sender: UserId,
    id: MessageId,
) -> rusqlite::Result<Arc<MessageRecord>> {
    let mut statement = connection.prepare_cached(select_message!("sender = ?1 AND id = ?2"))?;
    statement.query_row(params![sender.0, id.0.to_be_bytes()], read_message)
}

/// The places come from an index alone; only the page itself is read whole.
fn backlog(connection: &Connection, user: UserId, after: Sequence) -> rusqlite::Result<Loaded> {
    page(
        connection,
        select_message!(
            "message.\"order\" IN (
                 SELECT message.\"order\" FROM member
                 JOIN message USING (conversation)
                 WHERE member.user = ?1 AND message.\"order\" > max(?2, member.since)
                   AND NOT EXISTS (SELECT 1 FROM failure WHERE failure.\"order\" = message.\"order\"
                                   AND failure.user = ?1)
                 ORDER BY message.\"order\" LIMIT ?3)
             ORDER BY message.\"order\""
        ),
        params![user.0, after.0, PAGE_MESSAGES_MAX + 1],
        user,
        PAGE_MESSAGES_MAX,
    )
}

fn history(
    connection: &Connection,
    user: UserId,
    conversation: ConversationId,
    before: Option<Sequence>,
    limit: u16,
) -> rusqlite::Result<Loaded> {
    let before = before.map_or(i64::MAX, |before| i64::try_from(before.0).unwrap_or(i64::MAX));
    let limit = usize::from(limit).min(PAGE_MESSAGES_MAX);
    page(
        connection,
        select_message!(
            "conversation = ?1 AND message.\"order\" < ?2 AND message.\"order\" >
                 (SELECT since FROM member WHERE conversation = ?1 AND user = ?3)
             ORDER BY message.\"order\" DESC LIMIT ?4"
        ),
        params![conversation.0, before, user.0, limit + 1],
        user,
        limit,
    )
}

fn latest(connection: &Connection, user: UserId) -> rusqlite::Result<Loaded> {
    page(
        connection,
        select_message!(
            "message.\"order\" IN (
                 SELECT (SELECT max(\"order\") FROM message
                         WHERE conversation = member.conversation AND \"order\" > member.since)
                 FROM member WHERE member.user = ?1)
             ORDER BY message.\"order\" DESC LIMIT ?2"
        ),
        params![user.0, PAGE_MESSAGES_MAX + 1],
        user,
        PAGE_MESSAGES_MAX,
    )
}

fn failures(connection: &Connection, sender: UserId, since: Sequence) -> rusqlite::Result<Loaded> {
    let mut statement = connection.prepare_cached(
        "SELECT failure.\"order\", failure.user, reason FROM failure JOIN message USING (\"order\")
         WHERE sender = ?1 AND failure.\"order\" >= ?2 ORDER BY failure.\"order\" DESC LIMIT ?3",
    )?;
    let read = |row: &Row<'_>| {
        Ok((Sequence(row.get(0)?), UserId(row.get(1)?), failure(&row.get::<_, String>(2)?)))
    };
    let rows = statement.query_map(params![sender.0, since.0, FAILURES_MAX], read)?;
    rows.collect::<Result<_, _>>().map(Loaded::Failures)
}

/// Messages up to both bounds of a page, and whether there are no more. One's own come with what is
/// known of their failures.
fn page(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    viewer: UserId,
    messages_max: usize,
) -> rusqlite::Result<Loaded> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let (mut messages, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if messages.len() >= messages_max || bytes >= PAGE_BYTES_MAX {
            return Ok(Loaded::Messages(messages, false));
        }
        let record = read_message(row)?;
        bytes += record.body.as_str().len();
        let failures = match record.sender == viewer {
            true => failures_of(connection, record.sequence)?,
            false => Vec::new(),
        };
        messages.push(StoredMessage { record, failures });
    }
    Ok(Loaded::Messages(messages, true))
}

fn failures_of(
    connection: &Connection,
    order: Sequence,
) -> rusqlite::Result<Vec<(UserId, DeliveryFailure)>> {
    let mut statement =
        connection.prepare_cached("SELECT user, reason FROM failure WHERE \"order\" = ?1")?;
    let read = |row: &Row<'_>| Ok((UserId(row.get(0)?), failure(&row.get::<_, String>(1)?)));
    statement.query_map([order.0], read)?.collect()
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<Arc<MessageRecord>> {
    let recipients = row.get::<_, Vec<u8>>(5)?;
    let (recipients, _) = recipients.as_chunks::<4>();
    Ok(Arc::new(MessageRecord {
        sequence: Sequence(row.get(0)?),
        conversation: ConversationId(row.get(1)?),
        sender: UserId(row.get(2)?),
        id: MessageId(u128::from_be_bytes(row.get(3)?)),
        time: UnixTime { millis: row.get(4)? },
        recipients: recipients.iter().map(|id| UserId(u32::from_be_bytes(*id))).collect(),
        body: Body::from_wire(&row.get::<_, String>(6)?),
    }))
}

/// The schema allows no other word.
fn failure(reason: &str) -> DeliveryFailure {
    match reason {
        "corrupted" => DeliveryFailure::Corrupted,
        _ => DeliveryFailure::Lost,
    }
}
