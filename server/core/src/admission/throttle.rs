//! Attempts that are slowed down: the first few are free, then each wrong one doubles the time to the
//! next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netchat_shared::time::Instant;

/// How attempts are slowed down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// So many attempts need not wait.
    pub(crate) free: u32,
    /// The first wait. Each further one is twice as long.
    pub(crate) first_wait: Duration,
    /// The longest wait.
    pub(crate) longest_wait: Duration,
    /// Whoever does not try for so long has one attempt less to answer for.
    pub(crate) forgives_one_after: Duration,
}

/// Attempts by key. An attempt counts when it begins, so that many at once are not many free ones;
/// one that was right is given back.
///
/// It remembers at most so many keys; whoever would be forgiven soonest makes room.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    capacity: usize,
    by_key: BTreeMap<K, Attempts>,
    /// When each is forgiven everything.
    by_end: BTreeSet<(Instant, K)>,
}

#[derive(Debug, Clone, Copy)]
struct Attempts {
    count: u32,
    /// When one was last counted or forgiven.
    since: Instant,
    blocked_until: Instant,
    /// Everything is forgiven then.
    ends_at: Instant,
}

impl<K: Clone + Ord> Throttle<K> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, by_key: BTreeMap::new(), by_end: BTreeSet::new() }
    }

    /// How long the next attempt has to wait; nothing, if it may begin now.
    pub(crate) fn wait(&self, now: Instant, key: &K) -> Duration {
        self.by_key
            .get(key)
            .map_or(Duration::ZERO, |attempts| attempts.blocked_until.saturating_since(now))
    }

    /// How many attempts a key has to answer for.
    pub(crate) fn count(&self, now: Instant, key: &K, rule: &Rule) -> u32 {
        self.by_key.get(key).map_or(0, |attempts| attempts.forgiven(now, rule).count)
    }

    /// An attempt begins.
    pub(crate) fn begin(&mut self, now: Instant, key: &K, rule: &Rule) {
        let known = self.take(key).map(|attempts| attempts.forgiven(now, rule));
        let mut attempts = known.filter(|attempts| attempts.count > 0).unwrap_or(Attempts {
            count: 0,
            since: now,
            blocked_until: now,
            ends_at: now,
        });
        attempts.count = attempts.count.saturating_add(1);
        attempts.since = now;
        if let Some(doublings) = attempts.count.checked_sub(rule.free) {
            let wait = rule.first_wait.saturating_mul(1 << doublings.min(20));
            attempts.blocked_until = now + wait.min(rule.longest_wait);
        }
        self.put(key, attempts, rule);
    }

    /// An attempt was right: it counts no more.
    pub(crate) fn give_back(&mut self, key: &K, rule: &Rule) {
        let Some(mut attempts) = self.take(key) else { return };
        attempts.count -= 1;
        // It was let in now, so the next one would be.
        attempts.blocked_until = attempts.since;
        if attempts.count > 0 {
            self.put(key, attempts, rule);
        }
    }

    /// Nothing is held against a key any more.
    pub(crate) fn forgive(&mut self, key: &K) {
        self.take(key);
    }

    fn take(&mut self, key: &K) -> Option<Attempts> {
        let attempts = self.by_key.remove(key)?;
        self.by_end.remove(&(attempts.ends_at, key.clone()));
        Some(attempts)
    }

    fn put(&mut self, key: &K, mut attempts: Attempts, rule: &Rule) {
        while self.by_key.len() >= self.capacity
            && let Some((_, soonest)) = self.by_end.pop_first()
        {
            self.by_key.remove(&soonest);
        }
        let ends_after = rule.forgives_one_after.saturating_mul(attempts.count);
        attempts.ends_at = attempts.since + ends_after;
        self.by_key.insert(key.clone(), attempts);
        self.by_end.insert((attempts.ends_at, key.clone()));
    }
}

impl Attempts {
    /// What is left of them.
    fn forgiven(mut self, now: Instant, rule: &Rule) -> Self {
        let one = rule.forgives_one_after.as_millis().max(1);
        let passed = now.saturating_since(self.since).as_millis() / one;
        self.count = self.count.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        free: 5,
        first_wait: Duration::from_secs(1),
        longest_wait: Duration::from_secs(15 * 60),
        forgives_one_after: Duration::from_secs(15 * 60),
    };

    fn at(millis: u64) -> Instant {
        Instant::from_origin(Duration::from_millis(millis))
    }

    #[test]
    fn ten_thousand_guesses_in_an_hour_are_mostly_not_tried() {
        let mut throttle = Throttle::new(10);
        let mut tried = 0;
        for guess in 0..10_000 {
            let now = at(guess * 360);
            if throttle.wait(now, &"bob").is_zero() {
                throttle.begin(now, &"bob", &RULE);
                tried += 1;
            }
        }
        assert!(tried <= 20, "{tried} were tried");
    }

    #[test]
    fn many_at_once_are_not_many_free_ones() {
        let mut throttle = Throttle::new(10);
        for _ in 0..5 {
            assert!(throttle.wait(at(0), &"bob").is_zero());
            throttle.begin(at(0), &"bob", &RULE);
        }
        assert_eq!(throttle.wait(at(0), &"bob"), Duration::from_secs(1));
        assert!(throttle.wait(at(0), &"eve").is_zero());
        throttle.begin(at(1_000), &"bob", &RULE);
        assert_eq!(throttle.wait(at(1_000), &"bob"), Duration::from_secs(2));
    }

    #[test]
    fn an_attempt_that_was_right_is_given_back() {
        let mut throttle = Throttle::new(10);
        for _ in 0..100 {
            throttle.begin(at(0), &"bob", &RULE);
            throttle.give_back(&"bob", &RULE);
        }
        assert!(throttle.wait(at(0), &"bob").is_zero());
        assert_eq!(throttle.count(at(0), &"bob", &RULE), 0);
        for _ in 0..5 {
            throttle.begin(at(0), &"bob", &RULE);
        }
        throttle.give_back(&"bob", &RULE);
        assert!(throttle.wait(at(0), &"bob").is_zero(), "four were wrong");
        assert_eq!(throttle.count(at(0), &"bob", &RULE), 4);
    }

    #[test]
    fn time_forgives_one_after_the_other() {
        let mut throttle = Throttle::new(10);
        for _ in 0..3 {
            throttle.begin(at(0), &"bob", &RULE);
        }
        let quarters = |count: u64| at(count * 15 * 60 * 1_000);
        assert_eq!(throttle.count(quarters(1), &"bob", &RULE), 2);
        assert_eq!(throttle.count(quarters(3), &"bob", &RULE), 0);
        throttle.begin(quarters(3), &"bob", &RULE);
        assert_eq!(throttle.count(quarters(3), &"bob", &RULE), 1);
    }

    #[test]
    fn it_remembers_so_many_and_forgets_who_is_forgiven_soonest() {
        let mut throttle = Throttle::new(3);
        for _ in 0..9 {
            throttle.begin(at(0), &0, &RULE);
        }
        for key in 1..100 {
            throttle.begin(at(key), &key, &RULE);
        }
        assert_eq!(throttle.by_key.len(), 3);
        assert_eq!(throttle.by_end.len(), 3);
        assert_eq!(throttle.count(at(100), &0, &RULE), 9, "who guesses most is remembered longest");
    }
}
