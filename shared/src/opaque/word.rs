//! One-time words: what an operator gives to somebody whose password is to be set anew.

use std::fmt;
use std::str::FromStr;

use hmac::Mac as _;
use thiserror::Error;

use crate::crypto::Secret;
use crate::letters::Letters;
use crate::name::UserName;

/// A hundred bits that only who has the setup can make, for one name and what is kept of its password: once
/// that is another, the word is worth nothing. As text: 20 letters and digits, in groups of five.
#[derive(Clone, Copy)]
pub struct Word(Letters);

/// A text that is no word. It is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a one-time word is 20 letters and digits")]
pub struct WordError;

impl Word {
    pub(super) fn new(key: &Secret, name: &UserName, kept: &[u8]) -> Self {
        let mac = key.hmac("netchat word 1", &[name.as_ref().as_bytes(), kept]);
        Self(Letters::of_hash(&mac.finalize().into_bytes().into()))
    }

    /// The word itself, to give it to its person or to show it to the server.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.to_string()
    }
}

/// Takes as long whatever is wrong.
impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        std::hint::black_box(self.0.bits() ^ other.0.bits()) == 0
    }
}

impl Eq for Word {}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Word(…)")
    }
}

/// However people write it.
impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        Letters::parse(text).map(Self).ok_or(WordError)
    }
}
