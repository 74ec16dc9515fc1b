//! Stretching: what makes each guess at a password slow.

use std::cell::RefCell;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;

/// No salt: what is stretched is the output of the OPRF already, which differs for each record (RFC 9807,
/// section 7).
const SALT: [u8; 16] = [0; 16];

/// What stretching costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory_kib: u32,
    /// How often all of it is gone over.
    pub passes: u32,
}

impl Cost {
    /// That of the protocol: the first choice of OWASP for Argon2id. It belongs to the suite: neither side
    /// tells the other, and a record fits no other cost.
    pub const SUITE: Self = Self { memory_kib: 47_104, passes: 1 };

    /// For simulations of thousands of sign-ins, which guard nothing.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// Argon2id (RFC 9106) in one block of memory, for as long as this lives: a block for each password would
/// stay with the allocator.
pub struct Stretcher {
    cost: Cost,
    memory: RefCell<Vec<Block>>,
}

impl Stretcher {
    /// At that cost. The memory is taken when it is first used.
    #[must_use]
    pub fn new(cost: Cost) -> Self {
        Self { cost, memory: RefCell::default() }
    }

    fn stretch(&self, input: &[u8], output: &mut [u8]) -> argon2::Result<()> {
        let params = Params::new(self.cost.memory_kib, self.cost.passes, 1, Some(output.len()))?;
        let mut memory = self.memory.borrow_mut();
        if let Some(missing) = params.block_count().checked_sub(memory.len()) {
            memory.try_reserve_exact(missing).map_err(|_| argon2::Error::OutOfMemory)?;
            memory.resize(params.block_count(), Block::default());
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let done = argon2.hash_password_into_with_memory(input, &SALT, output, &mut memory[..]);
        // The password could be guessed from it without stretching.
        memory.fill(Block::default());
        std::hint::black_box(&memory);
        done
    }
}

impl Default for Stretcher {
    fn default() -> Self {
        Self::new(Cost::SUITE)
    }
}

impl std::fmt::Debug for Stretcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stretcher").field(&self.cost).finish()
    }
}

impl Ksf for Stretcher {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let mut output = GenericArray::default();
        self.stretch(&input, &mut output).map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_block_serves_all() {
        let stretcher = Stretcher::new(Cost::LEAST);
        let mut outputs = [[0; 64]; 2];
        stretcher.stretch(b"input", &mut outputs[0]).unwrap();
        let before = (stretcher.memory.borrow().len(), stretcher.memory.borrow().as_ptr());
        stretcher.stretch(b"input", &mut outputs[1]).unwrap();
        assert_eq!((stretcher.memory.borrow().len(), stretcher.memory.borrow().as_ptr()), before);
        assert_eq!(outputs[0], outputs[1], "what was in the memory before changes nothing");
        let is_wiped = |block: &Block| block.as_ref().iter().all(|word| *word == 0);
        assert!(stretcher.memory.borrow().iter().all(is_wiped));
    }
}
