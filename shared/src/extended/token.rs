//! What a client shows to go on with its session.

use std::fmt;

use rand_core::Rng;

use crate::hex;

/// 128 random bits that stand for a sign-in: whoever has them is that user, until they sign out.
/// The `Debug` form shows nothing of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(u128);

impl Token {
    /// A new token.
    pub fn random(rng: &mut impl Rng) -> Self {
        Self(u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()))
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::parse_exact(text, 32).map(Self)
    }

    /// The token itself, to send or keep it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{:032x}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
