//! The sign-in form: what was typed, what is missing, what went wrong.

use std::fmt;

use netchat_client::session::{PutOff, Question};
use netchat_shared::extended::Delay;
use netchat_shared::limits::NEW_PASSWORD_CHARS_MIN;
use netchat_shared::name::{NameError, UserName};
use netchat_shared::opaque::Word;
use netchat_shared::password::{Password, PasswordError};

use crate::words::values::sentence;
use crate::words::{Locale, sign_in};

/// The state of the form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignIn {
    /// The server is being asked.
    pub is_busy: bool,
    /// The name is new: a password is to be chosen and repeated.
    pub is_new: bool,
    /// The name is of an account of before: a password is chosen with a one-time word.
    pub needs_word: bool,
    /// The server password was right: it is not asked for again.
    pub is_unlocked: bool,
    /// The server did not look at it yet.
    pub put_off: Option<PutOff>,
    /// What went wrong, beside the field it is about.
    pub error: Option<(Field, Wrong)>,
    submitted: Option<Form>,
}

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the fields")]
pub enum Field {
    ServerPassword,
    Name,
    Word,
    Password,
    RepeatPassword,
}

/// What is wrong in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// This is no name.
    NoName(NameError),
    /// This is no password.
    NoPassword(PasswordError),
    /// A new password is longer.
    TooShort,
    /// What was repeated is another password.
    Differs,
    /// This is not the server's password.
    ServerPassword,
    /// This is not the password of that person.
    PasswordOf(UserName),
    /// Nothing, but that name is new.
    IsNew(UserName),
    /// Nothing, but that name is of an account of before.
    NeedsWord(UserName),
    /// This is no one-time word.
    NoWord,
    /// This is not the one-time word of that person.
    WordOf(UserName),
    /// Nothing, but what it takes to show it is not there.
    NotFetched,
    /// The server refuses the name, and says why.
    Refused(String),
}

impl Wrong {
    /// A line for the person.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        match self {
            Self::NoName(error) => sentence(locale, error),
            Self::NoPassword(error) => sentence(locale, error),
            Self::TooShort => sign_in::TooShort { chars: &NEW_PASSWORD_CHARS_MIN }.say(locale),
            Self::Differs => sign_in::PASSWORDS_DIFFER.say(locale).to_owned(),
            Self::ServerPassword => sign_in::WRONG_SERVER_PASSWORD.say(locale).to_owned(),
            Self::PasswordOf(name) => sign_in::WrongPassword { name }.say(locale),
            Self::IsNew(name) => sign_in::NewName { name }.say(locale),
            Self::NeedsWord(name) => sign_in::NeedsWord { name }.say(locale),
            Self::NoWord => sign_in::NO_WORD.say(locale).to_owned(),
            Self::WordOf(name) => sign_in::WrongWord { name }.say(locale),
            Self::NotFetched => sign_in::NOT_FETCHED.say(locale).to_owned(),
            Self::Refused(why) => why.clone(),
        }
    }
}

/// What was typed. It shows nothing of itself.
#[derive(Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "named like the fields")]
pub struct Form {
    pub server_password: String,
    pub name: String,
    pub word: String,
    pub password: String,
    pub repeat_password: String,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(…)")
    }
}

/// An answer for the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// See [`Question::ServerPassword`].
    ServerPassword(Password),
    /// See [`Question::Name`].
    Name(UserName),
    /// See [`Question::Word`].
    Word(Word),
    /// See [`Question::Password`] and [`Question::NewPassword`].
    Password(Password),
}

impl SignIn {
    /// The form was submitted while the session asks `question`; answers what to reply.
    pub fn submit(&mut self, form: Form, question: Option<&Question>) -> Option<Reply> {
        self.error = None;
        if let Err(error) = self.check(&form) {
            self.error = Some(error);
            return None;
        }
        self.is_busy = true;
        let reply = match (question, self.put_off) {
            (Some(question), _) => self.reply(&form, question),
            (None, Some(_)) => self.reply_meanwhile(&form),
            (None, None) => None,
        };
        self.submitted = Some(form);
        reply
    }

    /// What it takes to prove a password can't be fetched at present, or is there.
    pub fn note_fetched(&mut self, is_there: bool) {
        let not_fetched = (Field::Password, Wrong::NotFetched);
        match (is_there, &self.error) {
            (false, _) => self.error = Some(not_fetched),
            (true, Some(error)) if *error == not_fetched => self.error = None,
            (true, _) => {}
        }
    }

