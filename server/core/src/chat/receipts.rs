//! How messages stand with their recipients, as their senders are told.

use std::collections::{BTreeMap, BTreeSet};

use netchat_shared::extended::{Receipt, Receipts};
use netchat_shared::limits::RECIPIENTS_NAMED_MAX;

use super::people::People;
use crate::context::{Context, TimerKey};
use crate::directory::{Directory, Kind};
use crate::events::Update;
use crate::limits::{COUNTED_MESSAGES_MAX, RECEIVED_COUNTS_INTERVAL};
use crate::storage::{DeliveryFailure, Message, Sequence, UserId};

/// How many have received messages that went to many. Those of the latest
/// [`COUNTED_MESSAGES_MAX`]: an earlier one's count stays as it was told last.
#[derive(Debug, Default)]
pub(crate) struct ReceivedCounts {
    by_message: BTreeMap<Sequence, Counted>,
    changed: BTreeSet<Sequence>,
}

#[derive(Debug)]
struct Counted {
    sender: UserId,
    received: u32,
    of: u32,
}

impl ReceivedCounts {
    /// A message went to many.
    pub(crate) fn begin(&mut self, message: &Message, of: u32) {
        let counted = Counted { sender: message.sender, received: 0, of };
        self.by_message.insert(message.sequence, counted);
        if self.by_message.len() > COUNTED_MESSAGES_MAX {
            self.by_message.pop_first();
        }
    }

    /// One more has received it. False if it is not counted.
    pub(crate) fn add(&mut self, cx: &mut Context, sequence: Sequence) -> bool {
        let Some(counted) = self.by_message.get_mut(&sequence) else { return false };
        counted.received = counted.received.saturating_add(1).min(counted.of);
        self.changed.insert(sequence);
        let at = cx.now.monotonic + RECEIVED_COUNTS_INTERVAL;
        cx.timers.set_if_unset(TimerKey::ReceivedCounts, at);
        true
    }

    /// Whether it is counted, rather than told for each.
    pub(crate) fn counts(&self, sequence: Sequence) -> bool {
        self.by_message.contains_key(&sequence)
    }

    fn receipts(&self, sequence: Sequence) -> Option<Receipts> {
        let counted = self.by_message.get(&sequence)?;
        Some(Receipts::Count { received: counted.received, of: counted.of })
    }

    /// Tells the senders.
    pub(crate) fn tell(&mut self, cx: &mut Context, people: &People) {
        for sequence in std::mem::take(&mut self.changed) {
            let Some(Counted { sender, received, of }) = self.by_message.get(&sequence) else {
                continue;
            };
            for &key in people.presence.sessions(*sender) {
                let (received, of) = (*received, *of);
                cx.update(key, Update::ReceivedCount { sequence, received, of });
            }
        }
    }
}

/// How a message of the viewer's own stands with its recipients, as far as that is known.
pub(crate) fn receipts_of(
    people: &People,
    counts: &ReceivedCounts,
    message: &Message,
    failures: &[(UserId, DeliveryFailure)],
) -> Receipts {
    if !message.kind.is_line() {
        return Receipts::default();
    }
    if let Some(receipts) = counts.receipts(message.sequence) {
        return receipts;
    }
    let sequence = message.sequence;
    let recipients: Vec<UserId> = match people.directory.kind(message.conversation) {
        // Who was there to hear it is not kept.
        Some(Kind::Everyone) | None => return Receipts::default(),
        Some(Kind::Direct(one, other)) => vec![if one == message.sender { other } else { one }],
        Some(Kind::Group(group)) => {
            Directory::readers(group, sequence).filter(|&member| member != message.sender).collect()
        }
    };
    let has_received = |user: UserId| people.received.of(user) >= sequence;
    if recipients.len() > RECIPIENTS_NAMED_MAX {
        let received = recipients.iter().filter(|&&user| has_received(user)).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        return Receipts::Count { received: count(received), of: count(recipients.len()) };
    }
    let receipt = |user: UserId| match failures.iter().find(|(failed, _)| *failed == user) {
        Some((_, DeliveryFailure::Lost)) => Receipt::Lost,
        Some((_, DeliveryFailure::Corrupted)) => Receipt::Corrupted,
        None if has_received(user) => Receipt::Received,
        None => Receipt::Waiting,
    };
    let each = recipients.into_iter();
    Receipts::Each(
        each.filter_map(|user| Some((people.name(user)?.clone(), receipt(user)))).collect(),
    )
}
