//! Sessions: every client that speaks with the server, in either protocol. A session owns its link or
//! its queue, asks the chat ([`Request`]) and is told ([`Update`]); it never sees the chat. Sessions
//! are found by address or by id, and hold at most so many strangers.

mod classic;
mod costs;
mod cursor;
mod extended;
mod held;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use netchat_shared::FreshKeys;
use netchat_shared::classic::LoginReply;
use netchat_shared::extended::{Datagram, DatagramError, HELLO_BYTES, SessionId};
use netchat_shared::limits::DATAGRAM_BYTES_MAX;
use netchat_shared::via::Via;
use rand_core::Rng as _;
use sha2::{Digest as _, Sha256};

use self::classic::{ClassicSession, HeldKnocks};
use self::extended::{Encoder, Entrance, ExtendedSession, Introductions, NotTaken, OpenHash};
use self::held::Held;
use crate::action::{Refusal, SignOutReason};
use crate::admission::{HalfOpen, Shares, Source};
use crate::context::{Context, Knock, TimerKey};
use crate::events::{Request, SessionKey, Update};
use crate::limits::{
    CLASSIC_SESSIONS_MAX, EXTENDED_SESSIONS_MAX, RECEIVED_BYTES_MAX, UNSIGNED_SESSIONS_MAX,
    UNSIGNED_SESSIONS_OF_SOURCE_MAX,
};
use crate::peer::Peer;
use crate::settings::Secrets;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Sessions {
    by_key: BTreeMap<SessionKey, Session>,
    classic_by_address: BTreeMap<SocketAddr, SessionKey>,
    extended_by_id: BTreeMap<SessionId, SessionKey>,
    /// A repeated `OPEN` is the same session, and one that differs in anything is another.
    extended_by_open: BTreeMap<OpenHash, SessionKey>,
    extended_by_path: BTreeMap<SocketAddr, SessionKey>,
    counts: Counts,
    strangers: Strangers,
    openings: Shares,
    held: Held,
    entrance: Entrance,
    introductions: Introductions,
    held_knocks: HeldKnocks,
    encoder: Encoder,
    /// Sessions that have to be looked at before the driver waits.
    dirty: BTreeSet<SessionKey>,
    last_key: u64,
}

/// How many sessions there are.
#[derive(Debug, Default)]
struct Counts {
    classic: usize,
    extended: usize,
}

/// Sessions that have not signed in, but for those that wait to be.
#[derive(Debug)]
struct Strangers {
    classic: HalfOpen<SessionKey>,
    extended: HalfOpen<SessionKey>,
}

/// A session of either protocol.
#[derive(Debug)]
enum Session {
    Classic(Box<ClassicSession>),
    Extended(Box<ExtendedSession>),
}

impl Sessions {
    pub(crate) fn new(cx: &mut Context, secrets: Secrets, keys: FreshKeys) -> Self {
        Self {
            by_key: BTreeMap::new(),
            classic_by_address: BTreeMap::new(),
            extended_by_id: BTreeMap::new(),
            extended_by_open: BTreeMap::new(),
            extended_by_path: BTreeMap::new(),
            counts: Counts::default(),
            strangers: Strangers {
                classic: HalfOpen::new(UNSIGNED_SESSIONS_MAX, UNSIGNED_SESSIONS_OF_SOURCE_MAX),
                extended: HalfOpen::new(UNSIGNED_SESSIONS_MAX, UNSIGNED_SESSIONS_OF_SOURCE_MAX),
            },
            openings: Shares::of_openings(),
            held: Held::default(),
            entrance: Entrance::new(secrets.server_key, keys, &mut cx.rng),
            introductions: Introductions::new(secrets.gateway_key),
            held_knocks: HeldKnocks::new(),
            encoder: Encoder::default(),
            dirty: BTreeSet::new(),
            last_key: 0,
        }
    }

    /// A datagram arrived.
    pub(crate) fn handle_datagram(&mut self, cx: &mut Context, from: SocketAddr, bytes: &[u8]) {
        if bytes.len() > DATAGRAM_BYTES_MAX {
            return self.refuse_too_long(cx, from);
        }
        if extended::is_extended(bytes) {
            return self.handle_extended(cx, from, bytes);
        }
        if cx.settings.allow_classic {
            self.handle_classic(cx, from, bytes);
        } else {
            cx.dropped.classic += 1;
        }
    }

