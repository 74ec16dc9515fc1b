//! Keys that are used once.

use super::Secret;

/// Makes keys for single use from one random seed. What has made a key is forgotten with it: whoever
/// reads the memory later can't compute it again, and so can't read what was recorded before. (A
/// generator that counts, such as those for everything else that is random here, would tell.)
#[derive(Debug)]
pub struct FreshKeys(Secret);

impl FreshKeys {
    /// Divides a random seed: into keys, and into a seed for what need not be secret for ever.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> (Self, [u8; 32]) {
        let seed = Secret::new(seed);
        (Self(seed.derive("netchat fresh keys 1")), *seed.derive("netchat randomness 1").bytes())
    }

    /// Two that have nothing to do with each other.
    #[must_use]
    pub fn split(mut self) -> (Self, Self) {
        (Self(self.draw()), self)
    }

    pub(crate) fn draw(&mut self) -> Secret {
        let key = self.0.derive("netchat fresh key 1");
        self.0 = self.0.derive("netchat next keys 1");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let (mut keys, rest) = FreshKeys::from_seed([7; 32]);
        let drawn = [keys.draw(), keys.draw(), keys.draw()].map(|key| *key.bytes());
        let mut all = vec![rest, *keys.0.bytes(), [7; 32]];
        all.extend(drawn);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }
}
