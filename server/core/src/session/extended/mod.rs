//! A session in the extended protocol (PROTOCOL.md, part 2): a client is its session, wherever its
//! datagrams come from.

mod cookies;
mod encoder;
mod entrance;
mod introductions;
mod requests;
mod sign_in;
mod stage;
mod updates;

use std::net::SocketAddr;

use netchat_shared::extended::{Channel, ClientMessage, Link, LinkError, ServerMessage, SessionId};
use netchat_shared::limits::LINK_RECEIVE_BYTES_UNSIGNED;
use netchat_shared::time::Instant;
use rand_core::Rng as _;

pub(super) use self::encoder::Encoder;
pub(super) use self::entrance::Entrance;
pub(super) use self::introductions::{Introductions, NotTaken};
use self::stage::{Candidate, Stage};

use crate::action::{Refusal, SignOutReason};
use crate::admission::Source;
use crate::context::Context;
use crate::events::{GaveUp, Request, SessionKey};
use crate::limits::{
    AWAY_AFTER_SILENCE, AWAY_AFTER_UNANSWERED, CHALLENGE_INTERVAL, FEED_BYTES_MAX,
    FORGOTTEN_AFTER_SILENCE, SENDS_PER_SESSION_MAX, SIGN_IN_TIMEOUT, SLOWED_TOLD_INTERVAL,
};
use crate::peer::Peer;
use crate::session::costs;
use crate::storage::UserId;

/// An extended session: it is known by its id, wherever its datagrams come from.
#[derive(Debug)]
pub(super) struct ExtendedSession {
    key: SessionKey,
    link: Link,
    /// A hash of what opened it, by which a repetition of that is known.
    opened_by: OpenHash,
    /// The answer to that, until the client shows that it has it.
    answer: Option<Vec<u8>>,
    /// Where datagrams go: an address that has proved that it receives them.
    path: Peer,
    /// Another address that datagrams of this session came from, and that is to prove itself.
    candidate: Option<Candidate>,
    stage: Stage,
    opened_at: Instant,
    heard_at: Instant,
    /// Since when something waits to be acknowledged.
    busy_since: Option<Instant>,
    /// Too long unheard: its messages wait in storage.
    is_away: bool,
    ended: Option<SignOutReason>,
}

/// SHA-256 of a whole `OPEN`.
pub(super) type OpenHash = [u8; 32];

/// Whether a datagram is of the extended protocol, or was before it was damaged.
pub(super) fn is_extended(datagram: &[u8]) -> bool {
    datagram.starts_with(b"X#")
}

impl ExtendedSession {
    pub(super) fn new(
        cx: &Context,
        key: SessionKey,
        path: Peer,
        channel: Channel,
        (opened_by, answer): (OpenHash, Vec<u8>),
    ) -> Self {
        let now = cx.monotonic();
        let mut link = Link::new(now, channel);
        link.set_receive_bytes_max(LINK_RECEIVE_BYTES_UNSIGNED);
        Self {
            key,
            link,
            opened_by,
            answer: Some(answer),
            path,
            candidate: None,
            stage: Stage::Locked,
            opened_at: now,
            heard_at: now,
            busy_since: None,
            is_away: false,
            ended: None,
        }
    }

    pub(super) fn id(&self) -> SessionId {
        self.link.session()
    }

    pub(super) fn opened_by(&self) -> OpenHash {
        self.opened_by
    }

    pub(super) fn path(&self) -> SocketAddr {
        self.path.source
    }

    #[cfg(test)]
    pub(super) fn peer(&self) -> Peer {
        self.path
    }

    /// Bytes of messages of its client that are not whole, or not read yet.
    pub(super) fn received_bytes(&self) -> usize {
        self.link.received_bytes()
    }

    /// Who it counts for as long as it is a stranger's: one that waits to be signed in is none.
    pub(super) fn stranger(&self) -> Option<Source> {
        match self.stage {
            Stage::SignedIn(_) | Stage::Waiting(_) => None,
            Stage::Locked | Stage::Unlocked | Stage::Named(_) => Some(self.source()),
        }
    }

    /// It ends, so that there is room for others.
    pub(super) fn give_way(&mut self) {
        self.ended = Some(SignOutReason::GaveWay);
    }

    /// What opened it was repeated: its answer may have been lost.
    pub(super) fn answer_again(&self, cx: &mut Context) {
        if let Some(answer) = &self.answer {
            cx.transmit(self.path.source, answer.clone());
        }
    }

    /// Who it counts for.
    fn source(&self) -> Source {
        Source::proved(self.path.ip())
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.user().is_some()
    }

    /// Whose it is, once it is signed in.
    fn user(&self) -> Option<UserId> {
        match &self.stage {
            Stage::SignedIn(signed_in) => Some(signed_in.user),
            Stage::Locked | Stage::Unlocked | Stage::Named(_) | Stage::Waiting(_) => None,
        }
    }

