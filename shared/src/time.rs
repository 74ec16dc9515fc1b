//! Time as a value. Nothing in this crate or in the server's core reads a clock: whoever drives a
//! state machine passes the time in, so that a simulator can drive it too.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point on a monotonic clock, in microseconds since an origin that the driver chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant {
    micros: u64,
}

impl Instant {
    /// The clock's origin.
    pub const ZERO: Self = Self { micros: 0 };

    /// The point `since_origin` after the clock's origin.
    #[must_use]
    pub fn from_origin(since_origin: Duration) -> Self {
        Self { micros: saturating_micros(since_origin) }
    }

    /// The time since the clock's origin.
    #[must_use]
    pub fn since_origin(self) -> Duration {
        Duration::from_micros(self.micros)
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.micros.saturating_sub(earlier.micros))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self { micros: self.micros.saturating_add(saturating_micros(duration)) }
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self { micros: self.micros.saturating_sub(saturating_micros(duration)) }
    }
}

/// A point on the calendar, in milliseconds since the beginning of 1970 (UTC).
///
/// Kept apart from [`Instant`] by type: this one may jump, is stored and shown, and never decides
/// when something times out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub millis: u64,
}

impl Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self { millis: self.millis.saturating_add(saturating_millis(duration)) }
    }
}

impl Sub<Duration> for UnixTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self { millis: self.millis.saturating_sub(saturating_millis(duration)) }
    }
}

/// The present, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For everything that waits.
    pub monotonic: Instant,
    /// For everything that is stored and shown.
    pub calendar: UnixTime,
}

fn saturating_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn saturating_micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
