//! Signing in while many do, and while somebody guesses: a real server, real sockets, real hashes.

mod client;
mod server;
mod strangers;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, ServerMessage};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;

pub(crate) use self::client::{Client, Try};
pub(crate) use self::server::Server;
use super::latencies::Latencies;

const PEOPLE: usize = 1_000;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(180);
const GUESSES_PER_SECOND: u32 = 1_000;
/// How long they have guessed before the owner comes.
const GUESSED_BEFORE: Duration = Duration::from_secs(3);
/// How many owners sign in under attack, one after the other.
const OWNERS: usize = 10;
/// What is measured has the processors but for this: clients look so often for what has come.
pub(crate) const PAUSE: Duration = Duration::from_millis(1);
/// Passwords of each kind, one after the other.
const COMPARED: usize = 200;

pub(crate) fn bench() {
    // Two write as fast as they are answered.
    let server = Server::start_with(&["--message-quota", "off"]);
    println!("signing in: {PEOPLE} people, release build, {} processors", processors());
    let before = server.resident_bytes();
    register(&server);
    let grown = server.resident_bytes().saturating_sub(before) / 1_000_000;
    println!("  memory of the server after it: {} MB more than at the start", grown);
    all_at_once(&server);
    for (sources, from) in [(1, "one address"), (10, "10 addresses"), (1_000, "1,000 addresses")] {
        owner_under_attack(&server, sources, from);
    }
    one_by_one(&server);
    strangers::bench(&server);
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// So many people at once, who come from a hundred addresses.
fn people(server: &Server, tries: Try, mut meanwhile: impl FnMut()) -> (Vec<Client>, Duration) {
    let mut people: Vec<Client> = Vec::new();
    for index in 0..PEOPLE {
        let from = Ipv4Addr::new(127, 0, 1, 1 + (index % 100) as u8);
        people.push(Client::open(server.address, from, &format!("person{index}")));
    }
    let began = Instant::now();
    // Each computes here what takes them some tenths of a millisecond; nobody else is to wait for all.
    for person in &mut people {
        person.show(tries);
        meanwhile();
    }
    while people.iter().any(|person| person.welcomed_after.is_none()) {
        for person in &mut people {
            person.turn();
            meanwhile();
        }
        std::thread::sleep(PAUSE);
        assert!(began.elapsed() < PATIENCE, "everyone gets in");
    }
    (people, began.elapsed())
}

fn register(server: &Server) {
    let (_, took) = people(server, Try::Register, || {});
    println!("  all register at once: {:.1} s", took.as_secs_f64());
}

/// Everyone signs in at once, while two others chat.
fn all_at_once(server: &Server) {
    let mut chat = Chat::begin(server, "writer", Duration::ZERO);
    for _ in 0..200 {
        chat.turn();
        std::thread::sleep(PAUSE);
    }
    let before = std::mem::take(&mut chat.latencies);
    let (people, took) = people(server, Try::Right, || chat.turn());
    let wrong: usize = people.iter().map(|person| person.wrong).sum();
    let busy: usize = people.iter().map(|person| person.busy).sum();
    println!("  all sign in at once: {:.1} s; WRONG {wrong}, busy {busy}", took.as_secs_f64());
    println!("  SENT of another meanwhile: {}; before: {before}", chat.latencies);
}

/// Somebody who has come in from there.
pub(crate) fn enter(server: SocketAddr, from: Ipv4Addr, name: &str, tries: Try) -> Client {
    let mut client = Client::open(server, from, name);
    client.show(tries);
    let began = Instant::now();
    while client.welcomed_after.is_none() {
        client.turn();
        std::thread::sleep(PAUSE);
        assert!(began.elapsed() < PATIENCE, "{name} gets in");
    }
    client
}

/// Somebody who writes, one message after the other.
pub(crate) struct Chat {
    writer: Client,
    name: UserName,
    /// How long each thinks after an answer.
    thinks_for: Duration,
    sent_at: Option<Instant>,
    answered_at: Instant,
    sent: u128,
    pub(crate) latencies: Latencies,
}

impl Chat {
    pub(crate) fn begin(server: &Server, name: &str, thinks_for: Duration) -> Self {
        let from = Ipv4Addr::new(127, 0, 0, 5);
        let writer = enter(server.address, from, name, Try::Register);
        Self {
            writer,
            name: name.parse().unwrap(),
            thinks_for,
            sent_at: None,
            answered_at: Instant::now(),
            sent: 0,
            latencies: Latencies::default(),
        }
    }

    pub(crate) fn turn(&mut self) {
        self.writer.turn();
        while let Some(message) = self.writer.heard.pop_front() {
            if let ServerMessage::Sent { .. } = message
                && let Some(sent_at) = self.sent_at.take()
            {
                self.latencies.push(sent_at.elapsed());
                self.answered_at = Instant::now();
            }
        }
        if self.sent_at.is_none() && self.answered_at.elapsed() >= self.thinks_for {
            self.sent += 1;
            self.writer.say(&ClientMessage::Send {
                id: MessageId(self.sent),
                // Notes to oneself: the same work as for another.
                to: Conversation::User(self.name.clone()),
                kind: MessageKind::Text,
                body: Some(Body::new(&self.name, "still here")),
            });
            self.sent_at = Some(Instant::now());
        }
    }
}

/// The owner of a name signs in, again and again, while it is guessed from so many addresses: where they
/// were last, and where nobody was before, in turn.
fn owner_under_attack(server: &Server, sources: u32, from: &str) {
    let mut guessers: Vec<Client> = Vec::new();
    for index in 0..sources.max(20) {
        let [_, _, high, low] = (index % sources + 1).to_be_bytes();
        let address = Ipv4Addr::new(127, 10, high, low);
        guessers.push(Client::open(server.address, address, "person0"));
    }
    // Whoever signs in here while nothing has been guessed yet is known from here.
    let mut home = Ipv4Addr::new(127, 20, (sources % 251) as u8, 1);
    let mut owner = Some(Client::open(server.address, home, "person0"));
    if let Some(owner) = &mut owner {
        owner.show(Try::Right);
    }
    let (mut began, mut guessed, mut waits) = (Instant::now(), 0, Vec::new());
    while waits.len() <= OWNERS {
        let due = match waits.is_empty() {
            true => 0,
            false => began.elapsed().as_micros() * u128::from(GUESSES_PER_SECOND) / 1_000_000,
        };
        while guessed < due {
            let count = guessers.len();
            guessers[guessed as usize % count].show(Try::Wrong);
            guessed += 1;
        }
        guessers.iter_mut().for_each(Client::turn);
        match &mut owner {
            None if began.elapsed() > GUESSED_BEFORE => {
                if waits.len() % 2 == 0 {
                    let [first, second, third, last] = home.octets();
                    home = Ipv4Addr::new(first, second, third, last + 1);
                }
                let mut client = Client::open(server.address, home, "person0");
                client.show(Try::Right);
                owner = Some(client);
            }
            None => {}
            Some(client) => {
                client.turn();
                assert_eq!(client.wrong, 0, "nobody right is called wrong");
                if let Some(wait) = client.welcomed_after {
                    if waits.is_empty() {
                        began = Instant::now();
                    }
                    waits.push(wait);
                    owner = None;
                }
            }
        }
        std::thread::sleep(PAUSE);
        assert!(began.elapsed() < PATIENCE, "every owner gets in");
    }
    let tried: usize = guessers.iter().map(|guesser| guesser.wrong).sum();
    let longest = |first: usize| {
        let waits = waits.iter().skip(first).step_by(2);
        waits.max().map_or(0.0, Duration::as_secs_f64)
    };
    println!(
        "  a name under {GUESSES_PER_SECOND} guesses a second from {from}: {tried} of {guessed} were \
         tried;\n    its owner is in after {:.2} s at most of {} where they were last, {:.2} s elsewhere",
        longest(1),
        OWNERS / 2,
        longest(2)
    );
}

/// One after the other, each from an address of their own: in turn a right password, a guess at a name that
/// exists, and one at a name that does not.
fn one_by_one(server: &Server) {
    let kinds = [
        ("a right password", "person", Try::Right),
        ("a wrong password for a known name", "person", Try::Wrong),
        ("a wrong password for an unknown name", "nobody", Try::Wrong),
    ];
    let mut costs: [(Latencies, Latencies); 3] = Default::default();
    for index in 0..kinds.len() * COMPARED {
        let [high, low] = (index as u16).to_be_bytes();
        let from = Ipv4Addr::new(127, 30 + high, low, 1);
        let (_, name, tries) = kinds[index % kinds.len()];
        let name = format!("{name}{}", index / kinds.len());
        let (time, cpu_time) = one(server, from, &name, tries);
        costs[index % kinds.len()].0.push(time);
        costs[index % kinds.len()].1.push(cpu_time);
    }
    for ((what, ..), (times, cpu_times)) in kinds.into_iter().zip(&costs) {
        println!("  {what}: {times}; CPU {cpu_times}");
    }
}

/// How long a password takes, and the server's CPU time for it, behind the link and the name.
fn one(server: &Server, from: Ipv4Addr, name: &str, tries: Try) -> (Duration, Duration) {
    let mut client = Client::open(server.address, from, name);
    while client.heard.len() < 2 {
        client.turn();
    }
    let (began, cpu_before) = (Instant::now(), server.cpu_time());
    client.show(tries);
    while client.wrong == 0 && client.welcomed_after.is_none() {
        client.turn();
        std::thread::sleep(PAUSE);
    }
    (began.elapsed(), server.cpu_time().saturating_sub(cpu_before))
}
