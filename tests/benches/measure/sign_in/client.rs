//! Somebody who signs in, over a socket of their own at an address of their own.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant as StdInstant};

use netchat_shared::extended::{ClientMessage, Datagram, Delay, Link, ServerMessage, Token};
use netchat_shared::name::UserName;
use netchat_shared::password::Password;
use netchat_shared::time::Instant;
use netchat_tests::opaque::{SignInSteps, Step};
use netchat_tests::opening::try_open;

/// The password of the server, and everyone's own.
pub(crate) const PASSWORD: &str = "password";
/// How long an answer to what opens a session may take, before it is asked again.
const OPENING_TIMEOUT: Duration = Duration::from_millis(500);

/// What somebody tries, and is to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Try {
    Register,
    Right,
    Wrong,
}

pub(crate) struct Client {
    socket: UdpSocket,
    link: Link,
    origin: StdInstant,
    name: Option<UserName>,
    steps: SignInSteps,
    tries: Option<Try>,
    again_at: Option<StdInstant>,
    /// When the password was first shown.
    shown_at: Option<StdInstant>,
    pub(crate) heard: VecDeque<ServerMessage>,
    /// How long it took from showing the password to being let in.
    pub(crate) welcomed_after: Option<Duration>,
    /// How often they heard that the password is wrong, and that the server is busy.
    pub(crate) wrong: usize,
    pub(crate) busy: usize,
    /// What they can resume with, once they are in.
    pub(crate) token: Option<Token>,
}

impl Client {
    /// Opens a session from that address, and gives the server's password and a name.
    pub(crate) fn open(server: SocketAddr, from: Ipv4Addr, name: &str) -> Self {
        let mut client = Self::try_open(server, from).expect("a session");
        client.introduce(name);
        client
    }

    /// Opens a session from that address, if the server lets it within ten seconds.
    pub(crate) fn try_open(server: SocketAddr, from: Ipv4Addr) -> Option<Self> {
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(OPENING_TIMEOUT)).unwrap();
        let opened = (0..20).find_map(|_| {
            let mut nonce = [0; 8];
            getrandom::fill(&mut nonce).unwrap();
            try_open(u64::from_be_bytes(nonce), |datagram| {
                let mut buffer = [0; 2_048];
                socket.send(&datagram).unwrap();
                let length = socket.recv(&mut buffer);
                length.map(|length| buffer[..length].to_vec()).into_iter().collect()
            })
        });
        socket.set_nonblocking(true).unwrap();
        let channel = opened?.channel;
        Some(Self {
            socket,
            link: Link::new(Instant::ZERO, channel),
            origin: StdInstant::now(),
            name: None,
            steps: SignInSteps::new([1; 32], PASSWORD),
            tries: None,
            again_at: None,
            shown_at: None,
            heard: VecDeque::new(),
            welcomed_after: None,
            wrong: 0,
            busy: 0,
            token: None,
        })
    }

    fn introduce(&mut self, name: &str) {
        self.say(&ClientMessage::Unlock(Password::new(PASSWORD).unwrap()));
        let name: UserName = name.parse().unwrap();
        self.name = Some(name.clone());
        self.say(&ClientMessage::Name(name));
    }

    /// Gives the server's password, a name, and a password for it.
    pub(crate) fn sign_in(&mut self, name: &str, tries: Try) {
        self.introduce(name);
        self.show(tries);
    }

    pub(crate) fn resume(&mut self, token: Token) {
        self.say(&ClientMessage::Resume(token));
    }

    /// Shows a password. Who is told to come later does.
    pub(crate) fn show(&mut self, tries: Try) {
        self.tries = Some(tries);
        self.shown_at.get_or_insert_with(StdInstant::now);
        self.again_at = None;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let password = if tries == Try::Wrong { "wrong" } else { PASSWORD };
        self.steps = SignInSteps::new(seed, password);
        let name = self.name.clone().expect("a name was given");
        let first = match tries {
            Try::Register => self.steps.enrol(name),
            Try::Right | Try::Wrong => self.steps.prove(name),
        };
        self.say(&first);
    }

    pub(crate) fn say(&mut self, message: &ClientMessage) {
        // A link that is full is a guesser's: one guess less.
        let _ = self.link.send(&message.to_wire());
        self.send();
    }

    /// Says as much as the link takes.
    pub(crate) fn say_until_full(&mut self, mut message: impl FnMut() -> ClientMessage) {
        while self.link.send(&message().to_wire()).is_ok() {}
        self.send();
    }

    /// Reads what has come, and says what is due.
    pub(crate) fn turn(&mut self) {
        let mut buffer = [0; 2_048];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            if let Ok(Datagram::Packet { number, sealed, .. }) = Datagram::parse(&buffer[..length])
            {
                let _ = self.link.handle_packet(self.now(), number, sealed);
            }
        }
        while let Some(message) = self.link.next_message() {
            self.hear(ServerMessage::parse(&message).unwrap());
        }
        let now = self.now();
        if self.link.timeout().is_some_and(|at| at <= now) {
            self.link.handle_timeout(now);
        }
        let is_due = self.again_at.is_some_and(|at| at <= StdInstant::now());
        if let Some(tries) = self.tries.filter(|_| is_due) {
            self.show(tries);
        }
        self.send();
    }

    fn hear(&mut self, message: ServerMessage) {
        match self.steps.hear(&message, self.link.hash()) {
            Step::Say(next) => return self.say(&next),
            Step::Wrong => {
                self.wrong += 1;
                return;
            }
            Step::Nothing => {}
        }
        if let ServerMessage::Welcome { token, .. } = message {
            self.token = Some(token);
            self.tries = None;
            self.welcomed_after = self.shown_at.map(|at| at.elapsed());
            self.say(&ClientMessage::Sync(None));
        } else if message == ServerMessage::Wrong {
            self.wrong += 1;
        } else if let ServerMessage::Later(why, wait) = message {
            self.busy += usize::from(why == Delay::Busy);
            // Guessers come when they like.
            let obeys = self.tries != Some(Try::Wrong);
            self.again_at = obeys.then(|| StdInstant::now() + wait);
        } else {
            self.heard.push_back(message);
        }
    }

    fn send(&mut self) {
        while let Some(packet) = self.link.next_packet(self.now()) {
            let _ = self.socket.send(&packet);
        }
    }

    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }
}
