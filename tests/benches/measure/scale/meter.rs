//! What the core took.

use std::fmt;
use std::ops::Sub;
use std::time::Duration;

/// The core's time, and what it sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meter {
    pub(crate) time: Duration,
    /// The longest time from an input to the core's saying that it waits.
    pub(crate) longest_turn: Duration,
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
}

impl Meter {
    pub(crate) fn note_turn(&mut self, time: Duration) {
        self.time += time;
        self.longest_turn = self.longest_turn.max(time);
    }

    pub(crate) fn note_datagram(&mut self, bytes: usize) {
        self.datagrams += 1;
        self.bytes += bytes as u64;
    }

    /// The same for one of so many events; the longest turn stays.
    pub(crate) fn per(mut self, events: u32) -> Self {
        self.time /= events;
        self.datagrams /= u64::from(events);
        self.bytes /= u64::from(events);
        self
    }
}

impl Sub for Meter {
    type Output = Self;

    /// What was added since `earlier`, if the longest turn was forgotten then.
    fn sub(self, earlier: Self) -> Self {
        Self {
            time: self.time - earlier.time,
            longest_turn: self.longest_turn,
            datagrams: self.datagrams - earlier.datagrams,
            bytes: self.bytes - earlier.bytes,
        }
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.time.as_secs_f64() * 1e3;
        let longest = self.longest_turn.as_secs_f64() * 1e3;
        let (datagrams, bytes) = (self.datagrams, self.bytes);
        write!(f, "{millis:>10.3} ms {longest:>9.3} ms {datagrams:>10} {bytes:>12}")
    }
}
