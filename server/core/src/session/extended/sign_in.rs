//! Signing in over an extended session.

use netchat_shared::extended::{ClientMessage, Delay, ServerMessage};
use netchat_shared::limits::LINK_RECEIVE_BYTES_MAX;
use netchat_shared::opaque::{EnrolResponse, ProofResponse, RecordId};
use netchat_shared::password::Password;

use super::ExtendedSession;
use super::stage::{Named, PasswordStep, SignedIn, Stage};
use crate::action::{Refusal, SignInKind};
use crate::context::{Context, Knock};
use crate::events::{
    self, Credentials, NameStanding, NotSignedIn, ProofBegun, Registered, Request,
};

impl ExtendedSession {
    /// A message of a session that has not signed in. What does not fit its stage is a repetition
    /// or too early, and changes nothing.
    pub(super) fn handle_sign_in(&mut self, cx: &mut Context, message: ClientMessage) {
        match (&self.stage, message) {
            (Stage::Waiting(_) | Stage::SignedIn(_), _) => {}
            (_, ClientMessage::Resume(token)) => {
                self.sign_in(cx, Credentials::Token(token));
            }
            (_, ClientMessage::Unlock(password)) => self.unlock(cx, &password),
            (Stage::Locked, _) => self.say(&ServerMessage::Locked),
            (Stage::Unlocked | Stage::Named(_), ClientMessage::Name(name)) => {
                self.stage = Stage::Named(Named::new(name.clone()));
                cx.request(self.key, Request::LookUp(name));
            }
            (Stage::Named(_), message) => self.handle_password(cx, message),
            (Stage::Unlocked, _) => {}
        }
    }

    /// A message of a session that has given a name.
    fn handle_password(&mut self, cx: &mut Context, message: ClientMessage) {
        let (source, link) = (self.source(), self.link.hash());
        let Stage::Named(named) = &mut self.stage else { return };
        let step = std::mem::take(&mut named.step);
        let name = named.name.clone();
        match (message, step) {
            (ClientMessage::Enrol(request, word), _) => {
                named.word = word;
                self.wait();
                cx.request(self.key, Request::Enrol { name, request, word, source });
            }
            (ClientMessage::Prove(request), _) => {
                self.wait();
                cx.request(self.key, Request::Prove { name, request, link, source });
            }
            (ClientMessage::Enrolled(upload), PasswordStep { enrolment: Some(id), .. }) => {
                let Ok(record) = upload.accept(id) else { return self.say(&ServerMessage::Wrong) };
                let credentials = match named.word {
                    None => Credentials::Enrolled(name, record),
                    Some(word) => Credentials::Renewed(name, record, word),
                };
                self.sign_in(cx, credentials);
            }
            (ClientMessage::Proof(proof), PasswordStep { proof: Some(begun), .. }) => {
                self.sign_in(cx, Credentials::Proof(proof, begun));
            }
            (ClientMessage::Enrolled(_) | ClientMessage::Proof(_), _) => {
                self.say(&ServerMessage::Wrong);
            }
            // What does not fit is a repetition or too early.
            (_, step) => named.step = step,
        }
    }

    /// The next step of a proof.
    pub(super) fn tell_proving(&mut self, response: &ProofResponse, begun: &ProofBegun) {
        let step = PasswordStep { proof: Some(Box::new(begun.clone())), enrolment: None };
        self.tell_step(step, &ServerMessage::Prove(response.clone()));
    }

    /// The next step of a password that is being enrolled.
    pub(super) fn tell_enrolling(&mut self, response: &EnrolResponse, id: RecordId) {
        let step = PasswordStep { proof: None, enrolment: Some(id) };
        self.tell_step(step, &ServerMessage::Enrol(response.clone()));
    }

    fn tell_step(&mut self, next: PasswordStep, said: &ServerMessage) {
        match &mut self.stage {
            Stage::Waiting(named) => {
                if let Some(named) = named.take() {
                    self.stage = Stage::Named(Named { step: next, ..named });
                    self.say(said);
                }
            }
            // Both belong to one change.
            Stage::SignedIn(signed_in) => {
                let PasswordStep { proof, enrolment } = next;
                let step = &mut signed_in.step;
                step.proof = proof.or(step.proof.take());
                step.enrolment = enrolment.or(step.enrolment);
                self.finish_answer();
                self.answer(said);
            }
            Stage::Locked | Stage::Unlocked | Stage::Named(_) => {}
        }
    }

    /// The chat has to answer before anything more is heard.
    fn wait(&mut self) {
        if let Stage::Named(named) = std::mem::replace(&mut self.stage, Stage::Waiting(None)) {
            self.stage = Stage::Waiting(Some(named));
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
        if signed_in.password_was_readable && signed_in.how != SignInKind::Resumed {
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
                self.stage = named.map_or(Stage::Unlocked, |it| Stage::Named(Named::new(it.name)));
                self.say(&ServerMessage::Wrong);
            }
            NotSignedIn::Later(later) => {
                cx.refuse(self.path, later.refusal());
                // Without a name it came with a token, and has not shown the server password.
                self.stage = named.map_or(Stage::Locked, Stage::Named);
                self.say(&ServerMessage::Later(later.why, later.wait));
            }
            NotSignedIn::NotRegistered(Refusal::NameTaken) => {
                cx.refuse(self.path, Refusal::NameTaken);
                let Some(Named { name, .. }) = named else { return };
                self.stage = Stage::Named(Named::new(name.clone()));
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

    fn sign_in(&mut self, cx: &mut Context, credentials: Credentials) {
        match self.stage {
            Stage::Named(_) => self.wait(),
            Stage::Locked | Stage::Unlocked | Stage::Waiting(_) | Stage::SignedIn(_) => {
                self.stage = Stage::Waiting(None);
            }
        }
        let (address, source) = (self.path, self.source());
        cx.request(self.key, Request::SignIn { credentials, address, source, takes_token: true });
    }

    /// Says something small to a client that is not signed in, and so was sent little.
    fn say(&mut self, message: &ServerMessage) {
        let _ = self.link.send(&message.to_wire());
    }
}
