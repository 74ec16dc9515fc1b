//! What a server says (PROTOCOL.md, "Messages of the server").

use super::client_message::{
    conversation, join, optional_sequence, parse_conversation, parse_list, parse_optional_sequence,
    parse_sequence,
};
use super::{MessageError, Token};
use crate::body::{Body, decode_text, encode_text};
use crate::conversation::Conversation;
use crate::message_id::MessageId;
use crate::name::{GroupName, UserName};
use crate::sequence::Sequence;
use crate::time::UnixTime;

/// A message of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// The server password was right.
    Unlocked,
    /// It was wrong, or is still to come.
    Locked,
    /// The name is not registered.
    NameIsNew,
    /// The name is registered.
    NameIsKnown,
    /// The name can't be used; why.
    NameRefused(String),
    /// Signed in under this name, with a token to resume with.
    Welcome(UserName, Token),
    /// The password was wrong.
    Wrong,
    /// The token is not, or no longer, good.
    ResumeRefused,
    /// A message, as it comes.
    Message(Delivered),
    /// A message that was asked for.
    Past(Delivered),
    /// The end of a history that was asked for: whether there is more before it.
    HistoryEnd(Conversation, bool),
    /// One's groups.
    Groups(Vec<GroupName>),
    /// The end of an overview.
    OverviewEnd,
    /// A message of one's own is stored; it goes to these.
    Sent {
        /// One's name for it.
        id: MessageId,
        /// Its place.
        sequence: Sequence,
        /// When it was stored.
        time: UnixTime,
        /// The session has been given everything up to here.
        position: Option<Sequence>,
        /// Whom it is for.
        recipients: Vec<UserName>,
    },
    /// A message of one's own is not stored; why.
    NotSent(MessageId, NotSent),
    /// This user has received all messages to them up to this one.
    Received(UserName, Sequence),
    /// One's own message did not reach this user.
    Failed(Sequence, UserName, Receipt),
    /// Who is online: the whole list, or its beginning.
    Online(Vec<UserName>),
    /// These came online.
    Came(Vec<UserName>),
    /// This user is not online any more.
    Left(UserName),
    /// What became of a request about a group.
    Group(GroupName, GroupReply),
    /// The server is about to stop.
    Stopping,
}

/// A message as the server hands it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its place.
    pub sequence: Sequence,
    /// Where it belongs, as the reader sees it.
    pub conversation: Conversation,
    /// Who sent it, as the server authenticated them.
    pub sender: UserName,
    /// When it was stored.
    pub time: UnixTime,
    /// The sender's name for it.
    pub id: MessageId,
    /// To its sender: how it stands with each recipient.
    pub receipts: Vec<(UserName, Receipt)>,
    /// What it says.
    pub body: Body,
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

/// Why a message was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// There is no such user.
    NoSuchUser,
    /// There is no such group.
    NoSuchGroup,
    /// The sender is not a member of that group.
    NotAMember,
    /// Nobody else is online to hear a broadcast.
    NobodyOnline,
    /// Its body is signed with another name.
    Forged,
    /// Its body can't be read, or is too long.
    Malformed,
    /// Storage failed: to be tried again.
    NotStored,
}

/// What became of a request about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupReply {
    /// It was made, with these members; these names are not registered.
    Created(Vec<UserName>, Vec<String>),
    /// One is a member, with these.
    Joined(Vec<UserName>),
    /// There is no such group.
    DoesNotExist,
    /// One is not a member any more.
    Quit,
    /// It was refused; why.
    Refused(String),
}

impl Receipt {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Waiting, "waiting"),
        (Self::Received, "received"),
        (Self::Lost, "lost"),
        (Self::Corrupted, "corrupted"),
    ];
}

impl NotSent {
    const ALL: [(Self, &'static str); 7] = [
        (Self::NoSuchUser, "no-such-user"),
        (Self::NoSuchGroup, "no-such-group"),
        (Self::NotAMember, "not-a-member"),
        (Self::NobodyOnline, "nobody-online"),
        (Self::Forged, "forged"),
        (Self::Malformed, "malformed"),
        (Self::NotStored, "not-stored"),
    ];
}

impl ServerMessage {
    /// The message as bytes.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        self.to_text().into_bytes()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        std::str::from_utf8(bytes).ok().and_then(parse).ok_or(MessageError)
    }

