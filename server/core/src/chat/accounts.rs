//! Accounts: registering a name, comparing its password, resuming with a token, guests.

use std::collections::BTreeMap;

use netchat_shared::extended::Token;
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

use super::guesses::Guesses;
use super::people::People;
use super::presence::SessionOfUser;
use super::tokens::{self, Tokens};
use crate::action::{LogEvent, Refusal, SignInKind};
use crate::context::Context;
use crate::directory::Directory;
use crate::events::{Credentials, NameStanding, NotSignedIn, SessionKey, SignedIn, Update};
use crate::limits::{GUESTS_MAX, USERS_MAX};
use crate::names::{Found, NameIndex, NameKeys};
use crate::passwords::normalised;
use crate::peer::Peer;
use crate::storage::{
    Draft, HashJob, Hashed, Placed, Snapshot, Stored, Ticket, TokenHash, UserId, UserRecord, Write,
};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Accounts {
    tokens: Tokens,
    guesses: Guesses,
    /// Names whose accounts are being made, or that guests are about to get.
    taken: NameIndex<SessionKey>,
    hashes: BTreeMap<Ticket, (Applicant, HashPurpose)>,
    writes: BTreeMap<Ticket, (Applicant, SignInKind)>,
}

/// A session that wants to be somebody.
#[derive(Debug, Clone)]
struct Applicant {
    name: UserName,
    door: Door,
}

/// Where somebody wants to come in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    pub(crate) key: SessionKey,
    pub(crate) address: Peer,
    /// The client can resume with a token.
    pub(crate) takes_token: bool,
}

#[derive(Debug, Clone, Copy)]
enum HashPurpose {
    Register,
    Verify,
}

