//! A session, and the server that the test plays.

use std::time::Duration;

use netchat_client::session::{Content, Event, Output, Session, Trust};
use netchat_shared::FreshKeys;
use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Datagram, Delivered, Link, PROTOCOL_VERSION, Receipts, Recipients,
    ServerMessage, SessionId, Token, accept,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::list::List;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::{Cost, RecordId, Seed, Setup, Stretcher, Word};
use netchat_shared::password::Password;
use netchat_shared::sequence::{Generation, Position, Sequence};
use netchat_shared::server_key::StaticKey;
use netchat_shared::time::{Instant, UnixTime};

/// A session, and the other end of its link.
pub(crate) struct Pair {
    pub(crate) session: Session,
    pub(crate) key: StaticKey,
    keys: FreshKeys,
    setup: Setup,
    stretcher: Stretcher,
    pub(crate) server: Option<Link>,
    pub(crate) sessions_opened: u64,
    pub(crate) now: Instant,
    wake_at: Option<Instant>,
    /// The server does not hear packets at present.
    pub(crate) is_deaf: bool,
    /// What the client has said and nobody has looked at yet.
    pub(crate) said: Vec<ClientMessage>,
    pub(crate) events: Vec<Event>,
}

impl Pair {
    pub(crate) fn new(session: Session) -> Self {
        Self::with_key(session, StaticKey::from_random([1; 32]))
    }

    /// A server that has this key.
    pub(crate) fn with_key(session: Session, key: StaticKey) -> Self {
        let mut keys = FreshKeys::from_seed([2; 32]).0;
        let mut pair = Self {
            session,
            key,
            setup: Setup::random(Seed::draw(&mut keys)),
            keys,
            stretcher: Stretcher::new(Cost::LEAST),
            server: None,
            sessions_opened: 0,
            now: Instant::ZERO,
            wake_at: None,
            is_deaf: false,
            said: Vec::new(),
            events: Vec::new(),
        };
        pair.exchange();
        pair
    }

    /// Signed in as alice, with nothing left to look at.
    pub(crate) fn signed_in() -> Self {
        let mut pair = Self::new(Session::new([1; 32], Trust::FirstUse));
        pair.session.answer_server_password(pair.now, password("password"));
        pair.session.answer_name(pair.now, name("alice"));
        pair.session.answer_password(pair.now, password("secretly"));
        pair.reply(&ServerMessage::Unlocked);
        pair.reply(&known("alice"));
        assert!(pair.is_proved("alice", "secretly"));
        pair.reply(&welcome("alice"));
        pair.reply(&ServerMessage::From(Sequence::ZERO));
        pair.take_said();
        pair.take_events();
        pair
    }

    pub(crate) fn reply(&mut self, message: &ServerMessage) {
        self.exchange();
        self.server.as_mut().unwrap().send(&message.to_wire()).unwrap();
        self.exchange();
    }

    /// Plays the server's part of the proof that was begun last: whether the client proves that password.
    pub(crate) fn is_proved(&mut self, who: &str, text: &str) -> bool {
        self.exchange();
        let said = self.take_said().into_iter();
        let request = said
            .rev()
            .find_map(|said| if let ClientMessage::Prove(it) = said { Some(it) } else { None });
        let (who, link) = (name(who), self.server.as_ref().unwrap().hash());
        let (setup, stretcher, keys) = (&self.setup, &self.stretcher, &mut self.keys);
        let record = setup.enrol(&password(text), &who, stretcher, keys).unwrap();
        let (request, seed) = (request.unwrap(), Seed::draw(keys));
        let (answered, response) =
            setup.answer_proof(Some(&record), &request, (&who, &link), seed).unwrap();
        self.reply(&ServerMessage::Prove(response));
        let proof = self
            .said
            .iter()
            .rev()
            .find_map(|said| if let ClientMessage::Proof(it) = said { Some(it) } else { None });
        proof.is_some_and(|proof| answered.is_proved_by(proof))
    }

