//! Everything together: a server, people with clients of both kinds, and the network between them.
//! After every step the invariants are checked against a plain model of who should know what.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use netchat_client::session::{
    Content, Event, Failure, Output, Progress, Question, Saved, Session,
};
use netchat_core::Settings;
use netchat_shared::conversation::Conversation;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::password::Password;
use netchat_shared::time::Instant;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::host::Host;
use super::network::{Conditions, Network};
use super::original::Original;

const SERVER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 12_000);

pub struct World {
    pub seed: u64,
    pub now: Instant,
    pub rng: ChaCha8Rng,
    pub network: Network<SocketAddr>,
    pub host: Host,
    pub people: Vec<Person>,
    pub originals: Vec<Original>,
    next_port: u16,
    /// Every text that was sent, with its sender and whom it is for.
    pub sent: BTreeMap<String, Sent>,
}

/// A message that somebody sent, as the model knows it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub sender: usize,
    pub recipients: BTreeSet<usize>,
    pub has_failed: bool,
}

/// Somebody with a client of ours.
pub struct Person {
    pub name: UserName,
    pub session: Session,
    address: SocketAddr,
    wake_at: Option<Instant>,
    /// What arrived, in order.
    pub received: Vec<String>,
    /// What the session that runs has sent: it does not come back to it.
    sent_here: BTreeSet<String>,
    /// Own messages by their id.
    texts: BTreeMap<MessageId, String>,
    /// Texts that the server said are stored.
    pub stored: BTreeSet<String>,
    /// Who has which of them, as the session was told.
    pub receipts: BTreeSet<(String, UserName)>,
    pub failures: Vec<(String, Failure)>,
    pub online: Vec<UserName>,
    pub is_signed_in: bool,
    /// The process does not run; this is what it kept.
    kept: Option<Saved>,
    pub is_running: bool,
    pub questions_after_sign_in: usize,
    pub groups_joined: BTreeSet<GroupName>,
    pub signed_in_at: Option<Instant>,
}

