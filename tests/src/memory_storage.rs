//! Storage as a small model: what the database must do, in the plainest way.
//!
//! The log is a vector, and stays whole; what was purged or taken back is noted beside it. So the
//! model can also answer as a copy would that has only a beginning of the log.

mod groups;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use netchat_core::limits::{
    EDITS_PER_MESSAGE_MAX, MESSAGE_BYTES_AROUND, REACTIONS_PER_MESSAGE_MAX,
};
use netchat_core::names::NameKeys;
use netchat_core::storage::{
    Change, ClockMark, ConversationId, DeliveryFailure, Draft, Entry, Generation, GroupRecord,
    Message, MessageDraft, Origin, Placed, Purge, Refused, Role, Sequence, Snapshot, Standing,
    Stored, Target, Ticket, TokenHash, TokenRecord, UserId, UserRecord, Verifier, Write,
};
use netchat_shared::body::Body;
use netchat_shared::extended::{KeptSettings, SettingsText};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::time::UnixTime;

/// Which log a storage begins as.
const FIRST_GENERATION: Generation = Generation(0x1234_5678_9abc_def0);

#[derive(Debug, Clone)]
pub struct MemoryStorage {
    generation: Generation,
    /// Every entry that was ever committed: sequences are dense, so each is found by its place.
    log: Vec<Entry>,
    users: BTreeMap<UserId, UserRecord>,
    registered: BTreeMap<UserName, UserId>,
    compares_names: bool,
    user_looks: Looks,
    group_looks: Looks,
    last_user: u32,
    groups: BTreeMap<ConversationId, GroupRecord>,
    /// Groups that nobody was left in, until their messages are purged.
    gone_groups: BTreeSet<ConversationId>,
    blocks: BTreeSet<(UserId, UserId)>,
    directs: BTreeMap<(UserId, UserId), ConversationId>,
    last_conversation: u32,
    members: BTreeMap<(ConversationId, UserId), Vec<Membership>>,
    /// Messages that were not purged, as they came.
    messages: BTreeMap<Sequence, Arc<Message>>,
    message_by_id: BTreeMap<(UserId, MessageId), Sequence>,
    /// Edits, reactions and the deletion of each line, in their order.
    changes: BTreeMap<Sequence, Vec<Sequence>>,
    /// Messages whose bodies are gone, and the deletions that did it.
    taken_back: BTreeMap<Sequence, Sequence>,
    pub failures: BTreeMap<(Sequence, UserId), DeliveryFailure>,
    received: BTreeMap<UserId, Sequence>,
    /// How far members have read, for as long as they are.
    read: BTreeMap<(UserId, ConversationId), Sequence>,
    tokens: BTreeMap<TokenHash, TokenRecord>,
    clock: Option<ClockMark>,
    /// What one account may store.
    pub stored_bytes_max: Option<u64>,
}

/// Names, by what they are in every spelling and by what they look like.
#[derive(Debug, Clone, Default)]
struct Looks {
    folded: BTreeSet<String>,
    looks: BTreeSet<String>,
}

/// A stay in a conversation: its member may read what comes after `since`, until it ends.
#[derive(Debug, Clone, Copy)]
struct Membership {
    since: Sequence,
    until: Option<Sequence>,
}

/// Entries of a request that is being carried out.
struct Batch<'a> {
    storage: &'a mut MemoryStorage,
    now: UnixTime,
    ticket: Ticket,
    entries: Vec<Entry>,
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self {
            generation: FIRST_GENERATION,
            log: Vec::new(),
            users: BTreeMap::new(),
            registered: BTreeMap::new(),
            compares_names: true,
            user_looks: Looks::default(),
            group_looks: Looks::default(),
            last_user: 0,
            groups: BTreeMap::new(),
            gone_groups: BTreeSet::new(),
            blocks: BTreeSet::new(),
            directs: BTreeMap::new(),
            last_conversation: 0,
            members: BTreeMap::new(),
            messages: BTreeMap::new(),
            message_by_id: BTreeMap::new(),
            changes: BTreeMap::new(),
            taken_back: BTreeMap::new(),
            failures: BTreeMap::new(),
            received: BTreeMap::new(),
            read: BTreeMap::new(),
            tokens: BTreeMap::new(),
            clock: None,
            stored_bytes_max: None,
        }
    }
}

