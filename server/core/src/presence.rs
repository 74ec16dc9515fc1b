//! Who is online, with which sessions.

use std::collections::BTreeMap;

use crate::session::SessionKey;
use crate::storage::UserId;

/// The sessions of each user who is online, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    by_user: BTreeMap<UserId, Present>,
    arrivals: u64,
}

#[derive(Debug)]
struct Present {
    arrival: u64,
    sessions: Vec<SessionKey>,
}

impl Presence {
    /// Adds a session; true if its user was not online before.
    pub(crate) fn add(&mut self, user: UserId, session: SessionKey) -> bool {
        let arrival = self.arrivals;
        let present = self.by_user.entry(user).or_insert_with(|| {
            self.arrivals += 1;
            Present { arrival, sessions: Vec::new() }
        });
        if !present.sessions.contains(&session) {
            present.sessions.push(session);
        }
        present.sessions.len() == 1
    }

    /// Removes a session; true if its user is not online any more.
    pub(crate) fn remove(&mut self, user: UserId, session: SessionKey) -> bool {
        let Some(present) = self.by_user.get_mut(&user) else {
            return false;
        };
        present.sessions.retain(|&other| other != session);
        let gone = present.sessions.is_empty();
        if gone {
            self.by_user.remove(&user);
        }
        gone
    }

    pub(crate) fn is_online(&self, user: UserId) -> bool {
        self.by_user.contains_key(&user)
    }

    /// The sessions of a user, oldest first.
    pub(crate) fn sessions(&self, user: UserId) -> &[SessionKey] {
        self.by_user.get(&user).map_or(&[], |present| &present.sessions)
    }

    /// Who is online, in the order in which they came.
    pub(crate) fn users(&self) -> Vec<UserId> {
        let mut users: Vec<_> =
            self.by_user.iter().map(|(user, present)| (present.arrival, *user)).collect();
        users.sort_unstable();
        users.into_iter().map(|(_, user)| user).collect()
    }
}
