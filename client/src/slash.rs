//! Commands that are typed where messages are typed: the same in the terminal and in the browser.

use thiserror::Error;

use netchat_shared::extended::{GroupAction, JoinPolicy};
use netchat_shared::name::{GroupName, NameError, UserName};

use crate::reaction::{Reaction, SignError};

/// A command, as it is listed, completed and read.
#[derive(Debug)]
pub struct Command {
    /// Its name, which stands behind a slash.
    pub name: &'static str,
    /// What stands behind the name; empty if nothing need.
    pub takes: &'static str,
    /// What it does, in one line for a person.
    pub does: &'static str,
    /// Reads what was typed behind that name.
    read: fn(&'static str, &str) -> Result<Slash, SlashError>,
}

/// Every command, in the order in which they are listed.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "chat",
        takes: "NAME",
        does: "write to one person; to several: /chat NAME;NAME",
        read: |name, rest| Ok(Slash::Chat(names(name, rest)?)),
    },
    Command {
        name: "group",
        takes: "NAME",
        does: "join a group, or ask to, and write in it",
        read: |name, rest| Ok(Slash::Group(group(name, rest)?)),
    },
    Command {
        name: "newgroup",
        takes: "NAME: A;B",
        does: "make a group, and invite A and B",
        read: read_new_group,
    },
    Command {
        name: "invite",
        takes: "NAME: A;B",
        does: "invite A and B to a group",
        read: read_invite,
    },
    Command {
        name: "accept",
        takes: "NAME",
        does: "accept an invitation",
        read: |name, rest| Ok(Slash::Group(group(name, rest)?)),
    },
    Command {
        name: "decline",
        takes: "NAME",
        does: "turn an invitation down",
        read: |name, rest| Ok(Slash::ActOnGroup(group(name, rest)?, GroupAction::Decline)),
    },
    Command {
        name: "about",
        takes: "NAME",
        does: "who may join a group, who is invited and who asks",
        read: |name, rest| Ok(Slash::ActOnGroup(group(name, rest)?, GroupAction::Describe)),
    },
    Command {
        name: "quitgroup",
        takes: "NAME",
        does: "leave a group for good",
        read: |name, rest| Ok(Slash::QuitGroup(group(name, rest)?)),
    },
    Command {
        name: "admit",
        takes: "NAME: A",
        does: "let A into your group, who asks",
        read: |name, rest| act(name, rest, |of| Ok(GroupAction::Admit(of.parse()?))),
    },
    Command {
        name: "turnaway",
        takes: "NAME: A",
        does: "do not let A in",
        read: |name, rest| act(name, rest, |of| Ok(GroupAction::TurnAway(of.parse()?))),
    },
    Command {
        name: "remove",
        takes: "NAME: A",
        does: "remove A from your group",
        read: |name, rest| act(name, rest, |of| Ok(GroupAction::Remove(of.parse()?))),
    },
    Command {
        name: "rename",
        takes: "NAME: NEW",
        does: "give your group another name",
        read: |name, rest| act(name, rest, |of| Ok(GroupAction::Rename(of.parse()?))),
    },
    Command {
        name: "policy",
        takes: "NAME: WHO",
        does: "who may join your group: anyone, invitation or asking",
        read: read_policy,
    },
    Command {
        name: "block",
        takes: "NAME",
        does: "don't hear of somebody's invitations any more",
        read: |name, rest| Ok(Slash::Block(user(name, rest)?, true)),
    },
    Command {
        name: "unblock",
        takes: "NAME",
        does: "hear of them again",
        read: |name, rest| Ok(Slash::Block(user(name, rest)?, false)),
    },
    Command {
        name: "blocked",
        takes: "",
        does: "whose invitations you don't hear of",
        read: |_, _| Ok(Slash::Blocked),
    },
    Command {
        name: "broadcast",
        takes: "",
        does: "write to everyone who is online",
        read: |_, _| Ok(Slash::Broadcast),
    },
    Command { name: "active", takes: "", does: "who is online", read: |_, _| Ok(Slash::Active) },
    Command {
        name: "reply",
        takes: "TEXT",
        does: "answer the last message of somebody else here",
        read: |name, rest| Ok(Slash::Reply(text(name, rest)?)),
    },
    Command {
        name: "edit",
        takes: "TEXT",
        does: "correct your last message here",
        read: |name, rest| Ok(Slash::Edit(text(name, rest)?)),
    },
    Command {
        name: "delete",
        takes: "",
        does: "take your last message here back",
        read: |_, _| Ok(Slash::Delete),
    },
    Command {
        name: "react",
        takes: "SIGN",
        does: "put a sign beside the last message; -SIGN takes it away",
        read: |_, rest| Ok(Slash::React(rest.parse()?)),
    },
    Command {
        name: "leave",
        takes: "",
        does: "back from a conversation; //text sends a text that begins with /",
        read: |_, _| Ok(Slash::Leave),
    },
    Command {
        name: "password",
        takes: "",
        does: "change your password; your other sessions end, but with /password keep",
        read: |name, rest| Ok(Slash::Password { ends_others: !choice(name, rest, "keep")? }),
    },
    Command {
        name: "sessions",
        takes: "",
        does: "where you are signed in",
        read: |_, _| Ok(Slash::Sessions),
    },
    Command {
        name: "end",
        takes: "NUMBER",
        does: "end that session; /end others ends all but this one",
        read: read_end,
    },
    Command {
        name: "exit",
        takes: "",
        does: "sign out; /exit everywhere ends all your sessions",
        read: read_exit,
    },
    Command { name: "help", takes: "", does: "list all this", read: |_, _| Ok(Slash::Help) },
];

