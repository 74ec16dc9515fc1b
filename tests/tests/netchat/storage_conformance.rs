//! The database does what the plain model of storage does: the same changes give the same entries,
//! the same answers, the same pages and the same snapshot.

use std::collections::BTreeSet;

use netchat_core::limits::{EDITS_PER_MESSAGE_MAX, REACTIONS_PER_MESSAGE_MAX};
use netchat_core::storage::{
    Admission, Change, ClockMark, ConversationId, DeliveryFailure, Draft, KeptPassword, Loaded,
    MessageDraft, Page, Placed, Purge, Query, Refused, Sequence, StandingStep, Stored, Target,
    Ticket, TokenHash, TokenRecord, UserId, Verifier, Write,
};
use netchat_server::store::Committed;
use netchat_shared::body::Body;
use netchat_shared::extended::{HistoryFrom, JoinPolicy};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::time::UnixTime;
use netchat_tests::memory_storage::MemoryStorage;
use netchat_tests::sim_server::Storage;
use netchat_tests::sqlite_storage::SqliteStorage;
use proptest::prelude::*;
use proptest::sample::Index;

/// Little enough to be reached.
const STORED_BYTES_MAX: u64 = 20_000;

/// Something to do. Indexes pick among what there is at that point.
#[derive(Debug, Clone)]
enum Step {
    /// Time passes on the calendar; or somebody sets it back.
    Pass(i64),
    Append(Vec<Proposal>),
    SignedIn(Index, u16),
    Received(Vec<(Index, Index)>),
    Read(Index, Index, Index),
    Failure(Index, Index, bool),
    Token(u8, Index, u64),
    EndTokens(Vec<u8>),
    RemoveToken(u8),
    Clock(u64),
    Purge {
        messages: Option<u64>,
        tokens: u64,
        guests: Vec<Index>,
    },
}

/// A draft, before it is known what there is.
#[derive(Debug, Clone)]
enum Proposal {
    User {
        name: u8,
        is_guest: bool,
    },
    Password(Index, bool, Option<u8>),
    RenewedPassword(Index, bool),
    Group {
        name: u8,
        policy: u8,
        members: Vec<Index>,
        invited: Vec<Index>,
    },
    /// Something about a group: which, and about whom.
    Of(Index, Index, OfGroup),
    Block(Index, Index, bool),
    /// So many bytes; based on what is kept, or not.
    Settings(Index, usize, bool),
    Message {
        sender: Index,
        to: To,
        id: u8,
        kind: Kind,
        about: Index,
        bytes: usize,
    },
}

#[derive(Debug, Clone)]
enum OfGroup {
    /// Where it takes somebody else, by the person with that index.
    Join(Index, u8),
    Quit,
    Remove(Index),
    Standing(Index, u8),
    Rename(Index, u8),
    Policy(Index, u8),
}

#[derive(Debug, Clone)]
enum To {
    Everyone,
    User(Index),
    Group(Index),
    /// Where the message is that it is about.
    There,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Reply,
    Edit,
    Deletion,
    Reaction,
}

/// One of a few names, some of them in several spellings, or looking like others.
fn password(hash: &str) -> KeptPassword {
    KeptPassword { verifier: Verifier::parse(hash), was_readable: hash == "hash" }
}

fn spelling(name: &str, number: u8) -> String {
    let name = format!("{name}{}", number / 2);
    match number % 4 {
        1 => name.to_uppercase(),
        3 => name.replace('r', "г"),
        _ => name,
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        5 => Just(Kind::Text),
        1 => Just(Kind::Reply),
        2 => Just(Kind::Edit),
        1 => Just(Kind::Deletion),
        2 => Just(Kind::Reaction),
    ]
}

fn messages() -> impl Strategy<Value = Proposal> {
    let to = prop_oneof![
        1 => Just(To::Everyone),
        3 => any::<Index>().prop_map(To::User),
        3 => any::<Index>().prop_map(To::Group),
        3 => Just(To::There),
    ];
    let bytes = prop_oneof![8 => 1..100_usize, 1 => 5_000..60_000_usize];
    (any::<Index>(), to, any::<u8>(), kinds(), any::<Index>(), bytes).prop_map(
        |(sender, to, id, kind, about, bytes)| Proposal::Message {
            sender,
            to,
            id,
            kind,
            about,
            bytes,
        },
    )
}

fn groups() -> impl Strategy<Value = Proposal> {
    let people = || prop::collection::vec(any::<Index>(), 0..4);
    (0..6_u8, 0..3_u8, people(), people()).prop_map(|(name, policy, members, invited)| {
        Proposal::Group { name, policy, members, invited }
    })
}

