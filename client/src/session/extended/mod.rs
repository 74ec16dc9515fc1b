//! The session over the extended protocol (PROTOCOL.md, part 2).
//!
//! [`handshake`] opens a link with the server that [`trust`] admits; [`sign_in`] signs in or resumes over it;
//! [`chat`] is everything after, in parts. What outlives a link (the token, the place in the log,
//! what is not settled) stands in [`chat::Chat`], so that a new link goes on where the last one
//! ended.

mod chat;
mod consent;
mod ends;
mod groups;
mod handshake;
mod marks;
mod password;
mod password_change;
mod place;
mod presence;
mod receipts;
mod requests;
mod settings;
mod shown;
mod sign_in;
mod trust;

use std::time::Duration;

use self::chat::Chat;
use self::ends::Ends;
use self::handshake::Handshake;
use self::place::Place;
use self::requests::Request;
use self::sign_in::{SignIn, Welcome};
pub use self::trust::Trust;
use super::classic::Unreachable;
use super::common::{AccountRequest, GroupRequest};
use super::{Common, Event, PasswordOutcome, PasswordTaskDone, Question, Saved, Told};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Datagram, HistoryFrom, Link, LinkError, LinkStatistics, Opened, ServerMessage,
    SettingsText, Token,
};
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::password::Password;
use netchat_shared::sequence::{Position, Sequence};
use netchat_shared::server_key::{ResetWord, ServerKey};
use netchat_shared::time::Instant;

/// A client says something at least so often: paths through networks are forgotten after 30 s.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// The same while an answer of the server is due: it may have been restarted in between, and has
/// forgotten the session.
const KEEP_ALIVE_INTERVAL_DUE: Duration = Duration::from_secs(1);
/// A path on which something was sent and nothing heard for so long is given up for another.
const SILENCE_MAX: Duration = Duration::from_secs(8);
/// The same, on a path after the first: whoever does not know the link there can't say so in a way
/// that would be believed, so a new one is agreed on soon.
const SILENCE_MAX_AFTER_REOPENING: Duration = Duration::from_secs(3);
/// The same, when the person or the system has reason to think that the path is dead.
const SILENCE_MAX_AFTER_WAKING: Duration = Duration::from_secs(2);
/// How long a session that signs out waits for the server to say so too.
const FAREWELL: Duration = Duration::from_secs(2);

/// The session over the extended protocol, over however many links and paths.
#[derive(Debug)]
pub(super) struct Extended {
    phase: Phase,
    chat: Chat,
    trust: Trust,
    /// Of the server that `trust` admits: it is said to no other.
    token: Option<Token>,
    heard_at: Instant,
    /// Since the present path was opened, or the last one.
    is_heard: bool,
    /// Since when an answer is missing on this path.
    unanswered_since: Option<Instant>,
    silence_max: Duration,
    spoke_at: Instant,
    /// The server said that it is going to stop.
    is_stopping: bool,
    ends: Ends,
    /// It signs out: until then, it waits for the server to say so too.
    ends_at: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    /// There is no link and no attempt at one.
    Idle,
    /// The server has ended links one after another: the next attempt is then.
    Resting(Instant),
    Shaking(Handshake),
    /// A server with that key answers, and another is meant: nothing more is said until the person has
    /// decided.
    Distrusting(ServerKey),
    Open(Box<Open>),
}

#[derive(Debug)]
struct Open {
    link: Link,
    /// The server ends the session with it, should it have forgotten it.
    reset: ResetWord,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    SigningIn(SignIn),
    Chatting,
}

impl Open {
    fn timeout(&self) -> Option<Instant> {
        let again_at = match &self.stage {
            Stage::SigningIn(sign_in) => sign_in.timeout(),
            Stage::Chatting => None,
        };
        [self.link.timeout(), again_at].into_iter().flatten().min()
    }
}

impl Extended {
    /// That goes on with what was kept.
    pub(super) fn resume(saved: &Saved) -> Self {
        Self {
            chat: Chat::new(Place::new(saved.position, saved.renamed)),
            token: Some(saved.token),
            ..Self::new(Trust::Key(saved.server))
        }
    }

