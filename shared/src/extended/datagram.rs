//! Datagrams of the extended protocol (PROTOCOL.md, "Datagrams").
//!
//! ```text
//! X#<crc>#OFFER#<version>#<nonce>#<padding>               client: do you know this?
//! X#<crc>#COOKIE#<version>#<nonce>#<cookie>#<key>         server: yes; prove that you are where you say
//! X#<crc>#OPEN#<version>#<nonce>#<cookie>#<hello>         client: here; this is my half of a key
//! X#<crc>#OPENED#<nonce>#<answer>                         server: this is mine, and your session
//! X#<crc>#E#<session>#<number>\n<sealed>                  either: frames of a session, encrypted
//! X#<crc>#GONE#<session>#<reset>                          server: I know no such session
//! X#<crc>#VIA#<version>#<nonce>#<cookie>#<address>#<mac>  gateway: who is behind my address
//! X#<crc>#VIA_TAKEN#<nonce>#<mac>                         server: good
//! X#<crc>#HANG_UP#<version>#<nonce>#<cookie>#<mac>        gateway: nobody any more
//! ```
//!
//! The checksum is CRC-32 (IEEE 802.3) of everything behind its `#`: UDP's own is too weak to rely
//! on (RFC 8085, section 3.4). It tells damage from forgery; what is proved is inside.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::crc::crc32;
use crate::crypto::HELLO_BYTES;
use crate::hex;
use crate::limits::OFFER_BYTES_MIN;
use crate::server_key::{ResetWord, ServerKey};
use crate::via::{HangUp, Via, ViaTaken};

/// The version of the extension that this code speaks.
pub const PROTOCOL_VERSION: u32 = 2;

/// Names a session on the server, in place of an address: unguessable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A datagram, its checksum verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// A client offers the extension. Padded, so that the answer is never longer.
    Offer {
        /// The highest version that it knows.
        version: u32,
        /// Its name for this attempt.
        nonce: u64,
    },
    /// The server accepts, without remembering anything.
    Cookie {
        /// The version to speak.
        version: u32,
        /// Of the offer.
        nonce: u64,
        /// What only the server can make, and only for that address and time.
        cookie: u64,
        /// What the server says that its key is. Nothing proves it yet.
        server: ServerKey,
    },
    /// The client shows that it receives what is sent to its address.
    Open {
        /// The version to speak.
        version: u32,
        /// Of the offer.
        nonce: u64,
        /// As received.
        cookie: u64,
        /// The client's half of the handshake.
        hello: [u8; HELLO_BYTES],
    },
    /// There is a session now.
    Opened {
        /// Of the offer.
        nonce: u64,
        /// The server's half of the handshake, with the session sealed in it.
        answer: [u8; ANSWER_BYTES],
    },
    /// There is no such session: the server was restarted, or has forgotten it.
    Gone {
        /// Its name.
        session: SessionId,
        /// What shows that the server says so.
        reset: ResetWord,
    },
    /// Frames of a session, encrypted.
    Packet {
        /// Whose.
        session: SessionId,
        /// Counts every packet of one side; never repeats.
        number: u64,
        /// What a [`Channel`](super::Channel) opens.
        sealed: &'a [u8],
    },
    /// A gateway says whose address is behind its own.
    Via(Via),
    /// The server has taken that.
    ViaTaken(ViaTaken),
    /// A gateway says that nobody is behind its address any more.
    HangUp(HangUp),
}

/// Why bytes are not a datagram of the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DatagramError {
    /// They don't begin like one: perhaps classic.
    #[error("not of the extended protocol")]
    NotExtended,
    /// The checksum does not hold.
    #[error("damaged on the way")]
    Damaged,
    /// The checksum holds, but the rest makes no sense.
    #[error("malformed")]
    Malformed,
}

