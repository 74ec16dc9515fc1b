//! The last lines of each conversation, for commands that are about one of them.

use std::collections::BTreeMap;

use netchat_client::session::{Arrival, Content};
use netchat_shared::conversation::Conversation;
use netchat_shared::limits::OUTBOX_MESSAGES_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;

/// Most conversations whose last lines are remembered. Another one makes room.
const CONVERSATIONS_MAX: usize = 1_024;
/// So much of a text is quoted, in characters.
const EXCERPT_CHARS_MAX: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Recent {
    conversations: BTreeMap<Conversation, Last>,
    /// One's own messages that have no place yet.
    waiting: BTreeMap<MessageId, Sent>,
}

/// One's own message.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) conversation: Conversation,
    /// Its text, if it is a line of its own.
    pub(crate) text: Option<String>,
}

/// The last line of oneself, and of somebody else.
#[derive(Debug, Default)]
struct Last {
    own: Option<Line>,
    others: Option<Line>,
}

#[derive(Debug)]
struct Line {
    sequence: Sequence,
    excerpt: String,
}

impl Recent {
    /// One's own message was handed to the session.
    pub(crate) fn add_sent(
        &mut self,
        id: MessageId,
        conversation: Conversation,
        text: Option<&str>,
    ) {
        let text = text.map(str::to_owned);
        self.waiting.insert(id, Sent { conversation, text });
        if self.waiting.len() > OUTBOX_MESSAGES_MAX {
            self.waiting.pop_first();
        }
    }

    /// It has a place, or will never have one.
    pub(crate) fn settle(&mut self, id: MessageId, sequence: Option<Sequence>) -> Option<Sent> {
        let sent = self.waiting.remove(&id)?;
        if let (Some(sequence), Some(text)) = (sequence, &sent.text) {
            self.last(&sent.conversation).own = Some(Line::new(sequence, text));
        }
        Some(sent)
    }

    /// A message arrived.
    pub(crate) fn add_arrival(&mut self, arrival: &Arrival, is_own: bool) {
        let (Some(conversation), Some(stored)) = (&arrival.conversation, arrival.stored) else {
            return;
        };
        let text = match &arrival.content {
            Content::Text(text) => text.as_str(),
            Content::Unknown => "…",
            Content::Reaction(_) | Content::TakenBack | Content::Corrupted => return,
        };
        if arrival.kind.is_line() {
            let line = Some(Line::new(stored.sequence, text));
            let last = self.last(conversation);
            if is_own { last.own = line } else { last.others = line }
        }
    }

    /// The last line of oneself.
    pub(crate) fn own(&self, conversation: &Conversation) -> Option<Sequence> {
        Some(self.conversations.get(conversation)?.own.as_ref()?.sequence)
    }

    /// The last line of somebody else.
    pub(crate) fn others(&self, conversation: &Conversation) -> Option<Sequence> {
        Some(self.conversations.get(conversation)?.others.as_ref()?.sequence)
    }

    /// The beginning of a line, if it is one of the last.
    pub(crate) fn excerpt(&self, conversation: &Conversation, of: Sequence) -> Option<&str> {
        let last = self.conversations.get(conversation)?;
        let mut lines = [&last.own, &last.others].into_iter().flatten();
        Some(lines.find(|line| line.sequence == of)?.excerpt.as_str())
    }

    #[cfg(test)]
    pub(crate) fn waiting_ids(&self) -> impl Iterator<Item = MessageId> {
        self.waiting.keys().copied()
    }

    /// Places mean nothing any more.
    pub(crate) fn forget(&mut self) {
        self.conversations.clear();
    }

    fn last(&mut self, conversation: &Conversation) -> &mut Last {
        if self.conversations.len() >= CONVERSATIONS_MAX
            && !self.conversations.contains_key(conversation)
        {
            self.conversations.pop_first();
        }
        self.conversations.entry(conversation.clone()).or_default()
    }
}

impl Line {
    fn new(sequence: Sequence, text: &str) -> Self {
        let mut excerpt: String = text.chars().take(EXCERPT_CHARS_MAX).collect();
        if excerpt.len() < text.len() {
            excerpt.pop();
            excerpt.push('…');
        }
        Self { sequence, excerpt: excerpt.replace('\n', " ") }
    }
}
