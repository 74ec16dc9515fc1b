//! Signing in over an extended session.

use netchat_shared::extended::{ClientMessage, Delay, ServerMessage};
use netchat_shared::limits::LINK_RECEIVE_BYTES_MAX;
use netchat_shared::name::UserName;
use netchat_shared::opaque::Word;
use netchat_shared::password::Password;

use super::ExtendedSession;
use super::stage::{SignedIn, Stage};
use crate::action::Refusal;
use crate::context::{Context, Knock};
use crate::events::{self, Credentials, NameStanding, NotSignedIn, Registered, Request};

impl ExtendedSession {
    /// A message of a session that has not signed in. What does not fit its stage is a repetition
    /// or too early, and changes nothing.
    pub(super) fn handle_sign_in(&mut self, cx: &mut Context, message: ClientMessage) {
        match (&self.stage, message) {
            (Stage::Waiting(_) | Stage::SignedIn(_), _) => {}
            (_, ClientMessage::Resume(token)) => {
                self.sign_in(cx, None, Credentials::Token(token));
            }
            (_, ClientMessage::Unlock(password)) => self.unlock(cx, &password),
            (Stage::Locked, _) => self.say(&ServerMessage::Locked),
            (Stage::Unlocked | Stage::Named(..), ClientMessage::Name(name)) => {
                self.stage = Stage::Named(name.clone(), None);
                cx.request(self.key, Request::LookUp(name));
            }
            (Stage::Named(name, word), message) => {
                let named = (name.clone(), *word);
                self.handle_password(cx, named, message);
            }
            (Stage::Unlocked, _) => {}
        }
    }

    /// A message of a session that has given a name.
    fn handle_password(
        &mut self,
        cx: &mut Context,
        (name, word): (UserName, Option<Word>),
        message: ClientMessage,
    ) {
        let source = self.source();
        match (message, word) {
            (ClientMessage::Enrol(request, word), _) => {
                self.stage = Stage::Waiting(Some((name.clone(), word)));
                cx.request(self.key, Request::Enrol { name, request, word, source });
            }
            (ClientMessage::Prove(request), _) => {
                self.stage = Stage::Waiting(Some((name.clone(), word)));
                let link = self.link.hash();
                cx.request(self.key, Request::Prove { name, request, link, source });
            }
            (ClientMessage::Enrolled(upload), word) => {
                let Ok(record) = upload.accept() else { return self.say(&ServerMessage::Wrong) };
                let credentials = match word {
                    None => Credentials::Enrolled(name.clone(), record),
                    Some(word) => Credentials::Renewed(name.clone(), record, word),
                };
                self.sign_in(cx, Some((name, word)), credentials);
            }
            (ClientMessage::Proof(proof), _) => {
                self.sign_in(cx, Some((name, word)), Credentials::Proof(proof));
            }
            // What does not fit is a repetition or too early.
            (_, _) => {}
        }
    }

    /// The next step of a proof or an enrolment.
    pub(super) fn tell_step(&mut self, step: &ServerMessage) {
        match &mut self.stage {
            Stage::Waiting(named) => {
                if let Some((name, word)) = named.take() {
                    self.stage = Stage::Named(name, word);
                    self.say(step);
                }
            }
            Stage::SignedIn(_) => {
                self.finish_answer();
                self.answer(step);
            }
            Stage::Locked | Stage::Unlocked | Stage::Named(..) => {}
        }
    }

    /// A name that nobody can have was not given.
    pub(super) fn tell_standing(&mut self, standing: &NameStanding) {
        let answer = match standing {
            NameStanding::New => ServerMessage::NameIsNew,
            NameStanding::Known(Registered { name, needs_word: false }) => {
                ServerMessage::NameNeedsProof(name.clone())
            }
            NameStanding::Known(Registered { name, needs_word: true }) => {
                ServerMessage::NameNeedsWord(name.clone())
            }
            NameStanding::Refused(why) => {
                self.stage = Stage::Unlocked;
                ServerMessage::NameRefused(why.to_string())
            }
        };
        self.say(&answer);
    }

    pub(super) fn finish_sign_in(&mut self, cx: &Context, signed_in: &events::SignedIn) {
        // An extended session always asks for a token.
        let Some(token) = signed_in.token else { return };
        let name = signed_in.name.clone();
        self.stage = Stage::SignedIn(Box::new(SignedIn::new(signed_in.user, name.clone())));
        self.link.set_receive_bytes_max(LINK_RECEIVE_BYTES_MAX);
        self.say(&ServerMessage::Welcome { name, token, generation: cx.generation });
        if signed_in.password_was_readable {
            self.say(&ServerMessage::PasswordWasReadable);
        }
    }

    pub(super) fn finish_refused_sign_in(&mut self, cx: &mut Context, why: NotSignedIn) {
        let Stage::Waiting(named) = &mut self.stage else { return };
        let named = named.take();
        match why {
            NotSignedIn::TokenRefused => {
                cx.refuse(self.path, Refusal::Token);
                self.stage = Stage::Locked;
                self.say(&ServerMessage::ResumeRefused);
            }
            // Who comes with it is told, and shows who they are.
            NotSignedIn::TokenEnded => {
                cx.refuse(self.path, Refusal::Token);
                self.stage = Stage::Locked;
                self.say(&ServerMessage::SignedOut);
            }
            NotSignedIn::Wrong => {
                cx.refuse(self.path, Refusal::Password);
                self.stage = named.map_or(Stage::Unlocked, |(name, _)| Stage::Named(name, None));
                self.say(&ServerMessage::Wrong);
            }
            NotSignedIn::Later(later) => {
                cx.refuse(self.path, later.refusal());
                // Without a name it came with a token, and has not shown the server password.
                self.stage = named.map_or(Stage::Locked, |(name, word)| Stage::Named(name, word));
                self.say(&ServerMessage::Later(later.why, later.wait));
            }
            NotSignedIn::NotRegistered(Refusal::NameTaken) => {
                cx.refuse(self.path, Refusal::NameTaken);
                let Some((name, _)) = named else { return };
                self.stage = Stage::Named(name.clone(), None);
                cx.request(self.key, Request::LookUp(name));
            }
            NotSignedIn::NotRegistered(why) => {
                cx.refuse(self.path, why);
                self.stage = Stage::Unlocked;
                let line = "the server can't make an account now: please try again later";
                self.say(&ServerMessage::NameRefused(line.to_owned()));
            }
        }
    }

    fn unlock(&mut self, cx: &mut Context, password: &Password) {
        match cx.knock(self.source(), password) {
            Knock::Opens => {
                if matches!(self.stage, Stage::Locked) {
                    self.stage = Stage::Unlocked;
                }
                self.say(&ServerMessage::Unlocked);
            }
            Knock::Wrong => {
                cx.refuse(self.path, Refusal::ServerPassword);
                self.say(&ServerMessage::Locked);
            }
            Knock::Later(wait) => {
                cx.refuse(self.path, Refusal::TooManyAttempts);
                self.say(&ServerMessage::Later(Delay::Attempts, wait));
            }
        }
    }

    fn sign_in(
        &mut self,
        cx: &mut Context,
        named: Option<(UserName, Option<Word>)>,
        credentials: Credentials,
    ) {
        self.stage = Stage::Waiting(named);
        let (address, source) = (self.path, self.source());
        cx.request(self.key, Request::SignIn { credentials, address, source, takes_token: true });
    }

    /// Says something small to a client that is not signed in, and so was sent little.
    fn say(&mut self, message: &ServerMessage) {
        let _ = self.link.send(&message.to_wire());
    }
}
