//! One-time words: what an operator gives to somebody whose password is to be set anew.

use std::fmt;
use std::str::FromStr;

use hmac::Mac as _;
use thiserror::Error;

use crate::crypto::Secret;
use crate::letters::Letters;
use crate::name::UserName;
use crate::time::UnixTime;

const MILLIS_PER_DAY: u64 = 24 * 60 * 60 * 1_000;

/// A hundred bits that only who has the setup can make, for one name, what is kept of its password, and one
/// day: once the password is another one, or the next day is over, the word is worth nothing. As text: 20
/// letters and digits, in groups of five.
#[derive(Clone, Copy)]
pub struct Word(Letters);

/// A text that is no word. It is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a one-time word is 20 letters and digits")]
pub struct WordError;

/// A day of the calendar (UTC), by its number from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day(u64);

impl Day {
    pub(super) fn of(time: UnixTime) -> Self {
        Self(time.millis / MILLIS_PER_DAY)
    }

    pub(super) fn before(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }
}

impl Word {
    pub(super) fn new(key: &Secret, name: &UserName, kept: &[u8], day: Day) -> Self {
        let fields = [name.as_ref().as_bytes(), kept, &day.0.to_be_bytes()];
        let mac = key.hmac("netchat word 1", &fields);
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
