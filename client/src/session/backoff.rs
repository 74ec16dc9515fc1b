//! How long to wait between attempts to reach the server.

use std::time::Duration;

use rand_core::Rng;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// Doubles from half a second to fifteen, with up to half as much again at random, so that the
/// clients of a server that restarts don't come back in step.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }

    pub(super) fn next(&mut self, rng: &mut impl Rng) -> Duration {
        let base = FIRST.saturating_mul(1 << self.attempts.min(10)).min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        base + base.mul_f64(f64::from(rng.next_u32()) / f64::from(u32::MAX) / 2.0)
    }
}
