//! Changing a password: the old one is compared, the new one hashed, and the hash stored. Until it is,
//! nothing has changed.

use std::collections::BTreeMap;

use netchat_shared::extended::{Delay, PasswordReply};
use netchat_shared::password::Password;

use crate::admission::Later;
use crate::context::{Busy, Context};
use crate::events::{SessionKey, Update};
use crate::storage::{Draft, Hashed, Stored, Ticket, TokenHash, UserId, Write};

/// The changes that are being stored: at most one for each session, which asks for nothing else
/// meanwhile.
#[derive(Debug, Default)]
pub(crate) struct PasswordChanges {
    pending: BTreeMap<Ticket, PasswordChange>,
}

/// A change of a password.
#[derive(Debug, Clone)]
pub(crate) struct PasswordChange {
    /// The session that asked.
    pub(crate) key: SessionKey,
    pub(crate) user: UserId,
    pub(crate) new: Password,
    /// The token of that session, if no other is to be good any more.
    pub(crate) only_token: Option<TokenHash>,
}

impl PasswordChanges {
    /// The old password was right, and the new one is hashed.
    pub(crate) fn store(&mut self, cx: &mut Context, change: PasswordChange, hashed: Hashed) {
        let Hashed::Created(hash) = hashed else { return put_off(cx, &change, Later::BUSY) };
        let PasswordChange { user, only_token, .. } = change;
        match cx.store(Write::Append(vec![Draft::PasswordHash { user, hash, only_token }])) {
            Ok(ticket) => drop(self.pending.insert(ticket, change)),
            Err(Busy) => put_off(cx, &change, Later::BUSY),
        }
    }

    /// The log has the new hash: what was changed, if it was asked for here.
    pub(crate) fn handle_entry(&mut self, ticket: Ticket) -> Option<PasswordChange> {
        self.pending.remove(&ticket)
    }

    /// The answer of storage came, and no entry with it.
    pub(crate) fn handle_stored(&mut self, cx: &mut Context, ticket: Ticket, stored: &Stored) {
        if let Stored::Failed = stored
            && let Some(change) = self.pending.remove(&ticket)
        {
            put_off(cx, &change, Later::BUSY);
        }
    }
}

/// It is to be asked again later: a person is here who can.
pub(crate) fn put_off(cx: &mut Context, change: &PasswordChange, later: Later) {
    let line = match later.why {
        Delay::Busy => {
            "The server is busy: the password is the old one. Please try again.".to_owned()
        }
        Delay::Attempts | Delay::Sessions => {
            let seconds = later.wait.as_millis().div_ceil(1_000);
            format!("Too many wrong passwords from here: please try again in {seconds} s.")
        }
    };
    cx.update(change.key, Update::Password(PasswordReply::Refused(line)));
}
