//! What the page shows of one's account: its sessions, and the change of its password.

use netchat_client::session::PasswordOutcome;
use netchat_shared::extended::{AccountSession, AccountSessionId};
use netchat_shared::limits::NEW_PASSWORD_CHARS_MIN;
use netchat_shared::password::Password;
use netchat_shared::time::UnixTime;

use crate::clock::ago;
use crate::words::values::{self, sentence};
use crate::words::{Locale, account};

/// The state of the account dialog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// It is in front.
    pub is_open: bool,
    /// One's sessions; `None` until they are known.
    pub sessions: Option<Vec<AccountSession>>,
    /// The change of the password waits for its answer.
    pub is_busy: bool,
    /// What became of the last change.
    pub outcome: Option<Result<String, String>>,
}

/// Something the person wants of their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountIntent {
    /// Show it.
    Open,
    /// Show it no more.
    Close,
    /// End a session.
    EndSession(AccountSessionId),
    /// End all sessions but this one.
    EndOthers,
    /// Sign out, and end all other sessions.
    SignOutEverywhere,
    /// Change the password.
    ChangePassword(PasswordForm),
}

/// What was typed to change one's password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "named like the fields")]
pub struct PasswordForm {
    pub old: String,
    pub new: String,
    pub repeat: String,
    pub keeps_others: bool,
}

impl Account {
    /// The answer to a change came.
    pub(super) fn fold(&mut self, locale: Locale, outcome: PasswordOutcome) {
        self.is_busy = false;
        self.outcome = Some(match outcome {
            PasswordOutcome::Changed => Ok(account::CHANGED.say(locale).to_owned()),
            PasswordOutcome::Wrong => Err(account::WRONG.say(locale).to_owned()),
            PasswordOutcome::Refused(why) => Err(values::told_sentence(locale, &why)),
            PasswordOutcome::NoAnswer => Err(account::NO_ANSWER.say(locale).to_owned()),
        });
    }
}

impl PasswordForm {
    /// The old and the new password, if they can be.
    ///
    /// # Errors
    /// What is wrong, as a line.
    pub fn passwords(&self, locale: Locale) -> Result<(Password, Password), String> {
        let password = |text: &str| Password::new(text).map_err(|error| sentence(locale, &error));
        if self.new.chars().count() < NEW_PASSWORD_CHARS_MIN {
            return Err(account::TooShort { chars: &NEW_PASSWORD_CHARS_MIN }.say(locale));
        }
        match self.new == self.repeat {
            true => Ok((password(&self.old)?, password(&self.new)?)),
            false => Err(account::PASSWORDS_DIFFER.say(locale).to_owned()),
        }
    }
}

/// How a session is called.
#[must_use]
pub fn device(locale: Locale, session: &AccountSession) -> String {
    let unnamed = || account::UNNAMED.say(locale).to_owned();
    session.device.as_ref().map_or_else(unnamed, ToString::to_string)
}

/// What is known of a session, in a line.
#[must_use]
pub fn describe(locale: Locale, now: UnixTime, session: &AccountSession) -> String {
    let since = &ago(locale, now, session.since);
    match (session.is_this, session.is_online) {
        (true, _) => account::This { since }.say(locale),
        (false, true) => account::Online { since }.say(locale),
        (false, false) => {
            let seen = &ago(locale, now, session.seen);
            account::Seen { seen, since }.say(locale)
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_new_password_is_long_enough_and_repeated() {
        let form = |new: &str, repeat: &str| PasswordForm {
            old: "old".to_owned(),
            new: new.to_owned(),
            repeat: repeat.to_owned(),
            keeps_others: false,
        };
        assert!(form("short", "short").passwords(Locale::En).is_err());
        assert!(form("long enough", "another one").passwords(Locale::En).is_err());
        assert!(form("long enough", "long enough").passwords(Locale::En).is_ok());
        assert!(
            PasswordForm { old: String::new(), ..form("long enough", "long enough") }
                .passwords(Locale::De)
                .is_err()
        );
    }
}
