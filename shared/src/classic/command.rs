//! Commands of a classic client: one datagram, fields separated by `#`.

use thiserror::Error;

use crate::body::{Body, decode_text, encode_text};
use crate::limits::RECIPIENTS_MAX;
use crate::name::{GroupName, NameError, UserName};
use crate::password::{Password, PasswordError};

/// Ends the member list of a `NEW_GROUP`; it is not a member.
const MEMBERS_END: &str = "DONE";
/// The recipient that stands for everyone who is online.
const EVERYONE: &str = "All";

/// What a classic client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// On its way to sign in.
    Login(LoginCommand),
    /// Signed in, or so it thinks.
    Chat(ChatCommand),
}

/// A command of the login phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginCommand {
    /// Opens the server for this address.
    Locked(Password),
    /// Says under which name this address will sign in.
    Join(UserName),
    /// Asks whether a name is registered.
    CheckInDb(UserName),
    /// Registers a name. Never answered: the client is in its chat phase by then.
    NewUserPassword(UserName, Password),
    /// Signs in under the name of the last `JOIN`.
    CheckPassword(Password),
}

/// A command of the chat phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatCommand {
    /// A message to people.
    Chat(Recipients, Body),
    /// A message to a group.
    GroupChat(GroupName, Body),
    /// Makes a group. Members are kept as they came: unknown ones are listed in the answer.
    NewGroup(GroupName, Vec<String>),
    /// Becomes a member of a group.
    JoinGroup(GroupName),
    /// Leaves a group for good. Ours: original clients don't know it.
    QuitGroup(GroupName),
    /// Asks whether a group exists.
    CheckForGroup(GroupName),
    /// Asks who is online.
    Active,
    /// The client left its chat view; nothing changes on the server.
    Leave,
    /// The client ends. The name is that of the session.
    Exit(String),
    /// Acknowledges the one outstanding datagram.
    Received,
}

/// Whom a `CHAT` goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipients {
    /// Everyone who is online.
    Everyone,
    /// These names, at most [`RECIPIENTS_MAX`]. Kept as they came: an unknown one is answered.
    Named(Vec<String>),
}

/// The word that a command begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named like the words of the protocol")]
pub enum Verb {
    Locked,
    Join,
    CheckInDb,
    NewUserPassword,
    CheckPassword,
    Chat,
    GroupChat,
    NewGroup,
    JoinGroup,
    QuitGroup,
    CheckForGroup,
    Active,
    Leave,
    Exit,
    Received,
}

/// Why a datagram is not a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandError {
    /// Not UTF-8, or its first field is no word of the protocol. Never answered.
    #[error("not a command")]
    Unknown,
    /// A field is missing.
    #[error("{0:?} lacks a field")]
    Incomplete(Verb),
    /// A Base64 field is not Base64 of UTF-8.
    #[error("{0:?} has a field that is not Base64")]
    NotBase64(Verb),
    /// More recipients than [`RECIPIENTS_MAX`].
    #[error("{0:?} names too many recipients")]
    TooMany(Verb),
    /// A name that can't be.
    #[error("{0:?}: {1}")]
    Name(Verb, NameError),
    /// A password that can't be.
    #[error("{0:?}: {1}")]
    Password(Verb, PasswordError),
}

impl Verb {
    const ALL: [(Self, &'static str); 15] = [
        (Self::Locked, "LOCKED"),
        (Self::Join, "JOIN"),
        (Self::CheckInDb, "CHECKINDB"),
        (Self::NewUserPassword, "NEWUSERPASSWORD"),
        (Self::CheckPassword, "CHECKPASSWORD"),
        (Self::Chat, "CHAT"),
        (Self::GroupChat, "GROUP_CHAT"),
        (Self::NewGroup, "NEW_GROUP"),
        (Self::JoinGroup, "JOIN_GROUP"),
        (Self::QuitGroup, "QUIT_GROUP"),
        (Self::CheckForGroup, "CHECK_FOR_GROUP"),
        (Self::Active, "ACTIVE"),
        (Self::Leave, "LEAVE"),
        (Self::Exit, "EXIT"),
        (Self::Received, "RECEIVED"),
    ];

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(verb, _)| *verb)
    }
}

