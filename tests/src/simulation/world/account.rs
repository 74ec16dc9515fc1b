//! The sessions and the password of somebody's account, as the model knows them.

use std::collections::VecDeque;

use netchat_client::session::{PasswordOutcome, Question};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;

use super::World;

/// What the model knows of a client's session of its account.
#[derive(Debug, Default)]
pub(super) struct AccountModel {
    /// It was signed in, and not told that its session was ended.
    pub(super) has_session: bool,
    /// It was told so, and nobody answers when it asks for the password: see [`World::release`].
    pub(super) is_ended: bool,
    pub(super) asked: Option<Question>,
    /// How often it was given the password.
    pub(super) passwords_given: usize,
    /// Its session was ended for certain when so many texts had been sent: it gets none of those that
    /// came later, and does not go on without the password.
    pub(super) ended_at: Option<usize>,
    /// The ends of other sessions that it has asked for.
    pub(super) ends_asked: VecDeque<Vec<SessionModel>>,
    /// The change of the password that it has asked for: the old one, the new one, and what ends by it.
    pub(super) change_asked: Option<(String, String, Vec<SessionModel>)>,
}

impl AccountModel {
    /// The client heard that its session was ended from another one.
    pub(super) fn end_elsewhere(&mut self) {
        self.is_ended = true;
        self.has_session = false;
    }
}

/// A session that somebody has asked to end: whose it is, and how often that client had been given the
/// password.
type SessionModel = (usize, usize);

impl World {
    /// One of somebody's clients ends the sessions of all others.
    pub fn end_others(&mut self, who: usize) {
        let sessions = self.other_sessions(who);
        self.people[who].account.ends_asked.push_back(sessions);
        self.people[who].session.end_other_sessions(self.now);
        self.drain(who);
    }

    /// One of somebody's clients changes the password, and ends the sessions of all others; unless a
    /// change is under way.
    pub fn change_password(&mut self, who: usize, new: &str) {
        let name = self.people[who].name.clone();
        let mut theirs = self.people.iter().filter(|person| person.name == name);
        if theirs.any(|person| person.account.change_asked.is_some()) {
            return;
        }
        let (old, sessions) = (self.password_of(who), self.other_sessions(who));
        let password = |text: &str| Password::new(text).unwrap();
        let (before, after) = (password(&old), password(new));
        self.people[who].account.change_asked = Some((old, new.to_owned(), sessions));
        self.people[who].session.change_password(self.now, before, after, true);
        self.drain(who);
    }

    /// Whether somebody's client was told that its session was ended, and waits for the password.
    pub fn is_ended(&self, who: usize) -> bool {
        self.people[who].account.is_ended
    }

    /// Whether somebody's client waits for what becomes of something about its account.
    pub fn awaits_account(&self, who: usize) -> bool {
        let account = &self.people[who].account;
        account.change_asked.is_some() || !account.ends_asked.is_empty()
    }

    /// Somebody types the password into a client whose session was ended.
    pub fn release(&mut self, who: usize) {
        let account = &mut self.people[who].account;
        account.is_ended = false;
        if let Some(question) = account.asked.take() {
            self.answer(who, &question);
            self.drain(who);
        }
    }

    fn other_sessions(&self, who: usize) -> Vec<SessionModel> {
        let people = self.people.iter().enumerate();
        let others = people.filter(|(other, person)| {
            *other != who && person.name == self.people[who].name && person.account.has_session
        });
        others.map(|(other, person)| (other, person.account.passwords_given)).collect()
    }

    /// These sessions were ended, as the server says; but where somebody has signed in anew meanwhile.
    pub(super) fn note_ended(&mut self, sessions: Vec<SessionModel>) {
        for (who, passwords_given) in sessions {
            let account = &mut self.people[who].account;
            if account.passwords_given == passwords_given {
                account.ended_at.get_or_insert(self.sent.len());
            }
        }
    }

    /// What somebody would type now: another one than before, if it may be that.
    fn password_of(&self, who: usize) -> String {
        let passwords = self.passwords_of(&self.people[who].name);
        passwords[self.people[who].account.passwords_given % passwords.len()].clone()
    }

    /// What somebody's password may be, with a change that is under way.
    fn passwords_of(&self, name: &UserName) -> Vec<String> {
        let known = self.passwords.get(name).cloned();
        let mut passwords = known.unwrap_or_else(|| vec!["secretly".to_owned()]);
        let theirs = self.people.iter().filter(|person| person.name == *name);
        let asked = theirs.filter_map(|person| person.account.change_asked.as_ref());
        passwords.extend(asked.map(|(_, new, _)| new.clone()));
        passwords
    }

    pub(super) fn handle_password(&mut self, who: usize, outcome: &PasswordOutcome) {
        let Some((old, new, sessions)) = self.people[who].account.change_asked.take() else {
            panic!("seed {}: nobody has asked for {outcome:?}", self.seed);
        };
        let name = self.people[who].name.clone();
        let known = self.passwords.entry(name).or_insert_with(|| vec![old.clone()]);
        match outcome {
            PasswordOutcome::Changed => {
                *known = vec![new];
                self.note_ended(sessions);
            }
            PasswordOutcome::Wrong => {
                assert!(known.len() > 1, "seed {}: {old:?} was right", self.seed);
                known.retain(|password| *password != old);
            }
            PasswordOutcome::Refused(_) => {}
            PasswordOutcome::NoAnswer => known.push(new),
        }
    }

    pub(super) fn answer(&mut self, who: usize, question: &Question) {
        let now = self.now;
        let password = Password::new(self.password_of(who)).unwrap();
        let name = &self.people[who].name;
        let may_be_wrong = self.passwords.contains_key(name) || self.passwords_of(name).len() > 1;
        let person = &mut self.people[who];
        match question {
            Question::ServerPassword { .. } => {
                person.session.answer_server_password(now, Password::new("password").unwrap());
            }
            Question::Name { .. } => {
                let name = person.name.clone();
                person.session.answer_name(now, name);
            }
            Question::Password { wrong, .. } => {
                assert!(!wrong || may_be_wrong, "{} has the right password", person.name);
                person.account.passwords_given += 1;
                person.account.ended_at = None;
                person.session.answer_password(now, password);
            }
            Question::NewPassword { .. } => person.session.answer_password(now, password),
            Question::Word { .. } => panic!("nobody has an account of before"),
            Question::ServerKey { .. } | Question::Classic => panic!("the server is the right one"),
        }
    }
}
