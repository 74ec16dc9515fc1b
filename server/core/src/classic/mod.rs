//! The classic protocol at the server (PROTOCOL.md, part 1): a client is its address.

mod chat;
mod login;
mod outbox;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;

use netchat_shared::body::{Body, Judgement, Opened};
use netchat_shared::classic::{Command, CommandError, LoginReply, Notice, Verb};
use netchat_shared::limits::CLASSIC_DATAGRAM_BYTES_MAX;
use netchat_shared::time::Now;

pub(crate) use self::outbox::Outbox;
use self::outbox::{MessageKind, Step};
pub(crate) use self::session::ClassicSession;
use self::session::Stage;
use crate::Server;
use crate::action::SignOutReason;
use crate::feed::{Feed, Handed};
use crate::limits::CLASSIC_IDLE_TIMEOUT;
use crate::server::TimerKey;
use crate::session::SessionKey;
use crate::storage::{DeliveryFailure, MessageRecord, UserId};

impl Server {
    pub(crate) fn handle_classic(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let session = self.session_by_address.get(&from).copied();
        if let Some(key) = session {
            if let Some(session) = self.classic.get_mut(&key) {
                session.heard(now.monotonic, datagram.len());
            }
            if datagram.is_empty() {
                return self.end_classic(now, key, SignOutReason::HungUp);
            }
        }
        let command = Command::parse(datagram);
        match (session, command) {
            (None, command) => self.handle_stranger(now, from, datagram.len(), command),
            (Some(key), Ok(command)) => self.handle_command(now, key, command),
            (Some(key), Err(error)) => self.handle_bad_command(key, &error),
        }
        if let Some(key) = session {
            self.dirty.insert(key);
        }
    }

    pub(crate) fn handle_classic_timeout(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.classic.get(&key) else { return };
        match &session.stage {
            Stage::Named { guest_at: Some(_), .. } => self.sign_in_guest(now, key),
            Stage::SignedIn(_) if now.monotonic < session.heard_at + CLASSIC_IDLE_TIMEOUT => {}
            Stage::SignedIn(_)
            | Stage::Unlocked
            | Stage::Named { guest_at: None, .. }
            | Stage::Verifying(_)
            | Stage::Registering(..) => return self.end_classic(now, key, SignOutReason::Idle),
        }
        self.dirty.insert(key);
    }

    /// Sends what the session's queue lets out, sees to what did not get through, and sets the timer.
    pub(crate) fn flush_classic(&mut self, now: Now, key: SessionKey) {
        loop {
            let Some(session) = self.classic.get_mut(&key) else { return };
            let address = session.address;
            let Some(signed_in) = session.signed_in_mut() else { break };
            let user = signed_in.user;
            match signed_in.outbox.step(now.monotonic) {
                None => {
                    self.read_on(key, user);
                    break;
                }
                Some(Step::Transmit(datagram)) => self.transmit(address, datagram),
                Some(Step::TransmitCorrupted(body, handed)) => {
                    self.transmit(address, body);
                    self.fail_corrupted(user, handed.sequence, handed.sender);
                }
                Some(Step::Lost(handed)) => {
                    self.fail(user, handed.sequence, handed.sender, DeliveryFailure::Lost);
                }
                Some(Step::Silent(queued)) => self.fall_silent(now, key, user, &queued),
            }
        }
        let timeout = self.classic.get(&key).map(ClassicSession::timeout);
        self.timers.set(TimerKey::Session(key), timeout);
    }

    /// Queues a line for a classic session; before sign-in there is no queue, and it goes out at
    /// once.
    pub(crate) fn notify(&mut self, key: SessionKey, notice: &Notice) {
        for datagram in notice.datagrams() {
            self.send_notice(key, datagram);
        }
    }

    /// A member of a group gets its own message back. Without a receipt, so it counts as a line; a
    /// corrupted one would not be acknowledged, and is left out.
    pub(crate) fn echo(&mut self, key: SessionKey, body: &Body) {
        if body.open() != Opened::Corrupted {
            self.send_notice(key, body.as_str().to_owned());
        }
    }

