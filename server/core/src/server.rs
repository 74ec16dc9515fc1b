//! The server: routes each input to the part that it concerns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use netchat_shared::classic::Notice;
use netchat_shared::name::UserName;
use netchat_shared::time::{Instant, Now};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;

use crate::action::{Action, Record, Refusal};
use crate::conversations::Conversations;
use crate::groups::GroupChange;
use crate::guesses::Guesses;
use crate::limits::{HASHES_PENDING_MAX, WRITES_PENDING_MAX};
use crate::messages::Submission;
use crate::presence::Presence;
use crate::session::{ClassicSession, SessionKey};
use crate::settings::Settings;
use crate::storage::{
    ConversationId, HashJob, Hashed, Order, Snapshot, Stored, Ticket, UserId, Write,
};
use crate::timers::Timers;
use crate::users::Users;

/// The authoritative server. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Server {
    pub(crate) settings: Settings,
    pub(crate) rng: ChaCha12Rng,
    pub(crate) users: Users,
    pub(crate) conversations: Conversations,
    pub(crate) presence: Presence,
    pub(crate) guesses: Guesses,
    pub(crate) sessions: BTreeMap<SessionKey, ClassicSession>,
    pub(crate) session_by_address: BTreeMap<SocketAddr, SessionKey>,
    pub(crate) unsigned_sessions: usize,
    pub(crate) timers: Timers<SessionKey>,
    /// Sessions whose queue or timer has to be looked at before the input is done.
    pub(crate) dirty: BTreeSet<SessionKey>,
    last_session: u64,
    last_ticket: u64,
    last_order: u64,
    hashes_pending: BTreeMap<Ticket, HashPending>,
    writes_pending: BTreeMap<Ticket, WritePending>,
    actions: VecDeque<Action>,
}

/// What a hash is for.
#[derive(Debug)]
pub(crate) enum HashPending {
    /// A session signs in.
    SignIn(SessionKey, UserName),
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

/// There are too many hashes under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

impl Server {
    /// A server with what storage holds. `seed` decides its random choices: it must be unpredictable
    /// outside tests.
    #[must_use]
    pub fn new(settings: Settings, snapshot: Snapshot, seed: [u8; 32]) -> Self {
        Self {
            settings,
            rng: ChaCha12Rng::from_seed(seed),
            users: Users::load(snapshot.users, snapshot.last_user),
            conversations: Conversations::load(snapshot.conversations, snapshot.last_conversation),
            presence: Presence::default(),
            guesses: Guesses::default(),
            sessions: BTreeMap::new(),
            session_by_address: BTreeMap::new(),
            unsigned_sessions: 0,
            timers: Timers::new(),
            dirty: BTreeSet::new(),
            last_session: 0,
            last_ticket: 0,
            last_order: snapshot.last_order,
            hashes_pending: BTreeMap::new(),
            writes_pending: BTreeMap::new(),
            actions: VecDeque::new(),
        }
    }

    /// A datagram arrived. Whatever it holds, it is answered or dropped, never an error.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        self.handle_classic(now, from, datagram);
        self.settle(now);
    }

    /// The time that [`Action::Wait`] named has come (or any other time).
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(key) = self.timers.pop_due(now.monotonic) {
            self.handle_classic_timeout(now, key);
        }
        self.settle(now);
    }

    /// A write was committed, or failed.
    pub fn handle_stored(&mut self, now: Now, ticket: Ticket, stored: Stored) {
        let Some(pending) = self.writes_pending.remove(&ticket) else {
            return;
        };
        if stored == Stored::Failed {
            self.log(Record::StorageFailed);
        }
        match pending {
            WritePending::User(session, user) => self.finish_register(now, session, user, stored),
            WritePending::Messages(submission) => self.finish_messages(now, submission, stored),
            WritePending::Direct(id) if stored == Stored::Failed => self.conversations.remove(id),
            WritePending::Group(change) => self.finish_group_change(change, stored),
            WritePending::Direct(_) | WritePending::Aside => {}
        }
        self.settle(now);
    }

    /// A hash is done.
    pub fn handle_hashed(&mut self, now: Now, ticket: Ticket, hashed: Hashed) {
        match self.hashes_pending.remove(&ticket) {
            Some(HashPending::SignIn(session, name)) => {
                self.finish_sign_in(now, session, &name, hashed);
            }
            Some(HashPending::Register(session, name)) => {
                self.store_registration(now, session, name, hashed);
            }
            None => {}
        }
        self.settle(now);
    }

    /// Whether anything accepted is still on its way to storage.
    #[must_use]
    pub fn is_storing(&self) -> bool {
        !self.writes_pending.is_empty()
    }

    /// Tells everyone who is signed in that the server is about to stop.
    pub fn announce_stop(&mut self) {
        let line =
            Notice::Line("SERVER: The server is stopping. Please come back later.".to_owned());
        let signed_in = self
            .sessions
            .values()
            .filter(|session| session.signed_in().is_some());
        let addresses: Vec<_> = signed_in.map(|session| session.address).collect();
        for address in addresses {
            for datagram in line.datagrams() {
                self.transmit(address, datagram);
            }
        }
    }

    /// The next thing to do. Call it until it answers [`Action::Wait`].
    pub fn poll(&mut self) -> Action {
        self.actions
            .pop_front()
            .unwrap_or_else(|| Action::Wait(self.timers.next()))
    }

    pub(crate) fn next_session(&mut self) -> SessionKey {
        self.last_session += 1;
        SessionKey(self.last_session)
    }

    pub(crate) fn next_order(&mut self) -> Order {
        self.last_order += 1;
        Order(self.last_order)
    }

    /// The order of the last message accepted.
    pub(crate) fn last_order(&self) -> Order {
        Order(self.last_order)
    }

    pub(crate) fn transmit(&mut self, to: SocketAddr, datagram: impl Into<Vec<u8>>) {
        self.actions
            .push_back(Action::Transmit(to, datagram.into()));
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

    pub(crate) fn hash(&mut self, job: HashJob, pending: HashPending) -> Result<(), Busy> {
        if self.hashes_pending.len() >= HASHES_PENDING_MAX {
            return Err(Busy);
        }
        let ticket = self.next_ticket();
        self.hashes_pending.insert(ticket, pending);
        self.actions.push_back(Action::Hash(ticket, job));
        Ok(())
    }

    /// Sees to every session that the input concerned.
    fn settle(&mut self, now: Now) {
        while let Some(key) = self.dirty.pop_first() {
            self.flush(now, key);
        }
    }

    pub(crate) fn is_due(at: Instant, now: Now) -> bool {
        now.monotonic >= at
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }
}