/// What every datagram begins with: no classic datagram does, in either direction.
const PREFIX: &[u8] = b"X#";
const CRC_DIGITS: usize = 8;
/// Bytes of the server's half of a handshake: a key for this link only, session, reset word, tag.
pub const ANSWER_BYTES: usize = 32 + 8 + ResetWord::BYTES + 16;
/// The last number that a packet or a slice can have.
const NUMBER_MAX: u64 = u64::MAX / 4;
/// A packet with a message as long as people's usually are fits without moving.
const PACKET_BYTES_USUAL: usize = 512;

impl<'a> Datagram<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// [`DatagramError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DatagramError> {
        let rest = bytes.strip_prefix(PREFIX).ok_or(DatagramError::NotExtended)?;
        let (crc, rest) = rest.split_at_checked(CRC_DIGITS).ok_or(DatagramError::Malformed)?;
        let rest = rest.strip_prefix(b"#").ok_or(DatagramError::Malformed)?;
        let crc = parse_hex(crc).ok_or(DatagramError::Malformed)?;
        if crc != u64::from(crc32(rest)) {
            return Err(DatagramError::Damaged);
        }
        parse_kind(rest).ok_or(DatagramError::Malformed)
    }

    /// The datagram as bytes.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let mut writer = DatagramWriter::new();
        let text = writer.bytes();
        match *self {
            Self::Offer { version, nonce } => {
                put(text, format_args!("OFFER#{version}#{nonce:016x}#"));
                text.resize(OFFER_BYTES_MIN.max(text.len()), b'.');
            }
            Self::Cookie { version, nonce, cookie, server } => {
                put(text, format_args!("COOKIE#{version}#{nonce:016x}#{cookie:016x}#{server}"));
            }
            Self::Open { version, nonce, cookie, hello } => {
                let hello = STANDARD.encode(hello);
                put(text, format_args!("OPEN#{version}#{nonce:016x}#{cookie:016x}#{hello}"));
            }
            Self::Opened { nonce, answer } => {
                let answer = STANDARD.encode(answer);
                put(text, format_args!("OPENED#{nonce:016x}#{answer}"));
            }
            Self::Gone { session, reset } => put(text, format_args!("GONE#{session}#{reset}")),
            Self::Via(via) => put(text, format_args!("{via}")),
            Self::ViaTaken(taken) => put(text, format_args!("{taken}")),
            Self::HangUp(hang_up) => put(text, format_args!("{hang_up}")),
            Self::Packet { session, number, sealed } => {
                put(text, format_args!("E#{session}#{number:x}\n"));
                text.extend_from_slice(sealed);
            }
        }
        writer.finish()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Writes a datagram whose checksum is filled in at the end.
#[derive(Debug)]
pub(super) struct DatagramWriter {
    bytes: Vec<u8>,
}

impl DatagramWriter {
    pub(super) fn new() -> Self {
        let mut bytes = Vec::with_capacity(PACKET_BYTES_USUAL);
        bytes.extend_from_slice(PREFIX);
        bytes.extend_from_slice(b"00000000#");
        Self { bytes }
    }

    /// The head of a packet; what is sealed follows.
    pub(super) fn packet(session: SessionId, number: u64) -> Self {
        let mut writer = Self::new();
        writer.bytes.extend_from_slice(b"E#");
        put_hex(&mut writer.bytes, session.0, 16);
        writer.bytes.push(b'#');
        put_hex(&mut writer.bytes, number, 1);
        writer.bytes.push(b'\n');
        writer
    }

    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let content = PREFIX.len() + CRC_DIGITS + 1;
        let crc = crc32(&self.bytes[content..]);
        let field = &mut self.bytes[PREFIX.len()..][..CRC_DIGITS];
        for (place, digit) in field.iter_mut().zip(hex::digits(u128::from(crc), 8)) {
            *place = digit;
        }
        self.bytes
    }
}

pub(super) fn put(bytes: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    use std::io::Write as _;

    // Writing to a Vec can't fail.
    let _ = bytes.write_fmt(text);
}

