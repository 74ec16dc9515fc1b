//! Replies of the login phase: raw words, one a request.

use std::fmt;

/// What a server answers before a client is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginReply {
    /// The server password was right.
    Unlocked,
    /// The server password was wrong, or is still to come.
    Locked,
    /// The name was noted.
    Joined,
    /// The name is not registered.
    NewUser,
    /// The name is registered.
    OldUser,
    /// The password was right: the chat phase begins.
    LoggedIn,
    /// The password was wrong.
    Wrong,
    /// A line for the person: the name can't be used, and why.
    Line(String),
}

impl LoginReply {
    /// Reads a reply.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "Unlocked" => Self::Unlocked,
            "Locked" => Self::Locked,
            "JOINED" => Self::Joined,
            "NEWUSER" | "NEWUSERPASSWORD" => Self::NewUser,
            "OLDUSER" => Self::OldUser,
            "LOGGEDIN" => Self::LoggedIn,
            "WRONG" => Self::Wrong,
            line => Self::Line(line.to_owned()),
        }
    }
}

impl fmt::Display for LoginReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unlocked => "Unlocked",
            Self::Locked => "Locked",
            Self::Joined => "JOINED",
            Self::NewUser => "NEWUSER",
            Self::OldUser => "OLDUSER",
            Self::LoggedIn => "LOGGEDIN",
            Self::Wrong => "WRONG",
            Self::Line(line) => line,
        })
    }
}
