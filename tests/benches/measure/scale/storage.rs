//! The server's own storage, asked from here: one SQLite database, and people who write to each
//! other.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use netchat_core::storage::{
    Change, Draft, Entry, Loaded, MessageDraft, Placed, Query, Sequence, Stored, Target, Ticket,
    UserId, Write,
};
use netchat_process::Clock;
use netchat_server::store::{self, Request, Responses, Storage, Store as _};
use netchat_shared::body::Body;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageIds;
use netchat_shared::name::UserName;
use netchat_shared::time::UnixTime;
use netchat_tests::opaque::kept_before;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::latencies::Latencies;

/// Pairs of people who write to each other.
pub(crate) const PAIRS: usize = 50;
/// Messages under way at once: what the same number of senders has, with eight each.
const UNDER_WAY: usize = 8 * PAIRS;
/// What is said.
const TEXT: &str = "as long as people's messages usually are, which is not very long";

/// A database with people in it.
pub(crate) struct Database {
    storage: Storage,
    responses: UnboundedReceiver<Responses>,
    /// What came and was not looked at.
    waiting: VecDeque<Response>,
    tickets: u64,
    senders: Vec<Sender>,
    turn: usize,
    /// When the messages under way were handed over.
    under_way: BTreeMap<Ticket, Instant>,
    pub(crate) messages: u64,
    pub(crate) head: Sequence,
    /// When the last entry was made.
    pub(crate) time: UnixTime,
}

/// One thing that came of requests.
enum Response {
    Log(Vec<Entry>),
    Stored(Ticket, Stored),
    Loaded(Loaded),
}

struct Sender {
    user: UserId,
    to: UserId,
    ids: MessageIds,
    body: Body,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Self {
        let (sender, responses) = unbounded_channel();
        let database = store::Database::open(path).unwrap();
        let (storage, _) = Storage::start(database, Clock::start(), sender).unwrap();
        let mut database = Self {
            storage,
            responses,
            waiting: VecDeque::new(),
            tickets: 0,
            senders: Vec::new(),
            turn: 0,
            under_way: BTreeMap::new(),
            messages: 0,
            head: Sequence::ZERO,
            time: UnixTime::default(),
        };
        database.add_people();
        database
    }

    fn add_people(&mut self) {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let name = |index: usize| -> UserName { format!("person{index}").parse().unwrap() };
        let drafts = (0..2 * PAIRS).map(|index| {
            let name = name(index);
            let password = Some(kept_before("of nobody"));
            Draft::User { name, password, address }
        });
        let ticket = self.request(Write::Append(drafts.collect()));
        let mut users = Vec::new();
        loop {
            match self.response() {
                Response::Log(entries) => {
                    self.note(&entries);
                    users.extend(entries.iter().filter_map(|entry| match &entry.change {
                        Change::User(user) => Some(user.id),
                        Change::Message(_)
                        | Change::Direct(..)
                        | Change::Password(..)
                        | Change::Group(_)
                        | Change::Join(..)
                        | Change::Quit(..)
                        | Change::Remove(..)
                        | Change::Standing(..)
                        | Change::Rename(..)
                        | Change::Policy(..)
                        | Change::Settings(..)
                        | Change::Block { .. } => None,
                    }));
                }
                Response::Stored(answered, _) if answered == ticket => break,
                Response::Stored(..) | Response::Loaded(..) => {}
            }
        }
        let mut rng = ChaCha8Rng::from_seed([7; 32]);
        for (index, pair) in users.chunks(2).enumerate() {
            let body = Body::new(&name(2 * index), TEXT);
            let ids = MessageIds::new(&mut rng);
            self.senders.push(Sender { user: pair[0], to: pair[1], ids, body });
        }
    }

    /// Stores so many messages, as fast as it goes; how long that took.
    pub(crate) fn store(&mut self, count: u64) -> Duration {
        let (begun_at, mut left) = (Instant::now(), count);
        while left > 0 || !self.under_way.is_empty() {
            while left > 0 && self.under_way.len() < UNDER_WAY {
                self.send();
                left -= 1;
            }
            self.take_response(&mut Latencies::default());
        }
        begun_at.elapsed()
    }

