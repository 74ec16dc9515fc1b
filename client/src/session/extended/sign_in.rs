//! Signing in over a link, with a token or with answers of the person.

use std::time::Duration;

use super::super::{Common, Event, PasswordTaskDone, PutOff, Question};
use super::password::{PasswordOf, PasswordSteps};
use netchat_shared::extended::{ClientMessage, Delay, Link, ServerMessage, Token};
use netchat_shared::name::UserName;
use netchat_shared::sequence::Generation;
use netchat_shared::time::Instant;
use rand_core::Rng as _;

/// What was put off is asked again later than the server says by up to this part of the wait.
const AGAIN_SPREAD: u32 = 4;

#[derive(Debug)]
pub(super) struct SignIn {
    stage: Stage,
    steps: PasswordSteps,
    /// The name that the server was asked about, as it was typed.
    asked_name: Option<UserName>,
    /// An answer of the person is missing.
    is_asking: bool,
    /// The server put off what it was asked: it is asked again then.
    again_at: Option<Instant>,
    has_lost_token: bool,
}

/// What the server says to who has signed in.
#[derive(Debug)]
pub(super) struct Welcome {
    pub(super) name: UserName,
    /// To resume with.
    pub(super) token: Token,
    /// The log that all places are in.
    pub(super) generation: Generation,
}

/// What the server has to answer next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Resume(Token),
    Unlock,
    Name,
    /// The password of that name.
    Password(UserName, Wanted),
}

/// What is wanted of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// That it is proved.
    Proof,
    /// That it is enrolled: the name is new.
    Enrolment,
    /// That it is enrolled with a one-time word.
    Renewal,
}

impl SignIn {
    pub(super) fn new(token: Option<Token>, link: &mut Link, common: &mut Common) -> Self {
        let stage = token.map_or(Stage::Unlock, Stage::Resume);
        let mut sign_in = Self {
            stage,
            steps: PasswordSteps::Idle,
            asked_name: None,
            is_asking: false,
            again_at: None,
            has_lost_token: false,
        };
        sign_in.request(link, common);
        sign_in
    }

    /// An answer was given: goes on if it was the one missing. Another name than before is asked
    /// about anew.
    pub(super) fn resume(&mut self, link: &mut Link, common: &mut Common) {
        let is_other_name =
            matches!(self.stage, Stage::Password(..)) && common.answers.name != self.asked_name;
        if is_other_name && (self.is_asking || self.again_at.is_some()) {
            self.stage = Stage::Name;
            self.again_at = None;
            self.request(link, common);
        } else if self.is_asking {
            self.take_word(common);
            self.request(link, common);
        } else if self.again_at.is_some() && self.take_word(common) {
            // The wait was for the password.
            self.again_at = None;
            self.request(link, common);
        }
    }

    /// In place of a password that they do not know, the person has a one-time word.
    fn take_word(&mut self, common: &Common) -> bool {
        let is_taken = common.answers.word.is_some()
            && matches!(self.stage, Stage::Password(_, Wanted::Proof));
        if is_taken && let Stage::Password(_, wanted) = &mut self.stage {
            *wanted = Wanted::Renewal;
        }
        is_taken
    }

    /// The name is registered. What was chosen for it by whoever thought it new is another password.
    fn enter_proof(&mut self, name: UserName, link: &mut Link, common: &mut Common) {
        if matches!(self.stage, Stage::Password(_, Wanted::Enrolment)) {
            common.answers.password = None;
        }
        self.enter(Stage::Password(name, Wanted::Proof), link, common);
    }

    /// Whether the person has to answer before it goes on.
    pub(super) fn is_asking(&self) -> bool {
        self.is_asking
    }

    /// When what was put off is asked again.
    pub(super) fn timeout(&self) -> Option<Instant> {
        self.again_at
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, link: &mut Link, common: &mut Common) {
        if self.again_at.take_if(|at| now >= *at).is_some() {
            self.request(link, common);
        }
    }

    /// Whether the server does not know the token.
    pub(super) fn has_lost_token(&self) -> bool {
        self.has_lost_token
    }

    /// Whether everything was shown that is to be shown.
    fn may_be_welcomed(&self) -> bool {
        match &self.stage {
            Stage::Resume(_) => true,
            Stage::Unlock | Stage::Name => false,
            Stage::Password(..) => matches!(self.steps, PasswordSteps::Said),
        }
    }

