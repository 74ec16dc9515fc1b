//! Randomness for one step, as `opaque-ke` wants it.

use opaque_ke::rand::{CryptoRng, Error, RngCore};

use crate::FreshKeys;
use crate::crypto::Secret;

/// What the random choices of one step come from. Used once, and wiped.
#[derive(Debug, Clone)]
pub struct Seed(Secret);

impl PartialEq for Seed {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes() == other.0.bytes()
    }
}

impl Eq for Seed {}

impl Seed {
    /// Another one.
    #[must_use]
    pub fn draw(keys: &mut FreshKeys) -> Self {
        Self(keys.draw())
    }

    pub(super) fn into_random(self) -> Random {
        Random(FreshKeys::from_seed(*self.0.bytes()).0)
    }
}

/// One key after the other, each wiped, and none to be found from what comes behind it.
pub(super) struct Random(FreshKeys);

impl Random {
    /// A number below that, for tests.
    #[cfg(test)]
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.next_u64() as usize % bound
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            chunk.copy_from_slice(&self.0.draw().bytes()[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
