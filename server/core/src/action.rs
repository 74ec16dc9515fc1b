//! What the core asks its shell to do.

use std::net::{IpAddr, SocketAddr};

use netchat_shared::name::{GroupName, UserName};
use netchat_shared::time::{Instant, UnixTime};

use crate::limits::NAMES_ALIKE_TOLD_MAX;
use crate::peer::Peer;
use crate::storage::{HashJob, Query, Ticket, Write};

/// One thing to do, or to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Send a datagram.
    Transmit(SocketAddr, Vec<u8>),
    /// Store a change, then call [`Server::handle_log`](crate::Server::handle_log) with the entries
    /// that came of it, if any, and [`Server::handle_stored`](crate::Server::handle_stored).
    Store(Ticket, Write),
    /// Answer a question, then call [`Server::handle_loaded`](crate::Server::handle_loaded).
    Load(Ticket, Query),
    /// Hash, then call [`Server::handle_hashed`](crate::Server::handle_hashed).
    Hash(Ticket, HashJob),
    /// Tell the operator.
    Log(LogEvent),
    /// Nothing more until there is input, or until this time.
    Wait(Option<Instant>),
}

/// What an operator should know. Never holds a text or a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// Somebody signed in.
    SignedIn {
        /// Who.
        user: UserName,
        /// From where.
        address: Peer,
        /// How.
        how: SignInKind,
    },
    /// A session ended.
    SignedOut {
        /// Whose.
        user: UserName,
        /// Where it was.
        address: Peer,
        /// Why.
        why: SignOutReason,
    },
    /// Something was refused.
    Refused {
        /// To whom.
        address: Peer,
        /// Why.
        why: Refusal,
    },
    /// Somebody has changed their password.
    PasswordChanged {
        /// Who.
        user: UserName,
    },
    /// Further refusals that had no event of their own.
    RefusedMore {
        /// To whom; `None`: to many.
        address: Option<IpAddr>,
        /// Why.
        why: Refusal,
        /// How many.
        count: u64,
    },
    /// A group was made.
    GroupCreated {
        /// Its name.
        group: GroupName,
        /// Who made it.
        by: UserName,
    },
    /// Storage could not store a change; the people concerned were told.
    StorageFailed,
    /// Somebody did not answer for a while, and counts as away until they do.
    Away {
        /// Who.
        user: UserName,
        /// Where they were.
        address: Peer,
    },
    /// A session goes on at another address, which proved itself.
    Moved {
        /// Whose.
        user: UserName,
        /// Where it was.
        from: Peer,
        /// Where it is.
        to: Peer,
    },
    /// Datagrams that were dropped since the last such event, by reason.
    Dropped(Dropped),
    /// Names of before they were compared, which are like others: they go on as they are.
    NamesAlike(NamesAlike),
    /// The clock has moved by more than can be: nothing is called old before then.
    ClockJumped {
        /// When it is trusted again, by itself.
        trusted_from: UnixTime,
    },
}

/// Names that are like others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamesAlike {
    /// A name, and the one that it is like: at most
    /// [`NAMES_ALIKE_TOLD_MAX`].
    pub told: Vec<(String, String)>,
    /// So many more.
    pub more: usize,
}

impl NamesAlike {
    pub(crate) fn add(&mut self, name: String, other: String) {
        if self.told.len() < NAMES_ALIKE_TOLD_MAX {
            self.told.push((name, other));
        } else {
            self.more += 1;
        }
    }
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInKind {
    /// With a new account.
    Registered,
    /// With the password of their account.
    Password,
    /// Without an account.
    Guest,
    /// With what an earlier sign-in left.
    Resumed,
    /// With a one-time word, by which the password is another one.
    Word,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignOutReason {
    /// The client said so.
    Exit,
    /// Its path was closed.
    HungUp,
    /// The same address began anew.
    Replaced,
    /// It was silent for too long.
    Idle,
    /// It sent what no client of ours sends.
    Broken,
    /// Its user ended it from another session.
    EndedElsewhere,
    /// There were too many strangers or sessions of its account, or memory was short, and it held the
    /// most.
    GaveWay,
}

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The server password was wrong.
    ServerPassword,
    /// A user's password was wrong.
    Password,
    /// Too many wrong passwords before it; it was not even tried, and is to come later.
    TooManyAttempts,
    /// Too many want to sign in at once; it is to come later.
    Busy,
    /// A name that is registered, or in use by a guest, can't be registered.
    NameTaken,
    /// A token that is wrong, old, or was given up.
    Token,
    /// A body signed with another name than the session's.
    Forged,
    /// A named bound was reached: see [`crate::limits`].
    Full,
    /// An account does more than one may: see [`AccountQuotas`](crate::AccountQuotas).
    Quota,
}

/// Datagrams that were dropped, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// The checksum did not hold.
    pub damaged: u64,
    /// Longer than anything of ours sends.
    pub too_long: u64,
    /// Neither classic nor extended.
    pub malformed: u64,
    /// Not extended, where the operator wants no original clients.
    pub classic: u64,
    /// A cookie that was wrong or too old.
    pub wrong_cookie: u64,
    /// What its session's peer has not made, or was not made for this server.
    pub forged: u64,
    /// Of a session that does not exist.
    pub unknown_session: u64,
    /// A packet that had come before.
    pub repeated: u64,
    /// A packet beyond every window.
    pub beyond_window: u64,
    /// A link that was not opened, or a stranger's session that gave way: there were too many.
    pub too_many: u64,
}
