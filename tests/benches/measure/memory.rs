//! Storage that keeps next to nothing: what the server costs beside its database.
//!
//! It answers like the database as far as the benchmarks ask. It never finds an id used before,
//! refuses no name, and of each conversation keeps the latest lines only.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use netchat_core::limits::PAGE_MESSAGES_MAX;
use netchat_core::storage::{
    Change, ConversationId, Draft, Entry, Generation, Loaded, Message, MessageDraft, Origin, Page,
    Placed, Query, Sequence, Snapshot, Stored, StoredMessage, Target, Ticket, TokenHash,
    TokenRecord, UserId, UserRecord, Write,
};
use netchat_shared::extended::HistoryFrom;
use netchat_shared::name::UserName;
use netchat_shared::time::UnixTime;
use netchat_tests::opaque::Keeper;

/// The password of the server, and everyone's own.
pub(crate) const PASSWORD: &str = "password";

/// The storage.
#[derive(Debug, Default)]
pub(crate) struct FastMemory {
    head: u64,
    users: Vec<UserRecord>,
    conversations: u32,
    directs: BTreeMap<(UserId, UserId), ConversationId>,
    tokens: BTreeMap<TokenHash, TokenRecord>,
    lines: BTreeMap<ConversationId, VecDeque<Arc<Message>>>,
}

impl FastMemory {
    /// With so many registered users, `person0` and so on, each with so many conversations.
    pub(crate) fn with_users(count: u32, partners: u32) -> Self {
        let mut memory = Self::default();
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut keeper = Keeper::new();
        for index in 0..count {
            let name: UserName = format!("person{index}").parse().unwrap();
            let password = Some(keeper.keep(&name, PASSWORD));
            memory.place(UnixTime::default(), Draft::User { name, password, address });
        }
        // Spread over everyone: partners who came at the same moment would be told together.
        let apart = (count / (partners + 1)).max(1);
        for (one, nth) in (0..count).flat_map(|one| (1..=partners / 2).map(move |nth| (one, nth))) {
            let other = (one + nth * apart) % count;
            if one != other {
                let target = Target::Direct(UserId(one + 1), UserId(other + 1));
                memory.conversation(UnixTime::default(), target, &mut Vec::new());
            }
        }
        memory
    }

    /// Carries out a change: what was committed, and the answer to the request.
    pub(crate) fn write(
        &mut self,
        time: UnixTime,
        ticket: Ticket,
        write: Write,
    ) -> (Vec<Entry>, Stored) {
        let mut entries = Vec::new();
        let stored = match write {
            Write::Append(drafts) => {
                let drafts = drafts.into_iter().enumerate();
                let placed = drafts.map(|(draft, what)| {
                    let first = entries.len();
                    let changes = self.place(time, what);
                    entries.extend(changes);
                    for entry in &mut entries[first..] {
                        entry.origin = Some(Origin { ticket, draft });
                    }
                    Placed::At(Sequence(self.head))
                });
                Stored::Placed(placed.collect())
            }
            Write::SetToken(token) => {
                self.tokens.insert(token.hash, token);
                Stored::Done
            }
            Write::EndTokens(hashes) => {
                let ended = self.tokens.values_mut().filter(|token| hashes.contains(&token.hash));
                ended.for_each(|token| token.is_ended = true);
                Stored::Done
            }
            Write::RemoveToken(hash) => {
                self.tokens.remove(&hash);
                Stored::Done
            }
            Write::SignedIn(..)
            | Write::SetReceived(_)
            | Write::SetRead(..)
            | Write::AddFailure(..)
            | Write::SetClock(_)
            | Write::Purge(_) => Stored::Done,
        };
        (entries, stored)
    }

