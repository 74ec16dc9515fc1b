//! A hundred bits as people write them: 20 letters and digits, none of which is taken for another.

use std::fmt;

/// The letters and digits.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// How many of them, five bits each.
const COUNT: u32 = 20;
/// So many stand together.
const GROUP: u32 = 5;

/// See the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letters(u128);

impl Letters {
    /// The first hundred bits of a hash.
    pub(crate) fn of_hash(hash: &[u8; 32]) -> Self {
        let first = hash.iter().take(16).fold(0, |bits, &byte| bits << 8 | u128::from(byte));
        Self(first >> (128 - 5 * COUNT))
    }

    pub(crate) fn bits(self) -> u128 {
        self.0
    }

    /// Reads them. Hyphens and spaces count for nothing, capitals as small letters, and letters that look
    /// like digits as those.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mut bits, mut count) = (0_u128, 0);
        for letter in text.bytes().filter(|letter| !matches!(letter, b'-' | b' ')) {
            let letter = match letter.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                letter => letter,
            };
            let value = ALPHABET.iter().position(|&known| known == letter)?;
            count += 1;
            if count > COUNT {
                return None;
            }
            bits = bits << 5 | value as u128;
        }
        (count == COUNT).then_some(Self(bits))
    }
}

/// In groups of five, as they are shown and may be typed.
impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..COUNT).rev() {
            let letter = ALPHABET[(self.0 >> (5 * place) & 0x1f) as usize];
            write!(f, "{}", char::from(letter))?;
            if place % GROUP == 0 && place > 0 {
                f.write_str("-")?;
            }
        }
        Ok(())
    }
}
