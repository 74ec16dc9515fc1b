//! Many sessions of one server, in memory: each has the real link of a client and a network that
//! loses nothing, so whatever ends a session is the server's doing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use netchat_core::Settings;
use netchat_shared::extended::{ClientMessage, Datagram, Link, ServerMessage, Token};
use netchat_shared::name::UserName;
use netchat_shared::opaque::{Proof, Word};
use netchat_shared::password::Password;
use netchat_shared::sequence::{Generation, Position};

use crate::memory_storage::MemoryStorage;
use crate::opaque::{ProofBegun, Prover};
use crate::opening::open;
use crate::sim_server::{SimServer, Storage};

/// In what steps time passes.
const STEP: Duration = Duration::from_millis(50);

pub struct Crowd<S = MemoryStorage> {
    pub server: SimServer<S>,
    prover: Prover,
    members: BTreeMap<SocketAddr, Member>,
}

struct Member {
    link: Link,
    heard: Vec<ServerMessage>,
    welcome: Option<(Token, Generation)>,
    proof: Option<(ProofBegun, UserName)>,
    /// The server said that there is no such session.
    is_gone: bool,
}

impl Crowd {
    pub fn new(adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::on(MemoryStorage::default(), adjust)
    }
}

impl<S: Storage> Crowd<S> {
    /// Around a server on a storage that has something already.
    pub fn on(storage: S, adjust: impl FnOnce(&mut Settings)) -> Self {
        let server = SimServer::on(storage, adjust);
        Self { server, prover: Prover::new([6; 32]), members: BTreeMap::new() }
    }

    /// Opens a session from an address.
    pub fn open(&mut self, address: SocketAddr) {
        let mut others = Vec::new();
        let opened = open(u64::from(address.port()), |datagram| {
            self.server.receive(address, &datagram);
            let sent = self.server.take_sent();
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                sent.into_iter().partition(|(to, _)| *to == address);
            others.extend(elsewhere);
            here.into_iter().map(|(_, bytes)| bytes).collect()
        });
        for (to, bytes) in others {
            self.carry(to, &bytes);
        }
        let link = Link::new(self.server.now().monotonic, opened.channel);
        self.members.insert(
            address,
            Member { link, heard: Vec::new(), welcome: None, proof: None, is_gone: false },
        );
    }

    /// Opens a session and signs in, under a name that may be new, to be given what comes behind
    /// that place.
    pub fn sign_in(&mut self, address: SocketAddr, name: &str, from: Option<Position>) {
        self.open(address);
        let password = Password::new("password").unwrap();
        self.say(address, &ClientMessage::Unlock(password));
        self.say(address, &ClientMessage::Name(name.parse().unwrap()));
        match self.take_heard(address).contains(&ServerMessage::NameIsNew) {
            true => self.enrol(address, name, "secretly", None),
            false => assert!(self.prove(address, name, "secretly")),
        }
        assert!(self.welcome(address, from), "{name} is signed in");
    }

    /// Enrols a password for a name, as far as the server lets.
    pub fn enrol(&mut self, at: SocketAddr, name: &str, text: &str, word: Option<Word>) {
        let (begun, enrol) = self.prover.enrol(text, word);
        self.say(at, &enrol);
        let is_answer = |heard: &ServerMessage| matches!(heard, ServerMessage::Enrol(_));
        if let Some(ServerMessage::Enrol(response)) = self.take_one(at, is_answer) {
            let upload = self.prover.finish_enrolment(&begun, &response, &name.parse().unwrap());
            self.say(at, &ClientMessage::Enrolled(upload));
        }
    }

    /// Begins to prove a password of a name, as it is registered.
    pub fn begin_proof(&mut self, at: SocketAddr, name: &str, text: &str) {
        let (begun, prove) = self.prover.prove(text);
        self.member(at).proof = Some((begun, name.parse().unwrap()));
        self.say(at, &prove);
    }

    /// Proves what was begun, if the server has answered and the password is right: whether it is.
    pub fn finish_proof(&mut self, at: SocketAddr) -> bool {
        let proof = self.proof(at);
        if let Some(proof) = proof.clone() {
            self.say(at, &ClientMessage::Proof(proof));
        }
        proof.is_some()
    }

    /// Proves a password of a name, as it is registered: whether it is right.
    pub fn prove(&mut self, at: SocketAddr, name: &str, text: &str) -> bool {
        self.begin_proof(at, name, text);
        self.finish_proof(at)
    }

    /// Puts another password in place of one's own, as far as the server lets, and as the old one is right:
    /// whether the server has answered so that this could be seen.
    pub fn change_password(
        &mut self,
        at: SocketAddr,
        name: &str,
        (old, new): (&str, &str),
        ends_others: bool,
    ) -> bool {
        self.begin_proof(at, name, old);
        let (begun, enrol) = self.prover.enrol(new, None);
        self.say(at, &enrol);
        let is_proof = |heard: &ServerMessage| matches!(heard, ServerMessage::Prove(_));
        let is_answered = self.members[&at].heard.iter().any(is_proof);
        let is_answer = |heard: &ServerMessage| matches!(heard, ServerMessage::Enrol(_));
        if let Some(ServerMessage::Enrol(response)) = self.take_one(at, is_answer)
            && let Some(proof) = self.proof(at)
        {
            let upload = self.prover.finish_enrolment(&begun, &response, &name.parse().unwrap());
            self.say(at, &ClientMessage::ChangePassword { proof, upload, ends_others });
        }
        is_answered
    }

