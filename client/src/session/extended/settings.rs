//! What the client keeps for the person at the server: said until it is stored, and heard from their
//! other sessions.

use std::time::Duration;

use super::super::{Common, CrossedSettings, Event, Told};
use crate::limits::SETTINGS_RENAMED_MAX;
use netchat_shared::extended::{
    ClientMessage, KeptSettings, Link, LinkError, NotKept, SettingsText,
};
use netchat_shared::name::GroupName;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::Instant;

/// How long settings that the server could not store wait for the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The server has told what is kept: before that, nothing is said.
    is_known: bool,
    /// What is kept, as it was heard of last. What the person sets is based on it.
    kept: Option<KeptSettings>,
    /// Put into this link, and not answered yet: one at a time.
    said: Option<SettingsText>,
    /// Said over an earlier link: it may be stored.
    unanswered: Option<SettingsText>,
    /// To be said next.
    waiting: Option<SettingsText>,
    /// The server keeps others than what the person's are based on: it is asked for those.
    is_outdated: bool,
    retry_at: Option<Instant>,
    /// How groups were renamed since the text was set that is told next.
    renamed: Vec<(GroupName, GroupName)>,
}

impl Settings {
    /// The person has changed them.
    pub(super) fn set(&mut self, text: SettingsText) {
        let kept = self.kept.as_ref().map_or("", |kept| kept.text.as_str());
        if self.is_known && self.is_settled() && text.as_str() == kept {
            return;
        }
        self.waiting = (self.said.as_ref() != Some(&text)).then_some(text);
    }

    /// Whether the server is to be asked for what is kept.
    pub(super) fn asks(&self) -> bool {
        self.is_outdated || (!self.is_known && self.waiting.is_some())
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

    /// Places mean nothing any more. What was kept in the other log is set again in this one.
    pub(super) fn forget_places(&mut self) {
        self.is_known = false;
        self.say_again();
        self.unanswered = None;
        let kept = self.kept.take().map(|kept| kept.text);
        self.waiting = self.waiting.take().or(kept);
    }

    /// What was not answered is said again.
    pub(super) fn link_lost(&mut self) {
        self.retry_at = None;
        self.renamed.clear();
        if !self.is_outdated {
            self.unanswered = self.said.clone().or(self.unanswered.take());
        }
        self.say_again();
    }

    /// Puts what waits into the link, if it has room.
    pub(super) fn pump(&mut self, now: Instant, link: &mut Link) -> Result<(), LinkError> {
        let is_early = self.retry_at.is_some_and(|at| now < at);
        if !self.is_known || self.said.is_some() || is_early {
            return Ok(());
        }
        self.retry_at = None;
        if let Some(text) = &self.waiting {
            let based_on = self.kept.as_ref().map(|kept| kept.sequence);
            link.send(&ClientMessage::SetSettings(based_on, text.clone()).to_wire())?;
            self.said = self.waiting.take();
        }
        Ok(())
    }

    /// A group was renamed since the text was set that is told next. Beyond the bound, it is dropped.
    pub(super) fn handle_renamed(&mut self, from: GroupName, to: GroupName) {
        if self.renamed.len() < SETTINGS_RENAMED_MAX {
            self.renamed.push((from, to));
        }
    }

    /// The server keeps these, or nothing. Who has asked for them hears them again.
    pub(super) fn handle_kept(
        &mut self,
        kept: Option<KeptSettings>,
        is_asked: bool,
        common: &mut Common,
    ) {
        self.take_kept(kept, is_asked, common);
        for (from, to) in std::mem::take(&mut self.renamed) {
            common.tell(Event::SettingsRenamed(from, to));
        }
    }

    fn take_kept(&mut self, kept: Option<KeptSettings>, is_asked: bool, common: &mut Common) {
        let is_later = kept.as_ref().map(|kept| kept.sequence) > self.place();
        if self.is_known && !is_later && !self.is_outdated {
            if let Some(kept) = kept.filter(|_| is_asked && self.is_settled()) {
                common.tell(Event::Settings(kept.text));
            }
            return;
        }
        let text = kept.as_ref().map(|kept| &kept.text);
        if self.said.is_some() && self.said.as_ref() == text {
            self.said = None;
            self.settle(kept);
        } else if self.said.is_none() || self.is_outdated {
            self.cross(kept, common);
        }
        // While the person's are on their way, the answer to them says whether these were earlier.
    }

    /// The server does not keep what was said.
    pub(super) fn handle_not_kept(&mut self, now: Instant, why: NotKept, common: &mut Common) {
        match why {
            NotKept::NotStored => {
                self.say_again();
                self.retry_at = Some(now + RETRY_AFTER);
            }
            NotKept::Outdated => self.is_outdated = self.said.is_some(),
            NotKept::StorageQuota => {
                self.said = None;
                self.unanswered = None;
                common.tell(Event::Line(Told::SettingsNotKept));
            }
        }
    }

    /// Something else is kept than what the person's are based on, if they have changed any.
    fn cross(&mut self, kept: Option<KeptSettings>, common: &mut Common) {
        let theirs = kept.as_ref().map_or_else(SettingsText::default, |kept| kept.text.clone());
        let before = self.kept.take().map(|kept| kept.text);
        // If what was said over an earlier link was stored, it is what came later that holds.
        let base = self.unanswered.take().or(before).unwrap_or_default();
        let has_any = kept.is_some();
        let said = self.said.take();
        let mine = self.waiting.take().or(said).unwrap_or_else(|| base.clone());
        self.settle(kept);
        if mine == theirs {
            return;
        }
        if theirs == base {
            self.waiting = Some(mine);
        } else if mine != base {
            common.tell(Event::SettingsCrossed(CrossedSettings { base, mine, theirs }));
        } else if has_any {
            common.tell(Event::Settings(theirs));
        }
    }

    fn settle(&mut self, kept: Option<KeptSettings>) {
        self.is_known = true;
        self.is_outdated = false;
        self.unanswered = None;
        self.kept = kept;
    }

    fn place(&self) -> Option<Sequence> {
        self.kept.as_ref().map(|kept| kept.sequence)
    }

    /// What was said is said again, unless there is something newer.
    fn say_again(&mut self) {
        self.is_outdated = false;
        let said = self.said.take();
        self.waiting = self.waiting.take().or(said);
    }
}
