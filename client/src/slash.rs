//! Commands that are typed where messages are typed: the same in the terminal and in the browser.

use thiserror::Error;

use netchat_shared::name::{GroupName, NameError, UserName};

use crate::reaction::{Reaction, SignError};

/// What [`Slash::parse`] knows, one line each, for a person.
pub const HELP: [&str; 15] = [
    "/chat NAME            write to one person; to several: /chat NAME;NAME",
    "/group NAME           join a group and write in it",
    "/newgroup NAME: A;B   make a group of yourself, A and B",
    "/quitgroup NAME       leave a group for good",
    "/broadcast            write to everyone who is online",
    "/active               who is online",
    "/reply TEXT           answer the last message of somebody else here",
    "/edit TEXT            correct your last message here",
    "/delete               take your last message here back",
    "/react SIGN           put a sign beside the last message; -SIGN takes it away",
    "/leave                back from a conversation; //text sends a text that begins with /",
    "/password             change your password; your other sessions end, but with /password keep",
    "/sessions             where you are signed in",
    "/end NUMBER           end that session; /end others ends all but this one",
    "/exit                 sign out; /exit everywhere ends all your sessions",
];

/// A typed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slash {
    /// Write to these people.
    Chat(Vec<UserName>),
    /// Join a group and write in it.
    Group(GroupName),
    /// Make a group with these members.
    NewGroup(GroupName, Vec<String>),
    /// Leave a group for good.
    QuitGroup(GroupName),
    /// Write to everyone who is online.
    Broadcast,
    /// List who is online.
    Active,
    /// Answer the last message of somebody else in the present conversation.
    Reply(String),
    /// Put this in place of one's last message there.
    Edit(String),
    /// Take one's last message there back.
    Delete,
    /// Put a sign beside the last message there, of somebody else if there is one.
    React(Reaction),
    /// Change one's password; whether one's other sessions end.
    Password {
        /// They do.
        ends_others: bool,
    },
    /// List one's sessions.
    Sessions,
    /// End the session with that number in the list.
    EndSession(usize),
    /// End all sessions but this one.
    EndOtherSessions,
    /// Leave the conversation's view.
    Leave,
    /// Sign out.
    Exit,
    /// Sign out, and end all one's other sessions.
    ExitEverywhere,
    /// Say what there is.
    Help,
}