    /// Answers a question.
    pub(crate) fn load(&self, query: &Query) -> Loaded {
        let page = match query {
            Query::Backlog(..) => Page::Backlog(Vec::new()),
            Query::History(_, conversation, from, limit) => {
                self.history(*conversation, *from, usize::from(*limit))
            }
            Query::Overview(..) => Page::Overview(Vec::new(), false),
            Query::Failures(..) => Page::Failures(Vec::new()),
            Query::Settings(_) => Page::Settings(None),
        };
        Loaded::Page { page, complete_to: Sequence(self.head) }
    }

    /// What a server starts with.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let directs = self.directs.iter().map(|(&(one, other), &id)| (id, one, other));
        let head = Sequence(self.head);
        Snapshot {
            generation: Generation(1),
            head,
            users: self.users.iter().map(|user| (user.clone(), head)).collect(),
            groups: Vec::new(),
            blocks: Vec::new(),
            directs: directs.collect(),
            tokens: self.tokens.values().cloned().collect(),
            clock: None,
        }
    }

    /// The entries of a draft, its own last.
    fn place(&mut self, time: UnixTime, draft: Draft) -> Vec<Entry> {
        let mut entries = Vec::new();
        let change = match draft {
            Draft::Message(message) => {
                let conversation = self.conversation(time, message.to, &mut entries);
                Change::Message(self.message(time, conversation, message))
            }
            Draft::User { name, password, address } => {
                let id = UserId(self.users.len() as u32 + 1);
                let since = Sequence(self.head + 1);
                let user = UserRecord { id, name, password, address, since };
                self.users.push(user.clone());
                Change::User(user)
            }
            Draft::Password { user, password, .. }
            | Draft::RenewedPassword { user, password, .. } => Change::Password(user, password),
            Draft::Group { .. }
            | Draft::Join(..)
            | Draft::Quit(..)
            | Draft::Remove { .. }
            | Draft::Standing(..)
            | Draft::Rename(..)
            | Draft::Policy(..)
            | Draft::Block { .. }
            | Draft::Settings { .. } => panic!("nobody here has a group, or settings"),
        };
        entries.push(self.entry(time, change));
        entries
    }

    fn conversation(
        &mut self,
        time: UnixTime,
        target: Target,
        entries: &mut Vec<Entry>,
    ) -> ConversationId {
        let (one, other) = match target {
            Target::Known(conversation) => return conversation,
            Target::Direct(one, other) => (one.min(other), one.max(other)),
        };
        if let Some(&known) = self.directs.get(&(one, other)) {
            return known;
        }
        let id = self.new_conversation();
        self.directs.insert((one, other), id);
        entries.push(self.entry(time, Change::Direct(id, one, other)));
        id
    }

    fn new_conversation(&mut self) -> ConversationId {
        self.conversations += 1;
        ConversationId(self.conversations)
    }

    fn message(
        &mut self,
        time: UnixTime,
        conversation: ConversationId,
        draft: MessageDraft,
    ) -> Arc<Message> {
        let message = Arc::new(Message {
            sequence: Sequence(self.head + 1),
            time,
            conversation,
            sender: draft.sender,
            id: draft.id,
            kind: draft.kind,
            body: draft.body,
        });
        let lines = self.lines.entry(conversation).or_default();
        if lines.len() >= PAGE_MESSAGES_MAX {
            lines.pop_front();
        }
        lines.push_back(Arc::clone(&message));
        message
    }

    fn entry(&mut self, time: UnixTime, change: Change) -> Entry {
        self.head += 1;
        Entry { sequence: Sequence(self.head), time, origin: None, change }
    }

    fn history(&self, conversation: ConversationId, from: HistoryFrom, limit: usize) -> Page {
        let lines = self.lines.get(&conversation).into_iter().flatten().rev();
        let HistoryFrom::Before(before) = from else { panic!("nobody here reads on") };
        let earlier = lines.filter(|line| before.is_none_or(|before| line.sequence < before));
        let page = earlier.take(limit).map(|line| StoredMessage {
            message: Arc::clone(line),
            failures: Vec::new(),
            changes: Vec::new(),
        });
        Page::History(page.collect(), false)
    }
}