impl World {
    pub fn new(seed: u64, conditions: Conditions, names: &[&str]) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut host = Host::new(Settings::new(Password::new("password").unwrap()));
        host.start(Instant::ZERO, &mut rng);
        let mut world = Self {
            seed,
            now: Instant::ZERO,
            network: Network::new(rng.next_u64(), conditions),
            rng,
            host,
            people: Vec::new(),
            originals: Vec::new(),
            next_port: 20_000,
            sent: BTreeMap::new(),
        };
        for name in names {
            world.add_person(name);
        }
        world
    }

    pub fn add_person(&mut self, name: &str) -> usize {
        let session = Session::new(self.client_seed());
        self.people.push(Person {
            name: name.parse().unwrap(),
            session,
            address: SERVER,
            wake_at: None,
            received: Vec::new(),
            sent_here: BTreeSet::new(),
            texts: BTreeMap::new(),
            stored: BTreeSet::new(),
            receipts: BTreeSet::new(),
            failures: Vec::new(),
            online: Vec::new(),
            is_signed_in: false,
            kept: None,
            is_running: true,
            questions_after_sign_in: 0,
            groups_joined: BTreeSet::new(),
            signed_in_at: None,
        });
        let who = self.people.len() - 1;
        self.drain(who);
        who
    }

    /// Adds somebody with a client of 2022, who signs in at once.
    pub fn add_original(&mut self, name: &str) {
        let address = self.new_address();
        self.originals.push(Original::new(name.parse().unwrap(), address));
        self.network.send(self.now, address, SERVER, &Original::unlock());
        self.run_for(Duration::from_secs(1));
        assert!(self.host.is_registered(name), "{name} is signed in");
    }

    /// Somebody with a client of 2022 sends a text.
    pub fn original_sends(&mut self, who: usize, to: &str, text: &str) {
        let original = &self.originals[who];
        self.network.send(self.now, original.address, SERVER, &original.chat(to, text));
    }

    /// Runs until everyone is signed in.
    pub fn sign_everyone_in(&mut self) {
        self.run_until(Duration::from_secs(60), |world| {
            world.people.iter().all(|person| person.is_signed_in)
        });
    }

    /// Somebody sends a text; the model notes whom it is for.
    pub fn send(&mut self, sender: usize, to: &Conversation, text: &str) {
        let recipients = match to {
            Conversation::User(name) => {
                self.people.iter().position(|p| p.name == *name).into_iter().collect()
            }
            Conversation::Group(group) => {
                let members =
                    self.people.iter().enumerate().filter(|(_, p)| p.groups_joined.contains(group));
                members.map(|(who, _)| who).filter(|&who| who != sender).collect()
            }
            Conversation::Everyone => BTreeSet::new(),
        };
        let now = self.now;
        let person = &mut self.people[sender];
        let id = person.session.send(now, to.clone(), text).unwrap();
        person.texts.insert(id, text.to_owned());
        person.sent_here.insert(text.to_owned());
        self.sent.insert(text.to_owned(), Sent { sender, recipients, has_failed: false });
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
        let address = self.people[who].address;
        self.network.send(self.now, address, SERVER, b"");
        self.people[who].address = self.new_address();
        self.people[who].session.path_closed(self.now);
        self.drain(who);
    }

    /// Somebody's process ends without a word.
    pub fn kill_client(&mut self, who: usize) {
        let person = &mut self.people[who];
        person.kept = person.session.saved();
        person.is_running = false;
        person.wake_at = None;
    }

    /// It starts again, with what it kept.
    pub fn restart_client(&mut self, who: usize) {
        let seed = self.client_seed();
        let person = &mut self.people[who];
        person.is_running = true;
        person.sent_here.clear();
        person.session = match person.kept.take() {
            Some(saved) => {
                person.sent_here = saved.waiting().map(|(_, _, text)| text.to_owned()).collect();
                Session::resume(seed, saved)
            }
            None => Session::new(seed),
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

    pub fn crash_server(&mut self) {
        self.host.crash();
    }

    pub fn start_server(&mut self) {
        self.host.start(self.now, &mut self.rng);
        self.carry();
    }

    /// Sends a datagram from somewhere to the server.
    pub fn inject(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.host.receive(self.now, from, bytes, &mut self.rng);
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
                        || sent.sender == who
                        || sent.recipients.is_empty(),
                    "seed {seed}: {text:?} is not for {}",
                    person.name
                );
                if let Some(number) = number(text) {
                    let last = last_of_sender.insert(sent.sender, number).unwrap_or_default();
                    assert!(number > last, "seed {seed}: {text:?} out of order at {}", person.name);
                }
            }
            for (text, name) in &person.receipts {
                assert!(self.has(name, &person.name, text), "seed {seed}: {name} has no {text:?}");
            }
            for text in &person.stored {
                let rows = self.host.disk.messages.values();
                let rows = rows.filter(|row| row.body.as_str() == body(person, text)).count();
                assert_eq!(rows, 1, "seed {seed}: rows of {text:?}");
            }
        }
    }

    /// Whether somebody has a text of that sender.
    fn has(&self, name: &UserName, sender: &UserName, text: &str) -> bool {
        if let Some(original) = self.originals.iter().find(|original| original.name == *name) {
            return original.shown.contains(&format!("{sender}: {text}"));
        }
        let person = self.people.iter().find(|person| person.name == *name).unwrap();
        person.received.iter().any(|received| received == text)
    }

    fn next_time(&self) -> Option<Instant> {
        let people = self.people.iter().filter_map(|person| person.wake_at);
        let others = [self.network.next_arrival(), self.host.next_time()];
        people.chain(others.into_iter().flatten()).min().map(|at| at.max(self.now))
    }

    fn step(&mut self, at: Instant) {
        self.now = at;
        while let Some(datagram) = self.network.receive(self.now) {
            if datagram.to == SERVER {
                self.host.receive(self.now, datagram.from, &datagram.bytes, &mut self.rng);
                self.carry();
            } else if let Some(who) = self.people.iter().position(|p| p.address == datagram.to)
                && self.people[who].is_running
            {
                self.people[who].session.handle_datagram(self.now, &datagram.bytes);
                self.drain(who);
            } else if let Some(original) =
                self.originals.iter_mut().find(|original| original.address == datagram.to)
                && let Some(answer) = original.handle(&datagram.bytes)
            {
                self.network.send(self.now, datagram.to, SERVER, &answer);
            }
        }
        self.host.run(self.now, &mut self.rng);
        self.carry();
        for who in 0..self.people.len() {
            if self.people[who].wake_at.is_some_and(|at| at <= self.now) {
                self.people[who].session.handle_timeout(self.now);
                self.drain(who);
            }
        }
    }

    fn carry(&mut self) {
        for (to, bytes) in self.host.take_sent() {
            self.network.send(self.now, SERVER, to, &bytes);
        }
    }

    fn drain(&mut self, who: usize) {
        loop {
            match self.people[who].session.poll() {
                Output::Transmit(bytes) => {
                    let from = self.people[who].address;
                    self.network.send(self.now, from, SERVER, &bytes);
                }
                Output::OpenPath => {
                    let address = self.new_address();
                    let person = &mut self.people[who];
                    person.address = address;
                    person.session.path_opened(self.now);
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
                answer(person, now, &question);
            }
            Event::SignedIn(_) => {
                person.is_signed_in = true;
                person.signed_in_at.get_or_insert(now);
            }
            Event::Arrived(arrival) => {
                let Content::Text(text) = arrival.content else { panic!("corrupted") };
                let is_echo = person.sent_here.contains(&text);
                assert!(!is_echo, "seed {}: {text:?} came back", self.seed);
                person.received.push(text);
            }
            Event::Progress(id, progress) => self.handle_progress(who, id, progress),
            Event::Online(names) => person.online = names,
            Event::Group(group, _) => {
                person.groups_joined.insert(group);
            }
            Event::SignedOut
            | Event::Connection(_)
            | Event::ActiveList(_)
            | Event::History(..)
            | Event::Overview(..)
            | Event::Line(_) => {}
        }
    }

    fn handle_progress(&mut self, who: usize, id: MessageId, progress: Progress) {
        let person = &mut self.people[who];
        let text = person.texts[&id].clone();
        match progress {
            Progress::Sent => panic!("classic"),
            Progress::Stored(stored, recipients) => {
                assert!(
                    self.host.disk.messages.contains_key(&stored.sequence),
                    "seed {}: {text:?} was acknowledged and is not on the disk",
                    self.seed
                );
                let who: BTreeSet<usize> = recipients
                    .iter()
                    .filter_map(|name| self.people.iter().position(|p| p.name == *name))
                    .collect();
                if let Some(sent) = self.sent.get_mut(&text).filter(|s| s.recipients.is_empty()) {
                    sent.recipients = who;
                }
                self.people[self.sent[&text].sender].stored.insert(text);
            }
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

fn answer(person: &mut Person, now: Instant, question: &Question) {
    let password = || Password::new("secretly").unwrap();
    match question {
        Question::ServerPassword { .. } => {
            person.session.answer_server_password(now, Password::new("password").unwrap());
        }
        Question::Name { .. } => {
            let name = person.name.clone();
            person.session.answer_name(now, name);
        }
        Question::Password { wrong: false, .. } | Question::NewPassword { .. } => {
            person.session.answer_password(now, password());
        }
        Question::Password { wrong: true, .. } => panic!("{} has the right password", person.name),
    }
}

fn body(person: &Person, text: &str) -> String {
    netchat_shared::body::Body::new(&person.name, text).as_str().to_owned()
}

/// The number at the end of a text, if the test counts its messages.
fn number(text: &str) -> Option<u64> {
    text.rsplit(' ').next()?.parse().ok()
}
