//! Who is known: registered users, and guests.

use std::collections::BTreeMap;

use netchat_shared::name::UserName;

use crate::limits::USERS_MAX;
use crate::storage::{UserId, UserRecord};

/// The users in memory, as storage has them. A guest who has left keeps a record, for the name
/// beside old messages, but is not found by it: whoever takes the name is somebody else.
#[derive(Debug, Default)]
pub(crate) struct Users {
    by_id: BTreeMap<UserId, UserRecord>,
    by_name: BTreeMap<UserName, UserId>,
    last_id: u32,
}

impl Users {
    pub(crate) fn load(records: Vec<UserRecord>, last_id: u32) -> Self {
        let mut users = Self { last_id, ..Self::default() };
        for record in records {
            if record.password_hash.is_some() {
                users.by_name.insert(record.name.clone(), record.id);
            }
            users.by_id.insert(record.id, record);
        }
        users
    }

    pub(crate) fn is_full(&self) -> bool {
        self.by_id.len() >= USERS_MAX
    }

    /// An id that was never given before.
    pub(crate) fn next_id(&mut self) -> UserId {
        self.last_id += 1;
        UserId(self.last_id)
    }

    pub(crate) fn insert(&mut self, record: UserRecord) {
        self.by_name.insert(record.name.clone(), record.id);
        self.by_id.insert(record.id, record);
    }

    /// Takes back a user who could not be stored.
    pub(crate) fn remove(&mut self, id: UserId) {
        self.release_name(id);
        self.by_id.remove(&id);
    }

    /// A guest has left: the name is free.
    pub(crate) fn release_name(&mut self, id: UserId) {
        if let Some(record) = self.by_id.get(&id) {
            self.by_name.remove(&record.name);
        }
    }

    pub(crate) fn get(&self, id: UserId) -> Option<&UserRecord> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: UserId) -> Option<&mut UserRecord> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn name(&self, id: UserId) -> Option<&UserName> {
        self.by_id.get(&id).map(|record| &record.name)
    }

    /// The names of these users, in their order.
    pub(crate) fn names(&self, ids: &[UserId]) -> Vec<UserName> {
        ids.iter().filter_map(|id| self.name(*id)).cloned().collect()
    }

    /// Finds a user by name. An impossible name is simply not found.
    pub(crate) fn find(&self, name: &str) -> Option<&UserRecord> {
        self.by_name.get(name).and_then(|id| self.by_id.get(id))
    }
}
