//! The client session: signs in, sends, acknowledges, verifies, and stays connected.
//!
//! A state machine without I/O. The web client and the terminal client drive the same one: they
//! pass in what arrives, what the person does, and the time; after each input they drain
//! [`Session::poll`] until it says [`Output::Wait`].
//!
//! ```text
//! path_opened, path_closed, handle_datagram, handle_timeout ─┐
//! answer_…, send, …_group, request_active, sign_out ─────────┴─> Session ─> poll() ─> Output
//! ```

mod backoff;
mod classic;
mod event;

use std::collections::VecDeque;

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;
use thiserror::Error;

use self::backoff::Backoff;
use self::classic::Classic;
pub use self::event::{
    Arrival, Connection, Content, Event, Failure, GroupOutcome, Output, Progress, Question,
};
use crate::body::Body;
use crate::conversation::Conversation;
use crate::limits::{CLASSIC_DATAGRAM_BYTES_MAX, OUTBOX_MESSAGES_MAX};
use crate::message_id::MessageId;
use crate::name::{GroupName, UserName};
use crate::password::Password;
use crate::time::Instant;

/// A client session. See the module's documentation for how to drive it.
#[derive(Debug)]
pub struct Session {
    path: Path,
    connection: Connection,
    backoff: Backoff,
    common: Common,
    classic: Classic,
}

/// Why a text can't be sent. The text is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// There is nothing to send.
    #[error("there is nothing to send")]
    Empty,
    /// Too long for the protocol that the server speaks.
    #[error("this is {excess_bytes} bytes too long for one message: shorten it")]
    TooLong {
        /// By how much.
        excess_bytes: usize,
    },
    /// Nobody is signed in yet, so there is no name to sign with.
    #[error("sign in first")]
    NotSignedIn,
    /// Too many messages are waiting already.
    #[error(
        "{OUTBOX_MESSAGES_MAX} messages are waiting to be sent: try again when the connection is back"
    )]
    OutboxFull,
}

/// The way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Opening,
    Open,
    /// Closed until then.
    Closed(Instant),
    /// Signed out: it stays closed.
    Ended,
}

/// What the session's parts work on together.
#[derive(Debug)]
struct Common {
    answers: Answers,
    outbox: VecDeque<Outgoing>,
    outputs: VecDeque<Output>,
    rng: ChaCha12Rng,
}

/// What the person answered, kept to sign in again after an interruption.
#[derive(Debug, Default)]
struct Answers {
    server_password: Option<Password>,
    name: Option<UserName>,
    password: Option<Password>,
}

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outgoing {
    id: MessageId,
    conversation: Conversation,
    text: String,
}

