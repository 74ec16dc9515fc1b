//! The name of a message, chosen by its sender.

use std::fmt;

use rand_core::Rng;

/// 128 random bits that name a message for good: a resend, over whatever session, carries the same
/// id, and the server stores and delivers it once (PROTOCOL.md, "Message ids").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u128);

impl MessageId {
    /// A new id.
    pub fn random(rng: &mut impl Rng) -> Self {
        Self(u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()))
    }

    /// A new id whose first half is `origin`: whoever drew it knows the message again.
    pub fn random_of(origin: u64, rng: &mut impl Rng) -> Self {
        Self(u128::from(origin) << 64 | u128::from(rng.next_u64()))
    }

    /// The first half.
    #[must_use]
    pub fn origin(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
