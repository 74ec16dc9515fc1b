//! The client session: signs in, sends, acknowledges, verifies, and stays connected.
//!
//! A state machine without I/O. The web client and the terminal client drive the same one: they
//! pass in what arrives, what the person does, and the time; after each input they drain
//! [`Session::poll`] until it says [`Output::Wait`].
//!
//! ```text
//! path_opened, path_closed, handle_datagram, handle_timeout ─┐
//! answer_…, send, edit, …_group, request_…, sign_out ────────┴─> Session ─> poll() ─> Output
//! ```
//!
//! It speaks the extended protocol (`extended`), encrypted and with a server that proves who it is;
//! or, if the person has said so, the classic one (`classic`). It never goes from one to the other by
//! itself: whoever drops its offers would be given the password.

mod backoff;
mod classic;
mod common;
mod event;
mod extended;
mod password_task;
mod put_off;
mod saved;
mod told;

use std::collections::VecDeque;

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;
use thiserror::Error;

use self::backoff::Backoff;
use self::classic::Classic;
use self::common::{AccountRequest, Answers, Common, GroupRequest};
pub use self::event::{
    Arrival, Connection, Content, CrossedSettings, Event, Failure, GroupOutcome, Online, Output,
    PasswordOutcome, Progress, Question, StoredAt,
};
use self::extended::Extended;
pub use self::extended::Trust;
pub use self::password_task::{PasswordTask, PasswordTaskDone};
pub use self::put_off::PutOff;
pub use self::saved::{Outgoing, Saved};
pub use self::told::{Told, whole_seconds};
use crate::limits::{PAGE_LINES, SEARCH_PAGE_LINES};
use crate::reaction::Reaction;
use netchat_shared::FreshKeys;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    AccountSessionId, DeviceName, GroupAction, HistoryFrom, JoinPolicy, LinkStatistics,
    SettingsText,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::{OUTBOX_MESSAGES_MAX, TEXT_BYTES_MAX};
use netchat_shared::list::List;
use netchat_shared::message_id::{MessageId, MessageIds};
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::Word;
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;
use netchat_shared::sorted::SortedSet;
use netchat_shared::time::Instant;

/// A client session. See the module's documentation for how to drive it.
#[derive(Debug)]
pub struct Session {
    path: Path,
    common: Common,
    mode: Mode,
    /// The person was told that the server may speak only the classic protocol.
    is_classic_asked: bool,
    classic: Classic,
    extended: Extended,
}

/// Which protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Extended,
    Classic,
}

/// Why a text can't be sent. The text is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendError {
    /// There is nothing to send.
    #[error("there is nothing to send")]
    Empty,
    /// Longer than a message may be.
    #[error("this is {excess_bytes} bytes too long for one message: shorten it")]
    TooLong {
        /// By how much.
        excess_bytes: usize,
    },
    /// Nobody is signed in yet, so there is no name to sign with.
    #[error("sign in first")]
    NotSignedIn,
    /// Too many messages are waiting already.
    #[error("{OUTBOX_MESSAGES_MAX} messages are waiting: try again when the connection is back")]
    OutboxFull,
    /// The server speaks only the classic protocol.
    #[error("this server can't change messages, and keeps no signs beside them")]
    NotSupported,
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

impl Session {
    /// A session that is about to open its first path. `seed` decides its random choices: it must
    /// be unpredictable outside tests, and kept nowhere.
    #[must_use]
    pub fn new(seed: [u8; 32], trust: Trust) -> Self {
        let mut session = Self::begin(seed, Mode::Extended, Extended::new(trust));
        session.common.ask(Question::ServerPassword { wrong: false });
        session
    }

    /// A session that speaks only the classic protocol: whoever sees its datagrams can read them, the
    /// passwords included.
    #[must_use]
    pub fn new_classic(seed: [u8; 32]) -> Self {
        Self { mode: Mode::Classic, ..Self::new(seed, Trust::FirstUse) }
    }

    /// A session that goes on with one that was kept: nothing is asked, and what waited goes out.
    #[must_use]
    pub fn resume(seed: [u8; 32], saved: Saved) -> Self {
        let extended = Extended::resume(&saved);
        let Saved { name, outbox, .. } = saved;
        let mut session = Self::begin(seed, Mode::Extended, extended);
        session.common.answers.name = Some(name);
        session.common.adopted = outbox.iter().map(|outgoing| outgoing.id).collect();
        session.common.outbox = outbox.into();
        session
    }