impl MemoryStorage {
    /// One that takes whatever names come, as storage did once.
    pub fn before_names_were_compared() -> Self {
        Self { compares_names: false, ..Self::default() }
    }

    /// Carries a change out and commits it: the entries that came of it, and what became of it.
    pub fn write(&mut self, now: UnixTime, ticket: Ticket, write: &Write) -> (Vec<Entry>, Stored) {
        match write {
            Write::Append(drafts) => return self.append(now, ticket, drafts),
            Write::SignedIn(user, address) => {
                if let Some(user) = self.users.get_mut(user) {
                    user.address = *address;
                }
            }
            Write::SetReceived(cursors) => {
                for (user, sequence) in cursors {
                    if let Some(received) = self.received.get_mut(user) {
                        raise(received, *sequence);
                    }
                }
            }
            Write::SetRead(user, conversation, sequence) => {
                if self.member(*conversation, *user).is_some() {
                    raise(self.read.entry((*user, *conversation)).or_default(), *sequence);
                }
            }
            Write::AddFailure(sequence, user, failure) => {
                if self.messages.contains_key(sequence) {
                    self.failures.entry((*sequence, *user)).or_insert(*failure);
                }
            }
            Write::SetToken(token) => {
                self.tokens.insert(token.hash, token.clone());
            }
            Write::EndTokens(hashes) => self.end_tokens(|token| hashes.contains(&token.hash)),
            Write::RemoveToken(hash) => {
                self.tokens.remove(hash);
            }
            Write::SetClock(mark) => self.clock = Some(*mark),
            Write::Purge(purge) => self.purge(purge),
        }
        (Vec::new(), Stored::Done)
    }

    /// What a core starts with.
    pub fn snapshot(&self) -> Snapshot {
        let received = |user: &UserId| self.received.get(user).copied().unwrap_or_default();
        let directs = self.directs.iter().map(|((one, other), id)| (*id, *one, *other));
        let mut directs: Vec<_> = directs.collect();
        directs.sort_unstable();
        Snapshot {
            generation: self.generation,
            head: self.head(),
            users: self.users.values().map(|user| (user.clone(), received(&user.id))).collect(),
            groups: self.groups.values().cloned().collect(),
            blocks: self.blocks.iter().copied().collect(),
            directs,
            tokens: self.tokens.values().cloned().collect(),
            clock: self.clock,
        }
    }

    /// Somebody puts a backup in place of everything. It is another log from here on: what is
    /// written now takes places that other entries had.
    pub fn restore(&mut self, backup: Self, generation: Generation) {
        *self = Self { generation, ..backup };
    }

    /// Makes it the log that another storage has drawn.
    pub fn set_generation(&mut self, generation: Generation) {
        self.generation = generation;
    }

    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The place of the last entry.
    pub fn head(&self) -> Sequence {
        Sequence(self.log.len() as u64)
    }

    /// Every entry that was committed, purged ones and bodies that were taken back included.
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// The entries behind a place.
    pub fn log_after(&self, after: Sequence) -> &[Entry] {
        let at = usize::try_from(after.0).map_or(self.log.len(), |at| at.min(self.log.len()));
        &self.log[at..]
    }

