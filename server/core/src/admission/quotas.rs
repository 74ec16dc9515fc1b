//! How much one account may do, over all of its sessions together: so much at once, then steadily.
//!
//! Nobody is refused here. Whoever has spent what there is waits for more, and what is spent may go below
//! nothing once: so the cost of a thing need not be known before it is read.

use std::collections::BTreeMap;
use std::time::Duration;

use netchat_shared::time::Instant;

use super::rate::{Bucket, Rate};

/// Fewer accounts than this are not looked through for those that have everything again.
const ACCOUNTS_KEPT_MIN: usize = 1_024;

/// What is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spending {
    /// On messages: one each, and more for long ones and for many recipients.
    Messages,
    /// On everything else that is asked for.
    Requests,
}

/// An account has spent what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slowed {
    /// After so long, one thing more may be done.
    pub(crate) wait: Duration,
    /// After so long without anything, there is all of it again.
    pub(crate) rest: Duration,
}

/// See the module's documentation. `None` as a rate: without a bound.
#[derive(Debug)]
pub(crate) struct Quotas<K> {
    messages: Option<Rate>,
    requests: Option<Rate>,
    /// Of accounts that have spent something lately.
    spent: BTreeMap<K, Spent>,
    /// With so many, those are forgotten that have everything again.
    looks_through_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Spent {
    messages: Bucket,
    requests: Bucket,
}

impl<K: Copy + Ord> Quotas<K> {
    pub(crate) fn new(messages: Option<Rate>, requests: Option<Rate>) -> Self {
        let spent = BTreeMap::new();
        Self { messages, requests, spent, looks_through_at: ACCOUNTS_KEPT_MIN }
    }

    /// Whether an account has to wait, and for how long.
    pub(crate) fn slowed(&self, now: Instant, account: K) -> Option<Slowed> {
        let spent = self.spent.get(&account)?;
        let one = |bucket: Bucket, rate: Option<Rate>| {
            let wait = bucket.wait(now, rate?);
            (!wait.is_zero()).then(|| Slowed { wait, rest: bucket.rest(now) })
        };
        let (messages, requests) =
            (one(spent.messages, self.messages), one(spent.requests, self.requests));
        [messages, requests].into_iter().flatten().max_by_key(|slowed| slowed.wait)
    }

    /// An account does something that costs so much.
    pub(crate) fn spend(&mut self, now: Instant, account: K, on: Spending, cost: u32) {
        let rate = match on {
            Spending::Messages => self.messages,
            Spending::Requests => self.requests,
        };
        let Some(rate) = rate.filter(|_| cost > 0) else { return };
        self.look_through(now);
        let nothing = Spent { messages: Bucket::FULL, requests: Bucket::FULL };
        let spent = self.spent.entry(account).or_insert(nothing);
        match on {
            Spending::Messages => spent.messages.spend(now, cost, rate),
            Spending::Requests => spent.requests.spend(now, cost, rate),
        }
    }

    /// Forgets accounts that have everything again, now and then: on the average, at no cost.
    fn look_through(&mut self, now: Instant) {
        if self.spent.len() < self.looks_through_at {
            return;
        }
        self.spent.retain(|_, spent| !(spent.messages.is_full(now) && spent.requests.is_full(now)));
        self.looks_through_at = ACCOUNTS_KEPT_MIN.max(2 * self.spent.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn quotas() -> Quotas<u32> {
        let rate = |burst, per_second| Some(Rate::new(burst, per_second).unwrap());
        Quotas::new(rate(3, 1), rate(10, 10))
    }

    #[test]
    fn an_account_that_has_spent_everything_waits_and_others_do_not() {
        let (mut quotas, now) = (quotas(), Instant::ZERO + 100 * SECOND);
        for _ in 0..3 {
            assert_eq!(quotas.slowed(now, 1), None);
            quotas.spend(now, 1, Spending::Messages, 1);
        }
        assert_eq!(quotas.slowed(now, 1), Some(Slowed { wait: SECOND, rest: 3 * SECOND }));
        assert_eq!(quotas.slowed(now, 2), None);
        assert_eq!(quotas.slowed(now + SECOND, 1), None);
    }

    #[test]
    fn one_dear_thing_is_done_and_then_paid_for() {
        let (mut quotas, now) = (quotas(), Instant::ZERO + 100 * SECOND);
        quotas.spend(now, 1, Spending::Requests, 30);
        let slowed = quotas.slowed(now, 1).unwrap();
        assert_eq!(slowed, Slowed { wait: SECOND * 21 / 10, rest: 3 * SECOND });
        quotas.spend(now, 1, Spending::Messages, 1);
        assert_eq!(quotas.slowed(now + 3 * SECOND, 1), None);
    }

    #[test]
    fn without_a_rate_nobody_waits() {
        let mut quotas = Quotas::new(None, None);
        quotas.spend(Instant::ZERO, 1, Spending::Messages, u32::MAX);
        assert_eq!(quotas.slowed(Instant::ZERO, 1), None);
        assert!(quotas.spent.is_empty());
    }

    #[test]
    fn accounts_that_have_everything_again_are_forgotten() {
        let mut quotas = quotas();
        for account in 0..10_000 {
            let now = Instant::ZERO + SECOND * account;
            quotas.spend(now, account, Spending::Messages, 1);
            assert!(quotas.spent.len() <= ACCOUNTS_KEPT_MIN);
        }
    }
}
