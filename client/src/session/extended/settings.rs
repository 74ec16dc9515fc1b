//! What the client keeps for the person at the server: said until it is stored, and heard from their
//! other sessions.

use std::time::Duration;

use super::super::{Common, Event};
use netchat_shared::extended::{
    ClientMessage, KeptSettings, Link, LinkError, NotKept, SettingsText,
};
use netchat_shared::sequence::Sequence;
use netchat_shared::time::Instant;

/// How long settings that the server could not store wait for the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Where those stand that were heard of last: others are earlier.
    known: Option<Sequence>,
    /// Put into this link, and not answered yet: one at a time.
    said: Option<SettingsText>,
    /// To be said next.
    waiting: Option<SettingsText>,
    retry_at: Option<Instant>,
}

impl Settings {
    /// The person has changed them.
    pub(super) fn set(&mut self, text: SettingsText) {
        self.waiting = (self.said.as_ref() != Some(&text)).then_some(text);
    }

    /// Whether everything is stored.
    pub(super) fn is_settled(&self) -> bool {
        self.said.is_none() && self.waiting.is_none()
    }

    /// Whether the server has something to answer on this link.
    pub(super) fn is_answer_due(&self) -> bool {
        self.said.is_some()
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Places mean nothing any more.
    pub(super) fn forget_places(&mut self) {
        self.known = None;
    }

    /// What was not answered is said again.
    pub(super) fn link_lost(&mut self) {
        self.retry_at = None;
        self.say_again();
    }

    /// Puts what waits into the link, if it has room.
    pub(super) fn pump(&mut self, now: Instant, link: &mut Link) -> Result<(), LinkError> {
        if self.said.is_some() || self.retry_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        self.retry_at = None;
        if let Some(text) = &self.waiting {
            link.send(&ClientMessage::SetSettings(text.clone()).to_wire())?;
            self.said = self.waiting.take();
        }
        Ok(())
    }

    /// The server has these now. While one's own are on their way, they will come later in the log, and
    /// others are not told.
    pub(super) fn handle_kept(&mut self, kept: KeptSettings, common: &mut Common) {
        if self.known.is_some_and(|known| kept.sequence <= known) {
            return;
        }
        self.known = Some(kept.sequence);
        if self.said.as_ref() == Some(&kept.text) {
            self.said = None;
        } else if self.is_settled() {
            common.tell(Event::Settings(kept.text));
        }
    }

    /// The server does not keep what was said.
    pub(super) fn handle_not_kept(&mut self, now: Instant, why: NotKept, common: &mut Common) {
        match why {
            NotKept::NotStored => {
                self.say_again();
                self.retry_at = Some(now + RETRY_AFTER);
            }
            NotKept::StorageQuota => {
                self.said = None;
                common.tell(Event::Line(
                    "Your settings are not kept at the server: you have stored as much as one account may."
                        .to_owned(),
                ));
            }
        }
    }

    /// What was said is said again, unless there is something newer.
    fn say_again(&mut self) {
        let said = self.said.take();
        self.waiting = self.waiting.take().or(said);
    }
}
