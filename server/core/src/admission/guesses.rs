//! Guesses at passwords: how many were made at a name from a source, from a source, and at a name.

use std::time::Duration;

use netchat_shared::name::UserName;
use netchat_shared::time::Instant;

use super::limits::{
    ATTEMPT_SOURCES_MAX, GUESSES_BY_ATTACKED_NAME, GUESSES_BY_NAME, GUESSES_BY_SOURCE,
    GUESSES_OF_NAME_ATTACKED, GUESSES_OF_NAME_FORGIVEN,
};
use super::source::Source;
use super::throttle::{Rule, Throttle};

/// Guesses of a name from all sources: they are counted and hold nobody up by themselves.
const BY_NAME: Rule = Rule {
    free: u32::MAX,
    first_wait: Duration::ZERO,
    longest_wait: Duration::ZERO,
    forgives_one_after: GUESSES_OF_NAME_FORGIVEN,
};

/// A password is shown for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) name: UserName,
    /// The name's owner signed in from this source last.
    pub(crate) is_familiar: bool,
}

/// What is remembered of guesses. One counts when it begins; one that was right is given back.
#[derive(Debug)]
pub(super) struct Guesses {
    by_name_and_source: Throttle<(Source, UserName)>,
    by_source: Throttle<Source>,
    by_name: Throttle<UserName>,
}

impl Guesses {
    pub(super) fn new() -> Self {
        Self {
            by_name_and_source: Throttle::new(ATTEMPT_SOURCES_MAX),
            by_source: Throttle::new(ATTEMPT_SOURCES_MAX),
            by_name: Throttle::new(ATTEMPT_SOURCES_MAX),
        }
    }

    /// How long a guess has to wait for wrong ones before it.
    pub(super) fn wait(&self, now: Instant, source: Source, guess: &Guess) -> Option<Duration> {
        let of_name = self.by_name_and_source.wait(now, &(source, guess.name.clone()));
        let wait = of_name.max(self.by_source.wait(now, &source));
        Some(wait).filter(|wait| !wait.is_zero())
    }

    pub(super) fn begin_at_name(&mut self, now: Instant, source: Source, guess: &Guess) {
        let rule = self.rule(now, guess);
        self.by_name_and_source.begin(now, &(source, guess.name.clone()), rule);
        self.by_name.begin(now, &guess.name, &BY_NAME);
    }

    pub(super) fn begin_from_source(&mut self, now: Instant, source: Source) {
        self.by_source.begin(now, &source, &GUESSES_BY_SOURCE);
    }

    pub(super) fn forgive_at_name(&mut self, source: Source, guess: &Guess) {
        self.by_name_and_source.forgive(&(source, guess.name.clone()));
        self.by_name.give_back(&guess.name, &BY_NAME);
    }

    pub(super) fn forgive_from_source(&mut self, source: Source) {
        self.by_source.give_back(&source, &GUESSES_BY_SOURCE);
    }

    pub(super) fn count_from_source(&self, now: Instant, source: Source) -> u32 {
        self.by_source.count(now, &source, &GUESSES_BY_SOURCE)
    }

    /// A name that is guessed from many sources gives each of them one guess, but for the one that
    /// its owner came from last.
    fn rule(&self, now: Instant, guess: &Guess) -> &'static Rule {
        let is_attacked =
            self.by_name.count(now, &guess.name, &BY_NAME) >= GUESSES_OF_NAME_ATTACKED;
        match is_attacked && !guess.is_familiar {
            true => &GUESSES_BY_ATTACKED_NAME,
            false => &GUESSES_BY_NAME,
        }
    }
}
