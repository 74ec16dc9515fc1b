//! A message's way: accepted, stored, handed to its recipients' sessions, acknowledged or failed.
//!
//! `SENT` is said only after the commit: an acknowledged message survives a crash of the server.

use std::sync::Arc;

use netchat_shared::body::Body;
use netchat_shared::classic::Notice;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{NotSent, Receipt, ServerMessage};
use netchat_shared::message_id::MessageId;
use netchat_shared::time::Now;

use crate::Server;
use crate::limits::AWAITED_RECEIPTS_MAX;
use crate::server::WritePending;
use crate::session::SessionKey;
use crate::storage::{
    ConversationId, DeliveryFailure, MessageRecord, Sequence, Stored, UserId, Write,
};

/// What one command submitted, on its way to storage.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) origin: Origin,
    pub(crate) parts: Vec<Part>,
}

/// The session that submitted it, and wants to know what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Classic(SessionKey),
    Extended(SessionKey),
}

/// One message of a submission, or a recipient for whom there is none.
#[derive(Debug)]
pub(crate) enum Part {
    NoSuchUser,
    Message {
        record: Arc<MessageRecord>,
        /// Whom a classic sender is told about, in this order.
        users: Vec<UserId>,
        /// A classic sender, being a member, gets an echo; members who are away are no failure.
        in_group: bool,
    },
}

impl Origin {
    fn session(self) -> SessionKey {
        match self {
            Self::Classic(key) | Self::Extended(key) => key,
        }
    }
}

