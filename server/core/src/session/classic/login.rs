//! The login phase: nothing but its commands works before sign-in.

use std::time::Duration;

use netchat_shared::classic::{LoginCommand, LoginReply};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;

use super::ClassicSession;
use super::outbox::Outbox;
use super::stage::{Asked, KeptCommands, Signature, SignedIn, Stage};
use crate::action::{Refusal, SignInKind, SignOutReason};
use crate::admission::Later;
use crate::context::{Context, Knock};
use crate::events::{self, Credentials, NameStanding, NotSignedIn, Request};
use crate::session::cursor::Cursor;

/// How long after `JOIN` a client that asks for no password check counts as one without passwords.
const GUEST_DELAY: Duration = Duration::from_secs(3);

impl ClassicSession {
    pub(super) fn handle_login_command(&mut self, cx: &mut Context, command: LoginCommand) {
        match command {
            LoginCommand::Locked(password) => self.handle_locked(cx, &password),
            LoginCommand::Join(name) => self.handle_join(cx, name),
            LoginCommand::CheckInDb(name) => self.handle_check_in_db(cx, name),
            LoginCommand::NewUserPassword(name, password) => {
                self.handle_register(cx, name, password);
            }
            LoginCommand::CheckPassword(password) => self.handle_check_password(cx, password),
        }
    }

    /// `LOCKED` again: a repetition, or, from a session that is signed in, another client that was
    /// given the same address.
    fn handle_locked(&mut self, cx: &mut Context, password: &Password) {
        match cx.knock(self.source(), password) {
            Knock::Opens if self.is_signed_in() => self.ended = Some(SignOutReason::Replaced),
            Knock::Opens => self.reply(cx, &LoginReply::Unlocked),
            Knock::Wrong => {
                cx.refuse(self.address, Refusal::ServerPassword);
                self.reply(cx, &LoginReply::Locked);
            }
            Knock::Later(_) => cx.refuse(self.address, Refusal::TooManyAttempts),
        }
    }

    fn handle_join(&mut self, cx: &mut Context, name: UserName) {
        match self.stage {
            Stage::Unlocked | Stage::Named { .. } => {
                self.stage = Stage::Joining(name.clone());
                cx.request(self.key, Request::LookUp(name));
            }
            Stage::Joining(_)
            | Stage::Verifying(_)
            | Stage::Registering(..)
            | Stage::SignedIn(_) => {}
        }
    }

    /// What was asked with `JOIN` or `CHECKINDB` is known, before anything else has come.
    pub(super) fn finish_look_up(&mut self, cx: &mut Context, standing: &NameStanding) {
        let reply = match (&self.stage, standing) {
            (Stage::Joining(_), NameStanding::Refused(why)) => {
                self.stage = Stage::Unlocked;
                LoginReply::Line(why.to_string())
            }
            (Stage::Joining(name), NameStanding::New | NameStanding::Known(_)) => {
                let guest_at = cx.settings.allow_guests.then(|| cx.monotonic() + GUEST_DELAY);
                self.stage = Stage::Named { name: name.clone(), guest_at };
                LoginReply::Joined
            }
            (_, NameStanding::New) => LoginReply::NewUser,
            // It is not to be had: whoever asks for its password hears `WRONG`.
            (_, NameStanding::Known(_) | NameStanding::Refused(_)) => LoginReply::OldUser,
        };
        self.reply(cx, &reply);
    }

    fn handle_check_in_db(&mut self, cx: &mut Context, name: UserName) {
        match &mut self.stage {
            Stage::Named { guest_at, .. } => *guest_at = None,
            Stage::Unlocked => {}
            Stage::Joining(_)
            | Stage::Verifying(_)
            | Stage::Registering(..)
            | Stage::SignedIn(_) => return,
        }
        cx.request(self.key, Request::LookUp(name));
    }

    /// Never answered: the original client is in its chat phase already.
    fn handle_register(&mut self, cx: &mut Context, name: UserName, password: Password) {
        match &self.stage {
            Stage::Named { name: joined, .. } if *joined == name => {}
            Stage::Unlocked
            | Stage::Joining(_)
            | Stage::Named { .. }
            | Stage::Verifying(_)
            | Stage::Registering(..)
            | Stage::SignedIn(_) => return,
        }
        let credentials = Credentials::New(name.clone(), password);
        let asked = Asked { name, credentials, again_at: None };
        self.stage = Stage::Registering(asked, KeptCommands::default());
        self.sign_in(cx);
    }

