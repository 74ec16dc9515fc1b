//! A client's session, and a server that may say anything, while the person goes on and paths close.

use std::collections::BTreeSet;
use std::time::Duration;

use netchat_client::session::{Event, Output, Progress, Saved, Session, Trust};
use netchat_shared::FreshKeys;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Datagram, HistoryFrom, JoinPolicy, Link, PROTOCOL_VERSION, ServerMessage,
    SessionId, Token, accept,
};
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::opaque::{Cost, EnrolRequest, RecordId, Stretcher};
use netchat_shared::password::Password;
use netchat_shared::sequence::{Generation, Sequence};
use netchat_shared::time::{Instant, UnixTime};

use super::script::Script;
use crate::opaque::setup;
use crate::opening::server_key;

/// More than a step can make necessary: whoever goes on and on does not end.
const OUTPUTS_PER_STEP_MAX: usize = 20_000;
/// What a message of a server may begin with.
const WORDS: [&str; 36] = [
    "MESSAGE#",
    "PAST#",
    "SENT#",
    "NOT_SENT#",
    "RECEIVED#",
    "RECEIVED_COUNT#",
    "FAILED#",
    "READ#",
    "TYPING#",
    "ONLINE#",
    "CAME#",
    "LEFT#",
    "ONLINE_COUNT#",
    "ONLINE_PAGE#",
    "GROUP#",
    "GROUPS#",
    "MEMBERS#",
    "HISTORY_END#",
    "OVERVIEW_END#",
    "RECEIVERS#",
    "SESSION#",
    "SESSIONS_END",
    "SESSIONS_ENDED#",
    "PASSWORD#",
    "FROM#",
    "WELCOME#",
    "LATER#",
    "SLOWED#",
    "WRONG",
    "LOCKED",
    "RESUME_REFUSED",
    "SIGNED_OUT",
    "UNREAD#",
    "LINES_END#",
    "SETTINGS#",
    "SETTINGS_NOT_KEPT#",
];

/// Never a panic, nor an end of outputs that does not come; what can be kept can be read again; and
/// whatever the person has sent waits or is settled.
pub(super) fn client(data: &[u8]) {
    let mut script = Script(data);
    let mut play = Play::begin(match script.below(4) {
        0 => Session::new_classic([1; 32]),
        _ => Session::new([1; 32], Trust::FirstUse),
    });
    play.sign_in();
    while let Some(operation) = script.next() {
        play.step(operation, &mut script);
        play.settle();
        play.check();
    }
}

/// The session, and the server that the script plays.
struct Play {
    session: Session,
    keys: FreshKeys,
    stretcher: Stretcher,
    /// What the session has begun to enrol.
    enrols: Option<EnrolRequest>,
    server: Option<Link>,
    links: u64,
    now: Instant,
    wake_at: Option<Instant>,
    /// The server answers no handshake at present.
    is_deaf: bool,
    /// What the person has sent and nothing was told of.
    unsettled: BTreeSet<MessageId>,
    /// The person has signed out, or did so elsewhere: what waits may be gone.
    is_over: bool,
}

impl Play {
    fn begin(session: Session) -> Self {
        Self {
            session,
            keys: FreshKeys::from_seed([2; 32]).0,
            stretcher: Stretcher::new(Cost::LEAST),
            enrols: None,
            server: None,
            links: 0,
            now: Instant::ZERO,
            wake_at: None,
            is_deaf: false,
            unsettled: BTreeSet::new(),
            is_over: false,
        }
    }

    fn sign_in(&mut self) {
        self.settle();
        let password = |text| Password::new(text).unwrap();
        self.session.answer_server_password(self.now, password("password"));
        self.session.answer_name(self.now, name("alice"));
        self.session.answer_password(self.now, password("secretly"));
        let token = Token::parse("0123456789abcdef0123456789abcdef").unwrap();
        let generation = Generation(7);
        for message in [ServerMessage::Unlocked, ServerMessage::NameIsNew] {
            self.settle();
            self.say(&message.to_wire());
        }
        self.settle();
        // A session that goes on with an earlier one enrols nothing.
        if let Some(request) = self.enrols.take() {
            let id = RecordId::draw(&mut self.keys);
            let response = setup().answer_enrolment(&request, id).unwrap();
            self.say(&ServerMessage::Enrol(response).to_wire());
            self.settle();
        }
        for message in [
            ServerMessage::Welcome { name: name("alice"), token, generation },
            ServerMessage::From(Sequence::ZERO),
        ] {
            self.say(&message.to_wire());
            self.settle();
        }
    }

    fn step(&mut self, operation: u8, script: &mut Script<'_>) {
        let now = self.now;
        match operation % 12 {
            0 | 1 => {
                let mut message = WORDS[script.below(WORDS.len())].as_bytes().to_vec();
                message.extend_from_slice(script.bytes());
                self.say(&message);
            }
            2 => self.say(script.bytes()),
            3 => self.session.handle_datagram(now, script.bytes()),
            4 => {
                let text = String::from_utf8_lossy(script.bytes()).into_owned();
                if let Ok(id) = self.session.send(now, conversation(script), &text) {
                    self.unsettled.insert(id);
                }
            }
            5 => self.change(script),
            6 => self.ask(script),
            7 => self.pass(Duration::from_millis(1 << script.below(20))),
            8 => self.session.path_closed(now),
            9 => {
                if let Some(server) = &mut self.server {
                    server.say_bye();
                }
            }
            10 => self.is_deaf = !self.is_deaf,
            _ => self.restart(),
        }
    }

