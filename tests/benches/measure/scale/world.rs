//! The core and its clients in one thread: no sockets, no waiting, storage that answers at once.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::storage::{Entry, Hashed, Loaded, Stored, Ticket};
use netchat_core::{Action, Secrets, Server, Settings};
use netchat_shared::password::Password;
use netchat_shared::server_key::StaticKey;
use netchat_shared::time::{Instant, Now, UnixTime};
use netchat_shared::via::GatewayKey;
use netchat_tests::opaque::setup;
use rustix::time::{ClockId, clock_gettime};

use super::client::Client;
use super::meter::Meter;
use crate::memory::{FastMemory, PASSWORD};

/// How often clients look at their timers.
const STEP: Duration = Duration::from_millis(5);
/// After so much silence, a client says that it is there.
const SILENCE: Duration = Duration::from_secs(15);
/// When all of this begins.
const CALENDAR_BEGINS: u64 = 1_800_000_000_000;

/// The core, its storage and its clients.
pub(crate) struct World {
    core: Server,
    store: FastMemory,
    pub(crate) clients: Vec<Client>,
    now: Instant,
    wait: Option<Instant>,
    inputs: VecDeque<Input>,
    actions: Vec<Action>,
    meter: Meter,
    /// What looking at the time twice takes by itself: as much as a short turn.
    looking: Duration,
}

/// What waits to be handed to the core.
enum Input {
    Datagram(SocketAddr, Vec<u8>),
    Log(Vec<Entry>),
    Stored(Ticket, Stored),
    Loaded(Ticket, Loaded),
    Hashed(Ticket, Hashed),
}

impl World {
    /// Nobody is online.
    pub(crate) fn new(users: u32, partners: u32) -> Self {
        let store = FastMemory::with_users(users, partners);
        let now = Instant::ZERO + STEP;
        Self {
            core: start(now, &store),
            store,
            clients: (0..users).map(Client::new).collect(),
            now,
            wait: None,
            inputs: VecDeque::new(),
            actions: Vec::new(),
            meter: Meter::default(),
            looking: looking(),
        }
    }

    /// The server starts anew. Whoever was online does not know it yet.
    pub(crate) fn restart(&mut self) {
        self.core = start(self.now, &self.store);
        (self.wait, self.inputs) = (None, VecDeque::new());
        self.clients.iter_mut().for_each(|client| client.is_online = false);
    }

    /// What the core took for it, until nothing more happens for a second.
    pub(crate) fn measure(&mut self, event: impl FnOnce(&mut Self)) -> Meter {
        let before = self.meter;
        self.meter.longest_turn = Duration::ZERO;
        event(self);
        self.run(Duration::from_secs(1));
        self.meter - before
    }

    /// Everyone of these signs in, one after another, within so long.
    pub(crate) fn sign_in(&mut self, who: std::ops::Range<usize>, within: Duration) {
        let steps = (within.as_millis() / STEP.as_millis()) as usize;
        let count = who.len();
        for step in 0..steps {
            let turn = who.start + count * step / steps..who.start + count * (step + 1) / steps;
            for index in turn {
                self.come(index);
            }
            self.step();
        }
        self.run(Duration::from_secs(1));
        for index in who {
            assert!(self.clients[index].is_online, "client {index} did not get in");
        }
    }

    /// A client begins a session.
    pub(crate) fn come(&mut self, index: usize) {
        let (address, offer) = (self.clients[index].address(), self.clients[index].begin());
        self.inputs.push_back(Input::Datagram(address, offer));
        self.pump();
    }

    /// A client ends its session.
    pub(crate) fn leave(&mut self, index: usize) {
        let datagrams = self.clients[index].leave(self.now);
        self.hand_over(index, datagrams);
        self.pump();
    }

