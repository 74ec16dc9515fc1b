//! Users: registered ones, and guests.

use std::collections::BTreeMap;

use netchat_shared::name::UserName;

use crate::names::{Found, NameIndex, NameKeys};
use crate::storage::{KeptPassword, UserId, UserRecord};

/// A guest has a record, for the name beside their messages, but is not found by it: whoever takes
/// the name is somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Users {
    by_id: BTreeMap<UserId, UserRecord>,
    by_name: BTreeMap<UserName, UserId>,
    names: NameIndex<UserId>,
}

impl Users {
    pub(super) fn registered_count(&self) -> usize {
        self.by_name.len()
    }

    /// Answers whose name is like that of this one.
    pub(super) fn insert(&mut self, user: UserRecord) -> Option<UserId> {
        let mut alike = None;
        if user.password.is_some() {
            alike = self.names.insert(&NameKeys::of(&user.name), user.id);
            self.by_name.insert(user.name.clone(), user.id);
        }
        self.by_id.insert(user.id, user);
        alike
    }

    pub(super) fn set_password(&mut self, id: UserId, password: KeptPassword) {
        if let Some(user) = self.by_id.get_mut(&id) {
            user.password = Some(password);
        }
    }

    pub(super) fn get(&self, id: UserId) -> Option<&UserRecord> {
        self.by_id.get(&id)
    }

    pub(super) fn find(&self, name: &str) -> Option<&UserRecord> {
        self.by_name.get(name).and_then(|id| self.by_id.get(id))
    }

    pub(super) fn find_alike(&self, keys: &NameKeys) -> Found<UserId> {
        self.names.find(keys)
    }
}