    /// Stores messages for so long, as fast as it goes. How long each took, and how many they were.
    pub(crate) fn store_for(&mut self, duration: Duration) -> (Latencies, u64) {
        let (begun_at, before) = (Instant::now(), self.messages);
        let mut latencies = Latencies::default();
        while begun_at.elapsed() < duration {
            while self.under_way.len() < UNDER_WAY {
                self.send();
            }
            self.take_response(&mut latencies);
        }
        let messages = self.messages - before;
        while !self.under_way.is_empty() {
            self.take_response(&mut Latencies::default());
        }
        (latencies, messages)
    }

    /// How long the answer to a question takes, the way to the thread and back included, and how
    /// many messages it holds.
    pub(crate) fn ask(&mut self, query: Query) -> (Duration, usize) {
        let begun_at = Instant::now();
        self.tickets += 1;
        self.storage.request(Request::Load(Ticket(self.tickets), query)).unwrap();
        loop {
            if let Response::Loaded(loaded) = self.response() {
                return (begun_at.elapsed(), length(&loaded));
            }
        }
    }

    /// Everyone has received everything.
    pub(crate) fn receive_all(&mut self) {
        let pairs = self.senders.iter().flat_map(|sender| [sender.user, sender.to]);
        let received = pairs.map(|user| (user, self.head)).collect();
        self.change(Write::SetReceived(received));
    }

    /// Asks for a change, and waits for its answer.
    fn change(&mut self, write: Write) {
        let ticket = self.request(write);
        while !matches!(self.response(), Response::Stored(answered, _) if answered == ticket) {}
    }

    /// Asks for a change, and does not wait.
    pub(crate) fn request(&mut self, write: Write) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.storage.request(Request::Write(ticket, write)).unwrap();
        ticket
    }

    /// One of those who write.
    pub(crate) fn somebody(&self, index: usize) -> UserId {
        self.senders[index % PAIRS].user
    }

    fn send(&mut self) {
        let sender = &mut self.senders[self.turn];
        self.turn = (self.turn + 1) % PAIRS;
        let draft = Draft::Message(MessageDraft {
            to: Target::Direct(sender.user, sender.to),
            sender: sender.user,
            id: sender.ids.draw(),
            kind: MessageKind::Text,
            body: Some(sender.body.clone()),
        });
        let sent_at = Instant::now();
        let ticket = self.request(Write::Append(vec![draft]));
        self.under_way.insert(ticket, sent_at);
    }

    fn take_response(&mut self, latencies: &mut Latencies) {
        match self.response() {
            Response::Log(entries) => self.note(&entries),
            Response::Stored(ticket, stored) => {
                let Some(sent_at) = self.under_way.remove(&ticket) else { return };
                latencies.push(sent_at.elapsed());
                let is_placed = |placed: &[Placed]| matches!(placed, [Placed::At(_)]);
                assert!(matches!(stored, Stored::Placed(placed) if is_placed(&placed)));
                self.messages += 1;
            }
            Response::Loaded(..) => {}
        }
    }

    fn note(&mut self, entries: &[Entry]) {
        if let Some(last) = entries.last() {
            (self.head, self.time) = (last.sequence, last.time);
        }
    }

    fn response(&mut self) -> Response {
        loop {
            if let Some(response) = self.waiting.pop_front() {
                return response;
            }
            let came = self.responses.blocking_recv();
            let Responses { entries, stored, loaded } =
                came.expect("storage runs as long as it is asked");
            self.waiting.push_back(Response::Log(entries));
            let stored =
                stored.into_iter().map(|(ticket, stored)| Response::Stored(ticket, stored));
            self.waiting.extend(stored);
            let loaded = loaded.into_iter().map(|(_, loaded)| Response::Loaded(loaded));
            self.waiting.extend(loaded);
        }
    }
}

fn length(loaded: &Loaded) -> usize {
    use netchat_core::storage::Page;

    match loaded {
        Loaded::Page { page: Page::Backlog(messages), .. } => messages.len(),
        Loaded::Page { page: Page::History(lines, _), .. } => lines.len(),
        Loaded::Page { page: Page::Overview(lines, _), .. } => lines.len(),
        Loaded::Page { page: Page::Failures(failures), .. } => failures.len(),
        Loaded::Page { page: Page::Settings(kept), .. } => kept.iter().count(),
        Loaded::Failed => panic!("storage did not answer"),
    }
}
