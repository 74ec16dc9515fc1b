//! How far one's own message got.

use std::fmt::Display;

use netchat_client::session::{Failure, Progress};
use netchat_shared::extended::{Receipt, Receipts};
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;

use crate::words::{Locale, Word, receipt, values};

/// How far a message got, as a sign at the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It has not left this client, or the server has not said so.
    Waiting,
    /// The server has stored it; nobody has it yet.
    Stored,
    /// So many of so many have it.
    Partly(u32, u32),
    /// Everybody has it.
    Received,
    /// It did not get through.
    Failed,
}

/// How far one's own message got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    id: MessageId,
    is_stored: bool,
    /// How it stands with each recipient, as far as they are known.
    recipients: Vec<(UserName, Receipt)>,
    /// Where they are too many to name: so many of so many have received it.
    counted: Option<(u32, u32)>,
    /// On a classic server: for how many it was accepted.
    accepted: usize,
    /// Why it did not get through, where that is about no one in particular.
    failures: Vec<Failure>,
}

impl Delivery {
    /// Of a message that waits to be sent.
    #[must_use]
    pub fn new(id: MessageId) -> Self {
        let (recipients, counted, failures) = (vec![], None, vec![]);
        Self { id, is_stored: false, recipients, counted, accepted: 0, failures }
    }

    /// Of a message that is stored.
    #[must_use]
    pub fn stored(id: MessageId, receipts: Receipts) -> Self {
        let (recipients, counted) = match receipts {
            Receipts::Each(each) => (each, None),
            Receipts::Count { received, of } => (vec![], Some((received, of))),
        };
        Self { is_stored: true, recipients, counted, ..Self::new(id) }
    }

    /// Whether it did not get through, to anybody.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let nobody = |receipt| self.count(receipt) == 0;
        let lost = self.failures.len() + self.count(Receipt::Lost) + self.count(Receipt::Corrupted);
        let is_for = match self.counted {
            Some((received, _)) if received > 0 => return false,
            Some((_, of)) => usize::try_from(of).unwrap_or(usize::MAX),
            None => self.accepted,
        };
        nobody(Receipt::Received) && nobody(Receipt::Waiting) && lost > 0 && lost >= is_for
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// The sign at the end of its line.
    #[must_use]
    pub fn mark(&self) -> Mark {
        if self.has_failed() {
            return Mark::Failed;
        }
        let of = self
            .counted
            .map_or_else(|| self.recipients.len().max(self.accepted), |(_, of)| of as usize);
        let received =
            self.counted.map_or_else(|| self.count(Receipt::Received), |(got, _)| got as usize);
        match (received, of) {
            (0, _) if !self.is_stored && self.accepted == 0 => Mark::Waiting,
            (0, _) => Mark::Stored,
            (received, of) if received >= of => Mark::Received,
            (received, of) => Mark::Partly(received as u32, of as u32),
        }
    }

    /// How it stands with each recipient.
    #[must_use]
    pub fn recipients(&self) -> &[(UserName, Receipt)] {
        &self.recipients
    }

    /// How far it got, in words. Whether a recipient `is_away` decides what is said of who waits.
    #[must_use]
    pub fn summary(&self, locale: Locale, is_away: impl Fn(&UserName) -> bool) -> String {
        let say = |word: Word| word.say(locale).to_owned();
        let received_by = |received: &dyn Display, of: &dyn Display| {
            receipt::ReceivedBy { received, of }.say(locale)
        };
        if self.has_failed() {
            return self.describe_failure(locale);
        }
        let received = self.count(Receipt::Received);
        if !self.is_stored {
            return match (self.accepted, received) {
                (0, _) => say(receipt::WAITING),
                (_, 0) => say(receipt::SENT),
                (1, _) => say(receipt::RECEIVED),
                (accepted, received) => received_by(&received, &accepted),
            };
        }
        match self.counted {
            Some((0, of)) => return receipt::SentTo { of: &of }.say(locale),
            Some((received, of)) => return received_by(&received, &of),
            None => {}
        }
        match &self.recipients[..] {
            [] => say(receipt::SENT),
            [(_, Receipt::Received)] => say(receipt::RECEIVED),
            [(name, _)] if is_away(name) => receipt::WaitsFor { name }.say(locale),
            [_] => say(receipt::SENT),
            all if received == 0 => receipt::SentTo { of: &all.len() }.say(locale),
            all => received_by(&received, &all.len()),
        }
    }

    pub(super) fn fold(&mut self, progress: &Progress) {
        match progress {
            Progress::Sent => self.accepted += 1,
            Progress::Stored(_, recipients) => {
                self.is_stored = true;
                if recipients.names().is_empty() && recipients.count() > 0 {
                    self.counted.get_or_insert((0, recipients.count()));
                }
                for name in recipients.names() {
                    if !self.recipients.iter().any(|(known, _)| known == name) {
                        self.recipients.push((name.clone(), Receipt::Waiting));
                    }
                }
            }
            Progress::ReceivedCount { received, of } => self.counted = Some((*received, *of)),
            Progress::Received(name) => self.set(name, Receipt::Received),
            Progress::Failed(Failure::Lost, Some(name)) => self.set(name, Receipt::Lost),
            Progress::Failed(Failure::Corrupted, Some(name)) => self.set(name, Receipt::Corrupted),
            Progress::Failed(failure, _) => self.failures.push(failure.clone()),
        }
    }

    fn set(&mut self, name: &UserName, receipt: Receipt) {
        match self.recipients.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = receipt,
            None => self.recipients.push((name.clone(), receipt)),
        }
    }

    fn count(&self, receipt: Receipt) -> usize {
        self.recipients.iter().filter(|(_, known)| *known == receipt).count()
    }

    fn describe_failure(&self, locale: Locale) -> String {
        let word = match self.failures.last() {
            Some(Failure::Refused(why)) => {
                let why = values::told(locale, why);
                let why = why.trim_start_matches("SERVER: ");
                return receipt::NotSent { why: &why }.say(locale);
            }
            Some(Failure::NoSuchUser) => receipt::NO_USER,
            Some(Failure::Lost) => receipt::LOST,
            Some(Failure::Corrupted) => receipt::CORRUPTED,
            Some(Failure::NoAnswer) => receipt::NO_ANSWER,
            None if self.count(Receipt::Corrupted) > 0 => receipt::CORRUPTED,
            None => receipt::LOST,
        };
        word.say(locale).to_owned()
    }
}
