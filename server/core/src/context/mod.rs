//! What the parts of the server work with together, handed in to each: the time, randomness, the
//! settings, timers, and the queues through which they speak to each other and to the shell. It
//! knows nobody above it.

mod timers;

use std::collections::VecDeque;
use std::net::SocketAddr;

use netchat_shared::message_id::MessageIds;
use netchat_shared::time::{Instant, Now};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;

use self::timers::Timers;
use crate::action::{Action, Dropped, LogEvent, Refusal};
use crate::events::{Request, SessionKey, Update};
use crate::limits::{HASHES_PENDING_MAX, LOADS_PENDING_MAX, WRITES_PENDING_MAX};
use crate::peer::Peer;
use crate::settings::Settings;
use crate::storage::{Generation, HashJob, Query, Sequence, Ticket, Write};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Context {
    /// The time of the input that is being handled.
    pub(crate) now: Now,
    pub(crate) rng: ChaCha12Rng,
    /// Ids for messages of clients that give them none.
    pub(crate) ids: MessageIds,
    pub(crate) settings: Settings,
    /// Which log this is.
    pub(crate) generation: Generation,
    /// The last entry of it that this server has applied.
    pub(crate) applied: Sequence,
    pub(crate) dropped: Dropped,
    pub(crate) timers: Timers<TimerKey>,
    actions: VecDeque<Action>,
    requests: VecDeque<(SessionKey, Request)>,
    updates: VecDeque<(SessionKey, Update)>,
    last_ticket: u64,
    under_way: UnderWay,
}

/// How many requests to the shell are under way.
#[derive(Debug, Default)]
struct UnderWay {
    writes: usize,
    loads: usize,
    hashes: usize,
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimerKey {
    /// A session has to be looked at.
    Session(SessionKey),
    /// Messages are to be handed to more sessions than one turn could.
    FanOut,
    /// Clients are told who came and left.
    Presence,
    /// Those who look at the list are told how many are online.
    OnlineCount,
    /// Senders are told how many have received what they sent to many.
    ReceivedCounts,
    /// It is stored how far users have received.
    Received,
    /// A page that was not complete is asked for again.
    PageAgain,
    /// What is old is forgotten, and the operator is told what was dropped.
    Maintenance,
}

/// There are too many requests of that kind under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

impl Context {
    pub(crate) fn new(
        now: Now,
        settings: Settings,
        generation: Generation,
        applied: Sequence,
        seed: [u8; 32],
    ) -> Self {
        let mut rng = ChaCha12Rng::from_seed(seed);
        Self {
            now,
            ids: MessageIds::new(&mut rng),
            rng,
            settings,
            generation,
            applied,
            dropped: Dropped::default(),
            timers: Timers::new(),
            actions: VecDeque::new(),
            requests: VecDeque::new(),
            updates: VecDeque::new(),
            last_ticket: 0,
            under_way: UnderWay::default(),
        }
    }

    /// The time, for everything that waits.
    pub(crate) fn monotonic(&self) -> Instant {
        self.now.monotonic
    }

    pub(crate) fn transmit(&mut self, to: SocketAddr, datagram: impl Into<Vec<u8>>) {
        self.actions.push_back(Action::Transmit(to, datagram.into()));
    }

    pub(crate) fn log(&mut self, event: LogEvent) {
        self.actions.push_back(Action::Log(event));
    }

    pub(crate) fn refuse(&mut self, address: impl Into<Peer>, why: Refusal) {
        self.log(LogEvent::Refused { address: address.into(), why });
    }

    /// A session asks the chat.
    pub(crate) fn request(&mut self, key: SessionKey, request: Request) {
        self.requests.push_back((key, request));
    }

    /// The chat tells a session.
    pub(crate) fn update(&mut self, key: SessionKey, update: Update) {
        self.updates.push_back((key, update));
    }

    pub(crate) fn next_request(&mut self) -> Option<(SessionKey, Request)> {
        self.requests.pop_front()
    }

    pub(crate) fn next_update(&mut self) -> Option<(SessionKey, Update)> {
        self.updates.pop_front()
    }

    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Asks storage for a change.
    pub(crate) fn store(&mut self, write: Write) -> Result<Ticket, Busy> {
        if self.under_way.writes >= WRITES_PENDING_MAX {
            return Err(Busy);
        }
        self.under_way.writes += 1;
        let ticket = self.next_ticket();
        self.actions.push_back(Action::Store(ticket, write));
        Ok(ticket)
    }

    /// Stores what nothing waits for. If storage is too busy for it, it is left out; but for a token
    /// that was given up at a sign-out, which is good again then, a later one repairs it.
    pub(crate) fn store_aside(&mut self, write: Write) {
        let _ = self.store(write);
    }

    /// Asks storage a question.
    pub(crate) fn load(&mut self, query: Query) -> Result<Ticket, Busy> {
        if self.under_way.loads >= LOADS_PENDING_MAX {
            return Err(Busy);
        }
        self.under_way.loads += 1;
        let ticket = self.next_ticket();
        self.actions.push_back(Action::Load(ticket, query));
        Ok(ticket)
    }

    pub(crate) fn hash(&mut self, job: HashJob) -> Result<Ticket, Busy> {
        if self.under_way.hashes >= HASHES_PENDING_MAX {
            return Err(Busy);
        }
        self.under_way.hashes += 1;
        let ticket = self.next_ticket();
        self.actions.push_back(Action::Hash(ticket, job));
        Ok(ticket)
    }

    pub(crate) fn finish_write(&mut self) {
        self.under_way.writes = self.under_way.writes.saturating_sub(1);
    }

    pub(crate) fn finish_load(&mut self) {
        self.under_way.loads = self.under_way.loads.saturating_sub(1);
    }

    pub(crate) fn finish_hash(&mut self) {
        self.under_way.hashes = self.under_way.hashes.saturating_sub(1);
    }

    /// Whether anything accepted is still on its way to storage.
    pub(crate) fn is_storing(&self) -> bool {
        self.under_way.writes > 0
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A context for the unit tests of the parts, and what they said through it.

    use netchat_shared::password::Password;
    use netchat_shared::time::UnixTime;

    use super::*;

    /// Where virtual time begins.
    pub(crate) const EPOCH: UnixTime = UnixTime { millis: 1_700_000_000_000 };

    pub(crate) fn context() -> Context {
        let now = Now { monotonic: Instant::ZERO, calendar: EPOCH };
        let settings = Settings::new(Password::new("password").unwrap());
        Context::new(now, settings, Generation(1), Sequence::ZERO, [7; 32])
    }

    impl Context {
        /// Lets time pass.
        pub(crate) fn pass(&mut self, duration: std::time::Duration) {
            self.now.monotonic += duration;
            self.now.calendar.millis += duration.as_millis() as u64;
        }

        pub(crate) fn take_requests(&mut self) -> Vec<Request> {
            self.requests.drain(..).map(|(_, request)| request).collect()
        }

        pub(crate) fn take_updates(&mut self) -> Vec<(SessionKey, Update)> {
            self.updates.drain(..).collect()
        }

        pub(crate) fn take_actions(&mut self) -> Vec<Action> {
            self.actions.drain(..).collect()
        }
    }
}
