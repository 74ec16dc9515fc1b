//! What a browser sends, frame by frame (RFC 6455, section 5).

use super::encoder::CONTROL_BYTES_MAX;
use super::{CloseCode, Violation};

/// Longest head of a frame, in bytes: two, a length in eight, a mask in four.
const HEAD_BYTES_MAX: usize = 14;

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A whole message, text or not.
    Message(&'a [u8]),
    /// To be answered with a pong that says the same.
    Ping(&'a [u8]),
    /// Somebody is there.
    Pong,
    /// The other end closes, and wants to hear the same code. Nothing comes after it.
    Close(Option<CloseCode>),
}

/// Takes bytes apart. It holds one message at most, and as much of a frame's head as has come.
#[derive(Debug)]
pub(crate) struct Decoder {
    message_bytes_max: usize,
    head: Vec<u8>,
    frame: Option<Frame>,
    /// The message under way; the last one that was given out until the next is begun.
    message: Vec<u8>,
    message_kind: Option<MessageKind>,
    /// Up to where a text is known to be UTF-8.
    valid_up_to: usize,
    control: Vec<u8>,
    /// A close or a violation came: nothing comes after it.
    is_closed: bool,
}

/// A frame whose head has come.
#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: FrameKind,
    is_final: bool,
    mask: [u8; 4],
    length: usize,
    received: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    Continuation,
    Begin(MessageKind),
    Close,
    Ping,
    Pong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MessageKind {
    Text,
    Binary,
}

impl Decoder {
    /// A decoder that takes messages of so many bytes.
    pub(crate) fn new(message_bytes_max: usize) -> Self {
        Self {
            message_bytes_max,
            head: Vec::new(),
            frame: None,
            message: Vec::new(),
            message_kind: None,
            valid_up_to: 0,
            control: Vec::new(),
            is_closed: false,
        }
    }

    /// Takes bytes off the front of the input until something has come whole. `None` when all of it
    /// is taken.
    ///
    /// # Errors
    /// [`Violation`]; nothing comes after it.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Event<'_>>, Violation> {
        loop {
            if self.is_closed {
                *input = &[];
                return Ok(None);
            }
            let head = self.take_head(input).inspect_err(|_| self.is_closed = true)?;
            let Some(mut frame) = head else { return Ok(None) };
            let (taken, rest) = input.split_at(input.len().min(frame.length - frame.received));
            *input = rest;
            self.take_payload(frame, taken).inspect_err(|_| self.is_closed = true)?;
            frame.received += taken.len();
            if frame.received < frame.length {
                self.frame = Some(frame);
                return Ok(None);
            }
            self.frame = None;
            if frame.is_final || frame.is_control() {
                return self.complete(frame).map(Some);
            }
        }
    }

    /// The frame that bytes of the input belong to.
    fn take_head(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Violation> {
        if let Some(frame) = self.frame {
            return Ok(Some(frame));
        }
        // Most often the whole head is there.
        if self.head.is_empty()
            && let Some((frame, length)) = self.parse_head(input)?
        {
            *input = &input[length..];
            self.begin(frame);
            return Ok(Some(frame));
        }
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.head.push(byte);
            if let Some((frame, _)) = self.parse_head(&self.head)? {
                self.head.clear();
                self.begin(frame);
                return Ok(Some(frame));
            }
        }
        debug_assert!(self.head.len() < HEAD_BYTES_MAX, "a longer one is a head");
        Ok(None)
    }

    /// Reads a head and its length; `None` if it has not come whole. What is wrong is told as soon as it
    /// is there.
    fn parse_head(&self, bytes: &[u8]) -> Result<Option<(Frame, usize)>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let (kind, is_final) = self.parse_first(first)?;
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(Violation::protocol("a frame is not masked"));
        }
        if kind.is_control() && usize::from(second & 0x7F) > CONTROL_BYTES_MAX {
            return Err(Violation::protocol("a control frame is too long"));
        }
        let Some((length, mask_at)) = parse_length(second & 0x7F, &bytes[2..])? else {
            return Ok(None);
        };
        let before = if kind == FrameKind::Continuation { self.message.len() } else { 0 };
        let room = self.message_bytes_max - before;
        let length = usize::try_from(length).ok().filter(|&length| length <= room);
        let length = length.ok_or(Violation::too_big("a message has at most 2048 bytes"))?;
        let mask_at = 2 + mask_at;
        let Some(&mask) = bytes[mask_at..].first_chunk() else { return Ok(None) };
        let frame = Frame { kind, is_final, mask, length, received: 0 };
        Ok(Some((frame, mask_at + mask.len())))
    }

    /// What the first byte says, if it may stand here.
    fn parse_first(&self, first: u8) -> Result<(FrameKind, bool), Violation> {
        if first & 0x70 != 0 {
            return Err(Violation::protocol("a reserved bit is set"));
        }
        let is_final = first & 0x80 != 0;
        let kind = match first & 0x0F {
            0x0 => FrameKind::Continuation,
            0x1 => FrameKind::Begin(MessageKind::Text),
            0x2 => FrameKind::Begin(MessageKind::Binary),
            0x8 => FrameKind::Close,
            0x9 => FrameKind::Ping,
            0xA => FrameKind::Pong,
            _ => return Err(Violation::protocol("an unknown kind of frame")),
        };
        match (kind, self.message_kind) {
            (FrameKind::Continuation, None) => {
                Err(Violation::protocol("there is nothing to continue"))
            }
            (FrameKind::Begin(_), Some(_)) => {
                Err(Violation::protocol("a message begins within another"))
            }
            _ if kind.is_control() && !is_final => {
                Err(Violation::protocol("a control frame is in pieces"))
            }
            _ => Ok((kind, is_final)),
        }
    }

    fn begin(&mut self, frame: Frame) {
        match frame.kind {
            FrameKind::Begin(kind) => {
                self.message.clear();
                self.message_kind = Some(kind);
                self.valid_up_to = 0;
            }
            FrameKind::Continuation => {}
            FrameKind::Close | FrameKind::Ping | FrameKind::Pong => self.control.clear(),
        }
    }

    fn take_payload(&mut self, frame: Frame, bytes: &[u8]) -> Result<(), Violation> {
        let is_control = frame.is_control();
        let into = if is_control { &mut self.control } else { &mut self.message };
        let at = into.len();
        into.extend_from_slice(bytes);
        unmask(&mut into[at..], frame.mask, frame.received);
        if !is_control && self.message_kind == Some(MessageKind::Text) {
            return self.validate_text();
        }
        Ok(())
    }

    /// A character may be cut where the bytes end; everything before it has to be right.
    fn validate_text(&mut self) -> Result<(), Violation> {
        match std::str::from_utf8(&self.message[self.valid_up_to..]) {
            Ok(text) => self.valid_up_to += text.len(),
            Err(error) if error.error_len().is_none() => self.valid_up_to += error.valid_up_to(),
            Err(_) => return Err(Violation::text("a text is not UTF-8")),
        }
        Ok(())
    }

    fn complete(&mut self, frame: Frame) -> Result<Event<'_>, Violation> {
        match frame.kind {
            FrameKind::Ping => Ok(Event::Ping(&self.control)),
            FrameKind::Pong => Ok(Event::Pong),
            FrameKind::Close => {
                self.is_closed = true;
                parse_close(&self.control).map(Event::Close)
            }
            FrameKind::Begin(_) | FrameKind::Continuation => {
                let kind = self.message_kind.take();
                if kind == Some(MessageKind::Text) && self.valid_up_to < self.message.len() {
                    self.is_closed = true;
                    return Err(Violation::text("a text ends within a character"));
                }
                Ok(Event::Message(&self.message))
            }
        }
    }
}