    fn proof(&mut self, at: SocketAddr) -> Option<Proof> {
        let is_answer = |heard: &ServerMessage| matches!(heard, ServerMessage::Prove(_));
        let Some(ServerMessage::Prove(response)) = self.take_one(at, is_answer) else {
            return None;
        };
        let link = self.member(at).link.hash();
        let (begun, name) = self.member(at).proof.take()?;
        self.prover.finish_proof(&begun, &response, (&name, link))
    }

    /// The first of what somebody was told that is this, without the rest.
    fn take_one(
        &mut self,
        at: SocketAddr,
        is_it: impl Fn(&ServerMessage) -> bool,
    ) -> Option<ServerMessage> {
        let heard = &mut self.member(at).heard;
        heard.iter().position(is_it).map(|at| heard.remove(at))
    }

    /// Opens a session and signs in with what an earlier sign-in left; whether that was good.
    pub fn resume(&mut self, address: SocketAddr, token: Token, from: Option<Position>) -> bool {
        self.open(address);
        self.say(address, &ClientMessage::Resume(token));
        self.welcome(address, from)
    }

    /// What somebody may resume with.
    pub fn token(&self, at: SocketAddr) -> Token {
        self.members[&at].welcome.expect("somebody who is signed in").0
    }

    /// The log that somebody was told of.
    pub fn generation(&self, at: SocketAddr) -> Generation {
        self.members[&at].welcome.expect("somebody who is signed in").1
    }

    fn welcome(&mut self, address: SocketAddr, from: Option<Position>) -> bool {
        let heard = self.take_heard(address);
        let welcome = heard.into_iter().find_map(|message| {
            let ServerMessage::Welcome { token, generation, .. } = message else { return None };
            Some((token, generation))
        });
        self.member(address).welcome = welcome;
        if welcome.is_some() {
            self.say(address, &ClientMessage::Sync(from));
        }
        welcome.is_some()
    }

    /// Says something, and carries whatever follows from it.
    pub fn say(&mut self, from: SocketAddr, message: &ClientMessage) {
        self.member(from).link.send(&message.to_wire()).unwrap();
        self.carry_all(BTreeSet::from([from]));
    }

    /// Nobody is there any more, and nobody says so.
    pub fn lose(&mut self, address: SocketAddr) {
        self.members.remove(&address);
    }

    /// What somebody was told since the last call.
    pub fn take_heard(&mut self, at: SocketAddr) -> Vec<ServerMessage> {
        std::mem::take(&mut self.member(at).heard)
    }

    /// Whether somebody's session has ended.
    pub fn is_gone(&self, at: SocketAddr) -> bool {
        self.members[&at].is_gone
    }

    /// Lets time pass.
    pub fn pass(&mut self, duration: Duration) {
        let end = self.server.now().monotonic + duration;
        while self.server.now().monotonic < end {
            let left = end.saturating_since(self.server.now().monotonic);
            self.server.pass(left.min(STEP));
            let now = self.server.now().monotonic;
            let is_due = |member: &Member| member.link.timeout().is_some_and(|at| at <= now);
            let due = self.members.iter_mut().filter(|(_, member)| is_due(member));
            let due = due.map(|(address, member)| {
                member.link.handle_timeout(now);
                *address
            });
            let due = due.collect();
            self.carry_all(due);
        }
    }

    /// Carries datagrams until nobody has more to say.
    fn carry_all(&mut self, mut speakers: BTreeSet<SocketAddr>) {
        loop {
            let now = self.server.now().monotonic;
            while let Some(from) = speakers.pop_first() {
                while let Some(packet) = self.member(from).link.next_packet(now) {
                    self.server.receive(from, &packet);
                }
            }
            for (to, bytes) in self.server.take_sent() {
                self.carry(to, &bytes);
                speakers.insert(to);
            }
            speakers.retain(|address| self.members.contains_key(address));
            if speakers.is_empty() {
                return;
            }
        }
    }

    fn carry(&mut self, to: SocketAddr, bytes: &[u8]) {
        let now = self.server.now().monotonic;
        let Some(member) = self.members.get_mut(&to) else { return };
        match Datagram::parse(bytes) {
            Ok(Datagram::Packet { number, sealed, .. }) => {
                let _ = member.link.handle_packet(now, number, sealed).unwrap();
                while let Some(message) = member.link.next_message() {
                    member.heard.push(ServerMessage::parse(&message).unwrap());
                }
                member.is_gone |= member.link.has_ended();
            }
            Ok(Datagram::Gone { .. }) => member.is_gone = true,
            _ => {}
        }
    }

    fn member(&mut self, at: SocketAddr) -> &mut Member {
        self.members.get_mut(&at).expect("somebody who has opened a session")
    }
}
