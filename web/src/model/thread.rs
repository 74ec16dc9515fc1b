//! The messages of one conversation.

use netchat_client::session::{Content, Failure, Progress};
use netchat_shared::extended::{Receipt, Receipts};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

use super::changes::Changes;

/// Messages of one conversation that a page keeps while others arrive. The earliest make room, and
/// can be asked for again.
const MESSAGES_MAX: usize = 5_000;

/// Names a message on this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub u64);

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// In the server's order; at the end, those that have no place in it yet.
    pub messages: Vec<Message>,
    /// Messages that came while it was not in front.
    pub unread: usize,
    /// The first message that was unread when it came to the front.
    pub first_unread: Option<MessageKey>,
    /// What came before this page was opened was asked for.
    pub is_loaded: bool,
    /// There are messages before the first.
    pub has_earlier: bool,
}

/// A message as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name on this page.
    pub key: MessageKey,
    /// Who sent it; `None` if that was lost.
    pub sender: Option<UserName>,
    /// What it says.
    pub content: Content,
    /// When it was stored, or sent or arrived where the protocol does not tell.
    pub time: UnixTime,
    /// Its place in the server's order, once it has one.
    pub sequence: Option<Sequence>,
    /// For one's own: how far it got.
    pub delivery: Option<Delivery>,
    /// What was said about it since.
    pub changes: Changes,
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

impl Thread {
    /// Adds a message where it belongs. False if one of that place is here already.
    pub fn add(&mut self, message: Message) -> bool {
        let Some(sequence) = message.sequence else {
            self.messages.push(message);
            return true;
        };
        if let Some(other) = self.line(sequence) {
            if message.content == Content::TakenBack {
                other.take_back();
            }
            return false;
        }
        let after =
            self.messages.iter().rposition(|other| other.sequence.is_some_and(|o| o < sequence));
        self.messages.insert(after.map_or(0, |at| at + 1), message);
        true
    }

    /// Folds what somebody says about a line, if that is here.
    pub fn change(&mut self, at: Sequence, who: &UserName, kind: &MessageKind, content: Content) {
        let Some(line) = kind.of().and_then(|of| self.line(of)) else { return };
        if line.content == Content::TakenBack {
            return;
        }
        match (kind, content) {
            (MessageKind::Edit(_), Content::Text(text)) => {
                if line.changes.edit(at) {
                    line.content = Content::Text(text);
                }
            }
            (MessageKind::Deletion(_), _) => line.take_back(),
            (MessageKind::Reaction(_), Content::Reaction(reaction)) => {
                line.changes.react(at, who.clone(), reaction);
            }
            // What can't be read changes nothing, and lines are no changes.
            (
                MessageKind::Edit(_)
                | MessageKind::Reaction(_)
                | MessageKind::Text
                | MessageKind::Reply(_)
                | MessageKind::Unknown(_),
                _,
            ) => {}
        }
    }

    /// One's own last line that can be changed.
    #[must_use]
    pub fn last_own(&self) -> Option<Sequence> {
        self.last_where(|message| message.delivery.is_some())
    }

    /// The last line of somebody else.
    #[must_use]
    pub fn last_of_others(&self) -> Option<Sequence> {
        self.last_where(|message| message.delivery.is_none())
    }

    /// The place of the last message that has one.
    #[must_use]
    pub fn last_sequence(&self) -> Option<Sequence> {
        self.messages.iter().rev().find_map(|message| message.sequence)
    }

    /// Places mean nothing any more: what has one is forgotten.
    pub fn forget_places(&mut self) {
        self.messages.retain(|message| message.sequence.is_none());
        let messages = std::mem::take(&mut self.messages);
        *self = Self { messages, ..Self::default() };
    }

    fn last_where(&self, is_it: impl Fn(&Message) -> bool) -> Option<Sequence> {
        let mut lines = self.messages.iter().rev();
        let is_line = |message: &&Message| {
            message.sequence.is_some() && message.content != Content::TakenBack && is_it(message)
        };
        lines.find(is_line)?.sequence
    }

