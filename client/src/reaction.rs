//! Signs beside messages: an emoji, as a rule.

use std::fmt;
use std::str::FromStr;

use netchat_shared::limits::REACTION_BYTES_MAX;
use thiserror::Error;

/// Stands before a sign that is taken away.
const TAKEN_AWAY: char = '-';

/// A sign: at most [`REACTION_BYTES_MAX`] bytes without blanks and control characters, and without
/// a minus in front.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sign(String);

/// A sign that is put beside a message, or taken away. Its text is what the body of such a message
/// says: the sign itself, or a minus and the sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Which sign.
    pub sign: Sign,
    /// It is put there; otherwise it is taken away.
    pub is_added: bool,
}

/// Why a text is no sign. The text is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignError {
    /// There is nothing.
    #[error("a sign is missing")]
    Empty,
    /// Longer than a sign may be.
    #[error("a sign has at most {REACTION_BYTES_MAX} bytes")]
    TooLong,
    /// A blank, a control character, or a minus in front.
    #[error("a sign can't contain blanks, and can't begin with a minus")]
    Forbidden,
}

impl Sign {
    /// The sign as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sign {
    type Err = SignError;

    fn from_str(text: &str) -> Result<Self, SignError> {
        if text.is_empty() {
            return Err(SignError::Empty);
        }
        if text.len() > REACTION_BYTES_MAX {
            return Err(SignError::TooLong);
        }
        let is_forbidden = |c: char| c.is_whitespace() || c.is_control();
        if text.starts_with(TAKEN_AWAY) || text.contains(is_forbidden) {
            return Err(SignError::Forbidden);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Reads what a person types and what a message says: they are the same.
impl FromStr for Reaction {
    type Err = SignError;

    fn from_str(text: &str) -> Result<Self, SignError> {
        match text.strip_prefix(TAKEN_AWAY) {
            Some(sign) => Ok(Self { sign: sign.parse()?, is_added: false }),
            None => Ok(Self { sign: text.parse()?, is_added: true }),
        }
    }
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_added {
            write!(f, "{TAKEN_AWAY}")?;
        }
        self.sign.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sign_is_short_and_has_no_blanks() {
        for text in ["👍", "+1", "👨‍👩‍👧‍👦", "ok-ay"] {
            assert_eq!(text.parse::<Sign>().map(|sign| sign.to_string()).as_deref(), Ok(text));
        }
        let longest = "x".repeat(REACTION_BYTES_MAX);
        assert!(longest.parse::<Sign>().is_ok());
        for (text, error) in [
            ("", SignError::Empty),
            ("-", SignError::Forbidden),
            ("a b", SignError::Forbidden),
            ("a\u{a0}b", SignError::Forbidden),
            ("\u{1b}[2J", SignError::Forbidden),
            (&format!("{longest}x"), SignError::TooLong),
        ] {
            assert_eq!(text.parse::<Sign>(), Err(error), "{text:?}");
        }
        for text in ["-", "--x", ""] {
            assert!(text.parse::<Reaction>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in "-?[^\\s\\p{Cc}-][^\\s\\p{Cc}]{0,10}") {
            let reaction: Reaction = text.parse().unwrap();
            prop_assert_eq!(reaction.is_added, !text.starts_with('-'));
            prop_assert_eq!(reaction.to_string(), text);
        }
    }
}
