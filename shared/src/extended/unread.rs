//! How much of a conversation is not read yet.

use std::fmt;

use crate::limits::UNREAD_COUNT_MAX;

/// How many lines of others are behind the place up to which somebody has read a conversation; counted
/// up to [`UNREAD_COUNT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UnreadCount(u32);

impl UnreadCount {
    /// So many; of more than are counted, as many as are.
    #[must_use]
    pub fn new(lines: u32) -> Self {
        Self(lines.min(UNREAD_COUNT_MAX))
    }

    /// So many, or at least so many: see [`Self::is_at_least`].
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// Whether there may be more than [`Self::get`] says.
    #[must_use]
    pub fn is_at_least(self) -> bool {
        self.0 == UNREAD_COUNT_MAX
    }

    pub(super) fn parse(field: &str) -> Option<Self> {
        field.parse().ok().filter(|lines| *lines <= UNREAD_COUNT_MAX).map(Self)
    }
}

impl fmt::Display for UnreadCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_up_to_a_bound() {
        assert_eq!(UnreadCount::new(3).get(), 3);
        assert!(!UnreadCount::new(UNREAD_COUNT_MAX - 1).is_at_least());
        assert_eq!(UnreadCount::new(UNREAD_COUNT_MAX + 7), UnreadCount::new(UNREAD_COUNT_MAX));
        assert!(UnreadCount::new(UNREAD_COUNT_MAX).is_at_least());
        assert_eq!(UnreadCount::parse("100"), Some(UnreadCount::new(100)));
        assert_eq!(UnreadCount::parse("101"), None);
    }
}