    fn handle_check_password(&mut self, cx: &mut Context, password: Password) {
        let name = match &mut self.stage {
            Stage::Named { name, .. } => name.clone(),
            Stage::Registering(_, kept) => {
                return kept.keep(LoginCommand::CheckPassword(password).into());
            }
            // The reply to a repeated command may have been lost.
            Stage::SignedIn(_) => return self.reply(cx, &LoginReply::LoggedIn),
            Stage::Unlocked | Stage::Joining(_) => return self.reply(cx, &LoginReply::Wrong),
            Stage::Verifying(_) => return,
        };
        let credentials = Credentials::Password(name.clone(), password);
        self.stage = Stage::Verifying(Asked { name, credentials, again_at: None });
        self.sign_in(cx);
    }

    /// Wants to be let in without a password. What the client sends meanwhile is kept.
    pub(super) fn enter_as_guest(&mut self, cx: &mut Context, name: UserName) {
        let credentials = Credentials::Guest(name.clone());
        let asked = Asked { name, credentials, again_at: None };
        self.stage = Stage::Registering(asked, KeptCommands::default());
        self.sign_in(cx);
    }

    /// Asks for what the stage is about, again if it was put off.
    pub(super) fn sign_in(&mut self, cx: &mut Context) {
        let (address, source) = (self.address, self.source());
        let Some(asked) = self.stage.asked_mut() else { return };
        asked.again_at = None;
        // If it is silent, it is because it waits for an answer.
        self.heard_at = cx.monotonic();
        let credentials = asked.credentials.clone();
        let sign_in = Request::SignIn { credentials, address, source, takes_token: false };
        cx.request(self.key, sign_in);
    }

    pub(super) fn finish_sign_in(&mut self, cx: &mut Context, signed_in: &events::SignedIn) {
        let kept = self.take_kept();
        let Some(asked) = self.stage.asked() else { return };
        let signature = Signature { name: signed_in.name.clone(), spelling: asked.name.clone() };
        self.stage = Stage::SignedIn(SignedIn {
            signature,
            // What came while they were away comes first.
            cursor: Cursor::begin(cx, signed_in.received),
            outbox: Outbox::new(cx.monotonic(), cx.settings.ack_timeout),
            is_chatting: false,
            user: signed_in.user,
            refused_told_at: None,
            refused_until: None,
            knows_invitations: false,
        });
        if signed_in.how == SignInKind::Password {
            self.reply(cx, &LoginReply::LoggedIn);
        }
        for command in kept {
            self.handle_command(cx, command);
        }
    }

    pub(super) fn finish_refused_sign_in(&mut self, cx: &mut Context, why: NotSignedIn) {
        if let NotSignedIn::Later(later) = why {
            return self.put_off(cx, later);
        }
        let (name, kept) = match &mut self.stage {
            Stage::Registering(asked, kept) => (asked.name.clone(), kept.take()),
            Stage::Verifying(asked) => (asked.name.clone(), Vec::new()),
            Stage::Unlocked | Stage::Joining(_) | Stage::Named { .. } | Stage::SignedIn(_) => {
                return;
            }
        };
        self.stage = Stage::Named { name, guest_at: None };
        match why {
            NotSignedIn::NotRegistered(why) => cx.refuse(self.address, why),
            NotSignedIn::Wrong => {
                cx.refuse(self.address, Refusal::Password);
                self.reply(cx, &LoginReply::Wrong);
            }
            NotSignedIn::TokenRefused | NotSignedIn::TokenEnded | NotSignedIn::Later(_) => {}
        }
        for command in kept {
            self.handle_command(cx, command);
        }
    }

    /// It was not looked at. There is no word for that, so the client waits, and the session asks
    /// again by itself.
    fn put_off(&mut self, cx: &mut Context, later: Later) {
        cx.refuse(self.address, later.refusal());
        let again_at = cx.monotonic() + later.wait;
        if let Some(asked) = self.stage.asked_mut() {
            asked.again_at = Some(again_at);
        }
    }

    fn take_kept(&mut self) -> Vec<netchat_shared::classic::Command> {
        match &mut self.stage {
            Stage::Registering(_, kept) => kept.take(),
            Stage::Unlocked
            | Stage::Joining(_)
            | Stage::Named { .. }
            | Stage::Verifying(_)
            | Stage::SignedIn(_) => Vec::new(),
        }
    }
}
