//! Other passwords in place of those that there are: the old one was proved, or a one-time word was shown,
//! and what is kept of the new one is stored. Until it is, nothing has changed.

use std::collections::BTreeMap;

use netchat_shared::extended::{Delay, PasswordReply, Token};
use netchat_shared::opaque::Record;

use super::door::Door;
use super::tokens;
use crate::admission::Later;
use crate::context::{Busy, Context};
use crate::events::{NotSignedIn, SessionKey, Update};
use crate::storage::{
    Draft, KeptPassword, Placed, Stored, Ticket, TokenHash, UserId, Verifier, Write,
};

/// The changes that are being stored: at most one for each session, which asks for nothing else
/// meanwhile.
#[derive(Debug, Default)]
pub(crate) struct PasswordChanges {
    pending: BTreeMap<Ticket, PasswordChange>,
}

/// A change of a password.
#[derive(Debug, Clone)]
pub(crate) struct PasswordChange {
    pub(crate) user: UserId,
    /// What the one that is good now is compared with.
    pub(crate) compared: Verifier,
    pub(crate) by: ChangedBy,
}

/// Who changes a password.
#[derive(Debug, Clone)]
pub(crate) enum ChangedBy {
    /// A session of the user's. With a token, that of the session, no other is to be good any more.
    Session(SessionKey, Option<TokenHash>),
    /// Somebody with a one-time word, who comes in with it and is given this token. No other is to be good
    /// any more.
    Word(Door, Token),
}

impl PasswordChange {
    /// The only token of the user's that is to be good, if not all are.
    fn only_token(&self) -> Option<TokenHash> {
        match &self.by {
            ChangedBy::Session(_, only) => *only,
            ChangedBy::Word(_, token) => Some(tokens::hash(token)),
        }
    }
}

impl PasswordChanges {
    /// This is to be kept of the new password.
    pub(crate) fn store(&mut self, cx: &mut Context, change: PasswordChange, record: Record) {
        let (user, only_token) = (change.user, change.only_token());
        let (compared, password) = (change.compared.clone(), KeptPassword::unread(record));
        let draft = Draft::Password { user, compared, password, only_token };
        match cx.store(Write::Append(vec![draft])) {
            Ok(ticket) => drop(self.pending.insert(ticket, change)),
            Err(Busy) => put_off(cx, &change, Later::BUSY),
        }
    }

    /// The log has it: what was changed, if it was asked for here.
    pub(crate) fn handle_entry(&mut self, ticket: Ticket) -> Option<PasswordChange> {
        self.pending.remove(&ticket)
    }

    /// The answer of storage came, and no entry with it.
    pub(crate) fn handle_stored(&mut self, cx: &mut Context, ticket: Ticket, stored: &Stored) {
        let is_outdated =
            matches!(stored, Stored::Placed(placed) if matches!(placed[..], [Placed::Taken]));
        if !is_outdated && !matches!(stored, Stored::Failed) {
            return;
        }
        match (self.pending.remove(&ticket), is_outdated) {
            (Some(change), true) => tell_wrong(cx, &change),
            (Some(change), false) => put_off(cx, &change, Later::BUSY),
            (None, _) => {}
        }
    }
}

/// It is to be asked again later: a person is here who can.
fn put_off(cx: &mut Context, change: &PasswordChange, later: Later) {
    match &change.by {
        ChangedBy::Session(key, _) => tell_put_off(cx, *key, later),
        ChangedBy::Word(door, _) => {
            cx.update(door.key, Update::NotSignedIn(NotSignedIn::Later(later)));
        }
    }
}

/// The password is another one by now.
fn tell_wrong(cx: &mut Context, change: &PasswordChange) {
    match &change.by {
        ChangedBy::Session(key, _) => cx.update(*key, Update::Password(PasswordReply::Wrong)),
        ChangedBy::Word(door, _) => {
            cx.update(door.key, Update::NotSignedIn(NotSignedIn::Wrong));
        }
    }
}

/// The same for a session of the user's.
pub(crate) fn tell_put_off(cx: &mut Context, key: SessionKey, later: Later) {
    let line = match later.why {
        Delay::Busy => {
            "The server is busy: the password is the old one. Please try again.".to_owned()
        }
        Delay::Attempts | Delay::Sessions => {
            let seconds = later.wait.as_millis().div_ceil(1_000);
            format!("Too many wrong passwords from here: please try again in {seconds} s.")
        }
    };
    cx.update(key, Update::Password(PasswordReply::Refused(line)));
}