impl Accounts {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        Self {
            tokens: Tokens::load(snapshot.tokens.clone()),
            guesses: Guesses::default(),
            taken: NameIndex::default(),
            hashes: BTreeMap::new(),
            writes: BTreeMap::new(),
        }
    }

    /// A session shows who it is.
    pub(crate) fn sign_in(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        door: Door,
        credentials: Credentials,
    ) {
        let applicant = |name| Applicant { name, door };
        match credentials {
            Credentials::New(name, password) => {
                self.register(cx, people, applicant(name), &password);
            }
            Credentials::Password(name, password) => {
                // Guesses at one account count together, however its name is written.
                let name = people.directory.own_spelling(&name).unwrap_or(name);
                self.verify(cx, people, applicant(name), &password);
            }
            Credentials::Guest(name) => self.let_in(cx, people, applicant(name)),
            Credentials::Token(token) => self.resume(cx, people, door, token),
        }
    }

    /// A hash is done.
    pub(crate) fn handle_hashed(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        ticket: Ticket,
        hashed: Hashed,
    ) {
        match self.hashes.remove(&ticket) {
            Some((applicant, HashPurpose::Register)) => {
                self.finish_register_hash(cx, applicant, hashed);
            }
            Some((applicant, HashPurpose::Verify)) => {
                self.finish_verify(cx, people, &applicant, hashed);
            }
            None => {}
        }
    }

    /// The log has a user: the session that asked for it is theirs. False if none here did.
    pub(crate) fn handle_user(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        ticket: Ticket,
        user: &UserRecord,
    ) -> bool {
        let Some((applicant, how)) = self.writes.remove(&ticket) else { return false };
        self.release(&applicant);
        if how == SignInKind::Guest {
            people.guests.enter(user.name.clone(), user.id);
        }
        self.admit(cx, people, applicant.door, user.id, how);
        true
    }

    /// The answer of storage came, and no user with it.
    pub(crate) fn handle_stored(&mut self, cx: &mut Context, ticket: Ticket, stored: &Stored) {
        let refusal = match stored {
            // The entry comes by the log, or came.
            Stored::Placed(placed) if matches!(placed[..], [Placed::At(_)]) => return,
            Stored::Placed(_) => Refusal::NameTaken,
            Stored::Done | Stored::Failed => Refusal::Full,
        };
        let Some((applicant, _)) = self.writes.remove(&ticket) else { return };
        self.release(&applicant);
        let update = Update::NotSignedIn(NotSignedIn::NotRegistered(refusal));
        cx.update(applicant.door.key, update);
    }

    /// The token of a session is to be worth nothing.
    pub(crate) fn revoke(&mut self, cx: &mut Context, token: TokenHash) {
        self.tokens.revoke(token);
        cx.store_aside(Write::RemoveToken(token));
    }

    /// The clock is not to be trusted: no token ends by it. Or it is again.
    pub(crate) fn set_clock_trusted(&mut self, is_trusted: bool) {
        self.tokens.set_clock_trusted(is_trusted);
    }

    /// Tokens that have ended are forgotten.
    pub(crate) fn forget_expired_tokens(&mut self, before: UnixTime) {
        self.tokens.forget_expired(before);
    }

    fn register(
        &mut self,
        cx: &mut Context,
        people: &People,
        applicant: Applicant,
        password: &Password,
    ) {
        if let Err(why) = self.check_new_name(people, &applicant.name) {
            return cx.update(applicant.door.key, not_registered(why));
        }
        match cx.hash(HashJob::Create(normalised(password))) {
            Ok(ticket) => {
                self.reserve(&applicant);
                self.hashes.insert(ticket, (applicant, HashPurpose::Register));
            }
            Err(_) => cx.update(applicant.door.key, not_registered(Refusal::Full)),
        }
    }

    fn finish_register_hash(&mut self, cx: &mut Context, applicant: Applicant, hashed: Hashed) {
        let Hashed::Created(hash) = hashed else {
            self.release(&applicant);
            return cx.update(applicant.door.key, not_registered(Refusal::Full));
        };
        self.append_user(cx, applicant, Some(hash), SignInKind::Registered);
    }

    /// Lets in a guest, if the name is nobody's.
    fn let_in(&mut self, cx: &mut Context, people: &People, applicant: Applicant) {
        match self.check_new_name(people, &applicant.name) {
            Ok(()) => {
                self.reserve(&applicant);
                self.append_user(cx, applicant, None, SignInKind::Guest);
            }
            Err(why) => cx.update(applicant.door.key, not_registered(why)),
        }
    }

    fn check_new_name(&self, people: &People, name: &UserName) -> Result<(), Refusal> {
        let is_free = people.standing(name) == NameStanding::New
            && self.taken.find(&NameKeys::of(name)) == Found::Nobody;
        if !is_free {
            Err(Refusal::NameTaken)
        } else if people.directory.registered_count() >= USERS_MAX
            || people.guests.len() >= GUESTS_MAX
        {
            Err(Refusal::Full)
        } else {
            Ok(())
        }
    }

    /// Nobody else gets that name meanwhile, nor one like it.
    fn reserve(&mut self, applicant: &Applicant) {
        self.taken.insert(&NameKeys::of(&applicant.name), applicant.door.key);
    }

    fn release(&mut self, applicant: &Applicant) {
        self.taken.remove(&NameKeys::of(&applicant.name), applicant.door.key);
    }

    fn append_user(
        &mut self,
        cx: &mut Context,
        applicant: Applicant,
        password_hash: Option<String>,
        how: SignInKind,
    ) {
        let Applicant { name, door: Door { key, address, .. } } = applicant.clone();
        let draft = Draft::User { name, password_hash, address: address.source };
        match cx.store(Write::Append(vec![draft])) {
            Ok(ticket) => drop(self.writes.insert(ticket, (applicant, how))),
            Err(_) => {
                self.release(&applicant);
                cx.update(key, not_registered(Refusal::Full));
            }
        }
    }

    fn verify(
        &mut self,
        cx: &mut Context,
        people: &People,
        applicant: Applicant,
        password: &Password,
    ) {
        if !self.guesses.may_try(cx.monotonic(), &applicant.name) {
            return cx.update(applicant.door.key, wrong(Refusal::GuessedTooOften));
        }
        // Unknown names are verified too, in vain: the time must not tell them apart.
        let user = people.directory.find_registered(applicant.name.as_str());
        let hash = user.and_then(|user| user.password_hash.clone());
        let as_typed = password;
        let password = normalised(as_typed);
        let as_typed = Some(as_typed).filter(|as_typed| **as_typed != password).cloned();
        match cx.hash(HashJob::Verify { password, as_typed, hash }) {
            Ok(ticket) => drop(self.hashes.insert(ticket, (applicant, HashPurpose::Verify))),
            Err(_) => cx.update(applicant.door.key, wrong(Refusal::Full)),
        }
    }

    fn finish_verify(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        applicant: &Applicant,
        hashed: Hashed,
    ) {
        let user = people.directory.find_registered(applicant.name.as_str()).map(|user| user.id);
        let (Hashed::Right(stronger), Some(user)) = (hashed, user) else {
            self.guesses.wrong(cx.monotonic(), &applicant.name);
            return cx.update(applicant.door.key, wrong(Refusal::Password));
        };
        self.guesses.right(&applicant.name);
        if let Some(hash) = stronger {
            cx.store_aside(Write::Append(vec![Draft::PasswordHash(user, hash)]));
        }
        self.admit(cx, people, applicant.door, user, SignInKind::Password);
    }

    fn resume(&mut self, cx: &mut Context, people: &mut People, door: Door, token: Token) {
        match self.tokens.user(cx.now.calendar, tokens::hash(&token)) {
            Some(user) => {
                self.admit_with(cx, people, door, user, SignInKind::Resumed, Some(token));
            }
            None => cx.update(door.key, Update::NotSignedIn(NotSignedIn::TokenRefused)),
        }
    }

    fn admit(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        door: Door,
        user: UserId,
        how: SignInKind,
    ) {
        let token = door.takes_token.then(|| Token::random(&mut cx.rng));
        self.admit_with(cx, people, door, user, how, token);
    }

    /// A session is a user's from now on.
    fn admit_with(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        door: Door,
        user: UserId,
        how: SignInKind,
        token: Option<Token>,
    ) {
        let Some(name) = people.name(user).cloned() else { return };
        let Door { key, address, .. } = door;
        people.addresses.insert(user, address.source);
        cx.log(LogEvent::SignedIn { user: name.clone(), address, how });
        cx.store_aside(Write::SignedIn(user, address.source));
        let token_hash = token.as_ref().map(tokens::hash);
        if let Some(hash) = token_hash {
            self.keep_token(cx, hash, user);
        }
        let session = SessionOfUser { user, address, token: token_hash, is_away: false };
        people.presence.enter(cx, key, session);
        let received = people.received.of(user);
        cx.update(key, Update::SignedIn(Box::new(SignedIn { user, name, how, received, token })));
    }

    /// A token is good for a full lifetime from now on.
    fn keep_token(&mut self, cx: &mut Context, token: TokenHash, user: UserId) {
        let (expires_at, removed) = self.tokens.grant(cx.now.calendar, token, user);
        if let Some(removed) = removed {
            cx.store_aside(Write::RemoveToken(removed));
        }
        cx.store_aside(Write::SetToken(token, user, expires_at));
    }

    /// A guest is nobody any more when their last session ends.
    pub(crate) fn forget_guest(cx: &mut Context, people: &mut People, user: UserId) {
        let Some(record) = people.user(user) else { return };
        if record.password_hash.is_some() || people.presence.is_online(user) {
            return;
        }
        let name = record.name.clone();
        let groups = people.directory.groups_of(user);
        let quits: Vec<_> = groups.map(|group| Draft::Quit(group.id, user)).collect();
        if !quits.is_empty() {
            cx.store_aside(Write::Append(quits));
        }
        people.guests.leave(&name, user);
    }
}

/// Guests of an earlier run are in no group any more.
pub(crate) fn quit_former_guests(cx: &mut Context, snapshot: &Snapshot, directory: &Directory) {
    for group in &snapshot.groups {
        let members = group.members.iter().map(|(member, _)| *member);
        let guests = members.filter(|&member| {
            directory.user(member).is_none_or(|user| user.password_hash.is_none())
        });
        let quits: Vec<_> = guests.map(|guest| Draft::Quit(group.id, guest)).collect();
        if !quits.is_empty() {
            cx.store_aside(Write::Append(quits));
        }
    }
}

/// Where everyone stood when the log was read.
pub(crate) fn received_places(snapshot: &Snapshot) -> impl Iterator<Item = (UserId, Sequence)> {
    snapshot.users.iter().map(|(user, received)| (user.id, *received))
}

fn not_registered(why: Refusal) -> Update {
    Update::NotSignedIn(NotSignedIn::NotRegistered(why))
}

fn wrong(why: Refusal) -> Update {
    Update::NotSignedIn(NotSignedIn::Wrong(why))
}
