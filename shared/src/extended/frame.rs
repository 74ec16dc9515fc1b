//! Frames: what a packet carries, one a line (PROTOCOL.md, "Frames").
//!
//! ```text
//! A<delay ms>#<last>-<first>,<last>-<first>,…    packets that arrived, latest first
//! D<slice_number>#<bytes>                            the last slice of a message, or all of it
//! S<slice_number>#<bytes>                            a slice of a message; more follow
//! K                                              nothing, but to be acknowledged
//! C<token>                                       answer this where it arrived
//! R<token>                                       the answer
//! B                                              the session is over
//! ```

use thiserror::Error;

use super::datagram::{hex_id, parse_number, put_hex};
use crate::limits::{ACK_RANGES_MAX, FRAMES_PER_PACKET_MAX, SLICE_BYTES_MAX};

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Acknowledges packets.
    Ack {
        /// How long the latest waited to be acknowledged, in milliseconds.
        delay_ms: u64,
        /// Inclusive ranges of packet numbers, first and last, the latest first.
        ranges: Vec<(u64, u64)>,
    },
    /// A slice of a message.
    Slice {
        /// Its place among all slices of this direction, counted from 1.
        slice_number: u64,
        /// Whether the message goes on in the next slice.
        more: bool,
        /// Its bytes. None of them is a line feed.
        bytes: &'a [u8],
    },
    /// Asks for an acknowledgement, so that both sides know that the path is alive.
    KeepAlive,
    /// Asks whoever receives at an address to prove it.
    Challenge(u64),
    /// Proves it.
    Response(u64),
    /// The session is over.
    Bye,
}

/// A line that is no frame, or lines that are none of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a frame")]
pub struct FrameError;

impl<'a> Frame<'a> {
    /// Reads one line, without its line feed.
    ///
    /// # Errors
    /// When it is no frame.
    pub fn parse(line: &'a [u8]) -> Result<Self, FrameError> {
        let (&kind, rest) = line.split_first().ok_or(FrameError)?;
        let frame = match kind {
            b'A' => parse_ack(rest),
            b'D' | b'S' => parse_slice(rest, kind == b'S'),
            b'K' if rest.is_empty() => Some(Self::KeepAlive),
            b'C' => hex_id(rest).map(Self::Challenge),
            b'R' => hex_id(rest).map(Self::Response),
            b'B' if rest.is_empty() => Some(Self::Bye),
            _ => None,
        };
        frame.ok_or(FrameError)
    }

    /// Reads the frames of a packet: so many, and with so few acknowledgements, that the work for it
    /// is small.
    ///
    /// # Errors
    /// When one of them is none, there are more than [`FRAMES_PER_PACKET_MAX`], or two acknowledge.
    pub fn parse_all(packet: &'a [u8]) -> Result<Vec<Self>, FrameError> {
        let mut frames = Vec::new();
        let mut has_ack = false;
        for line in packet.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let frame = Self::parse(line)?;
            let is_second_ack =
                matches!(frame, Self::Ack { .. }) && std::mem::replace(&mut has_ack, true);
            if is_second_ack || frames.len() == FRAMES_PER_PACKET_MAX {
                return Err(FrameError);
            }
            frames.push(frame);
        }
        Ok(frames)
    }

    /// Adds the frame, with its line feed, to a packet.
    pub fn write(&self, packet: &mut Vec<u8>) {
        match self {
            Self::Ack { delay_ms, ranges } => {
                packet.push(b'A');
                put_hex(packet, *delay_ms, 1);
                for (index, (first, last)) in ranges.iter().enumerate() {
                    packet.push(if index == 0 { b'#' } else { b',' });
                    put_hex(packet, *last, 1);
                    packet.push(b'-');
                    put_hex(packet, *first, 1);
                }
            }
            Self::Slice { slice_number, more, bytes } => {
                packet.push(if *more { b'S' } else { b'D' });
                put_hex(packet, *slice_number, 1);
                packet.push(b'#');
                packet.extend_from_slice(bytes);
            }
            Self::KeepAlive => packet.push(b'K'),
            Self::Challenge(token) => {
                packet.push(b'C');
                put_hex(packet, *token, 16);
            }
            Self::Response(token) => {
                packet.push(b'R');
                put_hex(packet, *token, 16);
            }
            Self::Bye => packet.push(b'B'),
        }
        packet.push(b'\n');
    }
}

fn parse_ack(rest: &[u8]) -> Option<Frame<'_>> {
    let at = rest.iter().position(|&byte| byte == b'#')?;
    let delay_ms = parse_number(&rest[..at])?;
    let mut ranges = Vec::new();
    for range in rest[at + 1..].split(|&byte| byte == b',').take(ACK_RANGES_MAX) {
        let at = range.iter().position(|&byte| byte == b'-')?;
        let (last, first) = (parse_number(&range[..at])?, parse_number(&range[at + 1..])?);
        if first > last {
            return None;
        }
        ranges.push((first, last));
    }
    Some(Frame::Ack { delay_ms, ranges })
}

fn parse_slice(rest: &[u8], more: bool) -> Option<Frame<'_>> {
    let at = rest.iter().position(|&byte| byte == b'#')?;
    let (slice_number, bytes) = (parse_number(&rest[..at])?, &rest[at + 1..]);
    (bytes.len() <= SLICE_BYTES_MAX).then_some(Frame::Slice { slice_number, more, bytes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, frame: &Frame<'_>) {
        assert_eq!(Frame::parse(text.as_bytes()).as_ref(), Ok(frame));
        let mut written = Vec::new();
        frame.write(&mut written);
        assert_eq!(String::from_utf8(written).unwrap(), format!("{text}\n"));
    }

    #[test]
    fn frames_are_written_as_the_protocol_says() {
        check("A3#1a-10,9-9", &Frame::Ack { delay_ms: 3, ranges: vec![(16, 26), (9, 9)] });
        check("D1f#SYNC#12", &Frame::Slice { slice_number: 31, more: false, bytes: b"SYNC#12" });
        check("S1#ab", &Frame::Slice { slice_number: 1, more: true, bytes: b"ab" });
        check("K", &Frame::KeepAlive);
        check("C00000000000000ff", &Frame::Challenge(255));
        check("R00000000000000ff", &Frame::Response(255));
        check("B", &Frame::Bye);
    }

    #[test]
    fn a_packet_is_little_work() {
        assert_eq!(Frame::parse_all(b"K\nB\n"), Ok(vec![Frame::KeepAlive, Frame::Bye]));
        assert_eq!(Frame::parse_all(&b"K\n".repeat(FRAMES_PER_PACKET_MAX)).unwrap().len(), 128);
        assert_eq!(Frame::parse_all(&b"K\n".repeat(FRAMES_PER_PACKET_MAX + 1)), Err(FrameError));
        assert!(Frame::parse_all(b"A3#1-1\nK\n").is_ok());
        assert_eq!(Frame::parse_all(b"A3#1-1\nK\nA3#1-1\n"), Err(FrameError));
        let slice = |length| [b"S1#".to_vec(), vec![b'x'; length]].concat();
        assert!(Frame::parse(&slice(SLICE_BYTES_MAX)).is_ok());
        assert_eq!(Frame::parse(&slice(SLICE_BYTES_MAX + 1)), Err(FrameError));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for text in [
            "",
            "A",
            "A3",
            "A3#1-2",
            "A3#x-1",
            "D#a",
            "Dg#a",
            "D1",
            "Kx",
            "Q",
            "C",
            "R12345678901234567",
        ] {
            assert_eq!(Frame::parse(text.as_bytes()), Err(FrameError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Frame::parse_all(&bytes);
        }
    }
}