    pub(super) fn new(trust: Trust) -> Self {
        Self {
            phase: Phase::Idle,
            chat: Chat::new(Place::new(None, Sequence::ZERO)),
            trust,
            token: None,
            heard_at: Instant::ZERO,
            is_heard: false,
            unanswered_since: None,
            silence_max: SILENCE_MAX,
            spoke_at: Instant::ZERO,
            is_stopping: false,
            ends: Ends::default(),
            ends_at: None,
        }
    }

    /// Goes on with the link on a new path, or begins to agree on one.
    pub(super) fn path_opened(&mut self, now: Instant, common: &mut Common) {
        let is_silent = !self.is_heard || self.unanswered_at().is_some_and(|at| now >= at);
        match &mut self.phase {
            Phase::Open(open) if !is_silent => {
                self.unanswered_since = Some(now);
                self.silence_max = SILENCE_MAX_AFTER_REOPENING;
                open.link.path_changed(now);
                open.link.keep_alive();
            }
            // A server with another key, perhaps.
            Phase::Open(_) if self.ends_at.is_none() => {
                self.chat.link_lost(common);
                self.shake_hands(now, common);
            }
            Phase::Open(_) => self.phase = Phase::Idle,
            Phase::Resting(_) | Phase::Distrusting(_) => {}
            Phase::Idle | Phase::Shaking(_) => self.shake_hands(now, common),
        }
        self.is_heard = false;
        self.flush(now, common);
    }

    /// Whether a server of 2022 may be behind that address.
    pub(super) fn may_be_classic(&self) -> bool {
        matches!(&self.phase, Phase::Shaking(handshake) if handshake.may_be_classic(self.trust))
    }

    /// Takes a datagram. Only what the server has beyond doubt made counts as heard.
    pub(super) fn handle_datagram(&mut self, now: Instant, bytes: &[u8], common: &mut Common) {
        let Ok(datagram) = Datagram::parse(bytes) else { return };
        match (&mut self.phase, datagram) {
            (Phase::Shaking(handshake), Datagram::Cookie { nonce, cookie, server, .. }) => {
                handshake.handle_cookie(now, (nonce, cookie, server), self.trust, common);
                self.see_whether_to_trust(common);
            }
            (Phase::Shaking(handshake), Datagram::Opened { nonce, answer }) => {
                if let Some((server, opened)) = handshake.finish(nonce, &answer) {
                    self.note_heard(now, common);
                    self.begin(now, server, opened, common);
                }
            }
            (Phase::Open(open), Datagram::Packet { session, number, sealed })
                if session == open.link.session() =>
            {
                let handled = open.link.handle_packet(now, number, sealed);
                if handled == Err(LinkError::Forged) {
                    return;
                }
                self.note_heard(now, common);
                match handled {
                    Ok(_) => self.handle_messages(now, common),
                    Err(_) => self.lose_link(now, common),
                }
            }
            // The server was restarted, or has forgotten the session.
            (Phase::Open(open), Datagram::Gone { session, reset })
                if session == open.link.session() && reset == open.reset =>
            {
                self.note_heard(now, common);
                self.lose_link(now, common);
            }
            _ => return,
        }
        self.flush(now, common);
    }

    fn note_heard(&mut self, now: Instant, common: &mut Common) {
        self.heard_at = now;
        self.is_heard = true;
        self.unanswered_since = None;
        self.silence_max = SILENCE_MAX;
        common.note_heard();
    }

    /// A server with another key than the one that is meant: the person decides.
    fn see_whether_to_trust(&mut self, common: &mut Common) {
        if let Phase::Shaking(handshake) = &self.phase
            && let Some(offered) = handshake.other_key()
            && let Some(expected) = self.trust.code()
        {
            self.phase = Phase::Distrusting(offered);
            self.unanswered_since = None;
            let may_accept = self.trust.key().is_some();
            let offered = offered.code();
            common.ask(Question::ServerKey { expected, offered, may_accept });
        }
    }

