//! A session in the classic protocol (PROTOCOL.md, part 1): a client is its address.

mod chat;
mod knocks;
mod login;
mod outbox;
mod stage;

use std::net::SocketAddr;

use netchat_shared::body::{Body, Judgement, Opened};
use netchat_shared::classic::{Command, CommandError, LoginCommand, LoginReply, Notice, Verb};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::CLASSIC_DATAGRAM_BYTES_MAX;
use netchat_shared::time::Instant;

pub(super) use self::knocks::HeldKnocks;
use self::outbox::{MessageKind as PartKind, Step};
use self::stage::{Budget, SignedIn, Stage};
use crate::action::{Refusal, SignOutReason};
use crate::admission::Source;
use crate::context::{Context, Knock};
use crate::events::{Delivery, GaveUp, InFlight, Request, SessionKey, Update};
use crate::limits::{CLASSIC_IDLE_TIMEOUT, SIGN_IN_TIMEOUT};
use crate::peer::Peer;

/// How an original client, which knows no edits, is shown one.
const CORRECTION: &str = "(correction) ";

/// A classic session: an address that knew the server password.
#[derive(Debug)]
pub(super) struct ClassicSession {
    key: SessionKey,
    address: Peer,
    stage: Stage,
    heard_at: Instant,
    budget: Budget,
    ended: Option<SignOutReason>,
}

/// What somebody is told whose message does not fit.
const TOO_LONG: &str = "SERVER: Message too long. Please shorten it.";

/// A datagram from an address without a session: whether it opens one. Nothing else is learnt.
pub(super) fn knock(cx: &mut Context, from: Peer, bytes: &[u8]) -> Knock {
    match Command::parse(bytes) {
        Ok(Command::Login(LoginCommand::Locked(password))) => {
            let knock = cx.knock(source(from), &password);
            match knock {
                Knock::Opens => {}
                Knock::Wrong => {
                    cx.refuse(from, Refusal::ServerPassword);
                    cx.transmit(from.source, LoginReply::Locked.to_string());
                }
                Knock::Later(_) => cx.refuse(from, Refusal::TooManyAttempts),
            }
            return knock;
        }
        Err(CommandError::NotBase64(Verb::Locked)) => {
            cx.refuse(from, Refusal::ServerPassword);
            cx.transmit(from.source, LoginReply::Locked.to_string());
        }
        // Nothing answers a registration, nor a chat command before sign-in.
        Ok(Command::Login(LoginCommand::NewUserPassword(..)) | Command::Chat(_)) | Err(_) => {}
        // A client that waits for a reply, perhaps from before a restart.
        Ok(Command::Login(
            LoginCommand::Join(_) | LoginCommand::CheckInDb(_) | LoginCommand::CheckPassword(_),
        )) => cx.transmit(from.source, LoginReply::Locked.to_string()),
    }
    Knock::Wrong
}

/// Who an address counts for. It may be forged, for nothing in this protocol proves it; but for a
/// browser's, which its gateway answers for.
pub(super) fn source(from: Peer) -> Source {
    match from.behind {
        Some(browser) => Source::proved(browser),
        None => Source::claimed(from.ip()),
    }
}

impl ClassicSession {
    /// A session that an address opened with a datagram of so many bytes.
    pub(super) fn open(cx: &mut Context, key: SessionKey, address: Peer, bytes: usize) -> Self {
        let mut session = Self {
            key,
            address,
            stage: Stage::Unlocked,
            heard_at: cx.monotonic(),
            budget: Budget::default(),
            ended: None,
        };
        session.heard(cx, bytes);
        session.reply(cx, &LoginReply::Unlocked);
        session
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address.source
    }

    /// Who it counts for.
    fn source(&self) -> Source {
        source(self.address)
    }

    pub(super) fn is_signed_in(&self) -> bool {
        matches!(self.stage, Stage::SignedIn(_))
    }

    /// Who it counts for as long as it is a stranger's: one that waits to be signed in is none.
    pub(super) fn stranger(&self) -> Option<Source> {
        match &self.stage {
            Stage::SignedIn(_) | Stage::Verifying(_) | Stage::Registering(..) => None,
            Stage::Unlocked | Stage::Joining(_) | Stage::Named { .. } => Some(self.source()),
        }
    }

