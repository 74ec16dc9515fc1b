//! What a client says (PROTOCOL.md, "Messages of the client").

use super::{MessageError, Token};
use crate::body::{Body, decode_text, encode_text};
use crate::conversation::Conversation;
use crate::limits::NAMES_PER_MESSAGE_MAX;
use crate::message_id::MessageId;
use crate::name::{GroupName, UserName};
use crate::password::Password;
use crate::sequence::Sequence;

/// A message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// The server password.
    Unlock(Password),
    /// The name to sign in under.
    Name(UserName),
    /// Registers that name.
    Register(Password),
    /// Signs in under that name.
    LogIn(Password),
    /// Signs in with what an earlier sign-in left.
    Resume(Token),
    /// Asks for all messages after this one, then for each as it comes; `None`: after those that
    /// the user has received anywhere.
    Sync(Option<Sequence>),
    /// A message. Sent again with the same id, it is stored and delivered once.
    Send {
        /// The sender's name for it.
        id: MessageId,
        /// Where it goes.
        to: Conversation,
        /// What it says.
        body: Body,
    },
    /// All messages up to this one have arrived and were verified.
    Received(Sequence),
    /// This one arrived with a wrong hash.
    Corrupted(Sequence),
    /// Asks for earlier messages of a conversation, the latest of them first.
    History {
        /// Which conversation.
        conversation: Conversation,
        /// Before this message; `None`: the latest.
        before: Option<Sequence>,
        /// At most so many.
        limit: u16,
    },
    /// Asks for one's groups, and for the latest message of each conversation.
    Overview,
    /// Asks how far these users have received, and which of one's own messages failed from this one
    /// on.
    Receipts(Sequence, Vec<UserName>),
    /// Makes a group of oneself and these.
    NewGroup(GroupName, Vec<String>),
    /// Becomes a member.
    JoinGroup(GroupName),
    /// Leaves for good.
    QuitGroup(GroupName),
    /// Signs out: the token is worth nothing any more.
    SignOut,
}

impl ClientMessage {
    /// The message as bytes.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let text = match self {
            Self::Unlock(password) => format!("UNLOCK#{}", secret(password)),
            Self::Name(name) => format!("NAME#{name}"),
            Self::Register(password) => format!("REGISTER#{}", secret(password)),
            Self::LogIn(password) => format!("LOGIN#{}", secret(password)),
            Self::Resume(token) => format!("RESUME#{}", token.reveal()),
            Self::Sync(after) => format!("SYNC#{}", optional_sequence(*after)),
            Self::Send { id, to, body } => {
                format!("SEND#{id}#{}#{}", conversation(to), body.as_str())
            }
            Self::Received(sequence) => format!("RECEIVED#{}", sequence.0),
            Self::Corrupted(sequence) => format!("CORRUPTED#{}", sequence.0),
            Self::History { conversation: of, before, limit } => {
                format!("HISTORY#{}#{}#{limit}", conversation(of), optional_sequence(*before))
            }
            Self::Overview => "OVERVIEW".to_owned(),
            Self::Receipts(since, names) => format!("RECEIPTS#{}#{}", since.0, join(names)),
            Self::NewGroup(group, members) => format!("NEW_GROUP#{group}#{}", join(members)),
            Self::JoinGroup(group) => format!("JOIN_GROUP#{group}"),
            Self::QuitGroup(group) => format!("QUIT_GROUP#{group}"),
            Self::SignOut => "SIGN_OUT".to_owned(),
        };
        text.into_bytes()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        std::str::from_utf8(bytes).ok().and_then(parse).ok_or(MessageError)
    }
}

fn parse(text: &str) -> Option<ClientMessage> {
    let (word, rest) = text.split_once('#').unwrap_or((text, ""));
    Some(match word {
        "UNLOCK" => ClientMessage::Unlock(parse_secret(rest)?),
        "NAME" => ClientMessage::Name(rest.parse().ok()?),
        "REGISTER" => ClientMessage::Register(parse_secret(rest)?),
        "LOGIN" => ClientMessage::LogIn(parse_secret(rest)?),
        "RESUME" => ClientMessage::Resume(Token::parse(rest)?),
        "SYNC" => ClientMessage::Sync(parse_optional_sequence(rest)?),
        "SEND" => {
            let (id, rest) = rest.split_once('#')?;
            let (to, body) = rest.split_once('#')?;
            ClientMessage::Send {
                id: MessageId::parse(id)?,
                to: parse_conversation(to)?,
                body: Body::from_wire(body),
            }
        }
        "RECEIVED" => ClientMessage::Received(parse_sequence(rest)?),
        "CORRUPTED" => ClientMessage::Corrupted(parse_sequence(rest)?),
        "HISTORY" => {
            let (conversation, rest) = rest.split_once('#')?;
            let (before, limit) = rest.split_once('#')?;
            ClientMessage::History {
                conversation: parse_conversation(conversation)?,
                before: parse_optional_sequence(before)?,
                limit: limit.parse().ok()?,
            }
        }
        "OVERVIEW" => ClientMessage::Overview,
        "RECEIPTS" => {
            let (since, names) = rest.split_once('#')?;
            ClientMessage::Receipts(parse_sequence(since)?, parse_list(names)?)
        }
        "NEW_GROUP" => {
            let (group, members) = rest.split_once('#')?;
            ClientMessage::NewGroup(group.parse().ok()?, parse_list(members)?)
        }
        "JOIN_GROUP" => ClientMessage::JoinGroup(rest.parse().ok()?),
        "QUIT_GROUP" => ClientMessage::QuitGroup(rest.parse().ok()?),
        "SIGN_OUT" => ClientMessage::SignOut,
        _ => return None,
    })
}

