//! The body of a message: Base64 of `sender: text`, a backtick, and the MD5 of what stands before
//! it (PROTOCOL.md, "Bodies").
//!
//! MD5 finds accidents only. Who sent a message is what the server authenticated, never what a body
//! says: the server refuses a body that says otherwise ([`Body::judge`]).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::hex;
use crate::name::UserName;

/// Between the signed text and its hash.
const HASH_MARK: char = '`';

/// A message as it travels: Base64 text. Its content is looked at by the ends, and by the server
/// only to refuse what would deceive or break a classic client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(Arc<str>);

/// What a recipient finds in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The hash holds.
    Intact {
        /// The name that the sender signed with.
        signature: String,
        /// What they wrote.
        text: String,
    },
    /// It does not decode, or the hash does not hold: nothing of it may be shown as text.
    Corrupted,
}

/// What the server finds in a body that a session sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Intact and signed with the session's own name.
    Genuine,
    /// The hash does not hold, and every client will see that: passed on, for the recipient to find.
    Corrupted,
    /// Intact, but signed with another name: refused.
    Forged,
    /// Would break a classic client, or be shown by it without a check: refused.
    Malformed,
}

impl Body {
    /// The body of `text`, signed with `sender`.
    #[must_use]
    pub fn new(sender: &UserName, text: &str) -> Self {
        let signed = format!("{sender}: {text}");
        let hash = md5_hex(&signed);
        Self(STANDARD.encode(format!("{signed}{HASH_MARK}{hash}")).into())
    }

    /// Takes a body as it arrived. Anything is accepted here: the ends judge it.
    #[must_use]
    pub fn from_wire(text: &str) -> Self {
        Self(text.into())
    }

    /// The body as it travels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Decodes and verifies, as a recipient does. Splits at the last backtick, so a text may
    /// contain backticks.
    #[must_use]
    pub fn open(&self) -> Opened {
        let decoded = self.decode();
        let Some((signed, true)) = decoded.as_deref().and_then(verify) else {
            return Opened::Corrupted;
        };
        match signed.split_once(": ") {
            Some((signature, text)) => {
                Opened::Intact { signature: signature.to_owned(), text: text.to_owned() }
            }
            None => Opened::Corrupted,
        }
    }

    /// Judges a body that the session of `sender` sends.
    ///
    /// A wrong hash passes only with exactly one backtick: with any other number a classic client
    /// would show the text unverified, under whatever name it claims.
    #[must_use]
    pub fn judge(&self, sender: &UserName) -> Judgement {
        let Some(decoded) = self.decode() else {
            return Judgement::Malformed;
        };
        match verify(&decoded) {
            Some((signed, true)) => match signed.split_once(": ") {
                Some((signature, _)) if signature == sender.as_str() => Judgement::Genuine,
                _ => Judgement::Forged,
            },
            Some((signed, false)) if !signed.contains(HASH_MARK) => Judgement::Corrupted,
            Some((_, false)) | None => Judgement::Malformed,
        }
    }

    /// The same text as several bodies of at most `bytes_max` each, for clients that take no longer
    /// ones. Only of an intact body that `sender` signed; of another, nothing.
    #[must_use]
    pub fn split(&self, sender: &UserName, bytes_max: usize) -> Vec<Self> {
        let Opened::Intact { text, .. } = self.open() else { return Vec::new() };
        // Base64 makes four bytes of three; the name, ": ", a backtick and 32 digits stand around.
        let around = sender.as_str().len() + 2 + 33;
        let text_bytes_max = (bytes_max / 4 * 3).saturating_sub(around).max(4);
        let mut bodies = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.floor_char_boundary(text_bytes_max);
            let (part, after) = rest.split_at(end);
            bodies.push(Self::new(sender, part));
            rest = after;
        }
        bodies
    }

    fn decode(&self) -> Option<String> {
        decode_text(&self.0)
    }
}

/// Base64 of a text, as every chat-phase datagram to a classic client is.
#[must_use]
pub fn encode_text(text: &str) -> String {
    STANDARD.encode(text)
}

/// The text in a Base64 field; `None` if it is not Base64 (padded, as the original clients insist)
/// or not UTF-8.
#[must_use]
pub fn decode_text(encoded: &str) -> Option<String> {
    let bytes = STANDARD.decode(encoded).ok()?;
    String::from_utf8(bytes).ok()
}

/// The part before the last backtick, and whether the hash behind it holds.
fn verify(decoded: &str) -> Option<(&str, bool)> {
    let (signed, hash) = decoded.rsplit_once(HASH_MARK)?;
    Some((signed, md5_hex(signed) == hash))
}

fn md5_hex(text: &str) -> String {
    hex::digits(u128::from_be_bytes(Md5::digest(text).into()), 32).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    fn sealed(plain: &str) -> Body {
        Body(STANDARD.encode(plain).into())
    }

    #[test]
    fn a_body_is_what_the_original_client_makes() {
        // md5("RBLCAM001: Hi!"), computed with another implementation.
        let plain = "RBLCAM001: Hi!`7928316b9800940bba22970c0f378e24";
        assert_eq!(Body::new(&name("RBLCAM001"), "Hi!"), sealed(plain));
    }

    #[test]
    fn recipients_split_at_the_last_backtick() {
        let opened = Body::new(&name("bob"), "run `ls`: now").open();
        let expected =
            Opened::Intact { signature: "bob".to_owned(), text: "run `ls`: now".to_owned() };
        assert_eq!(opened, expected);
    }

    #[test]
    fn anything_wrong_opens_as_corrupted() {
        for plain in ["bob: hi", "bob: hi`", "bob: hi`00000000000000000000000000000000", ""] {
            assert_eq!(sealed(plain).open(), Opened::Corrupted, "{plain}");
        }
        for wire in ["%%%", "Ym9i=", "/////w=="] {
            assert_eq!(Body::from_wire(wire).open(), Opened::Corrupted, "{wire}");
        }
    }

    #[test]
    fn a_long_text_becomes_several_bodies_that_fit() {
        let (bob, text) = (name("bob"), "é".repeat(3_000));
        let bodies = Body::new(&bob, &text).split(&bob, 2_048);
        assert!(bodies.len() > 1 && bodies.iter().all(|body| body.as_str().len() <= 2_048));
        let joined: String = bodies
            .iter()
            .map(|body| match body.open() {
                Opened::Intact { text, .. } => text,
                Opened::Corrupted => panic!("each is intact"),
            })
            .collect();
        assert_eq!(joined, text);
    }

    #[test]
    fn the_server_refuses_what_would_deceive_a_classic_client() {
        let bob = name("bob");
        assert_eq!(Body::new(&bob, "hi `x` there").judge(&bob), Judgement::Genuine);
        assert_eq!(Body::new(&name("alice"), "hi").judge(&bob), Judgement::Forged);
        assert_eq!(sealed("bob: hi`deadbeef").judge(&bob), Judgement::Corrupted);
        // Without exactly one backtick a classic client shows the first part unverified.
        assert_eq!(sealed("alice: hi").judge(&bob), Judgement::Malformed);
        assert_eq!(sealed("alice: hi`x`deadbeef").judge(&bob), Judgement::Malformed);
        assert_eq!(Body::from_wire("bob: hi").judge(&bob), Judgement::Malformed);
        assert_eq!(Body::from_wire("/////w==").judge(&bob), Judgement::Malformed);
    }
}
