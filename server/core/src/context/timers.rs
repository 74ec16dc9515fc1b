//! When something has to be looked at again.

use std::collections::{BTreeMap, BTreeSet};

use netchat_shared::time::Instant;

/// At most one deadline a key, ordered by time.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K: Copy + Ord> Timers<K> {
    pub(crate) fn new() -> Self {
        Self { by_time: BTreeSet::new(), by_key: BTreeMap::new() }
    }

    /// Sets the deadline of a key, or takes it away.
    pub(crate) fn set(&mut self, key: K, at: Option<Instant>) {
        if self.by_key.get(&key).copied() == at {
            return;
        }
        if let Some(old) = self.by_key.remove(&key) {
            self.by_time.remove(&(old, key));
        }
        if let Some(at) = at {
            self.by_key.insert(key, at);
            self.by_time.insert((at, key));
        }
    }

    /// Sets the deadline of a key that has none.
    pub(crate) fn set_if_unset(&mut self, key: K, at: Instant) {
        if !self.by_key.contains_key(&key) {
            self.set(key, Some(at));
        }
    }

    /// Sets the deadline of a key, unless it has an earlier one: whoever is called too early finds
    /// nothing to do and sets it anew, which costs less than to move it each time.
    pub(crate) fn set_no_later(&mut self, key: K, at: Instant) {
        if self.by_key.get(&key).is_none_or(|&earlier| at < earlier) {
            self.set(key, Some(at));
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes a key whose deadline has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<K> {
        let &(at, key) = self.by_time.first().filter(|(at, _)| *at <= now)?;
        self.by_time.remove(&(at, key));
        self.by_key.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_earliest_comes_first_and_a_new_deadline_replaces_the_old() {
        let at = |seconds| Instant::from_origin(Duration::from_secs(seconds));
        let mut timers = Timers::new();
        timers.set('a', Some(at(5)));
        timers.set('b', Some(at(3)));
        timers.set('a', Some(at(2)));
        assert_eq!(timers.next(), Some(at(2)));
        assert_eq!(timers.pop_due(at(1)), None);
        assert_eq!(timers.pop_due(at(9)), Some('a'));
        timers.set('b', None);
        assert_eq!(timers.next(), None);
        assert_eq!(timers.pop_due(at(9)), None);
    }
}
