//! Everything together: one server or several on one log, people with clients of both kinds, and
//! the network between them. After every step the invariants are checked against a plain model of
//! who should know what.

mod account;
mod groups;
mod labels;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use netchat_client::session::{
    Arrival, Content, Event, Failure, GroupOutcome, Output, Progress, Question, Saved, Session,
    Trust,
};
use netchat_core::Settings;
use netchat_core::storage::{Change, Generation, Message, Sequence};
use netchat_shared::conversation::Conversation;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::{Cost, Stretcher};
use netchat_shared::password::Password;
use netchat_shared::time::Instant;
use netchat_shared::via::Introduction;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use self::account::AccountModel;
use self::labels::{body, deletion_of, is_deletion, label, number};
use super::host::{Faults, Host, SharedLog};
use super::network::{Conditions, Datagram, Network};
use super::original::Original;
use crate::memory_storage::MemoryStorage;
use crate::opening::server_key;
use crate::sim_server::gateway_key;

/// Whoever wants to be woken at once, again and again, would stop the world.
const STEPS_AT_ONCE_MAX: usize = 10_000;

pub struct World {
    pub seed: u64,
    pub now: Instant,
    pub rng: ChaCha8Rng,
    pub network: Network<SocketAddr>,
    /// What all servers stand on.
    pub log: SharedLog,
    pub hosts: Vec<Host>,
    pub people: Vec<Person>,
    pub originals: Vec<Original>,
    stretcher: Stretcher,
    next_port: u16,
    /// A message that was not stored at first is behind those that its sender wrote after it.
    have_writes_failed: bool,
    /// Steps since time went on.
    steps_at_once: usize,
    /// Every text that was sent, with its sender and whom it is for.
    pub sent: BTreeMap<String, Sent>,
    /// What the passwords of those who have changed theirs may be: several, if no answer came.
    passwords: BTreeMap<UserName, Vec<String>>,
}

/// A message that somebody sent, as the model knows it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub sender: usize,
    pub recipients: BTreeSet<usize>,
    pub has_failed: bool,
    /// How many were sent before it.
    number: usize,
    /// Its author has asked for it to be taken back, or what it is about: it may be gone before it
    /// arrives, or be refused.
    may_be_gone: bool,
    to: Conversation,
    /// What it is about, if it changes a line.
    of: Option<Sequence>,
    /// Where it stands in the log.
    place: Option<Sequence>,
}

/// A change to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChange {
    Edit,
    Deletion,
    Reaction,
}

/// Somebody with a client of ours; or another client of theirs, if the name is the same.
pub struct Person {
    pub name: UserName,
    pub session: Session,
    /// The server that their client connects to.
    server: usize,
    address: SocketAddr,
    wake_at: Option<Instant>,
    /// What arrived, in order.
    pub received: Vec<String>,
    /// The place of the last of it.
    last_arrived: Sequence,
    /// What the session that runs has sent: it does not come back to it.
    sent_here: BTreeSet<String>,
    /// Own messages by their id.
    texts: BTreeMap<MessageId, String>,
    /// Texts that the server said are stored.
    pub stored: BTreeSet<String>,
    /// Who has which of them, as the session was told.
    pub receipts: BTreeSet<(String, UserName)>,
    pub failures: Vec<(String, Failure)>,
    /// Who is online, of those whom they have a conversation with.
    pub online: BTreeSet<UserName>,
    pub is_signed_in: bool,
    /// The process does not run; this is what it kept.
    kept: Option<Saved>,
    pub is_running: bool,
    pub questions_after_sign_in: usize,
    pub groups_joined: BTreeSet<GroupName>,
    /// They accept every invitation.
    pub accepts_invitations: bool,
    /// Groups that they are invited to.
    pub invitations: BTreeSet<GroupName>,
    /// Who asks to join a group of theirs.
    pub asking: BTreeSet<(GroupName, UserName)>,
    /// What became of requests about groups.
    pub group_outcomes: Vec<(GroupName, GroupOutcome)>,
    pub signed_in_at: Option<Instant>,
    /// Lines that were shown to them.
    pub lines: Vec<String>,
    account: AccountModel,
}

