//! Opening a link: offers, until the server answers with a cookie; then the client's half of a key,
//! until the server answers with its own.
//!
//! Only that last answer proves anything. Whoever sees an offer can answer it too, so each answer
//! that could be the server's is gone after, and the first that completes is the one.

use std::time::Duration;

use rand_core::Rng as _;

use super::super::Common;
use super::trust::Trust;
use netchat_shared::extended::{ANSWER_BYTES, Attempt, Datagram, Opened, PROTOCOL_VERSION};
use netchat_shared::server_key::ServerKey;
use netchat_shared::time::Instant;

/// How often what was not answered is repeated at first.
const REPEAT_FAST: Duration = Duration::from_millis(250);
/// And later.
const REPEAT_SLOWLY: Duration = Duration::from_secs(1);
/// Unanswered offers after which the server may be a classic one. On a network that loses 30 % each
/// way, so many in a row fail once in three thousand times.
const OFFERS_FAST: u32 = 12;
/// Repetitions after which a new cookie is asked for: it may have grown too old, or was none.
const OPENS_MAX: u32 = 12;
/// Answered offers after which a server with another key is told of: by then, the true one would
/// have answered beside whoever pretends to be it.
const OTHER_KEY_OFFERS: u32 = 4;
/// Most answers that are gone after at once; the earliest makes room.
const ATTEMPTS_MAX: usize = 4;
/// Most of them for one cookie asked for. Each costs the client some arithmetic.
const ATTEMPTS_BEGUN_MAX: u32 = 16;
/// Asks a server of 2022 something that it answers to anybody, and that changes nothing there.
const CLASSIC_QUESTION: &str = "CHECKINDB#netchat";

#[derive(Debug)]
pub(super) struct Handshake {
    nonce: u64,
    attempts: Vec<Attempt>,
    attempts_begun: u32,
    /// A server has answered that can't be the one that is meant.
    other: Option<ServerKey>,
    repetitions: u32,
    repeat_at: Instant,
}

impl Handshake {
    pub(super) fn new(now: Instant, trust: Trust, common: &mut Common) -> Self {
        let mut handshake = Self {
            nonce: common.rng.next_u64(),
            attempts: Vec::new(),
            attempts_begun: 0,
            other: None,
            repetitions: 0,
            repeat_at: now,
        };
        handshake.repeat(now, trust, common);
        handshake
    }

    /// Something answers an offer, with a cookie and what may be the server's key.
    pub(super) fn handle_cookie(
        &mut self,
        now: Instant,
        (nonce, cookie, server): (u64, u64, ServerKey),
        trust: Trust,
        common: &mut Common,
    ) {
        let is_known = |known: &Attempt| known.cookie() == cookie && known.server() == server;
        if nonce != self.nonce || self.attempts.iter().any(is_known) {
            return;
        }
        if !trust.admits(&server) {
            self.other.get_or_insert(server);
            return;
        }
        if self.attempts_begun >= ATTEMPTS_BEGUN_MAX {
            return;
        }
        let Some(attempt) = Attempt::new(server, nonce, cookie, &mut common.keys) else { return };
        common.transmit_bytes(attempt.to_wire());
        if self.attempts.is_empty() {
            self.repetitions = 0;
            self.repeat_at = now + REPEAT_FAST;
        }
        self.attempts_begun += 1;
        self.attempts.push(attempt);
        if self.attempts.len() > ATTEMPTS_MAX {
            self.attempts.remove(0);
        }
    }

    /// The server's half of a key, if it is that to one of the attempts; and whose it is.
    pub(super) fn finish(
        &mut self,
        nonce: u64,
        answer: &[u8; ANSWER_BYTES],
    ) -> Option<(ServerKey, Opened)> {
        let attempts = self.attempts.iter_mut().filter(|_| nonce == self.nonce);
        let finish = |attempt: &mut Attempt| Some((attempt.server(), attempt.finish(answer).ok()?));
        attempts.into_iter().find_map(finish)
    }

    /// The key that the server has now, if it is another than the one that is meant.
    pub(super) fn other_key(&self) -> Option<ServerKey> {
        let is_sure = self.attempts.is_empty() && self.repetitions >= OTHER_KEY_OFFERS;
        self.other.filter(|_| is_sure)
    }

    /// Whether so many offers were not answered that the server may be a classic one. One that has
    /// proved a key is none.
    pub(super) fn may_be_classic(&self, trust: Trust) -> bool {
        let is_unanswered = self.attempts.is_empty() && self.other.is_none();
        is_unanswered && self.repetitions > OFFERS_FAST && trust == Trust::FirstUse
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, trust: Trust, common: &mut Common) {
        if now >= self.repeat_at {
            self.repeat(now, trust, common);
        }
    }

    pub(super) fn timeout(&self) -> Instant {
        self.repeat_at
    }

    fn repeat(&mut self, now: Instant, trust: Trust, common: &mut Common) {
        if !self.attempts.is_empty() && self.repetitions >= OPENS_MAX {
            self.attempts.clear();
            self.attempts_begun = 0;
            self.repetitions = 0;
        }
        self.repetitions += 1;
        if self.attempts.is_empty() {
            let (version, nonce) = (PROTOCOL_VERSION, self.nonce);
            common.transmit_bytes(Datagram::Offer { version, nonce }.to_wire());
        }
        for attempt in &self.attempts {
            common.transmit_bytes(attempt.to_wire());
        }
        if self.may_be_classic(trust) {
            common.transmit(CLASSIC_QUESTION);
        }
        let wait = if self.repetitions < OFFERS_FAST { REPEAT_FAST } else { REPEAT_SLOWLY };
        self.repeat_at = now + wait;
    }
}