/// Beyond that column, [`help`] says what commands do.
const HELP_COLUMN: usize = 22;

/// One line for each command, for a person.
pub fn help() -> impl Iterator<Item = String> {
    COMMANDS.iter().map(|Command { name, takes, does, .. }| {
        let typed = format!("/{name} {takes}");
        format!("{typed:<HELP_COLUMN$}{does}")
    })
}

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
    Which(&'static str, Needed),
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

/// What a command needs. The text goes on after "it needs".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Needed {
    /// A group and a name.
    #[error("a group, and a name behind a colon")]
    GroupAndName,
    /// A group and a policy.
    #[error("a group, and behind a colon: anyone, invitation or asking")]
    GroupAndPolicy,
    /// One of one's sessions.
    #[error("a number of /sessions, or others")]
    Session,
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
        let is_it = |command: &&Command| command.name.eq_ignore_ascii_case(word);
        let Some(command) = COMMANDS.iter().find(is_it) else {
            return Err(SlashError::Unknown(word.to_owned()));
        };
        Ok(Typed::Command((command.read)(command.name, rest.trim())?))
    }
}

/// Reads names separated by semicolons.
///
/// # Errors
/// The first name that can't be.
pub fn parse_names(text: &str) -> Result<Vec<UserName>, NameError> {
    text.split(';').map(|name| name.trim().parse()).collect()
}

fn read_new_group(command: &'static str, rest: &str) -> Result<Slash, SlashError> {
    let (name, members) = rest.rsplit_once(": ").unwrap_or((rest, ""));
    Ok(Slash::NewGroup(group(command, name)?, typed_names(members)))
}

fn read_invite(command: &'static str, rest: &str) -> Result<Slash, SlashError> {
    let (name, names) = pair(command, rest)?;
    Ok(Slash::Invite(group(command, name)?, typed_names(names)))
}

fn read_policy(command: &'static str, rest: &str) -> Result<Slash, SlashError> {
    act(command, rest, |word| {
        let policy = JoinPolicy::from_word(word);
        let policy = policy.ok_or(SlashError::Which(command, Needed::GroupAndPolicy));
        Ok(GroupAction::SetPolicy(policy?))
    })
}

fn read_end(command: &'static str, rest: &str) -> Result<Slash, SlashError> {
    match rest.parse() {
        Ok(number) => Ok(Slash::EndSession(number)),
        Err(_) if rest == "others" => Ok(Slash::EndOtherSessions),
        Err(_) => Err(SlashError::Which(command, Needed::Session)),
    }
}

fn read_exit(command: &'static str, rest: &str) -> Result<Slash, SlashError> {
    Ok(match choice(command, rest, "everywhere")? {
        true => Slash::ExitEverywhere,
        false => Slash::Exit,
    })
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
    rest.rsplit_once(": ").ok_or(SlashError::Which(command, Needed::GroupAndName))
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
    fn every_command_is_listed_in_a_line_that_fits() {
        let lines: Vec<_> = help().collect();
        assert_eq!(
            lines[0],
            "/chat NAME            write to one person; to several: /chat NAME;NAME"
        );
        assert!(
            lines
                .iter()
                .any(|line| line == "/blocked              whose invitations you don't hear of")
        );
        for line in &lines {
            assert!(line.len() <= 100 && line[..HELP_COLUMN].ends_with("  "), "{line}");
        }
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
