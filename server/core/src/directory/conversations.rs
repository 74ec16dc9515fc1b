//! Conversations, and who belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use netchat_shared::name::GroupName;

use crate::names::{Found, NameIndex, NameKeys};
use crate::storage::{ConversationId, GroupRecord, Sequence, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Conversations {
    groups: BTreeMap<ConversationId, Group>,
    group_by_name: BTreeMap<GroupName, ConversationId>,
    group_names: NameIndex<ConversationId>,
    groups_by_member: BTreeMap<UserId, BTreeSet<ConversationId>>,
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

    pub(super) fn add_member(&mut self, group: ConversationId, user: UserId, since: Sequence) {
        if let Some(record) = self.groups.get_mut(&group)
            && self.groups_by_member.entry(user).or_default().insert(group)
        {
            record.members.push((user, since));
        }
    }

    pub(super) fn remove_member(&mut self, group: ConversationId, user: UserId) {
        if let Some(record) = self.groups.get_mut(&group) {
            record.members.retain(|(member, _)| *member != user);
        }
        if let Some(groups) = self.groups_by_member.get_mut(&user) {
            groups.remove(&group);
            if groups.is_empty() {
                self.groups_by_member.remove(&user);
            }
        }
    }
}
