//! How long a round trip takes (RFC 6298, RFC 9002 section 5), and the waits that follow from it.

use std::time::Duration;

/// Before the first measurement.
const INITIAL: Duration = Duration::from_millis(333);
/// How long a peer may wait before it acknowledges.
pub(super) const ACK_DELAY_MAX: Duration = Duration::from_millis(25);
/// No resend by time comes sooner.
const TIMEOUT_MIN: Duration = Duration::from_millis(50);
/// However long nothing is heard, the next attempt comes after this at the latest: a path that
/// returns is used again within seconds.
const TIMEOUT_MAX: Duration = Duration::from_secs(4);

/// Each further attempt waits so many times as long. Not twice: where every second round trip fails,
/// doubling makes waits without bound.
const BACK_OFF: f64 = 1.5;

/// The measured round trip.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoundTrip {
    smoothed: Option<Duration>,
    variation: Duration,
    latest: Duration,
}

impl RoundTrip {
    /// Takes a measurement. The time that the peer waited is not part of the way; it is long where
    /// an earlier acknowledgement of the same packet was lost.
    pub(super) fn measure(&mut self, measured: Duration, peer_delay: Duration) {
        let sample = measured.saturating_sub(peer_delay);
        self.latest = sample;
        let Some(smoothed) = self.smoothed else {
            self.smoothed = Some(sample);
            self.variation = sample / 2;
            return;
        };
        self.variation = (self.variation * 3 + smoothed.abs_diff(sample)) / 4;
        self.smoothed = Some((smoothed * 7 + sample) / 8);
    }

    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// After this, a packet counts as lost if a later one was acknowledged. By time alone: with
    /// strong jitter, counting later packets would resend much that is only late.
    pub(super) fn loss_delay(&self) -> Duration {
        let smoothed = self.smoothed.unwrap_or(INITIAL);
        let usual = smoothed.max(self.latest) * 9 / 8;
        usual.max(smoothed + self.variation * 3).max(Duration::from_millis(1))
    }

    /// After this without any acknowledgement, what is under way is sent again.
    pub(super) fn timeout(&self, attempts: u32) -> Duration {
        let smoothed = self.smoothed.unwrap_or(INITIAL);
        let variation = (self.variation * 4).max(Duration::from_millis(1));
        let once = (smoothed + variation + ACK_DELAY_MAX).max(TIMEOUT_MIN);
        once.mul_f64(BACK_OFF.powi(attempts.min(32) as i32)).min(TIMEOUT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_follow_the_measurements() {
        let ms = Duration::from_millis;
        let mut round_trip = RoundTrip::default();
        assert_eq!(round_trip.timeout(0), ms(333 + 1 + 25));
        for _ in 0..100 {
            round_trip.measure(ms(45), ms(5));
        }
        let smoothed = round_trip.smoothed().unwrap();
        assert!(smoothed.abs_diff(ms(40)) < ms(1), "{smoothed:?}");
        assert!(round_trip.loss_delay().abs_diff(ms(45)) < ms(1));
        assert!(round_trip.timeout(0).abs_diff(ms(66)) < ms(1));
        assert!(round_trip.timeout(2).abs_diff(ms(148)) < ms(4));
        assert_eq!(round_trip.timeout(30), TIMEOUT_MAX);
    }
}