    /// A session's timer has fired.
    pub(crate) fn handle_timeout(&mut self, cx: &mut Context, key: SessionKey) {
        match self.by_key.get_mut(&key) {
            Some(Session::Classic(session)) => session.handle_timeout(cx),
            Some(Session::Extended(session)) => session.handle_timeout(cx),
            None => return,
        }
        self.look_at(cx, key);
    }

    /// The chat tells a session something.
    pub(crate) fn update(&mut self, cx: &mut Context, key: SessionKey, update: &Update) {
        match self.by_key.get_mut(&key) {
            Some(Session::Extended(session)) if let Update::Message(delivery) = update => {
                session.handle_delivery(delivery, self.encoder.message(delivery));
            }
            Some(Session::Classic(session)) => session.update(cx, update),
            Some(Session::Extended(session)) => session.update(cx, update),
            None => {
                // It ended while it signed in: whoever it was for is not here.
                if let Update::SignedIn(_) = update {
                    cx.request(key, Request::Leave(SignOutReason::HungUp));
                }
                return;
            }
        }
        // Whether it is over now is seen when it is flushed.
        self.dirty.insert(key);
    }

    /// Sends what a session that has changed lets out. False if none has.
    pub(crate) fn flush_next(&mut self, cx: &mut Context) -> bool {
        let Some(key) = self.dirty.pop_first() else { return false };
        let timeout = match self.by_key.get_mut(&key) {
            Some(Session::Classic(session)) => session.flush(cx),
            Some(Session::Extended(session)) => session.flush(cx),
            None => return true,
        };
        self.note(key);
        cx.timers.set_no_later(TimerKey::Session(key), timeout);
        self.end_if_over(cx, key);
        true
    }

    /// A datagram that nothing of ours sends. Somebody at an original client may have typed it.
    fn refuse_too_long(&mut self, cx: &mut Context, from: SocketAddr) {
        cx.dropped.too_long += 1;
        let Some(&key) = self.classic_by_address.get(&from) else { return };
        if let Some(Session::Classic(session)) = self.by_key.get_mut(&key) {
            session.refuse_too_long(cx);
        }
        self.look_at(cx, key);
    }

    fn handle_classic(&mut self, cx: &mut Context, from: SocketAddr, bytes: &[u8]) {
        let key = self.classic_by_address.get(&from).copied();
        let session = key.and_then(|key| Some((key, self.by_key.get_mut(&key)?)));
        if let Some((key, Session::Classic(session))) = session {
            session.handle_datagram(cx, bytes);
            let was_replaced = session.has_ended() == Some(SignOutReason::Replaced);
            self.look_at(cx, key);
            if !was_replaced {
                return;
            }
        }
        let peer = self.peer(from);
        match classic::knock(cx, peer, bytes) {
            Knock::Opens => self.open_classic(cx, peer, bytes.len()),
            Knock::Wrong => {}
            Knock::Later(wait) => {
                let who = (from, classic::source(peer));
                self.held_knocks.hold(cx, who, bytes, wait);
            }
        }
    }

    /// Original clients may show the server password now that showed it too soon.
    pub(crate) fn handle_held_knocks(&mut self, cx: &mut Context) {
        while let Some((from, datagram)) = self.held_knocks.pop_due(cx) {
            if !self.classic_by_address.contains_key(&from) {
                self.handle_classic(cx, from, &datagram);
            }
        }
    }

    fn open_classic(&mut self, cx: &mut Context, from: Peer, bytes: usize) {
        if self.counts.classic - self.strangers.classic.len() >= CLASSIC_SESSIONS_MAX {
            cx.refuse(from, Refusal::Full);
            return cx.transmit(from.source, LoginReply::Locked.to_string());
        }
        let key = self.next_key();
        let session = ClassicSession::open(cx, key, from, bytes);
        self.by_key.insert(key, Session::Classic(Box::new(session)));
        self.classic_by_address.insert(from.source, key);
        self.counts.classic += 1;
        self.look_at(cx, key);
        self.bound_strangers(cx, classic::source(from));
    }

