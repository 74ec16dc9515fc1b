//! Attempts to sign in, each of which costs a password hash: which may begin, when, and in what order.
//!
//! A hash is slow by design, so attempts wait in a queue that is bounded and fair between sources.
//! Wrong guesses are slowed down by source and name, and by source. Neither locks the owner of a name
//! out who comes from elsewhere: another source's guesses count for that source alone, and sources
//! that were wrong lately let the others go first.

use std::time::Duration;

use netchat_shared::extended::Delay;
use netchat_shared::time::Instant;

use super::fair_queue::FairQueue;
use super::guesses::{Guess, Guesses};
use super::later::Later;
use super::limits::{
    ATTEMPTS_QUEUED_MAX, ATTEMPTS_QUEUED_OF_SOURCE_MAX, BUSY_WAIT_MAX, BUSY_WAIT_MIN,
    STRANGERS_TURN, SUSPECTS_TURN,
};
use super::proofs::Proofs;
use super::source::Source;
/// How long a hash takes, until one was measured.
const HASH_TIME_EXPECTED: Duration = Duration::from_millis(40);
/// The part that one measurement has in the mean.
const HASH_TIME_WEIGHT: u32 = 8;

/// Who goes before whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// The name's owner signed in from there last.
    Familiar,
    /// A source that was not wrong lately.
    Fresh,
    /// One that was.
    Suspect,
}

const RANKS: usize = 3;

/// An attempt that needs a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt<T> {
    pub(crate) source: Source,
    /// What is guessed; `None`: it makes an account, and can't be wrong.
    pub(crate) guess: Option<Guess>,
    pub(crate) content: T,
}

/// What is next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<T> {
    /// This is hashed now.
    Begin(Attempt<T>, Begun),
    /// This comes later, and is told so.
    PutOff(Attempt<T>, Later),
}

/// An attempt has begun then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun(Instant);

/// See the module's documentation. `K` names who asks: one attempt each.
#[derive(Debug)]
pub(crate) struct Attempts<K, T> {
    /// How many hashes may be under way.
    workers: usize,
    running: Vec<Source>,
    hash_time: Duration,
    /// What waits, by rank.
    queues: [FairQueue<K, Attempt<T>>; RANKS],
    turns: u32,
    guesses: Guesses,
    proofs: Proofs<K>,
}