    /// It ends, so that there is room for others.
    pub(super) fn give_way(&mut self) {
        self.ended = Some(SignOutReason::GaveWay);
    }

    /// Why it is over, if it is.
    pub(super) fn has_ended(&self) -> Option<SignOutReason> {
        self.ended
    }

    /// Says what is left to say of a session that is over.
    pub(super) fn close(&mut self, cx: &mut Context, why: SignOutReason) {
        if let Stage::SignedIn(signed_in) = &mut self.stage {
            let handed = signed_in.outbox.take_undelivered();
            cx.request(self.key, Request::GaveUp { handed, why: GaveUp::Gone });
            cx.request(self.key, Request::Leave(why));
        } else if self.stage.asked().is_some() {
            cx.request(self.key, Request::Withdraw);
        }
    }

    pub(super) fn handle_timeout(&mut self, cx: &mut Context) {
        if cx.monotonic() < self.timeout() {
            return;
        }
        match &self.stage {
            Stage::Named { guest_at: Some(_), name } => {
                let name = name.clone();
                self.enter_as_guest(cx, name);
            }
            Stage::Verifying(asked) | Stage::Registering(asked, _)
                if asked.again_at.is_some_and(|at| at <= cx.monotonic()) =>
            {
                self.sign_in(cx);
            }
            Stage::SignedIn(_) if cx.monotonic() < self.heard_at + CLASSIC_IDLE_TIMEOUT => {}
            Stage::SignedIn(_)
            | Stage::Unlocked
            | Stage::Joining(_)
            | Stage::Named { guest_at: None, .. }
            | Stage::Verifying(_)
            | Stage::Registering(..) => self.ended = Some(SignOutReason::Idle),
        }
    }

    /// Sends what the queue lets out, and sees to what did not get through. Answers when the session
    /// has to be looked at again.
    pub(super) fn flush(&mut self, cx: &mut Context) -> Instant {
        while let Stage::SignedIn(signed_in) = &mut self.stage {
            let Some(step) = signed_in.outbox.step(cx.monotonic()) else {
                if signed_in.outbox.has_room() {
                    signed_in.cursor.read_on(cx, self.key);
                }
                break;
            };
            match step {
                Step::Transmit(datagram) => cx.transmit(self.address.source, datagram),
                Step::TransmitCorrupted(body, handed) => {
                    // A longer one would not be read; that it is corrupted is known all the same.
                    if body.len() <= CLASSIC_DATAGRAM_BYTES_MAX {
                        cx.transmit(self.address.source, body);
                    }
                    cx.request(self.key, Request::Corrupted(handed));
                }
                Step::Lost(handed) => {
                    let (handed, why) = (vec![handed], GaveUp::Unanswered);
                    cx.request(self.key, Request::GaveUp { handed, why });
                }
                Step::Silent(queued) => fall_silent(cx, self.key, signed_in, queued),
            }
        }
        self.timeout()
    }

    /// A datagram came that is longer than any may be.
    pub(super) fn refuse_too_long(&mut self, cx: &mut Context) {
        if self.is_signed_in() {
            self.notify(cx, &Notice::Line(TOO_LONG.to_owned()));
        }
    }

    /// The chat tells something.
    pub(super) fn update(&mut self, cx: &mut Context, update: &Update) {
        match update {
            Update::NameLookedUp(standing) => self.finish_look_up(cx, standing),
            Update::SignedIn(signed_in) => self.finish_sign_in(cx, signed_in),
            Update::NotSignedIn(why) => self.finish_refused_sign_in(cx, *why),
            Update::Message(delivery) => self.handle_delivery(cx, delivery),
            Update::Backlog { after, page } => {
                if let Stage::SignedIn(SignedIn { cursor, outbox, .. }) = &mut self.stage {
                    let put = |cx: &mut Context, delivery: &Delivery| put(cx, outbox, delivery);
                    cursor.finish_page(cx, *after, page.as_ref(), put);
                }
            }
            // A place in the log was of another one: goes on where the user stands.
            Update::Synced(after) => {
                if let Stage::SignedIn(signed_in) = &mut self.stage {
                    signed_in.cursor = super::cursor::Cursor::begin(cx, *after);
                }
            }
            Update::Stopping => {
                self.say_last(cx, "SERVER: The server is stopping. Please come back later.");
            }
            Update::Ended => {
                self.say_last(cx, "SERVER: You were signed out from another session.");
                self.ended = Some(SignOutReason::EndedElsewhere);
            }
            Update::GiveWay => {
                self.say_last(cx, "SERVER: You are signed in too often: this session has ended.");
                self.give_way();
            }
            Update::Sent(_)
            | Update::Proving(..)
            | Update::Enrolling(..)
            | Update::NotSent { .. }
            | Update::Outcome(_)
            | Update::Roster(_)
            | Update::Group(..)
            | Update::GroupNews(..)
            | Update::Renamed(_)
            | Update::Waiting { .. }
            | Update::Block(..)
            | Update::Received(..)
            | Update::ReceivedCount { .. }
            | Update::Failed(..)
            | Update::Read(..)
            | Update::Typing(..)
            | Update::Page(_)
            | Update::Online { .. }
            | Update::Presence(_)
            | Update::AccountSessions(_)
            | Update::SessionsEnded(_)
            | Update::Password(_)
            | Update::Settings(_)
            | Update::SettingsKept(_)
            | Update::OnlineCount(_) => self.update_chat(cx, update),
        }
    }

