//! What a server proves itself with, and what clients know it by (PROTOCOL.md, "Keys").

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::crypto::{Mac, Secret, SecretError, labelled};
use crate::extended::SessionId;
use crate::letters::Letters;

/// A server's own key: 256 random bits, which everything that it proves comes from. It is wiped when
/// it is dropped, and the `Debug` form shows nothing of it.
#[derive(Debug, Clone)]
pub struct StaticKey {
    seed: Secret,
    secret: Secret,
    reset: Secret,
    public: ServerKey,
}

/// The public part: whoever knows it can't be deceived about the server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerKey([u8; 32]);

/// The first 100 bits of a hash of it, for people: 20 letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCode(Letters);

/// A text that is no code. It is one line for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the code of a server is 20 letters and digits")]
pub struct KeyCodeError;

/// What a server says with the end of a session: whoever it was opened for knows it, and nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetWord(Mac);

impl StaticKey {
    /// A key of these random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self::from_seed(Secret::new(bytes))
    }

    /// Reads it as it stands in a file.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        Secret::parse(text).map(Self::from_seed)
    }

    /// As it stands in a file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        self.seed.to_text()
    }

    fn from_seed(seed: Secret) -> Self {
        let secret = seed.derive("netchat server secret 1");
        let public = PublicKey::from(&StaticSecret::from(*secret.bytes()));
        let reset = seed.derive("netchat reset key 1");
        Self { seed, secret, reset, public: ServerKey(public.to_bytes()) }
    }

    /// What clients know the server by.
    #[must_use]
    pub fn public(&self) -> ServerKey {
        self.public
    }

    /// The word that ends a session. It comes from the key alone, so that it outlives the server's
    /// memory of the session.
    #[must_use]
    pub fn reset_word(&self, session: SessionId) -> ResetWord {
        ResetWord(Mac::new(&self.reset, "netchat reset 1", &[&session.0.to_be_bytes()]))
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl ServerKey {
    /// Reads it as it stands in a datagram or a file: Base64, padded.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// What people compare.
    #[must_use]
    pub fn code(&self) -> KeyCode {
        let hash = Sha256::digest(labelled("netchat server key 1", &[&self.0]));
        KeyCode(Letters::of_hash(&hash.into()))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// As it stands in a datagram or a file.
impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerKey({})", self.code())
    }
}

/// In groups of five, as it is shown and may be typed.
impl fmt::Display for KeyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// However people write it (`letters.rs`).
impl FromStr for KeyCode {
    type Err = KeyCodeError;

    fn from_str(text: &str) -> Result<Self, KeyCodeError> {
        Letters::parse(text).map(Self).ok_or(KeyCodeError)
    }
}

impl ResetWord {
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(Mac(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0.0
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Mac::parse(text).map(Self)
    }
}

/// 32 digits.
impl fmt::Display for ResetWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_what_comes_from_it_are_always_the_same() {
        let key = StaticKey::from_random([1; 32]);
        let again = StaticKey::parse(&key.to_text()).unwrap();
        let session = SessionId(7);
        assert_eq!(key.public(), again.public());
        assert_eq!(key.reset_word(session), again.reset_word(session));
        assert_ne!(key.reset_word(session), key.reset_word(SessionId(8)));
        assert!(!format!("{key:?}").contains(&key.to_text().trim().to_owned()[..8]));
        // Computed by another program from PROTOCOL.md.
        assert_eq!(key.public().to_string(), "enze1lhVDOUrp31P7QVBI14EoJpJFk4FV6wNccVPRAA=");
        assert_eq!(key.public().code().to_string(), "g7ndh-25b1s-31k12-we9a6");
        assert_eq!(key.reset_word(session).to_string(), "6bf10e27ab7f7d1a09914a9ab57fb79d");
    }

    #[test]
    fn a_public_key_reads_back() {
        let key = StaticKey::from_random([2; 32]).public();
        assert_eq!(ServerKey::parse(&key.to_string()), Some(key));
        for wrong in ["", "AAAA", &key.to_string()[1..], &format!("{key}A")] {
            assert_eq!(ServerKey::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = StaticKey::from_random([1; 32]).public().code();
        let text = code.to_string();
        assert_eq!(text.len(), 23);
        for written in [
            text.clone(),
            text.to_uppercase(),
            text.replace('-', ""),
            text.replace('-', " "),
            text.replace('0', "O").replace('1', "l"),
        ] {
            assert_eq!(written.parse(), Ok(code), "{written}");
        }
        for wrong in ["", &text[1..], &format!("{text}0"), &text.replace(|c| c != '-', "u")] {
            assert_eq!(wrong.parse::<KeyCode>(), Err(KeyCodeError), "{wrong}");
        }
    }
}