impl<K: Copy + Ord, T> Attempts<K, T> {
    /// With so many hashes at once.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: workers.max(1),
            running: Vec::new(),
            hash_time: HASH_TIME_EXPECTED,
            queues: [FairQueue::new(), FairQueue::new(), FairQueue::new()],
            turns: 0,
            guesses: Guesses::new(),
            proofs: Proofs::new(),
        }
    }

    /// Somebody asks for an attempt. It waits until [`Self::next`] gives it out. Or one is put off:
    /// theirs, or the last one of who takes most of a queue that is full.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        key: K,
        attempt: Attempt<T>,
    ) -> Option<(Attempt<T>, Later)> {
        if let Some(wait) = self.wait(now, &attempt) {
            return Some((attempt, Later { why: Delay::Attempts, wait }));
        }
        let source = attempt.source;
        let of_source: usize = self.queues.iter().map(|queue| queue.len_of(source)).sum();
        if of_source >= ATTEMPTS_QUEUED_OF_SOURCE_MAX {
            return Some((attempt, self.busy()));
        }
        let rank = self.rank(now, &attempt);
        self.queues[rank as usize].push(source, key, attempt);
        if self.queued() <= ATTEMPTS_QUEUED_MAX {
            return None;
        }
        let last = |queue: &mut FairQueue<K, Attempt<T>>| queue.pop_last_of_longest();
        let (_, displaced) = self.queues.iter_mut().rev().find_map(last)?;
        Some((displaced, self.busy()))
    }

    /// Whoever asked under this key has gone. What they had asked for, if it waits.
    pub(crate) fn withdraw(&mut self, key: K) -> Option<Attempt<T>> {
        self.queues.iter_mut().find_map(|queue| queue.remove(key))
    }

    /// What is to be done now: call it until there is nothing.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Next<T>> {
        if self.running.len() >= self.workers {
            return None;
        }
        let attempt = self.pop()?;
        if let Some(wait) = self.wait(now, &attempt) {
            return Some(Next::PutOff(attempt, Later { why: Delay::Attempts, wait }));
        }
        let source = attempt.source;
        if let Some(guess) = &attempt.guess {
            self.guesses.begin_at_name(now, source, guess);
            self.guesses.begin_from_source(now, source);
        }
        self.running.push(source);
        Some(Next::Begin(attempt, Begun(now)))
    }

    /// A hash is done. A guess that was not wrong, or was not compared at all, is given back.
    pub(crate) fn finish(
        &mut self,
        now: Instant,
        Begun(begun_at): Begun,
        attempt: &Attempt<T>,
        is_wrong: bool,
    ) {
        let source = attempt.source;
        if let Some(at) = self.running.iter().position(|running| *running == source) {
            self.running.swap_remove(at);
        }
        let took = now.saturating_since(begun_at);
        self.hash_time = (self.hash_time * (HASH_TIME_WEIGHT - 1) + took) / HASH_TIME_WEIGHT;
        if let Some(guess) = attempt.guess.as_ref().filter(|_| !is_wrong) {
            self.guesses.forgive_at_name(source, guess);
            self.guesses.forgive_from_source(source);
        }
    }

    /// Somebody is about to be told what lets them see whether a password is right. See [`Proofs`].
    ///
    /// # Errors
    /// [`Later`].
    pub(crate) fn begin_proof(
        &mut self,
        now: Instant,
        key: K,
        source: Source,
        guess: Guess,
    ) -> Result<(), Later> {
        self.proofs.begin(now, &mut self.guesses, key, (source, guess))
    }

    /// They have proved that they know it, or something that is no proof. False if they had begun none, or
    /// too long ago.
    pub(crate) fn finish_proof(&mut self, now: Instant, key: K, is_right: bool) -> bool {
        self.proofs.finish(now, &mut self.guesses, key, is_right)
    }

    /// How long an attempt has to wait for wrong ones before it.
    fn wait(&self, now: Instant, attempt: &Attempt<T>) -> Option<Duration> {
        self.guesses.wait(now, attempt.source, attempt.guess.as_ref()?)
    }

    /// Before whom an attempt goes. What its source has under way was not wrong yet.
    fn rank(&self, now: Instant, attempt: &Attempt<T>) -> Rank {
        let source = attempt.source;
        let running = self.running.iter().filter(|running| **running == source).count();
        let counted = self.guesses.count_from_source(now, source);
        match &attempt.guess {
            Some(guess) if guess.is_familiar => Rank::Familiar,
            Some(_) | None if counted as usize > running => Rank::Suspect,
            Some(_) | None => Rank::Fresh,
        }
    }

    /// Each rank goes first now and then, however many others there are.
    fn pop(&mut self) -> Option<Attempt<T>> {
        self.turns = self.turns.wrapping_add(1);
        let first = match self.turns {
            turn if turn % SUSPECTS_TURN == 0 => Rank::Suspect,
            turn if turn % STRANGERS_TURN == 0 => Rank::Fresh,
            _ => Rank::Familiar,
        };
        let ranks = (0..RANKS).map(|rank| (first as usize + rank) % RANKS);
        ranks.into_iter().find_map(|rank| self.queues[rank].pop()).map(|(_, attempt)| attempt)
    }

    /// There is no room: when there will be some.
    fn busy(&self) -> Later {
        let queued = u32::try_from(self.queued() / self.workers).unwrap_or(u32::MAX);
        let wait = self.hash_time.saturating_mul(queued).clamp(BUSY_WAIT_MIN, BUSY_WAIT_MAX);
        Later { why: Delay::Busy, wait }
    }

    fn queued(&self) -> usize {
        self.queues.iter().map(FairQueue::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::GUESSES_BY_SOURCE;
    use super::*;

    type Key = u64;

    struct Door {
        attempts: Attempts<Key, Key>,
        now: Instant,
        last_key: Key,
        /// Source 0 is where the owner came from last.
        is_familiar: bool,
        under_way: Vec<(Attempt<Key>, Begun, bool)>,
        /// How many wrong ones were hashed, and which right ones, when.
        wrong: usize,
        right: Vec<(String, Instant)>,
        told: Vec<(Key, Later)>,
    }

    const HASH_TIME: Duration = Duration::from_millis(30);

    impl Door {
        fn new() -> Self {
            Self {
                attempts: Attempts::new(1),
                now: Instant::ZERO,
                last_key: 0,
                is_familiar: false,
                under_way: vec![],
                wrong: 0,
                right: vec![],
                told: vec![],
            }
        }

        fn ask(&mut self, source: Source, name: &str) -> Key {
            self.last_key += 1;
            let is_familiar = self.is_familiar && source == self::source(0);
            let guess = Guess { name: name.parse().unwrap(), is_familiar };
            let attempt = Attempt { source, guess: Some(guess), content: self.last_key };
            let told = self.attempts.ask(self.now, self.last_key, attempt);
            self.told.extend(told.map(|(attempt, later)| (attempt.content, later)));
            self.begin();
            self.last_key
        }

        fn begin(&mut self) {
            while let Some(next) = self.attempts.next(self.now) {
                match next {
                    Next::Begin(attempt, begun) => {
                        let is_right = attempt.source == source(0);
                        self.under_way.push((attempt, begun, is_right));
                    }
                    Next::PutOff(attempt, later) => self.told.push((attempt.content, later)),
                }
            }
        }

        /// A hash is done, if one is under way.
        fn hash(&mut self) {
            self.now += HASH_TIME;
            let Some((attempt, begun, is_right)) = self.under_way.pop() else { return };
            self.attempts.finish(self.now, begun, &attempt, !is_right);
            match is_right {
                true => self.right.push((attempt.guess.unwrap().name.to_string(), self.now)),
                false => self.wrong += 1,
            }
            self.begin();
        }
    }

    /// Source 0 knows the passwords.
    fn source(number: u32) -> Source {
        Source::proved(std::net::Ipv4Addr::from(0x0a00_0000 + number).into())
    }

    #[test]
    fn of_many_wrong_guesses_in_parallel_five_are_tried() {
        let mut door = Door::new();
        for _ in 0..64 {
            door.ask(source(1), "bob");
        }
        for _ in 0..64 {
            door.hash();
        }
        assert_eq!(door.wrong, 5);
        assert_eq!(door.told.len(), 59);
        assert!(door.told.iter().all(|(_, later)| later.why == Delay::Attempts));
        let waits = |door: &Door| door.told.last().unwrap().1.wait;
        door.ask(source(1), "bob");
        let rest = waits(&door);
        door.now += rest;
        door.ask(source(1), "bob");
        door.hash();
        door.ask(source(1), "bob");
        assert!(waits(&door) > rest, "the next wait is longer");
    }

    #[test]
    fn an_owner_from_elsewhere_gets_in_while_one_source_guesses_a_thousand_times_a_second() {
        let mut door = Door::new();
        for _ in 0..100 {
            for _ in 0..30 {
                door.ask(source(1), "bob");
            }
            door.hash();
        }
        let asked_at = door.now;
        door.ask(source(0), "bob");
        while door.right.is_empty() {
            for _ in 0..30 {
                door.ask(source(1), "bob");
            }
            door.hash();
        }
        assert!(door.now.saturating_since(asked_at) <= 3 * HASH_TIME);
    }

    /// How long the owner waits while so many sources guess, each a new one at first.
    fn wait_of_owner(is_familiar: bool, guesses_before: u32) -> Duration {
        let mut door = Door::new();
        door.is_familiar = is_familiar;
        for guess in 0..guesses_before {
            door.ask(source(1 + guess % 1_000), "bob");
            if guess % 30 == 0 {
                door.hash();
            }
        }
        let asked_at = door.now;
        door.ask(source(0), "bob");
        for guess in 0.. {
            if !door.right.is_empty() {
                break;
            }
            door.ask(source(1 + guess % 1_000), "bob");
            door.hash();
        }
        door.now.saturating_since(asked_at)
    }

    #[test]
    fn an_owner_gets_in_while_a_thousand_sources_guess_a_thousand_times_a_second() {
        let familiar = wait_of_owner(true, 5_000);
        assert!(familiar <= 4 * HASH_TIME, "{familiar:?}");
        // Once each source was wrong, whoever was not goes first.
        let elsewhere = wait_of_owner(false, 60_000);
        assert!(elsewhere <= 4 * HASH_TIME, "{elsewhere:?}");
        let at_worst = wait_of_owner(false, 1_000);
        assert!(at_worst <= 1_001 * HASH_TIME, "{at_worst:?}");
    }

    #[test]
    fn ten_thousand_guesses_from_fifty_sources_are_a_hundred_at_most() {
        let mut door = Door::new();
        for guess in 0..10_000 {
            door.ask(source(1 + guess % 50), "bob");
            door.hash();
        }
        assert!(door.wrong <= 100, "{} were tried", door.wrong);
        door.ask(source(0), "bob");
        door.hash();
        assert_eq!(door.right.len(), 1);
    }

    #[test]
    fn a_thousand_right_ones_at_once_from_one_source_are_all_hashed() {
        let mut door = Door::new();
        for person in 0..1_000 {
            door.ask(source(0), &format!("p{person}"));
        }
        for _ in 0..1_000 {
            door.hash();
        }
        assert_eq!((door.right.len(), &door.told[..]), (1_000, &[][..]));
    }

    #[test]
    fn beyond_its_bounds_who_takes_most_comes_later() {
        let mut door = Door::new();
        let per_source = u32::try_from(ATTEMPTS_QUEUED_OF_SOURCE_MAX).unwrap();
        let all = u32::try_from(ATTEMPTS_QUEUED_MAX).unwrap();
        for n in 0..per_source + 5 {
            door.ask(source(0), &format!("p{n}"));
        }
        assert_eq!(door.told.len(), 4, "one is under way");
        assert!(door.told.iter().all(|(_, later)| later.why == Delay::Busy));
        let mut last = 0;
        for n in 0..all - 1_000 {
            last = door.ask(source(1 + n / 8), &format!("q{n}"));
        }
        assert!(door.told.iter().all(|(key, _)| *key != last), "who takes little has a place");
        assert_eq!(door.attempts.queued(), ATTEMPTS_QUEUED_MAX);
    }

    #[test]
    fn guessing_many_names_from_one_source_is_slowed_down_too() {
        let mut door = Door::new();
        for guess in 0..10_000 {
            door.ask(source(1), &format!("p{guess}"));
            door.hash();
        }
        let free = GUESSES_BY_SOURCE.free as usize;
        assert!(door.wrong <= free + 15, "{} were tried", door.wrong);
    }
}