    /// A datagram of the session's address arrived.
    pub(super) fn handle_datagram(&mut self, cx: &mut Context, bytes: &[u8]) {
        self.heard(cx, bytes.len());
        if bytes.is_empty() {
            self.ended = Some(SignOutReason::HungUp);
            return;
        }
        match Command::parse(bytes) {
            Ok(command) => self.handle_command(cx, command),
            Err(error) => self.handle_bad_command(cx, &error),
        }
    }

    fn handle_command(&mut self, cx: &mut Context, command: Command) {
        match command {
            Command::Login(command) => self.handle_login_command(cx, command),
            Command::Chat(command) => self.handle_chat_command(cx, command),
        }
    }

    fn handle_bad_command(&mut self, cx: &mut Context, error: &CommandError) {
        let problem = match error {
            CommandError::Unknown => {
                cx.dropped.malformed += 1;
                return;
            }
            CommandError::Name(Verb::Join | Verb::CheckInDb, error) => {
                return self.reply(cx, &LoginReply::Line(error.to_string()));
            }
            CommandError::NotBase64(Verb::Locked)
            | CommandError::Password(Verb::Locked, _)
            | CommandError::Incomplete(Verb::Locked) => {
                return self.reply(cx, &LoginReply::Locked);
            }
            CommandError::Password(Verb::CheckPassword, _)
            | CommandError::Incomplete(Verb::CheckPassword) => {
                return self.reply(cx, &LoginReply::Wrong);
            }
            CommandError::Name(Verb::JoinGroup, _) => {
                return self.notify(cx, &Notice::GroupDoesNotExist);
            }
            CommandError::Name(_, error) => error.to_string(),
            CommandError::Password(_, error) => error.to_string(),
            CommandError::TooMany(_) => "too many recipients".to_owned(),
            CommandError::Incomplete(_) | CommandError::NotBase64(_) => {
                "not understood, please send again".to_owned()
            }
        };
        self.notify(cx, &Notice::Line(format!("SERVER: {problem}.")));
    }

    /// A message of the user's conversations has come.
    fn handle_delivery(&mut self, cx: &mut Context, delivery: &Delivery) {
        let Stage::SignedIn(SignedIn { cursor, outbox, .. }) = &mut self.stage else { return };
        let sequence = delivery.message.sequence;
        if !cursor.takes(sequence) {
            return;
        }
        if put(cx, outbox, delivery) {
            cursor.advance(sequence);
        } else {
            cursor.fall_behind();
        }
    }

    /// Says a line past the queue: there may be no time for that.
    fn say_last(&self, cx: &mut Context, line: &str) {
        for datagram in Notice::Line(line.to_owned()).datagrams() {
            cx.transmit(self.address.source, datagram);
        }
    }

    /// Queues a line; before sign-in there is no queue, and it goes out at once.
    fn notify(&mut self, cx: &mut Context, notice: &Notice) {
        for datagram in notice.datagrams() {
            self.send_notice(cx, datagram);
        }
    }

    fn send_notice(&mut self, cx: &mut Context, datagram: String) {
        if let Stage::SignedIn(signed_in) = &mut self.stage {
            // A full queue belongs to a client that reads nothing.
            signed_in.outbox.push_notice(datagram);
        } else if self.budget.may_send(datagram.len()) {
            cx.transmit(self.address.source, datagram);
        }
    }