    fn begin(seed: [u8; 32], mode: Mode, extended: Extended) -> Self {
        let (keys, seed) = FreshKeys::from_seed(seed);
        let mut rng = ChaCha12Rng::from_seed(seed);
        let common = Common {
            connection: Connection::Connecting,
            backoff: Backoff::default(),
            answers: Answers::default(),
            ids: MessageIds::new(&mut rng),
            adopted: SortedSet::new(),
            outbox: VecDeque::new(),
            outputs: VecDeque::from([Output::OpenPath]),
            rng,
            keys,
            last_task: 0,
            device: None,
        };
        Self {
            path: Path::Opening,
            common,
            mode,
            is_classic_asked: false,
            classic: Classic::default(),
            extended,
        }
    }

    /// What to keep to go on later; `None` before sign-in, and with the classic protocol.
    #[must_use]
    pub fn saved(&self) -> Option<Saved> {
        Some(Saved {
            name: self.common.answers.name.clone()?,
            server: self.extended.server_key()?,
            token: self.extended.token()?,
            position: self.extended.position(),
            renamed: self.extended.renamed(),
            outbox: self.common.outbox.iter().cloned().collect(),
        })
    }

    /// The path that [`Output::OpenPath`] asked for is open.
    pub fn path_opened(&mut self, now: Instant) {
        if self.path != Path::Opening {
            return;
        }
        self.path = Path::Open;
        match self.mode {
            Mode::Classic => self.classic.path_opened(now, &mut self.common),
            Mode::Extended => self.extended.path_opened(now, &mut self.common),
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
        let is_classic = !datagram.starts_with(b"X#");
        match self.mode {
            Mode::Classic if is_classic => {
                self.common.note_heard();
                self.classic.handle_datagram(now, datagram, &mut self.common);
            }
            Mode::Classic => {}
            Mode::Extended if is_classic => self.ask_for_classic(),
            Mode::Extended => self.extended.handle_datagram(now, datagram, &mut self.common),
        }
        self.end_if_done(now);
    }

    /// Something answers, and not to the offers.
    fn ask_for_classic(&mut self) {
        if self.extended.may_be_classic() && !self.is_classic_asked {
            self.is_classic_asked = true;
            self.common.ask(Question::Classic);
        }
    }

    /// The time that [`Output::Wait`] named has come (or any other time).
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.path {
            Path::Closed(retry_at) if now >= retry_at => self.open_path(),
            Path::Open => {
                if self.handle_open_timeout(now).is_err() {
                    self.lose_path(now);
                }
                self.end_if_done(now);
            }
            Path::Closed(_) | Path::Opening | Path::Ended => {}
        }
    }

