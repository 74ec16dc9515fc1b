//! What a client that is signed in asks for.

use netchat_shared::body::{Body, Judgement};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, NotSent, Receipt, ServerMessage};
use netchat_shared::limits::LINK_MESSAGE_BYTES_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::time::Now;

use crate::Server;
use crate::action::{Refusal, SignOutReason};
use crate::feed::Feed;
use crate::limits::PAGE_MESSAGES_MAX;
use crate::messages::{Origin, Part, Submission};
use crate::server::LoadPending;
use crate::session::SessionKey;
use crate::storage::{
    ConversationId, DeliveryFailure, Loaded, Query, Sequence, StoredMessage, UserId, Write,
};

/// A history that a session asked for.
#[derive(Debug)]
pub(crate) struct HistoryRequest {
    conversation: Conversation,
}

/// Where a message goes.
struct Destination {
    conversation: ConversationId,
    recipients: Vec<UserId>,
}

impl Server {
    pub(super) fn handle_request(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        message: ClientMessage,
    ) {
        match message {
            ClientMessage::Sync(after) => self.sync(key, user, after),
            ClientMessage::Send { id, to, body } => {
                if let Err(why) = self.accept(now, key, user, id, &to, body) {
                    self.send_to(key, &ServerMessage::NotSent(id, why));
                }
            }
            ClientMessage::Received(sequence) => self.handle_receipt(key, user, sequence),
            ClientMessage::Corrupted(sequence) => self.handle_corrupted(key, user, sequence),
            ClientMessage::History { conversation, before, limit } => {
                self.begin_history(key, user, conversation, before, limit);
            }
            ClientMessage::Overview => self.begin_overview(key, user),
            ClientMessage::Receipts(since, names) => self.begin_receipts(key, user, since, &names),
            ClientMessage::NewGroup(group, members) => {
                self.create_group(key, user, group, &members);
            }
            ClientMessage::JoinGroup(group) => self.join_group(key, user, &group),
            ClientMessage::QuitGroup(group) => self.quit_group(key, user, &group),
            ClientMessage::SignOut => self.sign_out(now, key),
            // Repetitions from before the sign-in.
            ClientMessage::Unlock(_)
            | ClientMessage::Name(_)
            | ClientMessage::Register(_)
            | ClientMessage::LogIn(_)
            | ClientMessage::Resume(_) => {}
        }
    }

    /// The history that was asked for was read.
    pub(crate) fn finish_history(
        &mut self,
        key: SessionKey,
        user: UserId,
        request: &HistoryRequest,
        loaded: Loaded,
    ) {
        let (messages, is_complete) = match loaded {
            Loaded::Messages(messages, is_complete) => (messages, is_complete),
            Loaded::Failures(_) | Loaded::Failed => (Vec::new(), false),
        };
        self.send_past(key, user, &messages);
        let end = ServerMessage::HistoryEnd(request.conversation.clone(), !is_complete);
        self.send_to(key, &end);
    }

    /// The latest messages of a user's conversations were read.
    pub(crate) fn finish_overview(&mut self, key: SessionKey, user: UserId, loaded: Loaded) {
        let groups = self.conversations.groups_of(user).map(|group| group.name.clone()).collect();
        self.send_to(key, &ServerMessage::Groups(groups));
        if let Loaded::Messages(messages, _) = loaded {
            self.send_past(key, user, &messages);
        }
        self.send_to(key, &ServerMessage::OverviewEnd);
    }

    /// The failures that were asked for were read.
    pub(crate) fn finish_failures(&mut self, key: SessionKey, loaded: Loaded) {
        let Loaded::Failures(failures) = loaded else { return };
        for (sequence, user, failure) in failures {
            let receipt = match failure {
                DeliveryFailure::Lost => Receipt::Lost,
                DeliveryFailure::Corrupted => Receipt::Corrupted,
            };
            if let Some(name) = self.users.name(user).cloned() {
                self.send_to(key, &ServerMessage::Failed(sequence, name, receipt));
            }
        }
    }

    /// The session wants messages from there on.
    fn sync(&mut self, key: SessionKey, user: UserId, after: Option<Sequence>) {
        let received = self.users.get(user).map_or_else(Sequence::default, |user| user.received);
        let after = after.map_or(received, |after| after.min(self.last_sequence()));
        // What the client has, it has received, whether or not it could say so before.
        self.advance(user, after);
        if let Some(signed_in) = self.extended.get_mut(&key).and_then(|s| s.signed_in_mut()) {
            signed_in.handed.clear();
        }
        self.set_feed(key, Feed::Behind(after));
    }

    fn accept(
        &mut self,
        now: Now,
        key: SessionKey,
        sender: UserId,
        id: MessageId,
        to: &Conversation,
        body: Body,
    ) -> Result<(), NotSent> {
        self.check_body(key, sender, &body)?;
        let Destination { conversation, recipients } = self.destination(sender, to)?;
        let record = self.new_record(now, conversation, sender, id, recipients, body);
        let parts = vec![Part::Message { record, users: Vec::new(), in_group: false }];
        self.submit(now, Submission { origin: Origin::Extended(key), parts });
        Ok(())
    }