impl World {
    pub fn new(seed: u64, conditions: Conditions, names: &[&str]) -> Self {
        Self::with_settings(1, seed, conditions, names, |_| {})
    }

    /// Several servers on one log. Everyone connects to the first of them, to begin with.
    pub fn with_servers(servers: usize, seed: u64, conditions: Conditions, names: &[&str]) -> Self {
        Self::with_settings(servers, seed, conditions, names, |_| {})
    }

    /// The same, with other settings than the defaults.
    pub fn with_settings(
        servers: usize,
        seed: u64,
        conditions: Conditions,
        names: &[&str],
        adjust: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut log = SharedLog::default();
        let mut settings = Settings::new(Password::new("password").unwrap());
        adjust(&mut settings);
        let host = || Host::new(settings.clone());
        let mut hosts: Vec<_> = std::iter::repeat_with(host).take(servers).collect();
        for host in &mut hosts {
            host.start(Instant::ZERO, &mut log, &mut rng);
        }
        let mut world = Self {
            seed,
            now: Instant::ZERO,
            network: Network::new(rng.next_u64(), conditions),
            rng,
            log,
            hosts,
            people: Vec::new(),
            originals: Vec::new(),
            stretcher: Stretcher::new(Cost::LEAST),
            next_port: 20_000,
            have_writes_failed: false,
            steps_at_once: 0,
            sent: BTreeMap::new(),
            passwords: BTreeMap::new(),
        };
        for name in names {
            world.add_person(name);
        }
        world
    }

    pub fn add_person(&mut self, name: &str) -> usize {
        let session = Session::new(self.client_seed(), Trust::FirstUse);
        self.people.push(Person {
            name: name.parse().unwrap(),
            session,
            server: 0,
            address: server_address(0),
            wake_at: None,
            received: Vec::new(),
            last_arrived: Sequence::ZERO,
            sent_here: BTreeSet::new(),
            texts: BTreeMap::new(),
            stored: BTreeSet::new(),
            receipts: BTreeSet::new(),
            failures: Vec::new(),
            online: BTreeSet::new(),
            is_signed_in: false,
            kept: None,
            is_running: true,
            questions_after_sign_in: 0,
            groups_joined: BTreeSet::new(),
            accepts_invitations: true,
            invitations: BTreeSet::new(),
            asking: BTreeSet::new(),
            group_outcomes: Vec::new(),
            signed_in_at: None,
            lines: Vec::new(),
            account: AccountModel::default(),
        });
        let who = self.people.len() - 1;
        self.drain(who);
        who
    }

    /// Adds somebody with a client of 2022, who signs in at once.
    pub fn add_original(&mut self, name: &str) {
        let address = self.new_address();
        self.originals.push(Original::new(name.parse().unwrap(), address));
        self.network.send(self.now, address, server_address(0), &Original::unlock());
        self.run_for(Duration::from_secs(1));
        assert!(self.log.storage.registered(name).is_some(), "{name} is signed in");
    }

    /// Somebody with a client of 2022 sends a text.
    pub fn original_sends(&mut self, who: usize, to: &str, text: &str) {
        let original = &self.originals[who];
        let chat = original.chat(to, text);
        self.network.send(self.now, original.address, server_address(0), &chat);
    }

    /// Runs until everyone is signed in.
    pub fn sign_everyone_in(&mut self) {
        self.run_until(Duration::from_secs(60), |world| {
            world.people.iter().all(|person| person.is_signed_in)
        });
    }

    /// Somebody sends a text; the model notes whom it is for.
    pub fn send(&mut self, sender: usize, to: &Conversation, text: &str) {
        let id = self.people[sender].session.send(self.now, to.clone(), text).unwrap();
        self.note_sent(sender, to.clone(), None, id, text.to_owned());
    }