    /// Others were told the same: they don't all come back at once.
    fn put_off(&mut self, now: Instant, why: Delay, wait: Duration, common: &mut Common) {
        let spread = wait.mul_f64(f64::from(common.rng.next_u32()) / f64::from(u32::MAX));
        let again_at = now + wait + spread / AGAIN_SPREAD;
        self.again_at = Some(again_at);
        common.tell(Event::PutOff(PutOff { why, again_at }));
    }

    /// The server answered: how, if that is a welcome.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        message: ServerMessage,
        link: &mut Link,
        common: &mut Common,
    ) -> Option<Welcome> {
        match message {
            // A server that has not proved itself lets nobody in.
            ServerMessage::Welcome { .. } if !self.may_be_welcomed() => {}
            ServerMessage::Welcome { name, token, generation } => {
                common.answers.name = Some(name.clone());
                common.answers.word = None;
                return Some(Welcome { name, token, generation });
            }
            ServerMessage::ResumeRefused | ServerMessage::SignedOut => {
                self.lose_token(link, common);
            }
            ServerMessage::Unlocked => self.enter(Stage::Name, link, common),
            ServerMessage::Locked => self.ask_server_password_again(common),
            ServerMessage::NameIsNew => {
                if let Some(name) = common.answers.name.clone() {
                    self.enter(Stage::Password(name, Wanted::Enrolment), link, common);
                }
            }
            ServerMessage::NameNeedsProof(name) => self.enter_proof(name, link, common),
            ServerMessage::NameNeedsWord(name) => {
                self.enter(Stage::Password(name, Wanted::Renewal), link, common);
            }
            ServerMessage::Prove(_) | ServerMessage::Enrol(_) => {
                self.steps.handle(message, link, common);
            }
            ServerMessage::NameRefused(why) => self.ask_another_name(why, common),
            ServerMessage::Wrong => self.ask_again(link, common),
            ServerMessage::Later(why, wait) => self.put_off(now, why, wait, common),
            ServerMessage::From(_)
            | ServerMessage::Message(_)
            | ServerMessage::Past(_)
            | ServerMessage::HistoryEnd(..)
            | ServerMessage::LinesEnd(..)
            | ServerMessage::Groups(..)
            | ServerMessage::OverviewEnd(_)
            | ServerMessage::Read(..)
            | ServerMessage::Unread(..)
            | ServerMessage::Typing(..)
            | ServerMessage::Sent { .. }
            | ServerMessage::NotSent(..)
            | ServerMessage::Received(..)
            | ServerMessage::ReceivedCount { .. }
            | ServerMessage::Receivers(..)
            | ServerMessage::Failed(..)
            | ServerMessage::Online(..)
            | ServerMessage::Came(_)
            | ServerMessage::Left(_)
            | ServerMessage::OnlineCount(_)
            | ServerMessage::OnlinePage(..)
            | ServerMessage::Group(..)
            | ServerMessage::GroupNews(..)
            | ServerMessage::InvitationsEnd
            | ServerMessage::Settings(_)
            | ServerMessage::SettingsRenamed(..)
            | ServerMessage::SettingsNotKept(_)
            | ServerMessage::Block(..)
            | ServerMessage::Blocked(..)
            | ServerMessage::Members(..)
            | ServerMessage::Session(_)
            | ServerMessage::SessionsEnd
            | ServerMessage::SessionsEnded(_)
            | ServerMessage::Password(_)
            | ServerMessage::PasswordWasReadable
            | ServerMessage::Slowed(_)
            | ServerMessage::Stale
            | ServerMessage::Stopping => {}
        }
        None
    }

    /// What an earlier sign-in left is worth nothing any more.
    fn lose_token(&mut self, link: &mut Link, common: &mut Common) {
        self.has_lost_token = true;
        self.enter(Stage::Unlock, link, common);
        if self.is_asking {
            common.ask(Question::ServerPassword { wrong: false });
        }
    }

    fn ask_server_password_again(&mut self, common: &mut Common) {
        self.stage = Stage::Unlock;
        common.answers.server_password = None;
        self.ask(Question::ServerPassword { wrong: true }, common);
    }

    fn ask_another_name(&mut self, why: String, common: &mut Common) {
        self.stage = Stage::Name;
        common.answers.name = None;
        self.ask(Question::Name { refused: Some(why) }, common);
    }

    /// Something was computed with a password.
    pub(super) fn finish_task(
        &mut self,
        done: PasswordTaskDone,
        link: &mut Link,
        common: &mut Common,
    ) {
        // A server whose answer is none has not shown that it knows the password either.
        if self.steps.finish_task(done, link).is_err() {
            self.ask_again(link, common);
        }
    }

    /// What was shown is wrong.
    fn ask_again(&mut self, link: &mut Link, common: &mut Common) {
        self.steps = PasswordSteps::Idle;
        // It was to be set with a word, and the link was lost before it was known whether it is.
        if self.take_word(common) {
            return self.request(link, common);
        }
        let Stage::Password(name, wanted) = &self.stage else { return };
        let (name, wrong) = (as_typed(name, common), true);
        match wanted {
            Wanted::Proof => {
                common.answers.password = None;
                self.ask(Question::Password { name, wrong }, common);
            }
            Wanted::Renewal => {
                common.answers.word = None;
                self.ask(Question::Word { name, wrong }, common);
            }
            // Nothing can be wrong about it.
            Wanted::Enrolment => {
                common.answers.password = None;
                self.ask(Question::NewPassword { name }, common);
            }
        }
    }

    fn enter(&mut self, stage: Stage, link: &mut Link, common: &mut Common) {
        self.stage = stage;
        self.steps = PasswordSteps::Idle;
        self.request(link, common);
    }

    fn ask(&mut self, question: Question, common: &mut Common) {
        self.is_asking = true;
        common.ask(question);
    }

    /// Does what the present stage wants, or asks for what it needs.
    fn request(&mut self, link: &mut Link, common: &mut Common) {
        match self.begin(link, common) {
            Ok(()) => self.is_asking = false,
            // Asked when the session began, or by whoever comes to this.
            Err(Question::ServerPassword { .. }) => self.is_asking = true,
            Err(question) => self.ask(question, common),
        }
    }

    fn begin(&mut self, link: &mut Link, common: &mut Common) -> Result<(), Question> {
        let message = match &self.stage {
            Stage::Resume(token) => ClientMessage::Resume(*token),
            Stage::Unlock => {
                let password = common.answers.server_password.clone();
                let question = Question::ServerPassword { wrong: false };
                ClientMessage::Unlock(password.ok_or(question)?)
            }
            Stage::Name => {
                let name = common.answers.name.clone();
                self.asked_name.clone_from(&name);
                ClientMessage::Name(name.ok_or(Question::Name { refused: None })?)
            }
            Stage::Password(name, wanted) => {
                self.steps = begin_password(name.clone(), *wanted, common)?;
                return Ok(());
            }
        };
        // An empty link has room for it.
        let _ = link.send(&message.to_wire());
        Ok(())
    }
}

/// Begins with what is wanted of a password, or says what is missing.
fn begin_password(
    name: UserName,
    wanted: Wanted,
    common: &mut Common,
) -> Result<PasswordSteps, Question> {
    let asked = as_typed(&name, common);
    let question = match wanted {
        Wanted::Proof => Question::Password { name: asked.clone(), wrong: false },
        Wanted::Enrolment | Wanted::Renewal => Question::NewPassword { name: asked.clone() },
    };
    let word = match wanted {
        Wanted::Proof | Wanted::Enrolment => None,
        Wanted::Renewal => {
            let missing = || Question::Word { name: asked, wrong: false };
            Some(common.answers.word.ok_or_else(missing)?)
        }
    };
    let password = common.answers.password.clone().ok_or(question)?;
    let of = PasswordOf { name, password };
    Ok(match wanted {
        Wanted::Proof => PasswordSteps::prove(of, common),
        Wanted::Enrolment | Wanted::Renewal => PasswordSteps::enrol(of, word, common),
    })
}

/// The name as the person gave it: it is registered in a spelling that they may never have typed.
fn as_typed(name: &UserName, common: &Common) -> UserName {
    common.answers.name.as_ref().unwrap_or(name).clone()
}
