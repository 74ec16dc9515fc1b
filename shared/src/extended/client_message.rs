//! What a client says (PROTOCOL.md, "Messages").

use super::fields::{
    Line, conversation_from_wire, fields, parse_after, parse_optional_sequence, parse_sequence,
    parse_text,
};
use super::{
    AccountSessionId, DeviceName, GroupAction, HistoryFrom, JoinPolicy, MessageError, SettingsText,
    Token,
};
use crate::body::{Body, decode_text, encode_text};
use crate::conversation::Conversation;
use crate::kind::MessageKind;
use crate::list::List;
use crate::message_id::MessageId;
use crate::name::{GroupName, UserName};
use crate::opaque::{EnrolRequest, Proof, ProofRequest, Upload, Word};
use crate::password::Password;
use crate::sequence::{Generation, Position, Sequence};

/// A message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// The server password.
    Unlock(Password),
    /// The name to sign in under.
    Name(UserName),
    /// Begins to enrol a password: for that name, if it is not registered or if the one-time word of its
    /// operator is the right one; or in place of one's own.
    Enrol(EnrolRequest, Option<Word>),
    /// What is to be kept of it: makes the account, or gives it that password, and signs in.
    Enrolled(Upload),
    /// Begins to prove that one knows the password of that name, or one's own.
    Prove(ProofRequest),
    /// The proof: signs in under that name.
    Proof(Proof),
    /// Signs in with what an earlier sign-in left.
    Resume(Token),
    /// Asks for all messages after this place, then for each as it comes; `None`: after those that
    /// the user has received anywhere.
    Sync(Option<Position>),
    /// A message. Sent again with the same id, it is stored and delivered once.
    Send {
        /// The sender's name for it.
        id: MessageId,
        /// Where it goes.
        to: Conversation,
        /// What it is there.
        kind: MessageKind,
        /// What it says; a deletion says nothing.
        body: Option<Body>,
    },
    /// All messages up to this one have arrived and were verified.
    Received(Sequence),
    /// This one arrived with a wrong hash.
    Corrupted(Sequence),
    /// The person has read a conversation up to there, in whichever session.
    Read(Conversation, Sequence),
    /// The person is writing there. Never stored.
    Typing(Conversation),
    /// The same as [`Self::Lines`] for earlier ones, in the words of clients of before.
    History {
        /// Which conversation.
        conversation: Conversation,
        /// Before this message; `None`: the latest.
        before: Option<Sequence>,
        /// At most so many.
        limit: u16,
    },
    /// Asks for lines of a conversation.
    Lines {
        /// Which conversation.
        conversation: Conversation,
        /// From where, and which way.
        from: HistoryFrom,
        /// At most so many.
        limit: u16,
    },
    /// Asks for the latest message of each conversation, a page: those before that one.
    Overview(Option<Sequence>),
    /// Asks for one's groups, a page: those behind that name.
    Groups(Option<GroupName>),
    /// Asks for the members of a group that one is in, a page: those behind that name.
    Members(GroupName, Option<UserName>),
    /// Asks who is online, a page: those behind that name. Changes are told from then on.
    Watch(Option<UserName>),
    /// The list of who is online is not looked at any more.
    Unwatch,
    /// Asks how far these users have received, and which of one's own messages failed from this one
    /// on.
    Receipts(Sequence, List<UserName>),
    /// Asks who has received this message of a conversation that one is in, a page: those behind
    /// that name.
    Receivers(Conversation, Sequence, Option<UserName>),
    /// Makes a group of oneself, and invites these.
    NewGroup(GroupName, JoinPolicy, List<String>),
    /// Becomes a member: of a group that anyone may join or that one is invited to; or asks to.
    JoinGroup(GroupName),
    /// Leaves for good.
    QuitGroup(GroupName),
    /// Something else about a group.
    Group(GroupName, GroupAction),
    /// Asks which groups one is invited to, and who asks to join those of which one is the maker.
    Invitations,
    /// Invitations of this user are not told any more, or again.
    Block(UserName, bool),
    /// Asks whose invitations are not told, a page: those behind that name.
    Blocked(Option<UserName>),
    /// What the client calls itself, for its user to know the session by.
    Device(DeviceName),
    /// Asks for the sessions of one's account.
    Sessions,
    /// Ends a session of one's account.
    EndSession(AccountSessionId),
    /// Ends all sessions of one's account but this one.
    EndOtherSessions,
    /// Changes one's password.
    ChangePassword {
        /// That one knows the one that is good now.
        proof: Proof,
        /// What is to be kept of the one that is to be.
        upload: Upload,
        /// All sessions but this one end.
        ends_others: bool,
    },
    /// Keeps this for one's sessions, in place of what is kept since that place (`None`: nothing is).
    SetSettings(Option<Sequence>, SettingsText),
    /// Asks for what is kept.
    GetSettings,
    /// Signs out: the token is worth nothing any more.
    SignOut,
}

