//! Agreeing on the extension: offers, until the server answers with a cookie; then the cookie back,
//! until it opens a session.

use std::time::Duration;

use rand_core::Rng as _;

use super::super::Common;
use netchat_shared::extended::{Datagram, PROTOCOL_VERSION};
use netchat_shared::time::Instant;

/// How often an offer, or a cookie, is repeated at first.
const REPEAT_FAST: Duration = Duration::from_millis(250);
/// And later.
const REPEAT_SLOWLY: Duration = Duration::from_secs(1);
/// Unanswered offers after which the server may be a classic one. On a network that loses 30 % each
/// way, so many in a row fail once in three thousand times.
const OFFERS_FAST: u32 = 12;
/// Repeated cookies after which a new one is asked for: it may have been damaged, or grown too old.
const OPENS_MAX: u32 = 12;

#[derive(Debug)]
pub(super) struct Handshake {
    nonce: u64,
    cookie: Option<u64>,
    attempts: u32,
    repeat_at: Instant,
}

impl Handshake {
    pub(super) fn new(now: Instant, common: &mut Common) -> Self {
        let nonce = common.rng.next_u64();
        let mut handshake = Self { nonce, cookie: None, attempts: 0, repeat_at: now };
        handshake.send(now, common);
        handshake
    }

    pub(super) fn is_mine(&self, nonce: u64) -> bool {
        nonce == self.nonce
    }

    pub(super) fn is_answered(&self) -> bool {
        self.cookie.is_some()
    }

    pub(super) fn may_be_classic(&self) -> bool {
        self.cookie.is_none() && self.attempts >= OFFERS_FAST
    }

    pub(super) fn handle_cookie(
        &mut self,
        now: Instant,
        nonce: u64,
        cookie: u64,
        common: &mut Common,
    ) {
        if self.is_mine(nonce) && self.cookie.is_none() {
            self.cookie = Some(cookie);
            self.attempts = 0;
            self.send(now, common);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, common: &mut Common) {
        if now < self.repeat_at {
            return;
        }
        if self.cookie.is_some() && self.attempts >= OPENS_MAX {
            self.cookie = None;
            self.attempts = 0;
        }
        self.send(now, common);
    }

    pub(super) fn timeout(&self) -> Instant {
        self.repeat_at
    }

    fn send(&mut self, now: Instant, common: &mut Common) {
        let (version, nonce) = (PROTOCOL_VERSION, self.nonce);
        let datagram = match self.cookie {
            None => Datagram::Offer { version, nonce },
            Some(cookie) => Datagram::Open { version, nonce, cookie },
        };
        common.transmit_bytes(datagram.to_wire());
        self.attempts += 1;
        let wait = if self.attempts < OFFERS_FAST { REPEAT_FAST } else { REPEAT_SLOWLY };
        self.repeat_at = now + wait;
    }
}