fn secret(password: &Password) -> String {
    encode_text(password.reveal())
}

fn parse_secret(field: &str) -> Option<Password> {
    Password::new(decode_text(field)?).ok()
}

/// A conversation as one field of a message.
#[must_use]
pub fn conversation(conversation: &Conversation) -> String {
    match conversation {
        Conversation::Everyone => "e".to_owned(),
        Conversation::Group(name) => format!("g:{name}"),
        Conversation::User(name) => format!("u:{name}"),
    }
}

/// Reads such a field back; `None` if it is not one.
#[must_use]
pub fn parse_conversation(field: &str) -> Option<Conversation> {
    match field.split_once(':') {
        None if field == "e" => Some(Conversation::Everyone),
        Some(("g", name)) => name.parse().ok().map(Conversation::Group),
        Some(("u", name)) => name.parse().ok().map(Conversation::User),
        _ => None,
    }
}

pub(super) fn optional_sequence(sequence: Option<Sequence>) -> String {
    sequence.map_or_else(|| "-".to_owned(), |sequence| sequence.0.to_string())
}

pub(super) fn parse_optional_sequence(field: &str) -> Option<Option<Sequence>> {
    match field {
        "-" => Some(None),
        sequence => parse_sequence(sequence).map(Some),
    }
}

pub(super) fn parse_sequence(field: &str) -> Option<Sequence> {
    field.parse().ok().map(Sequence)
}

/// A list; its items hold no semicolon.
pub(super) fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

pub(super) fn parse_list<T: std::str::FromStr>(field: &str) -> Option<Vec<T>> {
    if field.is_empty() {
        return Some(Vec::new());
    }
    let items = field.split(';').take(NAMES_PER_MESSAGE_MAX + 1).map(|item| item.parse().ok());
    items.collect::<Option<Vec<T>>>().filter(|items| items.len() <= NAMES_PER_MESSAGE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, message: &ClientMessage) {
        assert_eq!(ClientMessage::parse(text.as_bytes()).as_ref(), Ok(message));
        assert_eq!(String::from_utf8(message.to_wire()).unwrap(), text);
    }

    #[test]
    fn messages_are_written_as_the_protocol_says() {
        let password = || Password::new("a#b").unwrap();
        let group: GroupName = "CS: Group".parse().unwrap();
        let bob: UserName = "bob".parse().unwrap();
        let token = "0123456789abcdef0123456789abcdef";
        check("UNLOCK#YSNi", &ClientMessage::Unlock(password()));
        check("NAME#bob", &ClientMessage::Name(bob.clone()));
        check("REGISTER#YSNi", &ClientMessage::Register(password()));
        check("LOGIN#YSNi", &ClientMessage::LogIn(password()));
        check(&format!("RESUME#{token}"), &ClientMessage::Resume(Token::parse(token).unwrap()));
        check("SYNC#-", &ClientMessage::Sync(None));
        check("SYNC#12", &ClientMessage::Sync(Some(Sequence(12))));
        let send = ClientMessage::Send {
            id: MessageId(255),
            to: Conversation::Group(group.clone()),
            body: Body::from_wire("eA=="),
        };
        check("SEND#000000000000000000000000000000ff#g:CS: Group#eA==", &send);
        check("RECEIVED#12", &ClientMessage::Received(Sequence(12)));
        check("CORRUPTED#12", &ClientMessage::Corrupted(Sequence(12)));
        let history =
            |conversation, before| ClientMessage::History { conversation, before, limit: 50 };
        check("HISTORY#e#-#50", &history(Conversation::Everyone, None));
        check("HISTORY#u:bob#9#50", &history(Conversation::User(bob.clone()), Some(Sequence(9))));
        check("OVERVIEW", &ClientMessage::Overview);
        check("RECEIPTS#3#bob;bob", &ClientMessage::Receipts(Sequence(3), vec![bob.clone(), bob]));
        check(
            "NEW_GROUP#CS: Group#a;b",
            &ClientMessage::NewGroup(group.clone(), vec!["a".to_owned(), "b".to_owned()]),
        );
        check("NEW_GROUP#CS: Group#", &ClientMessage::NewGroup(group.clone(), vec![]));
        check("JOIN_GROUP#CS: Group", &ClientMessage::JoinGroup(group.clone()));
        check("QUIT_GROUP#CS: Group", &ClientMessage::QuitGroup(group));
        check("SIGN_OUT", &ClientMessage::SignOut);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "",
            "HELLO",
            "SEND#ff#e#x",
            "SYNC#",
            "NAME#All",
            "UNLOCK#*",
            "HISTORY#x#-#1",
            "RESUME#12",
        ] {
            assert_eq!(ClientMessage::parse(text.as_bytes()), Err(MessageError), "{text}");
        }
        assert_eq!(ClientMessage::parse(&[0xff]), Err(MessageError));
    }
}
