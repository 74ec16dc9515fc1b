//! How often something may be done: so much at once, then steadily.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netchat_shared::time::Instant;

/// A bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So much may be done at once.
    pub(crate) burst: u32,
    /// After each such interval, one more.
    pub(crate) interval: Duration,
}

impl Rate {
    /// So much at once, and so much more each second; `None` if either is nothing.
    #[must_use]
    pub const fn new(burst: u32, per_second: u32) -> Option<Self> {
        if burst == 0 || per_second == 0 {
            return None;
        }
        Some(Self { burst, interval: Duration::from_nanos(1_000_000_000 / per_second as u64) })
    }
}

/// What is left of a [`Rate`] (the generic cell rate algorithm: one time says it all).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    pub(crate) const FULL: Self = Self { full_at: Instant::ZERO };

    /// Takes so much.
    ///
    /// # Errors
    /// How long it takes until there is so much; then nothing is taken. More than the burst is taken
    /// as soon as the bucket is full.
    pub(crate) fn take(&mut self, now: Instant, cost: u32, rate: Rate) -> Result<(), Duration> {
        let from = self.full_at.max(now);
        let room = rate.interval * rate.burst.saturating_sub(cost);
        let missing = from.saturating_since(now + room);
        if missing > Duration::ZERO {
            return Err(missing);
        }
        self.full_at = from + rate.interval * cost;
        Ok(())
    }

    /// How long it takes until one may be taken.
    pub(super) fn wait(self, now: Instant, rate: Rate) -> Duration {
        self.full_at.saturating_since(now + rate.interval * rate.burst.saturating_sub(1))
    }

    /// How long it takes until it is full.
    pub(super) fn rest(self, now: Instant) -> Duration {
        self.full_at.saturating_since(now)
    }

    /// Takes so much, whether or not it is there.
    pub(super) fn spend(&mut self, now: Instant, cost: u32, rate: Rate) {
        self.full_at = self.full_at.max(now) + rate.interval * cost;
    }

    pub(super) fn is_full(self, now: Instant) -> bool {
        self.full_at <= now
    }
}

/// A bucket for each key. It remembers so many keys; whose bucket is full next makes room.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    capacity: usize,
    rate: Rate,
    by_key: BTreeMap<K, Bucket>,
    by_end: BTreeSet<(Instant, K)>,
}

impl<K: Copy + Ord> Buckets<K> {
    pub(crate) fn new(capacity: usize, rate: Rate) -> Self {
        Self { capacity, rate, by_key: BTreeMap::new(), by_end: BTreeSet::new() }
    }

    /// As [`Bucket::take`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn take(&mut self, now: Instant, key: K, cost: u32) -> Result<(), Duration> {
        while let Some(&(at, first)) = self.by_end.first()
            && at <= now
        {
            self.forget(first);
        }
        let mut bucket = self.by_key.get(&key).copied().unwrap_or(Bucket::FULL);
        bucket.take(now, cost, self.rate)?;
        self.forget(key);
        if self.by_key.len() >= self.capacity
            && let Some(&(_, first)) = self.by_end.first()
        {
            self.forget(first);
        }
        if !bucket.is_full(now) {
            self.by_key.insert(key, bucket);
            self.by_end.insert((bucket.full_at, key));
        }
        Ok(())
    }

    fn forget(&mut self, key: K) {
        if let Some(bucket) = self.by_key.remove(&key) {
            self.by_end.remove(&(bucket.full_at, key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const RATE: Rate = Rate { burst: 3, interval: SECOND };

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + SECOND * u32::try_from(seconds).unwrap()
    }

    #[test]
    fn a_burst_then_steadily_and_the_wait_is_told() {
        let mut bucket = Bucket::FULL;
        let now = at(100);
        for _ in 0..3 {
            assert_eq!(bucket.take(now, 1, RATE), Ok(()));
        }
        assert_eq!(bucket.take(now, 1, RATE), Err(SECOND));
        assert_eq!(bucket.take(at(101), 1, RATE), Ok(()));
        assert_eq!(bucket.take(at(101), 1, RATE), Err(SECOND));
        assert_eq!(bucket.take(at(104), 3, RATE), Ok(()), "it is full, and not more");
        assert_eq!(bucket.take(at(104), 2, RATE), Err(2 * SECOND));
    }

    #[test]
    fn what_costs_more_than_there_ever_is_takes_all_of_it() {
        let mut bucket = Bucket::FULL;
        assert_eq!(bucket.take(at(100), 5, RATE), Ok(()));
        assert_eq!(bucket.take(at(100), 1, RATE), Err(3 * SECOND));
    }

    #[test]
    fn each_key_has_its_own_and_full_ones_are_forgotten() {
        let mut buckets = Buckets::new(2, RATE);
        for _ in 0..3 {
            assert!(buckets.take(at(1), 'a', 1).is_ok());
        }
        assert!(buckets.take(at(1), 'a', 1).is_err());
        assert!(buckets.take(at(1), 'b', 1).is_ok());
        assert!(buckets.take(at(1), 'c', 2).is_ok());
        assert_eq!(buckets.by_key.keys().copied().collect::<String>(), "ac", "b is full next");
        assert!(buckets.take(at(60), 'd', 1).is_ok());
        assert_eq!(buckets.by_key.len(), 1);
        assert_eq!(buckets.by_end.len(), 1);
    }
}
