//! Passwords that are not sent: enrolling and proving them, and putting others in their place.

use netchat_shared::extended::{PasswordReply, Token};
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
use crate::events::{NameStanding, NotSignedIn, ProofBegun, SessionKey, Update};
use crate::names::{Found, NameKeys};
use crate::storage::{KeptPassword, UserId, UserRecord, Verifier};

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
            Ok(Some((begun, response))) => Update::Proving(response, Box::new(begun)),
            Ok(None) => Update::NotSignedIn(NotSignedIn::Wrong),
            Err(later) => Update::NotSignedIn(NotSignedIn::Later(later)),
        };
        cx.update(key, update);
    }

    /// A session enrols a password: for a name that nobody has, or for one whose one-time word it shows.
    pub(crate) fn begin_enrolment(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, source): (SessionKey, Source),
        name: &UserName,
        (request, word): (&EnrolRequest, Option<Word>),
    ) {
        let update = match self.may_enrol(cx, people, source, (name, word)) {
            Err(why) => Update::NotSignedIn(why),
            Ok(()) => match self.proofs.enrol(request) {
                Ok((id, response)) => Update::Enrolling(response, id),
                Err(Malformed) => Update::NotSignedIn(NotSignedIn::Wrong),
            },
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
        let is_taken_for_now = self.is_reserved(people, &applicant.name);
        if is_taken_for_now || !self.new_accounts.admit(cx.monotonic(), source) {
            return cx.update(key, Update::NotSignedIn(NotSignedIn::Later(Later::SOON)));
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

    fn may_enrol(
        &mut self,
        cx: &Context,
        people: &People,
        source: Source,
        (name, word): (&UserName, Option<Word>),
    ) -> Result<(), NotSignedIn> {
        let Some(word) = word else {
            // It is somebody's soon, or free again.
            if self.is_reserved(people, name) {
                return Err(NotSignedIn::Later(Later::SOON));
            }
            self.check_new_name(people, name).map_err(NotSignedIn::NotRegistered)?;
            return self.take_step(cx, source).map_err(NotSignedIn::Later);
        };
        let user = people.directory.find_in_any_spelling(name);
        let user = user.filter(|user| self.proofs.is_word(user, &word, cx.now.calendar));
        user.ok_or(NotSignedIn::Wrong)?;
        self.take_step(cx, source).map_err(NotSignedIn::Later)
    }

    /// Whether the name is about to be somebody's, and nobody's yet.
    fn is_reserved(&self, people: &People, name: &UserName) -> bool {
        people.standing(name) == NameStanding::New
            && self.taken.find(&NameKeys::of(name)) != Found::Nobody
    }

    /// A step costs arithmetic.
    fn take_step(&mut self, cx: &Context, source: Source) -> Result<(), Later> {
        self.password_steps.admit(cx.monotonic(), source).then_some(()).ok_or(Later::SOON)
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
        let now = cx.now.calendar;
        let Some(user) = user.filter(|user| self.proofs.is_word(user, word, now)) else {
            return cx.update(door.key, Update::NotSignedIn(NotSignedIn::Wrong));
        };
        let Some(kept) = &user.password else { return };
        let by = ChangedBy::Word(door, Token::random(&mut cx.rng));
        let change = PasswordChange { user: user.id, compared: kept.verifier.clone(), by };
        self.password_changes.store(cx, change, record);
    }

    /// The server's part of a proof; nothing, if what was asked is none.
    fn answer_proof(
        &mut self,
        cx: &Context,
        people: &People,
        (key, source): (SessionKey, Source),
        name: UserName,
        (request, link): (&ProofRequest, LinkHash),
    ) -> Result<Option<(ProofBegun, ProofResponse)>, Later> {
        let user = people.directory.find_in_any_spelling(&name);
        let name = user.map_or(name, |user| user.name.clone());
        let guess = guess(people, &name, source);
        self.take_step(cx, source)?;
        self.attempts.begin_proof(cx.monotonic(), key, source, guess)?;
        let kept = user.and_then(|user| user.password.as_ref());
        let answer = self.proofs.begin((name, kept), (request, link));
        if answer.is_err() {
            self.attempts.finish_proof(cx.monotonic(), key, false);
        }
        Ok(answer.ok())
    }

    /// Whose password a session has proved to know, if it is still theirs.
    ///
    /// A proof that comes too late is told so: it may be right.
    fn is_proved(
        &mut self,
        cx: &Context,
        people: &People,
        key: SessionKey,
        (proof, begun): (&Proof, ProofBegun),
    ) -> Result<Option<(UserId, Verifier)>, Later> {
        let ProofBegun { answered, name, verifier } = begun;
        let is_right = answered.is_proved_by(proof);
        if !self.attempts.finish_proof(cx.monotonic(), key, is_right) {
            return Err(Later::SOON);
        }
        let user = people.directory.find_registered(name.as_str()).filter(|_| is_right);
        Ok(user.and_then(|user| {
            let kept = user.password.as_ref().map(|kept| &kept.verifier);
            let verifier = verifier.filter(|verifier| Some(verifier) == kept)?;
            Some((user.id, verifier))
        }))
    }

    pub(super) fn finish_proof(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        door: Door,
        proof: (&Proof, ProofBegun),
    ) {
        let why = match self.is_proved(cx, people, door.key, proof) {
            Ok(Some((user, _))) => {
                return self.admit(cx, people, door, user, SignInKind::Password);
            }
            Ok(None) => NotSignedIn::Wrong,
            Err(later) => NotSignedIn::Later(later),
        };
        cx.update(door.key, Update::NotSignedIn(why));
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
            Ok(Some((begun, response))) => {
                cx.update(key, Update::Proving(response, Box::new(begun)));
            }
            Ok(None) => cx.update(key, Update::Password(PasswordReply::Wrong)),
            Err(later) => password_changes::tell_put_off(cx, key, later),
        }
    }

    pub(super) fn begin_own_enrolment(
        &mut self,
        cx: &mut Context,
        people: &People,
        key: SessionKey,
        request: &EnrolRequest,
    ) {
        let Some(session) = people.presence.session(key) else { return };
        if let Err(later) = self.take_step(cx, Source::proved(session.address.ip())) {
            return password_changes::tell_put_off(cx, key, later);
        }
        let update = match self.proofs.enrol(request) {
            Ok((id, response)) => Update::Enrolling(response, id),
            Err(Malformed) => Update::Password(PasswordReply::Wrong),
        };
        cx.update(key, update);
    }

    pub(super) fn change_password(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        proof: (&Proof, ProofBegun),
        (by, record): (ChangedBy, Record),
    ) {
        match self.is_proved(cx, people, key, proof) {
            Ok(Some((proved, compared))) if proved == user => {
                self.password_changes.store(cx, PasswordChange { user, compared, by }, record);
            }
            Ok(_) => cx.update(key, Update::Password(PasswordReply::Wrong)),
            Err(later) => password_changes::tell_put_off(cx, key, later),
        }
    }
}
