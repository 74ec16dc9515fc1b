//! What a message belongs to.

use std::fmt;

use crate::name::{GroupName, UserName};

/// A conversation, as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conversation {
    /// The broadcast: everyone who is on the server.
    Everyone,
    /// A group.
    Group(GroupName),
    /// One other person (or oneself).
    User(UserName),
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.pad("Everyone"),
            Self::Group(name) => name.fmt(f),
            Self::User(name) => name.fmt(f),
        }
    }
}
