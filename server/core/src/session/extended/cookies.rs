//! Cookies: an address proves that it receives what is sent to it, before anything is kept for it.

use std::hash::{Hash as _, Hasher as _};
use std::net::SocketAddr;

use netchat_shared::extended::PROTOCOL_VERSION;
use netchat_shared::time::Instant;
use rand_core::Rng;
use siphasher::sip::SipHasher24;

use crate::limits::COOKIE_PERIOD;

/// A cookie is good in the period in which it was made and in so many after it.
const PERIODS: u64 = 3;

/// Makes and checks cookies: keyed hashes of version, address, nonce and time. They are computed, not
/// kept: strangers cost no memory.
#[derive(Debug)]
pub(crate) struct Cookies {
    key: [u64; 2],
}

impl Cookies {
    pub(crate) fn new(rng: &mut impl Rng) -> Self {
        Self { key: [rng.next_u64(), rng.next_u64()] }
    }

    /// The cookie of an address for its nonce, now.
    pub(crate) fn bake(&self, now: Instant, address: SocketAddr, nonce: u64) -> u64 {
        self.cookie(period(now), address, nonce)
    }

    /// Whether that is a cookie of this address and nonce that is still good.
    pub(crate) fn is_good(
        &self,
        now: Instant,
        address: SocketAddr,
        nonce: u64,
        cookie: u64,
    ) -> bool {
        let now = period(now);
        (now.saturating_sub(PERIODS)..=now).any(|then| self.cookie(then, address, nonce) == cookie)
    }

    fn cookie(&self, period: u64, address: SocketAddr, nonce: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.key[0], self.key[1]);
        (PROTOCOL_VERSION, address, nonce, period).hash(&mut hasher);
        hasher.finish()
    }
}

fn period(now: Instant) -> u64 {
    now.since_origin().as_secs() / COOKIE_PERIOD.as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_cookie_is_good_for_its_address_nonce_and_time_only() {
        let cookies = Cookies { key: [1, 2] };
        let at = |seconds| Instant::from_origin(Duration::from_secs(seconds));
        let (here, elsewhere) = (SocketAddr::from(([1; 4], 1)), SocketAddr::from(([1; 4], 2)));
        let cookie = cookies.bake(at(100), here, 7);
        assert!(cookies.is_good(at(100), here, 7, cookie));
        assert!(cookies.is_good(at(112), here, 7, cookie));
        assert!(!cookies.is_good(at(120), here, 7, cookie), "too old");
        assert!(!cookies.is_good(at(100), elsewhere, 7, cookie), "stolen");
        assert!(!cookies.is_good(at(100), here, 8, cookie));
        assert!(!Cookies { key: [1, 3] }.is_good(at(100), here, 7, cookie), "of another server");
    }
}
