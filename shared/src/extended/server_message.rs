//! What a server says (PROTOCOL.md, "Messages").

use std::time::Duration;

use super::delivered::{Delivered, Receipt, Recipients, from_word, word};
use super::fields::{
    Line, conversation_from_wire, fields, parse_duration, parse_more, parse_optional_sequence,
    parse_sequence, parse_time,
};
use super::{
    AccountSession, BlockReply, GroupNews, GroupReply, HistoryFrom, KeptSettings, MessageError,
    NotKept, Token, UnreadCount,
};
use crate::body::{decode_text, encode_text};
use crate::conversation::Conversation;
use crate::list::List;
use crate::message_id::MessageId;
use crate::name::{GroupName, UserName};
use crate::opaque::{EnrolResponse, ProofResponse};
use crate::sequence::{Generation, Sequence};
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
    /// The name is registered, in this spelling: who has it proves that they know its password.
    NameNeedsProof(UserName),
    /// The same of an account of before, whose password only original clients show: it gets a new one with
    /// the one-time word of its operator.
    NameNeedsWord(UserName),
    /// The name can't be used; why.
    NameRefused(String),
    /// Signed in.
    Welcome {
        /// Under this name.
        name: UserName,
        /// To resume with.
        token: Token,
        /// The log that all places are in.
        generation: Generation,
    },
    /// The server's part of a password that is being enrolled.
    Enrol(EnrolResponse),
    /// The server's part of a proof.
    Prove(ProofResponse),
    /// The password, the proof or the one-time word was wrong.
    Wrong,
    /// It was not looked at: the same is to be asked again after so long.
    Later(Delay, Duration),
    /// The token is not, or no longer, good.
    ResumeRefused,
    /// Messages behind this place follow, whatever was asked for.
    From(Sequence),
    /// A message, as it comes.
    Message(Delivered),
    /// A message that was asked for.
    Past(Delivered),
    /// The end of a history that was asked for: whether there is more before it.
    HistoryEnd(Conversation, bool),
    /// The end of lines that were asked for, which ones, and whether there are more that way.
    LinesEnd(Conversation, HistoryFrom, bool),
    /// A page of one's groups, and whether there are more.
    Groups(List<GroupName>, bool),
    /// The end of a page of the overview: the next is before this place, if there is one.
    OverviewEnd(Option<Sequence>),
    /// One has read a conversation up to there, in another session or earlier.
    Read(Conversation, Sequence),
    /// So many lines of others are behind the place up to which one has read a conversation, or, if
    /// none is told, behind where one came: counted up to the latest line, which the overview gives.
    Unread(Conversation, UnreadCount),
    /// Somebody is writing.
    Typing(Conversation, UserName),
    /// A message of one's own is stored.
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
        recipients: Recipients,
    },
    /// A message of one's own is not stored; why.
    NotSent(MessageId, NotSent),
    /// This user has received all messages to them up to this one.
    Received(UserName, Sequence),
    /// So many of a message's many recipients have received it.
    ReceivedCount {
        /// Which message.
        sequence: Sequence,
        /// So many have it.
        received: u32,
        /// It is for so many.
        of: u32,
    },
    /// A page of those who have received this message, and whether there are more.
    Receivers(Sequence, List<UserName>, bool),
    /// One's own message did not reach this user.
    Failed(Sequence, UserName, Receipt),
    /// How many are online, and which of those one shares a conversation with: the whole list, or
    /// its beginning.
    Online(u32, List<UserName>),
    /// These came online.
    Came(List<UserName>),
    /// These are not online any more.
    Left(List<UserName>),
    /// So many are online; told to those who look at the list.
    OnlineCount(u32),
    /// A page of all who are online, and whether there are more.
    OnlinePage(List<UserName>, bool),
    /// What became of a request about a group.
    Group(GroupName, GroupReply),
    /// Something about a group that was not asked for; or asked for with all that waits.
    GroupNews(GroupName, GroupNews),
    /// All that waits for one's decision was told.
    InvitationsEnd,
    /// What became of blocking somebody's invitations.
    Block(UserName, BlockReply),
    /// A page of those whose invitations one is not told of, and whether there are more.
    Blocked(List<UserName>, bool),
    /// A page of a group's members, and whether there are more.
    Members(GroupName, List<UserName>, bool),
    /// A session of one's account.
    Session(AccountSession),
    /// All of them were told.
    SessionsEnd,
    /// So many sessions of one's account were ended, as asked.
    SessionsEnded(u32),
    /// What became of a change of one's password.
    Password(PasswordReply),
    /// An original client has sent one's password, for everybody on the way to read.
    PasswordWasReadable,
    /// What a session of one's own keeps at the server: as asked for (`None`: nothing), and when it
    /// changes.
    Settings(Option<KeptSettings>),
    /// Said before the answer to who asks what is kept: since it was set, that group of one's own is called
    /// otherwise.
    SettingsRenamed(GroupName, GroupName),
    /// What one wanted to keep is not kept; why.
    SettingsNotKept(NotKept),
    /// This session was ended from another one.
    SignedOut,
    /// One's account has spent what it may at once: what it says is read slowly. After so long without
    /// anything, all of it is there again.
    Slowed(Duration),
    /// Something was not told because the link was full: ask anew for whatever is shown.
    Stale,
    /// The server is about to stop.
    Stopping,
}

