//! The log of a server: where an entry stands in it, and which log it is.

use std::fmt;

use crate::hex;

/// The place of an entry in the server's log, counted from 1. Along what one user is given it grows,
/// and the entries of one conversation have the same sequence for everyone; nothing else may be
/// concluded from it (PROTOCOL.md, "The log").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

impl Sequence {
    /// Before every entry.
    pub const ZERO: Self = Self(0);

    /// The last place that there can be: what every database can hold.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// Reads a place in decimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sequence = text.parse().ok().map(Self)?;
        (sequence <= Self::MAX).then_some(sequence)
    }

    /// The place behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The place before this one; [`Self::ZERO`] has none and stays.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// Names a log. It is drawn anew when a database is made or restored from a backup: places in
/// another log mean nothing in this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    /// Reads 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value = hex::parse_exact(text, 16)?;
        u64::try_from(value).ok().map(Self)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A place in a certain log: what a client keeps of how far it has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which log.
    pub generation: Generation,
    /// Everything up to here has arrived.
    pub sequence: Sequence,
}