    /// The messages that a reader of the whole log would find now, in their order.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = Arc<Message>> {
        self.messages.values().map(|message| self.seen(message, self.head()))
    }

    /// A message as it is now.
    pub fn message(&self, sequence: Sequence) -> Option<Arc<Message>> {
        Some(self.seen(self.messages.get(&sequence)?, self.head()))
    }

    /// The user who has registered a name.
    pub fn registered(&self, name: &str) -> Option<&UserRecord> {
        self.users.get(self.registered.get(name)?)
    }

    /// What a user is called.
    pub fn user_name(&self, user: UserId) -> Option<&UserName> {
        self.users.get(&user).map(|user| &user.name)
    }

    /// The users it knows, former guests included.
    pub fn users(&self) -> impl Iterator<Item = &UserRecord> {
        self.users.values()
    }

    /// Up to where a user has received everything.
    pub fn received(&self, user: UserId) -> Sequence {
        self.received.get(&user).copied().unwrap_or_default()
    }

    /// How many tokens are good for something.
    pub fn token_count(&self) -> usize {
        self.tokens.len()
    }

    fn append(&mut self, now: UnixTime, ticket: Ticket, drafts: &[Draft]) -> (Vec<Entry>, Stored) {
        if !drafts.iter().all(|draft| self.can_place(draft)) {
            return (Vec::new(), Stored::Failed);
        }
        let mut batch = Batch { storage: self, now, ticket, entries: Vec::new() };
        let placed = drafts.iter().enumerate().map(|(draft, what)| batch.place(draft, what));
        let placed = placed.collect();
        (batch.entries, Stored::Placed(placed))
    }

    /// Whether everything that a draft names is there. The core never asks for another.
    fn can_place(&self, draft: &Draft) -> bool {
        let is_user = |user: &UserId| self.users.contains_key(user);
        // Or was.
        let is_group = |group: &ConversationId| {
            let is_direct = self.directs.values().any(|direct| direct == group);
            *group != ConversationId::EVERYONE && group.0 <= self.last_conversation && !is_direct
        };
        match draft {
            Draft::Message(message) => {
                let is_target = match &message.to {
                    Target::Known(id) => id.0 <= self.last_conversation,
                    Target::Direct(one, other) => is_user(one) && is_user(other),
                };
                is_target && is_user(&message.sender)
            }
            Draft::User { .. } => true,
            Draft::Password { user, .. } | Draft::RenewedPassword { user, .. } => is_user(user),
            Draft::Group { members, invited, .. } => members.iter().chain(invited).all(is_user),
            Draft::Join(group, user, _)
            | Draft::Quit(group, user)
            | Draft::Remove { group, user, .. }
            | Draft::Standing(group, user, _) => is_group(group) && is_user(user),
            Draft::Rename(group, ..) | Draft::Policy(group, ..) => is_group(group),
            Draft::Block { user, other, .. } => is_user(user) && is_user(other),
            Draft::Settings { user, .. } => is_user(user),
        }
    }

    /// Whether its sender may store it beside what they have. What is taken back makes room.
    fn has_room_for(&self, draft: &MessageDraft) -> bool {
        let Some(bytes_max) = self.stored_bytes_max else { return true };
        let theirs = self.messages().filter(|message| message.sender == draft.sender);
        let stored: u64 = theirs.map(|message| stored_bytes(message.body.as_ref())).sum();
        let stored = stored + self.settings_bytes(draft.sender);
        matches!(draft.kind, MessageKind::Deletion(_))
            || stored + stored_bytes(draft.body.as_ref()) <= bytes_max
    }

    /// Whether a user may keep these in place of those since then; or what becomes of them.
    fn check_settings(
        &self,
        user: UserId,
        based_on: Option<Sequence>,
        text: &SettingsText,
    ) -> Result<(), Placed> {
        let kept = self.settings(user, self.head());
        if kept.as_ref().map(|kept| kept.sequence) != based_on {
            return Err(Placed::Outdated);
        }
        let theirs = self.messages().filter(|message| message.sender == user);
        let messages: u64 = theirs.map(|message| stored_bytes(message.body.as_ref())).sum();
        let bytes = text.as_str().len();
        let has_room = kept.is_some_and(|kept| bytes <= kept.text.as_str().len())
            || self
                .stored_bytes_max
                .is_none_or(|max| messages + (MESSAGE_BYTES_AROUND + bytes) as u64 <= max);
        has_room.then_some(()).ok_or(Placed::Refused(Refused::QuotaReached))
    }

    /// What a user's settings count for.
    fn settings_bytes(&self, user: UserId) -> u64 {
        let kept = self.settings(user, self.head());
        kept.map_or(0, |kept| (MESSAGE_BYTES_AROUND + kept.text.as_str().len()) as u64)
    }

    /// What a user kept when the log ended there.
    fn settings(&self, user: UserId, head: Sequence) -> Option<KeptSettings> {
        let mut known = self.log.iter().rev().filter(|entry| entry.sequence <= head);
        known.find_map(|entry| {
            let Change::Settings(of, text) = &entry.change else { return None };
            let kept = KeptSettings { sequence: entry.sequence, text: text.clone() };
            (*of == user).then_some(kept)
        })
    }

    fn member(&self, conversation: ConversationId, user: UserId) -> Option<Membership> {
        self.membership_at(conversation, user, self.head())
    }

    fn membership_at(
        &self,
        conversation: ConversationId,
        user: UserId,
        head: Sequence,
    ) -> Option<Membership> {
        let stays = self.members.get(&(conversation, user))?;
        let last = stays.iter().rev().find(|stay| stay.since <= head)?;
        last.until.is_none_or(|until| until > head).then_some(*last)
    }

    fn may_read(&self, user: UserId, message: &Message, head: Sequence) -> bool {
        let membership = self.membership_at(message.conversation, user, head);
        membership.is_some_and(|membership| message.sequence > membership.since)
    }

    /// Lines go with what changes them, if nobody waits for any of it; then tokens, then guests of
    /// whom nothing is left.
    fn purge(&mut self, purge: &Purge) {
        let is_gone = |message: &Message| self.gone_groups.contains(&message.conversation);
        let gone = self.messages.values().filter(|message| is_gone(message));
        for sequence in gone.map(|message| message.sequence).collect::<Vec<_>>() {
            self.changes.remove(&sequence);
            self.forget(sequence);
        }
        self.gone_groups.clear();
        let before = purge.messages_before.unwrap_or_default();
        let lines = self.messages.values().filter(|message| message.kind.is_line());
        let old = lines.filter(|line| line.time < before).map(|line| line.sequence);
        for line in old.collect::<Vec<_>>() {
            let changes = self.changes.get(&line).cloned().unwrap_or_default();
            let all: Vec<_> = [line].into_iter().chain(changes).collect();
            let messages = all.iter().filter_map(|sequence| self.messages.get(sequence));
            if messages.into_iter().all(|message| !self.is_awaited(message)) {
                self.changes.remove(&line);
                all.into_iter().for_each(|sequence| self.forget(sequence));
            }
        }
        self.tokens.retain(|_, token| token.expires_at >= purge.tokens_before);
        let guests = self.users.values().filter(|user| user.password.is_none());
        let guests = guests.filter(|user| user.since <= purge.known_to).map(|user| user.id);
        let gone = guests.filter(|guest| !purge.guests.contains(guest) && !self.has_left(*guest));
        for guest in gone.collect::<Vec<_>>() {
            self.forget_guest(guest);
        }
    }

    /// Whether anything is left of a user's messages, or of conversations with them; or a group that
    /// they are in.
    fn has_left(&self, user: UserId) -> bool {
        let is_theirs = |id| {
            self.directs
                .iter()
                .any(|((one, other), direct)| *direct == id && (*one == user || *other == user))
        };
        let mut groups = self.groups.values().flat_map(|group| &group.members);
        let mut messages = self.messages.values();
        groups.any(|(member, _)| *member == user)
            || messages.any(|message| message.sender == user || is_theirs(message.conversation))
    }

    /// Whether a registered member has still to receive a message.
    fn is_awaited(&self, message: &Message) -> bool {
        if message.conversation == ConversationId::EVERYONE {
            return false;
        }
        let all = (message.conversation, UserId(0))..=(message.conversation, UserId(u32::MAX));
        self.members.range(all).map(|((_, user), _)| *user).any(|user| {
            user != message.sender
                && self.users.get(&user).is_some_and(|user| user.password.is_some())
                && self.may_read(user, message, self.head())
                && self.received(user) < message.sequence
                && !self.failures.contains_key(&(message.sequence, user))
        })
    }

    fn forget(&mut self, sequence: Sequence) {
        let Some(message) = self.messages.remove(&sequence) else { return };
        self.message_by_id.remove(&(message.sender, message.id));
        self.taken_back.remove(&sequence);
        self.failures.retain(|(of, _), _| *of != sequence);
    }

    /// All tokens of a user but this one, if it is to be the only one.
    fn end_others(&mut self, user: UserId, only: Option<TokenHash>) {
        self.end_tokens(|token| token.user == user && only.is_some_and(|only| token.hash != only));
    }

    fn has_password(&self, user: UserId, compared: &Verifier) -> bool {
        let kept = self.users.get(&user).and_then(|user| user.password.as_ref());
        kept.is_some_and(|kept| kept.verifier == *compared)
    }

    fn end_tokens(&mut self, is_it: impl Fn(&TokenRecord) -> bool) {
        let tokens = self.tokens.values_mut().filter(|token| is_it(token));
        tokens.for_each(|token| token.is_ended = true);
    }

    fn forget_guest(&mut self, guest: UserId) {
        self.users.remove(&guest);
        self.received.remove(&guest);
        self.tokens.retain(|_, token| token.user != guest);
        self.failures.retain(|(_, user), _| *user != guest);
        self.members.retain(|(_, user), _| *user != guest);
        let is_theirs = |one: UserId, other: UserId| one == guest || other == guest;
        let gone = self.directs.iter().filter(|((one, other), _)| is_theirs(*one, *other));
        let gone: Vec<_> = gone.map(|(_, id)| *id).collect();
        self.directs.retain(|(one, other), _| !is_theirs(*one, *other));
        self.members.retain(|(conversation, _), _| !gone.contains(conversation));
        for group in self.groups.values_mut() {
            group.set_standing(guest, None);
        }
    }
}