impl ClientMessage {
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
        std::str::from_utf8(bytes).ok().and_then(parse).ok_or(MessageError)
    }

    fn line(&self) -> Line {
        match self {
            Self::Unlock(password) => Line::new("UNLOCK").text(secret(password)),
            Self::Name(name) => Line::new("NAME").text(name),
            Self::Enrol(request, word) => enrol_line(request, word.as_ref()),
            Self::Enrolled(upload) => Line::new("ENROLLED").display(upload),
            Self::Prove(request) => Line::new("PROVE").display(request),
            Self::Proof(proof) => Line::new("PROOF").display(proof),
            Self::Resume(token) => Line::new("RESUME").text(token.reveal()),
            Self::Sync(None) => Line::new("SYNC").text("-"),
            Self::Sync(Some(Position { generation, sequence })) => {
                Line::new("SYNC").display(generation).sequence(*sequence)
            }
            Self::Send { id, to, kind, body } => {
                let line = Line::new("SEND").id(id.0).conversation(to).kind(kind);
                line.text(body.as_ref().map_or("", Body::as_str))
            }
            Self::Received(sequence) => Line::new("RECEIVED").sequence(*sequence),
            Self::Corrupted(sequence) => Line::new("CORRUPTED").sequence(*sequence),
            Self::Read(of, sequence) => Line::new("READ").conversation(of).sequence(*sequence),
            Self::Typing(to) => Line::new("TYPING").conversation(to),
            Self::History { conversation, before, limit } => Line::new("HISTORY")
                .conversation(conversation)
                .optional_sequence(*before)
                .number(u64::from(*limit)),
            Self::Lines { conversation, from, limit } => Line::new("LINES")
                .conversation(conversation)
                .display(from)
                .number(u64::from(*limit)),
            Self::Overview(before) => Line::new("OVERVIEW").optional_sequence(*before),
            Self::Groups(after) => {
                Line::new("GROUPS").text(after.as_ref().map_or("", AsRef::as_ref))
            }
            Self::Members(group, after) => {
                Line::new("MEMBERS").text(group).text(after.as_ref().map_or("", AsRef::as_ref))
            }
            Self::Watch(after) => Line::new("WATCH").text(after.as_ref().map_or("", AsRef::as_ref)),
            Self::Unwatch => Line::new("UNWATCH"),
            Self::Receipts(since, names) => Line::new("RECEIPTS").sequence(*since).list(names),
            Self::Receivers(to, of, after) => Line::new("RECEIVERS")
                .conversation(to)
                .sequence(*of)
                .text(after.as_ref().map_or("", AsRef::as_ref)),
            Self::NewGroup(group, policy, names) => {
                Line::new("NEW_GROUP").text(group).text(policy.word()).list(names)
            }
            Self::JoinGroup(group) => Line::new("JOIN_GROUP").text(group),
            Self::QuitGroup(group) => Line::new("QUIT_GROUP").text(group),
            Self::Group(group, action) => action.line(group),
            Self::Invitations => Line::new("INVITATIONS"),
            Self::Block(name, true) => Line::new("BLOCK").text(name),
            Self::Block(name, false) => Line::new("UNBLOCK").text(name),
            Self::Blocked(after) => {
                Line::new("BLOCKED").text(after.as_ref().map_or("", AsRef::as_ref))
            }
            Self::Device(name) => Line::new("DEVICE").text(encode_text(name.as_str())),
            Self::Sessions => Line::new("SESSIONS"),
            Self::EndSession(id) => Line::new("END_SESSION").display(id),
            Self::EndOtherSessions => Line::new("END_OTHER_SESSIONS"),
            Self::ChangePassword { proof, upload, ends_others } => Line::new("PASSWORD")
                .display(proof)
                .display(upload)
                .text(if *ends_others { "end" } else { "keep" }),
            Self::SetSettings(based_on, text) => {
                Line::new("SETTINGS").optional_sequence(*based_on).text(encode_text(text.as_str()))
            }
            Self::GetSettings => Line::new("GET_SETTINGS"),
            Self::SignOut => Line::new("SIGN_OUT"),
        }
    }
}

fn enrol_line(request: &EnrolRequest, word: Option<&Word>) -> Line {
    Line::new("ENROL").display(request).text(word.map(Word::reveal).unwrap_or_default())
}