impl Command {
    /// Reads a datagram of a client.
    ///
    /// # Errors
    /// [`CommandError`]; the server answers some of them with a line and drops the rest.
    pub fn parse(datagram: &[u8]) -> Result<Self, CommandError> {
        let text = std::str::from_utf8(datagram).map_err(|_| CommandError::Unknown)?;
        let (word, rest) = match text.split_once('#') {
            Some((word, rest)) => (word, Some(rest)),
            None => (text, None),
        };
        let verb = Verb::from_word(word).ok_or(CommandError::Unknown)?;
        match verb {
            Verb::Active => return Ok(ChatCommand::Active.into()),
            Verb::Leave => return Ok(ChatCommand::Leave.into()),
            Verb::Exit => {
                return Ok(ChatCommand::Exit(rest.unwrap_or_default().to_owned()).into());
            }
            Verb::Received => return Ok(ChatCommand::Received.into()),
            Verb::Locked
            | Verb::Join
            | Verb::CheckInDb
            | Verb::NewUserPassword
            | Verb::CheckPassword
            | Verb::Chat
            | Verb::GroupChat
            | Verb::NewGroup
            | Verb::JoinGroup
            | Verb::QuitGroup
            | Verb::CheckForGroup => {}
        }
        let fields = Fields { verb, rest: rest.ok_or(CommandError::Incomplete(verb))? };
        fields.into_command()
    }

    /// The command as one datagram.
    #[must_use]
    pub fn to_wire(&self) -> String {
        match self {
            Self::Login(command) => command.to_wire(),
            Self::Chat(command) => command.to_wire(),
        }
    }
}

impl LoginCommand {
    /// The command as one datagram.
    #[must_use]
    pub fn to_wire(&self) -> String {
        match self {
            Self::Locked(password) => format!("LOCKED#{}", encode_text(password.reveal())),
            Self::Join(name) => format!("JOIN#{name}"),
            Self::CheckInDb(name) => format!("CHECKINDB#{name}"),
            Self::NewUserPassword(name, password) => {
                format!("NEWUSERPASSWORD#{name}#{}", password.reveal())
            }
            Self::CheckPassword(password) => format!("CHECKPASSWORD#{}", password.reveal()),
        }
    }
}

impl ChatCommand {
    /// The command as one datagram.
    #[must_use]
    pub fn to_wire(&self) -> String {
        match self {
            Self::Chat(Recipients::Everyone, body) => format!("CHAT#{EVERYONE}#{}", body.as_str()),
            Self::Chat(Recipients::Named(names), body) => {
                format!("CHAT#{}#{}", names.join(";"), body.as_str())
            }
            Self::GroupChat(group, body) => format!("GROUP_CHAT#{group}#{}", body.as_str()),
            Self::NewGroup(group, members) => {
                let members: String = members.iter().map(|member| format!("{member}#")).collect();
                format!("NEW_GROUP#{group}#{members}{MEMBERS_END}#")
            }
            Self::JoinGroup(group) => format!("JOIN_GROUP#{group}"),
            Self::QuitGroup(group) => format!("QUIT_GROUP#{group}"),
            Self::CheckForGroup(group) => format!("CHECK_FOR_GROUP#{group}"),
            Self::Active => "ACTIVE".to_owned(),
            Self::Leave => "LEAVE".to_owned(),
            Self::Exit(name) => format!("EXIT#{name}"),
            Self::Received => "RECEIVED".to_owned(),
        }
    }
}

impl From<LoginCommand> for Command {
    fn from(command: LoginCommand) -> Self {
        Self::Login(command)
    }
}

impl From<ChatCommand> for Command {
    fn from(command: ChatCommand) -> Self {
        Self::Chat(command)
    }
}

/// What follows the word, and how each verb reads it.
struct Fields<'a> {
    verb: Verb,
    rest: &'a str,
}

