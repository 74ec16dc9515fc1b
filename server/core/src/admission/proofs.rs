//! Proofs of passwords that were begun. The server's answer lets a client see whether one password is
//! right, so whoever has it and proves nothing has guessed.
//!
//! At the name it counts at once: many at the same time are not many free guesses. From the source it
//! counts when no proof came, since a thousand people behind one address sign in at once after an outage;
//! how many a source may have begun is bounded instead. One that was wrong often has few.

use std::collections::{BTreeMap, VecDeque};

use netchat_shared::extended::Delay;
use netchat_shared::time::Instant;

use super::guesses::{Guess, Guesses};
use super::later::Later;
use super::limits::{
    BUSY_WAIT_MIN, GUESSES_BY_SOURCE, PROOF_TIME_MAX, PROOFS_OF_SOURCE_MAX, PROOFS_OF_SUSPECT_MAX,
};
use super::source::Source;

/// See the module's documentation. `K` names who asks: one proof each, so there are no more than those.
#[derive(Debug)]
pub(super) struct Proofs<K> {
    begun: BTreeMap<K, (Source, Guess)>,
    /// Of each source, oldest first: at most [`PROOFS_OF_SOURCE_MAX`].
    by_source: BTreeMap<Source, VecDeque<(Instant, K)>>,
}

impl<K: Copy + Ord> Proofs<K> {
    pub(super) fn new() -> Self {
        Self { begun: BTreeMap::new(), by_source: BTreeMap::new() }
    }

    /// One is about to be answered. Another one under the same key was not proved.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        guesses: &mut Guesses,
        key: K,
        (source, guess): (Source, Guess),
    ) -> Result<(), Later> {
        self.finish(now, guesses, key, false);
        self.expire(now, guesses, source);
        if let Some(wait) = guesses.wait(now, source, &guess) {
            return Err(Later { why: Delay::Attempts, wait });
        }
        let is_suspect = guesses.count_from_source(now, source) >= GUESSES_BY_SOURCE.free;
        let begun_max = if is_suspect { PROOFS_OF_SUSPECT_MAX } else { PROOFS_OF_SOURCE_MAX };
        if self.by_source.get(&source).is_some_and(|begun| begun.len() >= begun_max) {
            return Err(Later { why: Delay::Busy, wait: BUSY_WAIT_MIN });
        }
        self.by_source.entry(source).or_default().push_back((now, key));
        guesses.begin_at_name(now, source, &guess);
        self.begun.insert(key, (source, guess));
        Ok(())
    }

    /// One has ended. False if there is none any more: it came too late.
    pub(super) fn finish(
        &mut self,
        now: Instant,
        guesses: &mut Guesses,
        key: K,
        is_right: bool,
    ) -> bool {
        let Some((source, guess)) = self.begun.remove(&key) else { return false };
        if let Some(begun) = self.by_source.get_mut(&source) {
            begun.retain(|(_, other)| *other != key);
            if begun.is_empty() {
                self.by_source.remove(&source);
            }
        }
        match is_right {
            true => guesses.forgive_at_name(source, &guess),
            false => guesses.begin_from_source(now, source),
        }
        true
    }

    /// What was begun too long ago has not been proved.
    fn expire(&mut self, now: Instant, guesses: &mut Guesses, source: Source) {
        let oldest = |proofs: &Self| proofs.by_source.get(&source)?.front().copied();
        while let Some((at, key)) = oldest(self)
            && now.saturating_since(at) > PROOF_TIME_MAX
        {
            self.finish(now, guesses, key, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Door {
        proofs: Proofs<u32>,
        guesses: Guesses,
        now: Instant,
        last_key: u32,
    }

    fn guess(name: &str) -> Guess {
        Guess { name: name.parse().unwrap(), is_familiar: false }
    }

    impl Door {
        fn new() -> Self {
            let (proofs, guesses) = (Proofs::new(), Guesses::new());
            Self { proofs, guesses, now: Instant::ZERO, last_key: 0 }
        }

        fn begin(&mut self, from: u32, name: &str) -> Result<u32, Later> {
            self.last_key += 1;
            let source = Source::proved(std::net::Ipv4Addr::from(0x0a00_0000 + from).into());
            let guess = (source, guess(name));
            self.proofs.begin(self.now, &mut self.guesses, self.last_key, guess)?;
            Ok(self.last_key)
        }

        fn finish(&mut self, key: u32, is_right: bool) -> bool {
            self.proofs.finish(self.now, &mut self.guesses, key, is_right)
        }
    }

    #[test]
    fn of_many_at_one_name_five_are_answered_though_nothing_was_proved_yet() {
        let mut door = Door::new();
        let answered = (0..64).filter(|_| door.begin(1, "bob").is_ok()).count();
        assert_eq!(answered, 5);
        assert!(door.begin(2, "bob").is_ok(), "from elsewhere");
    }

    #[test]
    fn a_thousand_people_behind_one_address_prove_who_they_are() {
        let mut door = Door::new();
        let mut waiting: Vec<_> = (0..1_000).map(|person| format!("p{person}")).collect();
        let mut rounds = 0;
        while !waiting.is_empty() {
            rounds += 1;
            let mut begun = Vec::new();
            waiting.retain(|name| match door.begin(1, name) {
                Ok(key) => {
                    begun.push(key);
                    false
                }
                Err(later) => {
                    assert_eq!(later.why, Delay::Busy);
                    true
                }
            });
            door.now += BUSY_WAIT_MIN;
            assert!(begun.into_iter().all(|key| door.finish(key, true)));
        }
        assert!(rounds <= 4, "{rounds}");
    }

    #[test]
    fn whoever_proves_nothing_at_many_names_is_slowed_down() {
        let mut door = Door::new();
        let mut answered = 0;
        for name in 0..10_000 {
            answered += usize::from(door.begin(1, &format!("p{name}")).is_ok());
            door.now += Duration::from_millis(100);
        }
        // What may still come, what is free, and few a minute.
        assert!(answered <= PROOFS_OF_SOURCE_MAX + 64 + 20 * PROOFS_OF_SUSPECT_MAX, "{answered}");
    }

    /// A map that keeps what nobody comes back for would grow for ever.
    #[test]
    fn nothing_is_kept_of_proofs_that_have_ended() {
        let mut door = Door::new();
        for name in 0..50 {
            let key = door.begin(name, &format!("p{name}")).unwrap();
            door.finish(key, name % 2 == 0);
        }
        assert!(door.proofs.begun.is_empty() && door.proofs.by_source.is_empty());
    }

    #[test]
    fn a_proof_that_comes_too_late_is_none() {
        let mut door = Door::new();
        let key = door.begin(1, "bob").unwrap();
        door.now += PROOF_TIME_MAX + Duration::from_millis(1);
        door.begin(1, "eve").unwrap();
        assert!(!door.finish(key, true));
    }
}
