//! Signing in with the classic login commands, each repeated until it is answered.

use std::time::Duration;

use super::super::{Common, Question};
use super::Unreachable;
use netchat_shared::classic::{LoginCommand, LoginReply};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::time::Instant;

/// The first repetition of an unanswered command; each further one waits twice as long.
const REPEAT_AFTER: Duration = Duration::from_secs(1);
/// How often a command is sent before the server counts as unreachable.
const ATTEMPTS_MAX: u32 = 4;

/// What a reply led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Continues,
    SignedIn,
}

/// The login phase on one path.
#[derive(Debug)]
pub(super) struct SignIn {
    stage: Stage,
    /// The name that the server was told.
    joined: Option<UserName>,
    /// The command that awaits its reply; `None` while an answer of the person is missing.
    awaiting: Option<Awaiting>,
}

/// The command that is next, in the order of the original client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Locked,
    Join,
    CheckInDb,
    NewUserPassword,
    CheckPassword,
}

#[derive(Debug, Clone, Copy)]
struct Awaiting {
    attempt: u32,
    repeat_at: Instant,
}

impl SignIn {
    pub(super) fn new(now: Instant, common: &mut Common) -> Self {
        let mut sign_in = Self { stage: Stage::Locked, joined: None, awaiting: None };
        sign_in.resume(now, common);
        sign_in
    }

    /// Goes on from the present stage if the answer that it needs is there.
    pub(super) fn resume(&mut self, now: Instant, common: &mut Common) {
        if self.awaiting.is_some() {
            return;
        }
        // Another name than before: its password is another matter.
        if self.joined.is_some() && self.joined != common.answers.name {
            self.stage = Stage::Join;
        }
        self.request(now, 1, common);
    }

    pub(super) fn handle_reply(
        &mut self,
        now: Instant,
        reply: &LoginReply,
        common: &mut Common,
    ) -> Step {
        if self.awaiting.is_none() {
            return Step::Continues;
        }
        match (self.stage, reply) {
            (Stage::Locked, LoginReply::Unlocked) => self.enter(Stage::Join, now, common),
            (Stage::Locked, LoginReply::Locked) => {
                common.answers.server_password = None;
                self.ask(Question::ServerPassword { wrong: true }, common);
            }
            // A server that was restarted since has forgotten this address.
            (_, LoginReply::Locked) => self.enter(Stage::Locked, now, common),
            (Stage::Join, LoginReply::Joined) => {
                self.joined.clone_from(&common.answers.name);
                self.enter(Stage::CheckInDb, now, common);
            }
            (Stage::Join | Stage::CheckInDb, LoginReply::Line(line)) => {
                common.answers.name = None;
                self.stage = Stage::Join;
                self.ask(Question::Name { refused: Some(line.clone()) }, common);
            }
            (Stage::CheckInDb, LoginReply::NewUser) => {
                self.enter(Stage::NewUserPassword, now, common);
            }
            (Stage::CheckInDb, LoginReply::OldUser) => {
                self.enter(Stage::CheckPassword, now, common);
            }
            (Stage::NewUserPassword | Stage::CheckPassword, LoginReply::LoggedIn) => {
                return Step::SignedIn;
            }
            // The registration was lost on the way, or the name was taken meanwhile: look again.
            (Stage::NewUserPassword, LoginReply::Wrong) => {
                self.enter(Stage::CheckInDb, now, common);
            }
            (Stage::CheckPassword, LoginReply::Wrong) => {
                common.answers.password = None;
                if let Some(name) = common.answers.name.clone() {
                    self.ask(Question::Password { name, wrong: true }, common);
                }
            }
            // A repeated reply to an earlier command.
            (
                Stage::Locked
                | Stage::Join
                | Stage::CheckInDb
                | Stage::NewUserPassword
                | Stage::CheckPassword,
                _,
            ) => {}
        }
        Step::Continues
    }

    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        common: &mut Common,
    ) -> Result<(), Unreachable> {
        match self.awaiting {
            Some(Awaiting { attempt, repeat_at }) if now >= repeat_at => {
                if attempt >= ATTEMPTS_MAX {
                    return Err(Unreachable);
                }
                self.request(now, attempt + 1, common);
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.awaiting.map(|awaiting| awaiting.repeat_at)
    }

    fn enter(&mut self, stage: Stage, now: Instant, common: &mut Common) {
        self.stage = stage;
        self.request(now, 1, common);
    }

    fn ask(&mut self, question: Question, common: &mut Common) {
        self.awaiting = None;
        common.ask(question);
    }

    /// Sends the command of the present stage, or asks for what it needs.
    fn request(&mut self, now: Instant, attempt: u32, common: &mut Common) {
        match self.commands(common) {
            Ok(commands) => {
                for command in commands {
                    common.transmit(&command.to_wire());
                }
                let wait = REPEAT_AFTER * 2_u32.pow(attempt - 1);
                self.awaiting = Some(Awaiting { attempt, repeat_at: now + wait });
            }
            // Already asked when the session began.
            Err(Question::ServerPassword { wrong: false }) => self.awaiting = None,
            Err(question) => self.ask(question, common),
        }
    }

    fn commands(&self, common: &Common) -> Result<Vec<LoginCommand>, Question> {
        let answers = &common.answers;
        if self.stage == Stage::Locked {
            let password = answers.server_password.clone();
            let password = password.ok_or(Question::ServerPassword { wrong: false })?;
            return Ok(vec![LoginCommand::Locked(password)]);
        }
        let name = answers.name.clone().ok_or(Question::Name { refused: None })?;
        let password = |question: Question| -> Result<Password, Question> {
            answers.password.clone().ok_or(question)
        };
        Ok(match self.stage {
            Stage::Locked | Stage::Join => vec![LoginCommand::Join(name)],
            Stage::CheckInDb => vec![LoginCommand::CheckInDb(name)],
            Stage::NewUserPassword => {
                let password = password(Question::NewPassword { name: name.clone() })?;
                // The registration itself is never answered: the second command confirms it.
                vec![
                    LoginCommand::NewUserPassword(name, password.clone()),
                    LoginCommand::CheckPassword(password),
                ]
            }
            Stage::CheckPassword => {
                vec![LoginCommand::CheckPassword(password(Question::Password {
                    name,
                    wrong: false,
                })?)]
            }
        })
    }
}
