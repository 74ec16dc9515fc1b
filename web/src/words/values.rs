//! What other parts say by values of their own, in words of the page. The terminal says the same in English.

use netchat_client::reaction::SignError;
use netchat_client::session::{PutOff, SendError, Told, whole_seconds};
use netchat_client::slash::{Command, Needed, SlashError};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{Delay, JoinPolicy, Receipt};
use netchat_shared::limits::{OUTBOX_MESSAGES_MAX, PASSWORD_BYTES_MAX, REACTION_BYTES_MAX};
use netchat_shared::name::NameError;
use netchat_shared::password::PasswordError;
use netchat_shared::time::Instant;

use super::{Locale, Word, commands, connection, conversation, details, group, mistake, told};

/// What somebody did wrong, in a line that begins with a small letter and has no full stop.
pub(crate) trait Mistake {
    fn say(&self, locale: Locale) -> String;
}

impl Mistake for NameError {
    fn say(&self, locale: Locale) -> String {
        let word = match *self {
            Self::TooLong { max } => return mistake::AtMost { chars: &max }.say(locale),
            Self::Character(c) => {
                let what = match c {
                    '`' => mistake::BACKTICK.say(locale).to_owned(),
                    c if c.is_ascii_graphic() => mistake::Sign { sign: &c }.say(locale),
                    _ => mistake::INVISIBLE.say(locale).to_owned(),
                };
                return mistake::Forbidden { what: &what }.say(locale);
            }
            Self::Empty => mistake::EMPTY_NAME,
            Self::OuterSpace => mistake::OUTER_SPACE,
            Self::Reserved => mistake::RESERVED,
        };
        word.say(locale).to_owned()
    }
}

impl Mistake for PasswordError {
    fn say(&self, locale: Locale) -> String {
        match self {
            Self::Empty => mistake::EMPTY_PASSWORD.say(locale).to_owned(),
            Self::TooLong => mistake::LongPassword { bytes: &PASSWORD_BYTES_MAX }.say(locale),
        }
    }
}

impl Mistake for SignError {
    fn say(&self, locale: Locale) -> String {
        match self {
            Self::Empty => mistake::SIGN_MISSING.say(locale).to_owned(),
            Self::TooLong => mistake::SignLong { bytes: &REACTION_BYTES_MAX }.say(locale),
            Self::Forbidden => mistake::SIGN_FORBIDDEN.say(locale).to_owned(),
        }
    }
}

impl Mistake for SendError {
    fn say(&self, locale: Locale) -> String {
        let word = match *self {
            Self::TooLong { excess_bytes: count } => return mistake::TooLong { count }.say(locale),
            Self::OutboxFull => {
                return mistake::OutboxFull { count: OUTBOX_MESSAGES_MAX }.say(locale);
            }
            Self::Empty => mistake::NOTHING_TO_SEND,
            Self::NotSignedIn => mistake::NOT_SIGNED_IN,
            Self::NotSupported => mistake::UNSUPPORTED,
        };
        word.say(locale).to_owned()
    }
}

impl Mistake for SlashError {
    fn say(&self, locale: Locale) -> String {
        let typed = |name: &str| format!("/{name}");
        match self {
            Self::Unknown(name) => mistake::CommandUnknown { command: &typed(name) }.say(locale),
            Self::NameMissing(name) => mistake::CommandName { command: &typed(name) }.say(locale),
            Self::TextMissing(name) => mistake::CommandText { command: &typed(name) }.say(locale),
            Self::Which(name, needed) => {
                let what = match needed {
                    Needed::GroupAndName => mistake::NEEDS_GROUP_AND_NAME,
                    Needed::GroupAndPolicy => mistake::NEEDS_GROUP_AND_POLICY,
                    Needed::Session => mistake::NEEDS_SESSION,
                };
                let (command, what) = (typed(name), what.say(locale));
                mistake::CommandNeeds { command: &command, what: &what }.say(locale)
            }
            Self::Only(name, word) => {
                mistake::CommandAlone { command: &typed(name), word }.say(locale)
            }
            Self::Name(error) => error.say(locale),
            Self::Sign(error) => error.say(locale),
        }
    }
}

