//! What strangers say before they have a session, and the keys that answer them. An address proves
//! that it receives before anything is computed or kept for it.

use std::net::SocketAddr;

use netchat_shared::FreshKeys;
use netchat_shared::extended::{
    Channel, Datagram, Forged, HELLO_BYTES, PROTOCOL_VERSION, SessionId, accept,
};
use netchat_shared::limits::OFFER_BYTES_MIN;
use netchat_shared::server_key::StaticKey;
use netchat_shared::time::Instant;
use rand_core::Rng;

use super::cookies::Cookies;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Entrance {
    cookies: Cookies,
    key: StaticKey,
    /// For one link each.
    keys: FreshKeys,
}

impl Entrance {
    pub(crate) fn new(key: StaticKey, keys: FreshKeys, rng: &mut impl Rng) -> Self {
        Self { cookies: Cookies::new(rng), key, keys }
    }

    /// The answer to an offer of so many bytes. Nothing is kept of it. A short one, which could be
    /// answered with more than it brought, has none.
    pub(crate) fn answer_offer(
        &self,
        now: Instant,
        from: SocketAddr,
        (version, nonce): (u32, u64),
        bytes: usize,
    ) -> Option<Vec<u8>> {
        if version < PROTOCOL_VERSION || bytes < OFFER_BYTES_MIN {
            return None;
        }
        let (version, server) = (PROTOCOL_VERSION, self.key.public());
        let cookie = self.cookies.bake(now, from, nonce);
        Some(Datagram::Cookie { version, nonce, cookie, server }.to_wire())
    }

    /// Whether that address has proved itself with a cookie.
    pub(crate) fn is_proved(
        &self,
        now: Instant,
        from: SocketAddr,
        nonce: u64,
        cookie: u64,
    ) -> bool {
        self.cookies.is_good(now, from, nonce, cookie)
    }

    /// Agrees on keys with a client whose address is proved; and the answer to it.
    pub(crate) fn accept(
        &mut self,
        agreed: (u64, u64),
        hello: &[u8; HELLO_BYTES],
        session: SessionId,
    ) -> Result<(Channel, Vec<u8>), Forged> {
        accept(&self.key, agreed, hello, session, &mut self.keys)
    }

    /// The answer to a packet of so many bytes, of a session that is not known (any more). It is
    /// never longer.
    pub(crate) fn answer_unknown(&self, session: SessionId, bytes: usize) -> Option<Vec<u8>> {
        let reset = self.key.reset_word(session);
        let gone = Datagram::Gone { session, reset }.to_wire();
        (gone.len() <= bytes).then_some(gone)
    }
}
