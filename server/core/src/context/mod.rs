//! What the parts of the server work with together, handed in to each: the time, randomness, the
//! settings, timers, and the queues through which they speak to each other and to the shell. It
//! knows nobody above it.

mod refusals;
mod timers;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_shared::message_id::MessageIds;
use netchat_shared::password::Password;
use netchat_shared::time::{Instant, Now};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use self::refusals::Refusals;
pub(crate) use self::timers::Timers;
use crate::action::{Action, Dropped, LogEvent, Refusal};
use crate::admission::{
    ATTEMPT_SOURCES_MAX, Quotas, SERVER_PASSWORD_GUESSES, Slowed, Source, Spending, Throttle,
};
use crate::events::{Request, SessionKey, Update};
use crate::limits::{LOADS_PENDING_MAX, REFUSALS_INTERVAL, SLOWED_SPREAD, WRITES_PENDING_MAX};
use crate::peer::Peer;
use crate::settings::Settings;
use crate::storage::{Generation, HashJob, Query, Sequence, Ticket, UserId, Write};

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
    refusals: Refusals,
    /// Wrong server passwords.
    knocks: Throttle<Source>,
    /// What accounts have spent.
    quotas: Quotas<UserId>,
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
    /// Server passwords that came too soon are looked at.
    HeldKnocks,
    /// The operator is told how often something was refused.
    Refusals,
    /// What is old is forgotten, and the operator is told what was dropped.
    Maintenance,
}

/// What a server password does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knock {
    Opens,
    Wrong,
    /// Too many were wrong: it was not looked at, and may be shown again after so long.
    Later(Duration),
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
        let quotas = Quotas::new(settings.quotas.messages, settings.quotas.requests);
        Self {
            now,
            ids: MessageIds::new(&mut rng),
            rng,
            settings,
            generation,
            applied,
            dropped: Dropped::default(),
            refusals: Refusals::default(),
            knocks: Throttle::new(ATTEMPT_SOURCES_MAX),
            quotas,
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

    /// Something was refused: the first of a kind is told at once, further ones are counted.
    pub(crate) fn refuse(&mut self, address: impl Into<Peer>, why: Refusal) {
        let address = address.into();
        if self.refusals.note(address.ip(), why) {
            self.log(LogEvent::Refused { address, why });
        }
        let sum_up_at = self.monotonic() + REFUSALS_INTERVAL;
        self.timers.set_if_unset(TimerKey::Refusals, sum_up_at);
    }

    /// Tells the operator how often something was refused.
    pub(crate) fn sum_up_refusals(&mut self) {
        let refused = self.refusals.take();
        self.actions.extend(refused.into_iter().map(Action::Log));
    }

    /// Somebody shows a server password.
    pub(crate) fn knock(&mut self, source: Source, password: &Password) -> Knock {
        let now = self.monotonic();
        let wait = self.knocks.wait(now, &source);
        if !wait.is_zero() {
            return Knock::Later(wait);
        }
        if self.settings.is_password(password) {
            return Knock::Opens;
        }
        self.knocks.begin(now, &source, &SERVER_PASSWORD_GUESSES);
        Knock::Wrong
    }

    /// Whether an account has spent what it may, and for how long it is slowed down.
    pub(crate) fn slowed(&self, account: UserId) -> Option<Slowed> {
        self.quotas.slowed(self.monotonic(), account)
    }

    /// When a session of a slowed account looks again: see [`SLOWED_SPREAD`].
    pub(crate) fn draw_turn(&mut self, slowed: Slowed) -> Instant {
        let spread = SLOWED_SPREAD.mul_f64(f64::from(self.rng.next_u32()) / f64::from(u32::MAX));
        self.monotonic() + slowed.wait + spread
    }

    /// An account does something that costs so much.
    pub(crate) fn spend(&mut self, account: UserId, on: Spending, cost: u32) {
        let now = self.monotonic();
        self.quotas.spend(now, account, on, cost);
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

    /// Asks for a hash. Who asks sees to how many are under way.
    pub(crate) fn hash(&mut self, job: HashJob) -> Ticket {
        let ticket = self.next_ticket();
        self.actions.push_back(Action::Hash(ticket, job));
        ticket
    }

    pub(crate) fn finish_write(&mut self) {
        self.under_way.writes = self.under_way.writes.saturating_sub(1);
    }

    pub(crate) fn finish_load(&mut self) {
        self.under_way.loads = self.under_way.loads.saturating_sub(1);
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
        pub(crate) fn pass(&mut self, duration: Duration) {
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