/// A mistake as a sentence of its own.
pub(crate) fn sentence(locale: Locale, mistake: &impl Mistake) -> String {
    as_sentence(&mistake.say(locale))
}

fn as_sentence(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => format!("{}{}.", first.to_ascii_uppercase(), rest.as_str()),
        None => String::new(),
    }
}

/// What is told as a line, in a sentence of something else. A server's words stay as they are.
pub(crate) fn told(locale: Locale, what: &Told) -> String {
    let word = match what {
        Told::Server(line) => return line.clone(),
        Told::Slowed(rest) => {
            return told::Slowed { seconds: &whole_seconds(*rest) }.say(locale);
        }
        Told::TooMuchWaits => told::TOO_MUCH_WAITS,
        Told::Stopping => told::STOPPING,
        Told::SettingsNotKept => told::SETTINGS_NOT_KEPT,
        Told::PasswordWasReadable => told::PASSWORD_WAS_READABLE,
        Told::UnusableAnswer => told::UNUSABLE_ANSWER,
        Told::NoInvitations => told::NO_INVITATIONS,
        Told::NoSessions => told::NO_SESSIONS,
        Told::NoAnswer => told::NO_ANSWER,
        Told::LostConnection => told::LOST_CONNECTION,
        Told::TooManyMembers => told::TOO_MANY_MEMBERS,
        Told::ControlCharacters => told::CONTROL_CHARACTERS,
        Told::ReferenceForgotten => told::REFERENCE_FORGOTTEN,
        Told::NoSuchGroup => told::NO_SUCH_GROUP,
        Told::NotAMember => told::NOT_A_MEMBER,
        Told::NobodyOnline => told::NOBODY_ONLINE,
        Told::Forged => told::FORGED,
        Told::Malformed => told::MALFORMED,
        Told::NoSuchMessage => told::NO_SUCH_MESSAGE,
        Told::NotTheAuthor => told::NOT_THE_AUTHOR,
        Told::TooManyChanges => told::TOO_MANY_CHANGES,
        Told::StorageFull => told::STORAGE_FULL,
        Told::UnknownKind => told::UNKNOWN_KIND,
        Told::NotSupported => mistake::UNSUPPORTED,
        Told::OnlyShorterTexts => told::ONLY_SHORTER_TEXTS,
    };
    word.say(locale).to_owned()
}

/// The same as a sentence of its own.
pub(crate) fn told_sentence(locale: Locale, what: &Told) -> String {
    let said = told(locale, what);
    if matches!(what, Told::Server(_)) { said } else { as_sentence(&said) }
}

/// How a conversation is called.
pub(crate) fn name_of(locale: Locale, of: &Conversation) -> String {
    match of {
        Conversation::Everyone => conversation::EVERYONE.say(locale).to_owned(),
        Conversation::Group(name) => name.to_string(),
        Conversation::User(name) => name.to_string(),
    }
}

/// Who may join a group.
pub(crate) fn policy(policy: JoinPolicy) -> Word {
    match policy {
        JoinPolicy::Anyone => group::POLICY_ANYONE,
        JoinPolicy::Invitation => group::POLICY_INVITATION,
        JoinPolicy::Asking => group::POLICY_ASKING,
    }
}

/// How it stands with a recipient.
pub(crate) fn receipt(receipt: Receipt) -> Word {
    match receipt {
        Receipt::Waiting => details::RECEIPT_WAITING,
        Receipt::Received => details::RECEIPT_RECEIVED,
        Receipt::Lost => details::RECEIPT_LOST,
        Receipt::Corrupted => details::RECEIPT_CORRUPTED,
    }
}