    fn to_text(&self) -> String {
        match self {
            Self::Unlocked => "UNLOCKED".to_owned(),
            Self::Locked => "LOCKED".to_owned(),
            Self::NameIsNew => "NAME#new".to_owned(),
            Self::NameIsKnown => "NAME#known".to_owned(),
            Self::NameRefused(why) => format!("NAME_REFUSED#{}", encode_text(why)),
            Self::Welcome(name, token) => format!("WELCOME#{name}#{}", token.reveal()),
            Self::Wrong => "WRONG".to_owned(),
            Self::ResumeRefused => "RESUME_REFUSED".to_owned(),
            Self::Message(message) => format!("MESSAGE#{}", delivered(message)),
            Self::Past(message) => format!("PAST#{}", delivered(message)),
            Self::HistoryEnd(of, more) => {
                format!("HISTORY_END#{}#{}", conversation(of), if *more { "more" } else { "all" })
            }
            Self::Groups(groups) => format!("GROUPS#{}", join(groups)),
            Self::OverviewEnd => "OVERVIEW_END".to_owned(),
            Self::Sent { id, sequence, time, position, recipients } => {
                let (position, recipients) = (optional_sequence(*position), join(recipients));
                format!("SENT#{id}#{}#{}#{position}#{recipients}", sequence.0, time.millis)
            }
            Self::NotSent(id, why) => format!("NOT_SENT#{id}#{}", word(&NotSent::ALL, *why)),
            Self::Received(name, sequence) => format!("RECEIVED#{name}#{}", sequence.0),
            Self::Failed(sequence, name, receipt) => {
                format!("FAILED#{}#{name}#{}", sequence.0, word(&Receipt::ALL, *receipt))
            }
            Self::Online(names) => format!("ONLINE#{}", join(names)),
            Self::Came(names) => format!("CAME#{}", join(names)),
            Self::Left(name) => format!("LEFT#{name}"),
            Self::Group(group, reply) => format!("GROUP#{group}#{}", group_reply(reply)),
            Self::Stopping => "STOPPING".to_owned(),
        }
    }
}

fn parse(text: &str) -> Option<ServerMessage> {
    let (kind, rest) = text.split_once('#').unwrap_or((text, ""));
    Some(match kind {
        "UNLOCKED" => ServerMessage::Unlocked,
        "LOCKED" => ServerMessage::Locked,
        "NAME" if rest == "new" => ServerMessage::NameIsNew,
        "NAME" if rest == "known" => ServerMessage::NameIsKnown,
        "NAME_REFUSED" => ServerMessage::NameRefused(decode_text(rest)?),
        "WELCOME" => {
            let (name, token) = rest.split_once('#')?;
            ServerMessage::Welcome(name.parse().ok()?, Token::parse(token)?)
        }
        "WRONG" => ServerMessage::Wrong,
        "RESUME_REFUSED" => ServerMessage::ResumeRefused,
        "MESSAGE" => ServerMessage::Message(parse_delivered(rest)?),
        "PAST" => ServerMessage::Past(parse_delivered(rest)?),
        "HISTORY_END" => {
            let (of, more) = rest.rsplit_once('#')?;
            ServerMessage::HistoryEnd(parse_conversation(of)?, more == "more")
        }
        "GROUPS" => ServerMessage::Groups(parse_list(rest)?),
        "OVERVIEW_END" => ServerMessage::OverviewEnd,
        "SENT" => {
            let [id, sequence, time, position, recipients] = fields(rest)?;
            ServerMessage::Sent {
                id: MessageId::parse(id)?,
                sequence: parse_sequence(sequence)?,
                time: parse_time(time)?,
                position: parse_optional_sequence(position)?,
                recipients: parse_list(recipients)?,
            }
        }
        "NOT_SENT" => {
            let [id, why] = fields(rest)?;
            ServerMessage::NotSent(MessageId::parse(id)?, from_word(&NotSent::ALL, why)?)
        }
        "RECEIVED" => {
            let [name, sequence] = fields(rest)?;
            ServerMessage::Received(name.parse().ok()?, parse_sequence(sequence)?)
        }
        "FAILED" => {
            let [sequence, name, receipt] = fields(rest)?;
            let receipt = from_word(&Receipt::ALL, receipt)?;
            ServerMessage::Failed(parse_sequence(sequence)?, name.parse().ok()?, receipt)
        }
        "ONLINE" => ServerMessage::Online(parse_list(rest)?),
        "CAME" => ServerMessage::Came(parse_list(rest)?),
        "LEFT" => ServerMessage::Left(rest.parse().ok()?),
        "GROUP" => {
            let (group, reply) = rest.split_once('#')?;
            ServerMessage::Group(group.parse().ok()?, parse_group_reply(reply)?)
        }
        "STOPPING" => ServerMessage::Stopping,
        _ => return None,
    })
}

