//! Hexadecimal digits, lower case. The formatting machinery of the standard library costs several
//! times as much, and each message has a hundred of them.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The last so many digits of a number, as bytes.
pub(crate) fn digits(value: u128, count: u32) -> impl Iterator<Item = u8> {
    (0..count).rev().map(move |place| DIGITS[(value >> (4 * place) & 0xf) as usize])
}

/// Reads exactly so many digits, at most 32, of either case.
pub(crate) fn parse_exact(text: &str, count: usize) -> Option<u128> {
    if text.len() != count {
        return None;
    }
    text.bytes().try_fold(0_u128, |value, digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(value: u128) {
            let text: String = digits(value, 32).map(char::from).collect();
            prop_assert_eq!(&text, &format!("{value:032x}"));
            prop_assert_eq!(parse_exact(&text, 32), Some(value));
            prop_assert_eq!(parse_exact(&text, 31), None);
        }
    }

    #[test]
    fn other_characters_are_no_digits() {
        assert_eq!(parse_exact("+1", 2), None);
        assert_eq!(parse_exact("0g", 2), None);
    }
}
