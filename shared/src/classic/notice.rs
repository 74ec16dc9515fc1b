//! Lines from the server in the chat phase. On the wire each is Base64 of its text.

use crate::body::encode_text;
use crate::classic::roster::{Roster, RosterEntry};
use crate::limits::CLASSIC_DATAGRAM_BYTES_MAX;

/// Longest text whose Base64 fits a classic datagram, in bytes.
const TEXT_BYTES_MAX: usize = CLASSIC_DATAGRAM_BYTES_MAX / 4 * 3;

const NOT_FOUND: &str = "The following member(s) were not found: ";
const ADDED_PREFIX: &str = "Group: ";
const ADDED_MIDDLE: &str = " was successfully added with members: ";

/// What a server tells a signed-in classic client, other than messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The message was accepted for one recipient.
    Sent,
    /// A recipient acknowledged it.
    Received(String),
    /// The recipient is unknown or not on the server.
    NoSuchClient,
    /// The recipient did not acknowledge it in time.
    Lost,
    /// The recipient found its hash wrong.
    Corrupted,
    /// Names in a `NEW_GROUP` that are not registered.
    MembersNotFound(Vec<String>),
    /// A group was made.
    GroupAdded {
        /// Its name.
        group: String,
        /// Its members, the creator first.
        members: Vec<RosterEntry>,
    },
    /// `JOIN_GROUP`: the group exists, and the user is a member now.
    GroupExists,
    /// `JOIN_GROUP`: there is no such group.
    GroupDoesNotExist,
    /// `CHECK_FOR_GROUP`: whether the group exists.
    GroupKnown {
        /// The name asked for.
        group: String,
        /// Whether there is such a group.
        exists: bool,
    },
    /// Who is online.
    Active(Roster),
    /// Acknowledged, but not shown: with it a server sees whether a client is still there.
    Leave,
    /// Anything else, as it is to be shown.
    Line(String),
}

impl Notice {
    /// Reads the decoded text of a chat-phase datagram that is not a message.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "SERVER: SENT" => return Self::Sent,
            "SERVER: Client DOESN'T exist" => return Self::NoSuchClient,
            "SERVER: Message lost. Please send again." => return Self::Lost,
            "Message was corrupted" => return Self::Corrupted,
            "LEAVE" => return Self::Leave,
            "Group chat exists" => return Self::GroupExists,
            "Group chat DOESN'T exist" => return Self::GroupDoesNotExist,
            _ => {}
        }
        let received = || text.strip_prefix("SERVER: ")?.strip_suffix(" RECEIVED");
        let known = |word: &str| text.strip_prefix(word).map(str::to_owned);
        if let Some(name) = received() {
            Self::Received(name.to_owned())
        } else if let Some(group) = known("OLD_GROUP#") {
            Self::GroupKnown { group, exists: true }
        } else if let Some(group) = known("NEW_GROUP#") {
            Self::GroupKnown { group, exists: false }
        } else if let Some(names) = text.strip_prefix(NOT_FOUND) {
            Self::MembersNotFound(names.split('\n').map(str::to_owned).collect())
        } else if let Some(roster) = Roster::parse(text) {
            Self::Active(roster)
        } else {
            parse_group_added(text).unwrap_or_else(|| Self::Line(text.to_owned()))
        }
    }

    /// The texts to send: one, or several where a list would not fit a datagram of the original
    /// client. Each is well formed by itself.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Active(roster) => in_pieces(&roster.entries, 2, |entries| {
                Roster { entries: entries.to_vec() }.to_string()
            }),
            Self::MembersNotFound(names) => {
                in_pieces(names, 1, |names| format!("{NOT_FOUND}{}", names.join("\n")))
            }
            Self::GroupAdded { group, members } => in_pieces(members, 0, |members| {
                let members: String = members.iter().map(RosterEntry::to_string).collect();
                format!("{ADDED_PREFIX}{group}{ADDED_MIDDLE}{members}")
            }),
            Self::Sent => vec!["SERVER: SENT".to_owned()],
            Self::Received(name) => vec![format!("SERVER: {name} RECEIVED")],
            Self::NoSuchClient => vec!["SERVER: Client DOESN'T exist".to_owned()],
            Self::Lost => vec!["SERVER: Message lost. Please send again.".to_owned()],
            Self::Corrupted => vec!["Message was corrupted".to_owned()],
            Self::GroupExists => vec!["Group chat exists".to_owned()],
            Self::GroupDoesNotExist => vec!["Group chat DOESN'T exist".to_owned()],
            Self::GroupKnown { group, exists: true } => vec![format!("OLD_GROUP#{group}")],
            Self::GroupKnown { group, exists: false } => vec![format!("NEW_GROUP#{group}")],
            Self::Leave => vec!["LEAVE".to_owned()],
            Self::Line(line) => vec![line.clone()],
        }
    }

    /// The datagrams to send: Base64 of [`Self::texts`].
    #[must_use]
    pub fn datagrams(&self) -> Vec<String> {
        self.texts().iter().map(|text| encode_text(text)).collect()
    }
}