fn delivered(message: &Delivered) -> String {
    let receipts = message.receipts.iter();
    let receipts =
        receipts.map(|(name, receipt)| format!("{name}:{}", word(&Receipt::ALL, *receipt)));
    format!(
        "{}#{}#{}#{}#{}#{}#{}",
        message.sequence.0,
        conversation(&message.conversation),
        message.sender,
        message.time.millis,
        message.id,
        receipts.collect::<Vec<_>>().join(";"),
        message.body.as_str()
    )
}

fn parse_delivered(rest: &str) -> Option<Delivered> {
    let [sequence, conversation, sender, time, id, receipts, body] = fields(rest)?;
    let receipts = match receipts {
        "" => Vec::new(),
        list => list.split(';').map(parse_receipt).collect::<Option<_>>()?,
    };
    Some(Delivered {
        sequence: parse_sequence(sequence)?,
        conversation: parse_conversation(conversation)?,
        sender: sender.parse().ok()?,
        time: parse_time(time)?,
        id: MessageId::parse(id)?,
        receipts,
        body: Body::from_wire(body),
    })
}

/// User names hold no colon.
fn parse_receipt(item: &str) -> Option<(UserName, Receipt)> {
    let (name, receipt) = item.split_once(':')?;
    Some((name.parse().ok()?, from_word(&Receipt::ALL, receipt)?))
}

fn group_reply(reply: &GroupReply) -> String {
    match reply {
        GroupReply::Created(members, unknown) => {
            format!("created#{}#{}", join(members), join(unknown))
        }
        GroupReply::Joined(members) => format!("joined#{}", join(members)),
        GroupReply::DoesNotExist => "none".to_owned(),
        GroupReply::Quit => "quit".to_owned(),
        GroupReply::Refused(why) => format!("refused#{}", encode_text(why)),
    }
}

fn parse_group_reply(text: &str) -> Option<GroupReply> {
    let (kind, rest) = text.split_once('#').unwrap_or((text, ""));
    Some(match kind {
        "created" => {
            let (members, unknown) = rest.split_once('#')?;
            GroupReply::Created(parse_list(members)?, parse_list(unknown)?)
        }
        "joined" => GroupReply::Joined(parse_list(rest)?),
        "none" => GroupReply::DoesNotExist,
        "quit" => GroupReply::Quit,
        "refused" => GroupReply::Refused(decode_text(rest)?),
        _ => return None,
    })
}

/// Exactly so many fields.
fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    let fields: Vec<&str> = text.split('#').collect();
    fields.try_into().ok()
}

fn parse_time(field: &str) -> Option<UnixTime> {
    field.parse().ok().map(|millis| UnixTime { millis })
}

