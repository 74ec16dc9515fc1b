//! Accounts: registering a name, comparing its password, resuming with a token, guests.

mod unsent;

use std::collections::BTreeMap;

use netchat_shared::extended::{Delay, PasswordReply, Token};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

use super::account_sessions::{self, Ending, Endings, Ends};
use super::door::Door;
use super::password_changes::{ChangedBy, PasswordChange, PasswordChanges};
use super::people::People;
use super::presence::SessionOfUser;
use super::proofs::Proofs;
use super::tokens::{self, Standing, Tokens};
use crate::action::{LogEvent, Refusal, SignInKind};
use crate::admission::{
    Attempt, Attempts, Begun, Buckets, Guess, Later, Next, SIGN_INS_OF_ACCOUNT, Shares, Source,
};
use crate::context::Context;
use crate::directory::Directory;
use crate::events::{
    AccountRequest, Credentials, NameStanding, NotSignedIn, SessionKey, SignedIn, Update,
};
use crate::limits::{GUESTS_MAX, SIGN_INS_REMEMBERED_MAX, USERS_MAX};
use crate::names::{Found, NameIndex, NameKeys};
use crate::passwords::Compared;
use crate::storage::{
    Draft, HashJob, Hashed, KeptPassword, Placed, Snapshot, Stored, Ticket, TokenHash, UserId,
    UserRecord, Verifier, Write,
};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Accounts {
    tokens: Tokens,
    attempts: Attempts<SessionKey, PasswordSent>,
    proofs: Proofs,
    /// Steps towards passwords, and accounts that are made.
    password_steps: Shares,
    new_accounts: Shares,
    /// Names whose accounts are being made, or that guests are about to get.
    taken: NameIndex<SessionKey>,
    hashes: BTreeMap<Ticket, HashUnderWay>,
    writes: BTreeMap<Ticket, (Applicant, SignInKind)>,
    password_changes: PasswordChanges,
    endings: Endings,
    /// How often accounts signed in lately, with each of these.
    sign_ins: Buckets<(UserId, Shown)>,
}

/// What was shown. Whoever has a token of an account spends nothing of what its owner may, who has the
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    Token,
    Password,
    Word,
}

/// A session that wants to be somebody.
#[derive(Debug, Clone)]
struct Applicant {
    name: UserName,
    door: Door,
}

/// A password that an original client has sent, and that waits for its hash.
#[derive(Debug)]
struct PasswordSent {
    applicant: Applicant,
    password: Password,
}

#[derive(Debug)]
struct HashUnderWay {
    attempt: Attempt<PasswordSent>,
    begun: Begun,
    /// What a guess is compared with.
    compared: Option<KeptPassword>,
    /// The account has got another password meanwhile: what is compared is not good any more.
    is_void: bool,
}