fn parse(text: &str) -> Option<ClientMessage> {
    let (word, rest) = text.split_once('#').unwrap_or((text, ""));
    Some(match word {
        "UNLOCK" => ClientMessage::Unlock(parse_secret(rest)?),
        "NAME" => ClientMessage::Name(rest.parse().ok()?),
        "ENROL" => {
            let [request, word] = fields(rest)?;
            let word = (!word.is_empty()).then(|| word.parse()).transpose().ok()?;
            ClientMessage::Enrol(EnrolRequest::parse(request)?, word)
        }
        "ENROLLED" => ClientMessage::Enrolled(Upload::parse(rest)?),
        "PROVE" => ClientMessage::Prove(ProofRequest::parse(rest)?),
        "PROOF" => ClientMessage::Proof(Proof::parse(rest)?),
        "RESUME" => ClientMessage::Resume(Token::parse(rest)?),
        "SEND" => parse_send(rest)?,
        "SYNC" if rest == "-" => ClientMessage::Sync(None),
        "SYNC" => {
            let [generation, sequence] = fields(rest)?;
            let generation = Generation::parse(generation)?;
            let sequence = parse_sequence(sequence)?;
            ClientMessage::Sync(Some(Position { generation, sequence }))
        }
        "RECEIVED" => ClientMessage::Received(parse_sequence(rest)?),
        "CORRUPTED" => ClientMessage::Corrupted(parse_sequence(rest)?),
        "TYPING" => ClientMessage::Typing(conversation_from_wire(rest)?),
        _ => parse_request(word, rest)?,
    })
}

/// What is answered with a page, or about a group.
fn parse_request(word: &str, rest: &str) -> Option<ClientMessage> {
    Some(match word {
        "READ" => {
            let [of, sequence] = fields(rest)?;
            ClientMessage::Read(conversation_from_wire(of)?, parse_sequence(sequence)?)
        }
        "HISTORY" => {
            let [conversation, before, limit] = fields(rest)?;
            ClientMessage::History {
                conversation: conversation_from_wire(conversation)?,
                before: parse_optional_sequence(before)?,
                limit: limit.parse().ok()?,
            }
        }
        "LINES" => {
            let [conversation, from, limit] = fields(rest)?;
            ClientMessage::Lines {
                conversation: conversation_from_wire(conversation)?,
                from: HistoryFrom::parse(from)?,
                limit: limit.parse().ok()?,
            }
        }
        "OVERVIEW" => ClientMessage::Overview(parse_optional_sequence(rest)?),
        "GROUPS" => ClientMessage::Groups(parse_after(rest)?),
        "MEMBERS" => {
            let [group, after] = fields(rest)?;
            ClientMessage::Members(group.parse().ok()?, parse_after(after)?)
        }
        "WATCH" => ClientMessage::Watch(parse_after(rest)?),
        "UNWATCH" => ClientMessage::Unwatch,
        "RECEIPTS" => {
            let [since, names] = fields(rest)?;
            ClientMessage::Receipts(parse_sequence(since)?, List::parse(names)?)
        }
        "RECEIVERS" => {
            let [to, of, after] = fields(rest)?;
            let to = conversation_from_wire(to)?;
            ClientMessage::Receivers(to, parse_sequence(of)?, parse_after(after)?)
        }
        "NEW_GROUP" => {
            let (group, rest) = rest.split_once('#')?;
            let (policy, names) = rest.split_once('#')?;
            let policy = JoinPolicy::from_word(policy)?;
            ClientMessage::NewGroup(group.parse().ok()?, policy, List::parse(names)?)
        }
        "JOIN_GROUP" => ClientMessage::JoinGroup(rest.parse().ok()?),
        "QUIT_GROUP" => ClientMessage::QuitGroup(rest.parse().ok()?),
        "INVITATIONS" if rest.is_empty() => ClientMessage::Invitations,
        "BLOCK" => ClientMessage::Block(rest.parse().ok()?, true),
        "UNBLOCK" => ClientMessage::Block(rest.parse().ok()?, false),
        "BLOCKED" => ClientMessage::Blocked(parse_after(rest)?),
        _ => {
            if let Some((group, action)) = GroupAction::parse(word, rest) {
                return Some(ClientMessage::Group(group, action));
            }
            return parse_account_request(word, rest);
        }
    })
}

