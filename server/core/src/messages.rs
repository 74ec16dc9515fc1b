//! A message's way: accepted, stored, handed to its recipients' sessions, acknowledged or failed.
//!
//! `SENT` is said only after the commit: an acknowledged message survives a crash of the server.

use netchat_shared::body::{Body, Judgement};
use netchat_shared::classic::Notice;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::GroupName;
use netchat_shared::time::Now;

use crate::Server;
use crate::server::WritePending;
use crate::session::SessionKey;
use crate::storage::{
    ConversationId, DeliveryFailure, MessageRecord, Order, Stored, UserId, Write,
};

/// A message in the hands of one recipient's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handed {
    /// Which message.
    pub(crate) order: Order,
    /// The session that waits to hear what became of it.
    pub(crate) origin: SessionKey,
}

/// What one command submitted, on its way to storage.
#[derive(Debug)]
pub(crate) struct Submission {
    origin: SessionKey,
    sender: UserId,
    body: Body,
    parts: Vec<Part>,
}

/// One message of a submission, or a recipient for whom there is none.
#[derive(Debug)]
enum Part {
    NoSuchUser,
    Message {
        order: Order,
        /// Whom it goes to, in this order.
        users: Vec<UserId>,
        /// The sender, being a member, gets an echo; members who are away are no failure.
        in_group: bool,
    },
}

impl Server {
    /// A message to each of these names by itself.
    pub(crate) fn submit_to_users(
        &mut self,
        now: Now,
        origin: SessionKey,
        sender: UserId,
        names: &[String],
        body: &Body,
    ) {
        let mut records = Vec::new();
        let mut parts = Vec::new();
        for name in names {
            let recipient = self.users.find(name).map(|user| user.id);
            let recipient = recipient.filter(|&user| self.presence.is_online(user));
            let conversation = recipient.and_then(|user| self.direct_conversation(sender, user));
            let (Some(recipient), Some(conversation)) = (recipient, conversation) else {
                parts.push(Part::NoSuchUser);
                continue;
            };
            let record = self.record(now, conversation, sender, vec![recipient], body.clone());
            parts.push(Part::Message {
                order: record.order,
                users: vec![recipient],
                in_group: false,
            });
            records.push(record);
        }
        self.submit(
            now,
            Submission {
                origin,
                sender,
                body: body.clone(),
                parts,
            },
            records,
        );
    }

    /// A message to everyone who is online.
    pub(crate) fn submit_to_everyone(
        &mut self,
        now: Now,
        origin: SessionKey,
        sender: UserId,
        body: Body,
    ) {
        let recipients = self.online_except(sender);
        if recipients.is_empty() {
            let line = "SERVER: Nobody else is online.".to_owned();
            return self.notify(origin, &Notice::Line(line));
        }
        let everyone = ConversationId::EVERYONE;
        let record = self.record(now, everyone, sender, recipients.clone(), body.clone());
        let parts = vec![Part::Message {
            order: record.order,
            users: recipients,
            in_group: false,
        }];
        self.submit(
            now,
            Submission {
                origin,
                sender,
                body,
                parts,
            },
            vec![record],
        );
    }

    /// A message to the members of a group, of whom the sender must be one.
    pub(crate) fn submit_to_group(
        &mut self,
        now: Now,
        origin: SessionKey,
        sender: UserId,
        name: &GroupName,
        body: Body,
    ) {
        let Some(group) = self.conversations.find_group(name) else {
            return self.notify(origin, &Notice::GroupDoesNotExist);
        };
        if !group.has(sender) {
            let line = format!("SERVER: You are not a member of {name}.");
            return self.notify(origin, &Notice::Line(line));
        }
        let (id, members) = (group.id, group.members.clone());
        let recipients = members
            .iter()
            .copied()
            .filter(|&member| member != sender)
            .collect();
        let record = self.record(now, id, sender, recipients, body.clone());
        let parts = vec![Part::Message {
            order: record.order,
            users: members,
            in_group: true,
        }];
        self.submit(
            now,
            Submission {
                origin,
                sender,
                body,
                parts,
            },
            vec![record],
        );
    }

