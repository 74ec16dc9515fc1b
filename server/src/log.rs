//! What the operator sees. Levels: what people do is `info`, what is refused is `warn`, what needs
//! the operator is `error`. Nothing is logged per message, and never a text or a password.

use netchat_core::{Record, Refusal, SignInKind, SignOutReason};
use tracing::{error, info, warn};

pub(crate) fn write(record: &Record) {
    match record {
        Record::SignedIn { user, address, how } => {
            let how = match how {
                SignInKind::Registered => "registered",
                SignInKind::Password => "signed in",
                SignInKind::Guest => "came in as a guest",
                SignInKind::Resumed => "resumed",
            };
            info!(%user, %address, "{how}");
        }
        Record::SignedOut { user, address, why } => {
            let why = match why {
                SignOutReason::Exit => "signed out",
                SignOutReason::HungUp => "left: its path was closed",
                SignOutReason::Replaced => "left: its address was taken over by another client",
                SignOutReason::Idle => "left: silent for too long",
                SignOutReason::Slow => "cut off: took nothing that was sent",
                SignOutReason::Broken => "cut off: sent what can't be understood",
            };
            info!(%user, %address, "{why}");
        }
        Record::Refused { address, why } => {
            let why = match why {
                Refusal::ServerPassword => "wrong server password",
                Refusal::Password => "wrong password",
                Refusal::GuessedTooOften => "too many wrong passwords for this name, not tried",
                Refusal::NameTaken => "the name is taken",
                Refusal::Token => "a token that is wrong or old",
                Refusal::Forged => "a message signed with another name",
                Refusal::Full => "the server is full or busy",
            };
            warn!(%address, "refused: {why}");
        }
        Record::GroupCreated { group, by } => info!(%group, %by, "group created"),
        Record::Away { user, address } => info!(%user, %address, "away: not heard any more"),
        Record::Moved { user, from, to } => info!(%user, %from, %to, "goes on at another address"),
        Record::Dropped(dropped) => info!(
            damaged = dropped.damaged,
            malformed = dropped.malformed,
            wrong_cookie = dropped.wrong_cookie,
            unknown_session = dropped.unknown_session,
            repeated = dropped.repeated,
            beyond_window = dropped.beyond_window,
            "datagrams dropped since the last of these lines"
        ),
        Record::StorageFailed => error!("a change was not stored; those concerned were told"),
    }
}
