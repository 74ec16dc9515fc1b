//! The login phase: nothing but its commands works before sign-in, and an address that does not
//! know the server password learns nothing.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_shared::classic::{Command, CommandError, LoginCommand, LoginReply, Verb};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::time::Now;

use super::Outbox;
use super::session::{ClassicSession, SignedIn, Stage};
use crate::Server;
use crate::accounts::SignInOutcome;
use crate::action::{Refusal, SignInKind, SignOutReason};
use crate::feed::Feed;
use crate::limits::{CLASSIC_SESSIONS_MAX, UNSIGNED_SESSIONS_MAX};
use crate::session::SessionKey;
use crate::storage::{Sequence, UserId, Write};

/// How long after `JOIN` a client that asks for no password check counts as one without passwords.
const GUEST_DELAY: Duration = Duration::from_secs(3);

impl Server {
    /// A datagram from an address without a session.
    pub(super) fn handle_stranger(
        &mut self,
        now: Now,
        from: SocketAddr,
        bytes: usize,
        command: Result<Command, CommandError>,
    ) {
        match command {
            Ok(Command::Login(LoginCommand::Locked(password)))
                if password == self.settings.password =>
            {
                self.unlock(now, from, bytes);
            }
            Ok(Command::Login(LoginCommand::Locked(_)))
            | Err(CommandError::NotBase64(Verb::Locked)) => {
                self.refuse(from, Refusal::ServerPassword);
                self.transmit(from, LoginReply::Locked.to_string());
            }
            // Nothing answers a registration, nor a chat command before sign-in.
            Ok(Command::Login(LoginCommand::NewUserPassword(..)) | Command::Chat(_)) | Err(_) => {}
            // A client that waits for a reply, perhaps from before a restart.
            Ok(Command::Login(
                LoginCommand::Join(_) | LoginCommand::CheckInDb(_) | LoginCommand::CheckPassword(_),
            )) => self.transmit(from, LoginReply::Locked.to_string()),
        }
    }

    pub(super) fn handle_login_command(
        &mut self,
        now: Now,
        key: SessionKey,
        command: LoginCommand,
    ) {
        match command {
            LoginCommand::Locked(password) => self.handle_locked(now, key, &password),
            LoginCommand::Join(name) => self.handle_join(now, key, name),
            LoginCommand::CheckInDb(name) => self.handle_check_in_db(key, &name),
            LoginCommand::NewUserPassword(name, password) => {
                self.handle_register(key, name, password);
            }
            LoginCommand::CheckPassword(password) => {
                self.handle_check_password(now, key, password);
            }
        }
    }

    fn unlock(&mut self, now: Now, from: SocketAddr, bytes: usize) {
        if self.unsigned_classic >= UNSIGNED_SESSIONS_MAX {
            self.refuse(from, Refusal::Full);
            return self.transmit(from, LoginReply::Locked.to_string());
        }
        let key = self.next_session();
        let mut session = ClassicSession::new(now.monotonic, from);
        session.heard(now.monotonic, bytes);
        self.classic.insert(key, session);
        self.session_by_address.insert(from, key);
        self.unsigned_classic += 1;
        self.reply(key, &LoginReply::Unlocked);
        self.dirty.insert(key);
    }

    /// `LOCKED` again: a repetition, or, from a session that is signed in, another client that was
    /// given the same address.
    fn handle_locked(&mut self, now: Now, key: SessionKey, password: &Password) {
        let Some(session) = self.classic.get(&key) else {
            return;
        };
        let address = session.address;
        if *password != self.settings.password {
            self.refuse(address, Refusal::ServerPassword);
            return self.reply(key, &LoginReply::Locked);
        }
        if session.signed_in().is_some() {
            self.end_classic(now, key, SignOutReason::Replaced);
            let bytes = LoginCommand::Locked(password.clone()).to_wire().len();
            return self.unlock(now, address, bytes);
        }
        self.reply(key, &LoginReply::Unlocked);
    }

    fn handle_join(&mut self, now: Now, key: SessionKey, name: UserName) {
        let may_be_guest = self.settings.allow_guests && self.users.find(name.as_str()).is_none();
        let guest_at = may_be_guest.then(|| now.monotonic + GUEST_DELAY);
        let Some(session) = self.classic.get_mut(&key) else {
            return;
        };
        match session.stage {
            Stage::Unlocked | Stage::Named { .. } => {
                session.stage = Stage::Named { name, guest_at };
                self.reply(key, &LoginReply::Joined);
            }
            Stage::Verifying(_) | Stage::Registering(..) | Stage::SignedIn(_) => {}
        }
    }

    fn handle_check_in_db(&mut self, key: SessionKey, name: &UserName) {
        let known = self.users.find(name.as_str()).is_some();
        let Some(session) = self.classic.get_mut(&key) else {
            return;
        };
        match &mut session.stage {
            Stage::Named { guest_at, .. } => *guest_at = None,
            Stage::Unlocked => {}
            Stage::Verifying(_) | Stage::Registering(..) | Stage::SignedIn(_) => return,
        }
        self.reply(key, if known { &LoginReply::OldUser } else { &LoginReply::NewUser });
    }

