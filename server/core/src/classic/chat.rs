//! The chat phase.

use netchat_shared::body::{Body, Judgement};
use netchat_shared::classic::{ChatCommand, Notice, Recipients, Roster, RosterEntry};
use netchat_shared::limits::CLASSIC_DATAGRAM_BYTES_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::GroupName;
use netchat_shared::time::Now;

use super::login::keep;
use super::session::Stage;
use crate::Server;
use crate::action::{Refusal, SignOutReason};
use crate::messages::{Origin, Part, Submission};
use crate::session::SessionKey;
use crate::storage::{ConversationId, UserId};

/// For a client that is not signed in and sends as if it were.
const SIGN_IN_FIRST: &str = "SERVER: Sign in with a password first.";

impl Server {
    pub(super) fn handle_chat_command(&mut self, now: Now, key: SessionKey, command: ChatCommand) {
        let Some(session) = self.classic.get_mut(&key) else {
            return;
        };
        match &mut session.stage {
            Stage::SignedIn(signed_in) => {
                signed_in.is_chatting = true;
                let user = signed_in.user;
                self.handle_signed_in(now, key, user, command);
            }
            Stage::Registering(_, commands) => keep(commands, command.into()),
            Stage::Named { guest_at: Some(_), .. } => {
                self.sign_in_guest(now, key);
                self.handle_chat_command(now, key, command);
            }
            Stage::Unlocked | Stage::Named { guest_at: None, .. } | Stage::Verifying(_) => {
                self.handle_not_signed_in(now, key, &command);
            }
        }
    }

    fn handle_not_signed_in(&mut self, now: Now, key: SessionKey, command: &ChatCommand) {
        match command {
            ChatCommand::Exit(_) => self.end_classic(now, key, SignOutReason::Exit),
            ChatCommand::Leave | ChatCommand::Received => {}
            ChatCommand::Chat(..)
            | ChatCommand::GroupChat(..)
            | ChatCommand::NewGroup(..)
            | ChatCommand::JoinGroup(_)
            | ChatCommand::QuitGroup(_)
            | ChatCommand::CheckForGroup(_)
            | ChatCommand::Active => {
                self.notify(key, &Notice::Line(SIGN_IN_FIRST.to_owned()));
            }
        }
    }

    fn handle_signed_in(&mut self, now: Now, key: SessionKey, user: UserId, command: ChatCommand) {
        if command == ChatCommand::Received {
            return self.handle_received(now, key, user);
        }
        self.handle_sign_of_life(now, key, user);
        match command {
            ChatCommand::Chat(recipients, body) => {
                self.handle_chat(now, key, user, &recipients, body);
            }
            ChatCommand::GroupChat(group, body) => {
                if self.accept_body(key, user, &body) {
                    self.chat_in(now, key, user, &group, body);
                }
            }
            ChatCommand::NewGroup(group, members) => self.create_group(key, user, group, &members),
            ChatCommand::JoinGroup(group) => self.join_group(key, user, &group),
            ChatCommand::QuitGroup(group) => self.quit_group(key, user, &group),
            ChatCommand::CheckForGroup(group) => {
                let exists = self.conversations.find_group(&group).is_some();
                let group = group.to_string();
                self.notify(key, &Notice::GroupKnown { group, exists });
            }
            ChatCommand::Active => {
                let entries =
                    self.presence.users().iter().filter_map(|&user| self.entry(user)).collect();
                self.notify(key, &Notice::Active(Roster { entries }));
            }
            ChatCommand::Exit(_) => self.end_classic(now, key, SignOutReason::Exit),
            ChatCommand::Leave | ChatCommand::Received => {}
        }
    }

    fn handle_received(&mut self, now: Now, key: SessionKey, user: UserId) {
        let Some(session) = self.classic.get_mut(&key) else { return };
        let Some(signed_in) = session.signed_in_mut() else { return };
        let was_silent = signed_in.outbox.is_silent();
        let acknowledged = signed_in.outbox.acknowledge(now.monotonic);
        if was_silent {
            self.come_online(now, key, user);
        }
        if let Some(handed) = acknowledged {
            self.note_receipt(handed.sender, user, handed.sequence);
            self.advance(user, handed.sequence);
        }
    }

