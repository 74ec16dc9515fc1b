//! How long to wait before the next link, when the server ends one after another.

use std::time::Duration;

use rand_core::Rng;

use super::super::backoff::Backoff;
use crate::limits::LINK_STABLE_AFTER;
use netchat_shared::time::Instant;

/// A server that is restarted ends every link, and is to be back at once. One that ends link after
/// link, before anything came of them, would be asked for ever, as fast as the network allows.
#[derive(Debug, Default)]
pub(super) struct Ends {
    opened_at: Option<Instant>,
    /// The link before was ended before anything came of it, or this is the first to end.
    has_ended: bool,
    backoff: Backoff,
}

impl Ends {
    pub(super) fn link_opened(&mut self, now: Instant) {
        self.opened_at = Some(now);
    }

    /// The server has ended the link: how long to wait before the next, if at all.
    pub(super) fn link_ended(
        &mut self,
        now: Instant,
        has_progressed: bool,
        rng: &mut impl Rng,
    ) -> Option<Duration> {
        let is_stable = self.opened_at.is_some_and(|at| now >= at + LINK_STABLE_AFTER);
        if is_stable || has_progressed {
            self.has_ended = false;
            self.backoff.reset();
        }
        let waits = std::mem::replace(&mut self.has_ended, true);
        waits.then(|| self.backoff.next(rng))
    }
}