    /// The person does not know the password, and has a one-time word to choose another one with.
    pub fn use_word(&mut self) {
        (self.is_new, self.needs_word) = (true, true);
        self.error = None;
    }

    /// Whether that may be so: the password was wrong.
    #[must_use]
    pub fn may_use_word(&self) -> bool {
        matches!(self.error, Some((Field::Password, Wrong::PasswordOf(_))))
    }

    /// The server did not look at it yet. What may be wrong in it can be put right meanwhile.
    pub fn put_off(&mut self, put_off: PutOff) {
        self.is_busy = put_off.why == Delay::Busy;
        self.put_off = Some(put_off);
    }

    /// The session asks; answers what to reply, if the form holds it.
    pub fn asked(&mut self, question: &Question) -> Option<Reply> {
        self.put_off = None;
        match question {
            Question::ServerPassword { wrong: true } => {
                self.stop(Field::ServerPassword, Wrong::ServerPassword)
            }
            Question::Name { refused: Some(why) } => {
                self.stop(Field::Name, Wrong::Refused(why.clone()))
            }
            Question::Password { wrong: true, name } => {
                self.stop(Field::Password, Wrong::PasswordOf(name.clone()))
            }
            Question::Word { wrong: true, name } => {
                self.stop(Field::Word, Wrong::WordOf(name.clone()))
            }
            Question::ServerPassword { wrong: false }
            | Question::Name { refused: None }
            | Question::Word { wrong: false, .. }
            | Question::Password { wrong: false, .. }
            | Question::NewPassword { .. } => {
                self.is_unlocked |= !matches!(question, Question::ServerPassword { .. });
                let form = self.submitted.clone()?;
                self.reply(&form, question)
            }
            Question::ServerKey { .. } | Question::Classic => None,
        }
    }

    fn reply(&mut self, form: &Form, question: &Question) -> Option<Reply> {
        let password = |text: &str| Password::new(text).ok().map(Reply::Password);
        match question {
            // Another name than the one asked about: begin with it anew.
            Question::Password { name, .. }
            | Question::NewPassword { name }
            | Question::Word { name, .. }
                if name.as_str() != form.name.trim() =>
            {
                (self.is_new, self.needs_word) = (false, false);
                form.name.trim().parse().ok().map(Reply::Name)
            }
            Question::ServerPassword { .. } => {
                Password::new(form.server_password.as_str()).ok().map(Reply::ServerPassword)
            }
            Question::Name { .. } => form.name.trim().parse().ok().map(Reply::Name),
            Question::Password { .. } | Question::Word { .. } if self.needs_word => {
                form.word.parse().ok().map(Reply::Word)
            }
            Question::Password { .. } => {
                (self.is_new, self.needs_word) = (false, false);
                password(&form.password)
            }
            Question::Word { name, .. } => {
                (self.is_new, self.needs_word) = (true, true);
                self.stop(Field::Word, Wrong::NeedsWord(name.clone()))
            }
            Question::NewPassword { name } if !self.is_new => {
                self.is_new = true;
                self.stop(Field::RepeatPassword, Wrong::IsNew(name.clone()))
            }
            Question::NewPassword { .. } => password(&form.password),
            Question::ServerKey { .. } | Question::Classic => None,
        }
    }

    /// What is to be tried in place of what was put off.
    fn reply_meanwhile(&self, form: &Form) -> Option<Reply> {
        if self.needs_word {
            return form.word.parse().ok().map(Reply::Word);
        }
        let name_before = self.submitted.as_ref().map(|before| before.name.trim());
        if !self.is_unlocked {
            Password::new(form.server_password.as_str()).ok().map(Reply::ServerPassword)
        } else if name_before == Some(form.name.trim()) {
            Password::new(form.password.as_str()).ok().map(Reply::Password)
        } else {
            form.name.trim().parse().ok().map(Reply::Name)
        }
    }

