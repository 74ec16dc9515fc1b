//! Signing in over an extended session.

use netchat_shared::extended::{ClientMessage, ServerMessage, Token};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::time::Now;

use super::session::{SignedIn, Stage};
use crate::Server;
use crate::accounts::SignInOutcome;
use crate::action::{Refusal, SignInKind};
use crate::feed::Feed;
use crate::session::SessionKey;
use crate::storage::{UserId, Write};
use crate::tokens;

impl Server {
    /// A message of a session that has not signed in. What does not fit its stage is a repetition
    /// or too early, and changes nothing.
    pub(super) fn handle_sign_in(&mut self, now: Now, key: SessionKey, message: ClientMessage) {
        let Some(session) = self.extended.get(&key) else { return };
        match (&session.stage, message) {
            (Stage::Waiting(_) | Stage::SignedIn(_), _) => {}
            (_, ClientMessage::Resume(token)) => self.resume(now, key, token),
            (_, ClientMessage::Unlock(password)) => self.unlock_extended(key, &password),
            (Stage::Locked, _) => self.send_to(key, &ServerMessage::Locked),
            (Stage::Unlocked | Stage::Named(_), ClientMessage::Name(name)) => {
                self.take_name(key, name);
            }
            (Stage::Named(name), ClientMessage::Register(password)) => {
                let name = name.clone();
                self.register_extended(key, name, password);
            }
            (Stage::Named(name), ClientMessage::LogIn(password)) => {
                let name = name.clone();
                self.log_in_extended(now, key, name, password);
            }
            (
                Stage::Unlocked | Stage::Named(_),
                ClientMessage::Register(_)
                | ClientMessage::LogIn(_)
                | ClientMessage::Sync(_)
                | ClientMessage::Send { .. }
                | ClientMessage::Received(_)
                | ClientMessage::Corrupted(_)
                | ClientMessage::History { .. }
                | ClientMessage::Overview
                | ClientMessage::Receipts(..)
                | ClientMessage::NewGroup(..)
                | ClientMessage::JoinGroup(_)
                | ClientMessage::QuitGroup(_)
                | ClientMessage::SignOut,
            ) => {}
        }
    }

    /// The account was made or the password compared.
    pub(crate) fn conclude_extended(&mut self, now: Now, key: SessionKey, outcome: SignInOutcome) {
        let Some(session) = self.extended.get(&key) else { return };
        let Stage::Waiting(name) = &session.stage else { return };
        let name = name.clone();
        match outcome {
            SignInOutcome::SignedIn(user, how) => {
                let token = Token::random(&mut self.rng);
                self.sign_in_extended(now, key, user, how, token);
            }
            SignInOutcome::NotRegistered(why) => self.refuse_registration(key, name, why),
            SignInOutcome::Wrong => {
                self.set_stage_extended(key, Stage::Named(name));
                self.send_to(key, &ServerMessage::Wrong);
            }
        }
    }

    fn unlock_extended(&mut self, key: SessionKey, password: &Password) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        let path = session.path;
        if *password != self.settings.password {
            self.refuse(path, Refusal::ServerPassword);
            return self.send_to(key, &ServerMessage::Locked);
        }
        if matches!(session.stage, Stage::Locked) {
            session.stage = Stage::Unlocked;
        }
        self.send_to(key, &ServerMessage::Unlocked);
    }

    fn take_name(&mut self, key: SessionKey, name: UserName) {
        let is_known = self.users.find(name.as_str()).is_some();
        self.set_stage_extended(key, Stage::Named(name));
        let reply = if is_known { ServerMessage::NameIsKnown } else { ServerMessage::NameIsNew };
        self.send_to(key, &reply);
    }

    fn register_extended(&mut self, key: SessionKey, name: UserName, password: Password) {
        match self.begin_register(key, name.clone(), password) {
            Ok(()) => self.set_stage_extended(key, Stage::Waiting(name)),
            Err(why) => self.refuse_registration(key, name, why),
        }
    }

    fn refuse_registration(&mut self, key: SessionKey, name: UserName, why: Refusal) {
        if let Some(path) = self.extended.get(&key).map(|session| session.path) {
            self.refuse(path, why);
        }
        if why == Refusal::NameTaken {
            self.set_stage_extended(key, Stage::Named(name));
            return self.send_to(key, &ServerMessage::NameIsKnown);
        }
        self.set_stage_extended(key, Stage::Unlocked);
        let line = "the server can't make an account now: please try again later".to_owned();
        self.send_to(key, &ServerMessage::NameRefused(line));
    }

    fn log_in_extended(&mut self, now: Now, key: SessionKey, name: UserName, password: Password) {
        match self.begin_verify(now, key, name.clone(), password) {
            Ok(()) => self.set_stage_extended(key, Stage::Waiting(name)),
            Err(why) => {
                if let Some(path) = self.extended.get(&key).map(|session| session.path) {
                    self.refuse(path, why);
                }
                self.send_to(key, &ServerMessage::Wrong);
            }
        }
    }

    /// The token stands for an earlier sign-in.
    fn resume(&mut self, now: Now, key: SessionKey, token: Token) {
        match self.tokens.user(now.calendar, tokens::hash(&token)) {
            Some(user) => self.sign_in_extended(now, key, user, SignInKind::Resumed, token),
            None => {
                if let Some(path) = self.extended.get(&key).map(|session| session.path) {
                    self.refuse(path, Refusal::Token);
                }
                self.send_to(key, &ServerMessage::ResumeRefused);
            }
        }
    }

    fn sign_in_extended(
        &mut self,
        now: Now,
        key: SessionKey,
        user: UserId,
        how: SignInKind,
        token: Token,
    ) {
        let Some(name) = self.users.name(user).cloned() else { return };
        let hash = tokens::hash(&token);
        let (expires_at, removed) = self.tokens.grant(now.calendar, hash, user);
        if let Some(removed) = removed {
            self.store_aside(Write::RemoveToken(removed));
        }
        self.store_aside(Write::SetToken(hash, user, expires_at));
        let signed_in = SignedIn {
            user,
            token: hash,
            feed: Feed::Off,
            handed: std::collections::VecDeque::new(),
            receipts: std::collections::BTreeMap::new(),
            online_is_stale: true,
        };
        self.set_stage_extended(key, Stage::SignedIn(Box::new(signed_in)));
        self.unsigned_extended -= 1;
        self.arrive(now, key, user, how);
        self.send_to(key, &ServerMessage::Welcome(name, token));
    }

    fn set_stage_extended(&mut self, key: SessionKey, stage: Stage) {
        if let Some(session) = self.extended.get_mut(&key) {
            session.stage = stage;
            self.dirty.insert(key);
        }
    }
}
