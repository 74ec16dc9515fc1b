//! What becomes of messages at their recipients: received, corrupted, or lost.
//!
//! A message is lost when every session of its recipient that is here has given it up. It is then
//! recorded as failed, and its sender told. A message that a session could not take, while its user
//! has others or comes back, waits in storage; only a sender who could not be told of that later
//! ([`Wants::EachRecipient`](crate::events::Wants::EachRecipient)) hears that it is lost.

use std::collections::BTreeMap;

use super::people::People;
use super::receipts::ReceivedCounts;
use crate::context::Context;
use crate::events::{GaveUp, InFlight, Outcome, SessionKey, Update};
use crate::limits::{AWAITED_OUTCOMES_MAX, DOUBTFUL_MESSAGES_MAX};
use crate::storage::{DeliveryFailure, Sequence, UserId, Write};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    /// Sessions that wait to hear what becomes of a message at a recipient.
    awaited: BTreeMap<(UserId, Sequence), SessionKey>,
    /// Messages that some sessions of their recipient have given up, and others may still deliver.
    doubtful: BTreeMap<(UserId, Sequence), Doubt>,
    pub(crate) counts: ReceivedCounts,
}

#[derive(Debug)]
struct Doubt {
    sender: UserId,
    given_up_by: Vec<SessionKey>,
}

impl Deliveries {
    /// A session wants to hear what becomes of a message at a recipient. False if too many do.
    pub(crate) fn watch(&mut self, user: UserId, sequence: Sequence, key: SessionKey) -> bool {
        if self.awaited.len() >= AWAITED_OUTCOMES_MAX {
            return false;
        }
        self.awaited.insert((user, sequence), key);
        true
    }

    /// The client of a user's session has everything up to there, of which it was handed these.
    pub(crate) fn receive(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        (key, user): (SessionKey, UserId),
        up_to: Sequence,
        handed: &[InFlight],
    ) {
        self.fail_doubtful(cx, people, (key, user), up_to);
        let before = self.advance(cx, people, user, up_to);
        let Some(name) = people.name(user).cloned() else { return };
        // Of one sender's, the last; there are seldom several senders.
        let mut told: Vec<(UserId, Sequence)> = Vec::new();
        for message in handed {
            if self.counts.counts(message.sequence) {
                // The user's other sessions may have said so before.
                if before.is_some_and(|before| message.sequence > before) {
                    self.counts.add(cx, message.sequence);
                }
            } else {
                match told.iter_mut().find(|(sender, _)| *sender == message.sender) {
                    Some((_, sequence)) => *sequence = message.sequence,
                    None => told.push((message.sender, message.sequence)),
                }
            }
        }
        for (sender, sequence) in told {
            for &key in people.presence.sessions(sender) {
                cx.update(key, Update::Received(name.clone(), sequence));
            }
        }
    }

    /// A user has everything up to there, or a record of its failure. Answers up to where they had.
    pub(crate) fn advance(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        user: UserId,
        to: Sequence,
    ) -> Option<Sequence> {
        let before = people.received.advance(cx, user, to)?;
        for sequence in range_of(&self.doubtful, user, to) {
            self.doubtful.remove(&(user, sequence));
        }
        let name = people.name(user)?.clone();
        for sequence in range_of(&self.awaited, user, to) {
            if let Some(key) = self.awaited.remove(&(user, sequence)) {
                cx.update(key, Update::Outcome(Outcome::Received(name.clone())));
            }
        }
        Some(before)
    }

    /// A recipient found a message corrupted: that is final, whoever else has it.
    pub(crate) fn fail_corrupted(
        &mut self,
        cx: &mut Context,
        people: &mut People,
        user: UserId,
        message: InFlight,
    ) {
        if people.received.of(user) < message.sequence {
            self.fail(cx, people, user, message, DeliveryFailure::Corrupted);
            self.advance(cx, people, user, message.sequence);
        }
    }

    /// A session will not deliver these.
    pub(crate) fn give_up(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        handed: &[InFlight],
        why: GaveUp,
    ) {
        for &message in handed {
            let place = (user, message.sequence);
            let waits_in_storage = why == GaveUp::Gone && !self.awaited.contains_key(&place);
            if waits_in_storage || people.received.of(user) >= message.sequence {
                continue;
            }
            let others = people.presence.sessions(user);
            let given_up_by = self.doubtful.get(&place).map_or(&[][..], |doubt| &doubt.given_up_by);
            if others.iter().all(|other| *other == key || given_up_by.contains(other)) {
                self.fail(cx, people, user, message, DeliveryFailure::Lost);
            } else {
                self.doubt(place, message.sender, key);
            }
        }
    }

    /// The last session of a user has gone: what senders still wait for, who could not be told
    /// later, is lost.
    pub(crate) fn lose_all(&mut self, cx: &mut Context, people: &People, user: UserId) {
        let end = Sequence(u64::MAX);
        for sequence in range_of(&self.awaited, user, end) {
            let waiting = self.awaited.get(&(user, sequence)).copied();
            match waiting.and_then(|key| people.presence.session(key)) {
                Some(session) => {
                    let message = InFlight { sequence, sender: session.user };
                    self.fail(cx, people, user, message, DeliveryFailure::Lost);
                }
                // Whoever wanted to hear is gone too.
                None => {
                    self.awaited.remove(&(user, sequence));
                    cx.store_aside(Write::AddFailure(sequence, user, DeliveryFailure::Lost));
                }
            }
        }
        for sequence in range_of(&self.doubtful, user, end) {
            if let Some(doubt) = self.doubtful.remove(&(user, sequence)) {
                let message = InFlight { sequence, sender: doubt.sender };
                self.fail(cx, people, user, message, DeliveryFailure::Lost);
            }
        }
    }

    /// What a session has given up is not among what it says it has.
    fn fail_doubtful(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        up_to: Sequence,
    ) {
        for sequence in range_of(&self.doubtful, user, up_to) {
            let doubt = &self.doubtful[&(user, sequence)];
            if doubt.given_up_by.contains(&key) {
                let message = InFlight { sequence, sender: doubt.sender };
                self.fail(cx, people, user, message, DeliveryFailure::Lost);
            }
        }
    }

    fn doubt(&mut self, place: (UserId, Sequence), sender: UserId, key: SessionKey) {
        if self.doubtful.len() >= DOUBTFUL_MESSAGES_MAX && !self.doubtful.contains_key(&place) {
            // Whoever else has it will deliver it, or not: its sender hears of the former.
            return;
        }
        let doubt = self.doubtful.entry(place);
        doubt.or_insert_with(|| Doubt { sender, given_up_by: Vec::new() }).given_up_by.push(key);
    }

    fn fail(
        &mut self,
        cx: &mut Context,
        people: &People,
        user: UserId,
        message: InFlight,
        failure: DeliveryFailure,
    ) {
        let InFlight { sequence, sender } = message;
        self.doubtful.remove(&(user, sequence));
        cx.store_aside(Write::AddFailure(sequence, user, failure));
        if let Some(key) = self.awaited.remove(&(user, sequence)) {
            cx.update(key, Update::Outcome(Outcome::Failed(failure)));
        }
        if let Some(name) = people.name(user) {
            for &key in people.presence.sessions(sender) {
                cx.update(key, Update::Failed(sequence, name.clone(), failure));
            }
        }
    }
}

/// The places of a user in a map, up to that one.
fn range_of<T>(map: &BTreeMap<(UserId, Sequence), T>, user: UserId, to: Sequence) -> Vec<Sequence> {
    map.range((user, Sequence::ZERO)..=(user, to)).map(|((_, sequence), _)| *sequence).collect()
}