/// What is asked about one's account.
fn parse_account_request(word: &str, rest: &str) -> Option<ClientMessage> {
    Some(match word {
        "DEVICE" => ClientMessage::Device(parse_text(rest)?),
        "SESSIONS" => ClientMessage::Sessions,
        "END_SESSION" => ClientMessage::EndSession(AccountSessionId::parse(rest)?),
        "END_OTHER_SESSIONS" => ClientMessage::EndOtherSessions,
        "PASSWORD" => {
            let [proof, upload, others] = fields(rest)?;
            let ends_others = match others {
                "end" => true,
                "keep" => false,
                _ => return None,
            };
            let (proof, upload) = (Proof::parse(proof)?, Upload::parse(upload)?);
            ClientMessage::ChangePassword { proof, upload, ends_others }
        }
        "SETTINGS" => {
            let [based_on, text] = fields(rest)?;
            let text = parse_text(text)?;
            ClientMessage::SetSettings(parse_optional_sequence(based_on)?, text)
        }
        "GET_SETTINGS" => ClientMessage::GetSettings,
        "SIGN_OUT" => ClientMessage::SignOut,
        _ => return None,
    })
}

fn parse_send(rest: &str) -> Option<ClientMessage> {
    let [id, to, kind, body] = fields(rest)?;
    Some(ClientMessage::Send {
        id: MessageId::parse(id)?,
        to: conversation_from_wire(to)?,
        kind: MessageKind::parse(kind)?,
        body: (!body.is_empty()).then(|| Body::from_wire(body)),
    })
}

fn secret(password: &Password) -> String {
    encode_text(password.reveal())
}