    /// There is reason to think that the path is dead (the machine slept, the network changed):
    /// sees at once whether it is.
    pub fn probe(&mut self, now: Instant) {
        match self.path {
            Path::Closed(_) => self.open_path(),
            Path::Open if self.mode == Mode::Extended => {
                self.extended.probe(now, &mut self.common);
            }
            Path::Open | Path::Opening | Path::Ended => {}
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
        self.resume_sign_in(now);
    }

    /// Answers [`Question::Name`]. Another name than before is another person: nothing that waits
    /// goes out under it.
    pub fn answer_name(&mut self, now: Instant, name: UserName) {
        if self.common.answers.name.as_ref().is_some_and(|before| *before != name) {
            self.common.outbox.clear();
            self.extended.forget_person();
        }
        self.common.answers.name = Some(name);
        self.common.answers.password = None;
        self.common.answers.word = None;
        self.resume_sign_in(now);
    }

    /// Answers [`Question::Password`] or [`Question::NewPassword`].
    pub fn answer_password(&mut self, now: Instant, password: Password) {
        self.common.answers.password = Some(password);
        self.resume_sign_in(now);
    }

    /// Answers [`Question::Word`]; or [`Question::Password`], for whoever does not know it: a new one is
    /// asked for.
    pub fn answer_word(&mut self, now: Instant, word: Word) {
        self.common.answers.word = Some(word);
        self.resume_sign_in(now);
    }

    /// What [`Output::Compute`] asked for is computed.
    pub fn finish_password_task(&mut self, now: Instant, done: PasswordTaskDone) {
        self.extended.finish_password_task(now, done, &mut self.common);
    }

    /// Answers [`Question::ServerKey`]: trusts the server that answers from now on, or sees whether
    /// the one that is meant answers by now. What that one gave, to go on without a password, is not
    /// shown to another.
    pub fn answer_server_key(&mut self, now: Instant, accepts: bool) {
        self.extended.answer_key(now, accepts, &mut self.common);
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
        self.send_text(now, conversation, MessageKind::Text, text)
    }

    /// Sends a text that refers to an earlier message of the conversation. A classic server is sent
    /// the text alone.
    ///
    /// # Errors
    /// [`SendError`]; then nothing was queued.
    pub fn reply(
        &mut self,
        now: Instant,
        conversation: Conversation,
        of: Sequence,
        text: &str,
    ) -> Result<MessageId, SendError> {
        self.send_text(now, conversation, MessageKind::Reply(of), text)
    }

    /// Puts another text in place of one's own message.
    ///
    /// # Errors
    /// [`SendError`]; then nothing was queued.
    pub fn edit(
        &mut self,
        now: Instant,
        conversation: Conversation,
        of: Sequence,
        text: &str,
    ) -> Result<MessageId, SendError> {
        self.refuse_classic()?;
        self.send_text(now, conversation, MessageKind::Edit(of), text)
    }

    /// Takes one's own message back.
    ///
    /// # Errors
    /// [`SendError`]; then nothing was queued.
    pub fn delete(
        &mut self,
        now: Instant,
        conversation: Conversation,
        of: Sequence,
    ) -> Result<MessageId, SendError> {
        self.refuse_classic()?;
        self.queue(now, conversation, MessageKind::Deletion(of), String::new())
    }

    /// Puts a sign beside a message, or takes it away.
    ///
    /// # Errors
    /// [`SendError`]; then nothing was queued.
    pub fn react(
        &mut self,
        now: Instant,
        conversation: Conversation,
        of: Sequence,
        reaction: &Reaction,
    ) -> Result<MessageId, SendError> {
        self.refuse_classic()?;
        self.queue(now, conversation, MessageKind::Reaction(of), reaction.to_string())
    }

    /// Takes over messages of the same person that were kept while they waited, under their ids: they go out
    /// behind what waits already. Those that wait here are left out, and so are those for which
    /// there is no room: they stay kept.
    pub fn adopt(&mut self, now: Instant, waiting: Vec<Outgoing>) {
        for outgoing in waiting {
            let waits = self.common.outbox.iter().any(|other| other.id == outgoing.id);
            if !waits && self.common.outbox.len() < OUTBOX_MESSAGES_MAX {
                self.common.adopted.insert(outgoing.id);
                self.common.outbox.push_back(outgoing);
            }
        }
        match self.mode {
            Mode::Classic => self.classic.pump(now, &mut self.common),
            Mode::Extended => self.extended.pump(now, &mut self.common),
        }
    }

    /// What waits under this id, if it does.
    #[must_use]
    pub fn waiting(&self, id: MessageId) -> Option<&Outgoing> {
        self.common.outbox.iter().rev().find(|outgoing| outgoing.id == id)
    }

    /// Tells one's other sessions, present and later, how far a conversation was read. Of several
    /// places of one conversation, the last is told, and never one that is not beyond the others. A
    /// classic server keeps none.
    pub fn mark_read(&mut self, now: Instant, conversation: Conversation, sequence: Sequence) {
        if self.mode != Mode::Classic {
            self.extended.mark_read(now, conversation, sequence, &mut self.common);
        }
    }

    /// The person is writing there. Call it as often as a key is pressed: it is told now and then,
    /// and on a classic server not at all.
    pub fn typing(&mut self, now: Instant, conversation: Conversation) {
        if self.mode != Mode::Classic {
            self.extended.typing(now, conversation, &mut self.common);
        }
    }

    /// Wants the whole list of who is online, and every change of it, as [`Event::Online`], until
    /// [`Self::unwatch_online`]. A classic server's list is always whole.
    pub fn watch_online(&mut self, now: Instant) {
        self.extended.watch_online(now, &mut self.common);
    }

    /// The list of everyone who is online is not looked at any more: those are told whom one shares
    /// a conversation with.
    pub fn unwatch_online(&mut self, now: Instant) {
        self.extended.unwatch_online(now, &mut self.common);
    }

    /// Asks who is online; answered with [`Event::ActiveList`].
    pub fn request_active(&mut self, now: Instant) {
        match self.mode {
            Mode::Classic => self.classic.request_active(now, &mut self.common),
            Mode::Extended => {
                self.extended.request_active(now, &mut self.common);
            }
        }
    }

    /// Makes a group of oneself, and invites `members`; over the classic protocol, they are members at
    /// once, and anyone may join. Answered with [`Event::Group`], which also says so
    /// if they are too many for one request.
    pub fn create_group(
        &mut self,
        now: Instant,
        group: GroupName,
        policy: JoinPolicy,
        members: Vec<String>,
    ) {
        match member_list(members) {
            Ok(members) => self.request_group(now, GroupRequest::Create(group, policy, members)),
            Err(why) => self.common.tell(Event::Group(group, GroupOutcome::Refused(why))),
        }
    }

    /// Invites people to a group; answered with [`Event::Group`].
    pub fn invite(&mut self, now: Instant, group: GroupName, names: Vec<String>) {
        match member_list(names) {
            Ok(names) => self.act_on_group(now, group, GroupAction::Invite(names)),
            Err(why) => self.common.tell(Event::Group(group, GroupOutcome::Refused(why))),
        }
    }

    /// Does something else about a group; answered with [`Event::Group`], and with [`Event::Renamed`] if
    /// it was renamed. A classic server can't.
    pub fn act_on_group(&mut self, now: Instant, group: GroupName, action: GroupAction) {
        self.request_group(now, GroupRequest::Act(group, action));
    }

    /// Is not told of somebody's invitations any more, or again; answered with [`Event::Block`].
    pub fn block(&mut self, now: Instant, name: UserName, is_blocked: bool) {
        match self.mode {
            Mode::Classic => self.common.tell(Event::Line(Told::NoInvitations)),
            Mode::Extended => self.extended.block(now, name, is_blocked, &mut self.common),
        }
    }

    /// Asks whose invitations one is not told of, a page: those behind that name; answered with
    /// [`Event::Blocked`].
    pub fn request_blocked(&mut self, now: Instant, after: Option<UserName>) {
        match self.mode {
            Mode::Classic => self.common.tell(Event::Blocked(Vec::new(), false)),
            Mode::Extended => self.extended.request_blocked(now, after, &mut self.common),
        }
    }

    /// Becomes a member of a group that one is invited to or anyone may join, or asks to; answered with
    /// [`Event::Group`].
    pub fn join_group(&mut self, now: Instant, group: GroupName) {
        self.request_group(now, GroupRequest::Join(group));
    }

    /// Leaves a group for good; answered with [`Event::Group`].
    pub fn quit_group(&mut self, now: Instant, group: GroupName) {
        self.request_group(now, GroupRequest::Quit(group));
    }

    /// Asks for a page of a conversation; answered with [`Event::History`], over whichever link. False if
    /// too much waits already, or the server is a classic one, which keeps none: then nothing is asked,
    /// and nothing is answered.
    #[must_use]
    pub fn request_history(
        &mut self,
        now: Instant,
        conversation: Conversation,
        from: HistoryFrom,
    ) -> bool {
        self.request_lines(now, conversation, (from, PAGE_LINES))
    }

    /// The same of a page that is looked through and not shown: it is as long as the server gives.
    #[must_use]
    pub fn request_history_to_search(
        &mut self,
        now: Instant,
        conversation: Conversation,
        before: Option<Sequence>,
    ) -> bool {
        self.request_lines(now, conversation, (HistoryFrom::Before(before), SEARCH_PAGE_LINES))
    }

    fn request_lines(
        &mut self,
        now: Instant,
        conversation: Conversation,
        lines: (HistoryFrom, u16),
    ) -> bool {
        self.mode != Mode::Classic
            && self.extended.request_history(now, conversation, lines, &mut self.common)
    }

    /// Keeps this for the person at the server, in place of what was kept before, as this session has
    /// heard of it. It is said again until it is stored, also over another link, and takes the place of
    /// nothing later ([`Event::SettingsCrossed`]). Their other sessions hear of it, and nobody else
    /// ([`Event::Settings`]). A classic server keeps nothing.
    pub fn set_settings(&mut self, now: Instant, text: SettingsText) {
        if self.mode != Mode::Classic {
            self.extended.set_settings(now, text, &mut self.common);
        }
    }

    /// Asks for what is kept for the person, their groups, and the latest line of each conversation;
    /// answered with [`Event::Settings`] if something is kept that was not told yet, and with
    /// [`Event::Groups`] and [`Event::Overview`], page by page until all are told, and with
    /// [`Event::Read`]. A classic server keeps none, and nothing is answered.
    pub fn request_overview(&mut self, now: Instant) {
        if self.mode != Mode::Classic {
            self.extended.request_overview(now, &mut self.common);
        }
    }

    /// Asks for the members of a group that one is in, a page: those behind that name. Answered
    /// with [`Event::Members`]; on a classic server not at all.
    pub fn request_members(&mut self, now: Instant, group: GroupName, after: Option<UserName>) {
        if self.mode != Mode::Classic {
            self.extended.request_members(now, group, after, &mut self.common);
        }
    }

    /// Asks who has received one's own message in a conversation, a page: those behind that name.
    /// Answered with [`Event::Receivers`]; on a classic server not at all.
    pub fn request_receivers(
        &mut self,
        now: Instant,
        conversation: Conversation,
        of: Sequence,
        after: Option<UserName>,
    ) {
        if self.mode != Mode::Classic {
            self.extended.request_receivers(now, conversation, of, after, &mut self.common);
        }
    }

    /// What this client calls itself, for its user to know its session by.
    pub fn set_device(&mut self, device: DeviceName) {
        self.common.device = Some(device);
    }

    /// Asks for the sessions of one's account; answered with [`Event::Sessions`]. A classic server
    /// knows none, and nothing is answered.
    pub fn request_sessions(&mut self, now: Instant) {
        self.request(now, AccountRequest::Sessions);
    }

    /// Ends a session of one's account; answered with [`Event::SessionsEnded`]. To end this one,
    /// [`Self::sign_out`].
    pub fn end_session(&mut self, now: Instant, id: AccountSessionId) {
        self.request(now, AccountRequest::End(id));
    }

    /// Ends all sessions of one's account but this one; answered with [`Event::SessionsEnded`]. False if
    /// it will not be.
    pub fn end_other_sessions(&mut self, now: Instant) -> bool {
        self.request(now, AccountRequest::EndOthers)
    }

    /// Changes one's password; answered with [`Event::Password`]. If `ends_others`, no other session
    /// of one's account goes on.
    pub fn change_password(
        &mut self,
        now: Instant,
        old: Password,
        new: Password,
        ends_others: bool,
    ) {
        if self.mode == Mode::Classic {
            return self.common.tell(Event::Line(Told::NoSessions));
        }
        self.extended.change_password(now, (old, new), ends_others, &mut self.common);
    }

    /// Whether everything sent has been settled: stored (on a classic server: acknowledged), or
    /// failed.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.common.outbox.is_empty() && self.classic.is_settled() && self.extended.is_settled()
    }

