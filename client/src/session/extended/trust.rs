//! Whether a server is the one that is meant.

use netchat_shared::server_key::{KeyCode, ServerKey};

/// What is known of the server's key before it has proved that it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Nothing: the first key that a server proves is taken for its own.
    FirstUse,
    /// Its code, which the address said.
    Code(KeyCode),
    /// The key that it proved before.
    Key(ServerKey),
}

impl Trust {
    /// Whether the server may be one with that key.
    pub(super) fn admits(&self, key: &ServerKey) -> bool {
        match self {
            Self::FirstUse => true,
            Self::Code(code) => key.code() == *code,
            Self::Key(known) => known == key,
        }
    }

    /// The key that the server proved.
    pub(super) fn key(&self) -> Option<ServerKey> {
        match self {
            Self::Key(key) => Some(*key),
            Self::FirstUse | Self::Code(_) => None,
        }
    }

    /// The code of the server that is meant, if it is known.
    pub(super) fn code(&self) -> Option<KeyCode> {
        match self {
            Self::FirstUse => None,
            Self::Code(code) => Some(*code),
            Self::Key(key) => Some(key.code()),
        }
    }
}