/// What the server did not look at yet, and until when.
pub(crate) fn put_off(locale: Locale, put_off: PutOff, now: Instant) -> String {
    const SECONDS_TOLD_MAX: u128 = 120;
    let why = match put_off.why {
        Delay::Busy => connection::WHY_BUSY,
        Delay::Attempts => connection::WHY_ATTEMPTS,
        Delay::Sessions => connection::WHY_SESSIONS,
    };
    let why = &why.say(locale);
    match put_off.again_at.saturating_since(now).as_millis().div_ceil(1_000) {
        0 => connection::PutOffNow { why }.say(locale),
        seconds @ 1..=SECONDS_TOLD_MAX => {
            connection::PutOffSeconds { why, seconds: &seconds }.say(locale)
        }
        seconds => connection::PutOffMinutes { why, minutes: &seconds.div_ceil(60) }.say(locale),
    }
}

/// What a command does; nothing of one that is not known here.
pub(crate) fn command(locale: Locale, command: &Command) -> &'static str {
    let does = COMMANDS.iter().find(|(name, _)| *name == command.name);
    does.map_or(command.does, |(_, does)| does.say(locale))
}

/// What each command does.
const COMMANDS: [(&str, Word); 28] = [
    ("about", commands::ABOUT),
    ("accept", commands::ACCEPT),
    ("active", commands::ACTIVE),
    ("admit", commands::ADMIT),
    ("block", commands::BLOCK),
    ("blocked", commands::BLOCKED),
    ("broadcast", commands::BROADCAST),
    ("chat", commands::CHAT),
    ("decline", commands::DECLINE),
    ("delete", commands::DELETE),
    ("edit", commands::EDIT),
    ("end", commands::END),
    ("exit", commands::EXIT),
    ("group", commands::GROUP),
    ("help", commands::HELP),
    ("invite", commands::INVITE),
    ("leave", commands::LEAVE),
    ("newgroup", commands::NEWGROUP),
    ("password", commands::PASSWORD),
    ("policy", commands::POLICY),
    ("quitgroup", commands::QUITGROUP),
    ("react", commands::REACT),
    ("remove", commands::REMOVE),
    ("rename", commands::RENAME),
    ("reply", commands::REPLY),
    ("sessions", commands::SESSIONS),
    ("turnaway", commands::TURNAWAY),
    ("unblock", commands::UNBLOCK),
];

#[cfg(test)]
mod tests {
    use netchat_client::slash::{self, Slash};
    use netchat_shared::name::UserName;
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_the_terminal_says_is_said_here_in_the_same_words() {
        for line in [
            "/nonsense",
            "/chat",
            "/edit",
            "/policy lab",
            "/policy lab: x",
            "/end x",
            "/exit x",
            "/chat a#b",
            "/chat a`b",
            "/chat \u{202e}",
            "/chat server",
            "/react",
            "/react a b",
            "/chat a;",
        ] {
            let error = Slash::parse(line).unwrap_err();
            assert_eq!(error.say(Locale::En), error.to_string());
            assert_ne!(error.say(Locale::De), error.to_string());
        }
        for error in [
            SendError::Empty,
            SendError::TooLong { excess_bytes: 2 },
            SendError::NotSignedIn,
            SendError::NotSupported,
        ] {
            assert_eq!(error.say(Locale::En), error.to_string());
        }
        for text in ["", &"x".repeat(257)] {
            let error = netchat_shared::password::Password::new(text).unwrap_err();
            assert_eq!(error.say(Locale::En), error.to_string());
        }
        let long = "x".repeat(65).parse::<UserName>().unwrap_err();
        assert_eq!(sentence(Locale::En, &long), "A name has at most 32 characters.");
        assert_eq!(sentence(Locale::De, &long), "Ein Name hat höchstens 32 Zeichen.");
    }

    #[test]
    fn every_command_is_described_in_every_language() {
        assert_eq!(COMMANDS.len(), slash::COMMANDS.len());
        for known in slash::COMMANDS {
            assert_eq!(command(Locale::En, known), known.does);
            assert_ne!(command(Locale::De, known), known.does);
        }
    }
}
