//! Changes of the database. Bound parameters only.

use std::sync::Arc;

use netchat_core::storage::{
    ConversationId, ConversationKind, ConversationRecord, DeliveryFailure, MessageRecord, Sequence,
    Stored, UserId, UserRecord, Write,
};
use rusqlite::{Connection, TransactionBehavior, params};
use tracing::error;

use super::queries::read_known;

/// Messages forgotten at once; the next housekeeping goes on.
const PURGE_MAX: u32 = 5_000;

/// Carries out writes in order and commits them together.
pub(super) fn commit(
    connection: &mut Connection,
    writes: &[Write],
) -> rusqlite::Result<Vec<Stored>> {
    if writes.is_empty() {
        return Ok(Vec::new());
    }
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        let result = match write {
            // One statement: it leaves nothing behind when it fails.
            Write::AddMessages(messages) if messages.len() == 1 => {
                add_message(&transaction, &messages[0])
            }
            Write::SetReceived(..) => execute(&transaction, write),
            Write::AddUser(_)
            | Write::SignedIn(..)
            | Write::SetPasswordHash(..)
            | Write::AddConversation(_)
            | Write::AddMember(..)
            | Write::RemoveMember(..)
            | Write::AddMessages(_)
            | Write::AddFailure(..)
            | Write::SetToken(..)
            | Write::RemoveToken(_)
            | Write::Purge(_) => {
                let savepoint = transaction.savepoint()?;
                let result = execute(&savepoint, write);
                if result.is_ok() {
                    savepoint.commit()?;
                }
                // Otherwise dropping it rolls it back.
                result
            }
        };
        results.push(result.unwrap_or_else(|error| {
            error!(%error, "one change could not be stored");
            Stored::Failed
        }));
    }
    transaction.commit()?;
    Ok(results)
}

fn execute(connection: &Connection, write: &Write) -> rusqlite::Result<Stored> {
    match write {
        Write::AddUser(user) => add_user(connection, user)?,
        Write::SignedIn(user, address, time) => run(
            connection,
            "UPDATE user SET address = ?2, signed_in_at = ?3 WHERE id = ?1",
            params![user.0, address.to_string(), time.millis],
        )?,
        Write::SetPasswordHash(user, hash) => run(
            connection,
            "UPDATE user SET password_hash = ?2 WHERE id = ?1",
            params![user.0, hash],
        )?,
        Write::AddConversation(conversation) => add_conversation(connection, conversation)?,
        Write::AddMember(group, user, since) => add_member(connection, *group, *user, *since)?,
        Write::RemoveMember(group, user) => run(
            connection,
            "DELETE FROM member WHERE conversation = ?1 AND user = ?2",
            params![group.0, user.0],
        )?,
        Write::AddMessages(messages) => {
            for message in messages {
                add_message(connection, message)?;
            }
        }
        Write::SetReceived(user, order) => run(
            connection,
            "UPDATE user SET received = max(received, ?2) WHERE id = ?1",
            params![user.0, order.0],
        )?,
        Write::AddFailure(order, user, failure) => run(
            connection,
            "INSERT OR IGNORE INTO failure (\"order\", user, reason) VALUES (?1, ?2, ?3)",
            params![order.0, user.0, reason(*failure)],
        )?,
        Write::SetToken(hash, user, expires_at) => run(
            connection,
            "INSERT OR REPLACE INTO token (hash, user, expires_at) VALUES (?1, ?2, ?3)",
            params![hash.0, user.0, expires_at.millis],
        )?,
        Write::RemoveToken(hash) => {
            run(connection, "DELETE FROM token WHERE hash = ?1", params![hash.0])?;
        }
        Write::Purge(before) => purge(connection, before.millis)?,
    }
    Ok(Stored::Done)
}

fn add_user(connection: &Connection, user: &UserRecord) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT INTO user
         (id, name, password_hash, address, registered_at, signed_in_at, since, received)
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
    add_member(connection, ConversationId::EVERYONE, user.id, user.since)
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
            add_member(connection, id, *one, Sequence(0))?;
            if one == other { Ok(()) } else { add_member(connection, id, *other, Sequence(0)) }
        }
        ConversationKind::Group(name, members) => {
            run(
                connection,
                "INSERT INTO conversation (id, group_name) VALUES (?1, ?2)",
                params![id.0, name.as_str()],
            )?;
            members.iter().try_for_each(|(user, since)| add_member(connection, id, *user, *since))
        }
    }
}

fn add_member(
    connection: &Connection,
    conversation: ConversationId,
    user: UserId,
    since: Sequence,
) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT INTO member (conversation, user, since) VALUES (?1, ?2, ?3)",
        params![conversation.0, user.0, since.0],
    )
}

/// A message, unless its sender has used its id before.
fn add_message(connection: &Connection, message: &Arc<MessageRecord>) -> rusqlite::Result<Stored> {
    let recipients: Vec<u8> =
        message.recipients.iter().flat_map(|user| user.0.to_be_bytes()).collect();
    let added = connection
        .prepare_cached(
            "INSERT INTO message (\"order\", conversation, sender, id, time, recipients, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (sender, id) DO NOTHING",
        )?
        .execute(params![
            message.sequence.0,
            message.conversation.0,
            message.sender.0,
            message.id.0.to_be_bytes(),
            message.time.millis,
            recipients,
            message.body.as_str()
        ])?;
    match added {
        0 => Ok(Stored::Known(read_known(connection, message.sender, message.id)?)),
        _ => Ok(Stored::Done),
    }
}

/// The earliest messages, as far as they are older. Only they are looked at: times follow the order.
fn purge(connection: &Connection, before_ms: u64) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM failure WHERE \"order\" IN (SELECT \"order\" FROM
         (SELECT \"order\", time FROM message ORDER BY \"order\" LIMIT ?2) WHERE time < ?1)",
        "DELETE FROM message WHERE \"order\" IN (SELECT \"order\" FROM
         (SELECT \"order\", time FROM message ORDER BY \"order\" LIMIT ?2) WHERE time < ?1)",
    ] {
        run(connection, statement, params![before_ms, PURGE_MAX])?;
    }
    Ok(())
}

fn reason(failure: DeliveryFailure) -> &'static str {
    match failure {
        DeliveryFailure::Lost => "lost",
        DeliveryFailure::Corrupted => "corrupted",
    }
}

fn run(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(values).map(drop)
}