fn word<T: Copy + PartialEq>(all: &[(T, &'static str)], value: T) -> &'static str {
    all.iter().find(|(known, _)| *known == value).map_or("", |(_, word)| word)
}

fn from_word<T: Copy>(all: &[(T, &'static str)], text: &str) -> Option<T> {
    all.iter().find(|(_, word)| *word == text).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, message: &ServerMessage) {
        assert_eq!(ServerMessage::parse(text.as_bytes()).as_ref(), Ok(message));
        assert_eq!(message.to_text(), text);
    }

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    #[test]
    fn replies_at_the_door_are_written_as_the_protocol_says() {
        check("UNLOCKED", &ServerMessage::Unlocked);
        check("LOCKED", &ServerMessage::Locked);
        check("NAME#new", &ServerMessage::NameIsNew);
        check("NAME#known", &ServerMessage::NameIsKnown);
        check("NAME_REFUSED#bm8=", &ServerMessage::NameRefused("no".to_owned()));
        let token = "0123456789abcdef0123456789abcdef";
        let welcome = ServerMessage::Welcome(name("bob"), Token::parse(token).unwrap());
        check(&format!("WELCOME#bob#{token}"), &welcome);
        check("WRONG", &ServerMessage::Wrong);
        check("RESUME_REFUSED", &ServerMessage::ResumeRefused);
        check("STOPPING", &ServerMessage::Stopping);
    }

    #[test]
    fn messages_are_written_as_the_protocol_says() {
        let id = MessageId(255);
        let wire_id = "000000000000000000000000000000ff";
        let delivered = |receipts| Delivered {
            sequence: Sequence(7),
            conversation: Conversation::User(name("bob")),
            sender: name("alice"),
            time: UnixTime { millis: 5 },
            id,
            receipts,
            body: Body::from_wire("eA=="),
        };
        let text = format!("MESSAGE#7#u:bob#alice#5#{wire_id}##eA==");
        check(&text, &ServerMessage::Message(delivered(vec![])));
        let receipts = vec![(name("bob"), Receipt::Received), (name("eve"), Receipt::Lost)];
        let text = format!("PAST#7#u:bob#alice#5#{wire_id}#bob:received;eve:lost#eA==");
        check(&text, &ServerMessage::Past(delivered(receipts)));
        let recipients = vec![name("bob"), name("eve")];
        let (sequence, time) = (Sequence(7), UnixTime { millis: 5 });
        let sent = ServerMessage::Sent { id, sequence, time, position: Some(sequence), recipients };
        check(&format!("SENT#{wire_id}#7#5#7#bob;eve"), &sent);
        check(
            &format!("NOT_SENT#{wire_id}#no-such-user"),
            &ServerMessage::NotSent(id, NotSent::NoSuchUser),
        );
        check("RECEIVED#bob#7", &ServerMessage::Received(name("bob"), Sequence(7)));
        check(
            "FAILED#7#bob#corrupted",
            &ServerMessage::Failed(Sequence(7), name("bob"), Receipt::Corrupted),
        );
    }

    #[test]
    fn the_rest_is_written_as_the_protocol_says() {
        let group: GroupName = "CS: Group".parse().unwrap();
        check(
            "HISTORY_END#g:CS: Group#more",
            &ServerMessage::HistoryEnd(Conversation::Group(group.clone()), true),
        );
        check("HISTORY_END#e#all", &ServerMessage::HistoryEnd(Conversation::Everyone, false));
        check("GROUPS#CS: Group", &ServerMessage::Groups(vec![group.clone()]));
        check("GROUPS#", &ServerMessage::Groups(vec![]));
        check("OVERVIEW_END", &ServerMessage::OverviewEnd);
        check("ONLINE#bob;eve", &ServerMessage::Online(vec![name("bob"), name("eve")]));
        check("CAME#bob", &ServerMessage::Came(vec![name("bob")]));
        check("LEFT#bob", &ServerMessage::Left(name("bob")));
        let reply = |reply| ServerMessage::Group(group.clone(), reply);
        check(
            "GROUP#CS: Group#created#bob#ghost;x",
            &reply(GroupReply::Created(
                vec![name("bob")],
                vec!["ghost".to_owned(), "x".to_owned()],
            )),
        );
        check("GROUP#CS: Group#joined#bob", &reply(GroupReply::Joined(vec![name("bob")])));
        check("GROUP#CS: Group#none", &reply(GroupReply::DoesNotExist));
        check("GROUP#CS: Group#quit", &reply(GroupReply::Quit));
        check("GROUP#CS: Group#refused#bm8=", &reply(GroupReply::Refused("no".to_owned())));
    }
}
