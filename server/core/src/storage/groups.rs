//! A group as the log has it, and the rules by which it changes: by consent.

use netchat_shared::extended::JoinPolicy;
use netchat_shared::name::GroupName;
use netchat_shared::sequence::Sequence;

use super::ids::{ConversationId, UserId};
use crate::limits::{FORMER_NAMES_MAX, GROUP_BARRED_MAX};

/// A group as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its conversation.
    pub id: ConversationId,
    /// Its name.
    pub name: GroupName,
    /// Who has made it, whether or not they are in it still: it counts as theirs as long as it is there.
    pub creator: UserId,
    /// Who may join.
    pub policy: JoinPolicy,
    /// Its members with the place from which on each may read, in the order in which they joined. The
    /// first decides about it: its maker, and once that one has left, who is there longest.
    pub members: Vec<(UserId, Sequence)>,
    /// What it is to others, in the order in which it came to be so.
    pub others: Vec<(UserId, Standing)>,
    /// What it was called before, the earliest first: the latest [`FORMER_NAMES_MAX`].
    pub former_names: Vec<FormerName>,
}

/// A name that a group has given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerName {
    /// The place of the renaming.
    pub until: Sequence,
    /// The name.
    pub name: GroupName,
}

/// What a group is to somebody who is no member of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They are invited, by that user.
    Invited(UserId),
    /// They ask to join.
    Asking,
    /// Its maker has removed them, or turned them away: only the maker's invitation brings them (back)
    /// in. Of the latest [`GROUP_BARRED_MAX`], this is known.
    Barred,
}

/// What a member may do in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// They decide about it.
    Maker,
    /// They are in it.
    Member,
}

/// Why somebody may become a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Anyone may.
    Open,
    /// They are invited.
    Invited,
    /// They ask to, and that user lets them in, the maker.
    LetIn(UserId),
}

/// How what a group is to somebody changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingStep {
    /// That user invites them: a member where anyone may join, else the maker.
    Invite(UserId),
    /// That user takes their invitation back, the maker.
    TakeBack(UserId),
    /// They turn their invitation down.
    Decline,
    /// They ask to join.
    Ask,
    /// They ask no more.
    StopAsking,
    /// They asked, and that user does not let them in, the maker.
    TurnAway(UserId),
}

impl Admission {
    /// Who else has to agree to it.
    #[must_use]
    pub fn by(self) -> Option<UserId> {
        match self {
            Self::Open | Self::Invited => None,
            Self::LetIn(by) => Some(by),
        }
    }

    /// Whether somebody may become a member for that reason, if that is who else agrees. Nobody does who has
    /// not agreed.
    #[must_use]
    pub fn holds(self, policy: JoinPolicy, standing: Option<Standing>, by: Option<Role>) -> bool {
        match self {
            Self::Open => policy == JoinPolicy::Anyone && standing != Some(Standing::Barred),
            Self::Invited => matches!(standing, Some(Standing::Invited(_))),
            Self::LetIn(_) => standing == Some(Standing::Asking) && by == Some(Role::Maker),
        }
    }
}

impl StandingStep {
    /// Who takes it, if it is not whom it is about.
    #[must_use]
    pub fn by(self) -> Option<UserId> {
        match self {
            Self::Invite(by) | Self::TakeBack(by) | Self::TurnAway(by) => Some(by),
            Self::Decline | Self::Ask | Self::StopAsking => None,
        }
    }

    /// What comes of it for somebody who is no member, if that is who takes it; `None` if they may not, or it
    /// does not begin with that.
    #[must_use]
    pub fn apply(
        self,
        policy: JoinPolicy,
        from: Option<Standing>,
        by: Option<Role>,
    ) -> Option<Option<Standing>> {
        let is_maker = by == Some(Role::Maker);
        match (self, from) {
            (Self::Invite(by), Some(Standing::Invited(before))) if by == before => None,
            (Self::Invite(user), _) => {
                let is_open = policy == JoinPolicy::Anyone && from != Some(Standing::Barred);
                let may = is_maker || is_open && by.is_some();
                may.then_some(Some(Standing::Invited(user)))
            }
            (Self::TakeBack(_), Some(Standing::Invited(_))) if is_maker => Some(None),
            (Self::Decline, Some(Standing::Invited(_)))
            | (Self::StopAsking, Some(Standing::Asking)) => Some(None),
            (Self::Ask, None) if policy == JoinPolicy::Asking => Some(Some(Standing::Asking)),
            (Self::TurnAway(_), Some(Standing::Asking)) if is_maker => Some(Some(Standing::Barred)),
            (
                Self::TakeBack(_)
                | Self::Decline
                | Self::Ask
                | Self::StopAsking
                | Self::TurnAway(_),
                _,
            ) => None,
        }
    }
}

impl GroupRecord {
    /// Who decides about it.
    #[must_use]
    pub fn maker(&self) -> Option<UserId> {
        self.members.first().map(|(user, _)| *user)
    }

    /// What a user may do in it; `None` if they are no member.
    #[must_use]
    pub fn role(&self, user: UserId) -> Option<Role> {
        let at = self.members.iter().position(|(member, _)| *member == user)?;
        Some(if at == 0 { Role::Maker } else { Role::Member })
    }

    /// What it is to a user who is no member.
    #[must_use]
    pub fn standing(&self, user: UserId) -> Option<Standing> {
        self.others.iter().find(|(other, _)| *other == user).map(|(_, standing)| *standing)
    }

    /// A user is a member from there on.
    pub fn add_member(&mut self, user: UserId, since: Sequence) {
        self.set_standing(user, None);
        if !self.members.iter().any(|(member, _)| *member == user) {
            self.members.push((user, since));
        }
    }

    /// A user is a member no more, and invites nobody any more.
    pub fn remove_member(&mut self, user: UserId) {
        self.members.retain(|(member, _)| *member != user);
        self.others.retain(|(_, standing)| *standing != Standing::Invited(user));
    }

    /// What it is to a user from now on.
    pub fn set_standing(&mut self, user: UserId, standing: Option<Standing>) {
        self.others.retain(|(other, _)| *other != user);
        self.others.extend(standing.map(|standing| (user, standing)));
        let is_barred = |(_, standing): &(UserId, Standing)| *standing == Standing::Barred;
        let barred = self.others.iter().filter(|other| is_barred(other)).count();
        if barred > GROUP_BARRED_MAX
            && let Some(earliest) = self.others.iter().position(is_barred)
        {
            self.others.remove(earliest);
        }
    }

    /// It is called that from there on.
    pub fn rename(&mut self, at: Sequence, name: GroupName) {
        let name = std::mem::replace(&mut self.name, name);
        self.former_names.push(FormerName { until: at, name });
        if self.former_names.len() > FORMER_NAMES_MAX {
            self.former_names.remove(0);
        }
    }
}
