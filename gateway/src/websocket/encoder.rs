//! Frames to a browser: whole, unmasked, and not longer than 64 KiB.

use super::CloseCode;

const FINAL: u8 = 0x80;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// Longest payload of a control frame, in bytes (RFC 6455, section 5.5).
pub(super) const CONTROL_BYTES_MAX: usize = 125;

/// Adds a binary message; a longer one than a datagram can be is cut.
pub(crate) fn encode_message(payload: &[u8], out: &mut Vec<u8>) {
    let payload = &payload[..payload.len().min(usize::from(u16::MAX))];
    encode(BINARY, payload, out);
}

/// Adds a ping that says nothing.
pub(crate) fn encode_ping(out: &mut Vec<u8>) {
    encode(PING, &[], out);
}

/// Adds the answer to a ping.
pub(crate) fn encode_pong(payload: &[u8], out: &mut Vec<u8>) {
    encode(PONG, payload, out);
}

/// Adds a close frame; one without a code says nothing.
pub(crate) fn encode_close(code: Option<CloseCode>, reason: &str, out: &mut Vec<u8>) {
    let mut payload = Vec::new();
    if let Some(CloseCode(code)) = code {
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(reason.as_bytes());
    }
    debug_assert!(payload.len() <= CONTROL_BYTES_MAX, "reasons are short");
    encode(CLOSE, &payload, out);
}

fn encode(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(FINAL | opcode);
    match u8::try_from(payload.len()) {
        Ok(length @ 0..126) => out.push(length),
        _ => {
            out.push(126);
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        for (length, head) in [
            (0, &[0x82, 0][..]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (2_048, &[0x82, 126, 8, 0]),
        ] {
            let mut out = Vec::new();
            encode_message(&vec![7; length], &mut out);
            assert_eq!(&out[..head.len()], head);
            assert_eq!(out.len(), head.len() + length);
        }
    }

    #[test]
    fn control_frames_are_as_the_rfc_has_them() {
        let mut out = Vec::new();
        encode_ping(&mut out);
        encode_pong(b"hi", &mut out);
        encode_close(None, "", &mut out);
        encode_close(Some(CloseCode::AWAY), "bye", &mut out);
        assert_eq!(out, b"\x89\x00\x8a\x02hi\x88\x00\x88\x05\x03\xe9bye");
    }
}