    fn handle_extended(&mut self, cx: &mut Context, from: SocketAddr, bytes: &[u8]) {
        match Datagram::parse(bytes) {
            Ok(Datagram::Offer { version, nonce }) => {
                let (now, offer) = (cx.monotonic(), (version, nonce));
                if let Some(answer) = self.entrance.answer_offer(now, from, offer, bytes.len()) {
                    cx.transmit(from, answer);
                }
            }
            Ok(Datagram::Open { nonce, cookie, hello, .. }) => {
                if self.entrance.is_proved(cx.monotonic(), from, nonce, cookie) {
                    self.open_extended(cx, from, bytes, (nonce, cookie), &hello);
                } else {
                    cx.dropped.wrong_cookie += 1;
                }
            }
            Ok(Datagram::Packet { session, number, sealed }) => {
                match self.extended_by_id.get(&session) {
                    Some(&key) => self.handle_packet(cx, key, from, number, sealed),
                    None => {
                        cx.dropped.unknown_session += 1;
                        if let Some(gone) = self.entrance.answer_unknown(session, bytes.len()) {
                            cx.transmit(from, gone);
                        }
                    }
                }
            }
            Ok(Datagram::Via(via)) => self.introduce(cx, from, &via),
            Ok(Datagram::HangUp(hang_up)) => {
                if self.introductions.hang_up(from, &hang_up) {
                    self.hang_up_extended(cx, from);
                    self.handle_classic(cx, from, &[]);
                } else {
                    cx.dropped.forged += 1;
                }
            }
            Ok(
                Datagram::Cookie { .. }
                | Datagram::Opened { .. }
                | Datagram::Gone { .. }
                | Datagram::ViaTaken(_),
            )
            | Err(DatagramError::NotExtended | DatagramError::Malformed) => {
                cx.dropped.malformed += 1;
            }
            Err(DatagramError::Damaged) => cx.dropped.damaged += 1,
        }
    }

    /// A gateway says who is behind an address of its own.
    fn introduce(&mut self, cx: &mut Context, from: SocketAddr, via: &Via) {
        let now = cx.monotonic();
        if !self.entrance.is_proved(now, from, via.nonce(), via.cookie()) {
            cx.dropped.wrong_cookie += 1;
            return;
        }
        let has_session = |source: &SocketAddr| {
            self.extended_by_path.contains_key(source)
                || self.classic_by_address.contains_key(source)
        };
        match self.introductions.introduce(now, from, via, has_session) {
            Ok(taken) => cx.transmit(from, Datagram::ViaTaken(taken).to_wire()),
            Err(NotTaken::Forged | NotTaken::InUse) => cx.dropped.forged += 1,
            Err(NotTaken::Full) => cx.refuse(from, Refusal::Full),
        }
    }

    /// Nobody is behind that address any more. The session may come back from another.
    fn hang_up_extended(&mut self, cx: &mut Context, from: SocketAddr) {
        let Some(&key) = self.extended_by_path.get(&from) else { return };
        if let Some(Session::Extended(session)) = self.by_key.get_mut(&key) {
            session.hang_up(cx);
        }
        self.look_at(cx, key);
    }

    /// An address that has proved itself opens a session, or has repeated itself.
    fn open_extended(
        &mut self,
        cx: &mut Context,
        from: SocketAddr,
        open: &[u8],
        agreed: (u64, u64),
        hello: &[u8; HELLO_BYTES],
    ) {
        let opened_by: OpenHash = Sha256::digest(open).into();
        if let Some(key) = self.extended_by_open.get(&opened_by) {
            if let Some(Session::Extended(session)) = self.by_key.get(key) {
                session.answer_again(cx);
            }
            return;
        }
        if self.counts.extended - self.strangers.extended.len() >= EXTENDED_SESSIONS_MAX {
            return cx.refuse(self.peer(from), Refusal::Full);
        }
        let source = Source::proved(self.peer(from).ip());
        if !self.openings.admit(cx.monotonic(), source) {
            cx.dropped.too_many += 1;
            return;
        }
        let id = self.new_id(cx);
        let Ok((channel, answer)) = self.entrance.accept(agreed, hello, id) else {
            cx.dropped.forged += 1;
            return;
        };
        let key = self.next_key();
        let session = ExtendedSession::new(cx, key, self.peer(from), channel, (opened_by, answer));
        session.answer_again(cx);
        self.by_key.insert(key, Session::Extended(Box::new(session)));
        self.extended_by_id.insert(id, key);
        self.extended_by_open.insert(opened_by, key);
        self.extended_by_path.insert(from, key);
        self.counts.extended += 1;
        self.look_at(cx, key);
        self.bound_strangers(cx, source);
    }

