//! The name of a message, chosen by its sender.

use std::fmt;

use rand_core::Rng;

use crate::hex;

/// 128 bits that name a message for good, unique for its sender: a resend, over whatever session, carries the same
/// id, and the server stores and delivers it once (PROTOCOL.md, "Message ids").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u128);

impl MessageId {
    /// A new id.
    pub fn random(rng: &mut impl Rng) -> Self {
        Self(u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()))
    }

    /// The first half.
    fn origin(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::parse_exact(text, 32).map(Self)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Draws the ids of one sender. The first half is random and stays; the second counts: ids that
/// follow each other are neighbours in a database's index, which makes storing them cheaper by half
/// (docs/performance.md).
#[derive(Debug, Clone)]
pub struct MessageIds {
    origin: u64,
    drawn: u64,
}

impl MessageIds {
    /// A source of ids that no other has: its first half is drawn from `rng`.
    pub fn new(rng: &mut impl Rng) -> Self {
        Self { origin: rng.next_u64(), drawn: 0 }
    }

    /// The next id.
    pub fn draw(&mut self) -> MessageId {
        self.drawn += 1;
        MessageId(u128::from(self.origin) << 64 | u128::from(self.drawn))
    }

    /// Whether an id was drawn here.
    #[must_use]
    pub fn has_drawn(&self, id: MessageId) -> bool {
        id.origin() == self.origin
    }
}
