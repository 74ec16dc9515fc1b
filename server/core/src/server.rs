//! The server: routes each input to the part that it concerns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use netchat_shared::classic::Notice;
use netchat_shared::extended::{ServerMessage, SessionId};
use netchat_shared::name::UserName;
use netchat_shared::time::{Now, UnixTime};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::action::{Action, Dropped, Record, Refusal};
use crate::classic::ClassicSession;
use crate::conversations::Conversations;
use crate::extended::{Cookies, ExtendedSession, HistoryRequest, is_extended};
use crate::groups::GroupChange;
use crate::guesses::Guesses;
use crate::limits::{
    HASHES_PENDING_MAX, HOUSEKEEPING_INTERVAL, LOADS_PENDING_MAX, PRESENCE_INTERVAL,
    RECEIVED_INTERVAL, WRITES_PENDING_MAX,
};
use crate::messages::Submission;
use crate::presence::Presence;
use crate::session::SessionKey;
use crate::settings::Settings;
use crate::storage::{
    ConversationId, HashJob, Hashed, Loaded, Query, Sequence, Snapshot, Stored, Ticket, UserId,
    Write,
};
use crate::timers::Timers;
use crate::tokens::Tokens;
use crate::users::Users;

/// The authoritative server. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Server {
    pub(crate) settings: Settings,
    pub(crate) rng: ChaCha12Rng,
    pub(crate) cookies: Cookies,

    // What storage holds too.
    pub(crate) users: Users,
    pub(crate) conversations: Conversations,
    pub(crate) tokens: Tokens,
    last_sequence: u64,
    /// Users whose place in the order is not stored yet.
    pub(crate) received_dirty: BTreeSet<UserId>,

    // Sessions.
    pub(crate) classic: BTreeMap<SessionKey, ClassicSession>,
    pub(crate) session_by_address: BTreeMap<SocketAddr, SessionKey>,
    pub(crate) unsigned_classic: usize,
    pub(crate) extended: BTreeMap<SessionKey, ExtendedSession>,
    pub(crate) session_by_id: BTreeMap<SessionId, SessionKey>,
    pub(crate) session_by_path: BTreeMap<SocketAddr, SessionKey>,
    pub(crate) unsigned_extended: usize,
    pub(crate) presence: Presence,
    /// Users who came online or left, of whom clients have not been told.
    presence_dirty: BTreeSet<UserId>,
    pub(crate) guesses: Guesses,
    /// Names whose accounts are being made.
    pub(crate) registering: BTreeSet<UserName>,
    /// Classic sessions that wait to hear that a recipient has a message.
    pub(crate) awaited: BTreeMap<(UserId, Sequence), SessionKey>,

    // What is under way.
    hashes_pending: BTreeMap<Ticket, HashPending>,
    writes_pending: BTreeMap<Ticket, WritePending>,
    loads_pending: BTreeMap<Ticket, LoadPending>,
    pub(crate) timers: Timers<TimerKey>,
    /// Sessions whose queue or timer has to be looked at before the driver waits.
    pub(crate) dirty: BTreeSet<SessionKey>,
    pub(crate) dropped: Dropped,
    now: Now,
    last_session: u64,
    last_ticket: u64,
    actions: VecDeque<Action>,
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimerKey {
    /// A session has to be looked at.
    Session(SessionKey),
    /// Clients are told who came and left.
    Presence,
    /// It is stored how far users have received.
    Received,
    /// Old messages are forgotten, and the operator is told what was dropped.
    Housekeeping,
}

/// What a hash is for.
#[derive(Debug)]
pub(crate) enum HashPending {
    /// A session signs in.
    Verify(SessionKey, UserName),
    /// A session registers a name.
    Register(SessionKey, UserName),
}

/// What a write is for.
#[derive(Debug)]
pub(crate) enum WritePending {
    /// A session's new account.
    User(SessionKey, UserId),
    /// Messages, which go out when they are stored.
    Messages(Submission),
    /// A conversation between two users, which does not exist if it can't be stored.
    Direct(ConversationId),
    /// A group or its members.
    Group(GroupChange),
    /// Worth storing, but nothing waits for it.
    Aside,
}

/// What a load is for.
#[derive(Debug)]
pub(crate) enum LoadPending {
    /// A session reads on.
    Backlog(SessionKey, UserId),
    /// A session asked for a history.
    History(SessionKey, UserId, HistoryRequest),
    /// A session asked for its conversations.
    Overview(SessionKey, UserId),
    /// A session asked which of its messages failed.
    Failures(SessionKey),
}

/// There are too many requests of that kind under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

