//! What kinds of messages there are.

use std::fmt;
use std::sync::Arc;

use crate::limits::KIND_WORD_BYTES_MAX;
use crate::sequence::Sequence;

/// What a message is to its conversation (PROTOCOL.md, "Kinds").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MessageKind {
    /// A text of its own.
    #[default]
    Text,
    /// A text that refers to an earlier one.
    Reply(Sequence),
    /// A new text in place of that one, by its author.
    Edit(Sequence),
    /// That one is taken back, by its author. Has no body.
    Deletion(Sequence),
    /// A sign beside that one: its body is the sign to put there, or one to take away.
    Reaction(Sequence),
    /// Something that a newer program wrote. Never dropped: a reader says that it can't show it.
    Unknown(UnknownKind),
}

/// A kind that this program does not know, kept as it came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownKind {
    word: Arc<str>,
    of: Option<Sequence>,
}

impl MessageKind {
    /// The message that this one is about.
    #[must_use]
    pub fn of(&self) -> Option<Sequence> {
        match self {
            Self::Text => None,
            Self::Reply(of) | Self::Edit(of) | Self::Deletion(of) | Self::Reaction(of) => Some(*of),
            Self::Unknown(unknown) => unknown.of,
        }
    }

    /// The word that stands for the kind, on the wire and in a database.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Reply(_) => "reply",
            Self::Edit(_) => "edit",
            Self::Deletion(_) => "delete",
            Self::Reaction(_) => "react",
            Self::Unknown(unknown) => &unknown.word,
        }
    }

    /// Puts a kind together again from its word and what it is about; `None` if a word that is known
    /// lacks what it needs, or the word can't be one.
    #[must_use]
    pub fn from_parts(word: &str, of: Option<Sequence>) -> Option<Self> {
        match (word, of) {
            ("text", None) => Some(Self::Text),
            ("reply", Some(of)) => Some(Self::Reply(of)),
            ("edit", Some(of)) => Some(Self::Edit(of)),
            ("delete", Some(of)) => Some(Self::Deletion(of)),
            ("react", Some(of)) => Some(Self::Reaction(of)),
            ("text", Some(_)) | ("reply" | "edit" | "delete" | "react", None) => None,
            _ => {
                let is_word = (1..=KIND_WORD_BYTES_MAX).contains(&word.len())
                    && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
                is_word.then(|| Self::Unknown(UnknownKind { word: word.into(), of }))
            }
        }
    }

    /// Whether it is a line of its own in the conversation: only those are counted as unread and
    /// have receipts. The others change lines.
    #[must_use]
    pub fn is_line(&self) -> bool {
        match self {
            Self::Text | Self::Reply(_) | Self::Unknown(_) => true,
            Self::Edit(_) | Self::Deletion(_) | Self::Reaction(_) => false,
        }
    }

    /// Whether only the author of the message that it is about may send it.
    #[must_use]
    pub fn is_for_author(&self) -> bool {
        matches!(self, Self::Edit(_) | Self::Deletion(_))
    }

    /// Reads a field of a message.
    pub(crate) fn parse(field: &str) -> Option<Self> {
        match field.split_once('.') {
            None => Self::from_parts(field, None),
            Some((word, of)) => Self::from_parts(word, Some(Sequence::parse(of)?)),
        }
    }
}

/// As a field of a message: `text`, or `edit.12`.
impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of() {
            None => f.write_str(self.word()),
            Some(of) => write!(f, "{}.{}", self.word(), of.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_as_the_protocol_says() {
        for (text, kind) in [
            ("text", MessageKind::Text),
            ("reply.7", MessageKind::Reply(Sequence(7))),
            ("edit.7", MessageKind::Edit(Sequence(7))),
            ("delete.7", MessageKind::Deletion(Sequence(7))),
            ("react.7", MessageKind::Reaction(Sequence(7))),
        ] {
            assert_eq!(MessageKind::parse(text), Some(kind.clone()));
            assert_eq!(kind.to_string(), text);
        }
        for text in
            ["", "text.7", "edit", "edit.", "edit.x", "Poll", "a b", "averyveryverylongkind"]
        {
            assert_eq!(MessageKind::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_newer_kind_is_kept_as_it_came() {
        for text in ["poll", "vote-on.12"] {
            let kind = MessageKind::parse(text).unwrap();
            assert!(matches!(kind, MessageKind::Unknown(_)) && kind.is_line());
            assert_eq!(kind.to_string(), text);
        }
    }
}
