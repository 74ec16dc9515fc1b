//! Which conversations there are, and who belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use netchat_shared::name::GroupName;

use crate::limits::GROUPS_MAX;
use crate::storage::{ConversationId, ConversationKind, ConversationRecord, Sequence, UserId};

/// The conversations in memory, as storage has them.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    groups: BTreeMap<ConversationId, Group>,
    group_by_name: BTreeMap<GroupName, ConversationId>,
    groups_by_member: BTreeMap<UserId, BTreeSet<ConversationId>>,
    direct: BTreeMap<(UserId, UserId), ConversationId>,
    pair_by_id: BTreeMap<ConversationId, (UserId, UserId)>,
    last_id: u32,
}

/// A group and its members, in the order in which they joined.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: ConversationId,
    pub(crate) name: GroupName,
    pub(crate) members: Vec<UserId>,
}

/// What a conversation is, looked up by its id.
#[derive(Debug)]
pub(crate) enum Known<'a> {
    Everyone,
    Group(&'a Group),
    Direct(UserId, UserId),
}

impl Group {
    pub(crate) fn has(&self, user: UserId) -> bool {
        self.members.contains(&user)
    }
}

impl Conversations {
    pub(crate) fn load(records: Vec<ConversationRecord>, last_id: u32) -> Self {
        let mut conversations = Self { last_id, ..Self::default() };
        for record in records {
            conversations.insert(record);
        }
        conversations
    }

    pub(crate) fn groups_are_full(&self) -> bool {
        self.groups.len() >= GROUPS_MAX
    }

    pub(crate) fn get(&self, id: ConversationId) -> Option<Known<'_>> {
        if id == ConversationId::EVERYONE {
            return Some(Known::Everyone);
        }
        if let Some(group) = self.groups.get(&id) {
            return Some(Known::Group(group));
        }
        self.pair_by_id.get(&id).map(|&(one, other)| Known::Direct(one, other))
    }

    /// The conversation between two users, if they have had one.
    pub(crate) fn find_direct(&self, one: UserId, other: UserId) -> Option<ConversationId> {
        self.direct.get(&(one.min(other), one.max(other))).copied()
    }

    /// A new conversation between two users.
    pub(crate) fn create_direct(&mut self, one: UserId, other: UserId) -> ConversationRecord {
        let record = ConversationRecord {
            id: self.next_id(),
            kind: ConversationKind::Direct(one.min(other), one.max(other)),
        };
        self.insert(record.clone());
        record
    }

    /// A new group; the caller has seen that the name is free.
    pub(crate) fn create_group(
        &mut self,
        name: GroupName,
        members: &[UserId],
        since: Sequence,
    ) -> ConversationRecord {
        let members = members.iter().map(|&user| (user, since)).collect();
        let record =
            ConversationRecord { id: self.next_id(), kind: ConversationKind::Group(name, members) };
        self.insert(record.clone());
        record
    }

    /// Takes back a conversation that could not be stored.
    pub(crate) fn remove(&mut self, id: ConversationId) {
        if let Some(pair) = self.pair_by_id.remove(&id) {
            self.direct.remove(&pair);
        }
        let members = self.groups.get(&id).map(|group| group.members.clone());
        for member in members.unwrap_or_default() {
            self.remove_member(id, member);
        }
        if let Some(group) = self.groups.remove(&id) {
            self.group_by_name.remove(&group.name);
        }
    }

    pub(crate) fn find_group(&self, name: &GroupName) -> Option<&Group> {
        self.group_by_name.get(name).and_then(|id| self.groups.get(id))
    }

    pub(crate) fn add_member(&mut self, group: ConversationId, user: UserId) {
        if let Some(group) = self.groups.get_mut(&group)
            && !group.has(user)
        {
            group.members.push(user);
            self.groups_by_member.entry(user).or_default().insert(group.id);
        }
    }

    pub(crate) fn remove_member(&mut self, group: ConversationId, user: UserId) {
        if let Some(group) = self.groups.get_mut(&group) {
            group.members.retain(|&member| member != user);
        }
        if let Some(groups) = self.groups_by_member.get_mut(&user) {
            groups.remove(&group);
        }
    }

    /// The groups that a user is a member of.
    pub(crate) fn groups_of(&self, user: UserId) -> impl Iterator<Item = &Group> {
        let ids = self.groups_by_member.get(&user).into_iter().flatten();
        ids.filter_map(|id| self.groups.get(id))
    }

    fn insert(&mut self, record: ConversationRecord) {
        let id = record.id;
        match record.kind {
            ConversationKind::Direct(one, other) => {
                self.direct.insert((one, other), id);
                self.pair_by_id.insert(id, (one, other));
            }
            ConversationKind::Group(name, members) => {
                self.group_by_name.insert(name.clone(), id);
                self.groups.insert(id, Group { id, name, members: Vec::new() });
                for (user, _) in members {
                    self.add_member(id, user);
                }
            }
        }
    }

    fn next_id(&mut self) -> ConversationId {
        self.last_id += 1;
        ConversationId(self.last_id)
    }
}