    /// Plays the server's part of the enrolment that was begun last: the one-time word that was shown.
    pub(crate) fn enrol(&mut self) -> Option<Word> {
        self.exchange();
        let said = self.take_said();
        let Some(ClientMessage::Enrol(request, word)) = said.last().cloned() else {
            panic!("{said:?}")
        };
        let id = RecordId::draw(&mut self.keys);
        let response = self.setup.answer_enrolment(&request, id).unwrap();
        self.reply(&ServerMessage::Enrol(response));
        let said = self.take_said();
        assert!(matches!(said[..], [ClientMessage::Enrolled(_)]), "{said:?}");
        word
    }

    /// Plays the server's part of a change of the password of alice, whose password that is: whether the
    /// client proves it, and has said what is to be kept.
    pub(crate) fn is_change_proved(&mut self, text: &str) -> bool {
        self.exchange();
        let said = self.take_said();
        let prove = said
            .iter()
            .rev()
            .find_map(|said| if let ClientMessage::Prove(it) = said { Some(it) } else { None });
        let enrol = said.iter().rev().find_map(|said| {
            if let ClientMessage::Enrol(it, None) = said { Some(it) } else { None }
        });
        let (Some(prove), Some(enrol)) = (prove, enrol) else { panic!("{said:?}") };
        let (who, link) = (name("alice"), self.server.as_ref().unwrap().hash());
        let (setup, stretcher, keys) = (&self.setup, &self.stretcher, &mut self.keys);
        let record = setup.enrol(&password(text), &who, stretcher, keys).unwrap();
        let seed = Seed::draw(keys);
        let (answered, response) =
            setup.answer_proof(Some(&record), prove, (&who, &link), seed).unwrap();
        let enrolling = setup.answer_enrolment(enrol, RecordId::draw(keys)).unwrap();
        self.reply(&ServerMessage::Prove(response));
        self.reply(&ServerMessage::Enrol(enrolling));
        let said = self.take_said();
        match said.last() {
            Some(ClientMessage::ChangePassword { proof, ends_others: true, .. }) => {
                answered.is_proved_by(proof)
            }
            _ => false,
        }
    }

    /// The server ends the link.
    pub(crate) fn cut_off(&mut self) {
        self.server.as_mut().unwrap().say_bye();
        self.exchange();
    }

    /// The server was killed and is back, and lets the session go on behind that place.
    pub(crate) fn restart(&mut self, from: u64) {
        self.server = None;
        self.pass(Duration::from_secs(2));
        self.reply(&welcome("alice"));
        self.reply(&ServerMessage::From(Sequence(from)));
    }

    /// Passes datagrams to and fro until neither side has any.
    pub(crate) fn exchange(&mut self) {
        loop {
            match self.session.poll() {
                Output::Transmit(bytes) => self.serve(&bytes),
                Output::OpenPath => self.session.path_opened(self.now),
                Output::Compute(task) => {
                    let done = task.run(&self.stretcher);
                    self.session.finish_password_task(self.now, done);
                }
                Output::Event(event) => self.events.push(event),
                Output::Wait(at) => {
                    self.wake_at = at;
                    let Some(server) = &mut self.server else { return };
                    let Some(packet) = server.next_packet(self.now) else { return };
                    self.session.handle_datagram(self.now, &packet);
                }
            }
        }
    }

    fn serve(&mut self, bytes: &[u8]) {
        match Datagram::parse(bytes).unwrap() {
            Datagram::Offer { nonce, .. } => {
                let version = PROTOCOL_VERSION;
                let server = self.key.public();
                self.answer(&Datagram::Cookie { version, nonce, cookie: 5, server });
            }
            Datagram::Open { nonce, cookie: 5, hello, .. } => {
                let session = SessionId(self.sessions_opened + 1);
                let accepted = accept(&self.key, (nonce, 5), &hello, session, &mut self.keys);
                let Ok((channel, opened)) = accepted else { return };
                self.sessions_opened += 1;
                self.server = Some(Link::new(self.now, channel));
                self.session.handle_datagram(self.now, &opened);
            }
            Datagram::Packet { .. } if self.is_deaf => {}
            Datagram::Packet { session, number, sealed } => match &mut self.server {
                Some(link) if link.session() == session => {
                    link.handle_packet(self.now, number, sealed).unwrap();
                    while let Some(message) = link.next_message() {
                        self.said.push(ClientMessage::parse(&message).unwrap());
                    }
                }
                _ => {
                    let reset = self.key.reset_word(session);
                    self.answer(&Datagram::Gone { session, reset });
                }
            },
            other @ (Datagram::Open { .. }
            | Datagram::Cookie { .. }
            | Datagram::Opened { .. }
            | Datagram::Gone { .. }
            | Datagram::Via(_)
            | Datagram::ViaTaken(_)
            | Datagram::HangUp(_)) => panic!("{other:?} is not for this server"),
        }
    }