/// Why a typed command can't be. The text is one line for a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SlashError {
    /// No such command.
    #[error("there is no command /{0}: /help lists them")]
    Unknown(String),
    /// A name is missing.
    #[error("/{0} needs a name")]
    NameMissing(&'static str),
    /// A text is missing.
    #[error("/{0} needs a text")]
    TextMissing(&'static str),
    /// It stands with something that it does not know.
    #[error("/{0} needs {1}")]
    Which(&'static str, &'static str),
    /// It stands with a word that it does not know.
    #[error("/{0} stands alone, or with {1}")]
    Only(&'static str, &'static str),
    /// A name that can't be.
    #[error("{0}")]
    Name(#[from] NameError),
    /// A sign that can't be.
    #[error("{0}")]
    Sign(#[from] SignError),
}

/// What a line means where messages are typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed<'a> {
    /// A message with this text.
    Text(&'a str),
    /// A command.
    Command(Slash),
}

impl Slash {
    /// Reads a line: a message, or a command if it begins with a slash. Two slashes begin a message
    /// that begins with one.
    ///
    /// # Errors
    /// When it is a command that can't be.
    pub fn parse(line: &str) -> Result<Typed<'_>, SlashError> {
        let Some(command) = line.strip_prefix('/') else {
            return Ok(Typed::Text(line));
        };
        if command.starts_with('/') {
            return Ok(Typed::Text(command));
        }
        let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim();
        Ok(Typed::Command(match word.to_ascii_lowercase().as_str() {
            "chat" => Self::Chat(names("chat", rest)?),
            "group" => Self::Group(group("group", rest)?),
            "newgroup" => {
                let (name, members) = rest.rsplit_once(": ").unwrap_or((rest, ""));
                let members = members.split(';').map(str::trim).filter(|name| !name.is_empty());
                let members = members.map(str::to_owned).collect();
                Self::NewGroup(group("newgroup", name)?, members)
            }
            "quitgroup" => Self::QuitGroup(group("quitgroup", rest)?),
            "broadcast" => Self::Broadcast,
            "active" => Self::Active,
            "reply" => Self::Reply(text("reply", rest)?),
            "edit" => Self::Edit(text("edit", rest)?),
            "delete" => Self::Delete,
            "react" => Self::React(rest.parse()?),
            "password" => Self::Password { ends_others: !choice("password", rest, "keep")? },
            "sessions" => Self::Sessions,
            "end" => match rest.parse() {
                Ok(number) => Self::EndSession(number),
                Err(_) if rest == "others" => Self::EndOtherSessions,
                Err(_) => return Err(SlashError::Which("end", "a number of /sessions, or others")),
            },
            "leave" => Self::Leave,
            "exit" if choice("exit", rest, "everywhere")? => Self::ExitEverywhere,
            "exit" => Self::Exit,
            "help" => Self::Help,
            _ => return Err(SlashError::Unknown(word.to_owned())),
        }))
    }
}

/// Reads names separated by semicolons.
///
/// # Errors
/// The first name that can't be.
pub fn parse_names(text: &str) -> Result<Vec<UserName>, NameError> {
    text.split(';').map(|name| name.trim().parse()).collect()
}

fn names(command: &'static str, rest: &str) -> Result<Vec<UserName>, SlashError> {
    match rest {
        "" => Err(SlashError::NameMissing(command)),
        rest => Ok(parse_names(rest)?),
    }
}

/// Whether a word that may stand behind a command does.
fn choice(command: &'static str, rest: &str, word: &'static str) -> Result<bool, SlashError> {
    match rest {
        "" => Ok(false),
        rest if rest == word => Ok(true),
        _ => Err(SlashError::Only(command, word)),
    }
}

fn text(command: &'static str, rest: &str) -> Result<String, SlashError> {
    match rest {
        "" => Err(SlashError::TextMissing(command)),
        rest => Ok(rest.to_owned()),
    }
}

fn group(command: &'static str, rest: &str) -> Result<GroupName, SlashError> {
    match rest {
        "" => Err(SlashError::NameMissing(command)),
        rest => Ok(rest.parse()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Slash) {
        assert_eq!(Slash::parse(line), Ok(Typed::Command(expected)), "{line}");
    }

    #[test]
    fn commands_are_told_from_texts() {
        let (bob, carol) = ("bob".parse().unwrap(), "carol".parse().unwrap());
        check("/chat bob;carol", Slash::Chat(vec![bob, carol]));
        check("/Group CS: Group", Slash::Group("CS: Group".parse().unwrap()));
        let members = vec!["bob".to_owned(), "carol".to_owned()];
        check(
            "/newgroup CS: Group: bob;carol",
            Slash::NewGroup("CS: Group".parse().unwrap(), members),
        );
        check("/newgroup lab", Slash::NewGroup("lab".parse().unwrap(), vec![]));
        check("/leave", Slash::Leave);
        check("/password", Slash::Password { ends_others: true });
        check("/password keep", Slash::Password { ends_others: false });
        check("/sessions", Slash::Sessions);
        check("/end 2", Slash::EndSession(2));
        check("/end others", Slash::EndOtherSessions);
        check("/exit", Slash::Exit);
        check("/exit everywhere", Slash::ExitEverywhere);
        check("/edit so: 1 /2", Slash::Edit("so: 1 /2".to_owned()));
        check("/reply yes", Slash::Reply("yes".to_owned()));
        check("/delete", Slash::Delete);
        check("/react 👍", Slash::React("👍".parse().unwrap()));
        check("/react -👍", Slash::React("-👍".parse().unwrap()));
        assert_eq!(Slash::parse("hello /chat"), Ok(Typed::Text("hello /chat")));
        assert_eq!(Slash::parse("//etc"), Ok(Typed::Text("/etc")));
    }

    #[test]
    fn mistakes_are_one_line() {
        let mistake = |line| Slash::parse(line).unwrap_err().to_string();
        assert_eq!(mistake("/chta bob"), "there is no command /chta: /help lists them");
        assert_eq!(mistake("/chat"), "/chat needs a name");
        assert_eq!(mistake("/edit "), "/edit needs a text");
        assert_eq!(mistake("/end"), "/end needs a number of /sessions, or others");
        assert_eq!(mistake("/exit all"), "/exit stands alone, or with everywhere");
        assert_eq!(mistake("/react"), "a sign is missing");
        assert_eq!(mistake("/chat a`b"), "a name can't contain a backtick");
    }
}
