//! The login phase: nothing but its commands works before sign-in, and an address that does not
//! know the server password learns nothing.

use std::net::SocketAddr;
use std::time::Duration;

use netchat_shared::classic::{Command, CommandError, LoginReply, Verb};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::time::Now;

use super::Outbox;
use crate::Server;
use crate::action::{Record, Refusal, SignInKind, SignOutReason};
use crate::limits::{CLASSIC_SESSIONS_MAX, UNSIGNED_SESSIONS_MAX};
use crate::server::{HashPending, WritePending};
use crate::session::{ClassicSession, SessionKey, SignedIn, Stage};
use crate::storage::{HashJob, Hashed, Order, Stored, UserId, UserRecord, Write};

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
            Ok(Command::Locked(password)) if password == self.settings.password => {
                self.unlock(now, from, bytes);
            }
            Ok(Command::Locked(_)) | Err(CommandError::NotBase64(Verb::Locked)) => {
                self.refuse(from, Refusal::ServerPassword);
                self.transmit(from, LoginReply::Locked.to_string());
            }
            // A client that waits for a reply, perhaps from before a restart.
            Ok(Command::Join(_) | Command::CheckInDb(_) | Command::CheckPassword(_)) => {
                self.transmit(from, LoginReply::Locked.to_string());
            }
            Ok(
                Command::NewUserPassword(..)
                | Command::Chat(..)
                | Command::GroupChat(..)
                | Command::NewGroup(..)
                | Command::JoinGroup(_)
                | Command::QuitGroup(_)
                | Command::CheckForGroup(_)
                | Command::Active
                | Command::Leave
                | Command::Exit(_)
                | Command::Received,
            )
            | Err(_) => {}
        }
    }

    pub(super) fn handle_login_command(&mut self, now: Now, key: SessionKey, command: Command) {
        match command {
            Command::Locked(password) => self.handle_locked(now, key, &password),
            Command::Join(name) => self.handle_join(now, key, name),
            Command::CheckInDb(name) => self.handle_check_in_db(key, &name),
            Command::NewUserPassword(name, password) => self.handle_register(key, name, password),
            Command::CheckPassword(password) => self.handle_check_password(now, key, password),
            Command::Chat(..)
            | Command::GroupChat(..)
            | Command::NewGroup(..)
            | Command::JoinGroup(_)
            | Command::QuitGroup(_)
            | Command::CheckForGroup(_)
            | Command::Active
            | Command::Leave
            | Command::Exit(_)
            | Command::Received => {}
        }
    }

    fn unlock(&mut self, now: Now, from: SocketAddr, bytes: usize) {
        if self.unsigned_sessions >= UNSIGNED_SESSIONS_MAX {
            self.refuse(from, Refusal::Full);
            return self.transmit(from, LoginReply::Locked.to_string());
        }
        let key = self.next_session();
        let mut session = ClassicSession::new(now.monotonic, from);
        session.heard(now.monotonic, bytes);
        self.sessions.insert(key, session);
        self.session_by_address.insert(from, key);
        self.unsigned_sessions += 1;
        self.reply(key, &LoginReply::Unlocked);
        self.dirty.insert(key);
    }

    /// `LOCKED` again: a repetition, or, from a session that is signed in, another client that was
    /// given the same address.
    fn handle_locked(&mut self, now: Now, key: SessionKey, password: &Password) {
        let Some(session) = self.sessions.get(&key) else {
            return;
        };
        let address = session.address;
        if *password != self.settings.password {
            self.refuse(address, Refusal::ServerPassword);
            return self.reply(key, &LoginReply::Locked);
        }
        if session.signed_in().is_some() {
            self.end_session(key, SignOutReason::Replaced);
            let bytes = Command::Locked(password.clone()).to_wire().len();
            return self.unlock(now, address, bytes);
        }
        self.reply(key, &LoginReply::Unlocked);
    }

    fn handle_join(&mut self, now: Now, key: SessionKey, name: UserName) {
        let may_be_guest = self.settings.allow_guests && self.users.find(name.as_str()).is_none();
        let guest_at = may_be_guest.then(|| now.monotonic + GUEST_DELAY);
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        match session.stage {
            Stage::Unlocked | Stage::Named { .. } => {
                session.stage = Stage::Named { name, guest_at };
                self.reply(key, &LoginReply::Joined);
            }
            Stage::Verifying | Stage::Registering(..) | Stage::SignedIn(_) => {}
        }
    }

    fn handle_check_in_db(&mut self, key: SessionKey, name: &UserName) {
        let known = self.users.find(name.as_str()).is_some();
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        match &mut session.stage {
            Stage::Named { guest_at, .. } => *guest_at = None,
            Stage::Unlocked => {}
            Stage::Verifying | Stage::Registering(..) | Stage::SignedIn(_) => return,
        }
        self.reply(
            key,
            if known {
                &LoginReply::OldUser
            } else {
                &LoginReply::NewUser
            },
        );
    }

    /// Never answered: the original client is in its chat phase already.
    fn handle_register(&mut self, key: SessionKey, name: UserName, password: Password) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let address = session.address;
        match &session.stage {
            Stage::Named { name: joined, .. } if *joined == name => {}
            Stage::Unlocked
            | Stage::Named { .. }
            | Stage::Verifying
            | Stage::Registering(..)
            | Stage::SignedIn(_) => return,
        }
        if self.users.find(name.as_str()).is_some() || self.is_being_registered(&name) {
            return self.refuse(address, Refusal::NameTaken);
        }
        let pending = HashPending::Register(key, name.clone());
        if self.users.is_full() || self.hash(HashJob::Create(password), pending).is_err() {
            return self.refuse(address, Refusal::Full);
        }
        if let Some(session) = self.sessions.get_mut(&key) {
            session.stage = Stage::Registering(name, Vec::new());
        }
    }

    /// The hash of a new password is there: the account can be stored.
    pub(crate) fn store_registration(
        &mut self,
        now: Now,
        key: SessionKey,
        name: UserName,
        hashed: Hashed,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let address = session.address;
        let Hashed::Created(hash) = hashed else {
            return self.cancel_registration(now, key, name, Refusal::Full);
        };
        if self.users.find(name.as_str()).is_some() {
            return self.cancel_registration(now, key, name, Refusal::NameTaken);
        }
        let record = self.new_user(now, name.clone(), address, Some(hash));
        let user = record.id;
        self.users.insert(record.clone());
        if self
            .store(Write::AddUser(record), WritePending::User(key, user))
            .is_err()
        {
            self.users.remove(user);
            self.cancel_registration(now, key, name, Refusal::Full);
        }
    }

    /// The account is stored, or could not be.
    pub(crate) fn finish_register(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        stored: Stored,
    ) {
        let Some(name) = self.users.get(user).map(|user| user.name.clone()) else {
            return;
        };
        if stored == Stored::Failed {
            self.users.remove(user);
            return self.cancel_registration(now, key, name, Refusal::Full);
        }
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let Stage::Registering(_, commands) = &mut session.stage else {
            return;
        };
        let commands = std::mem::take(commands);
        self.sign_in(now, key, user, SignInKind::Registered);
        self.replay(now, key, commands);
    }

    fn cancel_registration(&mut self, now: Now, key: SessionKey, name: UserName, why: Refusal) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let address = session.address;
        let Stage::Registering(_, commands) = &mut session.stage else {
            return;
        };
        let commands = std::mem::take(commands);
        session.stage = Stage::Named {
            name,
            guest_at: None,
        };
        self.refuse(address, why);
        self.replay(now, key, commands);
    }

    fn replay(&mut self, now: Now, key: SessionKey, commands: Vec<Command>) {
        for command in commands {
            self.handle_command(now, key, command);
        }
        self.dirty.insert(key);
    }

    fn handle_check_password(&mut self, now: Now, key: SessionKey, password: Password) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let address = session.address;
        let name = match &mut session.stage {
            Stage::Named { name, .. } => name.clone(),
            Stage::Registering(_, commands) => {
                return keep(commands, Command::CheckPassword(password));
            }
            // The reply to a repeated command may have been lost.
            Stage::SignedIn(_) => return self.reply(key, &LoginReply::LoggedIn),
            Stage::Unlocked => return self.reply(key, &LoginReply::Wrong),
            Stage::Verifying => return,
        };
        if !self.guesses.may_try(now.monotonic, &name) {
            self.refuse(address, Refusal::GuessedTooOften);
            return self.reply(key, &LoginReply::Wrong);
        }
        // Unknown names are verified too, in vain: the time must not tell them apart.
        let user = self.users.find(name.as_str());
        let hash = user.and_then(|user| user.password_hash.clone());
        let job = HashJob::Verify(password, hash);
        if self
            .hash(job, HashPending::SignIn(key, name.clone()))
            .is_err()
        {
            self.refuse(address, Refusal::Full);
            return self.reply(key, &LoginReply::Wrong);
        }
        if let Some(session) = self.sessions.get_mut(&key) {
            session.stage = Stage::Verifying;
        }
    }

    /// The password was compared.
    pub(crate) fn finish_sign_in(
        &mut self,
        now: Now,
        key: SessionKey,
        name: &UserName,
        hashed: Hashed,
    ) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let address = session.address;
        session.stage = Stage::Named {
            name: name.clone(),
            guest_at: None,
        };
        let user = self.users.find(name.as_str()).map(|user| user.id);
        let (Hashed::Right(stronger), Some(user)) = (hashed, user) else {
            self.guesses.wrong(now.monotonic, name);
            self.refuse(address, Refusal::Password);
            return self.reply(key, &LoginReply::Wrong);
        };
        self.guesses.right(name);
        if let Some(hash) = stronger {
            if let Some(user) = self.users.get_mut(user) {
                user.password_hash = Some(hash.clone());
            }
            self.store_aside(Write::SetPasswordHash(user, hash));
        }
        if self.sign_in(now, key, user, SignInKind::Password) {
            self.reply(key, &LoginReply::LoggedIn);
        } else {
            self.reply(key, &LoginReply::Wrong);
        }
    }

    /// Lets in a client without passwords, if the operator allows it and the name is free.
    pub(crate) fn sign_in_guest(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let address = session.address;
        let Stage::Named { name, guest_at } = &mut session.stage else {
            return;
        };
        *guest_at = None;
        let name = name.clone();
        if self.users.find(name.as_str()).is_some() || self.is_being_registered(&name) {
            return self.refuse(address, Refusal::NameTaken);
        }
        if self.users.is_full() {
            return self.refuse(address, Refusal::Full);
        }
        let record = self.new_user(now, name, address, None);
        let user = record.id;
        self.users.insert(record.clone());
        self.store_aside(Write::AddUser(record));
        self.sign_in(now, key, user, SignInKind::Guest);
    }

    /// A guest is nobody any more when their last session ends.
    pub(crate) fn forget_guest(&mut self, user: UserId) {
        let is_guest = self
            .users
            .get(user)
            .is_some_and(|user| user.password_hash.is_none());
        if !is_guest || self.presence.is_online(user) {
            return;
        }
        let groups: Vec<_> = self
            .conversations
            .groups_of(user)
            .map(|group| group.id)
            .collect();
        for group in groups {
            self.conversations.remove_member(group, user);
            self.store_aside(Write::RemoveMember(group, user));
        }
        self.users.remove(user);
    }

    /// The session is its user's from now on. False if there are too many.
    fn sign_in(&mut self, now: Now, key: SessionKey, user: UserId, how: SignInKind) -> bool {
        let signed_in = self.sessions.len() - self.unsigned_sessions;
        let outbox = Outbox::new(now.monotonic, self.settings.ack_timeout);
        let Some(session) = self.sessions.get_mut(&key) else {
            return false;
        };
        let address = session.address;
        if signed_in >= CLASSIC_SESSIONS_MAX {
            self.refuse(address, Refusal::Full);
            return false;
        }
        session.stage = Stage::SignedIn(SignedIn {
            user,
            outbox,
            is_chatting: false,
        });
        self.unsigned_sessions -= 1;
        self.presence.add(user, key);
        if let Some(user) = self.users.get_mut(user) {
            user.address = address;
            let user = user.name.clone();
            self.log(Record::SignedIn { user, address, how });
        }
        self.store_aside(Write::SignedIn(user, address, now.calendar));
        self.dirty.insert(key);
        true
    }

    fn new_user(
        &mut self,
        now: Now,
        name: UserName,
        address: SocketAddr,
        password_hash: Option<String>,
    ) -> UserRecord {
        UserRecord {
            id: self.users.next_id(),
            name,
            password_hash,
            address,
            registered_at: now.calendar,
            since: self.last_order(),
            received: Order::default().max(self.last_order()),
        }
    }

    fn is_being_registered(&self, name: &UserName) -> bool {
        self.sessions.values().any(|session| {
            matches!(&session.stage, Stage::Registering(registering, _) if registering == name)
        })
    }
}

/// Keeps a command for later; beyond the bound it is dropped, as the network might have.
pub(super) fn keep(commands: &mut Vec<Command>, command: Command) {
    if commands.len() < crate::limits::REGISTERING_COMMANDS_MAX {
        commands.push(command);
    }
}
