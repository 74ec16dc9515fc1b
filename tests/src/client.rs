//! A session of ours on a real socket, driven by a test.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use netchat_client::session::{Event, Output, Progress, Question, Session, Trust};
use netchat_process::Clock;
use netchat_shared::conversation::Conversation;
use netchat_shared::message_id::MessageId;
use netchat_shared::opaque::{Cost, Stretcher};
use netchat_shared::password::Password;
use netchat_shared::time::Instant;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::process::PATIENCE;

pub struct Client {
    pub name: String,
    session: Session,
    server: SocketAddr,
    socket: UdpSocket,
    clock: Clock,
    wake_at: Option<Instant>,
    stretcher: Stretcher,
    events: VecDeque<Event>,
}

impl Client {
    /// Signs in; the password of a new name is chosen. It is stretched at the least cost, so to other clients
    /// it is another one.
    pub async fn sign_in(server: SocketAddr, name: &str) -> Self {
        // Two sessions of one name are two sessions.
        static SESSIONS: AtomicU64 = AtomicU64::new(0);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&SESSIONS.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let mut client = Self {
            name: name.to_owned(),
            session: Session::new(seed, Trust::FirstUse),
            server,
            socket: socket(server).await,
            clock: Clock::start(),
            wake_at: None,
            stretcher: Stretcher::new(Cost::LEAST),
            events: VecDeque::new(),
        };
        client.until(|event| matches!(event, Event::SignedIn(_)).then_some(())).await;
        client
    }

    pub fn send(&mut self, to: &str, text: &str) -> MessageId {
        let to = Conversation::User(to.parse().unwrap());
        self.session.send(self.clock.monotonic(), to, text).unwrap()
    }

    /// Sends somebody all of these, and waits until they are stored.
    pub async fn says(&mut self, to: &str, texts: impl IntoIterator<Item = String>) {
        let mut waiting: Vec<_> = texts.into_iter().map(|text| self.send(to, &text)).collect();
        while !waiting.is_empty() {
            if let Event::Progress(id, Progress::Stored(..)) = self.event().await {
                waiting.retain(|other| *other != id);
            }
        }
    }

    /// Messages that wait or are under way.
    pub fn is_settled(&self) -> bool {
        self.session.is_settled()
    }

    /// Another source port from now on.
    pub async fn move_address(&mut self) {
        self.socket = socket(self.server).await;
    }

    /// Runs until an event is the one that is waited for.
    pub async fn until<T>(&mut self, pick: impl Fn(Event) -> Option<T>) -> T {
        let picked = async {
            loop {
                if let Some(picked) = pick(self.event().await) {
                    return picked;
                }
            }
        };
        timeout(PATIENCE, picked).await.expect("what is waited for happens in time")
    }

    /// Runs until there is something to tell; questions are answered. Can be cancelled.
    pub async fn event(&mut self) -> Event {
        let mut buffer = [0; 2_048];
        loop {
            self.drain().await;
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            tokio::select! {
                received = self.socket.recv(&mut buffer) => {
                    // The server's port is closed at present: as if the datagram were lost.
                    let Ok(length) = received else { continue };
                    self.session.handle_datagram(self.clock.monotonic(), &buffer[..length]);
                }
                () = self.clock.wait_until(self.wake_at) => {
                    self.session.handle_timeout(self.clock.monotonic());
                }
            }
        }
    }

    async fn drain(&mut self) {
        loop {
            match self.session.poll() {
                Output::Transmit(datagram) => {
                    let _ = self.socket.send(&datagram).await;
                }
                Output::OpenPath => {
                    self.socket = socket(self.server).await;
                    self.session.path_opened(self.clock.monotonic());
                }
                Output::Compute(task) => {
                    let done = task.run(&self.stretcher);
                    self.session.finish_password_task(self.clock.monotonic(), done);
                }
                Output::Event(Event::Asked(question)) => self.answer(&question),
                Output::Event(event) => self.events.push_back(event),
                Output::Wait(at) => {
                    self.wake_at = at;
                    return;
                }
            }
        }
    }

    fn answer(&mut self, question: &Question) {
        let now = self.clock.monotonic();
        let password = |text: &str| Password::new(text).unwrap();
        match question {
            Question::ServerPassword { .. } => {
                self.session.answer_server_password(now, password("password"));
            }
            Question::Name { .. } => self.session.answer_name(now, self.name.parse().unwrap()),
            Question::Password { .. } | Question::NewPassword { .. } => {
                self.session.answer_password(now, password("secretly"));
            }
            Question::Word { .. } => panic!("nobody has an account of before"),
            Question::ServerKey { .. } | Question::Classic => panic!("it is the right server"),
        }
    }
}

async fn socket(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server).await.unwrap();
    socket
}