    /// Somebody changes a line that was stored and not taken back, if there is one: one of their
    /// own, or one of anybody's that they put a sign beside. `number` makes it unlike all others.
    pub fn change(&mut self, who: usize, change: LineChange, number: u64) {
        let is_own = |sent: &Sent| sent.sender == who;
        let may_read = |sent: &Sent| sent.recipients.contains(&who) && sent.place.is_some();
        let lines = self.sent.values().filter(|sent| {
            sent.of.is_none()
                && !sent.may_be_gone
                && sent.place.is_some()
                && (is_own(sent) || change == LineChange::Reaction && may_read(sent))
        });
        let lines: Vec<_> = lines.cloned().collect();
        if lines.is_empty() {
            return;
        }
        let line = &lines[self.rng.next_u32() as usize % lines.len()];
        let (Some(of), now) = (line.place, self.now) else { return };
        let is_answer = matches!(line.to, Conversation::User(_)) && !is_own(line);
        let to = if is_answer { self.to(line.sender) } else { line.to.clone() };
        let session = &mut self.people[who].session;
        let (id, text) = match change {
            LineChange::Edit => {
                let text = format!("edit-{number}");
                (session.edit(now, to.clone(), of, &text), text)
            }
            LineChange::Deletion => (session.delete(now, to.clone(), of), deletion_of(of)),
            LineChange::Reaction => {
                let text = format!("sign-{number}");
                (session.react(now, to.clone(), of, &text.parse().unwrap()), text)
            }
        };
        if change == LineChange::Deletion {
            let is_gone = |sent: &&mut Sent| sent.place == Some(of) || sent.of == Some(of);
            self.sent.values_mut().filter(is_gone).for_each(|sent| sent.may_be_gone = true);
        }
        self.note_sent(who, to, Some(of), id.unwrap(), text);
    }

    fn note_sent(
        &mut self,
        sender: usize,
        to: Conversation,
        of: Option<Sequence>,
        id: MessageId,
        text: String,
    ) {
        let recipients = match &to {
            Conversation::User(name) => {
                let theirs = self.people.iter().enumerate().filter(|(_, p)| p.name == *name);
                theirs.map(|(who, _)| who).collect()
            }
            Conversation::Group(group) => {
                let members =
                    self.people.iter().enumerate().filter(|(_, p)| p.groups_joined.contains(group));
                members.map(|(who, _)| who).filter(|&who| who != sender).collect()
            }
            Conversation::Everyone => BTreeSet::new(),
        };
        let person = &mut self.people[sender];
        person.texts.insert(id, text.clone());
        person.sent_here.insert(text.clone());
        let sent = Sent {
            sender,
            recipients,
            has_failed: false,
            number: self.sent.len(),
            may_be_gone: false,
            to,
            of,
            place: None,
        };
        self.sent.insert(text, sent);
        self.drain(sender);
    }

    pub fn to(&self, who: usize) -> Conversation {
        Conversation::User(self.people[who].name.clone())
    }

    /// Somebody's datagrams come from another address from now on, and they do not notice.
    pub fn move_address(&mut self, who: usize) {
        self.people[who].address = self.new_address();
    }

    /// Somebody's way leads through a gateway, and it restarts: it hangs up for them, and their
    /// WebSocket closes. The next one has another socket.
    pub fn restart_gateway(&mut self, who: usize) {
        let Person { address, server, .. } = self.people[who];
        if let Some(hang_up) = self.introduce(who).hang_up() {
            self.network.send(self.now, address, server_address(server), &hang_up);
        }
        self.people[who].address = self.new_address();
        self.people[who].session.path_closed(self.now);
        self.drain(who);
    }

    /// A gateway has introduced them to the server, over a wire that loses nothing.
    fn introduce(&mut self, who: usize) -> Introduction {
        let Person { address, server, .. } = self.people[who];
        let mut gateway = Introduction::new(gateway_key(), self.rng.next_u64(), address.ip());
        for _ in 0..2 {
            let (host, datagram) = (&mut self.hosts[server], gateway.next_datagram());
            host.receive(self.now, address, &datagram, &self.log, &mut self.rng);
            for (to, bytes) in host.take_sent() {
                if to != address || !gateway.handle_datagram(&bytes) {
                    self.network.send(self.now, server_address(server), to, &bytes);
                }
            }
        }
        gateway
    }