    /// The person has decided whether the server that answers is to be trusted.
    pub(super) fn answer_key(&mut self, now: Instant, accepts: bool, common: &mut Common) {
        let Phase::Distrusting(offered) = self.phase else { return };
        if accepts {
            // It has still to prove the key.
            self.trust = Trust::Code(offered.code());
            self.token = None;
            if common.answers.server_password.is_none() {
                common.ask(Question::ServerPassword { wrong: false });
            }
        }
        self.shake_hands(now, common);
    }

    pub(super) fn server_key(&self) -> Option<ServerKey> {
        self.trust.key()
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
            handshake.handle_timeout(now, self.trust, common);
            self.see_whether_to_trust(common);
        }
        if matches!(self.phase, Phase::Resting(until) if now >= until) {
            self.shake_hands(now, common);
        }
        if let Phase::Open(open) = &mut self.phase {
            open.link.handle_timeout(now);
            if let Stage::SigningIn(sign_in) = &mut open.stage {
                sign_in.handle_timeout(now, &mut open.link, common);
            }
            if keep_alive_at.is_some_and(|at| now >= at) {
                open.link.keep_alive();
            }
        }
        self.flush(now, common);
        Ok(())
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        let next = match &self.phase {
            Phase::Idle | Phase::Distrusting(_) => None,
            Phase::Resting(until) => Some(*until),
            Phase::Shaking(handshake) => Some(handshake.timeout()),
            Phase::Open(open) => open.timeout(),
        };
        let keep_alive_at = self.keep_alive_at();
        // While nothing can be sent, there is nothing to try again: it would be due for ever.
        let retry_at = self.chat.retry_at().filter(|_| self.is_chatting());
        let times = [next, keep_alive_at, self.unanswered_at(), retry_at, self.ends_at];
        times.into_iter().flatten().min()
    }

    /// There is reason to think that the path is dead: sees soon whether it is.
    pub(super) fn probe(&mut self, now: Instant, common: &mut Common) {
        if matches!(self.phase, Phase::Resting(_) | Phase::Distrusting(_)) {
            return;
        }
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

    /// Something was computed with a password.
    pub(super) fn finish_password_task(
        &mut self,
        now: Instant,
        done: PasswordTaskDone,
        common: &mut Common,
    ) {
        match &mut self.phase {
            Phase::Open(open) => match &mut open.stage {
                Stage::SigningIn(sign_in) => {
                    sign_in.finish_task(done, &mut open.link, common);
                }
                Stage::Chatting => self.chat.password_change.finish_task(done, common),
            },
            // It was for a link that is lost.
            Phase::Idle | Phase::Resting(_) | Phase::Shaking(_) | Phase::Distrusting(_) => {}
        }
        self.flush(now, common);
    }

    pub(super) fn change_password(
        &mut self,
        now: Instant,
        (old, new): (Password, Password),
        ends_others: bool,
        common: &mut Common,
    ) {
        if !self.chat.password_change.ask(old, new, ends_others) {
            let refused = PasswordOutcome::Refused(Told::TooMuchWaits);
            common.tell(Event::Password(refused));
        }
        self.flush(now, common);
    }

    /// Sends what waits, as far as the link takes it.
    pub(super) fn pump(&mut self, now: Instant, common: &mut Common) {
        self.flush(now, common);
    }

    pub(super) fn request_active(&mut self, now: Instant, common: &mut Common) {
        self.chat.presence.list_once(common);
        self.flush(now, common);
    }

    pub(super) fn watch_online(&mut self, now: Instant, common: &mut Common) {
        self.chat.presence.watch();
        self.flush(now, common);
    }

    pub(super) fn unwatch_online(&mut self, now: Instant, common: &mut Common) {
        self.chat.presence.unwatch(common);
        self.flush(now, common);
    }

    pub(super) fn mark_read(
        &mut self,
        now: Instant,
        conversation: Conversation,
        sequence: Sequence,
        common: &mut Common,
    ) {
        self.chat.marks.read(conversation, sequence);
        self.flush(now, common);
    }

    pub(super) fn set_settings(&mut self, now: Instant, text: SettingsText, common: &mut Common) {
        self.chat.settings.set(text);
        self.flush(now, common);
    }

    pub(super) fn typing(&mut self, now: Instant, to: Conversation, common: &mut Common) {
        if self.chat.marks.typing(now, to) {
            self.flush(now, common);
        }
    }

    pub(super) fn request_group(
        &mut self,
        now: Instant,
        request: GroupRequest,
        common: &mut Common,
    ) {
        self.request_or_refuse(now, Request::Group(request), common);
    }

    pub(super) fn request_account(
        &mut self,
        now: Instant,
        request: AccountRequest,
        common: &mut Common,
    ) -> bool {
        self.request_or_refuse(now, Request::Account(request), common)
    }

    pub(super) fn block(
        &mut self,
        now: Instant,
        name: UserName,
        is_blocked: bool,
        common: &mut Common,
    ) {
        self.request_or_refuse(now, Request::Block(name, is_blocked), common);
    }

    pub(super) fn request_blocked(
        &mut self,
        now: Instant,
        after: Option<UserName>,
        common: &mut Common,
    ) {
        self.request_or_refuse(now, Request::Blocked(after), common);
    }

    pub(super) fn request_history(
        &mut self,
        now: Instant,
        conversation: Conversation,
        (from, limit): (HistoryFrom, u16),
        common: &mut Common,
    ) -> bool {
        let is_asked = self.chat.requests.ask(Request::History(conversation, from, limit));
        self.flush(now, common);
        is_asked
    }

    pub(super) fn request_members(
        &mut self,
        now: Instant,
        group: GroupName,
        after: Option<UserName>,
        common: &mut Common,
    ) {
        self.request_or_refuse(now, Request::Members(group, after), common);
    }

    pub(super) fn request_receivers(
        &mut self,
        now: Instant,
        conversation: Conversation,
        of: Sequence,
        after: Option<UserName>,
        common: &mut Common,
    ) {
        self.request_or_refuse(now, Request::Receivers(conversation, of, after), common);
    }

    pub(super) fn request_overview(&mut self, now: Instant, common: &mut Common) {
        self.chat.request_overview();
        self.flush(now, common);
    }

    /// Asks, or says that too much waits; answers whether it asks.
    fn request_or_refuse(&mut self, now: Instant, request: Request, common: &mut Common) -> bool {
        let is_asked = self.chat.requests.ask(request.clone());
        if !is_asked {
            request.refuse(common);
        }
        self.flush(now, common);
        is_asked
    }

    /// Somebody else signs in: where the last person stood is nothing to them.
    pub(super) fn forget_person(&mut self) {
        self.chat = Chat::new(Place::new(None, Sequence::ZERO));
        self.token = None;
    }

    pub(super) fn is_settled(&self) -> bool {
        self.chat.is_settled()
    }

    pub(super) fn is_acknowledged(&self) -> bool {
        self.chat.is_acknowledged()
    }

    pub(super) fn token(&self) -> Option<Token> {
        self.token
    }

    pub(super) fn position(&self) -> Option<Position> {
        self.chat.place.position()
    }

    /// The latest renaming of a group that is known.
    pub(super) fn renamed(&self) -> Sequence {
        self.chat.place.renamed()
    }

    pub(super) fn statistics(&self) -> LinkStatistics {
        match &self.phase {
            Phase::Open(open) => open.link.statistics(),
            Phase::Idle | Phase::Resting(_) | Phase::Shaking(_) | Phase::Distrusting(_) => {
                LinkStatistics::default()
            }
        }
    }

    /// Signs out; [`Self::has_ended`] tells when. Everything told before is acknowledged before,
    /// and nothing is told after: it comes another time.
    pub(super) fn sign_out(&mut self, now: Instant, common: &mut Common) {
        self.ends_at = Some(now + FAREWELL);
        if let Phase::Open(open) = &mut self.phase {
            if matches!(open.stage, Stage::Chatting) {
                self.chat.acknowledge(&mut open.link);
            }
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
            Phase::Idle | Phase::Resting(_) | Phase::Shaking(_) | Phase::Distrusting(_) => true,
        };
        self.ends_at.is_some_and(|at| said_bye || now >= at)
    }

    fn shake_hands(&mut self, now: Instant, common: &mut Common) {
        self.unanswered_since = Some(now);
        self.silence_max = SILENCE_MAX;
        self.phase = Phase::Shaking(Handshake::new(now, self.trust, common));
    }

    /// A link is open, and the server has proved its key: signs in over it.
    fn begin(&mut self, now: Instant, server: ServerKey, opened: Opened, common: &mut Common) {
        if self.trust.key().is_none() {
            self.trust = Trust::Key(server);
            common.tell(Event::ServerKey(server));
        }
        let Opened { channel, reset } = opened;
        let mut link = Link::new(now, channel);
        let stage = Stage::SigningIn(SignIn::new(self.token, &mut link, common));
        self.phase = Phase::Open(Box::new(Open { link, reset, stage }));
        self.spoke_at = now;
        self.is_stopping = false;
        self.ends.link_opened(now);
    }

    /// The server has ended the link: a new one goes on, at once or later.
    fn lose_link(&mut self, now: Instant, common: &mut Common) {
        let has_progressed = self.chat.has_progressed();
        self.chat.link_lost(common);
        if self.ends_at.is_some() {
            self.phase = Phase::Idle;
            return;
        }
        match self.ends.link_ended(now, has_progressed, &mut common.rng) {
            None => self.shake_hands(now, common),
            Some(wait) => self.phase = Phase::Resting(now + wait),
        }
    }

    fn handle_messages(&mut self, now: Instant, common: &mut Common) {
        while let Phase::Open(open) = &mut self.phase {
            let Some(message) = open.link.next_message() else { break };
            // A later version may say more than this one understands.
            let Ok(message) = ServerMessage::parse(&message) else { continue };
            self.is_stopping |= message == ServerMessage::Stopping;
            if message == ServerMessage::SignedOut {
                self.token = None;
                common.answers.password = None;
                if self.ends_at.is_none() {
                    common.tell(Event::EndedElsewhere);
                }
            }
            match &mut open.stage {
                Stage::SigningIn(sign_in) => {
                    let welcome = sign_in.handle(now, message, &mut open.link, common);
                    if sign_in.has_lost_token() {
                        self.token = None;
                    }
                    if let Some(welcome) = welcome {
                        open.stage = Stage::Chatting;
                        self.enter(welcome, common);
                    }
                }
                Stage::Chatting if message == ServerMessage::SignedOut => {
                    // The next link begins with it.
                    if common.answers.server_password.is_none() {
                        common.ask(Question::ServerPassword { wrong: false });
                    }
                }
                // It comes another time, to whoever goes on.
                Stage::Chatting
                    if self.ends_at.is_some() && matches!(message, ServerMessage::Message(_)) => {}
                Stage::Chatting => self.chat.handle(now, message, &open.link, common),
            }
        }
        if let Phase::Open(open) = &self.phase
            && open.link.has_ended()
            && self.ends_at.is_none()
        {
            self.lose_link(now, common);
        }
    }

    fn enter(&mut self, welcome: Welcome, common: &mut Common) {
        self.token = Some(welcome.token);
        // Before anybody asks for what is behind places of the old log.
        self.chat.enter_log(welcome.generation, common);
        common.tell(Event::SignedIn(welcome.name));
        self.chat.link_opened(common);
    }

    /// Puts what waits into the link, and sends what the link lets out.
    fn flush(&mut self, now: Instant, common: &mut Common) {
        let is_chatting = self.is_chatting();
        let Phase::Open(open) = &mut self.phase else { return };
        if is_chatting {
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

    /// Whether what waits may be put into the link.
    fn is_chatting(&self) -> bool {
        let is_open =
            matches!(&self.phase, Phase::Open(open) if matches!(open.stage, Stage::Chatting));
        is_open && self.ends_at.is_none()
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
