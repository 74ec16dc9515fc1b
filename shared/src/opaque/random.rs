//! Randomness for one step, as `opaque-ke` wants it.

use opaque_ke::rand::{CryptoRng, Error, RngCore};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

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

    /// The stream of one of many tests.
    #[cfg(test)]
    pub(super) fn into_random_at(self, number: u64) -> Random {
        let mut random = self.into_random();
        random.0.set_stream(number);
        random
    }

    pub(super) fn into_random(self) -> Random {
        Random(ChaCha20Rng::from_seed(*self.0.bytes()))
    }
}

/// The stream of a seed, in the words of the generation of crates that `opaque-ke` is of.
pub(super) struct Random(ChaCha20Rng);

#[cfg(test)]
impl Random {
    /// A number below that.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.next_u64() as usize % bound
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
