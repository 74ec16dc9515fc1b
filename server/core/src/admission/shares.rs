//! How often something is done for strangers that costs the server: opening a link, a step towards a password,
//! making an account.
//!
//! While little is asked for, nobody is held to anything: a thousand people behind one address may come back
//! at once. When it is much, each source has its own small share, so that whoever asks for very much
//! keeps nobody else out.

use netchat_shared::time::Instant;

use super::limits::{
    NEW_ACCOUNTS, NEW_ACCOUNTS_OF_SOURCE, OPENING_SOURCES_MAX, OPENINGS, OPENINGS_OF_SOURCE,
    PASSWORD_STEPS, PASSWORD_STEPS_OF_SOURCE,
};
use super::rate::{Bucket, Buckets, Rate};
use super::source::Source;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Shares {
    all: Bucket,
    rate: Rate,
    by_source: Buckets<Source>,
}

impl Shares {
    /// So much for all together, and so much for each source beyond it.
    fn new(rate: Rate, of_source: Rate) -> Self {
        let by_source = Buckets::new(OPENING_SOURCES_MAX, of_source);
        Self { all: Bucket::FULL, rate, by_source }
    }

    /// Of links.
    pub(crate) fn of_openings() -> Self {
        Self::new(OPENINGS, OPENINGS_OF_SOURCE)
    }

    /// Of steps towards a password.
    pub(crate) fn of_password_steps() -> Self {
        Self::new(PASSWORD_STEPS, PASSWORD_STEPS_OF_SOURCE)
    }

    /// Of accounts.
    pub(crate) fn of_new_accounts() -> Self {
        Self::new(NEW_ACCOUNTS, NEW_ACCOUNTS_OF_SOURCE)
    }

    /// Whether it is done for this source now; if not, its client tries again by itself.
    pub(crate) fn admit(&mut self, now: Instant, source: Source) -> bool {
        self.all.take(now, 1, self.rate).is_ok() || self.by_source.take(now, source, 1).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn source(n: u32) -> Source {
        Source::proved(std::net::Ipv4Addr::from_bits(n).into())
    }

    #[test]
    fn whoever_opens_very_many_keeps_nobody_else_out() {
        let (mut openings, now) = (Shares::of_openings(), Instant::ZERO + Duration::from_secs(1));
        let at_once = (0..).take_while(|_| openings.admit(now, source(1))).count();
        assert_eq!(at_once, (OPENINGS.burst + OPENINGS_OF_SOURCE.burst) as usize);
        assert!(openings.admit(now, source(2)));
        let mut admitted = 0;
        for step in 1..=10_000_u32 {
            let now = now + step * Duration::from_millis(1);
            // A thousand strangers, ten thousand times a second, and one who comes now and then.
            (0..10).for_each(|n| {
                admitted += usize::from(openings.admit(now, source(100 + step * 10 % 1_000 + n)));
            });
            if step.is_multiple_of(1_000) {
                assert!(openings.admit(now, source(3)), "at {step} ms");
            }
        }
        let most = 10 * 1_000 + 1_000 * (OPENINGS_OF_SOURCE.burst as usize + 10);
        assert!(admitted <= most, "{admitted} in ten seconds");
    }
}
