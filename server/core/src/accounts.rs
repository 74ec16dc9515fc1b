//! Accounts: registering a name, verifying its password, coming and going. The same for classic and
//! extended sessions; each hears the outcome in its own words.

use std::net::SocketAddr;

use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::time::Now;

use crate::Server;
use crate::action::{Record, Refusal, SignInKind, SignOutReason};
use crate::server::{HashPending, WritePending};
use crate::session::SessionKey;
use crate::storage::{HashJob, Hashed, Stored, UserId, UserRecord, Write};

/// What became of an attempt to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignInOutcome {
    /// The session is this user's.
    SignedIn(UserId, SignInKind),
    /// The account could not be made.
    NotRegistered(Refusal),
    /// The password was wrong.
    Wrong,
}

impl Server {
    /// Begins to register a name; the session hears the outcome later.
    pub(crate) fn begin_register(
        &mut self,
        key: SessionKey,
        name: UserName,
        password: Password,
    ) -> Result<(), Refusal> {
        if self.users.find(name.as_str()).is_some() || self.registering.contains(&name) {
            return Err(Refusal::NameTaken);
        }
        let pending = HashPending::Register(key, name.clone());
        if self.users.is_full() || self.hash(HashJob::Create(password), pending).is_err() {
            return Err(Refusal::Full);
        }
        self.registering.insert(name);
        Ok(())
    }

    /// Begins to verify a password; the session hears the outcome later.
    pub(crate) fn begin_verify(
        &mut self,
        now: Now,
        key: SessionKey,
        name: UserName,
        password: Password,
    ) -> Result<(), Refusal> {
        if !self.guesses.may_try(now.monotonic, &name) {
            return Err(Refusal::GuessedTooOften);
        }
        // Unknown names are verified too, in vain: the time must not tell them apart.
        let hash = self.users.find(name.as_str()).and_then(|user| user.password_hash.clone());
        let pending = HashPending::Verify(key, name);
        self.hash(HashJob::Verify(password, hash), pending).map_err(|_| Refusal::Full)
    }

    /// The hash of a new password is there: the account can be stored.
    pub(crate) fn finish_register_hash(
        &mut self,
        now: Now,
        key: SessionKey,
        name: &UserName,
        hashed: Hashed,
    ) {
        self.registering.remove(name);
        let Some(address) = self.address_of(key) else { return };
        let Hashed::Created(hash) = hashed else {
            return self.conclude(now, key, SignInOutcome::NotRegistered(Refusal::Full));
        };
        let record = self.new_user(now, name.clone(), address, Some(hash));
        let user = record.id;
        self.users.insert(record.clone());
        if self.store(Write::AddUser(record), WritePending::User(key, user)).is_err() {
            self.users.remove(user);
            self.conclude(now, key, SignInOutcome::NotRegistered(Refusal::Full));
        }
    }

    /// The account is stored, or could not be.
    pub(crate) fn finish_register(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        stored: &Stored,
    ) {
        if *stored == Stored::Failed {
            self.users.remove(user);
            return self.conclude(now, key, SignInOutcome::NotRegistered(Refusal::Full));
        }
        self.conclude(now, key, SignInOutcome::SignedIn(user, SignInKind::Registered));
    }

    /// The password was compared.
    pub(crate) fn finish_verify(
        &mut self,
        now: Now,
        key: SessionKey,
        name: &UserName,
        hashed: Hashed,
    ) {
        let user = self.users.find(name.as_str()).map(|user| user.id);
        let (Hashed::Right(stronger), Some(user)) = (hashed, user) else {
            self.guesses.wrong(now.monotonic, name);
            if let Some(address) = self.address_of(key) {
                self.refuse(address, Refusal::Password);
            }
            return self.conclude(now, key, SignInOutcome::Wrong);
        };
        self.guesses.right(name);
        if let Some(hash) = stronger {
            if let Some(user) = self.users.get_mut(user) {
                user.password_hash = Some(hash.clone());
            }
            self.store_aside(Write::SetPasswordHash(user, hash));
        }
        self.conclude(now, key, SignInOutcome::SignedIn(user, SignInKind::Password));
    }

    /// A session is a user's from now on: notes who, from where and how.
    pub(crate) fn arrive(&mut self, now: Now, key: SessionKey, user: UserId, how: SignInKind) {
        let Some(address) = self.address_of(key) else { return };
        if let Some(record) = self.users.get_mut(user) {
            record.address = address;
            let user = record.name.clone();
            self.log(Record::SignedIn { user, address, how });
        }
        self.store_aside(Write::SignedIn(user, address, now.calendar));
        self.come_online(now, key, user);
    }

    /// A session is there (again).
    pub(crate) fn come_online(&mut self, now: Now, key: SessionKey, user: UserId) {
        if self.presence.add(user, key) {
            self.note_presence(now, user);
        }
    }

    /// A session is away, or has ended: true if its user has no other.
    pub(crate) fn go_offline(&mut self, now: Now, key: SessionKey, user: UserId) {
        if self.presence.remove(user, key) {
            self.note_presence(now, user);
            self.lose_all_awaited(user);
        }
    }

    /// A session has ended for good.
    pub(crate) fn depart(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        address: SocketAddr,
        why: SignOutReason,
    ) {
        if let Some(user) = self.users.name(user).cloned() {
            self.log(Record::SignedOut { user, address, why });
        }
        self.go_offline(now, key, user);
        self.forget_guest(user);
    }

    pub(crate) fn new_user(
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
            since: self.last_sequence(),
            received: self.last_sequence(),
        }
    }

    /// A guest is nobody any more when their last session ends.
    fn forget_guest(&mut self, user: UserId) {
        let is_guest = self.users.get(user).is_some_and(|user| user.password_hash.is_none());
        if !is_guest || self.presence.is_online(user) {
            return;
        }
        let groups: Vec<_> = self.conversations.groups_of(user).map(|group| group.id).collect();
        for group in groups {
            self.conversations.remove_member(group, user);
            self.store_aside(Write::RemoveMember(group, user));
        }
        self.users.release_name(user);
    }

    fn conclude(&mut self, now: Now, key: SessionKey, outcome: SignInOutcome) {
        if self.classic.contains_key(&key) {
            self.conclude_classic(now, key, outcome);
        } else {
            self.conclude_extended(now, key, outcome);
        }
    }

    fn address_of(&self, key: SessionKey) -> Option<SocketAddr> {
        let classic = self.classic.get(&key).map(|session| session.address);
        classic.or_else(|| self.extended.get(&key).map(|session| session.path))
    }
}
