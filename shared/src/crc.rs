//! The checksum of a datagram: CRC-32 as Ethernet and zip have it.

/// The checksum of these bytes.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// The same without tables of 16 KiB, which a browser would download: they are random, and do not
/// compress.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    CRC.checksum(bytes)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::crc32;

    #[test]
    fn it_is_the_one_that_everybody_knows() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