    /// Puts a message into the queue of a classic session. False if there is no room.
    pub(crate) fn put_classic(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        message: &Arc<MessageRecord>,
    ) -> bool {
        let MessageRecord { sequence, sender, ref recipients, ref body, .. } = **message;
        let sender_name = self.users.name(sender).cloned();
        let Some(session) = self.classic.get_mut(&key) else { return true };
        let Some(signed_in) = session.signed_in_mut() else { return true };
        // A classic client would take its user's own messages for somebody else's.
        let (true, Some(sender_name)) = (recipients.contains(&user), sender_name) else {
            return true;
        };
        if !signed_in.outbox.has_room() {
            return false;
        }
        let mut push = |body: String, kind| {
            let handed = Handed { sequence, sender };
            signed_in.outbox.push_message(now.monotonic, handed, body, kind);
        };
        if body.judge(&sender_name) == Judgement::Corrupted {
            push(body.as_str().to_owned(), MessageKind::Corrupted);
        } else if body.as_str().len() <= CLASSIC_DATAGRAM_BYTES_MAX {
            push(body.as_str().to_owned(), MessageKind::Whole);
        } else {
            let mut parts = body.split(&sender_name, CLASSIC_DATAGRAM_BYTES_MAX).into_iter();
            let last = parts.next_back();
            parts.for_each(|part| push(part.as_str().to_owned(), MessageKind::Part));
            last.into_iter().for_each(|part| push(part.as_str().to_owned(), MessageKind::Whole));
        }
        true
    }

    /// Ends a session: its user may have others.
    pub(crate) fn end_classic(&mut self, now: Now, key: SessionKey, why: SignOutReason) {
        let Some(session) = self.classic.remove(&key) else { return };
        self.timers.set(TimerKey::Session(key), None);
        self.session_by_address.remove(&session.address);
        let Stage::SignedIn(signed_in) = session.stage else {
            self.unsigned_classic -= 1;
            return;
        };
        self.depart(now, key, signed_in.user, session.address, why);
        for handed in signed_in.outbox.into_undelivered() {
            self.return_to_sender(signed_in.user, handed.sequence);
        }
    }

    /// The client answers no more. What was not sent to it waits in the database.
    fn fall_silent(&mut self, now: Now, key: SessionKey, user: UserId, queued: &[Handed]) {
        self.go_offline(now, key, user);
        for handed in queued {
            self.return_to_sender(user, handed.sequence);
        }
        if let Some(first) = queued.first() {
            let before = netchat_shared::sequence::Sequence(first.sequence.0.saturating_sub(1));
            self.set_feed(key, Feed::Behind(before));
        }
    }

    fn send_notice(&mut self, key: SessionKey, datagram: String) {
        let Some(session) = self.classic.get_mut(&key) else { return };
        if let Some(signed_in) = session.signed_in_mut() {
            // A full queue belongs to a client that reads nothing.
            signed_in.outbox.push_notice(datagram);
            self.dirty.insert(key);
        } else if session.may_send(datagram.len()) {
            let address = session.address;
            self.transmit(address, datagram);
        }
    }

    fn handle_command(&mut self, now: Now, key: SessionKey, command: Command) {
        match command {
            Command::Login(command) => self.handle_login_command(now, key, command),
            Command::Chat(command) => self.handle_chat_command(now, key, command),
        }
    }

    fn handle_bad_command(&mut self, key: SessionKey, error: &CommandError) {
        let problem = match error {
            CommandError::Unknown => {
                self.dropped.malformed += 1;
                return;
            }
            CommandError::Name(Verb::Join | Verb::CheckInDb, error) => {
                return self.reply(key, &LoginReply::Line(error.to_string()));
            }
            CommandError::NotBase64(Verb::Locked)
            | CommandError::Password(Verb::Locked, _)
            | CommandError::Incomplete(Verb::Locked) => {
                return self.reply(key, &LoginReply::Locked);
            }
            CommandError::Password(Verb::CheckPassword, _)
            | CommandError::Incomplete(Verb::CheckPassword) => {
                return self.reply(key, &LoginReply::Wrong);
            }
            CommandError::Name(Verb::JoinGroup, _) => {
                return self.notify(key, &Notice::GroupDoesNotExist);
            }
            CommandError::Name(_, error) => error.to_string(),
            CommandError::Password(_, error) => error.to_string(),
            CommandError::TooMany(_) => "too many recipients".to_owned(),
            CommandError::Incomplete(_) | CommandError::NotBase64(_) => {
                "not understood, please send again".to_owned()
            }
        };
        self.notify(key, &Notice::Line(format!("SERVER: {problem}.")));
    }

    /// A raw word of the login phase.
    fn reply(&mut self, key: SessionKey, reply: &LoginReply) {
        let datagram = reply.to_string();
        let Some(session) = self.classic.get_mut(&key) else { return };
        let address = session.address;
        let is_chatting = session.signed_in().is_some_and(|signed_in| signed_in.is_chatting);
        if !is_chatting && session.may_send(datagram.len()) {
            self.transmit(address, datagram);
        }
    }
}
