//! What a client keeps to go on later: after a reload of its page, or in another process.

use super::Outgoing;
use netchat_shared::body::{decode_text, encode_text};
use netchat_shared::extended::{Token, conversation_from_wire, conversation_to_wire};
use netchat_shared::message_id::MessageId;
use netchat_shared::name::UserName;
use netchat_shared::sequence::Sequence;

/// A session, as it can be kept. Whoever has it is its user: keep it like a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    pub(super) name: UserName,
    pub(super) token: Token,
    pub(super) position: Option<Sequence>,
    pub(super) outbox: Vec<Outgoing>,
}

impl Saved {
    /// Whose session it is.
    #[must_use]
    pub fn name(&self) -> &UserName {
        &self.name
    }

    /// Messages that wait to be sent: their ids, where they go, and what they say.
    pub fn waiting(
        &self,
    ) -> impl Iterator<Item = (MessageId, &netchat_shared::conversation::Conversation, &str)> {
        let waiting = self.outbox.iter();
        waiting.map(|message| (message.id, &message.conversation, message.text.as_str()))
    }

    /// For another client of the same person, which begins with nothing waiting.
    #[must_use]
    pub fn for_another_client(&self) -> Self {
        Self { name: self.name.clone(), token: self.token, position: None, outbox: Vec::new() }
    }

    /// As text: one line for the session, one for each message that waits.
    #[must_use]
    pub fn to_text(&self) -> String {
        let position = self.position.map_or(String::new(), |sequence| sequence.0.to_string());
        let mut text = format!("{}#{}#{position}\n", self.name, self.token.reveal());
        for message in &self.outbox {
            let (to, said) = (conversation_to_wire(&message.conversation), &message.text);
            text.push_str(&format!("{}#{to}#{}\n", message.id, encode_text(said)));
        }
        text
    }

    /// Reads it back; `None` if it is not one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut fields = lines.next()?.splitn(3, '#');
        let name = fields.next()?.parse().ok()?;
        let token = Token::parse(fields.next()?)?;
        let position = match fields.next()? {
            "" => None,
            sequence => Some(Sequence(sequence.parse().ok()?)),
        };
        let outbox = lines.map(parse_outgoing).collect::<Option<_>>()?;
        Some(Self { name, token, position, outbox })
    }
}

fn parse_outgoing(line: &str) -> Option<Outgoing> {
    let (id, rest) = line.split_once('#')?;
    let (to, text) = rest.rsplit_once('#')?;
    Some(Outgoing {
        id: MessageId::parse(id)?,
        conversation: conversation_from_wire(to)?,
        text: decode_text(text)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use netchat_shared::conversation::Conversation;

    #[test]
    fn what_is_kept_reads_back() {
        let outgoing = |conversation, text: &str| Outgoing {
            id: MessageId(7),
            conversation,
            text: text.to_owned(),
        };
        let saved = Saved {
            name: "bob".parse().unwrap(),
            token: Token::parse("0123456789abcdef0123456789abcdef").unwrap(),
            position: Some(Sequence(9)),
            outbox: vec![
                outgoing(Conversation::Everyone, "two\nlines"),
                outgoing(Conversation::Group("CS: Group".parse().unwrap()), "#"),
            ],
        };
        assert_eq!(Saved::from_text(&saved.to_text()), Some(saved.clone()));
        let fresh = Saved { position: None, outbox: vec![], ..saved };
        assert_eq!(Saved::from_text(&fresh.to_text()), Some(fresh));
        for text in ["", "bob", "bob#x#", "bob#0123456789abcdef0123456789abcdef#\nrubbish"] {
            assert_eq!(Saved::from_text(text), None, "{text}");
        }
    }
}
