//! What was refused, for the operator: the first of a kind in a line of its own, the rest counted.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::action::{LogEvent, Refusal};
use crate::limits::REFUSALS_TOLD_MAX;

/// Refusals since they were last summed up.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// How many came behind the first, of those that were told.
    told: BTreeMap<(Refusal, IpAddr), u64>,
    /// How many there were beside them.
    others: BTreeMap<Refusal, u64>,
}

impl Refusals {
    /// Something was refused. Whether that is worth a line of its own.
    pub(super) fn note(&mut self, address: IpAddr, why: Refusal) -> bool {
        if let Some(count) = self.told.get_mut(&(why, address)) {
            *count += 1;
            return false;
        }
        let is_told = self.told.len() < REFUSALS_TOLD_MAX;
        match is_told {
            true => drop(self.told.insert((why, address), 0)),
            false => *self.others.entry(why).or_default() += 1,
        }
        is_told
    }

    /// What was counted; from now on, the first of a kind is told again.
    pub(super) fn take(&mut self) -> Vec<LogEvent> {
        let told = std::mem::take(&mut self.told).into_iter();
        let told = told.map(|((why, address), count)| (Some(address), why, count));
        let others = std::mem::take(&mut self.others).into_iter();
        let others = others.map(|(why, count)| (None, why, count));
        let counted = told.chain(others).filter(|(_, _, count)| *count > 0);
        counted.map(|(address, why, count)| LogEvent::RefusedMore { address, why, count }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_kind_is_told_and_the_rest_counted() {
        let mut refusals = Refusals::default();
        let here = IpAddr::from([10, 0, 0, 1]);
        assert!(refusals.note(here, Refusal::Password));
        assert!(refusals.note(here, Refusal::Token));
        for _ in 0..5_000 {
            assert!(!refusals.note(here, Refusal::Password));
        }
        let why = Refusal::Password;
        let more = LogEvent::RefusedMore { address: Some(here), why, count: 5_000 };
        assert_eq!(refusals.take(), [more]);
        assert!(refusals.note(here, Refusal::Password));
    }

    #[test]
    fn many_addresses_are_not_many_lines() {
        let mut refusals = Refusals::default();
        let mut lines = 0;
        for n in 0..10_000_u32 {
            lines += usize::from(refusals.note(IpAddr::from(n.to_be_bytes()), Refusal::Full));
        }
        assert_eq!(lines, REFUSALS_TOLD_MAX);
        let count = 10_000 - lines as u64;
        let more = LogEvent::RefusedMore { address: None, why: Refusal::Full, count };
        assert_eq!(refusals.take(), [more]);
    }
}