/// Why something is to be asked again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// Too many want the same of the server at present.
    Busy,
    /// Too many passwords from there were wrong.
    Attempts,
    /// The account has signed in too often lately.
    Sessions,
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
    /// Its body can't be read, is too long, or is missing.
    Malformed,
    /// The message that it is about is not in this conversation, or was taken back.
    NoSuchMessage,
    /// Only the author of a message may change it.
    NotTheAuthor,
    /// That message was changed as often as one may be.
    TooManyChanges,
    /// The server does not know this kind of message.
    UnknownKind,
    /// The sender has stored as much as one account may.
    StorageQuota,
    /// Storage failed: to be tried again.
    NotStored,
}

/// What became of a change of one's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordReply {
    /// It is the new one.
    Changed,
    /// The old one was wrong.
    Wrong,
    /// It was not changed; why.
    Refused(String),
}

impl Delay {
    fn write(self, line: Line) -> Line {
        line.text(word(&Self::ALL, self))
    }

    const ALL: [(Self, &'static str); 3] =
        [(Self::Busy, "busy"), (Self::Attempts, "attempts"), (Self::Sessions, "sessions")];
}

impl NotSent {
    fn write(self, line: Line) -> Line {
        line.text(word(&Self::ALL, self))
    }

    const ALL: [(Self, &'static str); 12] = [
        (Self::NoSuchUser, "no-such-user"),
        (Self::NoSuchGroup, "no-such-group"),
        (Self::NotAMember, "not-a-member"),
        (Self::NobodyOnline, "nobody-online"),
        (Self::Forged, "forged"),
        (Self::Malformed, "malformed"),
        (Self::NoSuchMessage, "no-such-message"),
        (Self::NotTheAuthor, "not-the-author"),
        (Self::TooManyChanges, "too-many-changes"),
        (Self::UnknownKind, "unknown-kind"),
        (Self::StorageQuota, "storage-quota"),
        (Self::NotStored, "not-stored"),
    ];
}

impl ServerMessage {
    /// The message as bytes.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        self.line().finish()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MessageError)?;
        let (word, rest) = text.split_once('#').unwrap_or((text, ""));
        parse_message(word, rest)
            .or_else(|| parse_at_the_door(word, rest))
            .or_else(|| parse_answer(word, rest))
            .ok_or(MessageError)
    }

    fn line(&self) -> Line {
        match self {
            Self::Unlocked => Line::new("UNLOCKED"),
            Self::Locked => Line::new("LOCKED"),
            Self::NameIsNew => Line::new("NAME").text("new"),
            Self::NameNeedsProof(name) => Line::new("NAME").text("proof").text(name),
            Self::NameNeedsWord(name) => Line::new("NAME").text("word").text(name),
            Self::Enrol(response) => Line::new("ENROL").display(response),
            Self::Prove(response) => Line::new("PROVE").display(response),
            Self::NameRefused(why) => Line::new("NAME_REFUSED").text(encode_text(why)),
            Self::Welcome { name, token, generation } => {
                Line::new("WELCOME").text(name).text(token.reveal()).display(generation)
            }
            Self::Wrong => Line::new("WRONG"),
            Self::Later(why, wait) => why.write(Line::new("LATER")).duration(*wait),
            Self::ResumeRefused => Line::new("RESUME_REFUSED"),
            Self::From(sequence) => Line::new("FROM").sequence(*sequence),
            Self::Message(message) => message.write(Line::new("MESSAGE")),
            Self::Past(message) => message.write(Line::new("PAST")),
            Self::HistoryEnd(of, more) => Line::new("HISTORY_END").conversation(of).more(*more),
            Self::LinesEnd(of, from, more) => {
                Line::new("LINES_END").conversation(of).display(from).more(*more)
            }
            Self::Groups(groups, more) => Line::new("GROUPS").list(groups).more(*more),
            Self::OverviewEnd(next) => Line::new("OVERVIEW_END").optional_sequence(*next),
            Self::Read(of, sequence) => Line::new("READ").conversation(of).sequence(*sequence),
            Self::Unread(of, count) => Line::new("UNREAD").conversation(of).display(count),
            Self::Typing(to, name) => Line::new("TYPING").conversation(to).text(name),
            Self::Sent { id, sequence, time, position, recipients } => {
                let line = Line::new("SENT").id(id.0).sequence(*sequence).number(time.millis);
                recipients.write(line.optional_sequence(*position))
            }
            Self::NotSent(id, why) => why.write(Line::new("NOT_SENT").id(id.0)),
            Self::Received(name, sequence) => Line::new("RECEIVED").text(name).sequence(*sequence),
            Self::ReceivedCount { sequence, received, of } => {
                received_count_line(*sequence, *received, *of)
            }
            Self::Receivers(of, names, more) => receivers_line(*of, names, *more),
            Self::Failed(sequence, name, receipt) => Line::new("FAILED")
                .sequence(*sequence)
                .text(name)
                .text(word(&Receipt::ALL, *receipt)),
            Self::Online(count, names) => Line::new("ONLINE").number(u64::from(*count)).list(names),
            Self::Came(names) => Line::new("CAME").list(names),
            Self::Left(names) => Line::new("LEFT").list(names),
            Self::OnlineCount(count) => Line::new("ONLINE_COUNT").number(u64::from(*count)),
            Self::OnlinePage(names, more) => Line::new("ONLINE_PAGE").list(names).more(*more),
            Self::Group(group, reply) => reply.write(Line::new("GROUP").text(group)),
            Self::GroupNews(group, news) => news.write(Line::new("GROUP_NEWS").text(group)),
            Self::InvitationsEnd => Line::new("INVITATIONS_END"),
            Self::Block(name, reply) => {
                Line::new("BLOCK").text(name).text(word(&BlockReply::ALL, *reply))
            }
            Self::Blocked(names, more) => Line::new("BLOCKED").list(names).more(*more),
            Self::Members(group, names, more) => {
                Line::new("MEMBERS").text(group).list(names).more(*more)
            }
            Self::Session(session) => session.write(Line::new("SESSION")),
            Self::SessionsEnd => Line::new("SESSIONS_END"),
            Self::SessionsEnded(count) => Line::new("SESSIONS_ENDED").number(u64::from(*count)),
            Self::Password(reply) => reply.write(Line::new("PASSWORD")),
            Self::PasswordWasReadable => Line::new("PASSWORD").text("readable"),
            Self::Settings(kept) => KeptSettings::write(kept.as_ref(), Line::new("SETTINGS")),
            Self::SettingsRenamed(from, to) => Line::new("SETTINGS_RENAMED").text(from).text(to),
            Self::SettingsNotKept(why) => why.write(Line::new("SETTINGS_NOT_KEPT")),
            Self::SignedOut => Line::new("SIGNED_OUT"),
            Self::Slowed(rest) => Line::new("SLOWED").duration(*rest),
            Self::Stale => Line::new("STALE"),
            Self::Stopping => Line::new("STOPPING"),
        }
    }
}

fn receivers_line(of: Sequence, names: &List<UserName>, more: bool) -> Line {
    Line::new("RECEIVERS").sequence(of).list(names).more(more)
}

fn received_count_line(sequence: Sequence, received: u32, of: u32) -> Line {
    let line = Line::new("RECEIVED_COUNT").sequence(sequence);
    line.number(u64::from(received)).number(u64::from(of))
}

impl PasswordReply {
    fn write(&self, line: Line) -> Line {
        match self {
            Self::Changed => line.text("changed"),
            Self::Wrong => line.text("wrong"),
            Self::Refused(why) => line.text("refused").text(encode_text(why)),
        }
    }
}

/// What comes most often.
fn parse_message(word: &str, rest: &str) -> Option<ServerMessage> {
    Some(match word {
        "MESSAGE" => ServerMessage::Message(Delivered::parse(rest)?),
        "PAST" => ServerMessage::Past(Delivered::parse(rest)?),
        "SENT" => {
            let [id, sequence, time, position, count, names] = fields(rest)?;
            ServerMessage::Sent {
                id: MessageId::parse(id)?,
                sequence: parse_sequence(sequence)?,
                time: parse_time(time)?,
                position: parse_optional_sequence(position)?,
                recipients: Recipients::parse(count, names)?,
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
        "RECEIVED_COUNT" => {
            let [sequence, received, of] = fields(rest)?;
            ServerMessage::ReceivedCount {
                sequence: parse_sequence(sequence)?,
                received: received.parse().ok()?,
                of: of.parse().ok()?,
            }
        }
        "FAILED" => {
            let [sequence, name, receipt] = fields(rest)?;
            let receipt = from_word(&Receipt::ALL, receipt)?;
            ServerMessage::Failed(parse_sequence(sequence)?, name.parse().ok()?, receipt)
        }
        "READ" => {
            let [of, sequence] = fields(rest)?;
            ServerMessage::Read(conversation_from_wire(of)?, parse_sequence(sequence)?)
        }
        "UNREAD" => {
            let [of, count] = fields(rest)?;
            ServerMessage::Unread(conversation_from_wire(of)?, UnreadCount::parse(count)?)
        }
        "TYPING" => {
            let [to, name] = fields(rest)?;
            ServerMessage::Typing(conversation_from_wire(to)?, name.parse().ok()?)
        }
        _ => return None,
    })
}

fn parse_at_the_door(word: &str, rest: &str) -> Option<ServerMessage> {
    Some(match word {
        "UNLOCKED" => ServerMessage::Unlocked,
        "LOCKED" => ServerMessage::Locked,
        "NAME" if rest == "new" => ServerMessage::NameIsNew,
        "NAME" => match fields(rest)? {
            ["proof", name] => ServerMessage::NameNeedsProof(name.parse().ok()?),
            ["word", name] => ServerMessage::NameNeedsWord(name.parse().ok()?),
            _ => return None,
        },
        "ENROL" => ServerMessage::Enrol(EnrolResponse::parse(rest)?),
        "PROVE" => ServerMessage::Prove(ProofResponse::parse(rest)?),
        "NAME_REFUSED" => ServerMessage::NameRefused(decode_text(rest)?),
        "WELCOME" => {
            let [name, token, generation] = fields(rest)?;
            ServerMessage::Welcome {
                name: name.parse().ok()?,
                token: Token::parse(token)?,
                generation: Generation::parse(generation)?,
            }
        }
        "WRONG" => ServerMessage::Wrong,
        "LATER" => {
            let [why, millis] = fields(rest)?;
            ServerMessage::Later(from_word(&Delay::ALL, why)?, parse_duration(millis)?)
        }
        "RESUME_REFUSED" => ServerMessage::ResumeRefused,
        "FROM" => ServerMessage::From(parse_sequence(rest)?),
        "SLOWED" => ServerMessage::Slowed(parse_duration(rest)?),
        "STALE" => ServerMessage::Stale,
        "STOPPING" => ServerMessage::Stopping,
        _ => return None,
    })
}

fn parse_answer(word: &str, rest: &str) -> Option<ServerMessage> {
    Some(match word {
        "HISTORY_END" => {
            let [of, more] = fields(rest)?;
            ServerMessage::HistoryEnd(conversation_from_wire(of)?, parse_more(more)?)
        }
        "LINES_END" => {
            let [of, from, more] = fields(rest)?;
            let (of, from) = (conversation_from_wire(of)?, HistoryFrom::parse(from)?);
            ServerMessage::LinesEnd(of, from, parse_more(more)?)
        }
        "GROUPS" => {
            let [groups, more] = fields(rest)?;
            ServerMessage::Groups(List::parse(groups)?, parse_more(more)?)
        }
        "OVERVIEW_END" => ServerMessage::OverviewEnd(parse_optional_sequence(rest)?),
        "RECEIVERS" => {
            let [of, names, more] = fields(rest)?;
            ServerMessage::Receivers(parse_sequence(of)?, List::parse(names)?, parse_more(more)?)
        }
        "ONLINE" => {
            let [count, names] = fields(rest)?;
            ServerMessage::Online(count.parse().ok()?, List::parse(names)?)
        }
        "CAME" => ServerMessage::Came(List::parse(rest)?),
        "LEFT" => ServerMessage::Left(List::parse(rest)?),
        "ONLINE_COUNT" => ServerMessage::OnlineCount(rest.parse().ok()?),
        "ONLINE_PAGE" => {
            let [names, more] = fields(rest)?;
            ServerMessage::OnlinePage(List::parse(names)?, parse_more(more)?)
        }
        "GROUP" => {
            let (group, reply) = rest.split_once('#')?;
            ServerMessage::Group(group.parse().ok()?, GroupReply::parse(reply)?)
        }
        "GROUP_NEWS" => {
            let (group, news) = rest.split_once('#')?;
            ServerMessage::GroupNews(group.parse().ok()?, GroupNews::parse(news)?)
        }
        "INVITATIONS_END" => ServerMessage::InvitationsEnd,
        "BLOCK" => {
            let [name, reply] = fields(rest)?;
            ServerMessage::Block(name.parse().ok()?, from_word(&BlockReply::ALL, reply)?)
        }
        "BLOCKED" => {
            let [names, more] = fields(rest)?;
            ServerMessage::Blocked(List::parse(names)?, parse_more(more)?)
        }
        "MEMBERS" => {
            let [group, names, more] = fields(rest)?;
            let (names, more) = (List::parse(names)?, parse_more(more)?);
            ServerMessage::Members(group.parse().ok()?, names, more)
        }
        _ => return parse_about_account(word, rest),
    })
}

fn parse_about_account(word: &str, rest: &str) -> Option<ServerMessage> {
    Some(match word {
        "SESSION" => ServerMessage::Session(AccountSession::parse(rest)?),
        "SESSIONS_END" => ServerMessage::SessionsEnd,
        "SESSIONS_ENDED" => ServerMessage::SessionsEnded(rest.parse().ok()?),
        "PASSWORD" if rest == "readable" => ServerMessage::PasswordWasReadable,
        "PASSWORD" => ServerMessage::Password(match rest.split_once('#').unwrap_or((rest, "")) {
            ("changed", "") => PasswordReply::Changed,
            ("wrong", "") => PasswordReply::Wrong,
            ("refused", why) => PasswordReply::Refused(decode_text(why)?),
            _ => return None,
        }),
        "SETTINGS" if rest == "-#" => ServerMessage::Settings(None),
        "SETTINGS" => ServerMessage::Settings(Some(KeptSettings::parse(rest)?)),
        "SETTINGS_RENAMED" => {
            let [from, to] = fields(rest)?;
            ServerMessage::SettingsRenamed(from.parse().ok()?, to.parse().ok()?)
        }
        "SETTINGS_NOT_KEPT" => ServerMessage::SettingsNotKept(from_word(&NotKept::ALL, rest)?),
        "SIGNED_OUT" => ServerMessage::SignedOut,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::extended::{AccountSessionId, Receipts};
    use crate::kind::MessageKind;

    #[track_caller]
    fn check(text: &str, message: &ServerMessage) {
        assert_eq!(ServerMessage::parse(text.as_bytes()).as_ref(), Ok(message));
        assert_eq!(String::from_utf8(message.to_wire()).unwrap(), text);
    }

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    fn names(names: &[&str]) -> List<UserName> {
        List::new(names.iter().map(|text| name(text)).collect()).unwrap()
    }

    #[test]
    fn replies_at_the_door_are_written_as_the_protocol_says() {
        check("UNLOCKED", &ServerMessage::Unlocked);
        check("LOCKED", &ServerMessage::Locked);
        check("NAME#new", &ServerMessage::NameIsNew);
        check("NAME#proof#bob", &ServerMessage::NameNeedsProof(name("bob")));
        check("NAME#word#bob", &ServerMessage::NameNeedsWord(name("bob")));
        assert_eq!(ServerMessage::parse(b"NAME#known"), Err(MessageError));
        let response = encode_text(&"x".repeat(EnrolResponse::BYTES));
        let enrol = ServerMessage::Enrol(EnrolResponse::parse(&response).unwrap());
        check(&format!("ENROL#{response}"), &enrol);
        let response = encode_text(&"x".repeat(ProofResponse::BYTES));
        let prove = ServerMessage::Prove(ProofResponse::parse(&response).unwrap());
        check(&format!("PROVE#{response}"), &prove);
        check("NAME_REFUSED#bm8=", &ServerMessage::NameRefused("no".to_owned()));
        let token = "0123456789abcdef0123456789abcdef";
        let welcome = ServerMessage::Welcome {
            name: name("bob"),
            token: Token::parse(token).unwrap(),
            generation: Generation(255),
        };
        check(&format!("WELCOME#bob#{token}#00000000000000ff"), &welcome);
        check("WRONG", &ServerMessage::Wrong);
        let later = ServerMessage::Later(Delay::Attempts, Duration::from_millis(1_500));
        check("LATER#attempts#1500", &later);
        let later = ServerMessage::Later(Delay::Busy, Duration::from_secs(2));
        check("LATER#busy#2000", &later);
        check("RESUME_REFUSED", &ServerMessage::ResumeRefused);
        check("FROM#7", &ServerMessage::From(Sequence(7)));
        check("LATER#sessions#1", &ServerMessage::Later(Delay::Sessions, Duration::from_millis(1)));
        check("SLOWED#25000", &ServerMessage::Slowed(Duration::from_secs(25)));
        check("STALE", &ServerMessage::Stale);
        check("STOPPING", &ServerMessage::Stopping);
    }

    #[test]
    fn messages_are_written_as_the_protocol_says() {
        let id = MessageId(255);
        let wire_id = "000000000000000000000000000000ff";
        let delivered = |kind, receipts, body: Option<&str>| Delivered {
            sequence: Sequence(7),
            conversation: Conversation::User(name("bob")),
            sender: name("alice"),
            time: UnixTime { millis: 5 },
            id,
            kind,
            receipts,
            body: body.map(Body::from_wire),
        };
        let text = format!("MESSAGE#7#u:bob#alice#5#{wire_id}#text##eA==");
        let message = delivered(MessageKind::Text, Receipts::default(), Some("eA=="));
        check(&text, &ServerMessage::Message(message));
        let each = vec![(name("bob"), Receipt::Received), (name("eve"), Receipt::Lost)];
        let text = format!("PAST#7#u:bob#alice#5#{wire_id}#edit.3#bob:received;eve:lost#eA==");
        let edit = MessageKind::Edit(Sequence(3));
        let past = delivered(edit, Receipts::Each(each), Some("eA=="));
        check(&text, &ServerMessage::Past(past));
        let text = format!("PAST#7#u:bob#alice#5#{wire_id}#text#3/120#");
        let past = delivered(MessageKind::Text, Receipts::Count { received: 3, of: 120 }, None);
        check(&text, &ServerMessage::Past(past));
        let (sequence, time) = (Sequence(7), UnixTime { millis: 5 });
        let sent = |recipients| {
            let position = Some(sequence);
            ServerMessage::Sent { id, sequence, time, position, recipients }
        };
        let few = Recipients::new(2, [name("bob"), name("eve")]);
        check(&format!("SENT#{wire_id}#7#5#7#2#bob;eve"), &sent(few));
        let many = Recipients::new(65, (0..65).map(|n| name(&n.to_string())));
        check(&format!("SENT#{wire_id}#7#5#7#65#"), &sent(many));
        check(
            &format!("NOT_SENT#{wire_id}#no-such-user"),
            &ServerMessage::NotSent(id, NotSent::NoSuchUser),
        );
    }

    #[test]
    fn what_became_of_messages_is_written_as_the_protocol_says() {
        check("RECEIVED#bob#7", &ServerMessage::Received(name("bob"), Sequence(7)));
        let count = ServerMessage::ReceivedCount { sequence: Sequence(7), received: 3, of: 120 };
        check("RECEIVED_COUNT#7#3#120", &count);
        check(
            "RECEIVERS#7#bob#more",
            &ServerMessage::Receivers(Sequence(7), names(&["bob"]), true),
        );
        check(
            "FAILED#7#bob#corrupted",
            &ServerMessage::Failed(Sequence(7), name("bob"), Receipt::Corrupted),
        );
        check("READ#e#7", &ServerMessage::Read(Conversation::Everyone, Sequence(7)));
        let unread = |count| ServerMessage::Unread(Conversation::Everyone, UnreadCount::new(count));
        check("UNREAD#e#0", &unread(0));
        check("UNREAD#e#100", &unread(2_000));
        assert_eq!(ServerMessage::parse(b"UNREAD#e#101"), Err(MessageError));
        check("TYPING#e#bob", &ServerMessage::Typing(Conversation::Everyone, name("bob")));
    }

    #[test]
    fn the_rest_is_written_as_the_protocol_says() {
        let group: GroupName = "CS: Group".parse().unwrap();
        check(
            "HISTORY_END#g:CS: Group#more",
            &ServerMessage::HistoryEnd(Conversation::Group(group.clone()), true),
        );
        check("HISTORY_END#e#all", &ServerMessage::HistoryEnd(Conversation::Everyone, false));
        let from = HistoryFrom::After(Sequence(7));
        let end = ServerMessage::LinesEnd(Conversation::Group(group.clone()), from, true);
        check("LINES_END#g:CS: Group#after.7#more", &end);
        let from = HistoryFrom::At(UnixTime { millis: 5 });
        let end = ServerMessage::LinesEnd(Conversation::Everyone, from, false);
        check("LINES_END#e#at.5#all", &end);
        let groups = List::new(vec![group.clone()]).unwrap();
        check("GROUPS#CS: Group#more", &ServerMessage::Groups(groups, true));
        check("GROUPS##all", &ServerMessage::Groups(List::default(), false));
        check("OVERVIEW_END#-", &ServerMessage::OverviewEnd(None));
        check("ONLINE#9#bob;eve", &ServerMessage::Online(9, names(&["bob", "eve"])));
        check("CAME#bob", &ServerMessage::Came(names(&["bob"])));
        check("LEFT#bob", &ServerMessage::Left(names(&["bob"])));
        check("ONLINE_COUNT#12", &ServerMessage::OnlineCount(12));
        check("ONLINE_PAGE#bob#all", &ServerMessage::OnlinePage(names(&["bob"]), false));
        let members = ServerMessage::Members(group, names(&["bob"]), false);
        check("MEMBERS#CS: Group#bob#all", &members);
        check("INVITATIONS_END", &ServerMessage::InvitationsEnd);
        check("BLOCK#bob#blocked", &ServerMessage::Block(name("bob"), BlockReply::Blocked));
        check("BLOCK#bob#too-many", &ServerMessage::Block(name("bob"), BlockReply::TooMany));
        check("BLOCKED#bob#all", &ServerMessage::Blocked(names(&["bob"]), false));
        let session = |device: Option<&str>, is_online| {
            ServerMessage::Session(AccountSession {
                id: AccountSessionId(255),
                since: UnixTime { millis: 5 },
                seen: UnixTime { millis: 7 },
                is_online,
                is_this: is_online,
                device: device.map(|device| device.parse().unwrap()),
            })
        };
        let id = "00000000000000ff";
        check(&format!("SESSION#{id}#5#7#online#this#TGludXg="), &session(Some("Linux"), true));
        check(&format!("SESSION#{id}#5#7#away#other#"), &session(None, false));
        check("SESSIONS_END", &ServerMessage::SessionsEnd);
        check("SESSIONS_ENDED#2", &ServerMessage::SessionsEnded(2));
        check("PASSWORD#changed", &ServerMessage::Password(PasswordReply::Changed));
        check("PASSWORD#wrong", &ServerMessage::Password(PasswordReply::Wrong));
        check("PASSWORD#readable", &ServerMessage::PasswordWasReadable);
        let refused = PasswordReply::Refused("no".to_owned());
        check("PASSWORD#refused#bm8=", &ServerMessage::Password(refused));
        let kept = KeptSettings { sequence: Sequence(7), text: "a#b".parse().unwrap() };
        check("SETTINGS#7#YSNi", &ServerMessage::Settings(Some(kept)));
        check("SETTINGS#-#", &ServerMessage::Settings(None));
        let [from, to] = ["Garden", "Park"].map(|name| name.parse().unwrap());
        check("SETTINGS_RENAMED#Garden#Park", &ServerMessage::SettingsRenamed(from, to));
        let not_kept = ServerMessage::SettingsNotKept(NotKept::StorageQuota);
        check("SETTINGS_NOT_KEPT#storage-quota", &not_kept);
        check("SETTINGS_NOT_KEPT#not-stored", &ServerMessage::SettingsNotKept(NotKept::NotStored));
        check("SETTINGS_NOT_KEPT#outdated", &ServerMessage::SettingsNotKept(NotKept::Outdated));
        check("SIGNED_OUT", &ServerMessage::SignedOut);
    }
}
