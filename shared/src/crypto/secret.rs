//! 256 bits that nobody else may know.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use super::labelled;
use crate::hex;

/// Secret bytes. They are wiped when they are dropped, and the `Debug` form shows nothing of them.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<[u8; 32]>);

/// A text that is no key. It is the end of a line for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a key is 64 hexadecimal digits")]
pub struct SecretError;

impl Secret {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Another secret, which says nothing of this one: HMAC-SHA-256 under it of a label.
    pub(crate) fn derive(&self, label: &str) -> Self {
        let bytes = Zeroizing::new(self.hmac(label, &[]).finalize().into_bytes().0);
        Self(Zeroizing::new(*bytes))
    }

    /// HMAC-SHA-256 (RFC 2104) of labelled fields under this key.
    pub(crate) fn hmac(&self, label: &str, fields: &[&[u8]]) -> Hmac<Sha256> {
        // A key is padded with zeros to a block (RFC 2104, section 2).
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(self.bytes());
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        mac.update(&labelled(label, fields));
        mac
    }

    /// Reads it as it stands in a file: 64 digits, and whatever space is around them.
    pub(crate) fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.trim_ascii();
        let (first, second) = text.split_at_checked(32).ok_or(SecretError)?;
        let mut bytes = Zeroizing::new([0; 32]);
        for (half, digits) in bytes.chunks_exact_mut(16).zip([first, second]) {
            let value = hex::parse_exact(digits, 32).ok_or(SecretError)?;
            half.copy_from_slice(&value.to_be_bytes());
        }
        Ok(Self(bytes))
    }

    /// As it stands in a file, with its line feed.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(65));
        for half in self.0.chunks_exact(16) {
            let value = half.iter().fold(0, |value, &byte| value << 8 | u128::from(byte));
            text.extend(hex::digits(value, 32).map(char::from));
        }
        text.push('\n');
        text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_shows_nothing_of_itself() {
        let secret = Secret::new(std::array::from_fn(|at| at as u8));
        let text = secret.to_text();
        assert_eq!(
            text.as_str(),
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        );
        let read = Secret::parse(&format!(" {}\r\n", text.trim())).unwrap();
        assert_eq!(read.bytes(), secret.bytes());
        for wrong in ["", "00", &text[1..], &format!("{}0", text.trim()), &"ü".repeat(32)] {
            assert_eq!(Secret::parse(wrong).err(), Some(SecretError), "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