fn of_group() -> impl Strategy<Value = OfGroup> {
    let by = any::<Index>;
    prop_oneof![
        3 => (by(), 0..3_u8).prop_map(|(by, admission)| OfGroup::Join(by, admission)),
        2 => Just(OfGroup::Quit),
        1 => by().prop_map(OfGroup::Remove),
        5 => (by(), 0..6_u8).prop_map(|(by, step)| OfGroup::Standing(by, step)),
        1 => (by(), 0..6_u8).prop_map(|(by, name)| OfGroup::Rename(by, name)),
        1 => (by(), 0..3_u8).prop_map(|(by, policy)| OfGroup::Policy(by, policy)),
    ]
}

fn proposals() -> impl Strategy<Value = Proposal> {
    let indexes = || any::<Index>();
    prop_oneof![
        2 => (0..12_u8, prop::bool::weighted(0.3))
            .prop_map(|(name, is_guest)| Proposal::User { name, is_guest }),
        1 => (indexes(), any::<bool>(), prop::option::of(0..8_u8))
            .prop_map(|(user, is_changed, only)| Proposal::Password(user, is_changed, only)),
        1 => (indexes(), any::<bool>())
            .prop_map(|(user, is_changed)| Proposal::RenewedPassword(user, is_changed)),
        1 => groups(),
        6 => (indexes(), indexes(), of_group()).prop_map(|(group, user, what)| Proposal::Of(group, user, what)),
        1 => (indexes(), indexes(), prop::bool::weighted(0.7))
            .prop_map(|(user, other, is_blocked)| Proposal::Block(user, other, is_blocked)),
        1 => (indexes(), prop_oneof![0..300_usize, 5_000..8_000_usize], prop::bool::weighted(0.8))
            .prop_map(|(user, bytes, knows)| Proposal::Settings(user, bytes, knows)),
        12 => messages(),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let indexes = || any::<Index>();
    let cursors = prop::collection::vec((indexes(), indexes()), 1..4);
    let guests = prop::collection::vec(indexes(), 0..2);
    prop_oneof![
        2 => (-2_000..10_000_i64).prop_map(Step::Pass),
        12 => prop::collection::vec(proposals(), 1..4).prop_map(Step::Append),
        1 => (indexes(), any::<u16>()).prop_map(|(user, port)| Step::SignedIn(user, port)),
        3 => cursors.prop_map(Step::Received),
        1 => (indexes(), indexes(), indexes())
            .prop_map(|(user, conversation, at)| Step::Read(user, conversation, at)),
        2 => (indexes(), indexes(), any::<bool>())
            .prop_map(|(message, user, is_lost)| Step::Failure(message, user, is_lost)),
        1 => (0..8_u8, indexes(), 0..100_000_u64)
            .prop_map(|(token, user, until)| Step::Token(token, user, until)),
        1 => prop::collection::vec(0..8_u8, 0..4).prop_map(Step::EndTokens),
        1 => (0..8_u8).prop_map(Step::RemoveToken),
        1 => any::<u32>().prop_map(|seen| Step::Clock(seen.into())),
        1 => (prop::option::of(0..100_000_u64), 0..100_000_u64, guests)
            .prop_map(|(messages, tokens, guests)| Step::Purge { messages, tokens, guests }),
    ]
}

/// The model and the database, side by side.
struct Pair {
    model: MemoryStorage,
    database: SqliteStorage,
    now: UnixTime,
    tickets: u64,
    /// What the model has done already, and the database does together.
    waiting: Vec<(Ticket, Write)>,
    /// What has to come of it.
    expected: Committed,
}

impl Pair {
    fn new() -> Self {
        let database = SqliteStorage::new();
        let mut model = MemoryStorage::default();
        model.set_generation(database.generation());
        Self {
            model,
            database,
            now: UnixTime { millis: 1_700_000_000_000 },
            tickets: 0,
            waiting: Vec::new(),
            expected: Committed::default(),
        }
    }

    /// Does something in the model, and in the database with the next commit.
    fn write_later(&mut self, write: Write) -> Stored {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let (entries, stored) = self.model.write(self.now, ticket, &write);
        self.waiting.push((ticket, write));
        self.expected.entries.extend(entries);
        self.expected.stored.push((ticket, stored.clone()));
        stored
    }

    /// Does in the database what waits.
    #[track_caller]
    fn commit(&mut self) {
        let writes = std::mem::take(&mut self.waiting);
        let expected = std::mem::take(&mut self.expected);
        let found = self.database.write_all(self.now, &writes);
        assert_eq!(found.stored, expected.stored, "after {writes:?}");
        assert_eq!(found.entries, expected.entries, "after {writes:?}");
    }

    /// Does something in both.
    #[track_caller]
    fn write(&mut self, write: Write) -> Stored {
        let stored = self.write_later(write);
        self.commit();
        stored
    }

    #[track_caller]
    fn append(&mut self, drafts: Vec<Draft>) -> Vec<Placed> {
        match self.write(Write::Append(drafts)) {
            Stored::Placed(placed) => placed,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn load(&mut self, query: &Query) -> Page {
        let expected = self.model.load(query);
        let found = self.database.load(query);
        assert_eq!(found, expected, "to {query:?}");
        let Loaded::Page { page, .. } = expected else { panic!("the model answers") };
        page
    }

    fn users(&self) -> Vec<UserId> {
        self.model.users().map(|user| user.id).collect()
    }

    /// Conversations that there have been.
    fn conversations(&self) -> Vec<ConversationId> {
        let snapshot = self.model.snapshot();
        let groups = snapshot.groups.iter().map(|group| group.id);
        let directs = snapshot.directs.iter().map(|(id, ..)| *id);
        [ConversationId::EVERYONE].into_iter().chain(groups).chain(directs).collect()
    }

    /// Groups that there are, or were.
    fn groups(&self) -> Vec<ConversationId> {
        let made = self.model.log().iter().filter_map(|entry| match &entry.change {
            Change::Group(group) => Some(group.id),
            _ => None,
        });
        made.collect()
    }

    fn pick_user(&self, index: Index) -> Option<UserId> {
        let users = self.users();
        (!users.is_empty()).then(|| *index.get(&users))
    }

    fn is_guest(&self, user: UserId) -> bool {
        self.model.users().any(|it| it.id == user && it.password.is_none())
    }

    /// Since when what a user keeps is kept.
    fn settings_place(&self, user: UserId) -> Option<Sequence> {
        match self.model.load(&Query::Settings(user)) {
            Loaded::Page { page: Page::Settings(kept), .. } => kept.map(|kept| kept.sequence),
            other => panic!("{other:?}"),
        }
    }

    fn pick_group(&self, index: Index) -> Option<ConversationId> {
        let groups = self.groups();
        (!groups.is_empty()).then(|| *index.get(&groups))
    }

    /// Somebody who does something about a group: its maker, another member, or whoever.
    fn pick_actor(&self, group: ConversationId, index: Index) -> Option<UserId> {
        let groups = self.model.snapshot().groups;
        let group = groups.iter().find(|it| it.id == group);
        let members = group.map_or(&[][..], |group| &group.members);
        let maker = members.first().into_iter().cycle().take(6);
        let known = maker.chain(members).map(|(user, _)| *user);
        let actors: Vec<_> = known.chain(self.users()).collect();
        (!actors.is_empty()).then(|| *index.get(&actors))
    }

    /// A place in the log, mostly of a message; sometimes one that is not there yet.
    fn pick_place(&self, index: Index) -> Sequence {
        Sequence(1 + index.index(self.model.log().len() + 2) as u64)
    }

    /// Every page of everything that anybody could ask for.
    fn compare_everything(&mut self) {
        let (users, conversations) = (self.users(), self.conversations());
        for user in users {
            let mut after = Sequence::ZERO;
            loop {
                let Page::Backlog(page) = self.load(&Query::Backlog(user, after)) else { panic!() };
                let Some(last) = page.last() else { break };
                after = last.sequence;
            }
            for conversation in &conversations {
                self.compare_lines(user, *conversation);
            }
            let mut before = None;
            loop {
                let query = Query::Overview(user, before);
                let Page::Overview(page, has_more) = self.load(&query) else { panic!() };
                before = page.last().map(|of| of.line.message.sequence);
                if !has_more {
                    break;
                }
            }
            self.load(&Query::Settings(user));
            self.load(&Query::Failures(user, Sequence::ZERO));
            self.load(&Query::Failures(user, Sequence(self.model.head().0 / 2)));
        }
        self.compare_snapshots();
    }

    /// Every page of a conversation, from its end, from its beginning, and from some times on.
    fn compare_lines(&mut self, user: UserId, conversation: ConversationId) {
        let times = [0, self.now.millis - 10_000, self.now.millis, self.now.millis + 1_000_000];
        let times = times.map(|millis| HistoryFrom::At(UnixTime { millis }));
        let ends = [HistoryFrom::Before(None), HistoryFrom::After(Sequence::ZERO)];
        for mut from in ends.into_iter().chain(times) {
            loop {
                let query = Query::History(user, conversation, from, 7);
                let Page::History(page, has_more) = self.load(&query) else { panic!() };
                let Some(last) = page.last() else { break };
                from = match from.is_forward() {
                    true => HistoryFrom::After(last.message.sequence),
                    false => HistoryFrom::Before(Some(last.message.sequence)),
                };
                if !has_more {
                    break;
                }
            }
        }
    }

    fn compare_snapshots(&mut self) {
        assert_eq!(self.database.snapshot(), self.model.snapshot());
    }

    fn draft_of_group(&self, (group, user): (Index, Index), what: &OfGroup) -> Option<Draft> {
        let (group, user) = (self.pick_group(group)?, self.pick_user(user)?);
        Some(match what {
            OfGroup::Join(by, admission) => {
                let admission = match admission {
                    0 => Admission::Open,
                    1 => Admission::Invited,
                    _ => Admission::LetIn(self.pick_actor(group, *by)?),
                };
                Draft::Join(group, user, admission)
            }
            OfGroup::Quit => Draft::Quit(group, user),
            OfGroup::Remove(by) => Draft::Remove { group, user, by: self.pick_actor(group, *by)? },
            OfGroup::Standing(by, step) => {
                let by = self.pick_actor(group, *by)?;
                let step = match step {
                    0 => StandingStep::Invite(by),
                    1 => StandingStep::TakeBack(by),
                    2 => StandingStep::Decline,
                    3 => StandingStep::Ask,
                    4 => StandingStep::StopAsking,
                    _ => StandingStep::TurnAway(by),
                };
                Draft::Standing(group, user, step)
            }
            OfGroup::Rename(by, name) => {
                let by = self.pick_actor(group, *by)?;
                Draft::Rename(group, by, spelling("group", *name).parse().unwrap())
            }
            OfGroup::Policy(by, policy) => {
                let by = self.pick_actor(group, *by)?;
                Draft::Policy(group, by, JoinPolicy::ALL[usize::from(*policy)].0)
            }
        })
    }

    fn draft(&self, proposal: &Proposal) -> Option<Draft> {
        Some(match proposal {
            Proposal::User { name, is_guest } => Draft::User {
                name: spelling("user", *name).parse().unwrap(),
                password: (!is_guest).then(|| password("hash")),
                address: "10.0.0.1:1".parse().unwrap(),
            },
            Proposal::Password(user, is_changed, only) => {
                let user = self.pick_user(*user)?;
                // Guests have none, and never get one.
                let is_guest = self.is_guest(user);
                let only_token = only.map(|only| TokenHash([only; 32]));
                let compared = password(if *is_changed { "other" } else { "hash" }).verifier;
                let password = password("other");
                (!is_guest).then_some(Draft::Password { user, compared, password, only_token })?
            }
            Proposal::RenewedPassword(user, is_changed) => {
                let compared = password(if *is_changed { "other" } else { "hash" }).verifier;
                let user = self.pick_user(*user)?;
                Draft::RenewedPassword { user, compared, password: password("renewed") }
            }
            Proposal::Group { name, policy, members, invited } => {
                let mut seen = BTreeSet::new();
                let mut pick = |people: &[Index]| -> Vec<UserId> {
                    let people = people.iter().filter_map(|person| self.pick_user(*person));
                    people.filter(|person| seen.insert(*person)).collect()
                };
                let (members, invited) = (pick(members), pick(invited));
                let name = spelling("group", *name).parse().unwrap();
                let policy = JoinPolicy::ALL[usize::from(*policy)].0;
                (!members.is_empty()).then_some(Draft::Group { name, policy, members, invited })?
            }
            Proposal::Of(group, user, what) => self.draft_of_group((*group, *user), what)?,
            Proposal::Block(user, other, is_blocked) => Draft::Block {
                user: self.pick_user(*user)?,
                other: self.pick_user(*other)?,
                is_blocked: *is_blocked,
            },
            Proposal::Settings(user, bytes, knows) => {
                let user = self.pick_user(*user)?;
                let text = "s".repeat(*bytes).parse().unwrap();
                let based_on = self.settings_place(user).filter(|_| *knows);
                (!self.is_guest(user)).then_some(Draft::Settings { user, based_on, text })?
            }
            Proposal::Message { sender, to, id, kind, about, bytes } => {
                let sender = self.pick_user(*sender)?;
                let about = self.pick_place(*about);
                let there = self.model.message(about).map(|message| message.conversation);
                let to = match to {
                    To::Everyone => Target::Known(ConversationId::EVERYONE),
                    To::User(user) => Target::Direct(sender, self.pick_user(*user)?),
                    To::Group(group) => Target::Known(self.pick_group(*group)?),
                    To::There => Target::Known(there?),
                };
                let kind = match kind {
                    Kind::Text => MessageKind::Text,
                    Kind::Reply => MessageKind::Reply(about),
                    Kind::Edit => MessageKind::Edit(about),
                    Kind::Deletion => MessageKind::Deletion(about),
                    Kind::Reaction => MessageKind::Reaction(about),
                };
                let body = Body::from_wire(&"x".repeat(*bytes));
                let body = Some(body).filter(|_| !matches!(kind, MessageKind::Deletion(_)));
                let id = MessageId((*id).into());
                Draft::Message(MessageDraft { to, sender, id, kind, body })
            }
        })
    }

    /// What a step asks for, in terms of what there is.
    fn to_write(&self, step: &Step) -> Option<Write> {
        Some(match step {
            Step::Pass(_) => return None,
            Step::Append(proposals) => {
                let drafts: Vec<_> =
                    proposals.iter().filter_map(|proposal| self.draft(proposal)).collect();
                (!drafts.is_empty()).then_some(Write::Append(drafts))?
            }
            Step::SignedIn(user, port) => {
                Write::SignedIn(self.pick_user(*user)?, ([10, 0, 0, 2], *port).into())
            }
            Step::Received(cursors) => {
                let cursors = cursors.iter();
                let cursors = cursors.map(|(user, place)| {
                    Some((self.pick_user(*user)?, self.pick_place(*place).min(self.model.head())))
                });
                Write::SetReceived(cursors.collect::<Option<_>>()?)
            }
            Step::Read(user, conversation, place) => {
                let conversation = *conversation.get(&self.conversations());
                Write::SetRead(self.pick_user(*user)?, conversation, self.pick_place(*place))
            }
            Step::Failure(message, user, is_lost) => {
                let place = self.pick_place(*message);
                self.model.message(place)?;
                let failure =
                    if *is_lost { DeliveryFailure::Lost } else { DeliveryFailure::Corrupted };
                Write::AddFailure(place, self.pick_user(*user)?, failure)
            }
            Step::Token(token, user, until) => Write::SetToken(TokenRecord {
                hash: TokenHash([*token; 32]),
                user: self.pick_user(*user)?,
                since: self.now,
                expires_at: UnixTime { millis: self.now.millis + until },
                device: (until % 2 == 0).then(|| "Linux".parse().unwrap()),
                is_ended: false,
            }),
            Step::EndTokens(tokens) => {
                Write::EndTokens(tokens.iter().map(|token| TokenHash([*token; 32])).collect())
            }
            Step::RemoveToken(token) => Write::RemoveToken(TokenHash([*token; 32])),
            Step::Clock(seen) => {
                let trusted_from = UnixTime { millis: seen / 2 };
                Write::SetClock(ClockMark { seen: UnixTime { millis: *seen }, trusted_from })
            }
            Step::Purge { messages, tokens, guests } => {
                let before = |age: &u64| UnixTime { millis: self.now.millis - age };
                Write::Purge(Purge {
                    messages_before: messages.as_ref().map(before),
                    tokens_before: before(tokens),
                    guests: guests.iter().filter_map(|guest| self.pick_user(*guest)).collect(),
                    known_to: Sequence(self.model.log().len() as u64 * 3 / 4),
                })
            }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_database_does_what_the_model_does(
        steps in prop::collection::vec(steps(), 1..150),
    ) {
        let mut pair = Pair::new();
        pair.database.set_stored_bytes_max(Some(STORED_BYTES_MAX));
        pair.model.stored_bytes_max = Some(STORED_BYTES_MAX);
        for step in &steps {
            match (step, pair.to_write(step)) {
                (Step::Pass(millis), _) => {
                    pair.commit();
                    pair.now.millis = pair.now.millis.saturating_add_signed(*millis);
                }
                // What is purged is decided after the commit.
                (Step::Purge { .. }, Some(write)) => {
                    pair.commit();
                    pair.write(write);
                }
                (_, Some(write)) => {
                    pair.write_later(write);
                }
                (_, None) => {}
            }
        }
        pair.commit();
        pair.compare_everything();
        // A process that starts anew finds the same.
        pair.database.reopen();
        pair.compare_everything();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// The model's own answers for a copy that lags behind: they are what it said back then.
    #[test]
    fn a_copy_that_lags_answers_as_the_log_did(
        proposals in prop::collection::vec(proposals(), 1..100),
        behind in any::<Index>(),
    ) {
        let mut pair = Pair::new();
        let behind = behind.index(proposals.len());
        let mut back_then = pair.model.clone();
        for (n, proposal) in proposals.iter().enumerate() {
            if n == behind {
                back_then = pair.model.clone();
            }
            if let Some(draft) = pair.draft(proposal) {
                let write = Write::Append(vec![draft]);
                pair.model.write(pair.now, Ticket(0), &write);
            }
        }
        for user in pair.users() {
            let histories = pair.conversations().into_iter();
            let histories = histories.map(|id| Query::History(user, id, HistoryFrom::Before(None), 10));
            let queries = [
                Query::Backlog(user, Sequence::ZERO),
                Query::Overview(user, None),
                Query::Settings(user),
            ];
            for query in histories.chain(queries) {
                let then = back_then.load(&query);
                prop_assert_eq!(pair.model.load_at(&query, back_then.head()), then, "{:?}", query);
            }
        }
    }
}

/// Two users, and a message of the first to the second.
fn with_a_message() -> (Pair, UserId, UserId, Sequence) {
    let mut pair = Pair::new();
    let user = |name: &str| Draft::User {
        name: name.parse().unwrap(),
        password: Some(password("hash")),
        address: "10.0.0.1:1".parse().unwrap(),
    };
    pair.append(vec![user("alice"), user("bob")]);
    let (alice, bob) = (UserId(1), UserId(2));
    let placed = pair.append(vec![message(alice, bob, 1, MessageKind::Text)]);
    let [Placed::At(sequence)] = placed[..] else { panic!("{placed:?}") };
    let before = pair.model.log_after(sequence.previous().previous());
    assert!(matches!(before[0].change, Change::Direct(..)), "it comes before its first message");
    (pair, alice, bob, sequence)
}

fn message(sender: UserId, other: UserId, id: u128, kind: MessageKind) -> Draft {
    let body = Some(Body::from_wire("eA==")).filter(|_| !matches!(kind, MessageKind::Deletion(_)));
    let to = Target::Direct(sender, other);
    Draft::Message(MessageDraft { to, sender, id: MessageId(id), kind, body })
}

#[test]
fn a_message_is_changed_only_so_often() {
    let (mut pair, alice, bob, of) = with_a_message();
    for (sender, other, kind, changes_max) in [
        (alice, bob, MessageKind::Edit(of), EDITS_PER_MESSAGE_MAX),
        (bob, alice, MessageKind::Reaction(of), REACTIONS_PER_MESSAGE_MAX),
    ] {
        for n in 0..changes_max {
            let id = 100 + n as u128;
            let placed = pair.append(vec![message(sender, other, id, kind.clone())]);
            assert!(matches!(placed[..], [Placed::At(_)]), "{kind} {n}: {placed:?}");
        }
        let placed = pair.append(vec![message(sender, other, 2, kind)]);
        assert_eq!(placed, [Placed::Refused(Refused::TooManyChanges)]);
    }
    pair.compare_everything();
    let placed = pair.append(vec![message(bob, alice, 3, MessageKind::Deletion(of))]);
    assert_eq!(placed, [Placed::Refused(Refused::NotTheAuthor)]);
    let placed = pair.append(vec![message(alice, bob, 3, MessageKind::Deletion(of))]);
    assert!(matches!(placed[..], [Placed::At(_)]), "however often it was changed: {placed:?}");
    let placed = pair.append(vec![message(alice, bob, 4, MessageKind::Deletion(of))]);
    assert_eq!(placed, [Placed::Refused(Refused::NoSuchMessage)]);
    pair.compare_everything();
    let texts = pair.database.ask("SELECT count(*) FROM message WHERE body IS NOT NULL");
    assert_eq!(texts, 0, "what was taken back is gone");
}

#[test]
fn a_long_backlog_comes_in_pages() {
    let (mut pair, alice, bob, _) = with_a_message();
    for n in 0..350 {
        pair.append(vec![message(alice, bob, 100 + n, MessageKind::Text)]);
    }
    pair.compare_everything();
}
