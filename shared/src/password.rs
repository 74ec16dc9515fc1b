//! Passwords, kept out of logs by their type.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::limits::PASSWORD_BYTES_MAX;

/// A password: not empty, at most 256 bytes. Its `Debug` form shows nothing of it, and it is wiped when it is
/// dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a password is refused. The text is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Nothing was given.
    #[error("a password can't be empty")]
    Empty,
    /// More bytes than allowed.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
}

impl Password {
    /// Takes a password as it was typed.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn new(text: impl Into<String>) -> Result<Self, PasswordError> {
        let text = Zeroizing::new(text.into());
        match text.len() {
            0 => Err(PasswordError::Empty),
            1..=PASSWORD_BYTES_MAX => Ok(Self(text)),
            _ => Err(PasswordError::TooLong),
        }
    }

    /// The one form in which passwords are compared: Unicode NFC (RFC 8265, 4.2). Keyboards and systems write
    /// the same letters in different ways, one character, or a letter and its marks. One that would be too
    /// long in that form stays as it is.
    #[must_use]
    pub fn normalised(&self) -> Self {
        if self.0.is_ascii() {
            return self.clone();
        }
        Self::new(composed(&self.0)).unwrap_or_else(|_| self.clone())
    }

    /// The password itself, for hashing, comparing or sending it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn composed(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;

    text.nfc().collect()
}

/// The browser has the tables.
#[cfg(target_arch = "wasm32")]
fn composed(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFC").into()
}

/// Takes as long for any other password of the same length: how much of a guess is right is not to be
/// measured.
impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        let differences = one.iter().zip(other).fold(0, |found, (a, b)| found | (a ^ b));
        one.len() == other.len() && std::hint::black_box(differences) == 0
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_alike_is_the_same() {
        let password = |text: &str| Password::new(text).unwrap();
        let composed = password("pässwörd");
        assert_eq!(password("pa\u{308}sswo\u{308}rd").normalised(), composed);
        assert_eq!(composed.normalised(), composed);
        assert_ne!(password("passwörd").normalised(), composed);
        assert_ne!(password("ﬁ").normalised(), password("fi").normalised(), "typed otherwise");
        // This letter has no composed form, and is longer without.
        let long = password(&"\u{958}".repeat(80));
        assert_eq!(long.normalised(), long);
    }
}