    /// A client says what it has to say.
    pub(crate) fn flush(&mut self, index: usize) {
        let datagrams = self.clients[index].packets(self.now);
        self.hand_over(index, datagrams);
        self.pump();
    }

    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.step();
        }
    }

    /// Everyone says that they are there, so that nobody has to while something is measured.
    pub(crate) fn keep_alive(&mut self) {
        for index in 0..self.clients.len() {
            self.clients[index].keep_alive(self.now, Duration::ZERO);
            self.flush(index);
        }
        self.run(Duration::from_secs(1));
    }

    fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        for index in 0..self.clients.len() {
            let client = &mut self.clients[index];
            client.keep_alive(now, SILENCE);
            if client.timeout().is_some_and(|at| at <= now) {
                client.handle_timeout(now);
            }
            let datagrams = client.packets(now);
            self.hand_over(index, datagrams);
        }
        self.pump();
    }

    fn hand_over(&mut self, index: usize, datagrams: Vec<Vec<u8>>) {
        let address = self.clients[index].address();
        self.inputs.extend(datagrams.into_iter().map(|bytes| Input::Datagram(address, bytes)));
    }

    /// Until the core waits for a later time.
    fn pump(&mut self) {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                self.turn(Some(input));
            } else if self.wait.is_some_and(|at| at <= self.now) {
                self.turn(None);
            } else {
                return;
            }
        }
    }

    /// One input (or the time), and everything that the core wants because of it. Only this is
    /// measured.
    fn turn(&mut self, input: Option<Input>) {
        let calendar =
            UnixTime { millis: CALENDAR_BEGINS + self.now.since_origin().as_millis() as u64 };
        let now = Now { monotonic: self.now, calendar };
        let begun_at = thread_time();
        match input {
            Some(Input::Datagram(from, bytes)) => self.core.handle_datagram(now, from, &bytes),
            Some(Input::Log(entries)) => self.core.handle_log(now, entries).unwrap(),
            Some(Input::Stored(ticket, stored)) => self.core.handle_stored(now, ticket, stored),
            Some(Input::Loaded(ticket, loaded)) => self.core.handle_loaded(now, ticket, loaded),
            Some(Input::Hashed(ticket, hashed)) => self.core.handle_hashed(now, ticket, hashed),
            None => self.core.handle_timeout(now),
        }
        loop {
            let action = self.core.poll();
            if let Action::Wait(at) = action {
                self.wait = at;
                break;
            }
            self.actions.push(action);
        }
        self.meter.note_turn((thread_time() - begun_at).saturating_sub(self.looking));
        let actions = std::mem::take(&mut self.actions);
        actions.into_iter().for_each(|action| self.perform(calendar, action));
    }

    fn perform(&mut self, calendar: UnixTime, action: Action) {
        match action {
            Action::Transmit(to, bytes) => {
                self.meter.note_datagram(bytes.len());
                let Some(index) = Client::index_of(to) else { return };
                if let Some(client) = self.clients.get_mut(index) {
                    let datagrams = client.handle(self.now, &bytes);
                    self.hand_over(index, datagrams);
                }
            }
            Action::Store(ticket, write) => {
                let (entries, stored) = self.store.write(calendar, ticket, write);
                if !entries.is_empty() {
                    self.inputs.push_back(Input::Log(entries));
                }
                self.inputs.push_back(Input::Stored(ticket, stored));
            }
            Action::Load(ticket, query) => {
                self.inputs.push_back(Input::Loaded(ticket, self.store.load(&query)));
            }
            // Every password is right: hashing is not what is measured.
            Action::Hash(ticket, _) => {
                self.inputs.push_back(Input::Hashed(ticket, Hashed::Failed));
            }
            Action::Log(_) | Action::Wait(_) => {}
        }
    }
}

fn start(now: Instant, store: &FastMemory) -> Server {
    let calendar = UnixTime { millis: CALENDAR_BEGINS };
    let mut settings = Settings::new(Password::new(PASSWORD).unwrap());
    // A few accounts stand for many here.
    (settings.quotas.messages, settings.quotas.requests) = (None, None);
    let secrets = Secrets {
        server_key: StaticKey::from_random([1; 32]),
        password_setup: setup(),
        gateway_key: GatewayKey::from_random([2; 32]),
    };
    Server::new(Now { monotonic: now, calendar }, settings, secrets, &store.snapshot(), [7; 32])
}

/// The CPU time of this thread: what else runs on the machine does not count.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a CPU clock counts from zero")
}

/// How long nothing takes, by the clock that turns are measured with.
fn looking() -> Duration {
    const LOOKS: u32 = 10_000;
    let looks = (0..LOOKS).map(|_| {
        let begun_at = thread_time();
        thread_time() - begun_at
    });
    looks.sum::<Duration>() / LOOKS
}
