//! What is kept of passwords.

use std::fmt;

use netchat_shared::opaque::Record;

/// Before the Base64 of a record.
const RECORD: &str = "opaque:";

/// What is kept of a user's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPassword {
    /// What it is compared with.
    pub verifier: Verifier,
    /// An original client has sent it, for everybody on the way to read.
    pub was_readable: bool,
}

/// What a password is compared with. As text, one line; the `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Verifier {
    /// A record of OPAQUE.
    Record(Record),
    /// Of an account of before: an Argon2id hash in PHC form. Only a password that is sent can be compared
    /// with it.
    Hash(String),
}

impl KeptPassword {
    /// Of a password that nobody on the way could read.
    pub(crate) fn unread(record: Record) -> Self {
        Self { verifier: Verifier::Record(record), was_readable: false }
    }

    /// Of a password that was sent.
    pub(crate) fn readable(record: Record) -> Self {
        Self { verifier: Verifier::Record(record), was_readable: true }
    }

    /// The record, if it is one.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        match &self.verifier {
            Verifier::Record(record) => Some(record),
            Verifier::Hash(_) => None,
        }
    }
}

impl Verifier {
    /// Reads it. A text that is no record is taken for a hash of before: whoever compares sees whether it
    /// is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let record = text.strip_prefix(RECORD).and_then(Record::parse);
        record.map_or_else(|| Self::Hash(text.to_owned()), Self::Record)
    }

    /// As it is stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Record(record) => format!("{RECORD}{record}"),
            Self::Hash(hash) => hash.clone(),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Record(_) => "Record(…)",
            Self::Hash(_) => "Hash(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back() {
        let zeros = format!("opaque:{}AA==", "AAAA".repeat(Record::BYTES / 3));
        assert!(matches!(Verifier::parse(&zeros), Verifier::Record(_)));
        for text in [&zeros[..], "$argon2id$v=19$…", "opaque:AAAA", ""] {
            assert_eq!(Verifier::parse(text).to_text(), text);
        }
        assert_eq!(format!("{:?}", Verifier::parse("$argon2id$…")), "Hash(…)");
    }
}