    /// Whether the server knows that everything has arrived which was told. Whoever ends before
    /// that may be told the same another time.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.extended.is_acknowledged()
    }

    /// What the link has seen, for people who want to know how good their connection is.
    #[must_use]
    pub fn statistics(&self) -> LinkStatistics {
        self.extended.statistics()
    }

    /// Signs out and ends the session; [`Event::SignedOut`] tells when. What is still waiting is
    /// dropped: ask [`Self::is_settled`].
    pub fn sign_out(&mut self, now: Instant) {
        self.common.outbox.clear();
        match (self.path, self.mode) {
            (Path::Open, Mode::Extended) if self.extended.token().is_some() => {
                self.extended.sign_out(now, &mut self.common);
            }
            (Path::Open, Mode::Classic) => {
                self.classic.sign_out(&mut self.common);
                self.end();
            }
            (Path::Open | Path::Opening | Path::Closed(_), _) => self.end(),
            (Path::Ended, _) => {}
        }
        self.end_if_done(now);
    }

    /// The next thing to do. Call it until it answers [`Output::Wait`].
    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.common.outputs.pop_front() {
            return output;
        }
        Output::Wait(match self.path {
            Path::Closed(retry_at) => Some(retry_at),
            Path::Open => match self.mode {
                Mode::Classic => self.classic.timeout(),
                Mode::Extended => self.extended.timeout(),
            },
            Path::Opening | Path::Ended => None,
        })
    }

    fn handle_open_timeout(&mut self, now: Instant) -> Result<(), classic::Unreachable> {
        match self.mode {
            Mode::Classic => self.classic.handle_timeout(now, &mut self.common),
            Mode::Extended => self.extended.handle_timeout(now, &mut self.common),
        }
    }

    fn resume_sign_in(&mut self, now: Instant) {
        self.classic.resume_sign_in(now, &mut self.common);
        self.extended.resume_sign_in(now, &mut self.common);
    }

    fn refuse_classic(&self) -> Result<(), SendError> {
        match self.mode {
            Mode::Classic => Err(SendError::NotSupported),
            Mode::Extended => Ok(()),
        }
    }

    fn send_text(
        &mut self,
        now: Instant,
        conversation: Conversation,
        kind: MessageKind,
        text: &str,
    ) -> Result<MessageId, SendError> {
        if text.trim().is_empty() {
            return Err(SendError::Empty);
        }
        let name = self.common.answers.name.as_ref().ok_or(SendError::NotSignedIn)?;
        let bytes_max = match self.mode {
            Mode::Classic => classic::text_bytes_max(name),
            Mode::Extended => TEXT_BYTES_MAX,
        };
        if let Some(excess_bytes) = text.len().checked_sub(bytes_max).filter(|&excess| excess > 0) {
            return Err(SendError::TooLong { excess_bytes });
        }
        self.queue(now, conversation, kind, text.to_owned())
    }

    fn queue(
        &mut self,
        now: Instant,
        conversation: Conversation,
        kind: MessageKind,
        text: String,
    ) -> Result<MessageId, SendError> {
        if self.common.answers.name.is_none() {
            return Err(SendError::NotSignedIn);
        }
        if self.common.outbox.len() >= OUTBOX_MESSAGES_MAX {
            return Err(SendError::OutboxFull);
        }
        let id = self.common.ids.draw();
        self.common.outbox.push_back(Outgoing { id, conversation, kind, text });
        match self.mode {
            Mode::Classic => self.classic.pump(now, &mut self.common),
            Mode::Extended => self.extended.pump(now, &mut self.common),
        }
        Ok(id)
    }

    fn request_group(&mut self, now: Instant, request: GroupRequest) {
        match self.mode {
            Mode::Classic => self.classic.request_group(now, request, &mut self.common),
            Mode::Extended => {
                self.extended.request_group(now, request, &mut self.common);
            }
        }
    }

    fn request(&mut self, now: Instant, request: AccountRequest) -> bool {
        if self.mode == Mode::Classic {
            self.common.tell(Event::Line(Told::NoSessions));
            return false;
        }
        self.extended.request_account(now, request, &mut self.common)
    }

    fn open_path(&mut self) {
        self.path = Path::Opening;
        self.common.outputs.push_back(Output::OpenPath);
        self.common.set_connection(Connection::Connecting);
    }

    fn lose_path(&mut self, now: Instant) {
        self.classic.path_lost(&mut self.common);
        let retry_at = now + self.common.backoff.next(&mut self.common.rng);
        self.path = Path::Closed(retry_at);
        self.common.set_connection(Connection::Retrying(retry_at));
    }

    fn end_if_done(&mut self, now: Instant) {
        if self.path != Path::Ended && self.extended.has_ended(now) {
            self.end();
        }
    }

    fn end(&mut self) {
        self.path = Path::Ended;
        self.common.tell(Event::SignedOut);
    }
}

/// A list of typed names, each in one piece; why not, as a line.
fn member_list(members: Vec<String>) -> Result<List<String>, Told> {
    let split = |typed: String| -> Vec<String> {
        typed.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let members: Vec<_> = members.into_iter().flat_map(split).collect();
    if members.iter().any(|name| name.contains(char::is_control)) {
        return Err(Told::ControlCharacters);
    }
    List::new(members).map_err(|_| Told::TooManyMembers)
}