    /// Nobody is behind the session's address any more. It may come back from another.
    pub(super) fn hang_up(&mut self, cx: &mut Context) {
        if self.is_signed_in() {
            self.set_away(cx);
        } else {
            self.ended = Some(SignOutReason::HungUp);
        }
    }

    /// Why it is over, if it is.
    pub(super) fn has_ended(&self) -> Option<SignOutReason> {
        self.ended
    }

    /// Says what is left to say of a session that is over. Its client may resume with its token.
    pub(super) fn close(&mut self, cx: &mut Context, why: SignOutReason) {
        if let Stage::SignedIn(signed_in) = &mut self.stage {
            let handed = signed_in.in_flight.drain(..).collect();
            cx.request(self.key, Request::GaveUp { handed, why: GaveUp::Gone });
            cx.request(self.key, Request::Leave(why));
        } else {
            cx.request(self.key, Request::Withdraw);
        }
    }

    pub(super) fn handle_timeout(&mut self, cx: &mut Context) {
        self.link.handle_timeout(cx.monotonic());
        if cx.monotonic() >= self.forgotten_at() {
            self.ended = Some(SignOutReason::Idle);
        } else if cx.monotonic() >= self.away_at() && self.is_signed_in() && !self.is_away {
            self.set_away(cx);
        }
    }

    /// Sends what the link lets out, and reads on. Answers when the session has to be looked at
    /// again.
    pub(super) fn flush(&mut self, cx: &mut Context) -> Instant {
        self.pay_owed();
        self.read_messages(cx);
        self.tell_gathered(cx);
        if self.has_room()
            && let Stage::SignedIn(signed_in) = &mut self.stage
        {
            signed_in.cursor.read_on(cx, self.key);
        }
        self.send_packets(cx);
        self.note_busy(cx.monotonic());
        self.timeout()
    }

    fn send_packets(&mut self, cx: &mut Context) {
        while let Some(packet) = self.link.next_packet(cx.monotonic()) {
            cx.transmit(self.path.source, packet);
        }
    }

    /// A packet of the session arrived, from wherever.
    pub(super) fn handle_packet(
        &mut self,
        cx: &mut Context,
        from: Peer,
        number: u64,
        sealed: &[u8],
    ) {
        let now = cx.monotonic();
        let is_newest = self.link.is_newest(number);
        let before = self.link.statistics();
        let handled = self.link.handle_packet(now, number, sealed);
        if handled == Err(LinkError::Forged) {
            cx.dropped.forged += 1;
            return;
        }
        self.answer = None;
        let after = self.link.statistics();
        cx.dropped.repeated += after.packets_repeated - before.packets_repeated;
        cx.dropped.beyond_window += after.packets_beyond_window - before.packets_beyond_window;
        let Ok(response) = handled else {
            self.ended = Some(SignOutReason::Broken);
            return;
        };
        self.heard_at = now;
        if from.source != self.path.source {
            self.handle_other_path(cx, from, is_newest.then_some(number), response);
        } else if self.candidate.is_some_and(|asked| number >= asked.number) {
            // The client is still here: what came from elsewhere was a copy that overtook this.
            self.candidate = None;
        }
        self.set_present(cx);
        self.read_messages(cx);
        if self.ended.is_none() && self.link.has_ended() {
            self.ended = Some(SignOutReason::HungUp);
        }
    }

    /// Reads what has arrived, as far as it can be answered.
    fn read_messages(&mut self, cx: &mut Context) {
        while self.ended.is_none() && self.may_read() && !self.is_slowed(cx) {
            let Some(message) = self.link.next_message() else { return };
            match (ClientMessage::parse(&message), self.user()) {
                (Ok(message), Some(user)) => {
                    let (on, cost) = costs::of_message(&message);
                    cx.spend(user, on, cost);
                    self.handle_request(cx, message);
                }
                (Ok(message), None) => self.handle_sign_in(cx, message),
                (Err(_), _) => self.ended = Some(SignOutReason::Broken),
            }
        }
    }

    /// Whether its account has spent what it may. What it says then waits for its turn, at last with its
    /// client, and it is told.
    fn is_slowed(&mut self, cx: &mut Context) -> bool {
        let waits = self.link.received_bytes() > 0;
        let Stage::SignedIn(signed_in) = &mut self.stage else { return false };
        let now = cx.monotonic();
        if signed_in.reads_at.is_some_and(|at| now < at) {
            return true;
        }
        let slowed = cx.slowed(signed_in.user).filter(|_| waits);
        signed_in.reads_at = slowed.map(|slowed| cx.draw_turn(slowed));
        let Some(slowed) = slowed else { return false };
        if signed_in.slowed_told_at.is_none_or(|at| now >= at + SLOWED_TOLD_INTERVAL) {
            signed_in.slowed_told_at = Some(now);
            cx.refuse(self.path, Refusal::Quota);
            self.answer(&ServerMessage::Slowed(slowed.rest));
        }
        true
    }