/// Adds a number in hexadecimal, of at least so many digits.
pub(super) fn put_hex(bytes: &mut Vec<u8>, number: u64, digits_min: u32) {
    let significant = (u64::BITS - number.leading_zeros()).div_ceil(4);
    bytes.extend(hex::digits(u128::from(number), significant.max(digits_min)));
}

/// Reads up to 16 hexadecimal digits.
pub(super) fn parse_hex(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | u64::from(digit))
    })
}

/// Reads a number that is counted on from. Nobody comes to the end of them, and none is so high that
/// what is added to it overflows.
pub(super) fn parse_number(digits: &[u8]) -> Option<u64> {
    parse_hex(digits).filter(|&number| number <= NUMBER_MAX)
}

/// Reads exactly 16 hexadecimal digits. No shorter form: an answer that repeats them is then never
/// longer than what it answers.
pub(super) fn hex_id(digits: &[u8]) -> Option<u64> {
    (digits.len() == 16).then(|| parse_hex(digits)).flatten()
}

fn parse_kind(rest: &[u8]) -> Option<Datagram<'_>> {
    if let Some(packet) = rest.strip_prefix(b"E#") {
        let end = packet.iter().position(|&byte| byte == b'\n')?;
        let (head, sealed) = (&packet[..end], &packet[end + 1..]);
        let (session, number) = split_pair(head)?;
        return Some(Datagram::Packet {
            session: SessionId(hex_id(session)?),
            number: parse_number(number)?,
            sealed,
        });
    }
    let text = std::str::from_utf8(rest).ok()?;
    let mut fields = text.split('#');
    let (kind, first) = (fields.next()?, fields.next()?);
    let mut next = || fields.next();
    match kind {
        "OPENED" => Some(Datagram::Opened { nonce: id(first)?, answer: bytes(next()?)? }),
        "GONE" => {
            let session = SessionId(id(first)?);
            Some(Datagram::Gone { session, reset: ResetWord::parse(next()?)? })
        }
        "VIA_TAKEN" => ViaTaken::parse(id(first)?, next()?).map(Datagram::ViaTaken),
        _ => parse_versioned(kind, first.parse().ok()?, next),
    }
}

/// Reads what begins with a version, a nonce and, but for an offer, a cookie.
fn parse_versioned<'a>(
    kind: &str,
    version: u32,
    mut next: impl FnMut() -> Option<&'a str>,
) -> Option<Datagram<'a>> {
    let nonce = id(next()?)?;
    if kind == "OFFER" {
        return Some(Datagram::Offer { version, nonce });
    }
    let cookie = id(next()?)?;
    match kind {
        "COOKIE" => {
            Some(Datagram::Cookie { version, nonce, cookie, server: ServerKey::parse(next()?)? })
        }
        "OPEN" => Some(Datagram::Open { version, nonce, cookie, hello: bytes(next()?)? }),
        "VIA" if version == PROTOCOL_VERSION => {
            Via::parse(nonce, cookie, next()?, next()?).map(Datagram::Via)
        }
        "HANG_UP" if version == PROTOCOL_VERSION => {
            HangUp::parse(nonce, cookie, next()?).map(Datagram::HangUp)
        }
        _ => None,
    }
}

fn id(field: &str) -> Option<u64> {
    hex_id(field.as_bytes())
}

/// Exactly so many bytes in Base64.
fn bytes<const N: usize>(field: &str) -> Option<[u8; N]> {
    STANDARD.decode(field).ok()?.try_into().ok()
}

