//! Commands that are typed where messages are typed: the same in the terminal and in the browser.

use thiserror::Error;

use netchat_shared::extended::{GroupAction, JoinPolicy};
use netchat_shared::name::{GroupName, NameError, UserName};

use crate::reaction::{Reaction, SignError};

/// What [`Slash::parse`] knows, one line each, for a person.
pub const HELP: [&str; 25] = [
    "/chat NAME            write to one person; to several: /chat NAME;NAME",
    "/group NAME           join a group, or ask to, and write in it",
    "/newgroup NAME: A;B   make a group, and invite A and B",
    "/invite NAME: A;B     invite A and B to a group",
    "/accept NAME          accept an invitation; /decline NAME turns it down",
    "/about NAME           who may join a group, who is invited and who asks",
    "/quitgroup NAME       leave a group for good",
    "/admit NAME: A        let A into your group, who asks; /turnaway NAME: A does not",
    "/remove NAME: A       remove A from your group",
    "/rename NAME: NEW     give your group another name",
    "/policy NAME: WHO     who may join your group: anyone, invitation or asking",
    "/block NAME           don't hear of somebody's invitations any more",
    "/unblock NAME         hear of them again",
    "/blocked              whose invitations you don't hear of",
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
    /// Invite these to a group.
    Invite(GroupName, Vec<String>),
    /// Do something else about a group.
    ActOnGroup(GroupName, GroupAction),
    /// Don't hear of somebody's invitations any more, or again.
    Block(UserName, bool),
    /// List whose invitations one does not hear of.
    Blocked,
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
                Self::NewGroup(group("newgroup", name)?, typed_names(members))
            }
            "quitgroup" => Self::QuitGroup(group("quitgroup", rest)?),
            "invite" => {
                let (name, names) = pair("invite", rest)?;
                Self::Invite(group("invite", name)?, typed_names(names))
            }
            "accept" => Self::Group(group("accept", rest)?),
            "decline" => Self::ActOnGroup(group("decline", rest)?, GroupAction::Decline),
            "about" => Self::ActOnGroup(group("about", rest)?, GroupAction::Describe),
            "admit" => act("admit", rest, |name| Ok(GroupAction::Admit(name.parse()?)))?,
            "turnaway" => act("turnaway", rest, |name| Ok(GroupAction::TurnAway(name.parse()?)))?,
            "remove" => act("remove", rest, |name| Ok(GroupAction::Remove(name.parse()?)))?,
            "rename" => act("rename", rest, |name| Ok(GroupAction::Rename(name.parse()?)))?,
            "policy" => act("policy", rest, |word| {
                let policy = JoinPolicy::from_word(word);
                let words = "a group, and behind a colon: anyone, invitation or asking";
                Ok(GroupAction::SetPolicy(policy.ok_or(SlashError::Which("policy", words))?))
            })?,
            "block" => Self::Block(user("block", rest)?, true),
            "unblock" => Self::Block(user("unblock", rest)?, false),
            "blocked" => Self::Blocked,
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

fn user(command: &'static str, rest: &str) -> Result<UserName, SlashError> {
    match rest {
        "" => Err(SlashError::NameMissing(command)),
        rest => Ok(rest.parse()?),
    }
}

/// A group, and what stands behind a colon.
fn pair<'a>(command: &'static str, rest: &'a str) -> Result<(&'a str, &'a str), SlashError> {
    let what = "a group, and a name behind a colon";
    rest.rsplit_once(": ").ok_or(SlashError::Which(command, what))
}

fn act(
    command: &'static str,
    rest: &str,
    action: impl FnOnce(&str) -> Result<GroupAction, SlashError>,
) -> Result<Slash, SlashError> {
    let (name, of) = pair(command, rest)?;
    Ok(Slash::ActOnGroup(group(command, name)?, action(of.trim())?))
}

fn typed_names(text: &str) -> Vec<String> {
    let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
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
        let lab = || "lab: 1".parse().unwrap();
        check("/invite lab: 1: bob;eve", Slash::Invite(lab(), vec!["bob".into(), "eve".into()]));
        check("/accept lab: 1", Slash::Group(lab()));
        check("/decline lab: 1", Slash::ActOnGroup(lab(), GroupAction::Decline));
        let remove = GroupAction::Remove("bob".parse().unwrap());
        check("/remove lab: 1: bob", Slash::ActOnGroup(lab(), remove));
        let policy = GroupAction::SetPolicy(JoinPolicy::Asking);
        check("/policy lab: 1: asking", Slash::ActOnGroup(lab(), policy));
        check("/block eve", Slash::Block("eve".parse().unwrap(), true));
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
        assert_eq!(mistake("/remove bob"), "/remove needs a group, and a name behind a colon");
        let policy = "/policy needs a group, and behind a colon: anyone, invitation or asking";
        assert_eq!(mistake("/policy lab: all"), policy);
        assert_eq!(mistake("/chat a`b"), "a name can't contain a backtick");
    }
}