    /// Somebody's client connects to another server from now on.
    pub fn move_to_server(&mut self, who: usize, server: usize) {
        self.people[who].server = server;
        self.people[who].session.path_closed(self.now);
        self.drain(who);
    }

    /// Somebody's process ends without a word.
    pub fn kill_client(&mut self, who: usize) {
        let person = &mut self.people[who];
        person.kept = person.session.saved();
        person.is_running = false;
        person.wake_at = None;
        person.account.ends_asked.clear();
    }

    /// It starts again, with what it kept.
    pub fn restart_client(&mut self, who: usize) {
        let seed = self.client_seed();
        let person = &mut self.people[who];
        person.is_running = true;
        person.sent_here.clear();
        person.session = match person.kept.take() {
            Some(saved) => {
                person.sent_here = saved.waiting().iter().map(label).collect();
                Session::resume(seed, saved)
            }
            None => Session::new(seed, Trust::FirstUse),
        };
        self.drain(who);
    }

    /// Somebody's machine sleeps: nothing arrives and no timer fires.
    pub fn put_to_sleep(&mut self, who: usize) {
        self.people[who].is_running = false;
        self.people[who].wake_at = None;
    }

    /// It wakes up, and finds that time has passed.
    pub fn wake(&mut self, who: usize) {
        self.people[who].is_running = true;
        self.people[who].session.handle_timeout(self.now);
        self.drain(who);
    }

    pub fn crash_server(&mut self, server: usize) {
        self.hosts[server].crash();
    }

    pub fn start_server(&mut self, server: usize) {
        self.hosts[server].start(self.now, &mut self.log, &mut self.rng);
        self.carry();
    }