    /// Never answered: the original client is in its chat phase already.
    fn handle_register(&mut self, key: SessionKey, name: UserName, password: Password) {
        let Some(session) = self.classic.get(&key) else { return };
        let address = session.address;
        match &session.stage {
            Stage::Named { name: joined, .. } if *joined == name => {}
            Stage::Unlocked
            | Stage::Named { .. }
            | Stage::Verifying(_)
            | Stage::Registering(..)
            | Stage::SignedIn(_) => return,
        }
        match self.begin_register(key, name.clone(), password) {
            Ok(()) => self.set_stage(key, Stage::Registering(name, Vec::new())),
            Err(why) => self.refuse(address, why),
        }
    }

    fn handle_check_password(&mut self, now: Now, key: SessionKey, password: Password) {
        let Some(session) = self.classic.get_mut(&key) else { return };
        let address = session.address;
        let name = match &mut session.stage {
            Stage::Named { name, .. } => name.clone(),
            Stage::Registering(_, commands) => {
                return keep(commands, LoginCommand::CheckPassword(password).into());
            }
            // The reply to a repeated command may have been lost.
            Stage::SignedIn(_) => return self.reply(key, &LoginReply::LoggedIn),
            Stage::Unlocked => return self.reply(key, &LoginReply::Wrong),
            Stage::Verifying(_) => return,
        };
        match self.begin_verify(now, key, name.clone(), password) {
            Ok(()) => self.set_stage(key, Stage::Verifying(name)),
            Err(why) => {
                self.refuse(address, why);
                self.reply(key, &LoginReply::Wrong);
            }
        }
    }

    /// The account was made or the password compared.
    pub(crate) fn conclude_classic(&mut self, now: Now, key: SessionKey, outcome: SignInOutcome) {
        let Some(session) = self.classic.get_mut(&key) else { return };
        let address = session.address;
        let (name, commands) = match &mut session.stage {
            Stage::Registering(name, commands) => (name.clone(), std::mem::take(commands)),
            Stage::Verifying(name) => (name.clone(), Vec::new()),
            Stage::Unlocked | Stage::Named { .. } | Stage::SignedIn(_) => return,
        };
        match outcome {
            SignInOutcome::SignedIn(user, how) if self.has_room_for_classic() => {
                self.sign_in_classic(now, key, user, how);
                if how == SignInKind::Password {
                    self.reply(key, &LoginReply::LoggedIn);
                }
            }
            SignInOutcome::SignedIn(..) => {
                self.refuse(address, Refusal::Full);
                self.set_stage(key, Stage::Named { name, guest_at: None });
                self.reply(key, &LoginReply::Wrong);
            }
            SignInOutcome::NotRegistered(why) => {
                self.refuse(address, why);
                self.set_stage(key, Stage::Named { name, guest_at: None });
            }
            SignInOutcome::Wrong => {
                self.set_stage(key, Stage::Named { name, guest_at: None });
                self.reply(key, &LoginReply::Wrong);
            }
        }
        for command in commands {
            self.handle_command(now, key, command);
        }
    }

    /// Lets in a client without passwords, if the operator allows it and the name is free.
    pub(crate) fn sign_in_guest(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.classic.get_mut(&key) else { return };
        let address = session.address;
        let Stage::Named { name, guest_at } = &mut session.stage else { return };
        *guest_at = None;
        let name = name.clone();
        if self.users.find(name.as_str()).is_some() || self.registering.contains(&name) {
            return self.refuse(address, Refusal::NameTaken);
        }
        if self.users.is_full() || !self.has_room_for_classic() {
            return self.refuse(address, Refusal::Full);
        }
        let record = self.new_user(now, name, address, None);
        let user = record.id;
        self.users.insert(record.clone());
        self.store_aside(Write::AddUser(record));
        self.sign_in_classic(now, key, user, SignInKind::Guest);
    }

    fn sign_in_classic(&mut self, now: Now, key: SessionKey, user: UserId, how: SignInKind) {
        let outbox = Outbox::new(now.monotonic, self.settings.ack_timeout);
        let received = self.users.get(user).map_or_else(Sequence::default, |user| user.received);
        // What came while they were away comes first.
        let feed = Feed::Behind(received);
        self.set_stage(key, Stage::SignedIn(SignedIn { user, feed, outbox, is_chatting: false }));
        self.unsigned_classic -= 1;
        self.arrive(now, key, user, how);
    }

    fn has_room_for_classic(&self) -> bool {
        self.classic.len() - self.unsigned_classic < CLASSIC_SESSIONS_MAX
    }

    fn set_stage(&mut self, key: SessionKey, stage: Stage) {
        if let Some(session) = self.classic.get_mut(&key) {
            session.stage = stage;
            self.dirty.insert(key);
        }
    }
}

/// Keeps a command for later; beyond the bound it is dropped, as the network might have.
pub(super) fn keep(commands: &mut Vec<Command>, command: Command) {
    if commands.len() < crate::limits::REGISTERING_COMMANDS_MAX {
        commands.push(command);
    }
}