    /// What is wrong with the form itself.
    fn check(&self, form: &Form) -> Result<(), (Field, Wrong)> {
        if !self.is_unlocked {
            Password::new(form.server_password.as_str())
                .map_err(|error| (Field::ServerPassword, Wrong::NoPassword(error)))?;
        }
        form.name
            .trim()
            .parse::<UserName>()
            .map_err(|error| (Field::Name, Wrong::NoName(error)))?;
        Password::new(form.password.as_str())
            .map_err(|error| (Field::Password, Wrong::NoPassword(error)))?;
        // What is right for a new name says nothing about another.
        let asked = self.submitted.as_ref().map(|form| form.name.trim());
        if !self.is_new || asked != Some(form.name.trim()) {
            return Ok(());
        }
        if self.needs_word && form.word.parse::<Word>().is_err() {
            return Err((Field::Word, Wrong::NoWord));
        }
        if form.password.chars().count() < NEW_PASSWORD_CHARS_MIN {
            return Err((Field::Password, Wrong::TooShort));
        }
        match form.password == form.repeat_password {
            true => Ok(()),
            false => Err((Field::RepeatPassword, Wrong::Differs)),
        }
    }

    fn stop(&mut self, field: Field, error: Wrong) -> Option<Reply> {
        self.is_busy = false;
        self.error = Some((field, error));
        None
    }
}

#[cfg(test)]
mod tests {
    use netchat_shared::time::Instant;
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn form(name: &str, password: &str, repeat_password: &str) -> Form {
        Form {
            server_password: "password".to_owned(),
            name: name.to_owned(),
            word: String::new(),
            password: password.to_owned(),
            repeat_password: repeat_password.to_owned(),
        }
    }

    fn password(text: &str) -> Option<Reply> {
        Some(Reply::Password(Password::new(text).unwrap()))
    }

    const START: Question = Question::ServerPassword { wrong: false };

    fn bob() -> UserName {
        "bob".parse().unwrap()
    }

    #[test]
    fn a_known_name_is_signed_in_with_one_submission() {
        let mut sign_in = SignIn::default();
        let first = sign_in.submit(form("bob", "secret", ""), Some(&START));
        assert_eq!(first, Some(Reply::ServerPassword(Password::new("password").unwrap())));
        assert_eq!(sign_in.asked(&Question::Name { refused: None }), Some(Reply::Name(bob())));
        let question = Question::Password { name: bob(), wrong: false };
        assert_eq!(sign_in.asked(&question), password("secret"));
        assert!(sign_in.is_busy && sign_in.error.is_none());
    }

    #[test]
    fn a_new_name_is_told_so_and_repeats_its_password() {
        let mut sign_in = SignIn::default();
        sign_in.submit(form("bob", "secretly", ""), Some(&START));
        let question = Question::NewPassword { name: bob() };
        assert_eq!(sign_in.asked(&question), None);
        assert!(sign_in.is_new && !sign_in.is_busy);
        let wrong = [
            (form("bob", "short", "short"), Field::Password),
            (form("bob", "secretly", "secretlx"), Field::RepeatPassword),
        ];
        for (form, field) in wrong {
            assert_eq!(sign_in.submit(form, Some(&question)), None);
            assert_eq!(sign_in.error.as_ref().map(|error| error.0), Some(field));
        }
        let reply = sign_in.submit(form("bob", "secretly", "secretly"), Some(&question));
        assert_eq!(reply, password("secretly"));
    }

    #[test]
    fn what_is_put_off_can_be_put_right_meanwhile() {
        let put_off = |why| PutOff { why, again_at: Instant::ZERO };
        let mut sign_in = SignIn::default();
        sign_in.submit(form("bob", "wrong", ""), Some(&START));
        sign_in.asked(&Question::Name { refused: None });
        sign_in.asked(&Question::Password { name: bob(), wrong: false });
        sign_in.put_off(put_off(Delay::Busy));
        assert!(sign_in.is_busy, "nothing is wrong with it");
        sign_in.put_off(put_off(Delay::Attempts));
        assert!(!sign_in.is_busy);
        assert_eq!(sign_in.submit(form("bob", "right", ""), None), password("right"));
        assert!(sign_in.is_busy);
        sign_in.put_off(put_off(Delay::Attempts));
        let reply = sign_in.submit(form("carol", "right", ""), None);
        assert_eq!(reply, Some(Reply::Name("carol".parse().unwrap())));
        let question = Question::Password { name: "carol".parse().unwrap(), wrong: false };
        assert_eq!(sign_in.asked(&question), password("right"));
        assert_eq!(sign_in.put_off, None);
    }

