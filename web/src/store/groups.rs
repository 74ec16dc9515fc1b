//! What the page shows of groups: what waits for the person's decision, and the details of one group.

use netchat_client::session::GroupOutcome;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{BlockReply, GroupAction, GroupInfo};
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sorted::{SortedMap, SortedSet};

use super::{Answer, Store, Thing};
use crate::intl;
use crate::words::{notice, values};

/// What waits for a decision, and the group whose details are in front.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    /// Groups that one is invited to, and by whom.
    pub invitations: SortedMap<GroupName, UserName>,
    /// Who asks to join which of one's groups.
    pub asking: SortedSet<(GroupName, UserName)>,
    /// The details that are in front.
    pub details: Option<GroupDetails>,
    /// All groups that one is in are known. A classic server never tells.
    are_known: bool,
    /// An address led to this group before they were known.
    supposed: Option<GroupName>,
}

/// The details of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDetails {
    /// Which group.
    pub group: GroupName,
    /// What it is; `None` until it is known.
    pub info: Option<GroupInfo>,
    /// Its members, as far as they are known.
    pub members: SortedSet<UserName>,
    /// What went wrong last.
    pub error: Option<String>,
}

/// Something the person wants of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupIntent {
    /// Accept an invitation.
    Accept(GroupName),
    /// Hear of somebody's invitations no more.
    Block(UserName),
    /// Hear of them again.
    Unblock(UserName),
    /// Say whose invitations one does not hear of.
    ListBlocked,
    /// Show a group's details.
    Open(GroupName),
    /// Show them no more.
    Close,
    /// Invite people (names separated by commas).
    Invite(GroupName, String),
    /// Give a group another name.
    Rename(GroupName, String),
    /// Do something else about a group.
    Act(GroupName, GroupAction),
}

impl Groups {
    /// A group has another name.
    pub(super) fn rename(&mut self, from: &GroupName, to: &GroupName) {
        if let Some(details) = self.details.as_mut().filter(|details| details.group == *from) {
            details.group = to.clone();
        }
        if self.supposed.as_ref() == Some(from) {
            self.supposed = Some(to.clone());
        }
    }

    /// One is in that group.
    fn prove(&mut self, group: &GroupName) {
        self.supposed.take_if(|supposed| supposed == group);
    }

    /// A page of members came.
    pub(super) fn add_members(&mut self, group: &GroupName, names: Vec<UserName>) {
        if let Some(details) = self.details.as_mut().filter(|details| details.group == *group) {
            details.members.extend(names);
        }
    }

    /// Details of a group that one is in no more are of no use.
    pub(super) fn close_if(&mut self, group: &GroupName) {
        if self.details.as_ref().is_some_and(|details| details.group == *group) {
            self.details = None;
        }
    }
}

impl Store {
    pub(super) fn fold_group(&mut self, group: &GroupName, outcome: GroupOutcome) {
        let conversation = Conversation::Group(group.clone());
        let locale = self.locale();
        self.touched.thing(Thing::Details);
        match outcome {
            GroupOutcome::Created(_) | GroupOutcome::Joined => {
                self.answer(Ok(()));
                self.add_group(group);
                self.open(Some(conversation));
            }
            GroupOutcome::Added => {
                self.say(notice::Added { group }.say(locale));
                self.add_group(group);
            }
            GroupOutcome::NotFound(names) => {
                let names = &intl::list(locale, names.iter().map(String::as_str));
                let line = notice::NotInvited { group, names }.say(locale);
                match &mut self.groups.details {
                    Some(details) if details.group == *group => details.error = Some(line),
                    // The group is there all the same.
                    Some(_) | None => self.say(line),
                }
            }
            GroupOutcome::Invited(names) => {
                let names = &intl::list(locale, names.iter().map(UserName::as_str));
                self.say(notice::Invited { group, names }.say(locale));
            }
            GroupOutcome::Asked => {
                self.answer(Ok(()));
                self.say(notice::Asked { group }.say(locale));
            }
            GroupOutcome::NotLetIn => self.say(notice::NotLetIn { group }.say(locale)),
            GroupOutcome::DoesNotExist => {
                self.refuse(group, notice::NoGroup { group }.say(locale));
            }
            GroupOutcome::Refused(why) => {
                self.refuse(group, values::told_sentence(locale, &why));
            }
            GroupOutcome::WasRemoved => {
                self.say(notice::Removed { group }.say(locale));
                self.leave_group(group);
            }
            GroupOutcome::Quit => self.leave_group(group),
            GroupOutcome::Removed(name) => {
                if let Some(details) = &mut self.groups.details
                    && details.group == *group
                {
                    details.members.remove(&name);
                }
            }
            GroupOutcome::Is(info) => {
                if let Some(details) = &mut self.groups.details
                    && details.group == *group
                {
                    details.error = None;
                    details.info = Some(info);
                }
            }
            // The details are asked for anew.
            GroupOutcome::Declined
            | GroupOutcome::Admitted(_)
            | GroupOutcome::TurnedAway(_)
            | GroupOutcome::Changed(..) => {}
        }
    }

