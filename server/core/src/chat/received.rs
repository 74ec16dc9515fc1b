//! How far each user has received: one place in the log, and exceptions (failures). It is soft: told
//! at once, stored a little later, and a client's own memory keeps what is delivered again after a
//! crash from being shown again.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::{Context, TimerKey};
use crate::limits::RECEIVED_INTERVAL;
use crate::storage::{Sequence, UserId, Write};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct ReceivedPlaces {
    by_user: BTreeMap<UserId, Sequence>,
    /// Users whose place is not stored yet.
    changed: BTreeSet<UserId>,
}

impl ReceivedPlaces {
    pub(crate) fn new(places: impl IntoIterator<Item = (UserId, Sequence)>) -> Self {
        Self { by_user: places.into_iter().collect(), changed: BTreeSet::new() }
    }

    /// Up to where a user has received everything.
    pub(crate) fn of(&self, user: UserId) -> Sequence {
        self.by_user.get(&user).copied().unwrap_or_default()
    }

    /// A user is new: nothing before them is for them.
    pub(crate) fn begin(&mut self, user: UserId, since: Sequence) {
        self.by_user.insert(user, since);
    }

    /// A user has received everything up to there. Answers up to where they had, if that is less.
    pub(crate) fn advance(
        &mut self,
        cx: &mut Context,
        user: UserId,
        to: Sequence,
    ) -> Option<Sequence> {
        let place = self.by_user.entry(user).or_default();
        if *place >= to {
            return None;
        }
        let before = std::mem::replace(place, to);
        self.changed.insert(user);
        cx.timers.set_if_unset(TimerKey::Received, cx.now.monotonic + RECEIVED_INTERVAL);
        Some(before)
    }

    /// Stores what was put off.
    pub(crate) fn store(&mut self, cx: &mut Context) {
        let places = std::mem::take(&mut self.changed);
        let places: Vec<_> = places.into_iter().map(|user| (user, self.of(user))).collect();
        if !places.is_empty() {
            cx.store_aside(Write::SetReceived(places));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::context::testing::context;

    #[test]
    fn a_place_never_goes_back_and_is_stored_with_others() {
        let (mut cx, mut places) = (context(), ReceivedPlaces::default());
        let (alice, bob) = (UserId(1), UserId(2));
        assert_eq!(places.advance(&mut cx, alice, Sequence(5)), Some(Sequence::ZERO));
        assert_eq!(places.advance(&mut cx, alice, Sequence(4)), None);
        assert_eq!(places.advance(&mut cx, bob, Sequence(2)), Some(Sequence::ZERO));
        assert_eq!(places.of(alice), Sequence(5));
        places.store(&mut cx);
        places.store(&mut cx);
        let expected = Write::SetReceived(vec![(alice, Sequence(5)), (bob, Sequence(2))]);
        let actions = cx.take_actions();
        assert!(matches!(&actions[..], [Action::Store(_, write)] if *write == expected));
    }
}
