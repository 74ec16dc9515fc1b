//! Which conversations there are, and who belongs to them.

use std::collections::BTreeMap;

use netchat_shared::name::GroupName;

use crate::limits::GROUPS_MAX;
use crate::storage::{ConversationId, ConversationKind, ConversationRecord, Order, UserId};

/// The conversations in memory, as storage has them.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    groups: BTreeMap<ConversationId, Group>,
    group_by_name: BTreeMap<GroupName, ConversationId>,
    direct: BTreeMap<(UserId, UserId), ConversationId>,
    last_id: u32,
}

/// A group and its members, in the order in which they joined.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: ConversationId,
    pub(crate) name: GroupName,
    pub(crate) members: Vec<UserId>,
}

impl Group {
    pub(crate) fn has(&self, user: UserId) -> bool {
        self.members.contains(&user)
    }
}

impl Conversations {
    pub(crate) fn load(records: Vec<ConversationRecord>, last_id: u32) -> Self {
        let mut conversations = Self {
            last_id,
            ..Self::default()
        };
        for record in records {
            conversations.insert(record);
        }
        conversations
    }

    pub(crate) fn groups_are_full(&self) -> bool {
        self.groups.len() >= GROUPS_MAX
    }

    /// The conversation between two users, and the record to store if it is new.
    pub(crate) fn direct(
        &mut self,
        one: UserId,
        other: UserId,
    ) -> (ConversationId, Option<ConversationRecord>) {
        let pair = (one.min(other), one.max(other));
        if let Some(&id) = self.direct.get(&pair) {
            return (id, None);
        }
        let record = ConversationRecord {
            id: self.next_id(),
            kind: ConversationKind::Direct(pair.0, pair.1),
        };
        self.direct.insert(pair, record.id);
        (record.id, Some(record))
    }

    /// A new group; the caller has seen that the name is free.
    pub(crate) fn create_group(
        &mut self,
        name: GroupName,
        members: &[UserId],
        since: Order,
    ) -> ConversationRecord {
        let members = members.iter().map(|&user| (user, since)).collect();
        let record = ConversationRecord {
            id: self.next_id(),
            kind: ConversationKind::Group(name, members),
        };
        self.insert(record.clone());
        record
    }

    /// Takes back a conversation that could not be stored.
    pub(crate) fn remove(&mut self, id: ConversationId) {
        if let Some(group) = self.groups.remove(&id) {
            self.group_by_name.remove(&group.name);
        } else {
            self.direct.retain(|_, direct| *direct != id);
        }
    }

    pub(crate) fn find_group(&self, name: &GroupName) -> Option<&Group> {
        self.group_by_name
            .get(name)
            .and_then(|id| self.groups.get(id))
    }

    pub(crate) fn add_member(&mut self, group: ConversationId, user: UserId) {
        if let Some(group) = self.groups.get_mut(&group)
            && !group.has(user)
        {
            group.members.push(user);
        }
    }

    pub(crate) fn remove_member(&mut self, group: ConversationId, user: UserId) {
        if let Some(group) = self.groups.get_mut(&group) {
            group.members.retain(|&member| member != user);
        }
    }

    /// The groups that a user is a member of.
    pub(crate) fn groups_of(&self, user: UserId) -> impl Iterator<Item = &Group> {
        self.groups.values().filter(move |group| group.has(user))
    }

    fn insert(&mut self, record: ConversationRecord) {
        match record.kind {
            ConversationKind::Direct(one, other) => {
                self.direct.insert((one, other), record.id);
            }
            ConversationKind::Group(name, members) => {
                let members = members.into_iter().map(|(user, _)| user).collect();
                self.group_by_name.insert(name.clone(), record.id);
                self.groups.insert(
                    record.id,
                    Group {
                        id: record.id,
                        name,
                        members,
                    },
                );
            }
        }
    }

    fn next_id(&mut self) -> ConversationId {
        self.last_id += 1;
        ConversationId(self.last_id)
    }
}
