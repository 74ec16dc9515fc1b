//! Short proofs that somebody knows a key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::labelled;
use crate::hex;

/// The first 16 bytes of an HMAC-SHA-256 (RFC 2104) over labelled fields. As text: 32 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mac([u8; 16]);

impl Mac {
    pub(crate) fn new(key: &[u8; 32], label: &str, fields: &[&[u8]]) -> Self {
        let full = hmac(key, label, fields).finalize().into_bytes();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        Self(short)
    }

    /// Whether it is of this key and these fields. Takes the same time whatever is wrong.
    pub(crate) fn proves(&self, key: &[u8; 32], label: &str, fields: &[&[u8]]) -> bool {
        hmac(key, label, fields).verify_truncated_left(&self.0).is_ok()
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

fn hmac(key: &[u8; 32], label: &str, fields: &[&[u8]]) -> Hmac<Sha256> {
    // A key is padded with zeros to a block (RFC 2104, section 2).
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(&labelled(label, fields));
    mac
}
