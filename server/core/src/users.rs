//! Who is known: registered users, and guests while they are here.

use std::collections::BTreeMap;

use netchat_shared::name::UserName;

use crate::limits::USERS_MAX;
use crate::storage::{UserId, UserRecord};

/// The users in memory. Storage has the registered ones too.
#[derive(Debug, Default)]
pub(crate) struct Users {
    by_id: BTreeMap<UserId, UserRecord>,
    by_name: BTreeMap<UserName, UserId>,
    last_id: u32,
}

impl Users {
    pub(crate) fn load(records: Vec<UserRecord>, last_id: u32) -> Self {
        let mut users = Self {
            last_id,
            ..Self::default()
        };
        for record in records {
            users.insert(record);
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

    pub(crate) fn remove(&mut self, id: UserId) {
        if let Some(record) = self.by_id.remove(&id) {
            self.by_name.remove(&record.name);
        }
    }

    pub(crate) fn get(&self, id: UserId) -> Option<&UserRecord> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: UserId) -> Option<&mut UserRecord> {
        self.by_id.get_mut(&id)
    }

    /// Finds a user by name. An impossible name is simply not found.
    pub(crate) fn find(&self, name: &str) -> Option<&UserRecord> {
        self.by_name.get(name).and_then(|id| self.by_id.get(id))
    }
}
