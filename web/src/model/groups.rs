//! What the page shows of groups: what waits for the person's decision, and the details of one group.

use std::collections::{BTreeMap, BTreeSet};

use netchat_shared::extended::{GroupAction, GroupInfo, JoinPolicy};
use netchat_shared::name::{GroupName, UserName};

/// What waits for a decision, and the group whose details are in front.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    /// Groups that one is invited to, and by whom.
    pub invitations: BTreeMap<GroupName, UserName>,
    /// Who asks to join which of one's groups.
    pub asking: BTreeSet<(GroupName, UserName)>,
    /// The details that are in front.
    pub details: Option<GroupDetails>,
}

/// The details of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDetails {
    /// Which group.
    pub group: GroupName,
    /// What it is; `None` until it is known.
    pub info: Option<GroupInfo>,
    /// Its members, as far as they are known.
    pub members: BTreeSet<UserName>,
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

/// Who may join, in words.
#[must_use]
pub fn describe_policy(policy: JoinPolicy) -> &'static str {
    match policy {
        JoinPolicy::Anyone => "Anyone",
        JoinPolicy::Invitation => "Who is invited",
        JoinPolicy::Asking => "Who is invited, or asks and is let in",
    }
}