impl Server {
    /// A server with what storage holds. `seed` decides its random choices: it must be unpredictable
    /// outside tests.
    #[must_use]
    pub fn new(now: Now, settings: Settings, snapshot: Snapshot, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha12Rng::from_seed(seed);
        let cookies = Cookies::new([rng.next_u64(), rng.next_u64()]);
        let mut timers = Timers::new();
        timers.set(TimerKey::Housekeeping, Some(now.monotonic + HOUSEKEEPING_INTERVAL));
        Self {
            settings,
            rng,
            cookies,
            users: Users::load(snapshot.users, snapshot.last_user),
            conversations: Conversations::load(snapshot.conversations, snapshot.last_conversation),
            tokens: Tokens::load(snapshot.tokens),
            last_sequence: snapshot.last_sequence,
            received_dirty: BTreeSet::new(),
            classic: BTreeMap::new(),
            session_by_address: BTreeMap::new(),
            unsigned_classic: 0,
            extended: BTreeMap::new(),
            session_by_id: BTreeMap::new(),
            session_by_path: BTreeMap::new(),
            unsigned_extended: 0,
            presence: Presence::default(),
            presence_dirty: BTreeSet::new(),
            guesses: Guesses::default(),
            registering: BTreeSet::new(),
            awaited: BTreeMap::new(),
            hashes_pending: BTreeMap::new(),
            writes_pending: BTreeMap::new(),
            loads_pending: BTreeMap::new(),
            timers,
            dirty: BTreeSet::new(),
            dropped: Dropped::default(),
            now,
            last_session: 0,
            last_ticket: 0,
            actions: VecDeque::new(),
        }
    }