    /// The messages are stored, or could not be.
    pub(crate) fn finish_messages(&mut self, now: Now, submission: Submission, stored: Stored) {
        let Submission {
            origin,
            sender,
            body,
            parts,
        } = submission;
        let Some(name) = self.users.get(sender).map(|user| user.name.clone()) else {
            return;
        };
        let is_corrupted = body.judge(&name) == Judgement::Corrupted;
        for part in parts {
            match part {
                Part::NoSuchUser => self.notify(origin, &Notice::NoSuchClient),
                Part::Message { .. } if stored == Stored::Failed => {
                    self.notify(origin, &Notice::Lost);
                }
                Part::Message {
                    order,
                    users,
                    in_group,
                } => {
                    for user in users {
                        if in_group && user == sender {
                            self.echo(origin, &body, is_corrupted);
                        } else if !in_group || self.presence.is_online(user) {
                            self.notify(origin, &Notice::Sent);
                            self.hand_over(
                                now,
                                user,
                                Handed { order, origin },
                                &body,
                                is_corrupted,
                            );
                        }
                    }
                }
            }
        }
    }

    /// A recipient has a message.
    pub(crate) fn delivered(&mut self, user: UserId, handed: Handed) {
        if let Some(name) = self.advance(user, handed.order) {
            self.notify(handed.origin, &Notice::Received(name));
        }
    }

    /// One session of a recipient did not get a message. It has failed if no other has it.
    pub(crate) fn undelivered(&mut self, user: UserId, handed: Handed, failure: DeliveryFailure) {
        let Handed { order, origin } = handed;
        let received = self
            .users
            .get(user)
            .is_none_or(|user| user.received >= order);
        if received || self.is_in_other_hands(user, order) {
            return;
        }
        self.store_aside(Write::AddFailure(order, user, failure));
        match failure {
            DeliveryFailure::Lost => self.notify(origin, &Notice::Lost),
            DeliveryFailure::Corrupted => {
                self.advance(user, order);
                self.notify(origin, &Notice::Corrupted);
            }
        }
    }

    fn submit(&mut self, now: Now, submission: Submission, records: Vec<MessageRecord>) {
        if records.is_empty() {
            return self.finish_messages(now, submission, Stored::Done);
        }
        let pending = WritePending::Messages(submission);
        if let Err(WritePending::Messages(submission)) =
            self.store(Write::AddMessages(records), pending)
        {
            self.finish_messages(now, submission, Stored::Failed);
        }
    }

    fn record(
        &mut self,
        now: Now,
        conversation: ConversationId,
        sender: UserId,
        recipients: Vec<UserId>,
        body: Body,
    ) -> MessageRecord {
        MessageRecord {
            order: self.next_order(),
            conversation,
            sender,
            id: MessageId::random(&mut self.rng),
            time: now.calendar,
            recipients,
            body,
        }
    }

    fn hand_over(
        &mut self,
        now: Now,
        user: UserId,
        handed: Handed,
        body: &Body,
        is_corrupted: bool,
    ) {
        let mut missed = self.presence.sessions(user).is_empty();
        for key in self.presence.sessions(user).to_vec() {
            let session = self.sessions.get_mut(&key);
            let Some(signed_in) = session.and_then(|session| session.signed_in_mut()) else {
                continue;
            };
            let text = body.as_str().to_owned();
            let outbox = &mut signed_in.outbox;
            missed |= !outbox.push_message(now.monotonic, handed, text, is_corrupted);
            self.dirty.insert(key);
        }
        if missed {
            self.undelivered(user, handed, DeliveryFailure::Lost);
        }
    }

    /// A member of a group gets its own message back. Without a receipt, so it counts as a notice;
    /// a corrupted one would not be acknowledged, and is left out.
    fn echo(&mut self, origin: SessionKey, body: &Body, is_corrupted: bool) {
        let session = self.sessions.get_mut(&origin);
        let signed_in = session.and_then(|session| session.signed_in_mut());
        if let Some(signed_in) = signed_in.filter(|_| !is_corrupted) {
            signed_in.outbox.push_notice(body.as_str().to_owned());
            self.dirty.insert(origin);
        }
    }

    /// Notes how far a user has received; their name if that is news.
    fn advance(&mut self, user: UserId, order: Order) -> Option<String> {
        let record = self.users.get_mut(user)?;
        if record.received >= order {
            return None;
        }
        record.received = order;
        let name = record.name.to_string();
        self.store_aside(Write::SetReceived(user, order));
        Some(name)
    }

    fn is_in_other_hands(&self, user: UserId, order: Order) -> bool {
        self.presence.sessions(user).iter().any(|key| {
            let session = self.sessions.get(key);
            session
                .and_then(|session| session.signed_in())
                .is_some_and(|s| s.outbox.has(order))
        })
    }
}
