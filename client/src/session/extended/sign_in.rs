//! Signing in over a link, with a token or with answers of the person.

use std::time::Duration;

use super::super::{Common, Event, PutOff, Question};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Resume(Token),
    Unlock,
    Name,
    Register,
    LogIn,
}

impl SignIn {
    pub(super) fn new(token: Option<Token>, link: &mut Link, common: &mut Common) -> Self {
        let stage = token.map_or(Stage::Unlock, Stage::Resume);
        let mut sign_in = Self { stage, is_asking: false, again_at: None, has_lost_token: false };
        sign_in.request(link, common);
        sign_in
    }

    /// An answer was given: goes on if it was the one missing. Another name than before is asked
    /// about anew.
    pub(super) fn resume(&mut self, link: &mut Link, common: &mut Common) {
        let is_other_name = common.answers.password.is_none()
            && matches!(self.stage, Stage::Register | Stage::LogIn);
        if is_other_name && (self.is_asking || self.again_at.is_some()) {
            self.stage = Stage::Name;
            self.again_at = None;
            self.request(link, common);
        } else if self.is_asking {
            self.request(link, common);
        }
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
            ServerMessage::Welcome { name, token, generation } => {
                common.answers.name = Some(name.clone());
                return Some(Welcome { name, token, generation });
            }
            ServerMessage::ResumeRefused | ServerMessage::SignedOut => {
                self.has_lost_token = true;
                self.enter(Stage::Unlock, link, common);
                if self.is_asking {
                    common.ask(Question::ServerPassword { wrong: false });
                }
            }
            ServerMessage::Unlocked => self.enter(Stage::Name, link, common),
            ServerMessage::Locked => {
                self.stage = Stage::Unlock;
                common.answers.server_password = None;
                self.ask(Question::ServerPassword { wrong: true }, common);
            }
            ServerMessage::NameIsNew => self.enter(Stage::Register, link, common),
            // Also when somebody else was faster to register it.
            ServerMessage::NameIsKnown => self.enter(Stage::LogIn, link, common),
            ServerMessage::NameRefused(why) => {
                self.stage = Stage::Name;
                common.answers.name = None;
                self.ask(Question::Name { refused: Some(why) }, common);
            }
            ServerMessage::Wrong => self.ask_for_password_again(common),
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
            | ServerMessage::Slowed(_)
            | ServerMessage::Stale
            | ServerMessage::Stopping => {}
        }
        None
    }

    fn ask_for_password_again(&mut self, common: &mut Common) {
        self.stage = Stage::LogIn;
        common.answers.password = None;
        if let Some(name) = common.answers.name.clone() {
            self.ask(Question::Password { name, wrong: true }, common);
        }
    }

    fn enter(&mut self, stage: Stage, link: &mut Link, common: &mut Common) {
        self.stage = stage;
        self.request(link, common);
    }

    fn ask(&mut self, question: Question, common: &mut Common) {
        self.is_asking = true;
        common.ask(question);
    }

    /// Sends the message of the present stage, or asks for what it needs.
    fn request(&mut self, link: &mut Link, common: &mut Common) {
        match self.message(common) {
            Ok(message) => {
                self.is_asking = false;
                // An empty link has room for it.
                let _ = link.send(&message.to_wire());
            }
            // Asked when the session began, or by whoever comes to this.
            Err(Question::ServerPassword { .. }) => self.is_asking = true,
            Err(question) => self.ask(question, common),
        }
    }

    fn message(&self, common: &Common) -> Result<ClientMessage, Question> {
        let answers = &common.answers;
        let name = || answers.name.clone().ok_or(Question::Name { refused: None });
        match self.stage {
            Stage::Resume(token) => Ok(ClientMessage::Resume(token)),
            Stage::Unlock => {
                let password = answers.server_password.clone();
                let question = Question::ServerPassword { wrong: false };
                password.map(ClientMessage::Unlock).ok_or(question)
            }
            Stage::Name => name().map(ClientMessage::Name),
            Stage::Register => {
                let name = name()?;
                let password = answers.password.clone();
                password.map(ClientMessage::Register).ok_or(Question::NewPassword { name })
            }
            Stage::LogIn => {
                let name = name()?;
                let password = answers.password.clone();
                let question = Question::Password { name, wrong: false };
                password.map(ClientMessage::LogIn).ok_or(question)
            }
        }
    }
}