impl Frame {
    fn is_control(self) -> bool {
        self.kind.is_control()
    }
}

impl FrameKind {
    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Reads the length that begins with seven bits, and how many bytes follow those. It has to take as few
/// as it can.
fn parse_length(seven_bits: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, Violation> {
    let (length, least, size) = match seven_bits {
        126 => match bytes.first_chunk() {
            Some(&length) => (u64::from(u16::from_be_bytes(length)), 126, 2),
            None => return Ok(None),
        },
        127 => match bytes.first_chunk() {
            Some(&length) => (u64::from_be_bytes(length), 65_536, 8),
            None => return Ok(None),
        },
        length => (u64::from(length), 0, 0),
    };
    if length < least {
        return Err(Violation::protocol("a length takes more bytes than it needs"));
    }
    if length > i64::MAX.unsigned_abs() {
        return Err(Violation::protocol("a length has its highest bit set"));
    }
    Ok(Some((length, size)))
}

/// Reads what a close frame says (RFC 6455, section 5.5.1).
fn parse_close(payload: &[u8]) -> Result<Option<CloseCode>, Violation> {
    let Some((&code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Violation::protocol("half a close code")),
        };
    };
    let code = CloseCode::parse(u16::from_be_bytes(code));
    let code = code.ok_or(Violation::protocol("a close code that may not be sent"))?;
    if std::str::from_utf8(reason).is_err() {
        return Err(Violation::text("a close reason is not UTF-8"));
    }
    Ok(Some(code))
}

/// Takes the mask off bytes that begin at this offset of their frame (RFC 6455, section 5.3).
fn unmask(bytes: &mut [u8], mask: [u8; 4], offset: usize) {
    let mut mask = mask;
    mask.rotate_left(offset % 4);
    let (quads, rest) = bytes.as_chunks_mut::<4>();
    let word = u32::from_ne_bytes(mask);
    for quad in quads {
        *quad = (u32::from_ne_bytes(*quad) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

    /// A frame with a mask.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..126 => bytes.push(0x80 | length as u8),
            length => {
                bytes.push(0x80 | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// Everything that comes of these bytes, given in pieces of this length, as text.
    fn decode(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut decoder = Decoder::new(2_048);
        let mut events = Vec::new();
        for mut input in bytes.chunks(piece) {
            loop {
                match decoder.next(&mut input) {
                    Ok(None) => break,
                    Ok(Some(event)) => events.push(format!("{event:?}")),
                    Err(violation) => {
                        events.push(violation.code.0.to_string());
                        return events;
                    }
                }
            }
        }
        events
    }

    #[test]
    fn what_is_wrong_is_told_before_the_rest_has_come() {
        let tell = |bytes: &[u8]| decode(bytes, 1).pop();
        assert_eq!(tell(&[0xC1]).as_deref(), Some("1002"), "a reserved bit");
        assert_eq!(tell(&[0x83]).as_deref(), Some("1002"), "a reserved kind");
        assert_eq!(tell(&[0x82, 5]).as_deref(), Some("1002"), "no mask");
        assert_eq!(tell(&[0x89, 0xFE]).as_deref(), Some("1002"), "a long ping");
        assert_eq!(tell(&[0x82, 0xFE, 0, 125]).as_deref(), Some("1002"), "a length of more bytes");
        assert_eq!(tell(&[0x82, 0xFE, 8, 1]).as_deref(), Some("1009"), "2,049 bytes");
        assert_eq!(tell(&[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 255, 255]).as_deref(), Some("1002"));
        assert_eq!(tell(&[0x82, 0xFF, 128, 0, 0, 0, 0, 0, 0, 0]).as_deref(), Some("1002"));
        assert_eq!(tell(&[0x82, 0xFF, 127, 0, 0, 0, 0, 0, 0, 0]).as_deref(), Some("1009"));
        let text = frame(0x81, b"\xCE\xBA\xF4\x90\x80\x80 and so on");
        assert_eq!(tell(&text[..10]).as_deref(), Some("1007"), "beyond the last character");
        assert_eq!(tell(&text[..9]), None, "a character that is cut");
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_bytes_come_in_pieces(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..6),
            piece in 1..50_usize,
        ) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for (n, message) in messages.iter().enumerate() {
                let (first, second) = message.split_at(message.len() / 2);
                bytes.extend(frame(0x02, first));
                let ping = &message[..message.len().min(n)];
                bytes.extend(frame(0x89, ping));
                expected.push(format!("{:?}", Event::Ping(ping)));
                bytes.extend(frame(0x80, second));
                expected.push(format!("{:?}", Event::Message(message)));
            }
            bytes.extend(frame(0x88, &[0x0F, 0xA0, b'!']));
            expected.push(format!("{:?}", Event::Close(Some(CloseCode(4_000)))));
            bytes.extend(frame(0x82, b"after the end"));
            prop_assert_eq!(decode(&bytes, piece), expected.clone());
            prop_assert_eq!(decode(&bytes, bytes.len()), expected);
        }

        #[test]
        fn whatever_comes_there_is_no_panic_and_no_growth(
            bytes in proptest::collection::vec(any::<u8>(), 0..5_000),
            piece in 1..5_000_usize,
        ) {
            let mut decoder = Decoder::new(2_048);
            for mut input in bytes.chunks(piece) {
                while let Ok(Some(_)) = decoder.next(&mut input) {}
                prop_assert!(decoder.message.len() <= 2_048);
                prop_assert!(decoder.control.len() <= CONTROL_BYTES_MAX);
            }
        }
    }
}