    #[test]
    fn what_went_wrong_stands_beside_its_field_and_can_be_put_right() {
        let mut sign_in = SignIn::default();
        sign_in.submit(form("bob", "wrong", ""), Some(&START));
        let question = Question::Password { name: bob(), wrong: true };
        assert_eq!(sign_in.asked(&question), None);
        let wrong = |sign_in: &SignIn| {
            sign_in.error.as_ref().map(|(field, wrong)| (*field, wrong.say(Locale::En)))
        };
        let expected = (Field::Password, "This is not the password of bob.".to_owned());
        assert_eq!(wrong(&sign_in), Some(expected));
        assert_eq!(sign_in.submit(form("bob", "right", ""), Some(&question)), password("right"));
        let reply = sign_in.submit(form("carol", "right", ""), Some(&question));
        assert_eq!(reply, Some(Reply::Name("carol".parse().unwrap())));
        let about_bob = Question::Password { name: bob(), wrong: false };
        let reply = sign_in.asked(&about_bob);
        assert_eq!(reply, Some(Reply::Name("carol".parse().unwrap())), "never bob's password");
        assert_eq!(sign_in.submit(form("a#b", "right", ""), Some(&question)), None);
        let expected = (Field::Name, "A name can't contain “#”.".to_owned());
        assert_eq!(wrong(&sign_in), Some(expected));
    }

    #[test]
    fn a_mistyped_name_that_is_new_is_put_right() {
        let mut sign_in = SignIn::default();
        sign_in.submit(form("bobb", "secret", ""), Some(&START));
        let question = Question::NewPassword { name: "bobb".parse().unwrap() };
        assert_eq!(sign_in.asked(&question), None);
        assert!(sign_in.is_new);
        let reply = sign_in.submit(form("bob", "secret", ""), Some(&question));
        assert_eq!(reply, Some(Reply::Name(bob())));
        assert!(!sign_in.is_new);
    }

    #[test]
    fn an_account_of_before_gets_a_password_with_a_word() {
        let mut sign_in = SignIn::default();
        sign_in.submit(form("bob", "as before", ""), Some(&START));
        let asked = |wrong| Question::Word { name: bob(), wrong };
        assert_eq!(sign_in.asked(&asked(false)), None);
        assert_eq!(sign_in.error, Some((Field::Word, Wrong::NeedsWord(bob()))));
        assert!(sign_in.needs_word && sign_in.is_new);
        let with =
            |word: &str| Form { word: word.to_owned(), ..form("bob", "secretly", "secretly") };
        assert_eq!(sign_in.submit(with("a guess"), Some(&asked(false))), None);
        assert_eq!(sign_in.error, Some((Field::Word, Wrong::NoWord)));
        let word = "01234-56789-abcde-fghjk";
        let reply = sign_in.submit(with(word), Some(&asked(false)));
        assert_eq!(reply, Some(Reply::Word(word.parse().unwrap())));
        let question = Question::NewPassword { name: bob() };
        assert_eq!(sign_in.asked(&question), password("secretly"));
        assert_eq!(sign_in.asked(&asked(true)), None);
        assert_eq!(sign_in.error, Some((Field::Word, Wrong::WordOf(bob()))));
    }

    #[test]
    fn whoever_has_forgotten_their_password_uses_a_word() {
        let mut sign_in = SignIn::default();
        sign_in.submit(form("bob", "a guess", ""), Some(&START));
        let question = |wrong| Question::Password { name: bob(), wrong };
        assert_eq!(sign_in.asked(&question(false)), password("a guess"));
        assert!(!sign_in.may_use_word());
        sign_in.asked(&question(true));
        assert!(sign_in.may_use_word());
        sign_in.use_word();
        assert_eq!((sign_in.needs_word, sign_in.is_new, &sign_in.error), (true, true, &None));
        let word = "01234-56789-abcde-fghjk";
        let form = Form { word: word.to_owned(), ..form("bob", "secretly", "secretly") };
        let reply = sign_in.submit(form, Some(&question(true)));
        assert_eq!(reply, Some(Reply::Word(word.parse().unwrap())));
        assert_eq!(sign_in.asked(&Question::NewPassword { name: bob() }), password("secretly"));
    }
}
