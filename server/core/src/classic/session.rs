//! What the server knows of a classic session.

use std::net::SocketAddr;

use netchat_shared::classic::Command;
use netchat_shared::name::UserName;
use netchat_shared::time::Instant;

use super::Outbox;
use crate::feed::Feed;
use crate::limits::{AMPLIFICATION_MAX, CLASSIC_IDLE_TIMEOUT, SIGN_IN_TIMEOUT};
use crate::storage::UserId;

/// A classic session: an address that knew the server password.
#[derive(Debug)]
pub(crate) struct ClassicSession {
    pub(crate) address: SocketAddr,
    pub(crate) stage: Stage,
    pub(crate) heard_at: Instant,
    budget: Budget,
}

/// How far a classic session got.
#[derive(Debug)]
pub(crate) enum Stage {
    /// It gave the server password.
    Unlocked,
    /// It gave a name.
    Named {
        name: UserName,
        /// When it may come in as a guest, if guests are allowed and it asks for no password check
        /// until then.
        guest_at: Option<Instant>,
    },
    /// Its password is being verified.
    Verifying(UserName),
    /// Its account is being made. Its client does not wait for that: what it sends meanwhile is
    /// kept.
    Registering(UserName, Vec<Command>),
    /// It is signed in.
    SignedIn(SignedIn),
}

/// A session that is signed in.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) user: UserId,
    pub(crate) feed: Feed,
    pub(crate) outbox: Outbox,
    /// It has sent something of the chat phase: a raw reply would now break its client.
    pub(crate) is_chatting: bool,
}

/// Keeps an address that has not signed in from being sent much more than it sent itself.
#[derive(Debug, Default)]
struct Budget {
    bytes: usize,
}

impl ClassicSession {
    pub(crate) fn new(now: Instant, address: SocketAddr) -> Self {
        Self { address, stage: Stage::Unlocked, heard_at: now, budget: Budget::default() }
    }

    pub(crate) fn signed_in(&self) -> Option<&SignedIn> {
        match &self.stage {
            Stage::SignedIn(signed_in) => Some(signed_in),
            Stage::Unlocked
            | Stage::Named { .. }
            | Stage::Verifying(_)
            | Stage::Registering(..) => None,
        }
    }

    pub(crate) fn signed_in_mut(&mut self) -> Option<&mut SignedIn> {
        match &mut self.stage {
            Stage::SignedIn(signed_in) => Some(signed_in),
            Stage::Unlocked
            | Stage::Named { .. }
            | Stage::Verifying(_)
            | Stage::Registering(..) => None,
        }
    }

    /// When the session has to be looked at.
    pub(crate) fn timeout(&self) -> Instant {
        match &self.stage {
            Stage::SignedIn(signed_in) => {
                let idle = self.heard_at + CLASSIC_IDLE_TIMEOUT;
                signed_in.outbox.timeout().map_or(idle, |at| at.min(idle))
            }
            Stage::Named { guest_at: Some(at), .. } => *at,
            Stage::Unlocked
            | Stage::Named { guest_at: None, .. }
            | Stage::Verifying(_)
            | Stage::Registering(..) => self.heard_at + SIGN_IN_TIMEOUT,
        }
    }

    /// Counts a datagram that came from the address.
    pub(crate) fn heard(&mut self, now: Instant, bytes: usize) {
        self.heard_at = now;
        self.budget.bytes = self.budget.bytes.saturating_add(bytes * AMPLIFICATION_MAX);
    }

    /// Whether a datagram of this size may be sent; if so, counts it.
    pub(crate) fn may_send(&mut self, bytes: usize) -> bool {
        if self.signed_in().is_some() {
            return true;
        }
        match self.budget.bytes.checked_sub(bytes) {
            Some(rest) => {
                self.budget.bytes = rest;
                true
            }
            None => false,
        }
    }
}
