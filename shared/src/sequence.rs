//! The one order of all messages.

/// The place of a message in the one order that the server gives all of them, counted from 1.
/// Places that were given and never used are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);
