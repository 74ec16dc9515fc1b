//! The classic protocol at the server (PROTOCOL.md, part 1): a client is its address.

mod chat;
mod login;
mod outbox;

use std::net::SocketAddr;

use netchat_shared::classic::{Command, CommandError, LoginReply, Notice, Verb};
use netchat_shared::time::Now;

pub(crate) use self::outbox::Outbox;
use self::outbox::Step;
use crate::Server;
use crate::action::{Record, SignOutReason};
use crate::limits::CLASSIC_IDLE_TIMEOUT;
use crate::session::{ClassicSession, SessionKey, Stage};
use crate::storage::DeliveryFailure;

impl Server {
    pub(crate) fn handle_classic(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let session = self.session_by_address.get(&from).copied();
        if let Some(key) = session {
            if let Some(session) = self.sessions.get_mut(&key) {
                session.heard(now.monotonic, datagram.len());
            }
            if datagram.is_empty() {
                return self.end_session(key, SignOutReason::HungUp);
            }
        }
        let command = Command::parse(datagram);
        match session {
            None => self.handle_stranger(now, from, datagram.len(), command),
            Some(key) => {
                self.handle_session(now, key, command);
                self.dirty.insert(key);
            }
        }
    }

    pub(crate) fn handle_classic_timeout(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.sessions.get(&key) else {
            return;
        };
        match &session.stage {
            Stage::Named {
                guest_at: Some(_), ..
            } => self.sign_in_guest(now, key),
            Stage::SignedIn(_) if !Self::is_due(session.heard_at + CLASSIC_IDLE_TIMEOUT, now) => {}
            Stage::SignedIn(_)
            | Stage::Unlocked
            | Stage::Named { guest_at: None, .. }
            | Stage::Verifying
            | Stage::Registering(..) => {
                return self.end_session(key, SignOutReason::Idle);
            }
        }
        self.dirty.insert(key);
    }

    /// Sends what the session's queue lets out, sees to what did not get through, and sets the timer.
    pub(crate) fn flush(&mut self, now: Now, key: SessionKey) {
        loop {
            let Some(session) = self.sessions.get_mut(&key) else {
                return;
            };
            let address = session.address;
            let Some(signed_in) = session.signed_in_mut() else {
                break;
            };
            let user = signed_in.user;
            match signed_in.outbox.step(now.monotonic) {
                None => break,
                Some(Step::Transmit(datagram)) => self.transmit(address, datagram),
                Some(Step::TransmitCorrupted(body, handed)) => {
                    self.transmit(address, body);
                    self.undelivered(user, handed, DeliveryFailure::Corrupted);
                }
                Some(Step::Lost(handed)) => {
                    self.undelivered(user, handed, DeliveryFailure::Lost);
                }
                Some(Step::Silent(queued)) => {
                    self.presence.remove(user, key);
                    for handed in queued {
                        self.undelivered(user, handed, DeliveryFailure::Lost);
                    }
                }
            }
        }
        let timeout = self.sessions.get(&key).map(ClassicSession::timeout);
        self.timers.set(key, timeout);
    }

    /// Queues a line for a session; before sign-in there is no queue, and it goes out at once.
    pub(crate) fn notify(&mut self, key: SessionKey, notice: &Notice) {
        for datagram in notice.datagrams() {
            self.send_notice(key, datagram);
        }
    }

    /// Queues a datagram that nobody waits to see acknowledged.
    pub(crate) fn send_notice(&mut self, key: SessionKey, datagram: String) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        if let Some(signed_in) = session.signed_in_mut() {
            signed_in.outbox.push_notice(datagram);
            self.dirty.insert(key);
        } else if session.may_send(datagram.len()) {
            let address = session.address;
            self.transmit(address, datagram);
        }
    }

    /// Ends a session: its user may have others.
    pub(crate) fn end_session(&mut self, key: SessionKey, why: SignOutReason) {
        let Some(session) = self.sessions.remove(&key) else {
            return;
        };
        self.timers.set(key, None);
        self.session_by_address.remove(&session.address);
        let Stage::SignedIn(signed_in) = session.stage else {
            self.unsigned_sessions -= 1;
            return;
        };
        self.presence.remove(signed_in.user, key);
        if let Some(user) = self.users.get(signed_in.user) {
            let (user, address) = (user.name.clone(), session.address);
            self.log(Record::SignedOut { user, address, why });
        }
        for handed in signed_in.outbox.into_undelivered() {
            self.undelivered(signed_in.user, handed, DeliveryFailure::Lost);
        }
        self.forget_guest(signed_in.user);
    }

    fn handle_session(
        &mut self,
        now: Now,
        key: SessionKey,
        command: Result<Command, CommandError>,
    ) {
        match command {
            Ok(command) => self.handle_command(now, key, command),
            Err(error) => self.handle_bad_command(key, &error),
        }
    }

    fn handle_command(&mut self, now: Now, key: SessionKey, command: Command) {
        match command {
            Command::Locked(_)
            | Command::Join(_)
            | Command::CheckInDb(_)
            | Command::NewUserPassword(..)
            | Command::CheckPassword(_) => self.handle_login_command(now, key, command),
            Command::Chat(..)
            | Command::GroupChat(..)
            | Command::NewGroup(..)
            | Command::JoinGroup(_)
            | Command::QuitGroup(_)
            | Command::CheckForGroup(_)
            | Command::Active
            | Command::Leave
            | Command::Exit(_)
            | Command::Received => self.handle_chat_command(now, key, command),
        }
    }

    /// A line for what a session got wrong. What is no command at all is dropped.
    fn handle_bad_command(&mut self, key: SessionKey, error: &CommandError) {
        let problem = match error {
            CommandError::Unknown => return,
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
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let address = session.address;
        let is_chatting = session
            .signed_in()
            .is_some_and(|signed_in| signed_in.is_chatting);
        if !is_chatting && session.may_send(datagram.len()) {
            self.transmit(address, datagram);
        }
    }
}