    /// A page of the groups that one is in, and whether more follow. What an address led to and is none of them
    /// is left again.
    pub(super) fn fold_groups(&mut self, groups: &[GroupName], has_more: bool) {
        groups.iter().for_each(|group| self.add_group(group));
        if !has_more {
            self.groups.are_known = true;
            let supposed = self.groups.supposed.take();
            supposed.iter().for_each(|group| self.leave_group(group));
        }
    }

    fn add_group(&mut self, group: &GroupName) {
        self.groups.prove(group);
        self.thread(&Conversation::Group(group.clone()));
    }

    /// Whether a conversation may be opened: a group that one is in, as far as that is known.
    pub(super) fn leads_somewhere(&self, conversation: &Conversation) -> bool {
        match conversation {
            Conversation::Everyone | Conversation::User(_) => true,
            Conversation::Group(_) => {
                !self.groups.are_known || self.threads.contains_key(conversation)
            }
        }
    }

    /// A conversation comes to the front: a group of which only an address tells may be none of the person's.
    pub(super) fn suppose(&mut self, conversation: &Conversation) {
        if let Conversation::Group(group) = conversation
            && !self.threads.contains_key(conversation)
        {
            // One at a time: the one before is listed again when it is told.
            let before = self.groups.supposed.replace(group.clone());
            before.iter().for_each(|group| self.leave_group(group));
        }
    }

    fn leave_group(&mut self, group: &GroupName) {
        self.groups.close_if(group);
        self.groups.prove(group);
        let conversation = Conversation::Group(group.clone());
        if self.is_in_front(&conversation) {
            self.open(None);
        }
        self.threads.remove(&conversation);
        self.touched.thing(Thing::List);
        self.touched.thing(Thing::Unread);
    }

    /// What went wrong is said where the person looks.
    fn refuse(&mut self, group: &GroupName, line: String) {
        match &mut self.groups.details {
            Some(details) if details.group == *group => details.error = Some(line),
            Some(_) | None if self.answer == Answer::Awaited => self.answer(Err(line)),
            Some(_) | None => self.say(line),
        }
    }

    /// Everything that is here under a group's former name belongs under the new one.
    pub(super) fn rename(&mut self, from: &GroupName, to: &GroupName) {
        let (before, after) = (Conversation::Group(from.clone()), Conversation::Group(to.clone()));
        self.groups.rename(from, to);
        if let Some(mut thread) = self.threads.remove(&before) {
            self.say(notice::Renamed { from, to }.say(self.locale()));
            thread.asked = None;
            let lines = thread.timeline.lines().iter().map(|line| line.key);
            for key in lines.chain(thread.timeline.unplaced().iter().copied()) {
                if let Some(message) = self.messages.get_mut(&key) {
                    message.conversation = after.clone();
                }
            }
            // What is there under the new name already is another group's thread of before.
            self.threads.get_or_insert(after.clone(), thread);
        }
        if let Some(draft) = self.drafts.remove(&before) {
            self.drafts.get_or_insert(after.clone(), draft);
        }
        self.settings.person.rename(&before, &after);
        self.searching.rename(&before, &after);
        self.touched.thing(Thing::Search);
        let changes = self.pending_changes.values_mut();
        changes.filter(|change| change.conversation == before).for_each(|change| {
            change.conversation = after.clone();
        });
        if let Some(front) = self.front.as_mut().filter(|front| front.conversation == before) {
            front.conversation = after;
        }
        self.touched.everything();
    }

    /// What was set of a group before it was renamed is meant for it still.
    pub(super) fn rename_in_settings(&mut self, from: &GroupName, to: &GroupName) {
        let [from, to] = [from, to].map(|name| Conversation::Group(name.clone()));
        self.settings.person.rename(&from, &to);
        self.touch_settings();
    }

    /// What was typed in the details can't be done, and why.
    pub fn refuse_details(&mut self, line: String) {
        if let Some(details) = &mut self.groups.details {
            details.error = Some(line);
        }
        self.touched.thing(Thing::Details);
    }

    /// Whether a conversation is the one in front.
    #[must_use]
    pub fn is_in_front(&self, conversation: &Conversation) -> bool {
        self.front.as_ref().is_some_and(|front| front.conversation == *conversation)
    }

    pub(super) fn say_block(&mut self, name: &UserName, reply: BlockReply) {
        let locale = self.locale();
        self.say(match reply {
            BlockReply::Blocked => notice::Blocked { name }.say(locale),
            BlockReply::Free => notice::BlockFree { name }.say(locale),
            BlockReply::Unknown => notice::BlockUnknown { name }.say(locale),
            BlockReply::TooMany => notice::BLOCK_FULL.say(locale).to_owned(),
            BlockReply::NotStored => notice::BLOCK_NOT_STORED.say(locale).to_owned(),
        });
    }

    pub(super) fn say_blocked(&mut self, names: &[UserName]) {
        if names.is_empty() {
            return self.say_word(notice::BLOCKED_NOBODY);
        }
        let names = &intl::list(self.locale(), names.iter().map(UserName::as_str));
        self.say(notice::BlockedList { names }.say(self.locale()));
    }
}
