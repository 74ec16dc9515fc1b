//! Bytes of a fuzzer read as operations, so that a small change of the bytes is a small change of
//! what happens.

/// What is left of the bytes. Beyond their end everything is zero or empty.
pub(super) struct Script<'a>(pub(super) &'a [u8]);

impl<'a> Script<'a> {
    /// The next byte, while there is one.
    pub(super) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below the bound, which is at most 256.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.next().unwrap_or(0)) % bound
    }

    /// Up to 1,023 bytes; how many stands before them.
    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.below(4) * 256 + self.below(256);
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}
