//! Messages that are added: each once, and about another only if it may be.

use std::sync::Arc;

use netchat_core::limits::{EDITS_PER_MESSAGE_MAX, REACTIONS_PER_MESSAGE_MAX};
use netchat_core::storage::{
    Change, ConversationId, Message, MessageDraft, Origin, Placed, Refused, Sequence, Target,
    UserId,
};
use netchat_shared::kind::MessageKind;
use rusqlite::{OptionalExtension as _, params};

use super::index::Keys;
use super::queries::{place, read_kind, read_message_at};
use super::writes::{Commit, run};

pub(super) const ADD_MESSAGE: &str =
    "INSERT INTO message (seq, conversation, sender, id, time, kind, of, body)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// What a message is about.
struct Subject {
    conversation: ConversationId,
    sender: UserId,
    is_line: bool,
    has_body: bool,
}

/// Whether adding it takes one statement.
pub(super) fn is_one_statement(draft: &MessageDraft) -> bool {
    match (draft.to, &draft.kind) {
        (Target::Direct(..), _) | (_, MessageKind::Deletion(_)) => false,
        (
            Target::Known(_),
            MessageKind::Text
            | MessageKind::Reply(_)
            | MessageKind::Edit(_)
            | MessageKind::Reaction(_)
            | MessageKind::Unknown(_),
        ) => true,
    }
}

impl Commit<'_> {
    /// Adds a message, unless its sender has used its id before or it is about something that it
    /// can't be about.
    pub(super) fn append_message(
        &mut self,
        origin: Origin,
        draft: &MessageDraft,
    ) -> rusqlite::Result<Placed> {
        if let Some(sequence) = self.index.find(self.connection, draft.sender, draft.id)? {
            return read_message_at(self.connection, sequence).map(Placed::Known);
        }
        let conversation = match draft.to {
            Target::Known(conversation) => Some(conversation),
            Target::Direct(one, other) => self.find_direct(one, other)?,
        };
        let body_bytes = draft.body.as_ref().map_or(0, |body| body.as_str().len());
        let frees = matches!(draft.kind, MessageKind::Deletion(_));
        if !frees && !self.usage.has_room(draft.sender, body_bytes) {
            return Ok(Placed::Refused(Refused::QuotaReached));
        }
        // Who was removed meanwhile says nothing more, and a group that has gone takes nothing.
        if let Target::Known(known) = draft.to
            && !self.is_member(known, draft.sender)?
        {
            return Ok(Placed::Refused(Refused::NotAMember));
        }
        if let Some(of) = draft.kind.of()
            && let Err(refused) = self.check(of, conversation, draft)?
        {
            return Ok(Placed::Refused(refused));
        }
        let conversation = match (conversation, draft.to) {
            (Some(conversation), _) | (None, Target::Known(conversation)) => conversation,
            (None, Target::Direct(one, other)) => self.add_direct(origin, one, other)?,
        };
        let body = match draft.kind {
            MessageKind::Deletion(of) => {
                self.take_back(of)?;
                None
            }
            MessageKind::Text
            | MessageKind::Reply(_)
            | MessageKind::Edit(_)
            | MessageKind::Reaction(_)
            | MessageKind::Unknown(_) => draft.body.clone(),
        };
        let message = Message {
            sequence: self.head.sequence.next(),
            time: self.time,
            conversation,
            sender: draft.sender,
            id: draft.id,
            kind: draft.kind.clone(),
            body,
        };
        self.insert(&message)?;
        Ok(Placed::At(self.log(origin, Change::Message(Arc::new(message)))))
    }

    fn insert(&mut self, message: &Message) -> rusqlite::Result<()> {
        let word = match message.kind {
            MessageKind::Text => None,
            MessageKind::Reply(_)
            | MessageKind::Edit(_)
            | MessageKind::Deletion(_)
            | MessageKind::Reaction(_)
            | MessageKind::Unknown(_) => Some(message.kind.word()),
        };
        self.add_message.execute(params![
            message.sequence.0,
            message.conversation.0,
            message.sender.0,
            message.id.0.to_be_bytes(),
            message.time.millis,
            word,
            message.kind.of().map(|of| of.0),
            message.body.as_ref().map(|body| body.as_str()),
        ])?;
        self.index.add(Keys::of(message));
        let body_bytes = message.body.as_ref().map_or(0, |body| body.as_str().len());
        self.usage.add_message(message.sender, body_bytes);
        Ok(())
    }

    /// Whether a message may be about that one.
    fn check(
        &self,
        of: Sequence,
        conversation: Option<ConversationId>,
        draft: &MessageDraft,
    ) -> rusqlite::Result<Result<(), Refused>> {
        let subject = self.subject(of)?.filter(|subject| {
            subject.is_line && subject.has_body && Some(subject.conversation) == conversation
        });
        let Some(subject) = subject else { return Ok(Err(Refused::NoSuchMessage)) };
        if draft.kind.is_for_author() && subject.sender != draft.sender {
            return Ok(Err(Refused::NotTheAuthor));
        }
        let changes_max = match draft.kind {
            MessageKind::Edit(_) => EDITS_PER_MESSAGE_MAX,
            MessageKind::Reaction(_) => REACTIONS_PER_MESSAGE_MAX,
            MessageKind::Text
            | MessageKind::Reply(_)
            | MessageKind::Deletion(_)
            | MessageKind::Unknown(_) => return Ok(Ok(())),
        };
        let changes: usize = self
            .connection
            .prepare_cached("SELECT count(*) FROM message WHERE of = ?1 AND kind = ?2")?
            .query_row(params![of.0, draft.kind.word()], |row| row.get(0))?;
        Ok(if changes < changes_max { Ok(()) } else { Err(Refused::TooManyChanges) })
    }

    fn subject(&self, sequence: Sequence) -> rusqlite::Result<Option<Subject>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT conversation, sender, kind, of, body IS NOT NULL FROM message WHERE seq = ?1",
        )?;
        statement
            .query_row([place(sequence)], |row| {
                Ok(Subject {
                    conversation: ConversationId(row.get(0)?),
                    sender: UserId(row.get(1)?),
                    is_line: read_kind(row, 2)?.is_line(),
                    has_body: row.get(4)?,
                })
            })
            .optional()
    }

    /// Removes a text, its edits and its reactions for good: not only from sight, but from the
    /// file.
    fn take_back(&mut self, of: Sequence) -> rusqlite::Result<()> {
        let mut bodies = self.connection.prepare_cached(
            "SELECT sender, octet_length(body) FROM message
             WHERE body IS NOT NULL AND
                 (seq = ?1 OR (of = ?1 AND kind IN ('edit', 'react')))",
        )?;
        let mut rows = bodies.query([of.0])?;
        while let Some(row) = rows.next()? {
            self.usage.remove_body(UserId(row.get(0)?), row.get(1)?);
        }
        drop(rows);
        run(self.connection, "UPDATE message SET body = NULL WHERE seq = ?1", [of.0])?;
        run(
            self.connection,
            "UPDATE message SET body = NULL WHERE of = ?1 AND kind IN ('edit', 'react')",
            [of.0],
        )
    }
}