impl Batch<'_> {
    fn place(&mut self, draft: usize, what: &Draft) -> Placed {
        let next = self.storage.head().next();
        let change = match what {
            Draft::Message(message) => return self.place_message(draft, message),
            Draft::User { name, password, address } => {
                let is_like = password.is_some()
                    && self.storage.compares_names
                    && self.storage.user_looks.has_like(name);
                if is_like || self.storage.registered.contains_key(name) {
                    return Placed::Taken;
                }
                Change::User(UserRecord {
                    id: UserId(self.storage.last_user + 1),
                    name: name.clone(),
                    password: password.clone(),
                    address: *address,
                    since: next,
                })
            }
            Draft::Password { user, compared, password, only_token } => {
                if !self.storage.has_password(*user, compared) {
                    return Placed::Taken;
                }
                self.storage.end_others(*user, *only_token);
                Change::Password(*user, password.clone())
            }
            Draft::RenewedPassword { user, compared, password } => {
                if !self.storage.has_password(*user, compared) {
                    return Placed::At(self.storage.head());
                }
                Change::Password(*user, password.clone())
            }
            Draft::Group { name, policy, members, invited } => {
                if self.storage.group_looks.has_like(name) {
                    return Placed::Taken;
                }
                let maker = Standing::Invited(members[0]);
                Change::Group(GroupRecord {
                    id: ConversationId(self.storage.last_conversation + 1),
                    name: name.clone(),
                    creator: members[0],
                    policy: *policy,
                    members: members.iter().map(|member| (*member, next)).collect(),
                    others: invited.iter().map(|user| (*user, maker)).collect(),
                    former_names: vec![],
                })
            }
            Draft::Block { user, other, is_blocked } => {
                if self.storage.blocks.contains(&(*user, *other)) == *is_blocked {
                    return Placed::At(self.storage.head());
                }
                Change::Block { user: *user, other: *other, is_blocked: *is_blocked }
            }
            Draft::Settings { user, based_on, text } => {
                if let Err(placed) = self.storage.check_settings(*user, *based_on, text) {
                    return placed;
                }
                Change::Settings(*user, text.clone())
            }
            Draft::Join(id, ..)
            | Draft::Quit(id, _)
            | Draft::Remove { group: id, .. }
            | Draft::Standing(id, ..)
            | Draft::Rename(id, ..)
            | Draft::Policy(id, ..) => match self.change_group(*id, what) {
                Ok(change) => change,
                Err(placed) => return placed,
            },
        };
        Placed::At(self.commit(draft, change))
    }

    fn place_message(&mut self, draft: usize, message: &MessageDraft) -> Placed {
        let storage = &*self.storage;
        if let Some(known) = storage.message_by_id.get(&(message.sender, message.id))
            && let Some(known) = storage.message(*known)
        {
            return Placed::Known(known);
        }
        if !storage.has_room_for(message) {
            return Placed::Refused(Refused::QuotaReached);
        }
        if let Target::Known(known) = message.to
            && storage.member(known, message.sender).is_none()
        {
            return Placed::Refused(Refused::NotAMember);
        }
        let conversation = match message.to {
            Target::Known(conversation) => Some(conversation),
            Target::Direct(one, other) => {
                storage.directs.get(&(one.min(other), one.max(other))).copied()
            }
        };
        if let Err(refused) = self.check_kind(conversation, message) {
            return Placed::Refused(refused);
        }
        let conversation = match (conversation, message.to) {
            (Some(conversation), _) | (None, Target::Known(conversation)) => conversation,
            (None, Target::Direct(one, other)) => {
                let id = ConversationId(storage.last_conversation + 1);
                self.commit(draft, Change::Direct(id, one.min(other), one.max(other)));
                id
            }
        };
        Placed::At(self.commit(
            draft,
            Change::Message(Arc::new(Message {
                sequence: self.storage.head().next(),
                time: self.time(),
                conversation,
                sender: message.sender,
                id: message.id,
                kind: message.kind.clone(),
                body: message.body.clone(),
            })),
        ))
    }

    /// Whether a message may be about the one that it is about.
    fn check_kind(
        &self,
        conversation: Option<ConversationId>,
        message: &MessageDraft,
    ) -> Result<(), Refused> {
        let Some(of) = message.kind.of() else { return Ok(()) };
        let target = self.storage.message(of).filter(|target| {
            Some(target.conversation) == conversation
                && target.kind.is_line()
                && target.body.is_some()
        });
        let target = target.ok_or(Refused::NoSuchMessage)?;
        if message.kind.is_for_author() && target.sender != message.sender {
            return Err(Refused::NotTheAuthor);
        }
        let changes_max = match &message.kind {
            MessageKind::Edit(_) => EDITS_PER_MESSAGE_MAX,
            MessageKind::Reaction(_) => REACTIONS_PER_MESSAGE_MAX,
            MessageKind::Text
            | MessageKind::Reply(_)
            | MessageKind::Deletion(_)
            | MessageKind::Unknown(_) => return Ok(()),
        };
        let changes = self.storage.changes.get(&of).into_iter().flatten();
        let changes = changes.filter_map(|change| self.storage.messages.get(change));
        let alike = changes.filter(|change| change.kind == message.kind).count();
        if alike < changes_max { Ok(()) } else { Err(Refused::TooManyChanges) }
    }

    /// The time of the next entry: never before its predecessor's.
    fn time(&self) -> UnixTime {
        self.storage.log.last().map_or(self.now, |last| last.time.max(self.now))
    }

    fn commit(&mut self, draft: usize, change: Change) -> Sequence {
        let sequence = self.storage.head().next();
        let origin = Some(Origin { ticket: self.ticket, draft });
        let entry = Entry { sequence, time: self.time(), origin, change };
        self.storage.apply(&entry);
        self.storage.log.push(entry.clone());
        self.entries.push(entry);
        sequence
    }
}

