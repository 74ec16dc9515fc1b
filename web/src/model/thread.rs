//! The messages of one conversation.

use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::session::{Content, Failure, Progress};
use netchat_shared::time::UnixTime;

/// Names a message on this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub u64);

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Messages that came while it was not in front.
    pub unread: usize,
    /// The first message that was unread when it came to the front.
    pub first_unread: Option<MessageKey>,
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
    /// When it was sent, or arrived where the protocol does not tell.
    pub time: UnixTime,
    /// For one's own: how far it got.
    pub delivery: Option<Delivery>,
}

/// How far one's own message got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    id: MessageId,
    sent: usize,
    received: Vec<UserName>,
    failures: Vec<Failure>,
}

impl Thread {
    /// Adds a message at the end.
    pub fn add(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Folds news of one's own message, if it is here.
    pub fn fold_progress(&mut self, id: MessageId, progress: &Progress) {
        let deliveries = self.messages.iter_mut().rev().filter_map(|m| m.delivery.as_mut());
        if let Some(delivery) = deliveries.into_iter().find(|delivery| delivery.id == id) {
            delivery.fold(progress);
        }
    }

    /// Takes a failed message away, to send its text again.
    pub fn take_failed(&mut self, key: MessageKey) -> Option<String> {
        let at = self.messages.iter().position(|message| {
            message.key == key && message.delivery.as_ref().is_some_and(Delivery::has_failed)
        })?;
        match self.messages.remove(at).content {
            Content::Text(text) => Some(text),
            Content::Corrupted => None,
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

    /// Its last message in one line.
    #[must_use]
    pub fn last_line(&self) -> String {
        self.messages.last().map_or_else(String::new, |message| {
            let text = match &message.content {
                Content::Text(text) => text.replace('\n', " "),
                Content::Corrupted => "(corrupted)".to_owned(),
            };
            match (&message.delivery, &message.sender) {
                (Some(_), _) => format!("You: {text}"),
                (None, Some(sender)) => format!("{sender}: {text}"),
                (None, None) => text,
            }
        })
    }
}

impl Delivery {
    /// Of a message that waits to be sent.
    #[must_use]
    pub fn new(id: MessageId) -> Self {
        Self { id, sent: 0, received: Vec::new(), failures: Vec::new() }
    }

    /// Whether it did not get through, to anybody.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.received.is_empty() && !self.failures.is_empty() && self.failures.len() >= self.sent
    }

    /// Who has it.
    #[must_use]
    pub fn received(&self) -> &[UserName] {
        &self.received
    }

    /// How far it got, in words.
    #[must_use]
    pub fn summary(&self) -> String {
        match (self.sent, self.received.len(), self.failures.last()) {
            (_, 0, Some(failure)) if self.has_failed() => describe(failure),
            (0, 0, _) => "Waiting".to_owned(),
            (_, 0, None) => "Sent".to_owned(),
            (0 | 1, _, _) => "Received".to_owned(),
            (sent, received, _) => format!("Received by {received} of {sent}"),
        }
    }

    fn fold(&mut self, progress: &Progress) {
        match progress {
            Progress::Sent => self.sent += 1,
            Progress::Received(name) => {
                if !self.received.contains(name) {
                    self.received.push(name.clone());
                }
            }
            Progress::Failed(failure) => self.failures.push(failure.clone()),
        }
    }
}

fn describe(failure: &Failure) -> String {
    match failure {
        Failure::NoSuchUser => "Not sent: no such user, or not online".to_owned(),
        Failure::Lost => "Lost: the recipient did not acknowledge it".to_owned(),
        Failure::Corrupted => "Corrupted on the way".to_owned(),
        Failure::Refused(line) => format!("Refused: {}", line.trim_start_matches("SERVER: ")),
        Failure::NoAnswer => "No answer: it may not have arrived".to_owned(),
    }
}
