//! How far a classic session got, and how much it may be sent before it is signed in.

use netchat_shared::body::{Body, Opened};
use netchat_shared::classic::Command;
use netchat_shared::name::UserName;
use netchat_shared::time::Instant;

use super::outbox::Outbox;
use crate::events::Credentials;
use crate::limits::{AMPLIFICATION_MAX, REGISTERING_COMMANDS_MAX};
use crate::session::cursor::Cursor;
use crate::storage::UserId;

/// How far a classic session got.
#[derive(Debug)]
pub(super) enum Stage {
    /// It gave the server password.
    Unlocked,
    /// It gave a name, and the chat is asked whether it can have it.
    Joining(UserName),
    /// It gave a name.
    Named {
        name: UserName,
        /// When it is let in as a guest, if guests are allowed and it asks for no password check
        /// until then.
        guest_at: Option<Instant>,
    },
    /// Its password is being verified.
    Verifying(Asked),
    /// Its account is being made. Its client does not wait for that: what it sends meanwhile is
    /// kept.
    Registering(Asked, KeptCommands),
    /// It is signed in.
    SignedIn(SignedIn),
}

impl Stage {
    /// What it waits for, if it is about to sign in.
    pub(super) fn asked(&self) -> Option<&Asked> {
        match self {
            Self::Verifying(asked) | Self::Registering(asked, _) => Some(asked),
            Self::Unlocked | Self::Joining(_) | Self::Named { .. } | Self::SignedIn(_) => None,
        }
    }

    pub(super) fn asked_mut(&mut self) -> Option<&mut Asked> {
        match self {
            Self::Verifying(asked) | Self::Registering(asked, _) => Some(asked),
            Self::Unlocked | Self::Joining(_) | Self::Named { .. } | Self::SignedIn(_) => None,
        }
    }
}

/// What it asked for, to be asked again: its client knows no word for "later", so it waits.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) name: UserName,
    pub(super) credentials: Credentials,
    /// It was put off until then.
    pub(super) again_at: Option<Instant>,
}

/// A session that is signed in.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) signature: Signature,
    pub(super) cursor: Cursor,
    pub(super) outbox: Outbox,
    /// It has sent something of the chat phase: a raw reply would now break its client.
    pub(super) is_chatting: bool,
    pub(super) user: UserId,
    /// When it was last told that something was refused because its account does too much.
    pub(super) refused_told_at: Option<Instant>,
    /// Its account has spent what it may: what it asks is done from then on.
    pub(super) refused_until: Option<Instant>,
    /// It was told what its user is invited to.
    pub(super) knows_invitations: bool,
}

/// With what name a client signs.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) name: UserName,
    /// How whoever signed in wrote that name.
    pub(super) spelling: UserName,
}

impl Signature {
    /// A body that is signed with the name in the spelling of the client, in that of the account.
    pub(super) fn in_own_spelling(&self, body: Body) -> Body {
        if self.spelling == self.name {
            return body;
        }
        match body.open() {
            Opened::Intact { signature, text } if signature == self.spelling.as_str() => {
                Body::new(&self.name, &text)
            }
            Opened::Intact { .. } | Opened::Corrupted => body,
        }
    }
}

/// Commands that wait for an account.
#[derive(Debug, Default)]
pub(super) struct KeptCommands(Vec<Command>);

impl KeptCommands {
    /// Keeps a command for later; beyond the bound it is dropped, as the network might have.
    pub(super) fn keep(&mut self, command: Command) {
        if self.0.len() < REGISTERING_COMMANDS_MAX {
            self.0.push(command);
        }
    }

    pub(super) fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.0)
    }
}

/// Keeps an address that has not signed in from being sent much more than it sent itself.
#[derive(Debug, Default)]
pub(super) struct Budget {
    bytes: usize,
}

impl Budget {
    /// Counts a datagram that came from the address.
    pub(super) fn heard(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes * AMPLIFICATION_MAX);
    }

    /// Whether a datagram of this size may be sent; if so, counts it.
    pub(super) fn may_send(&mut self, bytes: usize) -> bool {
        let rest = self.bytes.checked_sub(bytes);
        self.bytes = rest.unwrap_or(self.bytes);
        rest.is_some()
    }
}
