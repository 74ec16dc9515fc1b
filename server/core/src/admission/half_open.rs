//! Sessions of strangers: at most so many, and when there are too many, whoever has the most gives
//! way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// See the module's documentation. Keys are in the order in which the sessions began.
#[derive(Debug)]
pub(crate) struct HalfOpen<K> {
    max: usize,
    of_source_max: usize,
    sources: BTreeMap<K, Source>,
    by_source: BTreeMap<Source, BTreeSet<K>>,
    /// How many each source has, and its oldest: whoever has the most is last, and of those that have
    /// as many, the one with the oldest.
    by_count: BTreeSet<(usize, Reverse<K>, Source)>,
}

impl<K: Copy + Ord> HalfOpen<K> {
    pub(crate) fn new(max: usize, of_source_max: usize) -> Self {
        Self {
            max,
            of_source_max,
            sources: BTreeMap::new(),
            by_source: BTreeMap::new(),
            by_count: BTreeSet::new(),
        }
    }

    /// A session is a stranger's, from now on or still.
    pub(crate) fn insert(&mut self, key: K, source: Source) {
        if self.sources.get(&key) == Some(&source) {
            return;
        }
        // It may have moved to another address.
        self.remove(key);
        self.sources.insert(key, source);
        self.change(source, |keys| {
            keys.insert(key);
        });
    }

    /// A session has ended, or is nobody's any more that has to give way.
    pub(crate) fn remove(&mut self, key: K) {
        if let Some(source) = self.sources.remove(&key) {
            self.change(source, |keys| {
                keys.remove(&key);
            });
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Which one gives way now that this source has opened another: the oldest of its own if it has too
    /// many, the oldest of whoever has the most if all together have.
    pub(crate) fn too_many(&self, source: Source) -> Option<K> {
        let own = self.by_source.get(&source)?;
        let crowd = match own.len() > self.of_source_max {
            true => Some(own),
            false if self.sources.len() > self.max => {
                self.by_count.last().and_then(|(_, _, source)| self.by_source.get(source))
            }
            false => None,
        };
        crowd?.first().copied()
    }

    fn change(&mut self, source: Source, change: impl FnOnce(&mut BTreeSet<K>)) {
        let keys = self.by_source.entry(source).or_default();
        if let Some(&oldest) = keys.first() {
            self.by_count.remove(&(keys.len(), Reverse(oldest), source));
        }
        change(keys);
        match keys.first() {
            Some(&oldest) => {
                self.by_count.insert((keys.len(), Reverse(oldest), source));
            }
            None => {
                self.by_source.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        Source::proved([10, 0, 0, last].into())
    }

    /// Opens a session; which ones had to give way for it.
    fn open(all: &mut HalfOpen<u32>, key: u32, from: u8) -> Vec<u32> {
        all.insert(key, source(from));
        let mut gave_way = Vec::new();
        while let Some(key) = all.too_many(source(from)) {
            all.remove(key);
            gave_way.push(key);
        }
        gave_way
    }

    #[test]
    fn a_source_that_opens_too_many_closes_its_own() {
        let mut all = HalfOpen::new(100, 3);
        assert_eq!(open(&mut all, 0, 2), []);
        let gave_way: Vec<_> = (1..=10).flat_map(|key| open(&mut all, key, 1)).collect();
        assert_eq!(gave_way, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(all.sources.len(), 4);
    }

    #[test]
    fn whoever_has_the_most_gives_way_to_who_has_few() {
        let mut all = HalfOpen::new(10, 8);
        (0..8).for_each(|key| assert_eq!(open(&mut all, key, 1), []));
        assert_eq!(open(&mut all, 8, 2), []);
        assert_eq!(open(&mut all, 9, 3), []);
        assert_eq!(open(&mut all, 10, 4), [0]);
        assert_eq!(open(&mut all, 11, 1), [1], "also to itself");
        all.remove(8);
        all.remove(8);
        assert_eq!(open(&mut all, 12, 2), []);
    }

    #[test]
    fn among_those_who_have_as_many_the_oldest_gives_way() {
        let mut all = HalfOpen::new(3, 8);
        for (key, from) in [(1, 9), (2, 1), (3, 5)] {
            assert_eq!(open(&mut all, key, from), []);
        }
        assert_eq!(open(&mut all, 4, 7), [1]);
        assert_eq!(open(&mut all, 5, 8), [2]);
        for key in 3..=5 {
            all.remove(key);
        }
        assert!(all.by_count.is_empty() && all.by_source.is_empty() && all.sources.is_empty());
    }
}
