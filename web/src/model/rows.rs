//! The messages of a conversation as rows: days apart, messages of one sender together.

use netchat_shared::time::UnixTime;

use super::{Message, MessageKey};

/// Messages of one sender within this time stand together.
const TOGETHER_MS: u64 = 5 * 60 * 1_000;
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A new day begins with this time.
    Day(UnixTime),
    /// What follows was unread.
    Unread,
    /// A message.
    Message {
        /// The message.
        message: Message,
        /// Whether it is the first of its sender here, so that the name is shown.
        is_first: bool,
    },
}

impl Row {
    /// Tells rows apart. What changes in a message by itself (its delivery) is no part of it; what
    /// is said about it is.
    #[must_use]
    pub fn key(&self) -> (u8, u64, u32) {
        match self {
            Self::Day(time) => (0, time.millis, 0),
            Self::Unread => (1, 0, 0),
            Self::Message { message, is_first } => {
                (2 + u8::from(*is_first), message.key.0, message.changes.revision())
            }
        }
    }
}

/// The rows of these messages. `offset_minutes` is how far local time is ahead of UTC.
#[must_use]
pub fn rows(
    messages: &[Message],
    first_unread: Option<MessageKey>,
    offset_minutes: i32,
) -> Vec<Row> {
    let day = |time: UnixTime| {
        time.millis.saturating_add_signed(i64::from(offset_minutes) * 60_000) / DAY_MS
    };
    let mut rows = Vec::with_capacity(messages.len() + 2);
    let mut previous: Option<&Message> = None;
    for message in messages {
        let is_new_day = previous.is_none_or(|other| day(other.time) != day(message.time));
        let is_unread = first_unread == Some(message.key);
        if is_new_day {
            rows.push(Row::Day(message.time));
        }
        if is_unread {
            rows.push(Row::Unread);
        }
        let is_first = is_new_day
            || is_unread
            || previous.is_none_or(|other| {
                other.sender != message.sender
                    || message.time.millis.saturating_sub(other.time.millis) > TOGETHER_MS
            });
        rows.push(Row::Message { message: message.clone(), is_first });
        previous = Some(message);
    }
    rows
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use netchat_client::session::Content;

    use super::super::Changes;
    use super::*;

    fn message(key: u64, sender: &str, minute: u64) -> Message {
        Message {
            key: MessageKey(key),
            sender: sender.parse().ok(),
            content: Content::Text(String::new()),
            time: UnixTime { millis: minute * 60_000 },
            sequence: None,
            delivery: None,
            changes: Changes::default(),
        }
    }

    fn sketch(messages: &[Message], unread: Option<u64>, offset_minutes: i32) -> String {
        let rows = rows(messages, unread.map(MessageKey), offset_minutes);
        let sketch = rows.iter().map(|row| match row {
            Row::Day(_) => "day",
            Row::Unread => "unread",
            Row::Message { is_first: true, .. } => "first",
            Row::Message { is_first: false, .. } => "more",
        });
        sketch.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn senders_stand_together_and_days_apart() {
        let messages = [
            message(1, "bob", 0),
            message(2, "bob", 4),
            message(3, "bob", 10),
            message(4, "eve", 11),
            message(5, "eve", 24 * 60),
        ];
        assert_eq!(sketch(&messages, None, 0), "day first more first first day first");
        assert_eq!(sketch(&messages, Some(2), 0), "day first unread first first first day first");
        assert_eq!(sketch(&messages, None, 24 * 60 - 10), "day first more day first first first");
        assert_eq!(sketch(&[], None, 0), "");
    }
}