impl MemoryStorage {
    fn apply(&mut self, entry: &Entry) {
        match &entry.change {
            Change::Message(message) => self.add_message(message),
            Change::Direct(id, one, other) => {
                self.last_conversation = id.0;
                self.directs.insert((*one, *other), *id);
                self.add_member(*id, *one, Sequence::ZERO);
                self.add_member(*id, *other, Sequence::ZERO);
            }
            Change::User(user) => {
                self.last_user = user.id.0;
                if user.password.is_some() {
                    self.registered.insert(user.name.clone(), user.id);
                    self.user_looks.add(&user.name);
                }
                self.users.insert(user.id, user.clone());
                self.received.insert(user.id, user.since);
                self.add_member(ConversationId::EVERYONE, user.id, user.since);
            }
            Change::Password(user, password) => {
                if let Some(user) = self.users.get_mut(user) {
                    user.password = Some(password.clone());
                }
            }
            Change::Group(group) => {
                self.last_conversation = group.id.0;
                self.group_looks.add(&group.name);
                self.groups.insert(group.id, group.clone());
                for (member, since) in &group.members {
                    self.add_member(group.id, *member, *since);
                }
            }
            Change::Join(id, user) => {
                self.add_member(*id, *user, entry.sequence);
                if let Some(group) = self.groups.get_mut(id) {
                    group.add_member(*user, entry.sequence);
                }
            }
            Change::Quit(id, user) => self.remove_member(*id, *user, entry.sequence),
            Change::Remove(id, user) => {
                self.remove_member(*id, *user, entry.sequence);
                if let Some(group) = self.groups.get_mut(id) {
                    group.set_standing(*user, Some(Standing::Barred));
                }
            }
            Change::Standing(id, user, standing) => {
                if let Some(group) = self.groups.get_mut(id) {
                    group.set_standing(*user, *standing);
                }
            }
            Change::Rename(id, name) => {
                if let Some(group) = self.groups.get_mut(id) {
                    group.rename(entry.sequence, name.clone());
                }
                self.group_looks = Looks::of(self.groups.values().map(|group| &group.name));
            }
            Change::Policy(id, policy) => {
                if let Some(group) = self.groups.get_mut(id) {
                    group.policy = *policy;
                }
            }
            // They stand in the log.
            Change::Settings(..) => {}
            Change::Block { user, other, is_blocked } => {
                if *is_blocked {
                    self.blocks.insert((*user, *other));
                } else {
                    self.blocks.remove(&(*user, *other));
                }
            }
        }
    }

    fn add_message(&mut self, message: &Arc<Message>) {
        self.messages.insert(message.sequence, Arc::clone(message));
        self.message_by_id.insert((message.sender, message.id), message.sequence);
        let Some(of) = message.kind.of().filter(|_| !message.kind.is_line()) else { return };
        if matches!(message.kind, MessageKind::Deletion(_)) {
            let changes = self.changes.get(&of).into_iter().flatten().copied();
            for gone in changes.chain([of]) {
                self.taken_back.insert(gone, message.sequence);
            }
        }
        self.changes.entry(of).or_default().push(message.sequence);
    }

    fn add_member(&mut self, conversation: ConversationId, user: UserId, since: Sequence) {
        let stays = self.members.entry((conversation, user)).or_default();
        // Notes to oneself name their one member twice.
        if stays.last().is_none_or(|stay| stay.until.is_some()) {
            stays.push(Membership { since, until: None });
        }
    }
}

/// What a message with such a body counts for.
fn stored_bytes(body: Option<&Body>) -> u64 {
    (MESSAGE_BYTES_AROUND + body.map_or(0, |body| body.as_str().len())) as u64
}

fn raise(place: &mut Sequence, to: Sequence) {
    *place = (*place).max(to);
}