    fn line(&mut self, sequence: Sequence) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|message| message.sequence == Some(sequence))
    }

    /// Forgets some of the earliest messages if there are too many.
    pub fn make_room(&mut self) {
        if self.messages.len() > MESSAGES_MAX {
            self.has_earlier |= self.messages[0].sequence.is_some();
            self.messages.drain(..MESSAGES_MAX / 10);
        }
    }

    /// Folds news of one's own message, if it is here.
    pub fn fold_progress(&mut self, id: MessageId, progress: &Progress) {
        let is_it = |message: &Message| message.delivery.as_ref().is_some_and(|d| d.id == id);
        let Some(at) = self.messages.iter().rposition(is_it) else { return };
        if let Some(delivery) = &mut self.messages[at].delivery {
            delivery.fold(progress);
        }
        if let Progress::Stored(stored, _) = progress
            && self.messages[at].sequence.is_none()
        {
            // Now it has a place: others may have been faster.
            let mut message = self.messages.remove(at);
            message.sequence = Some(stored.sequence);
            message.time = stored.time;
            self.add(message);
        }
    }

    /// Whether one's own message of this id is here.
    #[must_use]
    pub fn has_own(&self, id: MessageId) -> bool {
        let mut own = self.messages.iter().filter_map(|message| message.delivery.as_ref());
        own.any(|delivery| delivery.id == id)
    }

    /// Takes a failed message away, to send its text again.
    pub fn take_failed(&mut self, key: MessageKey) -> Option<String> {
        let at = self.messages.iter().position(|message| {
            message.key == key && message.delivery.as_ref().is_some_and(Delivery::has_failed)
        })?;
        match self.messages.remove(at).content {
            Content::Text(text) => Some(text),
            Content::Reaction(_) | Content::TakenBack | Content::Corrupted | Content::Unknown => {
                None
            }
        }
    }

    /// It came to the front: what was unread is marked once, and read.
    pub fn mark_read(&mut self) {
        let first = self.messages.len().checked_sub(self.unread).filter(|_| self.unread > 0);
        self.first_unread = first.and_then(|at| self.messages.get(at)).map(|message| message.key);
        self.unread = 0;
    }

    /// When its last message was sent.
    #[must_use]
    pub fn last_time(&self) -> Option<UnixTime> {
        self.messages.last().map(|message| message.time)
    }

    /// The place of the first message that has one: earlier ones come before it.
    #[must_use]
    pub fn first_sequence(&self) -> Option<Sequence> {
        self.messages.iter().find_map(|message| message.sequence)
    }

    /// Its last message in one line.
    #[must_use]
    pub fn last_line(&self) -> String {
        self.messages.last().map_or_else(String::new, |message| {
            let text = match &message.content {
                Content::Text(text) => text.replace('\n', " "),
                Content::Corrupted => "(corrupted)".to_owned(),
                Content::TakenBack => "(taken back)".to_owned(),
                Content::Reaction(_) | Content::Unknown => "(needs a newer version)".to_owned(),
            };
            match (&message.delivery, &message.sender) {
                (Some(_), _) => format!("You: {text}"),
                (None, Some(sender)) => format!("{sender}: {text}"),
                (None, None) => text,
            }
        })
    }
}

impl Message {
    fn take_back(&mut self) {
        if self.content != Content::TakenBack {
            self.content = Content::TakenBack;
            self.changes.take_back();
        }
    }
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

    /// How it stands with each recipient.
    #[must_use]
    pub fn recipients(&self) -> &[(UserName, Receipt)] {
        &self.recipients
    }

    /// How far it got, in words. Whether a recipient `is_away` decides what is said of who waits.
    #[must_use]
    pub fn summary(&self, is_away: impl Fn(&UserName) -> bool) -> String {
        if self.has_failed() {
            return self.describe_failure();
        }
        let received = self.count(Receipt::Received);
        if !self.is_stored {
            return match (self.accepted, received) {
                (0, _) => "Waiting".to_owned(),
                (_, 0) => "Sent".to_owned(),
                (1, _) => "Received".to_owned(),
                (accepted, received) => format!("Received by {received} of {accepted}"),
            };
        }
        match self.counted {
            Some((0, of)) => return format!("Sent to {of}"),
            Some((received, of)) => return format!("Received by {received} of {of}"),
            None => {}
        }
        match &self.recipients[..] {
            [] => "Sent".to_owned(),
            [(_, Receipt::Received)] => "Received".to_owned(),
            [(name, _)] if is_away(name) => format!("Sent, waits for {name}"),
            [_] => "Sent".to_owned(),
            all if received == 0 => format!("Sent to {}", all.len()),
            all => format!("Received by {received} of {}", all.len()),
        }
    }

    fn fold(&mut self, progress: &Progress) {
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

    fn describe_failure(&self) -> String {
        const LOST: &str = "Lost: the recipient did not acknowledge it";
        const CORRUPTED: &str = "Corrupted on the way";
        match self.failures.last() {
            Some(Failure::NoSuchUser) => "Not sent: no such user, or not online".to_owned(),
            Some(Failure::Lost) => LOST.to_owned(),
            Some(Failure::Corrupted) => CORRUPTED.to_owned(),
            Some(Failure::Refused(line)) => {
                format!("Not sent: {}", line.trim_start_matches("SERVER: "))
            }
            Some(Failure::NoAnswer) => "No answer: it may not have arrived".to_owned(),
            None if self.count(Receipt::Corrupted) > 0 => CORRUPTED.to_owned(),
            None => LOST.to_owned(),
        }
    }
}

/// How a receipt reads beside a name.
#[must_use]
pub fn describe_receipt(receipt: Receipt) -> &'static str {
    match receipt {
        Receipt::Waiting => "waiting",
        Receipt::Received => "received",
        Receipt::Lost => "lost",
        Receipt::Corrupted => "corrupted",
    }
}
