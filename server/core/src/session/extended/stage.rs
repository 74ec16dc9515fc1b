//! How far an extended session got, and what it holds for a client that is signed in.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use netchat_shared::name::UserName;
use netchat_shared::opaque::{RecordId, Word};
use netchat_shared::time::Instant;

use crate::events::{InFlight, ProofBegun};
use crate::session::cursor::Cursor;
use crate::storage::{Sequence, UserId};

/// An address that is asked to prove itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) address: SocketAddr,
    /// The packet that came from there.
    pub(super) number: u64,
    pub(super) token: u64,
    pub(super) asked_at: Instant,
}

/// How far an extended session got.
#[derive(Debug)]
pub(super) enum Stage {
    /// It has not given the server password.
    Locked,
    /// It has.
    Unlocked,
    /// It gave a name.
    Named(Named),
    /// What it has said of a password is being answered, its account made, or its token looked at. `None`:
    /// the latter.
    Waiting(Option<Named>),
    /// It is signed in.
    SignedIn(Box<SignedIn>),
}

/// A session that gave a name.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: UserName,
    /// With which it enrols a password.
    pub(super) word: Option<Word>,
    pub(super) step: PasswordStep,
}

/// What was answered of a password: what belongs to the next step.
#[derive(Debug, Default)]
pub(super) struct PasswordStep {
    pub(super) proof: Option<Box<ProofBegun>>,
    pub(super) enrolment: Option<RecordId>,
}

impl Named {
    /// With nothing begun.
    pub(super) fn new(name: UserName) -> Self {
        Self { name, word: None, step: PasswordStep::default() }
    }
}

/// A session that is signed in.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) user: UserId,
    pub(super) name: UserName,
    pub(super) cursor: Cursor,
    /// Of another password, which is to take the place of its own.
    pub(super) step: PasswordStep,
    /// Messages in its link that it has not acknowledged, in order. Bounded by the link.
    pub(super) in_flight: VecDeque<InFlight>,
    /// How far recipients of the user's messages have received, to be told. At most
    /// [`RECEIPTS_GATHERED_MAX`](crate::limits::RECEIPTS_GATHERED_MAX).
    pub(super) receipts: BTreeMap<UserName, Sequence>,
    /// Answers for which the link had no room. Nothing more is read while there are any, so there are
    /// at most those to what was read before.
    pub(super) owed: VecDeque<Vec<u8>>,
    /// Messages of the client that are on their way to storage.
    pub(super) sends_under_way: usize,
    /// Something was asked of the chat, and nothing more is read until it is answered.
    pub(super) awaits_answer: bool,
    /// What is awaited is a history, asked for in the words of clients of before: it is answered in
    /// theirs.
    pub(super) is_history_of_before: bool,
    /// It missed a change of who is online, and is told anew when it has room.
    pub(super) online_is_stale: bool,
    /// It missed something else, and is told to ask anew when it has room.
    pub(super) is_stale: bool,
    /// It was not told how groups were renamed behind that place, and is when it has room.
    pub(super) renamed_after: Option<Sequence>,
    /// When its user was last said to be typing.
    pub(super) typed_at: Option<Instant>,
    /// Its account has spent what it may: what has arrived is read on then, and not before.
    pub(super) reads_at: Option<Instant>,
    /// When it was last told so.
    pub(super) slowed_told_at: Option<Instant>,
}

impl SignedIn {
    pub(super) fn new(user: UserId, name: UserName) -> Self {
        Self {
            user,
            name,
            cursor: Cursor::Off,
            step: PasswordStep::default(),
            in_flight: VecDeque::new(),
            receipts: BTreeMap::new(),
            owed: VecDeque::new(),
            sends_under_way: 0,
            awaits_answer: false,
            is_history_of_before: false,
            online_is_stale: true,
            is_stale: false,
            renamed_after: None,
            typed_at: None,
            reads_at: None,
            slowed_told_at: None,
        }
    }
}
