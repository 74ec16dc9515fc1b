//! What the server knows of an extended session.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use netchat_shared::extended::{Link, SessionId};
use netchat_shared::name::UserName;
use netchat_shared::time::Instant;

use crate::feed::{Feed, Handed};
use crate::limits::{
    AWAY_AFTER_SILENCE, AWAY_AFTER_UNANSWERED, FEED_BYTES_MAX, FORGOTTEN_AFTER_SILENCE,
    SIGN_IN_TIMEOUT,
};
use crate::storage::{Sequence, TokenHash, UserId};

/// An extended session: it is known by its id, wherever its datagrams come from.
#[derive(Debug)]
pub(crate) struct ExtendedSession {
    pub(crate) link: Link,
    /// Where datagrams go: an address that has proved that it receives them.
    pub(crate) path: SocketAddr,
    /// Another address that datagrams of this session came from, and that is to prove itself.
    pub(crate) candidate: Option<Candidate>,
    pub(crate) stage: Stage,
    pub(crate) opened_at: Instant,
    pub(crate) heard_at: Instant,
    /// Since when something waits to be acknowledged.
    pub(crate) busy_since: Option<Instant>,
    /// Too long unheard: its messages wait in the database.
    pub(crate) is_away: bool,
}

/// An address that is asked to prove itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) address: SocketAddr,
    pub(crate) token: u64,
    pub(crate) asked_at: Instant,
}

/// How far an extended session got.
#[derive(Debug)]
pub(crate) enum Stage {
    /// It has not given the server password.
    Locked,
    /// It has.
    Unlocked,
    /// It gave a name.
    Named(UserName),
    /// Its password is being compared, or its account made.
    Waiting(UserName),
    /// It is signed in.
    SignedIn(Box<SignedIn>),
}

/// A session that is signed in.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) user: UserId,
    pub(crate) token: TokenHash,
    pub(crate) feed: Feed,
    /// Messages in its link that it has not acknowledged, in order. Bounded by the link.
    pub(crate) handed: VecDeque<Handed>,
    /// How far recipients of the user's messages have received, to be told.
    pub(crate) receipts: BTreeMap<UserId, Sequence>,
    /// It missed a change of who is online, and gets the whole list when it has room.
    pub(crate) online_is_stale: bool,
}

impl ExtendedSession {
    pub(crate) fn new(now: Instant, id: SessionId, path: SocketAddr) -> Self {
        Self {
            link: Link::new(now, id),
            path,
            candidate: None,
            stage: Stage::Locked,
            opened_at: now,
            heard_at: now,
            busy_since: None,
            is_away: false,
        }
    }

    pub(crate) fn signed_in(&self) -> Option<&SignedIn> {
        match &self.stage {
            Stage::SignedIn(signed_in) => Some(signed_in),
            Stage::Locked | Stage::Unlocked | Stage::Named(_) | Stage::Waiting(_) => None,
        }
    }

    pub(crate) fn signed_in_mut(&mut self) -> Option<&mut SignedIn> {
        match &mut self.stage {
            Stage::SignedIn(signed_in) => Some(signed_in),
            Stage::Locked | Stage::Unlocked | Stage::Named(_) | Stage::Waiting(_) => None,
        }
    }

    /// Whether more messages may be put into its link.
    pub(crate) fn has_room(&self) -> bool {
        !self.is_away && self.link.queued_bytes() < FEED_BYTES_MAX
    }

    /// Notes whether something waits to be acknowledged.
    pub(crate) fn note_busy(&mut self, now: Instant) {
        self.busy_since = match (self.link.queued_bytes(), self.busy_since) {
            (0, _) => None,
            (_, since) => since.or(Some(now)),
        };
    }

    /// When it counts as away, if it is not heard before.
    pub(crate) fn away_at(&self) -> Instant {
        let silent = self.heard_at + AWAY_AFTER_SILENCE;
        let unanswered =
            self.busy_since.map(|since| since.max(self.heard_at) + AWAY_AFTER_UNANSWERED);
        unanswered.map_or(silent, |unanswered| unanswered.min(silent))
    }

    /// When it is forgotten, if it is not heard before.
    pub(crate) fn forgotten_at(&self) -> Instant {
        let silent = self.heard_at + FORGOTTEN_AFTER_SILENCE;
        match self.signed_in() {
            Some(_) => silent,
            None => silent.min(self.opened_at + SIGN_IN_TIMEOUT),
        }
    }

    /// When the session has to be looked at.
    pub(crate) fn timeout(&self) -> Instant {
        let by_silence = match self.signed_in() {
            Some(_) if !self.is_away => self.away_at(),
            Some(_) | None => self.forgotten_at(),
        };
        self.link.timeout().map_or(by_silence, |at| at.min(by_silence))
    }
}