impl Fields<'_> {
    fn into_command(self) -> Result<Command, CommandError> {
        let verb = self.verb;
        Ok(match verb {
            Verb::Locked => {
                let text = decode_text(self.rest).ok_or(CommandError::NotBase64(verb))?;
                LoginCommand::Locked(self.password(&text)?).into()
            }
            Verb::Join => LoginCommand::Join(self.user(self.rest)?).into(),
            Verb::CheckInDb => LoginCommand::CheckInDb(self.user(self.rest)?).into(),
            Verb::NewUserPassword => {
                let (name, password) = self.pair()?;
                LoginCommand::NewUserPassword(self.user(name)?, self.password(password)?).into()
            }
            Verb::CheckPassword => LoginCommand::CheckPassword(self.password(self.rest)?).into(),
            Verb::Chat => {
                let (recipients, body) = self.pair()?;
                ChatCommand::Chat(self.recipients(recipients)?, Body::from_wire(body)).into()
            }
            Verb::GroupChat => {
                let (group, body) = self.pair()?;
                ChatCommand::GroupChat(self.group(group)?, Body::from_wire(body)).into()
            }
            Verb::NewGroup => {
                let (group, members) = self.rest.split_once('#').unwrap_or((self.rest, ""));
                ChatCommand::NewGroup(self.group(group)?, member_list(members)).into()
            }
            Verb::JoinGroup => ChatCommand::JoinGroup(self.group(self.rest)?).into(),
            Verb::QuitGroup => ChatCommand::QuitGroup(self.group(self.rest)?).into(),
            Verb::CheckForGroup => ChatCommand::CheckForGroup(self.group(self.rest)?).into(),
            Verb::Active | Verb::Leave | Verb::Exit | Verb::Received => {
                return Err(CommandError::Unknown);
            }
        })
    }

    /// Two fields; the second goes to the end, whatever it contains.
    fn pair(&self) -> Result<(&str, &str), CommandError> {
        self.rest.split_once('#').ok_or(CommandError::Incomplete(self.verb))
    }

    fn user(&self, text: &str) -> Result<UserName, CommandError> {
        text.parse().map_err(|error| CommandError::Name(self.verb, error))
    }

    fn group(&self, text: &str) -> Result<GroupName, CommandError> {
        text.parse().map_err(|error| CommandError::Name(self.verb, error))
    }

    fn password(&self, text: &str) -> Result<Password, CommandError> {
        Password::new(text).map_err(|error| CommandError::Password(self.verb, error))
    }

    fn recipients(&self, text: &str) -> Result<Recipients, CommandError> {
        if text == EVERYONE {
            return Ok(Recipients::Everyone);
        }
        let names: Vec<String> = text.split(';').map(str::to_owned).collect();
        match names.len() {
            0..=RECIPIENTS_MAX => Ok(Recipients::Named(names)),
            _ => Err(CommandError::TooMany(self.verb)),
        }
    }
}

