//! Passwords that are not sent: enrolling and proving them, and putting others in their place.

use netchat_shared::extended::{Delay, PasswordReply, Token};
use netchat_shared::name::UserName;
use netchat_shared::opaque::{
    EnrolRequest, LinkHash, Malformed, Proof, ProofRequest, ProofResponse, Record, Word,
};

use super::{Accounts, Applicant, guess, not_registered};
use crate::action::SignInKind;
use crate::admission::{Later, Source};
use crate::chat::door::Door;
use crate::chat::password_changes::{self, ChangedBy, PasswordChange};
use crate::chat::people::People;
use crate::context::Context;
use crate::events::{NotSignedIn, SessionKey, Update};
use crate::storage::{KeptPassword, UserId, UserRecord};

impl Accounts {
    /// A session says that it knows the password of a name.
    pub(crate) fn begin_proof(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, source): (SessionKey, Source),
        name: UserName,
        asked: (&ProofRequest, LinkHash),
    ) {
        let update = match self.answer_proof(cx, people, (key, source), name, asked) {
            Ok(Some(response)) => Update::Proving(response),
            Ok(None) => Update::NotSignedIn(NotSignedIn::Wrong),
            Err(later) => Update::NotSignedIn(NotSignedIn::Later(later)),
        };
        cx.update(key, update);
    }

    /// A session enrols a password: for a name that nobody has, or for one whose one-time word it shows. For
    /// others it would be a way to try passwords that nobody counts.
    pub(crate) fn begin_enrolment(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, source): (SessionKey, Source),
        name: &UserName,
        (request, word): (&EnrolRequest, Option<Word>),
    ) {
        let update = if let Err(wait) = self.enrolments.take(cx.monotonic(), source, 1) {
            Update::NotSignedIn(NotSignedIn::Later(Later { why: Delay::Busy, wait }))
        } else {
            match self.enrol(people, name, word) {
                Err(why) => Update::NotSignedIn(why),
                Ok(name) => match self.proofs.enrol(request, name) {
                    Ok(response) => Update::Enrolling(response),
                    Err(Malformed) => Update::NotSignedIn(NotSignedIn::Wrong),
                },
            }
        };
        cx.update(key, update);
    }

    /// Makes an account with a password that was not sent.
    pub(super) fn enter_enrolled(
        &mut self,
        cx: &mut Context,
        people: &People,
        applicant: Applicant,
        record: Record,
    ) {
        let Door { key, source, .. } = applicant.door;
        if let Err(wait) = self.enrolments.take(cx.monotonic(), source, 1) {
            let later = Later { why: Delay::Busy, wait };
            return cx.update(key, Update::NotSignedIn(NotSignedIn::Later(later)));
        }
        match self.check_new_name(people, &applicant.name) {
            Ok(()) => {
                self.reserve(&applicant);
                let password = Some(KeptPassword::unread(record));
                self.append_user(cx, applicant, password, SignInKind::Registered);
            }
            Err(why) => cx.update(key, not_registered(why)),
        }
    }

    /// The name that a password may be enrolled for, as it is or will be registered.
    fn enrol<'a>(
        &self,
        people: &'a People,
        name: &'a UserName,
        word: Option<Word>,
    ) -> Result<&'a UserName, NotSignedIn> {
        let Some(word) = word else {
            let checked = self.check_new_name(people, name);
            return checked.map(|()| name).map_err(NotSignedIn::NotRegistered);
        };
        let user = people.directory.find_in_any_spelling(name);
        let user = user.filter(|user| self.proofs.is_word(user, &word));
        user.map(|user| &user.name).ok_or(NotSignedIn::Wrong)
    }

    /// Gives an account another password, and lets in who has its one-time word.
    pub(super) fn renew_by_word(
        &mut self,
        cx: &mut Context,
        people: &People,
        (door, name): (Door, &UserName),
        (record, word): (Record, &Word),
    ) {
        let user = people.directory.find_in_any_spelling(name);
        let Some(user) = user.filter(|user| self.proofs.is_word(user, word)) else {
            return cx.update(door.key, Update::NotSignedIn(NotSignedIn::Wrong));
        };
        let by = ChangedBy::Word(door, Token::random(&mut cx.rng));
        self.password_changes.store(cx, PasswordChange { user: user.id, by }, record);
    }

    /// The server's part of a proof; nothing, if what was asked is none.
    fn answer_proof(
        &mut self,
        cx: &Context,
        people: &People,
        (key, source): (SessionKey, Source),
        name: UserName,
        (request, link): (&ProofRequest, LinkHash),
    ) -> Result<Option<ProofResponse>, Later> {
        let user = people.directory.find_in_any_spelling(&name);
        let name = user.map_or(name, |user| user.name.clone());
        let guess = guess(people, &name, source);
        self.proofs.forget(key);
        self.attempts.begin_proof(cx.monotonic(), key, source, guess)?;
        let kept = user.and_then(|user| user.password.as_ref());
        let answer = self.proofs.begin(key, (name, kept), (request, link));
        if answer.is_err() {
            self.attempts.finish_proof(cx.monotonic(), key, false);
        }
        Ok(answer.ok())
    }

    /// Whether a session has proved that it knows the password of that name.
    fn is_proved(
        &mut self,
        cx: &Context,
        people: &People,
        key: SessionKey,
        proof: &Proof,
    ) -> Option<UserId> {
        let kept = |name: &UserName| people.directory.find_registered(name.as_str());
        let name = self.proofs.finish(key, proof, kept);
        let is_in_time = self.attempts.finish_proof(cx.monotonic(), key, name.is_some());
        kept(&name?).map(|user| user.id).filter(|_| is_in_time)
    }

    pub(super) fn finish_proof(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        door: Door,
        proof: &Proof,
    ) {
        match self.is_proved(cx, people, door.key, proof) {
            Some(user) => self.admit(cx, people, door, user, SignInKind::Password),
            None => cx.update(door.key, Update::NotSignedIn(NotSignedIn::Wrong)),
        }
    }

    pub(super) fn begin_own_proof(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        asked: (&ProofRequest, LinkHash),
    ) {
        let Some(UserRecord { name, password, .. }) = people.user(user) else { return };
        let Some(session) = people.presence.session(key) else { return };
        if password.is_none() {
            let refused = PasswordReply::Refused("A guest has no password.".to_owned());
            return cx.update(key, Update::Password(refused));
        }
        let source = Source::proved(session.address.ip());
        match self.answer_proof(cx, people, (key, source), name.clone(), asked) {
            Ok(Some(response)) => cx.update(key, Update::Proving(response)),
            Ok(None) => cx.update(key, Update::Password(PasswordReply::Wrong)),
            Err(later) => password_changes::tell_put_off(cx, key, later),
        }
    }

    /// Once for each proof that was begun, which counts as a guess.
    pub(super) fn begin_own_enrolment(
        &mut self,
        cx: &mut Context,
        people: &People,
        key: SessionKey,
        request: &EnrolRequest,
    ) {
        let name = people.presence.session(key).and_then(|session| people.name(session.user));
        let answer = name.filter(|name| self.proofs.take_enrolment(key, name));
        let answer = answer.and_then(|name| self.proofs.enrol(request, name).ok());
        cx.update(key, answer.map_or(Update::Password(PasswordReply::Wrong), Update::Enrolling));
    }

    pub(super) fn change_password(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, proof): (SessionKey, &Proof),
        change: PasswordChange,
        record: Record,
    ) {
        match self.is_proved(cx, people, key, proof) {
            Some(user) if user == change.user => self.password_changes.store(cx, change, record),
            Some(_) | None => cx.update(key, Update::Password(PasswordReply::Wrong)),
        }
    }
}