impl Accounts {
    pub(crate) fn new(cx: &Context, proofs: Proofs, snapshot: &Snapshot) -> Self {
        Self {
            tokens: Tokens::load(snapshot.tokens.clone()),
            attempts: Attempts::new(cx.settings.hash_threads),
            proofs,
            password_steps: Shares::of_password_steps(),
            new_accounts: Shares::of_new_accounts(),
            taken: NameIndex::default(),
            hashes: BTreeMap::new(),
            writes: BTreeMap::new(),
            password_changes: PasswordChanges::default(),
            endings: Endings::default(),
            sign_ins: Buckets::new(SIGN_INS_REMEMBERED_MAX, SIGN_INS_OF_ACCOUNT),
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
                self.register(cx, people, applicant(name), password);
            }
            Credentials::Password(name, password) => {
                // Guesses at one account count together, however its name is written.
                let own = people.directory.find_in_any_spelling(&name);
                let name = own.map_or(name, |user| user.name.clone());
                self.verify(cx, people, applicant(name), password);
            }
            Credentials::Enrolled(name, record) => {
                self.enter_enrolled(cx, people, applicant(name), record);
            }
            Credentials::Renewed(name, record, word) => {
                self.renew_by_word(cx, people, (door, &name), (record, &word));
            }
            Credentials::Proof(proof, begun) => {
                self.finish_proof(cx, people, door, (&proof, *begun));
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
        let Some(under_way) = self.hashes.remove(&ticket) else { return };
        let HashUnderWay { attempt, begun, compared, is_void } = under_way;
        self.attempts.finish(cx.monotonic(), begun, &attempt, hashed == Hashed::Wrong);
        let is_good = !(is_void && matches!(hashed, Hashed::Right(_)));
        let hashed = if is_good { hashed } else { Hashed::Wrong };
        let applicant = attempt.content.applicant;
        match attempt.guess {
            None => self.finish_register_hash(cx, applicant, hashed),
            Some(_) => self.finish_verify(cx, people, (&applicant, compared), hashed),
        }
        self.begin_hashes(cx, people);
    }

    /// A session is over before it was signed in.
    pub(crate) fn withdraw(&mut self, cx: &Context, key: SessionKey) {
        self.forget_proof(cx, key);
        if let Some(Attempt { guess: None, content, .. }) = self.attempts.withdraw(key) {
            self.release(&content.applicant);
        }
    }

    /// A session is over: what it has begun to prove is not proved.
    pub(crate) fn forget_proof(&mut self, cx: &Context, key: SessionKey) {
        self.attempts.finish_proof(cx.monotonic(), key, false);
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
    pub(crate) fn handle_stored(
        &mut self,
        cx: &mut Context,
        people: &People,
        ticket: Ticket,
        stored: &Stored,
    ) {
        if self.endings.handle_stored(cx, &mut self.tokens, people, ticket, stored) {
            return;
        }
        let refusal = match stored {
            // The entry comes by the log, or came.
            Stored::Placed(placed) if matches!(placed[..], [Placed::At(_)]) => return,
            Stored::Placed(_) => Refusal::NameTaken,
            Stored::Done | Stored::Failed => Refusal::Full,
        };
        self.password_changes.handle_stored(cx, ticket, stored);
        let Some((applicant, _)) = self.writes.remove(&ticket) else { return };
        self.release(&applicant);
        let update = Update::NotSignedIn(NotSignedIn::NotRegistered(refusal));
        cx.update(applicant.door.key, update);
    }

    /// A session asks for something about its account.
    pub(crate) fn handle_request(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        request: AccountRequest,
    ) {
        let session = people.presence.session(key);
        let token = session.and_then(|session| session.token);
        match request {
            AccountRequest::Describe(device) => {
                let token = token.and_then(|token| self.tokens.describe(token, &device));
                token.into_iter().for_each(|token| cx.store_aside(Write::SetToken(token)));
            }
            AccountRequest::Sessions => {
                let sessions = account_sessions::list(&self.tokens, people, (key, user));
                cx.update(key, Update::AccountSessions(sessions));
            }
            AccountRequest::EndSession(id) => {
                let ends = account_sessions::find(&self.tokens, people, user, id);
                self.endings.begin(cx, &mut self.tokens, people, Ending { user, key, ends });
            }
            AccountRequest::EndOtherSessions => {
                let ends = account_sessions::others(&self.tokens, people, (key, user));
                self.endings.begin(cx, &mut self.tokens, people, Ending { user, key, ends });
            }
            AccountRequest::Prove(request, link) => {
                self.begin_own_proof(cx, people, (key, user), (&request, link));
            }
            AccountRequest::Enrol(request) => self.begin_own_enrolment(cx, people, key, &request),
            AccountRequest::ChangePassword { proof, begun, record, ends_others } => {
                let by = ChangedBy::Session(key, token.filter(|_| ends_others));
                self.change_password(cx, people, (key, user), (&proof, *begun), (by, record));
            }
            AccountRequest::SignOut => {
                let ends = Ends { tokens: token.into_iter().collect(), keys: Vec::new() };
                let ending = Ending { user, key, ends };
                account_sessions::end_at_once(cx, &mut self.tokens, people, &ending);
            }
        }
    }

    /// The log has something else that is kept of a user's password.
    pub(crate) fn handle_password(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        ticket: Option<Ticket>,
    ) {
        let change = ticket.and_then(|ticket| self.password_changes.handle_entry(ticket));
        let Some(PasswordChange { user, by, .. }) = change else { return };
        if let Some(name) = people.name(user).cloned() {
            for hash in self.hashes.values_mut() {
                hash.is_void |= hash.attempt.guess.as_ref().is_some_and(|guess| guess.name == name);
            }
            cx.log(LogEvent::PasswordChanged { user: name });
        }
        let (ChangedBy::Session(key, _) | ChangedBy::Word(Door { key, .. }, _)) = by;
        if !matches!(by, ChangedBy::Session(_, None)) {
            let ends = account_sessions::others(&self.tokens, people, (key, user));
            let ending = Ending { user, key, ends };
            account_sessions::end_at_once(cx, &mut self.tokens, people, &ending);
        }
        match by {
            ChangedBy::Session(key, _) => {
                cx.update(key, Update::Password(PasswordReply::Changed));
            }
            ChangedBy::Word(door, token) => {
                self.admit_with(cx, people, door, user, SignInKind::Word, Some(token));
            }
        }
    }

    /// A session has left: it was in use until now.
    pub(crate) fn note_left(&mut self, cx: &mut Context, session: SessionOfUser) {
        let token = session.token.and_then(|token| self.tokens.renew(cx.now.calendar, token));
        token.into_iter().for_each(|token| cx.store_aside(Write::SetToken(token)));
    }

    /// Tokens of clients that are connected do not end while they are.
    pub(crate) fn renew_tokens_in_use(&mut self, cx: &mut Context, people: &People) {
        for token in people.presence.all_tokens() {
            if let Some(token) = self.tokens.renew_in_use(cx.now.calendar, token) {
                cx.store_aside(Write::SetToken(token));
            }
        }
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
        password: Password,
    ) {
        if let Err(why) = self.check_new_name(people, &applicant.name) {
            return cx.update(applicant.door.key, not_registered(why));
        }
        self.reserve(&applicant);
        let Door { key, source, .. } = applicant.door;
        let content = PasswordSent { applicant, password };
        self.attempt(cx, people, key, Attempt { source, guess: None, content });
    }

    fn finish_register_hash(&mut self, cx: &mut Context, applicant: Applicant, hashed: Hashed) {
        let Hashed::Created(record) = hashed else {
            self.release(&applicant);
            return cx.update(applicant.door.key, not_registered(Refusal::Full));
        };
        let password = Some(KeptPassword::readable(record));
        self.append_user(cx, applicant, password, SignInKind::Registered);
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
        password: Option<KeptPassword>,
        how: SignInKind,
    ) {
        let Applicant { name, door: Door { key, address, .. } } = applicant.clone();
        let draft = Draft::User { name, password, address: address.source };
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
        password: Password,
    ) {
        let Door { key, source, .. } = applicant.door;
        let guess = Some(guess(people, &applicant.name, source));
        let content = PasswordSent { applicant, password };
        self.attempt(cx, people, key, Attempt { source, guess, content });
    }

    /// A password is to be hashed, when its turn comes.
    fn attempt(
        &mut self,
        cx: &mut Context,
        people: &People,
        key: SessionKey,
        attempt: Attempt<PasswordSent>,
    ) {
        if let Some((attempt, later)) = self.attempts.ask(cx.monotonic(), key, attempt) {
            self.put_off(cx, attempt, later);
        }
        self.begin_hashes(cx, people);
    }

    /// Asks for as many hashes as may be under way.
    fn begin_hashes(&mut self, cx: &mut Context, people: &People) {
        while let Some(next) = self.attempts.next(cx.monotonic()) {
            match next {
                Next::Begin(attempt, begun) => {
                    let compared = kept_password(people, &attempt).cloned();
                    let ticket = cx.hash(hash_job(&attempt, compared.as_ref()));
                    let under_way = HashUnderWay { attempt, begun, compared, is_void: false };
                    self.hashes.insert(ticket, under_way);
                }
                Next::PutOff(attempt, later) => self.put_off(cx, attempt, later),
            }
        }
    }

    /// Somebody is to ask again later.
    fn put_off(&mut self, cx: &mut Context, attempt: Attempt<PasswordSent>, later: Later) {
        let applicant = attempt.content.applicant;
        if attempt.guess.is_none() {
            self.release(&applicant);
        }
        cx.update(applicant.door.key, Update::NotSignedIn(NotSignedIn::Later(later)));
    }

    fn finish_verify(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        (applicant, compared): (&Applicant, Option<KeptPassword>),
        hashed: Hashed,
    ) {
        let user = people.directory.find_registered(applicant.name.as_str()).map(|user| user.id);
        let record = match hashed {
            Hashed::Right(record) => record,
            // It was not compared: nobody who may be right is called wrong.
            Hashed::Failed => {
                let later = Update::NotSignedIn(NotSignedIn::Later(Later::BUSY));
                return cx.update(applicant.door.key, later);
            }
            Hashed::Wrong | Hashed::Created(_) => {
                return cx.update(applicant.door.key, Update::NotSignedIn(NotSignedIn::Wrong));
            }
        };
        let Some(user) = user else { return };
        if let Some(KeptPassword { verifier: compared, was_readable }) = compared
            && (record.is_some() || !was_readable)
        {
            let verifier = record.map_or_else(|| compared.clone(), Verifier::Record);
            let password = KeptPassword { verifier, was_readable: true };
            let draft = Draft::RenewedPassword { user, compared, password };
            cx.store_aside(Write::Append(vec![draft]));
        }
        self.admit(cx, people, applicant.door, user, SignInKind::Password);
    }

    fn resume(&mut self, cx: &mut Context, people: &mut People, door: Door, token: Token) {
        let why = match self.tokens.standing(cx.now.calendar, tokens::hash(&token)) {
            Standing::Good(user) => {
                let how = SignInKind::Resumed;
                return self.admit_with(cx, people, door, user, how, Some(token));
            }
            Standing::Ended => NotSignedIn::TokenEnded,
            Standing::Unknown => NotSignedIn::TokenRefused,
        };
        cx.update(door.key, Update::NotSignedIn(why));
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
        let shown = match how {
            SignInKind::Resumed => Shown::Token,
            SignInKind::Registered | SignInKind::Password | SignInKind::Guest => Shown::Password,
            // It is good once, so its owner must not be kept waiting by whoever has the password.
            SignInKind::Word => Shown::Word,
        };
        if let Err(wait) = self.sign_ins.take(cx.monotonic(), (user, shown), 1) {
            let later = Later { why: Delay::Sessions, wait };
            return cx.update(key, Update::NotSignedIn(NotSignedIn::Later(later)));
        }
        people.addresses.insert(user, address);
        cx.log(LogEvent::SignedIn { user: name.clone(), address, how });
        cx.store_aside(Write::SignedIn(user, address.source));
        let token_hash = token.as_ref().map(tokens::hash);
        let since = cx.now.calendar;
        let session = SessionOfUser { user, address, token: token_hash, since, is_away: false };
        if let Some(surplus) = account_sessions::surplus(cx, people, &session) {
            cx.update(surplus, Update::GiveWay);
        }
        people.presence.enter(cx, key, session);
        if let Some(hash) = token_hash {
            self.keep_token(cx, people, hash, user);
        }
        let received = people.received.of(user);
        let password = people.user(user).and_then(|user| user.password.as_ref());
        let password_was_readable = password.is_some_and(|password| password.was_readable);
        let signed_in = SignedIn { user, name, how, received, token, password_was_readable };
        cx.update(key, Update::SignedIn(Box::new(signed_in)));
    }

    /// A token is good for a full lifetime from now on.
    fn keep_token(&mut self, cx: &mut Context, people: &People, token: TokenHash, user: UserId) {
        let now = cx.now.calendar;
        let record = self.tokens.renew(now, token);
        let record = record.unwrap_or_else(|| self.tokens.grant(now, token, user));
        cx.store_aside(Write::SetToken(record));
        let is_connected =
            |token| people.presence.all_of(user).any(|(_, it)| it.token == Some(token));
        if let Some(surplus) = self.tokens.surplus(user, is_connected) {
            self.tokens.forget(surplus);
            cx.store_aside(Write::RemoveToken(surplus));
            account_sessions::cut_off(cx, people, user, &[surplus], None);
        }
    }

    /// A guest is nobody any more when their last session ends.
    pub(crate) fn forget_guest(cx: &mut Context, people: &mut People, user: UserId) {
        let Some(record) = people.user(user) else { return };
        if record.password.is_some() || people.presence.is_online(user) {
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
        let guests = members
            .filter(|&member| directory.user(member).is_none_or(|user| user.password.is_none()));
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

/// What a name is guessed for from there.
fn guess(people: &People, name: &UserName, source: Source) -> Guess {
    let user = people.find(name.as_str());
    let came_from = user.and_then(|user| people.last_seen_at(user));
    let is_familiar = came_from.is_some_and(|peer| source.holds(peer.ip()));
    Guess { name: name.clone(), is_familiar }
}

/// What is kept of the password that is guessed.
fn kept_password<'a>(
    people: &'a People,
    attempt: &Attempt<PasswordSent>,
) -> Option<&'a KeptPassword> {
    let name = &attempt.guess.as_ref()?.name;
    people.directory.find_registered(name.as_str())?.password.as_ref()
}

/// What is to be hashed. Unknown names are verified too, in vain: the time must not tell them apart.
fn hash_job(attempt: &Attempt<PasswordSent>, kept: Option<&KeptPassword>) -> HashJob {
    let PasswordSent { applicant, password } = &attempt.content;
    let Compared { password, as_typed } = Compared::of(password);
    match &attempt.guess {
        None => HashJob::Create { name: applicant.name.clone(), password },
        Some(guess) => {
            let (name, verifier) = (guess.name.clone(), kept.map(|kept| kept.verifier.clone()));
            HashJob::Verify { name, password, as_typed, verifier }
        }
    }
}