    /// Between every server and its storage, from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.have_writes_failed |= faults.failing_percent > 0;
        for host in &mut self.hosts {
            host.faults = faults;
        }
    }

    /// Somebody puts a backup in place of the log, while no server runs. What was stored since then
    /// is gone, whatever people were told.
    pub fn restore(&mut self, backup: MemoryStorage) {
        assert!(self.hosts.iter().all(|host| !host.is_running()), "it is not theirs any more");
        let generation = Generation(self.rng.next_u64());
        self.log.restore(backup, generation);
        let bodies = self.bodies();
        for person in &mut self.people {
            person.last_arrived = Sequence::ZERO;
            let (kept, gone): (BTreeSet<_>, BTreeSet<_>) = std::mem::take(&mut person.stored)
                .into_iter()
                .partition(|text| bodies.contains_key(&body(&person.name, text)));
            person.stored = kept;
            for text in gone {
                self.sent.get_mut(&text).unwrap().has_failed = true;
            }
        }
    }

    /// Sends a datagram from somewhere to the first server.
    pub fn inject(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.hosts[0].receive(self.now, from, bytes, &self.log, &mut self.rng);
        self.carry();
    }

    pub fn address_of(&self, who: usize) -> SocketAddr {
        self.people[who].address
    }

    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.next_time().filter(|at| *at <= end) {
            self.step(at);
        }
        self.now = end;
    }

    /// Runs until something holds.
    pub fn run_until(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) {
        let end = self.now + limit;
        while !holds(self) {
            let at = self.next_time().expect("something is always going to happen");
            assert!(at <= end, "seed {}: not within {limit:?}", self.seed);
            self.step(at);
        }
    }

    /// Everything that was sent is stored and has arrived wherever it should.
    pub fn is_quiet(&self) -> bool {
        self.people.iter().all(|person| !person.is_running || person.session.is_settled())
            && self.sent.iter().filter(|(_, sent)| !sent.has_failed).all(|(text, sent)| {
                let arrived = |who: &usize| self.people[*who].received.contains(text);
                self.people[sent.sender].stored.contains(text)
                    && sent.recipients.iter().all(arrived)
            })
    }

    /// Nothing is stored or received twice, or by whom it is not for, or out of order.
    pub fn check(&self) {
        let seed = self.seed;
        let bodies = self.bodies();
        for (who, person) in self.people.iter().enumerate() {
            // A datagram of an original that the network repeats is two messages: it has no id.
            let received = person.received.iter();
            let received: Vec<_> = received.filter(|text| !text.starts_with("from ")).collect();
            let distinct: BTreeSet<_> = received.iter().collect();
            assert_eq!(distinct.len(), received.len(), "seed {seed}: {} twice", person.name);
            let mut last_of_sender: BTreeMap<usize, u64> = BTreeMap::new();
            for text in received {
                let sent = self.sent.get(text).unwrap_or_else(|| panic!("seed {seed}: {text:?}"));
                assert!(
                    sent.recipients.contains(&who)
                        || self.people[sent.sender].name == person.name
                        || sent.recipients.is_empty(),
                    "seed {seed}: {text:?} is not for {}",
                    person.name
                );
                if let Some(number) = number(text).filter(|_| !self.have_writes_failed) {
                    let last = last_of_sender.insert(sent.sender, number).unwrap_or_default();
                    assert!(number > last, "seed {seed}: {text:?} out of order at {}", person.name);
                }
            }
            for (text, name) in &person.receipts {
                assert!(self.has(name, &person.name, text), "seed {seed}: {name} has no {text:?}");
            }
            for text in &person.stored {
                let is_there =
                    self.sent.get(text).is_some_and(|s| !s.may_be_gone && !is_deletion(text));
                if !is_there {
                    continue;
                }
                let rows = bodies.get(&body(&person.name, text));
                assert_eq!(rows, Some(&1), "seed {seed}: rows of {text:?}");
            }
        }
    }

    /// Whether somebody has a text of that sender.
    fn has(&self, name: &UserName, sender: &UserName, text: &str) -> bool {
        if let Some(original) = self.originals.iter().find(|original| original.name == *name) {
            return original.shown.contains(&format!("{sender}: {text}"));
        }
        let mut theirs = self.people.iter().filter(|person| person.name == *name);
        theirs.any(|person| person.received.iter().any(|received| received == text))
    }

    /// How often each body is stored.
    fn bodies(&self) -> BTreeMap<String, usize> {
        let mut bodies = BTreeMap::new();
        for message in self.log.storage.messages() {
            if let Some(body) = &message.body {
                *bodies.entry(body.as_str().to_owned()).or_default() += 1;
            }
        }
        bodies
    }

    /// The message at a place of the log.
    fn message(&self, sequence: Sequence) -> &Message {
        let entry = self.log.storage.log_after(sequence.previous()).first();
        match entry.map(|entry| &entry.change) {
            Some(Change::Message(message)) => message,
            other => panic!("seed {}: {sequence:?} is no message: {other:?}", self.seed),
        }
    }

    fn next_time(&self) -> Option<Instant> {
        let people = self.people.iter().filter_map(|person| person.wake_at);
        let hosts = self.hosts.iter().filter_map(Host::next_time);
        let all = people.chain(hosts).chain(self.network.next_arrival());
        all.min().map(|at| at.max(self.now))
    }

    fn step(&mut self, at: Instant) {
        self.steps_at_once = if at > self.now { 0 } else { self.steps_at_once + 1 };
        assert!(self.steps_at_once < STEPS_AT_ONCE_MAX, "seed {}: time stands still", self.seed);
        self.now = at;
        while let Some(datagram) = self.network.receive(self.now) {
            self.arrive(&datagram);
        }
        for host in &mut self.hosts {
            host.run(self.now, &mut self.log, &mut self.rng);
        }
        // What one has committed reaches the others.
        for host in &mut self.hosts {
            host.follow(self.now, &self.log, &mut self.rng);
        }
        self.carry();
        for who in 0..self.people.len() {
            if self.people[who].wake_at.is_some_and(|at| at <= self.now) {
                self.people[who].session.handle_timeout(self.now);
                self.drain(who);
            }
        }
    }

    fn arrive(&mut self, datagram: &Datagram<SocketAddr>) {
        let Datagram { from, to, bytes } = datagram;
        let server = (0..self.hosts.len()).find(|server| server_address(*server) == *to);
        if let Some(server) = server {
            self.hosts[server].receive(self.now, *from, bytes, &self.log, &mut self.rng);
            self.carry();
        } else if let Some(who) = self.people.iter().position(|person| person.address == *to)
            && self.people[who].is_running
        {
            self.people[who].session.handle_datagram(self.now, bytes);
            self.drain(who);
        } else if let Some(original) = self.originals.iter_mut().find(|o| o.address == *to)
            && let Some(answer) = original.handle(bytes)
        {
            self.network.send(self.now, *to, server_address(0), &answer);
        }
    }

    fn carry(&mut self) {
        for (server, host) in self.hosts.iter_mut().enumerate() {
            for (to, bytes) in host.take_sent() {
                self.network.send(self.now, server_address(server), to, &bytes);
            }
        }
    }

    fn drain(&mut self, who: usize) {
        loop {
            match self.people[who].session.poll() {
                Output::Transmit(bytes) => {
                    let Person { address, server, .. } = self.people[who];
                    self.network.send(self.now, address, server_address(server), &bytes);
                }
                Output::OpenPath => {
                    let address = self.new_address();
                    let person = &mut self.people[who];
                    person.address = address;
                    person.session.path_opened(self.now);
                }
                Output::Compute(task) => {
                    let done = task.run(&self.stretcher);
                    self.people[who].session.finish_password_task(self.now, done);
                }
                Output::Event(event) => self.handle_event(who, event),
                Output::Wait(at) => {
                    self.people[who].wake_at = at;
                    return;
                }
            }
        }
    }

    fn handle_event(&mut self, who: usize, event: Event) {
        let now = self.now;
        let person = &mut self.people[who];
        match event {
            Event::Asked(question) => {
                person.questions_after_sign_in += usize::from(person.is_signed_in);
                let waits = person.account.is_ended;
                match waits && matches!(question, Question::Password { .. }) {
                    true => person.account.asked = Some(question),
                    false => self.answer(who, &question),
                }
            }
            Event::SignedIn(_) => {
                let has_come_back = person.account.ended_at.is_some();
                assert!(!has_come_back, "seed {}: {who} goes on without a password", self.seed);
                person.account.has_session = true;
                person.is_signed_in = true;
                person.signed_in_at.get_or_insert(now);
            }
            Event::Arrived(arrival) => self.handle_arrival(who, arrival),
            Event::Progress(id, progress) => self.handle_progress(who, id, progress),
            Event::Online(online) => person.online = online.names.into_iter().collect(),
            Event::Group(..)
            | Event::Invited(..)
            | Event::InvitationEnded(_)
            | Event::Asks(..)
            | Event::AsksNoMore(..)
            | Event::Renamed(..) => self.handle_groups(who, event),
            Event::ServerKey(key) => assert_eq!(key, server_key().public()),
            Event::SessionsEnded(count) => {
                let sessions = person.account.ends_asked.pop_front().expect("what was asked");
                // Otherwise it could not be stored, or there was none.
                if count > 0 {
                    self.note_ended(sessions);
                }
            }
            Event::Password(outcome) => self.handle_password(who, &outcome),
            Event::EndedElsewhere => person.account.end_elsewhere(),
            Event::SignedOut
            | Event::PutOff(..)
            | Event::Connection(_)
            | Event::ActiveList(_)
            | Event::History(..)
            | Event::Groups(..)
            | Event::Overview(..)
            | Event::Read(..)
            | Event::Unread(..)
            | Event::Settings(_)
            | Event::SettingsCrossed(_)
            | Event::SettingsRenamed(..)
            | Event::Typing(..)
            | Event::Members(..)
            | Event::Receivers(..)
            | Event::Sessions(_)
            | Event::Block(..)
            | Event::Blocked(..)
            | Event::OtherLog
            | Event::Stale => {}
            Event::Line(told) => person.lines.push(told.sentence()),
        }
    }

    /// What arrives stands in the log at that place, behind everything that arrived before.
    fn handle_arrival(&mut self, who: usize, arrival: Arrival) {
        let stored = arrival.stored.expect("the place of a message");
        let message = self.message(stored.sequence);
        let found = (stored.id, stored.time, &arrival.kind);
        assert_eq!(found, (message.id, message.time, &message.kind), "seed {}", self.seed);
        let sender = self.log.storage.user_name(message.sender).unwrap();
        assert_eq!(arrival.sender.as_ref(), Some(sender), "seed {}: {arrival:?}", self.seed);
        let said = match arrival.content {
            Content::Text(text) => Some(text),
            Content::Reaction(reaction) => Some(reaction.to_string()),
            Content::TakenBack => None,
            Content::Corrupted | Content::Unknown => panic!("seed {}: {arrival:?}", self.seed),
        };
        if let Some(said) = &said {
            let stored = message.body.as_ref().map(|body| body.as_str().to_owned());
            assert_eq!(stored, Some(body(sender, said)), "seed {}", self.seed);
        }
        let mut authors = self.people.iter().filter(|person| person.name == *sender);
        let sent = authors.find_map(|author| author.texts.get(&stored.id)).cloned();
        // Originals give their messages no ids.
        let text = sent.or_else(|| said.clone()).expect("what somebody has sent");
        if said.is_none() {
            let is_gone = is_deletion(&text) || self.sent[&text].may_be_gone;
            assert!(is_gone, "seed {}: nobody has taken {text:?} back", self.seed);
        }
        let person = &mut self.people[who];
        let last = std::mem::replace(&mut person.last_arrived, stored.sequence);
        assert!(last < stored.sequence, "seed {}: {text:?} out of order", self.seed);
        let came_later = |ended_at| self.sent.get(&text).is_some_and(|it| it.number >= ended_at);
        let is_let_out = person.account.ended_at.is_some_and(came_later);
        assert!(!is_let_out, "seed {}: {text:?} came to an ended session", self.seed);
        let is_echo = person.sent_here.contains(&text);
        assert!(!is_echo, "seed {}: {text:?} came back", self.seed);
        person.received.push(text);
    }

    fn handle_progress(&mut self, who: usize, id: MessageId, progress: Progress) {
        // Every client of somebody is told of what they sent with another one.
        let mut theirs = self.people.iter().filter(|person| person.name == self.people[who].name);
        let text = theirs.find_map(|person| person.texts.get(&id)).expect("what was sent").clone();
        let person = &mut self.people[who];
        match progress {
            Progress::Sent => panic!("classic"),
            Progress::Stored(stored, recipients) => {
                let message = self.message(stored.sequence);
                assert_eq!((message.id, message.time), (id, stored.time), "seed {}", self.seed);
                let sender = self.log.storage.user_name(message.sender);
                assert_eq!(sender, Some(&self.people[who].name), "seed {}", self.seed);
                let who: BTreeSet<usize> = recipients
                    .names()
                    .iter()
                    .filter_map(|name| self.people.iter().position(|p| p.name == *name))
                    .collect();
                if let Some(sent) = self.sent.get_mut(&text).filter(|s| s.recipients.is_empty()) {
                    sent.recipients = who;
                }
                if let Some(sent) = self.sent.get_mut(&text) {
                    sent.place = Some(stored.sequence);
                }
                self.people[self.sent[&text].sender].stored.insert(text);
            }
            Progress::ReceivedCount { .. } => {}
            Progress::Received(name) => {
                person.receipts.insert((text, name));
            }
            Progress::Failed(failure, _) => {
                if let Some(sent) = self.sent.get_mut(&text) {
                    sent.has_failed = true;
                }
                person.failures.push((text, failure));
            }
        }
    }

    fn new_address(&mut self) -> SocketAddr {
        self.next_port = self.next_port.checked_add(1).unwrap_or(20_000);
        SocketAddr::from(([10, 0, 0, 1], self.next_port))
    }

    fn client_seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.rng.next_u64().to_le_bytes());
        seed
    }
}

fn server_address(server: usize) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 12_000 + u16::try_from(server).unwrap()))
}