impl Session {
    /// A session that is about to open its first path. `seed` decides its random choices: it must
    /// be unpredictable outside tests.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        let ask = Event::Asked(Question::ServerPassword { wrong: false });
        Self {
            path: Path::Opening,
            connection: Connection::Connecting,
            backoff: Backoff::default(),
            common: Common {
                answers: Answers::default(),
                outbox: VecDeque::new(),
                outputs: VecDeque::from([Output::OpenPath, Output::Event(ask)]),
                rng: ChaCha12Rng::from_seed(seed),
            },
            classic: Classic::default(),
        }
    }

    /// The path that [`Output::OpenPath`] asked for is open.
    pub fn path_opened(&mut self, now: Instant) {
        if self.path == Path::Opening {
            self.path = Path::Open;
            self.classic.path_opened(now, &mut self.common);
        }
    }

    /// The path could not be opened, or is closed.
    pub fn path_closed(&mut self, now: Instant) {
        if matches!(self.path, Path::Opening | Path::Open) {
            self.lose_path(now);
        }
    }

    /// A datagram arrived on the open path.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        if self.path != Path::Open {
            return;
        }
        self.backoff.reset();
        self.set_connection(Connection::Connected);
        self.classic.handle_datagram(now, datagram, &mut self.common);
    }

    /// The time that [`Output::Wait`] named has come (or any other time).
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.path {
            Path::Closed(retry_at) if now >= retry_at => self.open_path(),
            Path::Open => {
                if self.classic.handle_timeout(now, &mut self.common).is_err() {
                    self.lose_path(now);
                }
            }
            Path::Closed(_) | Path::Opening | Path::Ended => {}
        }
    }

    /// Tries to connect at once instead of at the time that [`Connection::Retrying`] named.
    pub fn connect_now(&mut self) {
        if matches!(self.path, Path::Closed(_)) {
            self.open_path();
        }
    }

    /// Answers [`Question::ServerPassword`].
    pub fn answer_server_password(&mut self, now: Instant, password: Password) {
        self.common.answers.server_password = Some(password);
        self.classic.resume_sign_in(now, &mut self.common);
    }

    /// Answers [`Question::Name`].
    pub fn answer_name(&mut self, now: Instant, name: UserName) {
        self.common.answers.name = Some(name);
        self.common.answers.password = None;
        self.classic.resume_sign_in(now, &mut self.common);
    }

    /// Answers [`Question::Password`] or [`Question::NewPassword`].
    pub fn answer_password(&mut self, now: Instant, password: Password) {
        self.common.answers.password = Some(password);
        self.classic.resume_sign_in(now, &mut self.common);
    }

    /// Sends a text. It waits while the connection is away, and goes out by itself.
    ///
    /// # Errors
    /// [`SendError`]; then nothing was queued.
    pub fn send(
        &mut self,
        now: Instant,
        conversation: Conversation,
        text: &str,
    ) -> Result<MessageId, SendError> {
        if text.trim().is_empty() {
            return Err(SendError::Empty);
        }
        let name = self.common.answers.name.as_ref().ok_or(SendError::NotSignedIn)?;
        let body_bytes = Body::new(name, text).as_str().len();
        if let Some(excess) = body_bytes.checked_sub(CLASSIC_DATAGRAM_BYTES_MAX + 1) {
            return Err(SendError::TooLong { excess_bytes: (excess + 1).div_ceil(4) * 3 });
        }
        if self.common.outbox.len() >= OUTBOX_MESSAGES_MAX {
            return Err(SendError::OutboxFull);
        }
        let id = MessageId::random(&mut self.common.rng);
        self.common.outbox.push_back(Outgoing { id, conversation, text: text.to_owned() });
        self.classic.pump(now, &mut self.common);
        Ok(id)
    }

    /// Asks who is online; answered with [`Event::ActiveList`].
    pub fn request_active(&mut self, now: Instant) {
        self.classic.request_active(now, &mut self.common);
    }

    /// Makes a group of oneself and `members`; answered with [`Event::Group`].
    pub fn create_group(&mut self, now: Instant, group: GroupName, members: Vec<String>) {
        self.classic.request_group(now, GroupRequest::Create(group, members), &mut self.common);
    }

    /// Becomes a member of a group; answered with [`Event::Group`].
    pub fn join_group(&mut self, now: Instant, group: GroupName) {
        self.classic.request_group(now, GroupRequest::Join(group), &mut self.common);
    }

    /// Leaves a group for good; answered with [`Event::Group`].
    pub fn quit_group(&mut self, now: Instant, group: GroupName) {
        self.classic.request_group(now, GroupRequest::Quit(group), &mut self.common);
    }

    /// Whether everything sent has been settled: acknowledged or failed.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.common.outbox.is_empty() && self.classic.is_settled()
    }

    /// Signs out and ends the session. What is still waiting is dropped: ask [`Self::is_settled`].
    pub fn sign_out(&mut self) {
        if self.path == Path::Open {
            self.classic.sign_out(&mut self.common);
        }
        self.path = Path::Ended;
        self.common.outbox.clear();
        self.common.tell(Event::SignedOut);
    }

    /// The next thing to do. Call it until it answers [`Output::Wait`].
    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.common.outputs.pop_front() {
            return output;
        }
        Output::Wait(match self.path {
            Path::Closed(retry_at) => Some(retry_at),
            Path::Open => self.classic.timeout(),
            Path::Opening | Path::Ended => None,
        })
    }

    fn open_path(&mut self) {
        self.path = Path::Opening;
        self.common.outputs.push_back(Output::OpenPath);
        self.set_connection(Connection::Connecting);
    }

    fn lose_path(&mut self, now: Instant) {
        self.classic.path_lost(&mut self.common);
        let retry_at = now + self.backoff.next(&mut self.common.rng);
        self.path = Path::Closed(retry_at);
        self.set_connection(Connection::Retrying(retry_at));
    }

    fn set_connection(&mut self, connection: Connection) {
        if self.connection != connection {
            self.connection = connection;
            self.common.tell(Event::Connection(connection));
        }
    }
}

impl Common {
    fn transmit(&mut self, datagram: &str) {
        self.outputs.push_back(Output::Transmit(datagram.as_bytes().to_vec()));
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ask(&mut self, question: Question) {
        self.tell(Event::Asked(question));
    }
}

/// Something about a group that is asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GroupRequest {
    Create(GroupName, Vec<String>),
    Join(GroupName),
    Quit(GroupName),
}

impl GroupRequest {
    fn group(&self) -> &GroupName {
        match self {
            Self::Create(group, _) | Self::Join(group) | Self::Quit(group) => group,
        }
    }
}
