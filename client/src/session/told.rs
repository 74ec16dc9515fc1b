//! What is told to a person as a line.

use std::fmt;
use std::time::Duration;

/// A line for the person: a server's own words, or what the client knows. Whoever shows it may say the
/// latter in another language; `Display` says it in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The server's words.
    Server(String),
    /// Too many requests wait for the server.
    TooMuchWaits,
    /// The server is about to stop.
    Stopping,
    /// The account does more than one may: so long it has to do nothing, to be at full speed again.
    Slowed(Duration),
    /// Settings are not kept at the server: the account has stored as much as one may.
    SettingsNotKept,
    /// An original client has sent the person's password, for everyone on the way to read.
    PasswordWasReadable,
    /// The server answered with something that can't be used.
    UnusableAnswer,
    /// A classic server knows no invitations.
    NoInvitations,
    /// A classic server knows no sessions, and changes no passwords.
    NoSessions,
    /// The server did not answer.
    NoAnswer,
    /// The connection was lost before the answer came.
    LostConnection,
    /// More members than fit into one request.
    TooManyMembers,
    /// A name holds what no name can hold.
    ControlCharacters,
    /// What it was about is not known any more: the server's log is another one.
    ReferenceForgotten,
    /// There is no such group.
    NoSuchGroup,
    /// One is not a member of the group.
    NotAMember,
    /// Nobody else is online.
    NobodyOnline,
    /// It was signed with another name.
    Forged,
    /// The server could not read it.
    Malformed,
    /// What it is about is not there any more.
    NoSuchMessage,
    /// Only its author can change a message.
    NotTheAuthor,
    /// That message was changed too often.
    TooManyChanges,
    /// The account has stored as much as one may.
    StorageFull,
    /// The server does not know this kind of message.
    UnknownKind,
    /// A classic server knows no answers, corrections and the like.
    NotSupported,
    /// A classic server takes only shorter texts.
    OnlyShorterTexts,
}

impl Told {
    /// As a sentence of its own. A server's words stay as they are.
    #[must_use]
    pub fn sentence(&self) -> String {
        let said = self.to_string();
        let mut rest = said.chars();
        match (self, rest.next()) {
            (Self::Server(_), _) | (_, None) => said,
            (_, Some(first)) => format!("{}{}.", first.to_ascii_uppercase(), rest.as_str()),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match self {
            Self::Server(line) => line,
            Self::TooMuchWaits => {
                "too many requests wait for the server: try again when it answers"
            }
            Self::Stopping => "the server is stopping",
            Self::Slowed(rest) => return write_slowed(f, *rest),
            Self::SettingsNotKept => {
                "your settings are not kept at the server: you have stored as much as one account may"
            }
            Self::PasswordWasReadable => {
                "an original client has sent your password, for everyone on the way to read: choose another one"
            }
            Self::UnusableAnswer => "the server answered with something that can't be used",
            Self::NoInvitations => {
                "this server knows no invitations: its groups are open to everyone"
            }
            Self::NoSessions => "this server knows no sessions, and changes no passwords",
            Self::NoAnswer => "the server did not answer",
            Self::LostConnection => "the connection was lost",
            Self::TooManyMembers => "too many names for one request",
            Self::ControlCharacters => "a name can't contain control characters",
            Self::ReferenceForgotten => "the message that it was about is not known any more",
            Self::NoSuchGroup => "there is no such group",
            Self::NotAMember => "you are not a member of this group",
            Self::NobodyOnline => "nobody else is online",
            Self::Forged => "it was signed with another name",
            Self::Malformed => "the server could not read it",
            Self::NoSuchMessage => "the message that it is about is not there any more",
            Self::NotTheAuthor => "only its author can change a message",
            Self::TooManyChanges => "that message was changed too often",
            Self::StorageFull => {
                "you have stored as much as one account may: delete some, or wait until old ones go"
            }
            Self::UnknownKind => "the server does not know this kind of message",
            Self::NotSupported => {
                "this server can't change messages, and keeps no signs beside them"
            }
            Self::OnlyShorterTexts => "this server takes only shorter texts",
        };
        f.write_str(line)
    }
}

/// What happened and until when, in one line.
fn write_slowed(f: &mut fmt::Formatter<'_>, rest: Duration) -> fmt::Result {
    let seconds = whole_seconds(rest);
    write!(
        f,
        "you do more than one account may at once: nothing is lost, but it goes slowly, and at full speed \
         again after {seconds} s without anything"
    )
}

/// Seconds, rounded up.
#[must_use]
pub fn whole_seconds(rest: Duration) -> u128 {
    rest.as_millis().div_ceil(1_000)
}
