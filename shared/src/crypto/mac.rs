//! Short proofs that somebody knows a key.

use std::fmt;

use hmac::Mac as _;

use super::Secret;
use crate::hex;

/// The first 16 bytes of an HMAC-SHA-256 over labelled fields. As text: 32 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mac(pub(crate) [u8; 16]);

impl Mac {
    pub(crate) fn new(key: &Secret, label: &str, fields: &[&[u8]]) -> Self {
        let full = key.hmac(label, fields).finalize().into_bytes();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        Self(short)
    }

    /// Whether it is of this key and these fields. Takes the same time whatever is wrong.
    pub(crate) fn proves(&self, key: &Secret, label: &str, fields: &[&[u8]]) -> bool {
        key.hmac(label, fields).verify_truncated_left(&self.0).is_ok()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        hex::parse_exact(text, 32).map(|value| Self(value.to_be_bytes()))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}
