//! The server's end of a WebSocket (RFC 6455) without I/O: bytes come in, messages and answers come
//! out.
//!
//! Why not all of it by tungstenite, which only does the handshake's hash: what a bridge needs is bounded
//! to two kilobytes, and each rule is checked as soon as the bytes that break it are there. The library
//! looks at a head when the whole frame has come, takes lengths that are not minimal, and holds 12 kB
//! for each session.

mod decoder;
mod encoder;
mod handshake;

pub(crate) use self::decoder::{Decoder, Event};
pub(crate) use self::encoder::{encode_close, encode_message, encode_ping, encode_pong};
pub(crate) use self::handshake::{HandshakeError, accept};

/// Why a WebSocket ends, as it is told to the other end (RFC 6455, section 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CloseCode(pub(crate) u16);

impl CloseCode {
    /// The gateway is stopping.
    pub(crate) const AWAY: Self = Self(1001);
    /// The rules of the protocol were broken.
    pub(crate) const PROTOCOL_ERROR: Self = Self(1002);
    /// A text is not UTF-8.
    pub(crate) const INVALID_TEXT: Self = Self(1007);
    /// Something else is wrong with the other end.
    pub(crate) const POLICY: Self = Self(1008);
    /// A message is longer than is taken.
    pub(crate) const TOO_BIG: Self = Self(1009);

    /// A code that may stand in a close frame: one that is registered for it, or that applications
    /// may choose.
    pub(crate) fn parse(code: u16) -> Option<Self> {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(Self(code))
    }
}

/// What the other end did wrong. It ends the WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) code: CloseCode,
    /// In words, for the other end.
    pub(crate) reason: &'static str,
}

impl Violation {
    const fn protocol(reason: &'static str) -> Self {
        Self { code: CloseCode::PROTOCOL_ERROR, reason }
    }

    const fn text(reason: &'static str) -> Self {
        Self { code: CloseCode::INVALID_TEXT, reason }
    }

    const fn too_big(reason: &'static str) -> Self {
        Self { code: CloseCode::TOO_BIG, reason }
    }
}