fn split_pair(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == b'#')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::FRAMES_BYTES_MIN;
    use crate::server_key::StaticKey;

    fn server() -> StaticKey {
        StaticKey::from_random([1; 32])
    }

    fn with_crc(content: &str) -> String {
        format!("X#{:08x}#{content}", crc32(content.as_bytes()))
    }

    #[test]
    fn datagrams_are_written_as_the_protocol_says() {
        let text = |datagram: Datagram<'_>| String::from_utf8(datagram.to_wire()).unwrap();
        let session = SessionId(0x1f);
        let reset = server().reset_word(session);
        let gone = format!("GONE#000000000000001f#{reset}");
        assert_eq!(text(Datagram::Gone { session, reset }), with_crc(&gone));
        let packet = Datagram::Packet { session, number: 26, sealed: b"sealed" };
        assert_eq!(text(packet), "X#1da13a2b#E#000000000000001f#1a\nsealed");
        assert_eq!(text(Datagram::Offer { version: 1, nonce: 7 }).len(), OFFER_BYTES_MIN);
    }

    #[test]
    fn no_answer_to_a_stranger_is_longer_than_what_it_answers() {
        let (session, version, nonce, server) = (SessionId(1), PROTOCOL_VERSION, 7, server());
        let cookie = Datagram::Cookie { version, nonce, cookie: 9, server: server.public() };
        assert!(cookie.to_wire().len() <= OFFER_BYTES_MIN);
        let gone = Datagram::Gone { session, reset: server.reset_word(session) };
        let sealed = [0; FRAMES_BYTES_MIN + 16];
        let shortest = Datagram::Packet { session, number: 1, sealed: &sealed };
        assert!(gone.to_wire().len() <= shortest.to_wire().len());
    }

    #[test]
    fn ids_have_all_their_digits() {
        for content in ["E#1f#1\nsealed", "GONE#1f#0", "OPEN#1#7#9#", "OFFER#1#7#..."] {
            let parsed = with_crc(content);
            let parsed = Datagram::parse(parsed.as_bytes());
            assert_eq!(parsed, Err(DatagramError::Malformed), "{content}");
        }
    }

    #[test]
    fn classic_datagrams_are_told_apart() {
        for classic in ["CHAT#bob#eA==", "Unlocked", "WA==", "", "X"] {
            let parsed = Datagram::parse(classic.as_bytes());
            assert_eq!(parsed, Err(DatagramError::NotExtended), "{classic}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            kind in 0..6, a in any::<u64>(), b in any::<u64>(), bytes: [u8; HELLO_BYTES],
            sealed in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let session = SessionId(a);
            let mut answer = [0; ANSWER_BYTES];
            answer[..HELLO_BYTES].copy_from_slice(&bytes);
            let server = server();
            let datagram = match kind {
                0 => Datagram::Offer { version: 1, nonce: a },
                1 => Datagram::Cookie { version: 1, nonce: a, cookie: b, server: server.public() },
                2 => Datagram::Open { version: 1, nonce: a, cookie: b, hello: bytes },
                3 => Datagram::Opened { nonce: b, answer },
                4 => Datagram::Gone { session, reset: server.reset_word(session) },
                _ => Datagram::Packet { session, number: b % NUMBER_MAX, sealed: &sealed },
            };
            let wire = datagram.to_wire();
            prop_assert_eq!(Datagram::parse(&wire), Ok(datagram));
        }

        #[test]
        fn a_number_that_could_overflow_is_none(number in NUMBER_MAX + 1..) {
            let session = SessionId(1);
            let wire = Datagram::Packet { session, number, sealed: b"" }.to_wire();
            prop_assert_eq!(Datagram::parse(&wire), Err(DatagramError::Malformed));
        }

        #[test]
        fn damage_is_noticed(
            sealed in proptest::collection::vec(any::<u8>(), 0..300), at in any::<usize>(), flip in 1..=255_u8,
        ) {
            let packet = Datagram::Packet { session: SessionId(1), number: 2, sealed: &sealed };
            let mut bytes = packet.to_wire();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            prop_assert!(Datagram::parse(&bytes).is_err() || Datagram::parse(&bytes) == Ok(packet));
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Datagram::parse(&bytes);
            let rest = [b"X#".as_slice(), &bytes].concat();
            let _ = Datagram::parse(&rest);
        }
    }
}
