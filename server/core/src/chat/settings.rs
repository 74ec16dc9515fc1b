//! What clients keep for their users. It is stored, and not held here: who wants it reads a page.

use std::collections::BTreeMap;

use netchat_shared::extended::{KeptSettings, NotKept, SettingsText};
use netchat_shared::sequence::Sequence;

use super::people::People;
use crate::context::{Busy, Context};
use crate::events::{SessionKey, Update};
use crate::storage::{Draft, Placed, Refused, Stored, Ticket, UserId, Write};

/// Settings that are being stored, and the sessions that set them: at most one for each, which asks for
/// nothing else meanwhile.
#[derive(Debug, Default)]
pub(crate) struct PersonalSettings {
    pending: BTreeMap<Ticket, SessionKey>,
}

impl PersonalSettings {
    /// A session sets them.
    pub(crate) fn set(
        &mut self,
        cx: &mut Context,
        (key, user): (SessionKey, UserId),
        based_on: Option<Sequence>,
        text: SettingsText,
    ) {
        match cx.store(Write::Append(vec![Draft::Settings { user, based_on, text }])) {
            Ok(ticket) => drop(self.pending.insert(ticket, key)),
            Err(Busy) => cx.update(key, Update::SettingsKept(Err(NotKept::NotStored))),
        }
    }

    /// The log has them: every session of their user is told, those that are away when they come back.
    pub(crate) fn handle_entry(
        &mut self,
        cx: &mut Context,
        people: &People,
        ticket: Option<Ticket>,
        user: UserId,
        kept: &KeptSettings,
    ) {
        let asked_by = ticket.and_then(|ticket| self.pending.remove(&ticket));
        if let Some(key) = asked_by {
            cx.update(key, Update::SettingsKept(Ok(kept.clone())));
        }
        for (key, _) in people.presence.all_of(user).filter(|(key, _)| Some(*key) != asked_by) {
            cx.update(key, Update::Settings(kept.clone()));
        }
    }

    /// The answer of storage came: if they are not stored, who set them is told.
    pub(crate) fn handle_stored(&mut self, cx: &mut Context, ticket: Ticket, stored: &Stored) {
        let why = match stored {
            Stored::Placed(placed) => match placed[..] {
                // It comes by the log.
                [Placed::At(_)] => return,
                [Placed::Refused(Refused::QuotaReached)] => NotKept::StorageQuota,
                [Placed::Outdated] => NotKept::Outdated,
                _ => NotKept::NotStored,
            },
            Stored::Done | Stored::Failed => NotKept::NotStored,
        };
        if let Some(key) = self.pending.remove(&ticket) {
            cx.update(key, Update::SettingsKept(Err(why)));
        }
    }
}
