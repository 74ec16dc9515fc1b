//! Which packets have arrived: for acknowledging them, and for telling repeated ones.

use crate::limits::{ACK_RANGES_MAX, PACKET_RANGES_MAX, REPLAY_WINDOW_PACKETS};

/// A set of packet numbers as ranges, the latest first. Each number goes in once: that is what keeps
/// copies of packets out. Beyond its bounds (so many ranges, so far behind the latest), everything
/// counts as arrived: a late packet of that age is dropped, and what it carried is resent in another.
#[derive(Debug, Default)]
pub(super) struct PacketNumbers {
    /// Inclusive, first and last, descending, with gaps between them.
    ranges: Vec<(u64, u64)>,
    forgotten_up_to: Option<u64>,
}

impl PacketNumbers {
    /// Adds a number. False if it was there already, or is too old to tell.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        let is_forgotten = self.forgotten_up_to.is_some_and(|end| number <= end);
        let is_behind = self.largest().is_some_and(|last| number + REPLAY_WINDOW_PACKETS <= last);
        if is_forgotten || is_behind {
            return false;
        }
        let at = self.ranges.iter().position(|&(first, _)| number >= first);
        let at = at.unwrap_or(self.ranges.len());
        if self.ranges.get(at).is_some_and(|&(_, last)| number <= last) {
            return false;
        }
        let joins_later = at > 0 && self.ranges[at - 1].0 == number + 1;
        let joins_earlier = self.ranges.get(at).is_some_and(|&(_, last)| last + 1 == number);
        match (joins_later, joins_earlier) {
            (true, true) => {
                self.ranges[at - 1].0 = self.ranges[at].0;
                self.ranges.remove(at);
            }
            (true, false) => self.ranges[at - 1].0 = number,
            (false, true) => self.ranges[at].1 = number,
            (false, false) => self.ranges.insert(at, (number, number)),
        }
        if self.ranges.len() > PACKET_RANGES_MAX {
            self.forgotten_up_to = self.ranges.pop().map(|(_, last)| last);
        }
        true
    }

    /// The highest number.
    pub(super) fn largest(&self) -> Option<u64> {
        self.ranges.first().map(|&(_, last)| last)
    }

    /// The latest ranges, as an acknowledgement names them.
    pub(super) fn latest_ranges(&self) -> Vec<(u64, u64)> {
        self.ranges.iter().take(ACK_RANGES_MAX).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_grow_join_and_repeat() {
        let mut numbers = PacketNumbers::default();
        for number in [1, 2, 5, 4, 9] {
            assert!(numbers.insert(number));
        }
        assert_eq!(numbers.latest_ranges(), [(9, 9), (4, 5), (1, 2)]);
        assert!(!numbers.insert(4));
        assert!(numbers.insert(3));
        assert_eq!(numbers.latest_ranges(), [(9, 9), (1, 5)]);
        assert_eq!(numbers.largest(), Some(9));
    }

    #[test]
    fn what_is_forgotten_counts_as_arrived() {
        let mut numbers = PacketNumbers::default();
        for number in 0..=PACKET_RANGES_MAX as u64 {
            assert!(numbers.insert(number * 2 + 10));
        }
        assert!(!numbers.insert(10) && !numbers.insert(9));
        assert!(numbers.insert(11));
    }

    #[test]
    fn what_is_far_behind_counts_as_arrived() {
        let mut numbers = PacketNumbers::default();
        assert!(numbers.insert(REPLAY_WINDOW_PACKETS + 10));
        assert!(!numbers.insert(10));
        assert!(numbers.insert(11) && !numbers.insert(11));
    }

    proptest! {
        #[test]
        fn it_is_a_set(sequence in proptest::collection::vec(0..50_u64, 0..200)) {
            let (mut numbers, mut model) = (PacketNumbers::default(), BTreeSet::new());
            for number in sequence {
                prop_assert_eq!(numbers.insert(number), model.insert(number));
                let listed: BTreeSet<u64> = numbers.ranges.iter().flat_map(|&(first, last)| first..=last).collect();
                prop_assert_eq!(&listed, &model);
                prop_assert!(numbers.ranges.windows(2).all(|pair| pair[0].0 > pair[1].1 + 1));
            }
        }
    }
}
