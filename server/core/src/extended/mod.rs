//! The extended protocol at the server (PROTOCOL.md, part 2): a client is its session, wherever its
//! datagrams come from.

mod cookies;
mod requests;
mod session;
mod sign_in;

use std::net::SocketAddr;
use std::sync::Arc;

use netchat_shared::extended::{
    ClientMessage, Datagram, DatagramError, Delivered, PROTOCOL_VERSION, Receipt, ServerMessage,
    SessionId,
};
use netchat_shared::limits::{NAMES_PER_MESSAGE_MAX, OFFER_BYTES_MIN};
use netchat_shared::name::UserName;
use netchat_shared::time::Now;
use rand_core::Rng as _;

pub(crate) use self::cookies::Cookies;
pub(crate) use self::requests::HistoryRequest;
pub(crate) use self::session::ExtendedSession;
use self::session::{Candidate, Stage};
use crate::Server;
use crate::action::{Record, Refusal, SignOutReason};
use crate::feed::{Feed, Handed};
use crate::limits::{CHALLENGE_INTERVAL, EXTENDED_SESSIONS_MAX, EXTENDED_UNSIGNED_MAX};
use crate::server::TimerKey;
use crate::session::SessionKey;
use crate::storage::{DeliveryFailure, MessageRecord, UserId};

/// Whether a datagram is of the extended protocol, or was before it was damaged.
pub(crate) fn is_extended(datagram: &[u8]) -> bool {
    datagram.starts_with(b"X#")
}

impl Server {
    pub(crate) fn handle_extended(&mut self, now: Now, from: SocketAddr, bytes: &[u8]) {
        match Datagram::parse(bytes) {
            Ok(Datagram::Offer { version, nonce }) => {
                // A short one could be answered with more than it brought.
                if version >= PROTOCOL_VERSION && bytes.len() >= OFFER_BYTES_MIN {
                    let cookie = self.cookies.bake(now.monotonic, from, nonce);
                    let version = PROTOCOL_VERSION;
                    self.transmit(from, Datagram::Cookie { version, nonce, cookie }.to_wire());
                }
            }
            Ok(Datagram::Open { nonce, cookie, .. }) => self.open(now, from, nonce, cookie),
            Ok(Datagram::Packet { session, number, frames }) => {
                match self.session_by_id.get(&session) {
                    Some(&key) => self.handle_packet(now, key, from, number, frames),
                    None => {
                        self.dropped.unknown_session += 1;
                        self.transmit(from, Datagram::Gone { session }.to_wire());
                    }
                }
            }
            Ok(Datagram::Cookie { .. } | Datagram::Opened { .. } | Datagram::Gone { .. })
            | Err(DatagramError::NotExtended | DatagramError::Malformed) => {
                self.dropped.malformed += 1;
            }
            Err(DatagramError::Damaged) => self.dropped.damaged += 1,
        }
    }

    /// Nobody is behind that address any more. The session may come back from another.
    pub(crate) fn hang_up_extended(&mut self, now: Now, from: SocketAddr) {
        let Some(&key) = self.session_by_path.get(&from) else { return };
        let is_signed_in = self.extended.get(&key).is_some_and(|s| s.signed_in().is_some());
        if is_signed_in {
            self.set_away(now, key);
        } else {
            self.end_extended(now, key, SignOutReason::HungUp);
        }
    }

    pub(crate) fn handle_extended_timeout(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        session.link.handle_timeout(now.monotonic);
        if now.monotonic >= session.forgotten_at() {
            return self.end_extended(now, key, SignOutReason::Idle);
        }
        let is_silent = now.monotonic >= session.away_at() && session.signed_in().is_some();
        if is_silent && !session.is_away {
            self.set_away(now, key);
        }
        self.dirty.insert(key);
    }

    /// Sends what the session's link lets out, and sets the timer.
    pub(crate) fn flush_extended(&mut self, now: Now, key: SessionKey) {
        self.send_receipts(key);
        self.refresh_online(key);
        if let Some(user) = self.user_of(key) {
            self.read_on(key, user);
        }
        while let Some(session) = self.extended.get_mut(&key) {
            let path = session.path;
            let Some(packet) = session.link.next_packet(now.monotonic) else { break };
            self.transmit(path, packet);
        }
        let Some(session) = self.extended.get_mut(&key) else { return };
        session.note_busy(now.monotonic);
        let timeout = session.timeout();
        self.timers.set(TimerKey::Session(key), Some(timeout));
    }

