//! The session over the extended protocol (PROTOCOL.md, part 2).
//!
//! [`handshake`] agrees on it and opens a link; [`sign_in`] signs in or resumes over the link;
//! [`chat`] is everything after. What outlives a link (the token, the place in the order, what is
//! not settled) stands in [`chat::Chat`], so that a new link goes on where the last one ended.

mod chat;
mod handshake;
mod sign_in;

use std::time::Duration;

use self::chat::Chat;
use self::handshake::Handshake;
use self::sign_in::SignIn;
use super::classic::Unreachable;
use super::{Common, Event, GroupRequest};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Datagram, Link, LinkStatistics, ServerMessage, SessionId, Token,
};
use netchat_shared::sequence::Sequence;
use netchat_shared::time::Instant;

/// A client says something at least so often: paths through networks are forgotten after 30 s.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// The same while an answer of the server is due: it may have been restarted in between, and has
/// forgotten the session.
const KEEP_ALIVE_INTERVAL_DUE: Duration = Duration::from_secs(1);
/// A path on which something was sent and nothing heard for so long is given up for another.
const SILENCE_MAX: Duration = Duration::from_secs(8);
/// The same, when the person or the system has reason to think that the path is dead.
const SILENCE_MAX_AFTER_WAKING: Duration = Duration::from_secs(2);
/// How long a session that signs out waits for the server to say so too.
const FAREWELL: Duration = Duration::from_secs(2);

/// The session over the extended protocol, over however many links and paths.
#[derive(Debug)]
pub(super) struct Extended {
    phase: Phase,
    chat: Chat,
    token: Option<Token>,
    heard_at: Instant,
    /// Since when an answer is missing on this path.
    unanswered_since: Option<Instant>,
    silence_max: Duration,
    spoke_at: Instant,
    /// The server said that it is going to stop.
    is_stopping: bool,
    ends_at: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    /// There is no link and no attempt at one.
    Idle,
    Shaking(Handshake),
    Open(Box<Open>),
}

#[derive(Debug)]
struct Open {
    link: Link,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    SigningIn(SignIn),
    Chatting,
}

impl Extended {
    pub(super) fn new(token: Option<Token>, position: Option<Sequence>) -> Self {
        Self {
            phase: Phase::Idle,
            chat: Chat::new(position),
            token,
            heard_at: Instant::ZERO,
            unanswered_since: None,
            silence_max: SILENCE_MAX,
            spoke_at: Instant::ZERO,
            is_stopping: false,
            ends_at: None,
        }
    }

    /// Goes on with the link on a new path, or begins to agree on one.
    pub(super) fn path_opened(&mut self, now: Instant, common: &mut Common) {
        self.unanswered_since = Some(now);
        match &mut self.phase {
            Phase::Open(open) => {
                open.link.path_changed(now);
                open.link.keep_alive();
            }
            Phase::Idle | Phase::Shaking(_) => self.shake_hands(now, common),
        }
        self.flush(now, common);
    }

    /// Whether the server has answered an offer: it speaks the extension.
    pub(super) fn is_agreed(&self) -> bool {
        match &self.phase {
            Phase::Open(_) => true,
            Phase::Shaking(handshake) => handshake.is_answered(),
            Phase::Idle => false,
        }
    }

    /// Whether so many offers were not answered that the server may be a classic one.
    pub(super) fn may_be_classic(&self) -> bool {
        matches!(&self.phase, Phase::Shaking(handshake) if handshake.may_be_classic())
    }

    /// The server turned out to be a classic one.
    pub(super) fn give_up(&mut self) {
        self.phase = Phase::Idle;
    }