    fn answer(&mut self, datagram: &Datagram<'_>) {
        self.session.handle_datagram(self.now, &datagram.to_wire());
    }

    pub(crate) fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.wake_at.filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.session.handle_timeout(self.now);
            self.exchange();
        }
        self.now = end;
    }

    pub(crate) fn send(&mut self, text: &str) -> MessageId {
        let to = Conversation::User(name("bob"));
        let id = self.session.send(self.now, to, text).unwrap();
        self.exchange();
        id
    }

    pub(crate) fn confirm(&mut self, id: MessageId, sequence: u64) {
        let (sequence, time) = (Sequence(sequence), UnixTime { millis: 1 });
        let recipients = Recipients::new(1, [name("bob")]);
        self.reply(&ServerMessage::Sent {
            id,
            sequence,
            time,
            position: Some(sequence),
            recipients,
        });
    }

    pub(crate) fn take_said(&mut self) -> Vec<ClientMessage> {
        std::mem::take(&mut self.said)
    }

    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn sent_ids(&mut self) -> Vec<MessageId> {
        let said = self.take_said().into_iter();
        said.filter_map(|m| if let ClientMessage::Send { id, .. } = m { Some(id) } else { None })
            .collect()
    }
}

pub(crate) fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// The name is registered, and its password is to be proved.
pub(crate) fn known(who: &str) -> ServerMessage {
    ServerMessage::NameNeedsProof(name(who))
}

pub(crate) fn token() -> Token {
    Token::parse("0123456789abcdef0123456789abcdef").unwrap()
}

pub(crate) const LOG: Generation = Generation(7);

pub(crate) fn welcome(who: &str) -> ServerMessage {
    ServerMessage::Welcome { name: name(who), token: token(), generation: LOG }
}

pub(crate) fn position(sequence: u64) -> Option<Position> {
    Some(Position { generation: LOG, sequence: Sequence(sequence) })
}

pub(crate) fn bob() -> Conversation {
    Conversation::User(name("bob"))
}

pub(crate) fn group() -> GroupName {
    "CS: Group".parse().unwrap()
}

pub(crate) fn names<const N: usize>(names: [&str; N]) -> List<UserName> {
    List::new(names.map(name).to_vec()).unwrap()
}

/// A text of bob's.
pub(crate) fn delivered(sequence: u64, body: Body) -> Delivered {
    Delivered {
        sequence: Sequence(sequence),
        conversation: bob(),
        sender: name("bob"),
        time: UnixTime { millis: 1 },
        id: MessageId(sequence.into()),
        kind: MessageKind::Text,
        receipts: Receipts::default(),
        body: Some(body),
    }
}

pub(crate) fn from_bob(sequence: u64, body: Body) -> ServerMessage {
    ServerMessage::Message(delivered(sequence, body))
}

pub(crate) fn said_by_bob(text: &str) -> Body {
    Body::new(&name("bob"), text)
}

pub(crate) fn contents(events: Vec<Event>) -> Vec<Content> {
    let events = events.into_iter();
    events.filter_map(|e| if let Event::Arrived(a) = e { Some(a.content) } else { None }).collect()
}

pub(crate) fn texts(events: Vec<Event>) -> Vec<String> {
    let texts = contents(events).into_iter();
    texts.filter_map(|c| if let Content::Text(text) = c { Some(text) } else { None }).collect()
}
