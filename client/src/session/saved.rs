//! What a client keeps to go on later: after a reload of its page, or in another process.

use netchat_shared::body::{decode_text, encode_text};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{Token, conversation_from_wire, conversation_to_wire};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sequence::{Generation, Position, Sequence};
use netchat_shared::server_key::ServerKey;

/// A session, as it can be kept. Whoever has it is its user: keep it like a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    pub(super) name: UserName,
    /// Whom it is with: the token is for nobody else.
    pub(super) server: ServerKey,
    pub(super) token: Token,
    pub(super) position: Option<Position>,
    /// The latest renaming of a group that is known.
    pub(super) renamed: Sequence,
    pub(super) outbox: Vec<Outgoing>,
}

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its name.
    pub id: MessageId,
    /// Where it goes.
    pub conversation: Conversation,
    /// What it is there.
    pub kind: MessageKind,
    /// What it says; nothing if it takes another one back.
    pub text: String,
}

impl Saved {
    /// Whose session it is.
    #[must_use]
    pub fn name(&self) -> &UserName {
        &self.name
    }

    /// Messages that wait to be sent, in their order.
    #[must_use]
    pub fn waiting(&self) -> &[Outgoing] {
        &self.outbox
    }

    /// For another client of the same person, which begins with nothing waiting.
    #[must_use]
    pub fn for_another_client(&self) -> Self {
        Self { position: None, renamed: Sequence::ZERO, outbox: Vec::new(), ..self.clone() }
    }

    /// The session alone, where what waits is kept elsewhere.
    #[must_use]
    pub fn without_waiting(&self) -> Self {
        Self { outbox: Vec::new(), ..self.clone() }
    }

    /// As text: one line for the session, one for each message that waits.
    #[must_use]
    pub fn to_text(&self) -> String {
        let position = self.position.map_or_else(
            || "#".to_owned(),
            |Position { generation, sequence }| format!("{generation}#{}", sequence.0),
        );
        let Self { name, server, token, renamed, .. } = self;
        let mut text = format!("{name}#{server}#{}#{position}#{}\n", token.reveal(), renamed.0);
        for outgoing in &self.outbox {
            text.push_str(&outgoing.to_text());
            text.push('\n');
        }
        text
    }

    /// Reads it back; `None` if it is not one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut fields = lines.next()?.splitn(6, '#');
        let name = fields.next()?.parse().ok()?;
        let server = ServerKey::parse(fields.next()?)?;
        let token = Token::parse(fields.next()?)?;
        let position = match (fields.next()?, fields.next()?) {
            ("", "") => None,
            (generation, sequence) => Some(Position {
                generation: Generation::parse(generation)?,
                sequence: Sequence(sequence.parse().ok()?),
            }),
        };
        // Earlier clients kept none.
        let renamed = fields.next().map_or(Some(0), |renamed| renamed.parse().ok())?;
        let renamed = Sequence(renamed);
        let outbox = lines.map(Outgoing::from_text).collect::<Option<_>>()?;
        Some(Self { name, server, token, position, renamed, outbox })
    }
}

impl Outgoing {
    /// As text, in one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { id, conversation, kind, text } = self;
        let (word, to) = (kind.word(), conversation_to_wire(conversation));
        let of = kind.of().map_or_else(String::new, |of| of.0.to_string());
        format!("{id}#{word}#{of}#{to}#{}", encode_text(text))
    }

    /// Reads it back; `None` if it is not one.
    #[must_use]
    pub fn from_text(line: &str) -> Option<Self> {
        let fields: Vec<_> = line.split('#').collect();
        let [id, word, of, to, text] = fields[..].try_into().ok()?;
        let of = match of {
            "" => None,
            of => Some(Sequence(of.parse().ok()?)),
        };
        Some(Self {
            id: MessageId::parse(id)?,
            conversation: conversation_from_wire(to)?,
            kind: MessageKind::from_parts(word, of)?,
            text: decode_text(text)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use netchat_shared::server_key::StaticKey;

    use super::*;

    #[test]
    fn what_is_kept_reads_back() {
        let outgoing = |conversation, kind, text: &str| Outgoing {
            id: MessageId(7),
            conversation,
            kind,
            text: text.to_owned(),
        };
        let group = || Conversation::Group("CS: Group".parse().unwrap());
        let saved = Saved {
            name: "bob".parse().unwrap(),
            server: StaticKey::from_random([1; 32]).public(),
            token: Token::parse("0123456789abcdef0123456789abcdef").unwrap(),
            position: Some(Position { generation: Generation(255), sequence: Sequence(9) }),
            renamed: Sequence(7),
            outbox: vec![
                outgoing(Conversation::Everyone, MessageKind::Text, "two\nlines"),
                outgoing(group(), MessageKind::Reply(Sequence(3)), "#"),
                outgoing(group(), MessageKind::Deletion(Sequence(4)), ""),
                outgoing(group(), MessageKind::Reaction(Sequence(4)), "-👍"),
            ],
        };
        assert_eq!(Saved::from_text(&saved.to_text()), Some(saved.clone()));
        let fresh = Saved { position: None, renamed: Sequence::ZERO, outbox: vec![], ..saved };
        let text = fresh.to_text();
        assert_eq!(Saved::from_text(&text), Some(fresh.clone()));
        let without_renamings = text.strip_suffix("#0\n").unwrap();
        assert_eq!(Saved::from_text(without_renamings), Some(fresh), "as earlier clients kept it");
        let earlier = "bob#0123456789abcdef0123456789abcdef#9";
        for text in ["", "bob", "bob#x##", earlier, &format!("{earlier}#\nrubbish")] {
            assert_eq!(Saved::from_text(text), None, "{text}");
        }
    }
}
