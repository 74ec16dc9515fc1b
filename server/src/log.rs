//! What the operator sees. Levels: what people do is `info`, what is refused is `warn`, what needs
//! the operator is `error`. Nothing is logged per message, and never a text or a password.

use netchat_core::{LogEvent, NamesAlike, Refusal, SignInKind, SignOutReason};
use tracing::{error, info, warn};

pub(crate) fn write(record: &LogEvent) {
    match record {
        LogEvent::SignedIn { user, address, how } => {
            let how = match how {
                SignInKind::Registered => "registered",
                SignInKind::Password => "signed in",
                SignInKind::Word => "signed in with a one-time word, and set another password",
                SignInKind::Guest => "came in as a guest",
                SignInKind::Resumed => "resumed",
            };
            info!(%user, %address, "{how}");
        }
        LogEvent::SignedOut { user, address, why } => {
            let why = match why {
                SignOutReason::Exit => "signed out",
                SignOutReason::HungUp => "left: its path was closed",
                SignOutReason::Replaced => "left: its address was taken over by another client",
                SignOutReason::Idle => "left: silent for too long",
                SignOutReason::EndedElsewhere => "signed out from another session",
                SignOutReason::GaveWay => "cut off: it held the most of what is not whole yet",
                SignOutReason::Broken => "cut off: sent what can't be understood",
            };
            info!(%user, %address, "{why}");
        }
        LogEvent::Refused { address, why } => {
            warn!(%address, "refused: {}", reason(*why));
        }
        LogEvent::RefusedMore { address: Some(address), why, count } => {
            warn!(%address, count, "refused as often again since the last such line: {}", reason(*why));
        }
        LogEvent::RefusedMore { address: None, why, count } => {
            warn!(count, "refused so many others since the last such line: {}", reason(*why));
        }
        LogEvent::PasswordChanged { user } => info!(%user, "password changed"),
        LogEvent::GroupCreated { group, by } => info!(%group, %by, "group created"),
        LogEvent::Away { user, address } => info!(%user, %address, "away: not heard any more"),
        LogEvent::Moved { user, from, to } => {
            info!(%user, %from, %to, "goes on at another address");
        }
        LogEvent::Dropped(dropped) => info!(
            damaged = dropped.damaged,
            too_long = dropped.too_long,
            malformed = dropped.malformed,
            classic = dropped.classic,
            wrong_cookie = dropped.wrong_cookie,
            forged = dropped.forged,
            unknown_session = dropped.unknown_session,
            repeated = dropped.repeated,
            beyond_window = dropped.beyond_window,
            too_many = dropped.too_many,
            "datagrams dropped since the last of these lines"
        ),
        LogEvent::NamesAlike(NamesAlike { told, more }) => {
            for (name, other) in told {
                warn!("{name} and {other} have names that are alike: they stay as they are");
            }
            if *more > 0 {
                warn!("{more} more names are like others");
            }
        }
        LogEvent::ClockJumped { trusted_from } => error!(
            trusted_from_ms = trusted_from.millis,
            "the clock has moved by more than a month: nothing is forgotten for a month; set it right"
        ),
        LogEvent::StorageFailed => error!("a change was not stored; those concerned were told"),
    }
}

fn reason(why: Refusal) -> &'static str {
    match why {
        Refusal::ServerPassword => "wrong server password",
        Refusal::Password => "wrong password",
        Refusal::TooManyAttempts => "too many wrong passwords before it, not tried",
        Refusal::Busy => "too many sign in at once, to come again later",
        Refusal::NameTaken => "the name is taken",
        Refusal::Token => "a token that is wrong or old",
        Refusal::Forged => "a message signed with another name",
        Refusal::Full => "the server is full or busy",
        Refusal::Quota => "an account does more than one may",
    }
}
