//! One's own messages that are stored and that somebody still has to receive.

use super::super::{Common, Event, Failure, Progress};
use netchat_shared::extended::{ClientMessage, Receipt};
use netchat_shared::limits::UNSETTLED_MESSAGES_MAX;
use netchat_shared::list::List;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::sorted::{SortedMap, SortedSet};

/// Outlives links, so that receipts which came in between are asked for.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    messages: SortedMap<Sequence, Message>,
}

#[derive(Debug)]
struct Message {
    id: MessageId,
    waiting: Waiting,
}

#[derive(Debug)]
pub(super) enum Waiting {
    /// For these.
    Named(SortedSet<UserName>),
    /// For so many that only their number is told.
    Counted,
}

impl Unsettled {
    /// Watches a message, unless nobody is waited for. The earliest makes room.
    pub(super) fn add(&mut self, sequence: Sequence, id: MessageId, waiting: Waiting) {
        if matches!(&waiting, Waiting::Named(names) if names.is_empty()) {
            return;
        }
        self.messages.insert(sequence, Message { id, waiting });
        if self.messages.len() > UNSETTLED_MESSAGES_MAX {
            self.messages.pop_first();
        }
    }

    /// What to ask the server to learn what was missed.
    pub(super) fn questions(&self) -> Vec<ClientMessage> {
        let Some((&since, _)) = self.messages.first() else { return Vec::new() };
        let mut names = SortedSet::new();
        for message in self.messages.values() {
            if let Waiting::Named(waiting) = &message.waiting {
                names.extend(waiting.iter().cloned());
            }
        }
        let mut pages = List::pages(names);
        if pages.is_empty() {
            // Failures are told all the same.
            pages.push(List::default());
        }
        pages.into_iter().map(|names| ClientMessage::Receipts(since, names)).collect()
    }

    /// Somebody has everything up to there.
    pub(super) fn handle_received(
        &mut self,
        name: &UserName,
        sequence: Sequence,
        common: &mut Common,
    ) {
        let places: Vec<_> =
            self.messages.keys().copied().take_while(|place| *place <= sequence).collect();
        places.into_iter().for_each(|place| self.handle_received_one(place, name, common));
    }

    /// Somebody has that one; what of the others, is not known.
    pub(super) fn handle_received_one(
        &mut self,
        sequence: Sequence,
        name: &UserName,
        common: &mut Common,
    ) {
        let Some(message) = self.messages.get_mut(&sequence) else { return };
        let Waiting::Named(waiting) = &mut message.waiting else { return };
        if waiting.remove(name) {
            let received = Progress::Received(name.clone());
            common.tell(Event::Progress(message.id, received));
        }
        if waiting.is_empty() {
            self.messages.remove(&sequence);
        }
    }

    /// So many of so many have that one.
    pub(super) fn handle_count(
        &mut self,
        sequence: Sequence,
        received: u32,
        of: u32,
        common: &mut Common,
    ) {
        let Some(message) = self.messages.get(&sequence) else { return };
        common.tell(Event::Progress(message.id, Progress::ReceivedCount { received, of }));
        if received >= of {
            self.messages.remove(&sequence);
        }
    }

    /// That one did not reach somebody.
    pub(super) fn handle_failed(
        &mut self,
        sequence: Sequence,
        name: UserName,
        receipt: Receipt,
        common: &mut Common,
    ) {
        let Some(failure) = failure_of(receipt) else { return };
        let Some(message) = self.messages.get_mut(&sequence) else { return };
        let (was_waiting, is_settled) = match &mut message.waiting {
            Waiting::Named(waiting) => (waiting.remove(&name), waiting.is_empty()),
            Waiting::Counted => (true, false),
        };
        if was_waiting {
            let failed = Progress::Failed(failure, Some(name));
            common.tell(Event::Progress(message.id, failed));
        }
        if is_settled {
            self.messages.remove(&sequence);
        }
    }
}

/// Why it did not get through, if it did not.
fn failure_of(receipt: Receipt) -> Option<Failure> {
    match receipt {
        Receipt::Lost => Some(Failure::Lost),
        Receipt::Corrupted => Some(Failure::Corrupted),
        Receipt::Waiting | Receipt::Received => None,
    }
}
