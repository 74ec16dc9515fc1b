//! What the terminal asks and says about one's account: its password, and its sessions.

use netchat_client::ago::ago;
use netchat_client::session::PasswordOutcome;
use netchat_shared::extended::AccountSession;
use netchat_shared::limits::NEW_PASSWORD_CHARS_MIN;
use netchat_shared::password::Password;
use netchat_shared::time::UnixTime;

/// A change of the password, while it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordForm {
    ends_others: bool,
    old: Option<Password>,
    new: Option<Password>,
}

/// What a line of a form leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filled {
    /// More is to be typed.
    Next(PasswordForm),
    /// That was no good; it is asked for again.
    Again(PasswordForm, String),
    /// Everything is there: the old password, the new one, and whether other sessions end.
    Done(Password, Password, bool),
}

impl PasswordForm {
    pub(crate) fn new(ends_others: bool) -> Self {
        Self { ends_others, old: None, new: None }
    }

    pub(crate) fn prompt(&self) -> &'static str {
        match (&self.old, &self.new) {
            (None, _) => "Your password now: ",
            (Some(_), None) => "Your new password: ",
            (Some(_), Some(_)) => "Your new password again: ",
        }
    }

    pub(crate) fn fill(self, line: &str) -> Filled {
        let typed = match Password::new(line) {
            Ok(typed) => typed,
            Err(error) => return Filled::Again(self, error.to_string()),
        };
        match (self.old.clone(), self.new.clone()) {
            (None, _) => Filled::Next(Self { old: Some(typed), ..self }),
            (Some(_), None) if line.chars().count() < NEW_PASSWORD_CHARS_MIN => {
                let line = format!("choose at least {NEW_PASSWORD_CHARS_MIN} characters");
                Filled::Again(self, line)
            }
            (Some(_), None) => Filled::Next(Self { new: Some(typed), ..self }),
            (Some(old), Some(new)) if new == typed => Filled::Done(old, new, self.ends_others),
            (Some(_), Some(_)) => {
                Filled::Again(Self { new: None, ..self }, "the two differ".to_owned())
            }
        }
    }
}

/// What became of a change, and whether that is a problem.
pub(crate) fn outcome(outcome: PasswordOutcome) -> Result<String, String> {
    match outcome {
        PasswordOutcome::Changed => Ok("Your password is changed.".to_owned()),
        PasswordOutcome::Wrong => {
            Err("WRONG: this is not your password. It is the old one still.".to_owned())
        }
        PasswordOutcome::Refused(why) => Err(why.sentence()),
        PasswordOutcome::NoAnswer => {
            Err("No answer: it may have been changed. Try the new one next time.".to_owned())
        }
    }
}

/// One's sessions, a line each, numbered from 1.
pub(crate) fn lines(now: UnixTime, sessions: &[AccountSession]) -> Vec<String> {
    let lines = sessions.iter().zip(1..).map(|(session, number)| {
        let device = session.device.as_ref().map_or("an unnamed client", |name| name.as_str());
        let seen = match (session.is_this, session.is_online) {
            (true, _) => "this one".to_owned(),
            (false, true) => "online".to_owned(),
            (false, false) => format!("seen {}", ago(now, session.seen)),
        };
        format!("{number}. {device}, signed in {}, {seen}", ago(now, session.since))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use netchat_shared::extended::AccountSessionId;

    use super::*;

    fn next(filled: Filled) -> PasswordForm {
        match filled {
            Filled::Next(form) | Filled::Again(form, _) => form,
            Filled::Done(..) => panic!("{filled:?}"),
        }
    }

    #[test]
    fn a_password_is_typed_once_and_its_successor_twice() {
        let password = |text: &str| Password::new(text).unwrap();
        let form = next(PasswordForm::new(true).fill("old"));
        assert!(matches!(form.clone().fill("short"), Filled::Again(..)));
        assert!(matches!(form.clone().fill(""), Filled::Again(..)));
        let form = next(form.fill("long enough"));
        assert_eq!(form.prompt(), "Your new password again: ");
        let again = next(form.clone().fill("something else"));
        assert_eq!(again.prompt(), "Your new password: ");
        let done = Filled::Done(password("old"), password("long enough"), true);
        assert_eq!(form.fill("long enough"), done);
    }

    #[test]
    fn a_session_is_a_line() {
        let at = |minutes: u64| UnixTime { millis: minutes * 60_000 };
        let session = |is_this, is_online, device: Option<&str>| AccountSession {
            id: AccountSessionId(1),
            since: at(0),
            seen: at(2_940),
            is_online,
            is_this,
            device: device.map(|device| device.parse().unwrap()),
        };
        let sessions = [
            session(true, true, Some("Terminal on box")),
            session(false, true, None),
            session(false, false, Some("Firefox")),
        ];
        assert_eq!(
            lines(at(3_000), &sessions),
            [
                "1. Terminal on box, signed in 2 d ago, this one",
                "2. an unnamed client, signed in 2 d ago, online",
                "3. Firefox, signed in 2 d ago, seen 1 h ago",
            ]
        );
    }
}