    /// A datagram arrived. Whatever it holds, it is answered or dropped, never an error.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        self.now = now;
        if is_extended(datagram) {
            return self.handle_extended(now, from, datagram);
        }
        if datagram.is_empty() {
            self.hang_up_extended(now, from);
        }
        self.handle_classic(now, from, datagram);
    }

    /// The time that [`Action::Wait`] named has come (or any other time).
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        while let Some(key) = self.timers.pop_due(now.monotonic) {
            match key {
                TimerKey::Session(key) if self.classic.contains_key(&key) => {
                    self.handle_classic_timeout(now, key);
                }
                TimerKey::Session(key) => self.handle_extended_timeout(now, key),
                TimerKey::Presence => self.tell_presence(),
                TimerKey::Received => self.store_received(),
                TimerKey::Housekeeping => self.keep_house(now),
            }
        }
    }

    /// A write was committed, or failed.
    pub fn handle_stored(&mut self, now: Now, ticket: Ticket, stored: &Stored) {
        self.now = now;
        let Some(pending) = self.writes_pending.remove(&ticket) else { return };
        if *stored == Stored::Failed {
            self.log(Record::StorageFailed);
        }
        match pending {
            WritePending::User(session, user) => self.finish_register(now, session, user, stored),
            WritePending::Messages(submission) => self.finish_messages(now, submission, stored),
            WritePending::Direct(id) if *stored == Stored::Failed => self.conversations.remove(id),
            WritePending::Group(change) => self.finish_group_change(change, stored),
            WritePending::Direct(_) | WritePending::Aside => {}
        }
    }

    /// A question was answered.
    pub fn handle_loaded(&mut self, now: Now, ticket: Ticket, loaded: Loaded) {
        self.now = now;
        match self.loads_pending.remove(&ticket) {
            Some(LoadPending::Backlog(key, user)) => self.finish_backlog(now, key, user, loaded),
            Some(LoadPending::History(key, user, request)) => {
                self.finish_history(key, user, &request, loaded);
            }
            Some(LoadPending::Overview(key, user)) => self.finish_overview(key, user, loaded),
            Some(LoadPending::Failures(key)) => self.finish_failures(key, loaded),
            None => {}
        }
    }

    /// A hash is done.
    pub fn handle_hashed(&mut self, now: Now, ticket: Ticket, hashed: Hashed) {
        self.now = now;
        match self.hashes_pending.remove(&ticket) {
            Some(HashPending::Verify(session, name)) => {
                self.finish_verify(now, session, &name, hashed);
            }
            Some(HashPending::Register(session, name)) => {
                self.finish_register_hash(now, session, &name, hashed);
            }
            None => {}
        }
    }

    /// Whether anything accepted is still on its way to storage.
    #[must_use]
    pub fn is_storing(&self) -> bool {
        !self.writes_pending.is_empty()
    }

    /// Stores what was put off, before a stop.
    pub fn prepare_stop(&mut self) {
        self.store_received();
    }

    /// Tells everyone who is signed in that the server is about to stop.
    pub fn announce_stop(&mut self) {
        let line =
            Notice::Line("SERVER: The server is stopping. Please come back later.".to_owned());
        let signed_in = self.classic.values().filter(|session| session.signed_in().is_some());
        let addresses: Vec<_> = signed_in.map(|session| session.address).collect();
        for address in addresses {
            for datagram in line.datagrams() {
                self.transmit(address, datagram);
            }
        }
        let sessions: Vec<_> = self.extended.keys().copied().collect();
        for key in sessions {
            self.send_to(key, &ServerMessage::Stopping);
        }
    }

    /// The next thing to do. Call it until it answers [`Action::Wait`]. What several inputs in a row
    /// lead to is put together: so pass in all that has arrived, and then drain.
    pub fn poll(&mut self) -> Action {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return action;
            }
            let Some(key) = self.dirty.pop_first() else {
                return Action::Wait(self.timers.next());
            };
            if self.classic.contains_key(&key) {
                self.flush_classic(self.now, key);
            } else {
                self.flush_extended(self.now, key);
            }
        }
    }

    /// A user came online or left: clients are told soon, together with others.
    pub(crate) fn note_presence(&mut self, now: Now, user: UserId) {
        self.presence_dirty.insert(user);
        self.timers.set_if_unset(TimerKey::Presence, now.monotonic + PRESENCE_INTERVAL);
    }

    /// It will be stored soon how far users have received, together with others.
    pub(crate) fn note_received(&mut self, user: UserId) {
        self.received_dirty.insert(user);
        self.timers.set_if_unset(TimerKey::Received, self.now.monotonic + RECEIVED_INTERVAL);
    }

    fn tell_presence(&mut self) {
        let mut came = Vec::new();
        let mut left = Vec::new();
        for user in std::mem::take(&mut self.presence_dirty) {
            let Some(name) = self.users.name(user).cloned() else { continue };
            if self.presence.is_online(user) { came.push(name) } else { left.push(name) }
        }
        let keys: Vec<_> = self.extended.keys().copied().collect();
        for key in keys {
            self.tell_presence_to(key, &came, &left);
        }
    }

    fn store_received(&mut self) {
        for user in std::mem::take(&mut self.received_dirty) {
            if let Some(received) = self.users.get(user).map(|user| user.received) {
                self.store_aside(Write::SetReceived(user, received));
            }
        }
    }

    fn keep_house(&mut self, now: Now) {
        self.timers.set(TimerKey::Housekeeping, Some(now.monotonic + HOUSEKEEPING_INTERVAL));
        let dropped = std::mem::take(&mut self.dropped);
        if dropped != Dropped::default() {
            self.log(Record::Dropped(dropped));
        }
        if let Some(retention) = self.settings.retention {
            let kept_ms = u64::try_from(retention.as_millis()).unwrap_or(u64::MAX);
            let before = UnixTime { millis: now.calendar.millis.saturating_sub(kept_ms) };
            self.store_aside(Write::Purge(before));
        }
    }

    /// The time of the last input.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    pub(crate) fn next_session(&mut self) -> SessionKey {
        self.last_session += 1;
        SessionKey(self.last_session)
    }

    pub(crate) fn next_sequence(&mut self) -> Sequence {
        self.last_sequence += 1;
        Sequence(self.last_sequence)
    }

    /// The order of the last message accepted.
    pub(crate) fn last_sequence(&self) -> Sequence {
        Sequence(self.last_sequence)
    }

    pub(crate) fn transmit(&mut self, to: SocketAddr, datagram: impl Into<Vec<u8>>) {
        self.actions.push_back(Action::Transmit(to, datagram.into()));
    }

    pub(crate) fn log(&mut self, record: Record) {
        self.actions.push_back(Action::Log(record));
    }

    pub(crate) fn refuse(&mut self, address: SocketAddr, why: Refusal) {
        self.log(Record::Refused { address, why });
    }

    /// Asks storage for a change; at the bound, gives back what it was for.
    pub(crate) fn store(
        &mut self,
        write: Write,
        pending: WritePending,
    ) -> Result<(), WritePending> {
        if self.writes_pending.len() >= WRITES_PENDING_MAX {
            return Err(pending);
        }
        let ticket = self.next_ticket();
        self.writes_pending.insert(ticket, pending);
        self.actions.push_back(Action::Store(ticket, write));
        Ok(())
    }

    /// Stores what nothing waits for. If storage is too busy for it, it is left out: each of these
    /// is repaired by a later one.
    pub(crate) fn store_aside(&mut self, write: Write) {
        let _ = self.store(write, WritePending::Aside);
    }

    pub(crate) fn load(&mut self, query: Query, pending: LoadPending) -> Result<(), Busy> {
        if self.loads_pending.len() >= LOADS_PENDING_MAX {
            return Err(Busy);
        }
        let ticket = self.next_ticket();
        self.loads_pending.insert(ticket, pending);
        self.actions.push_back(Action::Load(ticket, query));
        Ok(())
    }

    pub(crate) fn hash(&mut self, job: HashJob, pending: HashPending) -> Result<(), Busy> {
        if self.hashes_pending.len() >= HASHES_PENDING_MAX {
            return Err(Busy);
        }
        let ticket = self.next_ticket();
        self.hashes_pending.insert(ticket, pending);
        self.actions.push_back(Action::Hash(ticket, job));
        Ok(())
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }
}
