//! What users and conversations are known by.

/// A user, for good: never given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

/// A conversation, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationId(pub u32);

impl ConversationId {
    /// The broadcast conversation, which always exists.
    pub const EVERYONE: Self = Self(0);
}