impl Server {
    /// Asks for a submission to be stored; without messages it is done at once.
    pub(crate) fn submit(&mut self, now: Now, submission: Submission) {
        let records: Vec<_> = submission
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::NoSuchUser => None,
                Part::Message { record, .. } => Some(Arc::clone(record)),
            })
            .collect();
        if records.is_empty() {
            return self.finish_messages(now, submission, &Stored::Done);
        }
        let pending = WritePending::Messages(submission);
        if let Err(WritePending::Messages(submission)) =
            self.store(Write::AddMessages(records), pending)
        {
            self.finish_messages(now, submission, &Stored::Failed);
        }
    }

    /// A message at the next place in the order.
    pub(crate) fn new_record(
        &mut self,
        now: Now,
        conversation: ConversationId,
        sender: UserId,
        id: MessageId,
        recipients: Vec<UserId>,
        body: Body,
    ) -> Arc<MessageRecord> {
        let (sequence, time) = (self.next_sequence(), now.calendar);
        Arc::new(MessageRecord { sequence, conversation, sender, id, time, recipients, body })
    }

    /// The conversation of two users; a new one is stored first. `None` if storage is too busy.
    pub(crate) fn direct_conversation(
        &mut self,
        one: UserId,
        other: UserId,
    ) -> Option<ConversationId> {
        if let Some(id) = self.conversations.find_direct(one, other) {
            return Some(id);
        }
        let record = self.conversations.create_direct(one, other);
        let id = record.id;
        match self.store(Write::AddConversation(record), WritePending::Direct(id)) {
            Ok(()) => Some(id),
            Err(_) => {
                self.conversations.remove(id);
                None
            }
        }
    }

    /// The messages are stored, or could not be.
    pub(crate) fn finish_messages(&mut self, now: Now, submission: Submission, stored: &Stored) {
        let Submission { origin, parts } = submission;
        for part in parts {
            match (origin, part) {
                (Origin::Classic(key), Part::NoSuchUser) => {
                    self.notify(key, &Notice::NoSuchClient);
                }
                (Origin::Extended(_), Part::NoSuchUser) => {}
                (Origin::Classic(key), Part::Message { record, users, in_group }) => {
                    if *stored == Stored::Failed {
                        self.notify(key, &Notice::Lost);
                    } else {
                        self.await_receipts(key, &record, users, in_group);
                        self.fan_out(now, origin, &record);
                    }
                }
                (Origin::Extended(key), Part::Message { record, .. }) => match stored {
                    Stored::Failed => {
                        let failed = ServerMessage::NotSent(record.id, NotSent::NotStored);
                        self.send_to(key, &failed);
                    }
                    Stored::Known(known) => self.confirm(key, known),
                    Stored::Done => {
                        self.fan_out(now, origin, &record);
                        self.confirm(key, &record);
                    }
                },
            }
        }
    }

    /// This user has received all messages up to that one, or failed with a record of it.
    pub(crate) fn advance(&mut self, user: UserId, sequence: Sequence) {
        let Some(record) = self.users.get_mut(user) else { return };
        if record.received >= sequence {
            return;
        }
        record.received = sequence;
        let name = record.name.to_string();
        self.note_received(user);
        let first = (user, Sequence::default());
        let done: Vec<_> =
            self.awaited.range(first..=(user, sequence)).map(|(key, _)| *key).collect();
        for key in done {
            if let Some(sender) = self.awaited.remove(&key) {
                self.notify(sender, &Notice::Received(name.clone()));
            }
        }
    }

    /// Tells the sender's sessions how far a recipient has received.
    pub(crate) fn note_receipt(&mut self, sender: UserId, recipient: UserId, sequence: Sequence) {
        for key in self.presence.sessions(sender).to_vec() {
            let session = self.extended.get_mut(&key);
            if let Some(signed_in) = session.and_then(|session| session.signed_in_mut()) {
                let received = signed_in.receipts.entry(recipient).or_default();
                *received = sequence.max(*received);
                self.dirty.insert(key);
            }
        }
    }

    /// A recipient's session could not deliver a message. It has failed, if no other has it.
    pub(crate) fn fail(
        &mut self,
        user: UserId,
        sequence: Sequence,
        sender: UserId,
        failure: DeliveryFailure,
    ) {
        let received = self.users.get(user).is_none_or(|user| user.received >= sequence);
        if received || self.is_in_hands(user, sequence) {
            return;
        }
        self.store_aside(Write::AddFailure(sequence, user, failure));
        self.tell_failure(user, sequence, sender, failure);
    }

    /// A recipient found a message corrupted: that is final, whoever else has it.
    pub(crate) fn fail_corrupted(&mut self, user: UserId, sequence: Sequence, sender: UserId) {
        if self.users.get(user).is_none_or(|user| user.received >= sequence) {
            return;
        }
        let failure = DeliveryFailure::Corrupted;
        self.store_aside(Write::AddFailure(sequence, user, failure));
        self.tell_failure(user, sequence, sender, failure);
        self.advance(user, sequence);
    }

    /// A session that had this message has ended. A classic sender is told that it is lost, since it
    /// would not hear of a later delivery; for others it waits in the database.
    pub(crate) fn return_to_sender(&mut self, user: UserId, sequence: Sequence) {
        if self.awaited.contains_key(&(user, sequence)) && !self.is_in_hands(user, sequence) {
            self.lose_awaited(user, sequence);
        }
    }

    /// The last session of a user has ended: whatever classic senders still wait for is lost.
    pub(crate) fn lose_all_awaited(&mut self, user: UserId) {
        let all = (user, Sequence::default())..=(user, Sequence(u64::MAX));
        let orders: Vec<_> = self.awaited.range(all).map(|((_, sequence), _)| *sequence).collect();
        for sequence in orders {
            self.lose_awaited(user, sequence);
        }
    }

    fn lose_awaited(&mut self, user: UserId, sequence: Sequence) {
        if let Some(sender) = self.awaited.remove(&(user, sequence)) {
            self.store_aside(Write::AddFailure(sequence, user, DeliveryFailure::Lost));
            self.notify(sender, &Notice::Lost);
        }
    }

    fn tell_failure(
        &mut self,
        user: UserId,
        sequence: Sequence,
        sender: UserId,
        failure: DeliveryFailure,
    ) {
        let (notice, receipt) = match failure {
            DeliveryFailure::Lost => (Notice::Lost, Receipt::Lost),
            DeliveryFailure::Corrupted => (Notice::Corrupted, Receipt::Corrupted),
        };
        if let Some(sender) = self.awaited.remove(&(user, sequence)) {
            self.notify(sender, &notice);
        }
        if let Some(name) = self.users.name(user).cloned() {
            let failed = ServerMessage::Failed(sequence, name, receipt);
            for key in self.presence.sessions(sender).to_vec() {
                self.send_to(key, &failed);
            }
        }
    }

    /// Says `SENT` for each recipient whom a classic sender will hear of, and remembers to tell.
    fn await_receipts(
        &mut self,
        key: SessionKey,
        record: &MessageRecord,
        users: Vec<UserId>,
        in_group: bool,
    ) {
        for user in users {
            let is_online = self.presence.is_online(user);
            if in_group && user == record.sender {
                self.echo(key, &record.body);
            } else if is_online && self.awaited.len() < AWAITED_RECEIPTS_MAX {
                self.notify(key, &Notice::Sent);
                self.awaited.insert((user, record.sequence), key);
            } else if !in_group {
                self.notify(key, &Notice::Lost);
            }
        }
    }

    /// Offers a stored message to everyone whom it concerns.
    fn fan_out(&mut self, now: Now, origin: Origin, record: &Arc<MessageRecord>) {
        for &user in &record.recipients {
            self.offer(now, user, record, None);
        }
        // The sender's other sessions show it too; the one that it came from has it already.
        if !record.recipients.contains(&record.sender) {
            self.offer(now, record.sender, record, Some(origin.session()));
        }
    }

    fn confirm(&mut self, key: SessionKey, record: &MessageRecord) {
        let recipients = self.users.names(&record.recipients);
        let position = self.position_of(key);
        let MessageRecord { id, sequence, time, .. } = *record;
        self.send_to(key, &ServerMessage::Sent { id, sequence, time, position, recipients });
    }

    /// Which conversation this is to one of its members.
    pub(crate) fn seen_by(
        &self,
        conversation: ConversationId,
        viewer: UserId,
    ) -> Option<Conversation> {
        use crate::conversations::Known;

        Some(match self.conversations.get(conversation)? {
            Known::Everyone => Conversation::Everyone,
            Known::Group(group) => Conversation::Group(group.name.clone()),
            Known::Direct(one, other) => {
                let other = if one == viewer { other } else { one };
                Conversation::User(self.users.name(other)?.clone())
            }
        })
    }
}