fn parse_group_added(text: &str) -> Option<Notice> {
    let (group, members) = text.strip_prefix(ADDED_PREFIX)?.split_once(ADDED_MIDDLE)?;
    let roster = Roster::parse(&format!("[{members}]"))?;
    Some(Notice::GroupAdded { group: group.to_owned(), members: roster.entries })
}

/// Writes a list with `write`, cut into as few pieces as fit. `separator_bytes` stand between items.
fn in_pieces<T: ToString>(
    items: &[T],
    separator_bytes: usize,
    write: impl Fn(&[T]) -> String,
) -> Vec<String> {
    let frame_bytes = write(&[]).len();
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut bytes = frame_bytes;
    for (index, item) in items.iter().enumerate() {
        let item_bytes = item.to_string().len() + separator_bytes;
        if bytes + item_bytes > TEXT_BYTES_MAX && index > start {
            pieces.push(write(&items[start..index]));
            start = index;
            bytes = frame_bytes;
        }
        bytes += item_bytes;
    }
    pieces.push(write(&items[start..]));
    pieces
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn entry(name: &str) -> RosterEntry {
        let address = SocketAddr::from(([196, 47, 240, 12], 56_575));
        RosterEntry { address: Some(address.into()), name: name.to_owned() }
    }

    #[track_caller]
    fn check(notice: &Notice, text: &str) {
        assert_eq!(notice.texts(), [text]);
        assert_eq!(&Notice::parse(text), notice);
    }

    #[test]
    fn notices_are_worded_as_in_the_report() {
        check(&Notice::Sent, "SERVER: SENT");
        check(&Notice::Received("SNGRIN001".to_owned()), "SERVER: SNGRIN001 RECEIVED");
        check(&Notice::NoSuchClient, "SERVER: Client DOESN'T exist");
        check(&Notice::Lost, "SERVER: Message lost. Please send again.");
        check(&Notice::Corrupted, "Message was corrupted");
        check(&Notice::Leave, "LEAVE");
        check(&Notice::GroupExists, "Group chat exists");
        check(&Notice::GroupKnown { group: "CS".to_owned(), exists: true }, "OLD_GROUP#CS");
        check(&Notice::GroupKnown { group: "CS".to_owned(), exists: false }, "NEW_GROUP#CS");
        let missing = vec!["WrongUser".to_owned(), "Other".to_owned()];
        let text = "The following member(s) were not found: WrongUser\nOther";
        check(&Notice::MembersNotFound(missing), text);
        let members = vec![entry("SNGRIN001"), entry("RBLCAM001")];
        check(
            &Notice::GroupAdded { group: "CS: Group".to_owned(), members },
            "Group: CS: Group was successfully added with members: \
             (('196.47.240.12', 56575), 'SNGRIN001')(('196.47.240.12', 56575), 'RBLCAM001')",
        );
        check(&Notice::Active(Roster::default()), "[]");
        check(&Notice::Line("SERVER: hello".to_owned()), "SERVER: hello");
    }

    #[test]
    fn long_lists_come_in_pieces_that_fit_and_read_back() {
        let entries: Vec<_> = (0..200).map(|n| entry(&format!("user{n}"))).collect();
        let notice = Notice::Active(Roster { entries: entries.clone() });
        let datagrams = notice.datagrams();
        assert!(datagrams.len() > 1);
        assert!(datagrams.iter().all(|datagram| datagram.len() <= CLASSIC_DATAGRAM_BYTES_MAX));
        let read: Vec<_> =
            notice.texts().iter().flat_map(|text| Roster::parse(text).unwrap().entries).collect();
        assert_eq!(read, entries);
    }
}
