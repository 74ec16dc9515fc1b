//! Conversations, and who belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use netchat_shared::extended::JoinPolicy;
use netchat_shared::name::GroupName;

use crate::names::{Found, NameIndex, NameKeys};
use crate::storage::{ConversationId, GroupRecord, Sequence, Standing, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Conversations {
    groups: BTreeMap<ConversationId, Group>,
    group_by_name: BTreeMap<GroupName, ConversationId>,
    group_names: NameIndex<ConversationId>,
    groups_by_member: BTreeMap<UserId, BTreeSet<ConversationId>>,
    groups_by_creator: BTreeMap<UserId, BTreeSet<ConversationId>>,
    /// Groups that users are no members of and stand in some relation to.
    groups_by_other: BTreeMap<UserId, BTreeSet<ConversationId>>,
    /// Who is not told of whose invitations.
    blocks: BTreeSet<(UserId, UserId)>,
    /// Both ways, and once for notes to oneself.
    directs: BTreeMap<(UserId, UserId), ConversationId>,
    pair_by_id: BTreeMap<ConversationId, (UserId, UserId)>,
}

/// A group and its members, in the order in which they joined.
pub(crate) type Group = GroupRecord;

/// What a conversation is.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    /// The broadcast.
    Everyone,
    /// A group.
    Group(&'a Group),
    /// Of two users, or one's notes to oneself.
    Direct(UserId, UserId),
}

impl Conversations {
    pub(super) fn group_count(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn kind(&self, id: ConversationId) -> Option<Kind<'_>> {
        if id == ConversationId::EVERYONE {
            return Some(Kind::Everyone);
        }
        if let Some(&(one, other)) = self.pair_by_id.get(&id) {
            return Some(Kind::Direct(one, other));
        }
        self.groups.get(&id).map(Kind::Group)
    }

    pub(super) fn insert_direct(&mut self, id: ConversationId, one: UserId, other: UserId) {
        self.directs.insert((one, other), id);
        self.directs.insert((other, one), id);
        self.pair_by_id.insert(id, (one, other));
    }

    pub(super) fn find_direct(&self, one: UserId, other: UserId) -> Option<ConversationId> {
        self.directs.get(&(one, other)).copied()
    }

    pub(super) fn partners_of(&self, user: UserId) -> impl Iterator<Item = UserId> {
        let all = (user, UserId(0))..=(user, UserId(u32::MAX));
        self.directs.range(all).map(|((_, other), _)| *other)
    }

    /// Answers which group's name is like that of this one.
    pub(super) fn insert_group(&mut self, group: GroupRecord) -> Option<ConversationId> {
        for (member, _) in &group.members {
            self.groups_by_member.entry(*member).or_default().insert(group.id);
        }
        for (other, _) in &group.others {
            self.groups_by_other.entry(*other).or_default().insert(group.id);
        }
        self.groups_by_creator.entry(group.creator).or_default().insert(group.id);
        let alike = self.group_names.insert(&NameKeys::of(&group.name), group.id);
        self.group_by_name.insert(group.name.clone(), group.id);
        self.groups.insert(group.id, group);
        alike
    }

    /// In any spelling, unless several of before have it.
    pub(super) fn find_group(&self, name: &GroupName) -> Option<&Group> {
        let id = self.group_by_name.get(name).copied();
        let id = id.or_else(|| match self.group_names.find(&NameKeys::of(name)) {
            Found::Same(id) => Some(id),
            Found::Nobody | Found::Several | Found::Alike(_) => None,
        });
        id.and_then(|id| self.groups.get(&id))
    }

    pub(super) fn find_group_alike(&self, keys: &NameKeys) -> Found<&Group> {
        self.group_names.find(keys).and_then(|id| self.groups.get(&id))
    }

    pub(super) fn is_member(&self, group: ConversationId, user: UserId) -> bool {
        self.groups_by_member.get(&user).is_some_and(|groups| groups.contains(&group))
    }

    pub(super) fn groups_of(&self, user: UserId) -> impl Iterator<Item = &Group> {
        let ids = self.groups_by_member.get(&user).into_iter().flatten();
        ids.filter_map(|id| self.groups.get(id))
    }

    /// How many of the groups that are there a user has made.
    pub(super) fn groups_made_by(&self, user: UserId) -> usize {
        self.groups_by_creator.get(&user).map_or(0, BTreeSet::len)
    }

    /// The groups that a user is no member of and stands in some relation to.
    pub(super) fn standings_of(&self, user: UserId) -> impl Iterator<Item = (&Group, Standing)> {
        let ids = self.groups_by_other.get(&user).into_iter().flatten();
        let groups = ids.filter_map(|id| self.groups.get(id));
        groups.filter_map(move |group| Some((group, group.standing(user)?)))
    }

    pub(super) fn is_blocked(&self, user: UserId, other: UserId) -> bool {
        self.blocks.contains(&(user, other))
    }

    pub(super) fn blocked_by(&self, user: UserId) -> impl Iterator<Item = UserId> {
        let all = (user, UserId(0))..=(user, UserId(u32::MAX));
        self.blocks.range(all).map(|(_, other)| *other)
    }

    pub(super) fn set_blocked(&mut self, user: UserId, other: UserId, is_blocked: bool) {
        if is_blocked {
            self.blocks.insert((user, other));
        } else {
            self.blocks.remove(&(user, other));
        }
    }

    pub(super) fn add_member(&mut self, group: ConversationId, user: UserId, since: Sequence) {
        if let Some(record) = self.groups.get_mut(&group) {
            record.add_member(user, since);
            self.groups_by_member.entry(user).or_default().insert(group);
            forget(&mut self.groups_by_other, user, group);
        }
    }

    /// With the last member, the group goes.
    pub(super) fn remove_member(&mut self, group: ConversationId, user: UserId) {
        self.change_others(group, |record| {
            record.remove_member(user);
            if record.members.is_empty() {
                record.others.clear();
            }
        });
        forget(&mut self.groups_by_member, user, group);
        if self.groups.get(&group).is_some_and(|group| group.members.is_empty())
            && let Some(gone) = self.groups.remove(&group)
        {
            forget(&mut self.groups_by_creator, gone.creator, group);
            self.free_name(&gone.name, group);
        }
    }

    pub(super) fn set_standing(
        &mut self,
        group: ConversationId,
        user: UserId,
        standing: Option<Standing>,
    ) {
        self.change_others(group, |record| record.set_standing(user, standing));
    }

    /// Changes what a group is to others, perhaps to several.
    fn change_others(&mut self, group: ConversationId, change: impl FnOnce(&mut GroupRecord)) {
        let Some(record) = self.groups.get_mut(&group) else { return };
        let before: BTreeSet<UserId> = record.others.iter().map(|(other, _)| *other).collect();
        change(record);
        let after: BTreeSet<UserId> = record.others.iter().map(|(other, _)| *other).collect();
        for gone in before.difference(&after) {
            forget(&mut self.groups_by_other, *gone, group);
        }
        for new in after.difference(&before) {
            self.groups_by_other.entry(*new).or_default().insert(group);
        }
    }

    pub(super) fn rename(&mut self, group: ConversationId, at: Sequence, name: &GroupName) {
        let Some(record) = self.groups.get_mut(&group) else { return };
        let before = record.name.clone();
        record.rename(at, name.clone());
        self.free_name(&before, group);
        self.group_names.insert(&NameKeys::of(name), group);
        self.group_by_name.insert(name.clone(), group);
    }

    pub(super) fn set_policy(&mut self, group: ConversationId, policy: JoinPolicy) {
        if let Some(record) = self.groups.get_mut(&group) {
            record.policy = policy;
        }
    }

    fn free_name(&mut self, name: &GroupName, group: ConversationId) {
        if self.group_by_name.get(name) == Some(&group) {
            self.group_by_name.remove(name);
        }
        self.group_names.remove(&NameKeys::of(name), group);
    }
}

fn forget(
    groups: &mut BTreeMap<UserId, BTreeSet<ConversationId>>,
    user: UserId,
    group: ConversationId,
) {
    if let Some(of_user) = groups.get_mut(&user) {
        of_user.remove(&group);
        if of_user.is_empty() {
            groups.remove(&user);
        }
    }
}