/// Members up to the trailing `DONE`, which newer clients may leave out.
fn member_list(text: &str) -> Vec<String> {
    text.split('#')
        .take_while(|field| *field != MEMBERS_END)
        .filter(|field| !field.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn parses(wire: &str, expected: impl Into<Command>) {
        assert_eq!(Command::parse(wire.as_bytes()), Ok(expected.into()), "{wire}");
    }

    #[track_caller]
    fn refused(wire: &str, expected: CommandError) {
        assert_eq!(Command::parse(wire.as_bytes()), Err(expected), "{wire}");
    }

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    fn named(names: &[&str]) -> Recipients {
        Recipients::Named(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn every_command_of_the_original_client() {
        parses("LOCKED#cGFzc3dvcmQ=", LoginCommand::Locked(password("password")));
        parses("JOIN#bob", LoginCommand::Join("bob".parse().unwrap()));
        parses("CHECKINDB#bob", LoginCommand::CheckInDb("bob".parse().unwrap()));
        let bob = "bob".parse().unwrap();
        parses("NEWUSERPASSWORD#bob#a#b#", LoginCommand::NewUserPassword(bob, password("a#b#")));
        parses("CHECKPASSWORD#a#b", LoginCommand::CheckPassword(password("a#b")));
        let body = || Body::from_wire("eA==");
        parses("CHAT#bob#eA==", ChatCommand::Chat(named(&["bob"]), body()));
        parses("CHAT#bob;carol#eA==", ChatCommand::Chat(named(&["bob", "carol"]), body()));
        parses("CHAT#All#eA==", ChatCommand::Chat(Recipients::Everyone, body()));
        let group: GroupName = "CS: Group".parse().unwrap();
        parses("GROUP_CHAT#CS: Group#eA==", ChatCommand::GroupChat(group.clone(), body()));
        parses("JOIN_GROUP#CS: Group", ChatCommand::JoinGroup(group.clone()));
        parses("CHECK_FOR_GROUP#CS: Group", ChatCommand::CheckForGroup(group.clone()));
        let members = vec!["m1".to_owned(), "m2".to_owned()];
        parses("NEW_GROUP#CS: Group#m1#m2#DONE#", ChatCommand::NewGroup(group, members));
        parses("ACTIVE", ChatCommand::Active);
        parses("LEAVE", ChatCommand::Leave);
        parses("EXIT#bob", ChatCommand::Exit("bob".to_owned()));
        parses("RECEIVED", ChatCommand::Received);
    }

    #[test]
    fn a_member_list_without_its_end_is_accepted() {
        let group: GroupName = "g".parse().unwrap();
        let members = vec!["m1".to_owned()];
        parses("NEW_GROUP#g#m1", ChatCommand::NewGroup(group.clone(), members));
        parses("NEW_GROUP#g", ChatCommand::NewGroup(group, vec![]));
    }

    #[test]
    fn half_commands_are_told_from_strangers() {
        refused("", CommandError::Unknown);
        refused("HELLO", CommandError::Unknown);
        refused("chat#bob#eA==", CommandError::Unknown);
        assert_eq!(Command::parse(&[0xff, 0xfe]), Err(CommandError::Unknown));
        refused("LOCKED", CommandError::Incomplete(Verb::Locked));
        refused("LOCKED#*", CommandError::NotBase64(Verb::Locked));
        refused("CHAT#bob", CommandError::Incomplete(Verb::Chat));
        refused("NEWUSERPASSWORD#bob", CommandError::Incomplete(Verb::NewUserPassword));
        refused("JOIN#", CommandError::Name(Verb::Join, NameError::Empty));
        refused("JOIN#a#b", CommandError::Name(Verb::Join, NameError::Character('#')));
        let error = CommandError::Password(Verb::CheckPassword, PasswordError::Empty);
        refused("CHECKPASSWORD#", error);
        let many = vec!["x"; RECIPIENTS_MAX + 1].join(";");
        refused(&format!("CHAT#{many}#eA=="), CommandError::TooMany(Verb::Chat));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(command in commands()) {
            prop_assert_eq!(Command::parse(command.to_wire().as_bytes()), Ok(command));
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Command::parse(&bytes);
        }

        #[test]
        fn damaged_commands_never_panic(command in commands(), at in any::<usize>(), byte in any::<u8>()) {
            let mut wire = command.to_wire().into_bytes();
            let at = at % wire.len();
            wire[at] = byte;
            let _ = Command::parse(&wire);
            let _ = Command::parse(&wire[..at]);
        }
    }

    fn commands() -> impl Strategy<Value = Command> {
        let user = "[a-zA-Z0-9é王' ]{1,20}"
            .prop_filter_map("a valid name", |name| name.parse::<UserName>().ok());
        let group = "[a-zA-Z0-9é:; ]{1,20}"
            .prop_filter_map("a valid name", |name| name.parse::<GroupName>().ok());
        let password =
            ".{1,40}".prop_filter_map("a valid password", |text| Password::new(text).ok());
        let body = "[A-Za-z0-9+/=]{0,80}".prop_map(|text| Body::from_wire(&text));
        let names = proptest::collection::vec("[a-z]{1,8}", 1..5);
        let login = prop_oneof![
            password.clone().prop_map(LoginCommand::Locked),
            user.clone().prop_map(LoginCommand::Join),
            user.clone().prop_map(LoginCommand::CheckInDb),
            (user, password.clone())
                .prop_map(|(name, word)| LoginCommand::NewUserPassword(name, word)),
            password.prop_map(LoginCommand::CheckPassword),
        ];
        let chat = prop_oneof![
            (names.clone(), body.clone())
                .prop_map(|(names, body)| ChatCommand::Chat(Recipients::Named(names), body)),
            body.clone().prop_map(|body| ChatCommand::Chat(Recipients::Everyone, body)),
            (group.clone(), body).prop_map(|(group, body)| ChatCommand::GroupChat(group, body)),
            (group.clone(), names).prop_map(|(group, names)| ChatCommand::NewGroup(group, names)),
            group.clone().prop_map(ChatCommand::JoinGroup),
            group.clone().prop_map(ChatCommand::QuitGroup),
            group.prop_map(ChatCommand::CheckForGroup),
            Just(ChatCommand::Active),
            Just(ChatCommand::Leave),
            "[a-z]{0,8}".prop_map(ChatCommand::Exit),
            Just(ChatCommand::Received),
        ];
        prop_oneof![login.prop_map(Command::Login), chat.prop_map(Command::Chat)]
    }
}
