//! Names of users and groups, valid by construction (PROTOCOL.md, "Names").

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::limits::{GROUP_NAME_CHARS_MAX, USER_NAME_CHARS_MAX};

/// Words that mean something else on the wire or on the screen of a classic client.
pub const RESERVED: [&str; 4] = ["All", "SERVER", "DONE", "LEAVE"];

/// The name of a user: 1 to 32 characters, without `#`, `;`, `:`, a backtick or control characters,
/// no space at either end, and none of the words that the protocol uses itself.
///
/// A colon is refused because a body says `sender: text`: with it, one user could sign as another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Arc<str>);

/// The name of a group: like [`UserName`], but up to 64 characters, and a colon is allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(Arc<str>);

/// Why a name is refused. The text is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a name can't be empty")]
    Empty,
    /// More characters than allowed.
    #[error("a name has at most {max} characters")]
    TooLong {
        /// How many are allowed.
        max: usize,
    },
    /// A character that the protocol or a screen would take for something else.
    #[error("a name can't contain {}", describe(*.0))]
    Character(char),
    /// Space at one of the ends: invisible, so two names would look the same.
    #[error("a name can't begin or end with a space")]
    OuterSpace,
    /// A word of the protocol.
    #[error("this word is reserved: choose another name")]
    Reserved,
}

impl UserName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl GroupName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check(text, USER_NAME_CHARS_MAX)?;
        match text.contains(':') {
            true => Err(NameError::Character(':')),
            false => Ok(Self(text.into())),
        }
    }
}

impl FromStr for GroupName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check(text, GROUP_NAME_CHARS_MAX).map(|()| Self(text.into()))
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for UserName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for UserName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for GroupName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for GroupName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn check(text: &str, chars_max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > chars_max {
        return Err(NameError::TooLong { max: chars_max });
    }
    if let Some(found) = text.chars().find(|&c| is_forbidden(c)) {
        return Err(NameError::Character(found));
    }
    if text.trim() != text {
        return Err(NameError::OuterSpace);
    }
    if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Err(NameError::Reserved);
    }
    Ok(())
}

/// Separators of the protocol, control characters, and characters without a shape of their own,
/// with which one name could be made to look like another or to reverse the text around it.
fn is_forbidden(c: char) -> bool {
    matches!(c, '#' | ';' | '`')
        || c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn describe(c: char) -> String {
    match c {
        '`' => "a backtick".to_owned(),
        c if c.is_control() || is_forbidden(c) && !c.is_ascii() => {
            "invisible characters".to_owned()
        }
        c => format!("“{c}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, because: NameError) {
        assert_eq!(text.parse::<UserName>(), Err(because), "{text:?}");
    }

    #[test]
    fn ordinary_names_are_accepted() {
        for text in ["bob", "RBLCAM001", "Renée", "王", "a b", "o'neil", "x-1_2.3", "\u{1f980}"] {
            assert_eq!(text.parse::<UserName>().map(|name| name.0), Ok(text.into()));
        }
        assert!("CS: Group".parse::<GroupName>().is_ok());
    }

    #[test]
    fn what_the_protocol_would_misread_is_refused() {
        refused("", NameError::Empty);
        refused(&"x".repeat(33), NameError::TooLong { max: 32 });
        assert!("é".repeat(32).parse::<UserName>().is_ok(), "characters, not bytes");
        for c in ['#', ';', '`', ':', '\n', '\u{7f}', '\u{202e}', '\u{200b}'] {
            refused(&format!("a{c}b"), NameError::Character(c));
        }
        for word in ["All", "SERVER", "DONE", "LEAVE", "all", "Server"] {
            refused(word, NameError::Reserved);
        }
        refused(" bob", NameError::OuterSpace);
        refused("bob ", NameError::OuterSpace);
    }

    #[test]
    fn refusals_are_one_line_for_a_person() {
        let refusal = |text: &str| text.parse::<UserName>().unwrap_err().to_string();
        assert_eq!(refusal("a#b"), "a name can't contain “#”");
        assert_eq!(refusal("a\u{0}b"), "a name can't contain invisible characters");
        assert_eq!(refusal(&"x".repeat(40)), "a name has at most 32 characters");
    }
}
