//! A message as it is shown.

use netchat_client::session::Content;
use netchat_shared::conversation::Conversation;
use netchat_shared::kind::MessageKind;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

use super::{Changes, Delivery};
use crate::words::{Locale, message};

/// Names a message on this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(pub u64);

/// A message as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it stands.
    pub conversation: Conversation,
    /// Who sent it; `None` if that was lost.
    pub sender: Option<UserName>,
    /// What it says.
    pub content: Content,
    /// When it was stored, or sent or arrived where the protocol does not tell.
    pub time: UnixTime,
    /// The day of that, where the person is.
    pub day: i64,
    /// Its place in the server's order, once it has one.
    pub sequence: Option<Sequence>,
    /// What it answers.
    pub answers: Option<Sequence>,
    /// For one's own: how far it got.
    pub delivery: Option<Delivery>,
    /// What was said about it since.
    pub changes: Changes,
    /// The first of its sender where it stands: it is shown with name and time.
    pub is_first: bool,
    /// One's own deletion of it waits for a moment, and can be undone.
    pub is_going: bool,
    /// A long text is shown whole.
    pub is_unfolded: bool,
}

impl Message {
    /// Folds what somebody says about it; false if that changes nothing.
    pub(super) fn change(
        &mut self,
        at: Sequence,
        who: &UserName,
        kind: &MessageKind,
        content: Content,
    ) -> bool {
        if self.content == Content::TakenBack {
            return false;
        }
        match (kind, content) {
            (MessageKind::Edit(_), Content::Text(text)) => {
                let is_later = self.changes.edit(at);
                if is_later {
                    self.content = Content::Text(text);
                }
                is_later
            }
            (MessageKind::Deletion(_), _) => {
                self.take_back();
                true
            }
            (MessageKind::Reaction(_), Content::Reaction(reaction)) => {
                self.changes.react(at, who.clone(), reaction)
            }
            // What can't be read changes nothing, and lines are no changes.
            (
                MessageKind::Edit(_)
                | MessageKind::Reaction(_)
                | MessageKind::Text
                | MessageKind::Reply(_)
                | MessageKind::Unknown(_),
                _,
            ) => false,
        }
    }

    /// It was taken back.
    pub(super) fn take_back(&mut self) {
        self.content = Content::TakenBack;
        self.changes.take_back();
        self.is_going = false;
    }

    /// Whether it is one's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.delivery.is_some()
    }

    /// Its text, if it has one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Reaction(_) | Content::TakenBack | Content::Corrupted | Content::Unknown => {
                None
            }
        }
    }

    /// What it says in one line.
    #[must_use]
    pub fn line(&self, locale: Locale) -> String {
        let word = match &self.content {
            Content::Text(text) => {
                let line = text.chars().take(LINE_CHARS_MAX);
                return line.map(|c| if c == '\n' { ' ' } else { c }).collect();
            }
            Content::Corrupted => message::CORRUPTED_LINE,
            Content::TakenBack => message::TAKEN_BACK_LINE,
            Content::Reaction(_) | Content::Unknown => message::NEEDS_NEWER_LINE,
        };
        word.say(locale).to_owned()
    }
}

/// What of a message is shown where there is one line for it.
const LINE_CHARS_MAX: usize = 160;