    /// Sessions of strangers are bounded, for each source and for all together.
    fn bound_strangers(&mut self, cx: &mut Context, source: Source) {
        loop {
            let Strangers { classic, extended } = &self.strangers;
            let Some(key) = classic.too_many(source).or_else(|| extended.too_many(source)) else {
                return;
            };
            match self.by_key.get_mut(&key) {
                Some(Session::Classic(session)) => session.give_way(),
                Some(Session::Extended(session)) => session.give_way(),
                None => {}
            }
            cx.dropped.too_many += 1;
            self.end_if_over(cx, key);
        }
    }

    /// Keeps the counts of what a session holds, and whether it is a stranger's.
    fn note(&mut self, key: SessionKey) {
        let (strangers, source) = match self.by_key.get(&key) {
            Some(Session::Classic(session)) => (&mut self.strangers.classic, session.stranger()),
            Some(Session::Extended(session)) => {
                self.held.set(key, session.received_bytes());
                (&mut self.strangers.extended, session.stranger())
            }
            None => return,
        };
        match source {
            Some(source) => strangers.insert(key, source),
            None => strangers.remove(key),
        }
    }

    /// An id that no session has.
    fn new_id(&self, cx: &mut Context) -> SessionId {
        loop {
            let id = SessionId(cx.rng.next_u64());
            if !self.extended_by_id.contains_key(&id) {
                return id;
            }
        }
    }

    fn handle_packet(
        &mut self,
        cx: &mut Context,
        key: SessionKey,
        from: SocketAddr,
        number: u64,
        sealed: &[u8],
    ) {
        let from = self.peer(from);
        let Some(Session::Extended(session)) = self.by_key.get_mut(&key) else { return };
        let before = session.path();
        session.handle_packet(cx, from, number, sealed);
        let now = session.path();
        if now != before {
            if self.extended_by_path.get(&before) == Some(&key) {
                self.extended_by_path.remove(&before);
            }
            self.extended_by_path.insert(now, key);
        }
        self.look_at(cx, key);
        self.bound_held(cx);
    }

    /// Memory for what is not whole or not read yet is bounded for all together.
    fn bound_held(&mut self, cx: &mut Context) {
        while let Some(key) = self.held.too_much(RECEIVED_BYTES_MAX) {
            if let Some(Session::Extended(session)) = self.by_key.get_mut(&key) {
                session.give_way();
            }
            self.end_if_over(cx, key);
        }
    }

    /// Something of a session has changed: it is looked at before the driver waits, or ended.
    fn look_at(&mut self, cx: &mut Context, key: SessionKey) {
        self.dirty.insert(key);
        self.note(key);
        self.end_if_over(cx, key);
    }

    /// Forgets a session that says that it is over.
    fn end_if_over(&mut self, cx: &mut Context, key: SessionKey) {
        match self.by_key.get_mut(&key) {
            Some(Session::Classic(session)) => {
                let Some(why) = session.has_ended() else { return };
                session.close(cx, why);
                self.counts.classic -= 1;
                self.strangers.classic.remove(key);
                self.classic_by_address.remove(&session.address());
            }
            Some(Session::Extended(session)) => {
                let Some(why) = session.has_ended() else { return };
                session.close(cx, why);
                self.counts.extended -= 1;
                self.strangers.extended.remove(key);
                self.extended_by_id.remove(&session.id());
                self.extended_by_open.remove(&session.opened_by());
                if self.extended_by_path.get(&session.path()) == Some(&key) {
                    self.extended_by_path.remove(&session.path());
                }
            }
            None => return,
        }
        self.by_key.remove(&key);
        self.held.set(key, 0);
        self.dirty.remove(&key);
        cx.timers.set(TimerKey::Session(key), None);
    }

    /// Who is at that source, as far as it is known.
    fn peer(&self, source: SocketAddr) -> Peer {
        Peer { source, behind: self.introductions.behind(source) }
    }

    fn next_key(&mut self) -> SessionKey {
        self.last_key += 1;
        SessionKey(self.last_key)
    }
}