    /// Says something to an extended session. One that takes nothing any more is ended: its client
    /// resumes, and misses nothing.
    pub(crate) fn send_to(&mut self, key: SessionKey, message: &ServerMessage) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        if session.link.send(&message.to_wire()).is_err() {
            return self.end_extended(self.now(), key, SignOutReason::Slow);
        }
        self.dirty.insert(key);
    }

    /// Puts a message into the link of a session. False if there is no room.
    pub(crate) fn put_extended(
        &mut self,
        key: SessionKey,
        user: UserId,
        message: &Arc<MessageRecord>,
    ) -> bool {
        // A conversation that could not be stored has no messages.
        let Some(delivered) = self.delivered(message, &[], user) else { return true };
        let Some(session) = self.extended.get_mut(&key) else { return true };
        if !session.has_room() {
            return false;
        }
        if session.link.send(&ServerMessage::Message(delivered).to_wire()).is_err() {
            return false;
        }
        if let Some(signed_in) = session.signed_in_mut()
            && message.recipients.contains(&user)
        {
            let MessageRecord { sequence, sender, .. } = **message;
            signed_in.handed.push_back(Handed { sequence, sender });
        }
        true
    }

    /// A message as this user sees it.
    fn delivered(
        &self,
        message: &MessageRecord,
        failures: &[(UserId, DeliveryFailure)],
        viewer: UserId,
    ) -> Option<Delivered> {
        let is_own = message.sender == viewer;
        let recipients = message.recipients.iter().filter(|_| is_own);
        let receipts = recipients.filter_map(|&recipient| {
            let record = self.users.get(recipient)?;
            let failure = failures.iter().find(|(user, _)| *user == recipient);
            let receipt = match failure {
                Some((_, DeliveryFailure::Lost)) => Receipt::Lost,
                Some((_, DeliveryFailure::Corrupted)) => Receipt::Corrupted,
                None if record.received >= message.sequence => Receipt::Received,
                None => Receipt::Waiting,
            };
            Some((record.name.clone(), receipt))
        });
        Some(Delivered {
            sequence: message.sequence,
            conversation: self.seen_by(message.conversation, viewer)?,
            sender: self.users.name(message.sender)?.clone(),
            time: message.time,
            id: message.id,
            receipts: receipts.collect(),
            body: message.body.clone(),
        })
    }

    /// Ends a session. Its client may resume with its token.
    pub(crate) fn end_extended(&mut self, now: Now, key: SessionKey, why: SignOutReason) {
        let Some(session) = self.extended.remove(&key) else { return };
        self.timers.set(TimerKey::Session(key), None);
        self.session_by_id.remove(&session.link.session());
        if self.session_by_path.get(&session.path) == Some(&key) {
            self.session_by_path.remove(&session.path);
        }
        let Stage::SignedIn(signed_in) = session.stage else {
            self.unsigned_extended -= 1;
            return;
        };
        self.depart(now, key, signed_in.user, session.path, why);
        for handed in signed_in.handed {
            self.return_to_sender(signed_in.user, handed.sequence);
        }
    }

    /// Tells a session who came and left; one without room gets the whole list later.
    pub(crate) fn tell_presence_to(
        &mut self,
        key: SessionKey,
        came: &[UserName],
        left: &[UserName],
    ) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        let has_room = session.has_room();
        let Some(signed_in) = session.signed_in_mut() else { return };
        if !has_room {
            signed_in.online_is_stale = true;
            return;
        }
        for names in came.chunks(NAMES_PER_MESSAGE_MAX) {
            self.send_to(key, &ServerMessage::Came(names.to_vec()));
        }
        for name in left {
            self.send_to(key, &ServerMessage::Left(name.clone()));
        }
    }

    fn open(&mut self, now: Now, from: SocketAddr, nonce: u64, cookie: u64) {
        if !self.cookies.is_good(now.monotonic, from, nonce, cookie) {
            self.dropped.wrong_cookie += 1;
            return;
        }
        let session = self.cookies.session(from, nonce, cookie);
        if !self.session_by_id.contains_key(&session) {
            let is_full = self.extended.len() >= EXTENDED_SESSIONS_MAX
                || self.unsigned_extended >= EXTENDED_UNSIGNED_MAX;
            if is_full {
                return self.refuse(from, Refusal::Full);
            }
            self.add_session(now, session, from);
        }
        self.transmit(from, Datagram::Opened { nonce, session }.to_wire());
    }

    fn add_session(&mut self, now: Now, id: SessionId, path: SocketAddr) {
        let key = self.next_session();
        self.extended.insert(key, ExtendedSession::new(now.monotonic, id, path));
        self.session_by_id.insert(id, key);
        self.session_by_path.insert(path, key);
        self.unsigned_extended += 1;
        self.dirty.insert(key);
    }

    fn handle_packet(
        &mut self,
        now: Now,
        key: SessionKey,
        from: SocketAddr,
        number: u64,
        frames: &[u8],
    ) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        let is_newest = session.link.is_newest(number);
        let before = session.link.statistics();
        let handled = session.link.handle_packet(now.monotonic, number, frames);
        let after = session.link.statistics();
        self.dropped.repeated += after.packets_repeated - before.packets_repeated;
        self.dropped.beyond_window += after.packets_beyond_window - before.packets_beyond_window;
        self.dirty.insert(key);
        let Ok(response) = handled else {
            return self.end_extended(now, key, SignOutReason::Broken);
        };
        session.heard_at = now.monotonic;
        if from != session.path {
            self.handle_other_path(now, key, from, is_newest, response);
        }
        self.set_present(now, key);
        while let Some(session) = self.extended.get_mut(&key) {
            let Some(message) = session.link.next_message() else { break };
            match ClientMessage::parse(&message) {
                Ok(message) => self.handle_message(now, key, message),
                Err(_) => return self.end_extended(now, key, SignOutReason::Broken),
            }
        }
        if self.extended.get(&key).is_some_and(|session| session.link.has_ended()) {
            self.end_extended(now, key, SignOutReason::HungUp);
        }
    }

    /// A packet from an address that is not the session's. It moves the session only if it is news,
    /// and only when the address has shown that it receives.
    fn handle_other_path(
        &mut self,
        now: Now,
        key: SessionKey,
        from: SocketAddr,
        is_newest: bool,
        response: Option<u64>,
    ) {
        let token = self.rng.next_u64();
        let Some(session) = self.extended.get_mut(&key) else { return };
        let asked = session.candidate.filter(|candidate| candidate.address == from);
        if let (Some(asked), Some(response)) = (asked, response)
            && asked.token == response
        {
            return self.move_session(now, key, from);
        }
        let asked_lately = session
            .candidate
            .is_some_and(|asked| now.monotonic < asked.asked_at + CHALLENGE_INTERVAL);
        if is_newest && !asked_lately {
            let candidate = Candidate { address: from, token, asked_at: now.monotonic };
            session.candidate = Some(candidate);
            let challenge = session.link.challenge_packet(now.monotonic, token);
            self.transmit(from, challenge);
        }
    }

    fn move_session(&mut self, now: Now, key: SessionKey, to: SocketAddr) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        let from = std::mem::replace(&mut session.path, to);
        session.candidate = None;
        session.link.path_changed(now.monotonic);
        if self.session_by_path.get(&from) == Some(&key) {
            self.session_by_path.remove(&from);
        }
        self.session_by_path.insert(to, key);
        if let Some(user) = self.user_of(key).and_then(|user| self.users.name(user)).cloned() {
            self.log(Record::Moved { user, from, to });
        }
    }

    /// The session is not heard any more: what comes for it waits in the database.
    fn set_away(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        session.is_away = true;
        let address = session.path;
        let Some(signed_in) = session.signed_in_mut() else { return };
        if let Feed::Live(after) = signed_in.feed {
            signed_in.feed = Feed::Behind(after);
        }
        let (user, handed) = (signed_in.user, signed_in.handed.clone());
        if let Some(user) = self.users.name(user).cloned() {
            self.log(Record::Away { user, address });
        }
        self.go_offline(now, key, user);
        for handed in handed {
            self.return_to_sender(user, handed.sequence);
        }
        self.dirty.insert(key);
    }

    /// It is heard (again).
    fn set_present(&mut self, now: Now, key: SessionKey) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        if !std::mem::replace(&mut session.is_away, false) {
            return;
        }
        if let Some(signed_in) = session.signed_in_mut() {
            signed_in.online_is_stale = true;
            let user = signed_in.user;
            self.come_online(now, key, user);
        }
    }

    fn send_receipts(&mut self, key: SessionKey) {
        let session = self.extended.get_mut(&key);
        let Some(signed_in) = session.and_then(|session| session.signed_in_mut()) else { return };
        for (user, sequence) in std::mem::take(&mut signed_in.receipts) {
            if let Some(name) = self.users.name(user).cloned() {
                self.send_to(key, &ServerMessage::Received(name, sequence));
            }
        }
    }

    /// Sends the whole list of who is online to a session that missed a change of it.
    fn refresh_online(&mut self, key: SessionKey) {
        let Some(session) = self.extended.get_mut(&key) else { return };
        let has_room = session.has_room();
        let Some(signed_in) = session.signed_in_mut() else { return };
        if !signed_in.online_is_stale || !has_room {
            return;
        }
        signed_in.online_is_stale = false;
        let names = self.users.names(&self.presence.users());
        let (first, rest) = names.split_at(names.len().min(NAMES_PER_MESSAGE_MAX));
        self.send_to(key, &ServerMessage::Online(first.to_vec()));
        for names in rest.chunks(NAMES_PER_MESSAGE_MAX) {
            self.send_to(key, &ServerMessage::Came(names.to_vec()));
        }
    }

    fn handle_message(&mut self, now: Now, key: SessionKey, message: ClientMessage) {
        match self.user_of(key) {
            Some(user) => self.handle_request(now, key, user, message),
            None => self.handle_sign_in(now, key, message),
        }
    }

    fn user_of(&self, key: SessionKey) -> Option<UserId> {
        self.extended.get(&key).and_then(|s| s.signed_in()).map(|signed_in| signed_in.user)
    }
}
