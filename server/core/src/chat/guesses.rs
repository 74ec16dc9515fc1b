//! Slows down guessing of one account's password.

use std::collections::BTreeMap;
use std::time::Duration;

use netchat_shared::name::UserName;
use netchat_shared::time::Instant;

use crate::limits::{GUESS_DELAY_MAX, GUESSES_FREE};

/// Most names whose wrong guesses are remembered; the one blocked for the shortest time makes room.
const NAMES_MAX: usize = 10_000;

/// Wrong guesses in a row, by name. Names without an account count too: the answer must not differ.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    by_name: BTreeMap<UserName, Wrong>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    blocked_until: Instant,
}

impl Guesses {
    /// Whether a guess may be tried now.
    pub(crate) fn may_try(&self, now: Instant, name: &UserName) -> bool {
        self.by_name.get(name).is_none_or(|wrong| now >= wrong.blocked_until)
    }

    /// Counts a wrong guess: after the first few, each further one doubles the time to the next.
    pub(crate) fn wrong(&mut self, now: Instant, name: &UserName) {
        if !self.by_name.contains_key(name) && self.by_name.len() >= NAMES_MAX {
            self.make_room();
        }
        let wrong = self.by_name.entry(name.clone());
        let wrong = wrong.or_insert(Wrong { count: 0, blocked_until: now });
        wrong.count = wrong.count.saturating_add(1);
        let doublings = wrong.count.saturating_sub(GUESSES_FREE);
        if doublings > 0 {
            let delay = Duration::from_secs(1).saturating_mul(1 << (doublings - 1).min(20));
            wrong.blocked_until = now + delay.min(GUESS_DELAY_MAX);
        }
    }

    /// The right password clears the count.
    pub(crate) fn right(&mut self, name: &UserName) {
        self.by_name.remove(name);
    }

    fn make_room(&mut self) {
        let soonest = self.by_name.iter().min_by_key(|(_, wrong)| wrong.blocked_until);
        if let Some(name) = soonest.map(|(name, _)| name.clone()) {
            self.by_name.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_guesses_in_an_hour_are_mostly_not_tried() {
        let (mut guesses, name) = (Guesses::default(), "bob".parse().unwrap());
        let mut tried = 0;
        for second in 0..10_000 {
            let now = Instant::from_origin(Duration::from_millis(second * 360));
            if guesses.may_try(now, &name) {
                guesses.wrong(now, &name);
                tried += 1;
            }
        }
        assert!(tried <= 20, "{tried} were tried");
        guesses.right(&name);
        assert!(guesses.may_try(Instant::ZERO, &name));
    }
}
