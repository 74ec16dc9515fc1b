//! What waits for the person's decision: groups that they are invited to, and who asks to join theirs.
//!
//! A server tells all of it before `FROM`, and each change as it comes. So what is known from an earlier
//! link and was not told again is over.

use super::super::{Common, Event};
use crate::limits::DECISIONS_MAX;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sorted::{SortedMap, SortedSet};

#[derive(Debug, Default)]
pub(super) struct Consent {
    invitations: SortedMap<GroupName, UserName>,
    asking: SortedSet<(GroupName, UserName)>,
    /// What was told since the list began, while it is being told.
    listed: Option<Listed>,
}

/// What a list has told so far.
#[derive(Debug, Default)]
struct Listed {
    invitations: SortedSet<GroupName>,
    asking: SortedSet<(GroupName, UserName)>,
}

impl Consent {
    /// Everything is about to be told.
    pub(super) fn begin(&mut self) {
        self.listed = Some(Listed::default());
    }

    /// Everything was told.
    pub(super) fn finish(&mut self, common: &mut Common) {
        let Some(Listed { invitations, asking }) = self.listed.take() else { return };
        let over = self.invitations.keys().filter(|group| !invitations.contains(*group));
        for group in over.cloned().collect::<Vec<_>>() {
            self.end_invitation(&group, common);
        }
        let over =
            self.asking.iter().filter(|asks| !asking.contains(asks)).cloned().collect::<Vec<_>>();
        for (group, name) in over {
            self.end_asking(group, name, common);
        }
    }

    pub(super) fn invite(&mut self, group: GroupName, by: UserName, common: &mut Common) {
        if let Some(listed) = &mut self.listed {
            listed.invitations.insert(group.clone());
        }
        let is_known = self.invitations.get(&group) == Some(&by);
        if !is_known && self.invitations.len() < DECISIONS_MAX {
            self.invitations.insert(group.clone(), by.clone());
            common.tell(Event::Invited(group, by));
        }
    }

    pub(super) fn end_invitation(&mut self, group: &GroupName, common: &mut Common) {
        if self.invitations.remove(group).is_some() {
            common.tell(Event::InvitationEnded(group.clone()));
        }
    }

    pub(super) fn end_invitations_of(&mut self, by: &UserName, common: &mut Common) {
        let theirs = self.invitations.iter().filter(|(_, inviter)| *inviter == by);
        for group in theirs.map(|(group, _)| group.clone()).collect::<Vec<_>>() {
            self.end_invitation(&group, common);
        }
    }

    pub(super) fn ask(&mut self, group: GroupName, name: UserName, common: &mut Common) {
        let asks = (group, name);
        if let Some(listed) = &mut self.listed {
            listed.asking.insert(asks.clone());
        }
        if self.asking.len() < DECISIONS_MAX && self.asking.insert(asks.clone()) {
            common.tell(Event::Asks(asks.0, asks.1));
        }
    }

    pub(super) fn end_asking(&mut self, group: GroupName, name: UserName, common: &mut Common) {
        let asks = (group, name);
        if self.asking.remove(&asks) {
            common.tell(Event::AsksNoMore(asks.0, asks.1));
        }
    }

    /// The person does not decide about that group any more.
    pub(super) fn forget_asking(&mut self, group: &GroupName, common: &mut Common) {
        let over = self.asking.iter().filter(|(of, _)| of == group);
        for (group, name) in over.cloned().collect::<Vec<_>>() {
            self.end_asking(group, name, common);
        }
    }

    pub(super) fn rename(&mut self, from: &GroupName, to: &GroupName, common: &mut Common) {
        let asking = self.asking.iter().filter(|(of, _)| of == from);
        for (group, name) in asking.cloned().collect::<Vec<_>>() {
            self.end_asking(group, name.clone(), common);
            self.ask(to.clone(), name, common);
        }
    }
}
