//! A bounded queue that is fair between sources: each in turn, however many wait for one of them.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// What waits, by source. `K` names what waits.
#[derive(Debug)]
pub(crate) struct FairQueue<K, T> {
    lines: BTreeMap<Source, Line<K, T>>,
    /// Whose turn comes when.
    turns: BTreeSet<(u64, Source)>,
    /// How long each line is.
    lengths: BTreeSet<(usize, Source)>,
    places: BTreeMap<K, (Source, u64)>,
    last: u64,
}

#[derive(Debug)]
struct Line<K, T> {
    turn: u64,
    waiting: BTreeMap<u64, (K, T)>,
}

impl<K: Copy + Ord, T> FairQueue<K, T> {
    pub(crate) fn new() -> Self {
        Self {
            lines: BTreeMap::new(),
            turns: BTreeSet::new(),
            lengths: BTreeSet::new(),
            places: BTreeMap::new(),
            last: 0,
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many of a source wait.
    pub(crate) fn len_of(&self, source: Source) -> usize {
        self.lines.get(&source).map_or(0, |line| line.waiting.len())
    }

    /// Adds one at the end of the line of its source. Whatever waited under the same key is gone.
    pub(crate) fn push(&mut self, source: Source, key: K, item: T) {
        self.remove(key);
        self.last += 1;
        let place = self.last;
        let turns = &mut self.turns;
        let line = self.lines.entry(source).or_insert_with(|| {
            turns.insert((place, source));
            Line { turn: place, waiting: BTreeMap::new() }
        });
        self.lengths.remove(&(line.waiting.len(), source));
        line.waiting.insert(place, (key, item));
        self.lengths.insert((line.waiting.len(), source));
        self.places.insert(key, (source, place));
    }

    /// Takes the next one: the first in the line of the source whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<(K, T)> {
        let &(_, source) = self.turns.first()?;
        let place = *self.lines.get(&source)?.waiting.first_key_value()?.0;
        let taken = self.take(source, place);
        if let Some(line) = self.lines.get_mut(&source) {
            self.turns.remove(&(line.turn, source));
            self.last += 1;
            line.turn = self.last;
            self.turns.insert((line.turn, source));
        }
        taken
    }

    /// Takes the one that came last in the longest line.
    pub(crate) fn pop_last_of_longest(&mut self) -> Option<(K, T)> {
        let &(_, source) = self.lengths.last()?;
        let place = *self.lines.get(&source)?.waiting.last_key_value()?.0;
        self.take(source, place)
    }

    /// Takes one out that need not wait any more.
    pub(crate) fn remove(&mut self, key: K) -> Option<T> {
        let &(source, place) = self.places.get(&key)?;
        self.take(source, place).map(|(_, item)| item)
    }

    fn take(&mut self, source: Source, place: u64) -> Option<(K, T)> {
        let line = self.lines.get_mut(&source)?;
        self.lengths.remove(&(line.waiting.len(), source));
        let taken = line.waiting.remove(&place);
        if line.waiting.is_empty() {
            self.turns.remove(&(line.turn, source));
            self.lines.remove(&source);
        } else {
            self.lengths.insert((line.waiting.len(), source));
        }
        let (key, item) = taken?;
        self.places.remove(&key);
        Some((key, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u8) -> Source {
        Source::proved([10, 0, 0, number].into())
    }

    #[test]
    fn each_source_in_turn_however_many_wait_for_one() {
        let mut queue = FairQueue::new();
        for key in 0..100 {
            queue.push(source(1), key, "flood");
        }
        queue.push(source(2), 100, "a");
        queue.push(source(3), 101, "b");
        queue.push(source(2), 102, "c");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(key, _)| key).collect();
        assert_eq!(order[..7], [0, 100, 101, 1, 102, 2, 3]);
        assert_eq!(order.len(), 103);
        assert_eq!((queue.len(), queue.lines.len(), queue.lengths.len()), (0, 0, 0));
    }

    #[test]
    fn the_longest_line_gives_way_from_its_end() {
        let mut queue = FairQueue::new();
        queue.push(source(1), 1, ());
        queue.push(source(2), 2, ());
        queue.push(source(2), 3, ());
        assert_eq!(queue.pop_last_of_longest(), Some((3, ())));
        assert_eq!((queue.len(), queue.len_of(source(2))), (2, 1));
    }

    #[test]
    fn who_goes_away_waits_no_more() {
        let mut queue = FairQueue::new();
        queue.push(source(1), 1, "x");
        queue.push(source(1), 2, "y");
        assert_eq!(queue.remove(1), Some("x"));
        assert_eq!(queue.remove(1), None);
        queue.push(source(2), 2, "z");
        assert_eq!(queue.len(), 1, "one place a key");
        assert_eq!(queue.pop(), Some((2, "z")));
        assert_eq!(queue.pop(), None);
        assert!(queue.turns.is_empty() && queue.places.is_empty() && queue.lengths.is_empty());
    }
}
