//! Messages as a server hands them out, and how they stand with their recipients.

use super::fields::{Line, conversation_from_wire, fields, parse_sequence, parse_time};
use crate::body::Body;
use crate::conversation::Conversation;
use crate::kind::MessageKind;
use crate::limits::RECIPIENTS_NAMED_MAX;
use crate::list::List;
use crate::message_id::MessageId;
use crate::name::UserName;
use crate::sequence::Sequence;
use crate::time::UnixTime;

/// A message as the server hands it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its place.
    pub sequence: Sequence,
    /// Where it belongs, as the reader sees it.
    pub conversation: Conversation,
    /// The author, as the server authenticated them.
    pub sender: UserName,
    /// When it was stored.
    pub time: UnixTime,
    /// The sender's name for it.
    pub id: MessageId,
    /// What it is to its conversation.
    pub kind: MessageKind,
    /// To its sender: how it stands with its recipients.
    pub receipts: Receipts,
    /// What it says; `None` if it was taken back, or says nothing by its kind.
    pub body: Option<Body>,
}

/// How a message stands with one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It waits for them.
    Waiting,
    /// They have it.
    Received,
    /// They did not acknowledge it.
    Lost,
    /// They found its hash wrong.
    Corrupted,
}

/// How a message stands with all of its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipts {
    /// With each; at most [`RECIPIENTS_NAMED_MAX`].
    Each(Vec<(UserName, Receipt)>),
    /// So many of so many have received it; who, is told on request.
    Count {
        /// So many have it.
        received: u32,
        /// It is for so many.
        of: u32,
    },
}

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipients {
    count: u32,
    names: List<UserName>,
}

impl Receipt {
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::Waiting, "waiting"),
        (Self::Received, "received"),
        (Self::Lost, "lost"),
        (Self::Corrupted, "corrupted"),
    ];
}

impl Default for Receipts {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl Receipts {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Each(each) if each.is_empty())
    }
}

impl Recipients {
    /// These; of more than [`RECIPIENTS_NAMED_MAX`], the number.
    #[must_use]
    pub fn new(count: usize, names: impl IntoIterator<Item = UserName>) -> Self {
        let names = match count <= RECIPIENTS_NAMED_MAX {
            true => List::page(names).0,
            false => List::default(),
        };
        Self { count: u32::try_from(count).unwrap_or(u32::MAX), names }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Their names, if they are few enough to be told.
    #[must_use]
    pub fn names(&self) -> &[UserName] {
        &self.names
    }

    pub(super) fn write(&self, line: Line) -> Line {
        line.number(u64::from(self.count)).list(&self.names)
    }

    pub(super) fn parse(count: &str, names: &str) -> Option<Self> {
        Some(Self { count: count.parse().ok()?, names: List::parse(names)? })
    }
}

impl Delivered {
    pub(super) fn write(&self, line: Line) -> Line {
        let line = line
            .sequence(self.sequence)
            .conversation(&self.conversation)
            .text(&self.sender)
            .number(self.time.millis)
            .id(self.id.0)
            .kind(&self.kind);
        let line = match self.receipts.is_empty() {
            true => line.text(""),
            false => line.text(receipts_field(&self.receipts)),
        };
        line.text(self.body.as_ref().map_or("", Body::as_str))
    }

    pub(super) fn parse(rest: &str) -> Option<Self> {
        let [sequence, conversation, sender, time, id, kind, receipts, body] = fields(rest)?;
        Some(Self {
            sequence: parse_sequence(sequence)?,
            conversation: conversation_from_wire(conversation)?,
            sender: sender.parse().ok()?,
            time: parse_time(time)?,
            id: MessageId::parse(id)?,
            kind: MessageKind::parse(kind)?,
            receipts: parse_receipts(receipts)?,
            body: (!body.is_empty()).then(|| Body::from_wire(body)),
        })
    }
}

/// `bob:received;eve:lost`, or `7/120`: user names hold no colon.
fn receipts_field(receipts: &Receipts) -> String {
    match receipts {
        Receipts::Count { received, of } => format!("{received}/{of}"),
        Receipts::Each(each) => {
            let items = each.iter().take(RECIPIENTS_NAMED_MAX);
            let items = items.map(|(name, is)| format!("{name}:{}", word(&Receipt::ALL, *is)));
            items.collect::<Vec<_>>().join(";")
        }
    }
}

fn parse_receipts(field: &str) -> Option<Receipts> {
    if field.is_empty() {
        return Some(Receipts::default());
    }
    if let Some((received, of)) = field.split_once('/').filter(|_| !field.contains(':')) {
        return Some(Receipts::Count { received: received.parse().ok()?, of: of.parse().ok()? });
    }
    let items = field.split(';').take(RECIPIENTS_NAMED_MAX + 1);
    let each = items.map(parse_receipt).collect::<Option<Vec<_>>>()?;
    (each.len() <= RECIPIENTS_NAMED_MAX).then_some(Receipts::Each(each))
}

fn parse_receipt(item: &str) -> Option<(UserName, Receipt)> {
    let (name, receipt) = item.split_once(':')?;
    Some((name.parse().ok()?, from_word(&Receipt::ALL, receipt)?))
}

pub(super) fn word<T: Copy + PartialEq>(all: &[(T, &'static str)], value: T) -> &'static str {
    all.iter().find(|(known, _)| *known == value).map_or("", |(_, word)| word)
}

pub(super) fn from_word<T: Copy>(all: &[(T, &'static str)], text: &str) -> Option<T> {
    all.iter().find(|(_, word)| *word == text).map(|(value, _)| *value)
}
