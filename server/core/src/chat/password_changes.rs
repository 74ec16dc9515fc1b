//! Changing a password: the old one is compared, the new one hashed, and the hash stored. Until it is,
//! nothing has changed.

use std::collections::BTreeMap;

use netchat_shared::extended::PasswordReply;
use netchat_shared::password::Password;

use crate::context::{Busy, Context};
use crate::events::{SessionKey, Update};
use crate::passwords::Compared;
use crate::storage::{Draft, HashJob, Hashed, Stored, Ticket, TokenHash, UserId, Write};

/// The changes that are under way: at most one for each session, which asks for nothing else meanwhile.
#[derive(Debug, Default)]
pub(crate) struct PasswordChanges {
    pending: BTreeMap<Ticket, (PasswordChange, Step)>,
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

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Verify,
    Hash,
    Store,
}

impl PasswordChanges {
    /// Somebody wants another password, and shows the old one.
    pub(crate) fn begin(
        &mut self,
        cx: &mut Context,
        change: PasswordChange,
        old: &Password,
        hash: String,
    ) {
        let Compared { password, as_typed } = Compared::of(old);
        let job = HashJob::Verify { password, as_typed, hash: Some(hash) };
        let ticket = cx.hash(job);
        self.go_on(cx, ticket, change, Step::Verify);
    }

    /// A hash is done. If the old password was compared: whose it was meant to be, and whether it is.
    pub(crate) fn handle_hashed(
        &mut self,
        cx: &mut Context,
        ticket: Ticket,
        hashed: Hashed,
    ) -> Option<(UserId, bool)> {
        let (change, step) = self.pending.remove(&ticket)?;
        let user = change.user;
        match (step, hashed) {
            (Step::Verify, Hashed::Right(_)) => {
                let ticket = cx.hash(HashJob::Create(Compared::of(&change.new).password));
                self.go_on(cx, ticket, change, Step::Hash);
                Some((user, true))
            }
            (Step::Verify, Hashed::Wrong) => {
                cx.update(change.key, Update::Password(PasswordReply::Wrong));
                Some((user, false))
            }
            (Step::Hash, Hashed::Created(hash)) => {
                let only_token = change.only_token;
                let draft = Draft::PasswordHash { user, hash, only_token };
                let ticket = cx.store(Write::Append(vec![draft]));
                self.go_on(cx, ticket, change, Step::Store);
                None
            }
            (Step::Verify | Step::Hash | Step::Store, _) => {
                refuse(cx, change.key);
                None
            }
        }
    }

    /// The log has the new hash: what was changed, if it was asked for here.
    pub(crate) fn handle_entry(&mut self, ticket: Ticket) -> Option<PasswordChange> {
        self.pending.remove(&ticket).map(|(change, _)| change)
    }

    /// The answer of storage came, and no entry with it.
    pub(crate) fn handle_stored(&mut self, cx: &mut Context, ticket: Ticket, stored: &Stored) {
        if let Stored::Failed = stored
            && let Some((change, _)) = self.pending.remove(&ticket)
        {
            refuse(cx, change.key);
        }
    }

    fn go_on(
        &mut self,
        cx: &mut Context,
        ticket: Result<Ticket, Busy>,
        change: PasswordChange,
        step: Step,
    ) {
        match ticket {
            Ok(ticket) => drop(self.pending.insert(ticket, (change, step))),
            Err(Busy) => refuse(cx, change.key),
        }
    }
}

fn refuse(cx: &mut Context, key: SessionKey) {
    let line = "The server is busy: the password is the old one. Please try again.".to_owned();
    cx.update(key, Update::Password(PasswordReply::Refused(line)));
}