    fn change(&mut self, script: &mut Script<'_>) {
        let (now, of) = (self.now, Sequence(script.below(8) as u64));
        let to = conversation(script);
        let sent = match script.below(3) {
            0 => self.session.edit(now, to, of, "another text"),
            1 => self.session.delete(now, to, of),
            _ => self.session.reply(now, to, of, "an answer"),
        };
        self.unsettled.extend(sent.ok());
    }

    fn ask(&mut self, script: &mut Script<'_>) {
        let (now, group) = (self.now, "garden".parse().unwrap());
        match script.below(10) {
            0 => {
                let from = [
                    HistoryFrom::Before(None),
                    HistoryFrom::After(Sequence(3)),
                    HistoryFrom::At(UnixTime::default()),
                ];
                let from = from[script.below(3)];
                let _ = self.session.request_history(now, conversation(script), from);
            }
            1 => self.session.request_overview(now),
            2 => self.session.request_members(now, group, None),
            3 => self.session.create_group(now, group, JoinPolicy::Asking, vec!["bob".to_owned()]),
            4 => self.session.join_group(now, group),
            5 => self.session.request_sessions(now),
            6 => self.session.watch_online(now),
            7 => self.session.mark_read(now, conversation(script), Sequence(3)),
            8 => self.session.set_settings(now, "dark".parse().unwrap()),
            _ => {
                self.session.sign_out(now);
                self.is_over = true;
            }
        }
    }

    /// The client's process ends, and another goes on with what it kept.
    fn restart(&mut self) {
        if let Some(saved) = self.session.saved() {
            self.session = Session::resume([3; 32], saved);
            self.wake_at = None;
        }
    }

    fn pass(&mut self, duration: Duration) {
        self.now += duration;
        if self.wake_at.is_some_and(|at| at <= self.now) {
            self.session.handle_timeout(self.now);
        }
        if let Some(server) = &mut self.server {
            server.handle_timeout(self.now);
        }
    }

    /// The server says something, whatever it is, but for the end of a frame.
    fn say(&mut self, message: &[u8]) {
        let message: Vec<u8> = message.iter().copied().filter(|&byte| byte != b'\n').collect();
        if let Some(server) = &mut self.server {
            let _ = server.send(&message);
        }
    }

    /// Carries out what the session wants, until it waits.
    fn settle(&mut self) {
        for _ in 0..OUTPUTS_PER_STEP_MAX {
            match self.session.poll() {
                Output::Transmit(bytes) => self.serve(&bytes),
                Output::OpenPath => self.session.path_opened(self.now),
                Output::Compute(task) => {
                    let done = task.run(&self.stretcher);
                    self.session.finish_password_task(self.now, done);
                }
                Output::Event(event) => self.note(&event),
                Output::Wait(at) => {
                    self.wake_at = at;
                    let packet = self.server.as_mut().and_then(|link| link.next_packet(self.now));
                    let Some(packet) = packet else { return };
                    self.session.handle_datagram(self.now, &packet);
                }
            }
        }
        panic!("the session does not come to an end");
    }

    fn serve(&mut self, bytes: &[u8]) {
        // An original server says nothing to what it does not know.
        let Ok(datagram) = Datagram::parse(bytes) else { return };
        match datagram {
            _ if self.is_deaf => {}
            Datagram::Offer { nonce, .. } => {
                let (version, server) = (PROTOCOL_VERSION, server_key().public());
                let cookie = Datagram::Cookie { version, nonce, cookie: 5, server };
                self.session.handle_datagram(self.now, &cookie.to_wire());
            }
            Datagram::Open { nonce, cookie, hello, .. } => {
                self.links += 1;
                let (agreed, session) = ((nonce, cookie), SessionId(self.links));
                let accepted = accept(&server_key(), agreed, &hello, session, &mut self.keys);
                let Ok((channel, opened)) = accepted else { return };
                self.server = Some(Link::new(self.now, channel));
                self.session.handle_datagram(self.now, &opened);
            }
            Datagram::Packet { session, number, sealed } => {
                let link = self.server.as_mut().filter(|link| link.session() == session);
                if let Some(link) = link
                    && link.handle_packet(self.now, number, sealed).is_ok()
                {
                    while let Some(message) = link.next_message() {
                        if let Ok(ClientMessage::Enrol(request, _)) = ClientMessage::parse(&message)
                        {
                            self.enrols = Some(request);
                        }
                    }
                }
            }
            Datagram::Cookie { .. }
            | Datagram::Opened { .. }
            | Datagram::Gone { .. }
            | Datagram::Via(_)
            | Datagram::ViaTaken(_)
            | Datagram::HangUp(_) => {}
        }
    }

    fn note(&mut self, event: &Event) {
        if let Event::Progress(id, progress) = event
            && let Progress::Stored(..) | Progress::Failed(..) | Progress::Sent = progress
        {
            self.unsettled.remove(id);
        }
        self.is_over |= *event == Event::SignedOut;
    }

    fn check(&self) {
        let Some(saved) = self.session.saved() else { return };
        let read = Saved::from_text(&saved.to_text());
        assert_eq!(read.as_ref(), Some(&saved), "what is kept can be read again");
        if !self.is_over {
            let waiting: BTreeSet<_> = saved.waiting().iter().map(|outgoing| outgoing.id).collect();
            let lost: Vec<_> = self.unsettled.difference(&waiting).collect();
            assert!(lost.is_empty(), "nothing was told of {lost:?}, and they do not wait");
        }
    }
}

fn conversation(script: &mut Script<'_>) -> Conversation {
    match script.below(3) {
        0 => Conversation::Everyone,
        1 => Conversation::User(name("bob")),
        _ => Conversation::Group("garden".parse().unwrap()),
    }
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}
