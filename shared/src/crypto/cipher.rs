//! ChaCha20-Poly1305 (RFC 8439) as Noise uses it (revision 34, section 12.3): a nonce is four zero
//! bytes and a number of eight, little-endian.

/// Bytes that a sealed text has more than the text.
pub(super) const TAG_BYTES: usize = 16;

/// What was to be opened was not sealed under that key and nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotSealed;

fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_le_bytes());
    nonce
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) use self::native::{open, seal};
#[cfg(target_arch = "wasm32")]
pub(super) use self::portable::{open, seal};

/// By ring, in assembly: a short text takes a fifth of a microsecond in place of two.
#[cfg(not(target_arch = "wasm32"))]
mod native {
    use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};

    use super::{NotSealed, TAG_BYTES, nonce};

    /// Encrypts in place; the tag.
    pub(in super::super) fn seal(
        key: &[u8; 32],
        number: u64,
        proved: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], NotSealed> {
        let nonce = Nonce::assume_unique_for_key(nonce(number));
        let tag = prepare(key)?.seal_in_place_separate_tag(nonce, Aad::from(proved), text);
        tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(NotSealed)
    }

    /// Decrypts in place. What is left when it fails is no text.
    pub(in super::super) fn open(
        key: &[u8; 32],
        number: u64,
        proved: &[u8],
        text: &mut [u8],
        tag: [u8; TAG_BYTES],
    ) -> Result<(), NotSealed> {
        let (nonce, tag) = (Nonce::assume_unique_for_key(nonce(number)), Tag::from(tag));
        let key = prepare(key)?;
        let opened = key.open_in_place_separate_tag(nonce, Aad::from(proved), tag, text, 0..);
        opened.map(|_| ()).map_err(|_| NotSealed)
    }

    /// It takes some nanoseconds, and keeping it in a session half a kilobyte that nobody wipes.
    fn prepare(key: &[u8; 32]) -> Result<LessSafeKey, NotSealed> {
        UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new).map_err(|_| NotSealed)
    }
}

/// The same in plain Rust, for WebAssembly.
#[cfg(any(test, target_arch = "wasm32"))]
mod portable {
    use chacha20poly1305::aead::AeadInOut as _;
    use chacha20poly1305::aead::inout::InOutBuf;
    use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};

    use super::{NotSealed, TAG_BYTES, nonce};

    /// Encrypts in place; the tag.
    pub(in super::super) fn seal(
        key: &[u8; 32],
        number: u64,
        proved: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], NotSealed> {
        let (cipher, nonce) = (ChaCha20Poly1305::new(key.into()), nonce(number));
        let tag = cipher.encrypt_inout_detached((&nonce).into(), proved, InOutBuf::from(text));
        tag.map(|tag| tag.0).map_err(|_| NotSealed)
    }

    /// Decrypts in place. What is left when it fails is no text.
    pub(in super::super) fn open(
        key: &[u8; 32],
        number: u64,
        proved: &[u8],
        text: &mut [u8],
        tag: [u8; TAG_BYTES],
    ) -> Result<(), NotSealed> {
        let (cipher, nonce) = (ChaCha20Poly1305::new(key.into()), nonce(number));
        let text = InOutBuf::from(text);
        let opened = cipher.decrypt_inout_detached((&nonce).into(), proved, text, (&tag).into());
        opened.map_err(|_| NotSealed)
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_ways_are_the_same_cipher(
            key: [u8; 32], number: u64,
            proved in proptest::collection::vec(any::<u8>(), 0..20),
            text in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let (mut one, mut other) = (text.clone(), text.clone());
            let tag = seal(&key, number, &proved, &mut one).unwrap();
            prop_assert_eq!(portable::seal(&key, number, &proved, &mut other).unwrap(), tag);
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(open(&key, number, &proved, &mut other, tag), Ok(()));
            prop_assert_eq!(portable::open(&key, number, &proved, &mut one, tag), Ok(()));
            prop_assert_eq!((&one, &other), (&text, &text));
        }

        #[test]
        fn what_was_changed_is_noticed(
            text in proptest::collection::vec(any::<u8>(), 1..100),
            at: prop::sample::Index, bit in 0..8_u32, what in 0..5,
        ) {
            let (mut key, mut number, mut proved) = ([7; 32], 9, b"proved".to_vec());
            let mut sealed = text.clone();
            let mut tag = seal(&key, number, &proved, &mut sealed).unwrap();
            match what {
                0 => sealed[at.index(text.len())] ^= 1_u8 << bit,
                1 => tag[at.index(16)] ^= 1_u8 << bit,
                2 => key[at.index(32)] ^= 1_u8 << bit,
                3 => proved[at.index(6)] ^= 1_u8 << bit,
                _ => number += 1,
            }
            let mut other = sealed.clone();
            prop_assert_eq!(open(&key, number, &proved, &mut sealed, tag), Err(NotSealed));
            prop_assert_eq!(portable::open(&key, number, &proved, &mut other, tag), Err(NotSealed));
        }
    }
}