    /// Whether another message of the client may be read: there is room for the answer, and for those
    /// to all that was read before. So a client that asks without reading waits, and costs no more.
    fn may_read(&self) -> bool {
        match &self.stage {
            Stage::SignedIn(signed_in) => {
                signed_in.owed.is_empty()
                    && !signed_in.awaits_answer
                    && signed_in.sends_under_way < SENDS_PER_SESSION_MAX
                    && self.link.queued_bytes() < FEED_BYTES_MAX
            }
            Stage::Waiting(_) => false,
            Stage::Locked | Stage::Unlocked | Stage::Named(_) => true,
        }
    }

    /// A packet from an address that is not the session's. It moves the session only if it is news,
    /// and only when the address has shown that it receives.
    fn handle_other_path(
        &mut self,
        cx: &mut Context,
        from: Peer,
        newest: Option<u64>,
        response: Option<u64>,
    ) {
        let now = cx.monotonic();
        let asked = self.candidate.filter(|candidate| candidate.address == from.source);
        if let (Some(asked), Some(response)) = (asked, response)
            && asked.token == response
        {
            self.path = from;
            self.candidate = None;
            self.link.path_changed(now);
            return cx.request(self.key, Request::Moved(from));
        }
        let asked_lately =
            self.candidate.is_some_and(|asked| now < asked.asked_at + CHALLENGE_INTERVAL);
        if let Some(number) = newest.filter(|_| !asked_lately) {
            let token = cx.rng.next_u64();
            self.candidate = Some(Candidate { address: from.source, number, token, asked_at: now });
            let challenge = self.link.challenge_packet(now, token);
            cx.transmit(from.source, challenge);
        }
    }

    /// The session is not heard any more: what comes for it waits in storage.
    fn set_away(&mut self, cx: &mut Context) {
        self.is_away = true;
        let Stage::SignedIn(signed_in) = &mut self.stage else { return };
        signed_in.cursor.fall_behind();
        let handed = signed_in.in_flight.iter().copied().collect();
        cx.request(self.key, Request::Away(true));
        cx.request(self.key, Request::GaveUp { handed, why: GaveUp::Gone });
    }

    /// It is heard (again).
    fn set_present(&mut self, cx: &mut Context) {
        if !std::mem::replace(&mut self.is_away, false) {
            return;
        }
        if let Stage::SignedIn(signed_in) = &mut self.stage {
            // What was told to the user's sessions meanwhile was not told to this one.
            signed_in.online_is_stale = true;
            signed_in.is_stale = true;
            cx.request(self.key, Request::Away(false));
        }
    }

    /// Whether more messages may be put into its link.
    fn has_room(&self) -> bool {
        has_room(self.is_away, &self.link)
    }

    /// Notes whether something waits to be acknowledged.
    fn note_busy(&mut self, now: Instant) {
        self.busy_since = match (self.link.queued_bytes(), self.busy_since) {
            (0, _) => None,
            (_, since) => since.or(Some(now)),
        };
    }

    /// When it counts as away, if it is not heard before.
    fn away_at(&self) -> Instant {
        let silent = self.heard_at + AWAY_AFTER_SILENCE;
        let unanswered =
            self.busy_since.map(|since| since.max(self.heard_at) + AWAY_AFTER_UNANSWERED);
        unanswered.map_or(silent, |unanswered| unanswered.min(silent))
    }

    /// When it is forgotten, if it is not heard before.
    fn forgotten_at(&self) -> Instant {
        let silent = self.heard_at + FORGOTTEN_AFTER_SILENCE;
        match self.is_signed_in() {
            true => silent,
            false => silent.min(self.opened_at + SIGN_IN_TIMEOUT),
        }
    }

    /// When the session has to be looked at.
    fn timeout(&self) -> Instant {
        let by_silence = match &self.stage {
            Stage::SignedIn(signed_in) => {
                let silent = if self.is_away { self.forgotten_at() } else { self.away_at() };
                // One that takes nothing is not looked at for what it could be given.
                let feeds_at = signed_in.cursor.timeout().filter(|_| self.has_room());
                // Nor one that may not read for what it could: something else wakes it.
                let reads_at = signed_in.reads_at.filter(|_| self.may_read());
                let times = [feeds_at, reads_at];
                times.into_iter().flatten().fold(silent, Instant::min)
            }
            Stage::Locked | Stage::Unlocked | Stage::Named(_) | Stage::Waiting(_) => {
                self.forgotten_at()
            }
        };
        self.link.timeout().map_or(by_silence, |at| at.min(by_silence))
    }
}

fn has_room(is_away: bool, link: &Link) -> bool {
    !is_away && link.queued_bytes() < FEED_BYTES_MAX
}