    /// A client that answered no probe and now speaks is there again.
    fn handle_sign_of_life(&mut self, now: Now, key: SessionKey, user: UserId) {
        let Some(session) = self.classic.get_mut(&key) else { return };
        let Some(signed_in) = session.signed_in_mut() else { return };
        if signed_in.outbox.is_silent() {
            signed_in.outbox.heard(now.monotonic);
            self.come_online(now, key, user);
        }
    }

    fn handle_chat(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        recipients: &Recipients,
        body: Body,
    ) {
        if !self.accept_body(key, user, &body) {
            return;
        }
        match recipients {
            Recipients::Everyone => self.broadcast(now, key, user, body),
            Recipients::Named(names) => self.chat_with(now, key, user, names, &body),
        }
    }

    /// A message to each of these names by itself.
    fn chat_with(
        &mut self,
        now: Now,
        key: SessionKey,
        sender: UserId,
        names: &[String],
        body: &Body,
    ) {
        let mut parts = Vec::new();
        for name in names {
            let recipient = self.users.find(name).map(|user| user.id);
            let recipient = recipient.filter(|&user| self.presence.is_online(user));
            let conversation = recipient.and_then(|user| self.direct_conversation(sender, user));
            let (Some(recipient), Some(conversation)) = (recipient, conversation) else {
                parts.push(Part::NoSuchUser);
                continue;
            };
            let (id, users) = (MessageId::random(&mut self.rng), vec![recipient]);
            let record =
                self.new_record(now, conversation, sender, id, users.clone(), body.clone());
            parts.push(Part::Message { record, users, in_group: false });
        }
        self.submit(now, Submission { origin: Origin::Classic(key), parts });
    }

    /// A message to everyone who is online.
    fn broadcast(&mut self, now: Now, key: SessionKey, sender: UserId, body: Body) {
        let users = self.online_except(sender);
        if users.is_empty() {
            let line = "SERVER: Nobody else is online.".to_owned();
            return self.notify(key, &Notice::Line(line));
        }
        let (everyone, id) = (ConversationId::EVERYONE, MessageId::random(&mut self.rng));
        let record = self.new_record(now, everyone, sender, id, users.clone(), body);
        let parts = vec![Part::Message { record, users, in_group: false }];
        self.submit(now, Submission { origin: Origin::Classic(key), parts });
    }

    /// A message to the members of a group, of whom the sender must be one.
    fn chat_in(&mut self, now: Now, key: SessionKey, sender: UserId, name: &GroupName, body: Body) {
        let Some(group) = self.conversations.find_group(name) else {
            return self.notify(key, &Notice::GroupDoesNotExist);
        };
        if !group.has(sender) {
            let line = format!("SERVER: You are not a member of {name}.");
            return self.notify(key, &Notice::Line(line));
        }
        let (conversation, users) = (group.id, group.members.clone());
        let recipients = users.iter().copied().filter(|&member| member != sender).collect();
        let id = MessageId::random(&mut self.rng);
        let record = self.new_record(now, conversation, sender, id, recipients, body);
        let parts = vec![Part::Message { record, users, in_group: true }];
        self.submit(now, Submission { origin: Origin::Classic(key), parts });
    }

    /// Whether a body may be passed on; if not, its sender is told why.
    fn accept_body(&mut self, key: SessionKey, user: UserId, body: &Body) -> bool {
        let Some(name) = self.users.get(user).map(|user| user.name.clone()) else {
            return false;
        };
        let refusal = match body.judge(&name) {
            _ if body.as_str().len() > CLASSIC_DATAGRAM_BYTES_MAX => {
                "SERVER: Message too long. Please shorten it.".to_owned()
            }
            Judgement::Genuine | Judgement::Corrupted => return true,
            Judgement::Forged => {
                if let Some(address) = self.classic.get(&key).map(|session| session.address) {
                    self.refuse(address, Refusal::Forged);
                }
                format!("SERVER: Message refused: you are {name}, sign with your own name.")
            }
            Judgement::Malformed => "SERVER: Message not understood. Please send again.".to_owned(),
        };
        self.notify(key, &Notice::Line(refusal));
        false
    }

    /// A user as a list shows them.
    pub(crate) fn entry(&self, user: UserId) -> Option<RosterEntry> {
        let record = self.users.get(user)?;
        let address = (!self.settings.hide_addresses).then_some(record.address);
        Some(RosterEntry { address, name: record.name.to_string() })
    }

    /// Everyone who is online, except one.
    pub(crate) fn online_except(&self, user: UserId) -> Vec<UserId> {
        self.presence.users().into_iter().filter(|&other| other != user).collect()
    }
}
