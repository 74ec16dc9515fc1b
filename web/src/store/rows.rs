//! Messages as rows: days apart, messages of one sender together.

use super::{Message, MessageKey};

/// Messages of one sender within this time stand together.
const TOGETHER_MS: u64 = 5 * 60 * 1_000;

/// A row of the log. Rows are told apart by this alone: what changes in a message is no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Row {
    /// This day begins.
    Day(i64),
    /// What follows is new.
    Unread,
    /// A message.
    Message(MessageKey),
}

/// The rows of these messages, and which of them are the first of their sender. `before` is the message
/// above the first, if it is known.
pub(super) fn rows<'a>(
    before: Option<&'a Message>,
    messages: impl Iterator<Item = (MessageKey, &'a Message)>,
    first_unread: Option<MessageKey>,
) -> (Vec<Row>, Vec<(MessageKey, bool)>) {
    let (mut rows, mut firsts) = (Vec::new(), Vec::new());
    let mut previous = before;
    for (at, (key, message)) in messages.enumerate() {
        let is_new_day = at == 0 || previous.is_none_or(|other| other.day != message.day);
        let is_unread = first_unread == Some(key);
        if is_new_day {
            rows.push(Row::Day(message.day));
        }
        if is_unread {
            rows.push(Row::Unread);
        }
        rows.push(Row::Message(key));
        let stands_alone = is_new_day || is_unread || message.answers.is_some();
        let follows = |other: &Message| {
            other.sender == message.sender
                && message.time.millis.saturating_sub(other.time.millis) <= TOGETHER_MS
        };
        firsts.push((key, stands_alone || !previous.is_some_and(follows)));
        previous = Some(message);
    }
    (rows, firsts)
}

#[cfg(test)]
mod tests {
    use netchat_client::session::Content;
    use netchat_shared::conversation::Conversation;
    use netchat_shared::time::UnixTime;
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::super::Changes;
    use super::*;

    fn message(sender: &str, day: i64, minute: u64) -> Message {
        Message {
            conversation: Conversation::Everyone,
            sender: sender.parse().ok(),
            content: Content::Text(String::new()),
            time: UnixTime { millis: minute * 60_000 },
            day,
            sequence: None,
            answers: None,
            delivery: None,
            changes: Changes::default(),
            is_first: false,
            is_going: false,
            is_unfolded: false,
        }
    }

    fn sketch(messages: &[Message], unread: Option<u64>) -> String {
        let keyed = messages.iter().zip(1..).map(|(message, key)| (MessageKey(key), message));
        let (rows, firsts) = rows(None, keyed, unread.map(MessageKey));
        let sketch = rows.iter().map(|row| match row {
            Row::Day(_) => "day",
            Row::Unread => "unread",
            Row::Message(key) if firsts.contains(&(*key, true)) => "first",
            Row::Message(_) => "more",
        });
        sketch.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn senders_stand_together_and_days_apart() {
        let messages = [
            message("bob", 0, 0),
            message("bob", 0, 4),
            message("bob", 0, 10),
            message("eve", 0, 11),
            message("eve", 1, 12),
        ];
        assert_eq!(sketch(&messages, None), "day first more first first day first");
        assert_eq!(sketch(&messages, Some(2)), "day first unread first first first day first");
        assert_eq!(sketch(&[], None), "");
    }
}
