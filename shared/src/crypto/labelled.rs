//! One encoding for everything that is hashed or proved.

/// A label and fields, each as its length in four bytes (big-endian) and itself. The label says what
/// the fields are, so that no two purposes and no two values ever give the same bytes.
pub(crate) fn labelled(label: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in std::iter::once(label.as_bytes()).chain(fields.iter().copied()) {
        // Nothing that is proved comes near 4 GiB.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_lengths_and_bytes() {
        assert_eq!(labelled("ab", &[b"c", b""]), b"\0\0\0\x02ab\0\0\0\x01c\0\0\0\0");
    }

    proptest! {
        #[test]
        fn no_two_values_give_the_same_bytes(
            one in proptest::collection::vec(proptest::collection::vec(0..3_u8, 0..6), 0..4),
            other in proptest::collection::vec(proptest::collection::vec(0..3_u8, 0..6), 0..4),
        ) {
            let bytes = |fields: &[Vec<u8>]| {
                labelled("label", &fields.iter().map(Vec::as_slice).collect::<Vec<_>>())
            };
            prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
        }
    }
}