fn parse_secret(field: &str) -> Option<Password> {
    Password::new(decode_text(field)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixTime;

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
        check(&format!("RESUME#{token}"), &ClientMessage::Resume(Token::parse(token).unwrap()));
        check("SYNC#-", &ClientMessage::Sync(None));
        let position = Position { generation: Generation(255), sequence: Sequence(12) };
        check("SYNC#00000000000000ff#12", &ClientMessage::Sync(Some(position)));
        let send = |kind, body: Option<&str>| ClientMessage::Send {
            id: MessageId(255),
            to: Conversation::Group(group.clone()),
            kind,
            body: body.map(Body::from_wire),
        };
        let id = "000000000000000000000000000000ff";
        check(&format!("SEND#{id}#g:CS: Group#text#eA=="), &send(MessageKind::Text, Some("eA==")));
        let deletion = MessageKind::Deletion(Sequence(7));
        check(&format!("SEND#{id}#g:CS: Group#delete.7#"), &send(deletion, None));
        check("READ#u:bob#12", &ClientMessage::Read(Conversation::User(bob.clone()), Sequence(12)));
        check("TYPING#e", &ClientMessage::Typing(Conversation::Everyone));
        check("RECEIVED#12", &ClientMessage::Received(Sequence(12)));
        check("CORRUPTED#12", &ClientMessage::Corrupted(Sequence(12)));
        check("OVERVIEW#-", &ClientMessage::Overview(None));
        check("OVERVIEW#9", &ClientMessage::Overview(Some(Sequence(9))));
        check("GROUPS#", &ClientMessage::Groups(None));
        check("GROUPS#CS: Group", &ClientMessage::Groups(Some(group.clone())));
        check("MEMBERS#CS: Group#", &ClientMessage::Members(group.clone(), None));
        check("MEMBERS#CS: Group#bob", &ClientMessage::Members(group.clone(), Some(bob.clone())));
        check("WATCH#", &ClientMessage::Watch(None));
        check("WATCH#bob", &ClientMessage::Watch(Some(bob.clone())));
        check("UNWATCH", &ClientMessage::Unwatch);
        let everyone = Conversation::Everyone;
        let receivers = ClientMessage::Receivers(everyone, Sequence(9), Some(bob.clone()));
        check("RECEIVERS#e#9#bob", &receivers);
        let names = List::new(vec![bob.clone(), bob]).unwrap();
        check("RECEIPTS#3#bob;bob", &ClientMessage::Receipts(Sequence(3), names));
        let members = List::new(vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let new_group = |policy, names| ClientMessage::NewGroup(group.clone(), policy, names);
        check("NEW_GROUP#CS: Group#invitation#a;b", &new_group(JoinPolicy::Invitation, members));
        check("NEW_GROUP#CS: Group#anyone#", &new_group(JoinPolicy::Anyone, List::default()));
        check("INVITATIONS", &ClientMessage::Invitations);
        let name: UserName = "bob".parse().unwrap();
        check("BLOCK#bob", &ClientMessage::Block(name.clone(), true));
        check("UNBLOCK#bob", &ClientMessage::Block(name.clone(), false));
        check("BLOCKED#", &ClientMessage::Blocked(None));
        check("BLOCKED#bob", &ClientMessage::Blocked(Some(name)));
        check("JOIN_GROUP#CS: Group", &ClientMessage::JoinGroup(group.clone()));
        check("QUIT_GROUP#CS: Group", &ClientMessage::QuitGroup(group));
    }

    /// So many bytes as they travel.
    fn base64(bytes: usize) -> String {
        encode_text(&"x".repeat(bytes))
    }

    #[test]
    fn what_is_said_of_passwords_is_written_as_the_protocol_says() {
        let (request, word) = (base64(EnrolRequest::BYTES), "01234-56789-abcde-fghjk");
        let enrol = |word| ClientMessage::Enrol(EnrolRequest::parse(&request).unwrap(), word);
        check(&format!("ENROL#{request}#"), &enrol(None));
        check(&format!("ENROL#{request}#{word}"), &enrol(Some(word.parse().unwrap())));
        let upload = base64(Upload::BYTES);
        let enrolled = ClientMessage::Enrolled(Upload::parse(&upload).unwrap());
        check(&format!("ENROLLED#{upload}"), &enrolled);
        let request = base64(ProofRequest::BYTES);
        let prove = ClientMessage::Prove(ProofRequest::parse(&request).unwrap());
        check(&format!("PROVE#{request}"), &prove);
        let proof = base64(Proof::BYTES);
        check(&format!("PROOF#{proof}"), &ClientMessage::Proof(Proof::parse(&proof).unwrap()));
    }

    #[test]
    fn what_is_said_about_ones_account_is_written_as_the_protocol_says() {
        check("DEVICE#TGludXg=", &ClientMessage::Device("Linux".parse().unwrap()));
        check("SESSIONS", &ClientMessage::Sessions);
        let id = AccountSessionId(255);
        check("END_SESSION#00000000000000ff", &ClientMessage::EndSession(id));
        check("END_OTHER_SESSIONS", &ClientMessage::EndOtherSessions);
        let (proof, upload) = (base64(Proof::BYTES), base64(Upload::BYTES));
        let change = |ends_others| ClientMessage::ChangePassword {
            proof: Proof::parse(&proof).unwrap(),
            upload: Upload::parse(&upload).unwrap(),
            ends_others,
        };
        check(&format!("PASSWORD#{proof}#{upload}#end"), &change(true));
        check(&format!("PASSWORD#{proof}#{upload}#keep"), &change(false));
        let settings = ClientMessage::SetSettings(Some(Sequence(7)), "a#b".parse().unwrap());
        check("SETTINGS#7#YSNi", &settings);
        check("SETTINGS#-#", &ClientMessage::SetSettings(None, "".parse().unwrap()));
        check("GET_SETTINGS", &ClientMessage::GetSettings);
        check("SIGN_OUT", &ClientMessage::SignOut);
    }

    #[test]
    fn pages_are_asked_for_as_the_protocol_says() {
        let bob: UserName = "bob".parse().unwrap();
        let history =
            |conversation, before| ClientMessage::History { conversation, before, limit: 50 };
        check("HISTORY#e#-#50", &history(Conversation::Everyone, None));
        check("HISTORY#u:bob#9#50", &history(Conversation::User(bob.clone()), Some(Sequence(9))));
        let lines = |from| {
            let conversation = Conversation::User(bob.clone());
            ClientMessage::Lines { conversation, from, limit: 50 }
        };
        check("LINES#u:bob#before.-#50", &lines(HistoryFrom::Before(None)));
        check("LINES#u:bob#before.9#50", &lines(HistoryFrom::Before(Some(Sequence(9)))));
        check("LINES#u:bob#after.9#50", &lines(HistoryFrom::After(Sequence(9))));
        let time = UnixTime { millis: 1_651_363_200_000 };
        check("LINES#u:bob#at.1651363200000#50", &lines(HistoryFrom::At(time)));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "",
            "HELLO",
            "SEND#ff#e#text#x",
            "SEND#000000000000000000000000000000ff#e#edit#x",
            "SYNC#",
            "SYNC#12",
            "NAME#All",
            "UNLOCK#*",
            "HISTORY#x#-#1",
            "LINES#e#-#1",
            "SETTINGS#-#*",
            "SETTINGS#YSNi",
            "RESUME#12",
            "DEVICE#",
            "END_SESSION#ff",
            "PASSWORD#YSNi#Yw==#end",
            "PASSWORD#YSNi#Yw==#",
            "ENROL#YSNi#",
            "ENROL#",
            "PROOF#YSNi",
        ] {
            assert_eq!(ClientMessage::parse(text.as_bytes()), Err(MessageError), "{text}");
        }
        assert_eq!(ClientMessage::parse(&[0xff]), Err(MessageError));
    }
}
