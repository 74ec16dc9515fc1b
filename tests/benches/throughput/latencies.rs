//! Measured times.

use std::fmt;
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Latencies {
    all: Vec<Duration>,
}

impl Latencies {
    pub(crate) fn push(&mut self, latency: Duration) {
        self.all.push(latency);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.all.extend(other.all);
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.all.clone();
        sorted.sort_unstable();
        sorted
            .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |percent| self.percentile(percent).as_secs_f64() * 1_000.0;
        write!(f, "p50 {:.2} ms, p99 {:.2} ms ({})", millis(50), millis(99), self.len())
    }
}
