//! Messages as lines of fields: how both kinds of them are written and read.

use std::time::Duration;

use crate::body::decode_text;
use crate::conversation::Conversation;
use crate::hex;
use crate::kind::MessageKind;
use crate::list::List;
use crate::sequence::Sequence;
use crate::time::UnixTime;

/// A message as long as people's usually are fits without moving.
const MESSAGE_BYTES_USUAL: usize = 384;
/// More digits than any number of 64 bits has.
const DECIMAL_DIGITS_MAX: usize = 20;

/// A message that is being written: a word, and fields behind `#` each. The formatting machinery of
/// the standard library costs several times as much, and every message goes through here.
#[derive(Debug)]
pub(super) struct Line(String);

impl Line {
    pub(super) fn new(word: &str) -> Self {
        let mut text = String::with_capacity(MESSAGE_BYTES_USUAL);
        text.push_str(word);
        Self(text)
    }

    pub(super) fn text(mut self, field: impl AsRef<str>) -> Self {
        self.0.push('#');
        self.0.push_str(field.as_ref());
        self
    }

    pub(super) fn display(mut self, field: impl std::fmt::Display) -> Self {
        use std::fmt::Write as _;

        self.0.push('#');
        // Writing to a String can't fail.
        let _ = write!(self.0, "{field}");
        self
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.0.push('#');
        push_decimal(&mut self.0, number);
        self
    }

    pub(super) fn sequence(self, sequence: Sequence) -> Self {
        self.number(sequence.0)
    }

    pub(super) fn optional_sequence(self, sequence: Option<Sequence>) -> Self {
        match sequence {
            Some(sequence) => self.sequence(sequence),
            None => self.text("-"),
        }
    }

    /// 32 digits.
    pub(super) fn id(mut self, id: u128) -> Self {
        self.0.push('#');
        self.0.extend(hex::digits(id, 32).map(char::from));
        self
    }

    pub(super) fn kind(self, kind: &MessageKind) -> Self {
        if *kind == MessageKind::Text { self.text("text") } else { self.display(kind) }
    }

    pub(super) fn conversation(mut self, conversation: &Conversation) -> Self {
        self.0.push('#');
        push_conversation(&mut self.0, conversation);
        self
    }

    pub(super) fn list<T: AsRef<str>>(mut self, list: &List<T>) -> Self {
        self.0.push('#');
        list.write(&mut self.0);
        self
    }

    pub(super) fn more(self, more: bool) -> Self {
        self.text(if more { "more" } else { "all" })
    }

    /// In milliseconds: at least so long.
    pub(super) fn duration(self, duration: Duration) -> Self {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        self.number(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

fn push_decimal(text: &mut String, number: u64) {
    let (mut digits, mut first, mut rest) = ([0; DECIMAL_DIGITS_MAX], DECIMAL_DIGITS_MAX, number);
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    digits[first..].iter().for_each(|&digit| text.push(char::from(digit)));
}

fn push_conversation(text: &mut String, conversation: &Conversation) {
    match conversation {
        Conversation::Everyone => text.push('e'),
        Conversation::Group(name) => {
            text.push_str("g:");
            text.push_str(name.as_str());
        }
        Conversation::User(name) => {
            text.push_str("u:");
            text.push_str(name.as_str());
        }
    }
}

/// A conversation as one field of a message.
#[must_use]
pub fn conversation_to_wire(conversation: &Conversation) -> String {
    let mut text = String::new();
    push_conversation(&mut text, conversation);
    text
}

/// Reads such a field back; `None` if it is not one.
#[must_use]
pub fn conversation_from_wire(field: &str) -> Option<Conversation> {
    match field.split_once(':') {
        None if field == "e" => Some(Conversation::Everyone),
        Some(("g", name)) => name.parse().ok().map(Conversation::Group),
        Some(("u", name)) => name.parse().ok().map(Conversation::User),
        _ => None,
    }
}

/// Exactly so many fields.
pub(super) fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    let mut rest = text.split('#');
    let mut fields = [""; N];
    for field in &mut fields {
        *field = rest.next()?;
    }
    rest.next().is_none().then_some(fields)
}

pub(super) fn parse_sequence(field: &str) -> Option<Sequence> {
    Sequence::parse(field)
}

pub(super) fn parse_optional_sequence(field: &str) -> Option<Option<Sequence>> {
    match field {
        "-" => Some(None),
        sequence => parse_sequence(sequence).map(Some),
    }
}

pub(super) fn parse_duration(field: &str) -> Option<Duration> {
    parse_sequence(field).map(|millis| Duration::from_millis(millis.0))
}

pub(super) fn parse_time(field: &str) -> Option<UnixTime> {
    field.parse().ok().map(|millis| UnixTime { millis })
}

/// A text in Base64 that can be what it is to be.
pub(super) fn parse_text<T: std::str::FromStr>(field: &str) -> Option<T> {
    decode_text(field)?.parse().ok()
}

/// A name after which a page begins; empty: at the beginning.
pub(super) fn parse_after<T: std::str::FromStr>(field: &str) -> Option<Option<T>> {
    match field {
        "" => Some(None),
        name => name.parse().ok().map(Some),
    }
}

pub(super) fn parse_more(field: &str) -> Option<bool> {
    match field {
        "more" => Some(true),
        "all" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_does(number: u64, id: u128) {
            let line = Line::new("A").number(number).id(id).finish();
            let expected = format!("A#{number}#{id:032x}");
            prop_assert_eq!(String::from_utf8(line).unwrap(), expected);
        }
    }

    #[test]
    fn exactly_so_many_fields() {
        assert_eq!(fields("a#b"), Some(["a", "b"]));
        assert_eq!(fields::<3>("a#b"), None);
        assert_eq!(fields::<1>("a#b"), None);
    }
}