    pub(super) fn handle_datagram(&mut self, now: Instant, bytes: &[u8], common: &mut Common) {
        let Ok(datagram) = Datagram::parse(bytes) else { return };
        match (&mut self.phase, datagram) {
            (Phase::Shaking(handshake), Datagram::Cookie { nonce, cookie, .. }) => {
                handshake.handle_cookie(now, nonce, cookie, common);
            }
            (Phase::Shaking(handshake), Datagram::Opened { nonce, session }) => {
                if handshake.is_mine(nonce) {
                    self.begin(now, session, common);
                }
            }
            (Phase::Open(open), Datagram::Packet { session, number, frames })
                if session == open.link.session() =>
            {
                if open.link.handle_packet(now, number, frames).is_err() {
                    return self.lose_link(now, common);
                }
                self.handle_messages(now, common);
            }
            // The server was restarted, or has forgotten the session.
            (Phase::Open(open), Datagram::Gone { session }) if session == open.link.session() => {
                return self.lose_link(now, common);
            }
            (Phase::Idle | Phase::Shaking(_) | Phase::Open(_), _) => return,
        }
        self.heard_at = now;
        self.unanswered_since = None;
        self.silence_max = SILENCE_MAX;
        self.flush(now, common);
    }

    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        common: &mut Common,
    ) -> Result<(), Unreachable> {
        let keep_alive_at = self.keep_alive_at();
        if self.unanswered_at().is_some_and(|at| now >= at) {
            return Err(Unreachable);
        }
        if let Phase::Shaking(handshake) = &mut self.phase {
            handshake.handle_timeout(now, common);
        }
        if let Phase::Open(open) = &mut self.phase {
            open.link.handle_timeout(now);
            if keep_alive_at.is_some_and(|at| now >= at) {
                open.link.keep_alive();
            }
        }
        self.flush(now, common);
        Ok(())
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        let next = match &self.phase {
            Phase::Idle => None,
            Phase::Shaking(handshake) => Some(handshake.timeout()),
            Phase::Open(open) => open.link.timeout(),
        };
        let keep_alive_at = self.keep_alive_at();
        let times = [next, keep_alive_at, self.unanswered_at(), self.chat.retry_at(), self.ends_at];
        times.into_iter().flatten().min()
    }

    /// There is reason to think that the path is dead: sees soon whether it is.
    pub(super) fn probe(&mut self, now: Instant, common: &mut Common) {
        self.silence_max = SILENCE_MAX_AFTER_WAKING;
        if let Phase::Open(open) = &mut self.phase {
            open.link.keep_alive();
        }
        self.unanswered_since = Some(now);
        self.flush(now, common);
    }

    /// An answer was given: goes on with signing in if it was the one missing.
    pub(super) fn resume_sign_in(&mut self, now: Instant, common: &mut Common) {
        if let Phase::Open(open) = &mut self.phase
            && let Stage::SigningIn(sign_in) = &mut open.stage
        {
            sign_in.resume(&mut open.link, common);
        }
        self.flush(now, common);
    }

    /// Sends what waits, as far as the link takes it.
    pub(super) fn pump(&mut self, now: Instant, common: &mut Common) {
        self.flush(now, common);
    }

    pub(super) fn request_active(&self, common: &mut Common) {
        common.tell(Event::ActiveList(self.chat.roster()));
    }

    pub(super) fn request_group(
        &mut self,
        now: Instant,
        request: GroupRequest,
        common: &mut Common,
    ) {
        self.chat.request_group(request, common);
        self.flush(now, common);
    }

    pub(super) fn request_history(
        &mut self,
        now: Instant,
        conversation: Conversation,
        before: Option<Sequence>,
        common: &mut Common,
    ) {
        self.chat.request_history(conversation, before, common);
        self.flush(now, common);
    }

    pub(super) fn request_overview(&mut self, now: Instant, common: &mut Common) {
        self.chat.request_overview(common);
        self.flush(now, common);
    }

    /// Somebody else signs in: where the last person stood is nothing to them.
    pub(super) fn forget_person(&mut self) {
        self.chat = Chat::new(None);
        self.token = None;
    }

    pub(super) fn is_settled(&self) -> bool {
        self.chat.is_settled()
    }

    pub(super) fn token(&self) -> Option<Token> {
        self.token
    }

    pub(super) fn position(&self) -> Option<Sequence> {
        self.chat.position()
    }

    pub(super) fn statistics(&self) -> LinkStatistics {
        match &self.phase {
            Phase::Open(open) => open.link.statistics(),
            Phase::Idle | Phase::Shaking(_) => LinkStatistics::default(),
        }
    }

    /// Signs out; [`Self::has_ended`] tells when.
    pub(super) fn sign_out(&mut self, now: Instant, common: &mut Common) {
        self.ends_at = Some(now + FAREWELL);
        if let Phase::Open(open) = &mut self.phase {
            // Cut short by a full link, it ends by time.
            let _ = open.link.send(&ClientMessage::SignOut.to_wire());
        }
        self.token = None;
        self.flush(now, common);
    }

    /// Whether a session that signs out has ended.
    pub(super) fn has_ended(&self, now: Instant) -> bool {
        let said_bye = match &self.phase {
            Phase::Open(open) => open.link.has_ended(),
            Phase::Idle | Phase::Shaking(_) => true,
        };
        self.ends_at.is_some_and(|at| said_bye || now >= at)
    }

    fn shake_hands(&mut self, now: Instant, common: &mut Common) {
        self.phase = Phase::Shaking(Handshake::new(now, common));
    }

    /// A link is open: signs in over it.
    fn begin(&mut self, now: Instant, session: SessionId, common: &mut Common) {
        let mut link = Link::new(now, session);
        let stage = Stage::SigningIn(SignIn::new(self.token, &mut link, common));
        self.phase = Phase::Open(Box::new(Open { link, stage }));
        self.spoke_at = now;
        self.is_stopping = false;
    }

    /// The link is worth nothing any more: a new one goes on.
    fn lose_link(&mut self, now: Instant, common: &mut Common) {
        self.chat.link_lost(common);
        if self.ends_at.is_some() {
            self.phase = Phase::Idle;
        } else {
            self.shake_hands(now, common);
        }
    }

    fn handle_messages(&mut self, now: Instant, common: &mut Common) {
        while let Phase::Open(open) = &mut self.phase {
            let Some(message) = open.link.next_message() else { break };
            // A later version may say more than this one understands.
            let Ok(message) = ServerMessage::parse(&message) else { continue };
            self.is_stopping |= message == ServerMessage::Stopping;
            match &mut open.stage {
                Stage::SigningIn(sign_in) => {
                    let token = sign_in.handle(message, &mut open.link, common);
                    if let Some(token) = token {
                        self.token = Some(token);
                        open.stage = Stage::Chatting;
                        self.chat.link_opened(&mut open.link);
                    } else if sign_in.has_lost_token() {
                        self.token = None;
                    }
                }
                Stage::Chatting => self.chat.handle(now, message, &mut open.link, common),
            }
        }
        if let Phase::Open(open) = &self.phase
            && open.link.has_ended()
            && self.ends_at.is_none()
        {
            self.lose_link(now, common);
        }
    }

    /// Puts what waits into the link, and sends what the link lets out.
    fn flush(&mut self, now: Instant, common: &mut Common) {
        let Phase::Open(open) = &mut self.phase else { return };
        if matches!(open.stage, Stage::Chatting) {
            self.chat.pump(now, &mut open.link, common);
        }
        while let Some(packet) = open.link.next_packet(now) {
            common.transmit_bytes(packet);
            self.spoke_at = now;
        }
        if open.link.awaits_answer() {
            self.unanswered_since.get_or_insert(now);
        }
    }

    /// When to say something, whatever it is.
    fn keep_alive_at(&self) -> Option<Instant> {
        let Phase::Open(open) = &self.phase else { return None };
        let is_answer_due = match &open.stage {
            Stage::SigningIn(sign_in) => !sign_in.is_asking(),
            Stage::Chatting => self.chat.is_answer_due(),
        };
        Some(match is_answer_due || self.is_stopping {
            true => self.spoke_at + KEEP_ALIVE_INTERVAL_DUE,
            false => self.spoke_at + KEEP_ALIVE_INTERVAL,
        })
    }

    fn unanswered_at(&self) -> Option<Instant> {
        self.unanswered_since.map(|since| since + self.silence_max)
    }
}