    fn check_body(&mut self, key: SessionKey, sender: UserId, body: &Body) -> Result<(), NotSent> {
        let name = self.users.name(sender).ok_or(NotSent::Malformed)?;
        // What stands around it must fit a message to the recipient too.
        if body.as_str().len() > LINK_MESSAGE_BYTES_MAX - 4_096 {
            return Err(NotSent::Malformed);
        }
        match body.judge(name) {
            Judgement::Genuine | Judgement::Corrupted => Ok(()),
            Judgement::Malformed => Err(NotSent::Malformed),
            Judgement::Forged => {
                if let Some(path) = self.extended.get(&key).map(|session| session.path) {
                    self.refuse(path, Refusal::Forged);
                }
                Err(NotSent::Forged)
            }
        }
    }

    fn destination(&mut self, sender: UserId, to: &Conversation) -> Result<Destination, NotSent> {
        match to {
            Conversation::User(name) => {
                let recipient = self.users.find(name.as_str()).ok_or(NotSent::NoSuchUser)?.id;
                let conversation = self.direct_conversation(sender, recipient);
                let conversation = conversation.ok_or(NotSent::NotStored)?;
                Ok(Destination { conversation, recipients: vec![recipient] })
            }
            Conversation::Group(name) => {
                let group = self.conversations.find_group(name).ok_or(NotSent::NoSuchGroup)?;
                if !group.has(sender) {
                    return Err(NotSent::NotAMember);
                }
                let others = group.members.iter().copied().filter(|&member| member != sender);
                Ok(Destination { conversation: group.id, recipients: others.collect() })
            }
            Conversation::Everyone => {
                let recipients = self.online_except(sender);
                if recipients.is_empty() {
                    return Err(NotSent::NobodyOnline);
                }
                Ok(Destination { conversation: ConversationId::EVERYONE, recipients })
            }
        }
    }

    /// Everything up to there has arrived.
    fn handle_receipt(&mut self, key: SessionKey, user: UserId, sequence: Sequence) {
        let session = self.extended.get_mut(&key);
        let Some(signed_in) = session.and_then(|session| session.signed_in_mut()) else { return };
        let mut received = Vec::new();
        while let Some(handed) =
            signed_in.handed.front().filter(|handed| handed.sequence <= sequence)
        {
            received.push(*handed);
            signed_in.handed.pop_front();
        }
        let Some(after) = signed_in.feed.after() else { return };
        // Nothing beyond what it was handed.
        self.advance(user, sequence.min(after));
        for handed in received {
            self.note_receipt(handed.sender, user, handed.sequence);
        }
    }

    fn handle_corrupted(&mut self, key: SessionKey, user: UserId, sequence: Sequence) {
        let session = self.extended.get_mut(&key);
        let Some(signed_in) = session.and_then(|session| session.signed_in_mut()) else { return };
        let at = signed_in.handed.iter().position(|handed| handed.sequence == sequence);
        if let Some(handed) = at.and_then(|at| signed_in.handed.remove(at)) {
            self.fail_corrupted(user, handed.sequence, handed.sender);
        }
    }

    fn begin_history(
        &mut self,
        key: SessionKey,
        user: UserId,
        conversation: Conversation,
        before: Option<Sequence>,
        limit: u16,
    ) {
        let id = match &conversation {
            Conversation::Everyone => Some(ConversationId::EVERYONE),
            Conversation::Group(name) => {
                self.conversations.find_group(name).filter(|group| group.has(user)).map(|g| g.id)
            }
            Conversation::User(name) => {
                let other = self.users.find(name.as_str()).map(|other| other.id);
                other.and_then(|other| self.conversations.find_direct(user, other))
            }
        };
        let Some(id) = id else {
            return self.send_to(key, &ServerMessage::HistoryEnd(conversation, false));
        };
        let limit = limit.min(PAGE_MESSAGES_MAX as u16);
        let request = HistoryRequest { conversation: conversation.clone() };
        let query = Query::History(user, id, before, limit);
        if self.load(query, LoadPending::History(key, user, request)).is_err() {
            // Asked again, it may be answered.
            self.send_to(key, &ServerMessage::HistoryEnd(conversation, true));
        }
    }

    fn begin_overview(&mut self, key: SessionKey, user: UserId) {
        if self.load(Query::Latest(user), LoadPending::Overview(key, user)).is_err() {
            self.finish_overview(key, user, Loaded::Failed);
        }
    }

    fn begin_receipts(
        &mut self,
        key: SessionKey,
        user: UserId,
        since: Sequence,
        names: &[UserName],
    ) {
        for name in names {
            if let Some(received) = self.users.find(name.as_str()).map(|user| user.received) {
                self.send_to(key, &ServerMessage::Received(name.clone(), received));
            }
        }
        // If storage is too busy, the client asks again when it resumes.
        let _ = self.load(Query::Failures(user, since), LoadPending::Failures(key));
    }

    fn send_past(&mut self, key: SessionKey, user: UserId, messages: &[StoredMessage]) {
        for StoredMessage { record, failures } in messages {
            if let Some(past) = self.delivered(record, failures, user) {
                self.send_to(key, &ServerMessage::Past(past));
            }
        }
    }

    /// The token is worth nothing any more, and the session is over.
    fn sign_out(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        session.link.say_bye();
        let token = session.signed_in().map(|signed_in| signed_in.token);
        if let Some(token) = token {
            self.tokens.revoke(token);
            self.store_aside(Write::RemoveToken(token));
        }
        self.flush_extended(now, key);
        self.end_extended(now, key, SignOutReason::Exit);
    }
}
