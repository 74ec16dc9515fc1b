//! Storage from outside: what is written, what comes back, and what the file is afterwards.

mod appends;
mod files;
mod pages;
mod sweeps;
mod threads;
mod usage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use netchat_core::storage::{
    Admission, Change, ConversationId, Draft, Entry, GroupRecord, KeptPassword, Loaded, Message,
    MessageDraft, OverviewLine, Page, Placed, Purge, Query, Refused, Sequence, Snapshot, Standing,
    StandingStep, Stored, StoredMessage, Target, Ticket, TokenHash, TokenRecord, UserId,
    UserRecord, Verifier, Write,
};
use netchat_shared::body::Body;
use netchat_shared::extended::{HistoryFrom, JoinPolicy};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::time::{Instant, Now, UnixTime};
use tempfile::TempDir;

use super::database::{Database, DatabaseError};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);
const CAROL: UserId = UserId(3);

/// A token of somebody's, given at 5.
fn token_record(hash: TokenHash, user: UserId, expires_at: UnixTime) -> TokenRecord {
    let device = "Firefox on Linux".parse().ok();
    let since = UnixTime { millis: 5 };
    TokenRecord { hash, user, since, expires_at, device, is_ended: false }
}

/// A database in a folder of its own, and a clock that stands still unless it is set.
struct Fixture {
    folder: TempDir,
    database: Option<Database>,
    seconds: u64,
    next_id: u128,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut fixture = Self { folder, database: None, seconds: 1_000, next_id: 0 };
        fixture.open();
        fixture
    }

    /// alice, bob and carol, at the places 1, 2 and 3.
    fn with_people() -> Self {
        let mut fixture = Self::new();
        for name in ["alice", "bob", "carol"] {
            fixture.add_user(name, true);
        }
        fixture
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("netchat.db")
    }

    fn try_open(&mut self) -> Result<(), DatabaseError> {
        self.database = None;
        self.database = Some(Database::open(&self.path())?);
        Ok(())
    }

    fn open(&mut self) {
        self.try_open().unwrap();
    }

    fn close(&mut self) {
        self.database = None;
    }

    fn database(&mut self) -> &mut Database {
        self.database.as_mut().unwrap()
    }

    fn snapshot(&mut self) -> Snapshot {
        self.database().snapshot().unwrap()
    }

    /// A number that the file itself gives.
    fn count(&self, sql: &str) -> u64 {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn write_all(&mut self, writes: Vec<Write>) -> (Vec<Entry>, Vec<Stored>) {
        let writes: Vec<_> = (0..).map(Ticket).zip(writes).collect();
        let monotonic = Instant::from_origin(Duration::from_secs(self.seconds));
        let calendar = UnixTime { millis: self.seconds * 1_000 };
        let committed = self.database().write(&writes, Now { monotonic, calendar });
        let tickets: Vec<_> = committed.stored.iter().map(|(ticket, _)| *ticket).collect();
        assert_eq!(tickets, writes.iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>());
        (committed.entries, committed.stored.into_iter().map(|(_, stored)| stored).collect())
    }

    fn write(&mut self, write: Write) -> Stored {
        let (_, mut stored) = self.write_all(vec![write]);
        stored.pop().unwrap()
    }

    fn append(&mut self, drafts: Vec<Draft>) -> Vec<Placed> {
        let stored = self.write(Write::Append(drafts));
        let Stored::Placed(placed) = stored else { panic!("{stored:?}") };
        placed
    }

    fn append_one(&mut self, draft: Draft) -> Placed {
        let mut placed = self.append(vec![draft]);
        assert_eq!(placed.len(), 1);
        placed.pop().unwrap()
    }

    #[track_caller]
    fn place(&mut self, draft: Draft) -> Sequence {
        let placed = self.append_one(draft);
        let Placed::At(sequence) = placed else { panic!("{placed:?}") };
        sequence
    }

    fn add_user(&mut self, name: &str, is_registered: bool) -> Sequence {
        self.place(user(name, is_registered))
    }

    /// A draft with an id of its own.
    fn draft(&mut self, sender: UserId, to: Target, kind: MessageKind, body: &str) -> Draft {
        self.next_id += 1;
        let body = (!body.is_empty()).then(|| Body::from_wire(body));
        let id = MessageId(7 << 64 | self.next_id);
        Draft::Message(MessageDraft { to, sender, id, kind, body })
    }

    #[track_caller]
    fn send(&mut self, sender: UserId, to: Target, kind: MessageKind, body: &str) -> Sequence {
        let draft = self.draft(sender, to, kind, body);
        self.place(draft)
    }

    fn say(&mut self, sender: UserId, to: Target) -> Sequence {
        self.send(sender, to, MessageKind::Text, "Ym9keQ==")
    }

    fn refusal(&mut self, sender: UserId, to: Target, kind: MessageKind) -> Refused {
        let draft = self.draft(sender, to, kind, "Ym9keQ==");
        let placed = self.append_one(draft);
        let Placed::Refused(refused) = placed else { panic!("{placed:?}") };
        refused
    }

    fn page(&mut self, query: &Query) -> (Page, Sequence) {
        match self.database().load(query) {
            Loaded::Page { page, complete_to } => (page, complete_to),
            Loaded::Failed => panic!("{query:?}"),
        }
    }

    fn backlog_messages(&mut self, user: UserId, after: u64) -> (Vec<Arc<Message>>, u64) {
        match self.page(&Query::Backlog(user, Sequence(after))) {
            (Page::Backlog(messages), complete_to) => (messages, complete_to.0),
            other => panic!("{other:?}"),
        }
    }

    fn backlog(&mut self, user: UserId, after: u64) -> (Vec<u64>, u64) {
        let (messages, complete_to) = self.backlog_messages(user, after);
        (messages.iter().map(|message| message.sequence.0).collect(), complete_to)
    }

    fn history(
        &mut self,
        user: UserId,
        conversation: ConversationId,
        before: Option<u64>,
        limit: u16,
    ) -> (Vec<StoredMessage>, bool) {
        self.lines(user, conversation, HistoryFrom::Before(before.map(Sequence)), limit)
    }

    fn lines(
        &mut self,
        user: UserId,
        conversation: ConversationId,
        from: HistoryFrom,
        limit: u16,
    ) -> (Vec<StoredMessage>, bool) {
        match self.page(&Query::History(user, conversation, from, limit)) {
            (Page::History(messages, has_more), _) => (messages, has_more),
            other => panic!("{other:?}"),
        }
    }

    fn overview_lines(&mut self, user: UserId, before: Option<u64>) -> (Vec<OverviewLine>, bool) {
        match self.page(&Query::Overview(user, before.map(Sequence))) {
            (Page::Overview(lines, has_more), _) => (lines, has_more),
            other => panic!("{other:?}"),
        }
    }

    /// The places of the latest lines, and up to where they were read.
    fn overview(&mut self, user: UserId, before: Option<u64>) -> (Vec<(u64, u64)>, bool) {
        let (lines, has_more) = self.overview_lines(user, before);
        let places = lines.iter().map(|of| (of.line.message.sequence.0, of.read.0));
        (places.collect(), has_more)
    }

    /// How many lines of others each of their conversations has that they have not read, the
    /// conversation with the latest line first.
    fn unread(&mut self, user: UserId) -> Vec<u32> {
        let (lines, _) = self.overview_lines(user, None);
        lines.iter().map(|of| of.unread.get()).collect()
    }

    /// Asks for a sweep, and carries it to its end.
    fn purge(&mut self, before_seconds: u64, guests: Vec<UserId>) {
        let before = UnixTime { millis: before_seconds * 1_000 };
        let purge = Purge {
            messages_before: Some(before),
            tokens_before: before,
            guests,
            known_to: Sequence(i64::MAX as u64),
        };
        assert_eq!(self.write(Write::Purge(purge)), Stored::Done);
        while self.database().has_upkeep() {
            self.database().keep_up(true);
        }
    }
}

fn user(name: &str, is_registered: bool) -> Draft {
    Draft::User {
        name: name.parse().unwrap(),
        password: is_registered.then(|| password(&format!("hash of {name}"))),
        address: "127.0.0.1:1".parse().unwrap(),
    }
}

fn password(hash: &str) -> KeptPassword {
    KeptPassword { verifier: Verifier::parse(hash), was_readable: false }
}

fn group(name: &str, members: &[UserId]) -> Draft {
    let (name, members) = (name.parse().unwrap(), members.to_vec());
    Draft::Group { name, policy: JoinPolicy::Anyone, members, invited: vec![] }
}

fn join(group: ConversationId, user: UserId) -> Draft {
    Draft::Join(group, user, Admission::Open)
}

fn places(lines: &[StoredMessage]) -> Vec<u64> {
    lines.iter().map(|line| line.message.sequence.0).collect()
}

fn sequences(messages: &[Arc<Message>]) -> Vec<u64> {
    messages.iter().map(|message| message.sequence.0).collect()
}

const EVERYONE: Target = Target::Known(ConversationId::EVERYONE);
const ALICE_AND_BOB: Target = Target::Direct(ALICE, BOB);