    /// A raw word of the login phase.
    fn reply(&mut self, cx: &mut Context, reply: &LoginReply) {
        let datagram = reply.to_string();
        let may_reply = match &self.stage {
            Stage::SignedIn(signed_in) => !signed_in.is_chatting,
            Stage::Unlocked
            | Stage::Joining(_)
            | Stage::Named { .. }
            | Stage::Verifying(_)
            | Stage::Registering(..) => self.budget.may_send(datagram.len()),
        };
        if may_reply {
            cx.transmit(self.address.source, datagram);
        }
    }

    fn heard(&mut self, cx: &Context, bytes: usize) {
        self.heard_at = cx.monotonic();
        self.budget.heard(bytes);
    }

    /// When the session has to be looked at.
    fn timeout(&self) -> Instant {
        match &self.stage {
            Stage::SignedIn(signed_in) => {
                let idle = Some(self.heard_at + CLASSIC_IDLE_TIMEOUT);
                // One that takes nothing is not looked at for what it could read.
                let reads_at = signed_in.cursor.timeout().filter(|_| signed_in.outbox.has_room());
                let times = [idle, signed_in.outbox.timeout(), reads_at];
                times.into_iter().flatten().min().unwrap_or(self.heard_at)
            }
            Stage::Named { guest_at: Some(at), .. } => *at,
            Stage::Unlocked
            | Stage::Joining(_)
            | Stage::Named { guest_at: None, .. }
            | Stage::Verifying(_)
            | Stage::Registering(..) => {
                let idle = self.heard_at + SIGN_IN_TIMEOUT;
                self.stage.asked().and_then(|asked| asked.again_at).unwrap_or(idle)
            }
        }
    }
}

/// The client answers no more. What was not sent to it waits in storage.
fn fall_silent(cx: &mut Context, key: SessionKey, signed_in: &mut SignedIn, queued: Vec<InFlight>) {
    if let Some(first) = queued.first() {
        signed_in.cursor = super::cursor::Cursor::Behind(first.sequence.previous());
    }
    cx.request(key, Request::Away(true));
    cx.request(key, Request::GaveUp { handed: queued, why: GaveUp::Gone });
}

/// Puts a message into the queue. False if there is no room.
fn put(cx: &Context, outbox: &mut outbox::Outbox, delivery: &Delivery) -> bool {
    let message = &delivery.message;
    // A classic client would take its user's own messages for somebody else's.
    let Some(body) = shown_body(delivery).filter(|_| delivery.is_for_reader) else { return true };
    if !outbox.has_room() {
        return false;
    }
    let handed = InFlight { sequence: message.sequence, sender: message.sender };
    let mut push = |body: &Body, kind| {
        outbox.push_message(cx.monotonic(), handed, body.as_str().to_owned(), kind);
    };
    if body.judge(&delivery.sender) == Judgement::Corrupted {
        push(&body, PartKind::Corrupted);
    } else if body.as_str().len() <= CLASSIC_DATAGRAM_BYTES_MAX {
        push(&body, PartKind::Whole);
    } else {
        let mut parts = body.split(&delivery.sender, CLASSIC_DATAGRAM_BYTES_MAX).into_iter();
        let last = parts.next_back();
        parts.for_each(|part| push(&part, PartKind::Part));
        last.into_iter().for_each(|part| push(&part, PartKind::Whole));
    }
    true
}

/// What an original client is shown of a message: of an edit, a new line that is marked; of what it
/// knows nothing of, nothing.
fn shown_body(delivery: &Delivery) -> Option<Body> {
    let body = delivery.message.body.as_ref()?;
    match (&delivery.message.kind, body.open()) {
        (MessageKind::Text | MessageKind::Reply(_) | MessageKind::Unknown(_), _) => {
            Some(body.clone())
        }
        (MessageKind::Edit(_), Opened::Intact { text, .. }) => {
            Some(Body::new(&delivery.sender, &format!("{CORRECTION}{text}")))
        }
        (MessageKind::Edit(_), Opened::Corrupted)
        | (MessageKind::Deletion(_) | MessageKind::Reaction(_), _) => None,
    }
}
