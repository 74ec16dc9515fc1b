//! Where a page of a conversation begins, and which way it goes.

use std::fmt;

use super::fields::{parse_optional_sequence, parse_sequence, parse_time};
use crate::sequence::Sequence;
use crate::time::UnixTime;

/// Which lines of a conversation are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HistoryFrom {
    /// Those before that place, the latest first; `None`: the latest of all.
    Before(Option<Sequence>),
    /// Those behind that place, the earliest first.
    After(Sequence),
    /// Those that were stored at that time or later, the earliest first.
    At(UnixTime),
}

impl HistoryFrom {
    /// Whether the page goes from earlier lines to later ones.
    #[must_use]
    pub fn is_forward(self) -> bool {
        match self {
            Self::Before(_) => false,
            Self::After(_) | Self::At(_) => true,
        }
    }

    /// Whether it means the same in another log.
    #[must_use]
    pub fn is_without_place(self) -> bool {
        match self {
            Self::Before(before) => before.is_none(),
            Self::After(_) => false,
            Self::At(_) => true,
        }
    }

    pub(super) fn parse(field: &str) -> Option<Self> {
        let (word, place) = field.split_once('.')?;
        match word {
            "before" => parse_optional_sequence(place).map(Self::Before),
            "after" => parse_sequence(place).map(Self::After),
            "at" => parse_time(place).map(Self::At),
            _ => None,
        }
    }
}

/// As a field of a message.
impl fmt::Display for HistoryFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(None) => f.write_str("before.-"),
            Self::Before(Some(place)) => write!(f, "before.{}", place.0),
            Self::After(place) => write!(f, "after.{}", place.0),
            Self::At(time) => write!(f, "at.{}", time.millis),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_beginning_is_refused() {
        for text in ["", "before", "before.", "after.-", "at.-", "at.x", "7", "later.7"] {
            assert_eq!(HistoryFrom::parse(text), None, "{text}");
        }
    }
}
