//! Who is here, with which sessions, and who is told of it.
//!
//! Someone who comes or goes is told to those who share a conversation with them (the broadcast does
//! not count), and to those who look at the list while few are online. So the cost of it does not
//! grow with everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use netchat_shared::time::UnixTime;

use crate::context::{Context, TimerKey};
use crate::directory::Directory;
use crate::events::{PresenceChange, SessionKey, Update};
use crate::limits::{
    CONTACTS_TOLD_MAX, ONLINE_COUNT_INTERVAL, PRESENCE_INTERVAL, WATCHED_ONLINE_MAX,
};
use crate::peer::Peer;
use crate::storage::{TokenHash, UserId};

/// A session that is somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionOfUser {
    pub(crate) user: UserId,
    pub(crate) address: Peer,
    /// What it can be resumed with.
    pub(crate) token: Option<TokenHash>,
    /// When it signed in.
    pub(crate) since: UnixTime,
    /// Not heard for a while.
    pub(crate) is_away: bool,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    by_session: BTreeMap<SessionKey, SessionOfUser>,
    /// All of a user's sessions, those that are away included.
    keys: BTreeSet<(UserId, SessionKey)>,
    by_user: BTreeMap<UserId, Present>,
    arrivals: u64,
    watchers: BTreeSet<SessionKey>,
    /// Users who came or left, of whom nobody was told.
    changed: BTreeSet<UserId>,
    told_count: u32,
}

/// A user who is here, by sessions that are heard.
#[derive(Debug)]
struct Present {
    arrival: u64,
    sessions: Vec<SessionKey>,
}

impl Presence {
    /// A session is a user's from now on.
    pub(crate) fn enter(&mut self, cx: &mut Context, key: SessionKey, session: SessionOfUser) {
        self.by_session.insert(key, session);
        self.keys.insert((session.user, key));
        self.come(cx, key, session.user);
    }

    /// A session is over. Answers whose it was.
    pub(crate) fn leave(&mut self, cx: &mut Context, key: SessionKey) -> Option<SessionOfUser> {
        let session = self.by_session.remove(&key)?;
        self.keys.remove(&(session.user, key));
        self.watchers.remove(&key);
        self.go(cx, key, session.user);
        Some(session)
    }

    /// A session is not heard, or heard again.
    pub(crate) fn set_away(&mut self, cx: &mut Context, key: SessionKey, is_away: bool) {
        let Some(session) = self.by_session.get_mut(&key) else { return };
        session.is_away = is_away;
        let user = session.user;
        if is_away { self.go(cx, key, user) } else { self.come(cx, key, user) }
    }

    /// A session goes on at another address. Answers where it was.
    pub(crate) fn move_to(&mut self, key: SessionKey, to: Peer) -> Option<Peer> {
        let session = self.by_session.get_mut(&key)?;
        Some(std::mem::replace(&mut session.address, to))
    }

    pub(crate) fn session(&self, key: SessionKey) -> Option<SessionOfUser> {
        self.by_session.get(&key).copied()
    }

    /// The tokens of all sessions, those that are away included.
    pub(crate) fn all_tokens(&self) -> impl Iterator<Item = TokenHash> {
        self.by_session.values().filter_map(|session| session.token)
    }

    /// All sessions, those that are away included.
    pub(crate) fn all_sessions(&self) -> impl Iterator<Item = SessionKey> {
        self.by_session.keys().copied()
    }

    /// All sessions of a user, those that are away included, the earliest first.
    pub(crate) fn all_of(&self, user: UserId) -> impl Iterator<Item = (SessionKey, SessionOfUser)> {
        let keys = self.keys.range((user, SessionKey(0))..=(user, SessionKey(u64::MAX)));
        keys.filter_map(|(_, key)| Some((*key, self.session(*key)?)))
    }

    pub(crate) fn is_online(&self, user: UserId) -> bool {
        self.by_user.contains_key(&user)
    }

    /// The sessions of a user that are heard, oldest first.
    pub(crate) fn sessions(&self, user: UserId) -> &[SessionKey] {
        self.by_user.get(&user).map_or(&[], |present| &present.sessions)
    }

    /// How many users are here.
    pub(crate) fn count(&self) -> usize {
        self.by_user.len()
    }

    /// Who is here, in the order of their ids.
    pub(crate) fn users(&self) -> impl Iterator<Item = UserId> {
        self.by_user.keys().copied()
    }

    /// Who is here, in the order in which they came.
    pub(crate) fn users_by_arrival(&self) -> Vec<UserId> {
        let mut users: Vec<_> =
            self.by_user.iter().map(|(user, present)| (present.arrival, *user)).collect();
        users.sort_unstable();
        users.into_iter().map(|(_, user)| user).collect()
    }

    /// A session looks at the list, or not any more.
    pub(crate) fn watch(&mut self, key: SessionKey, does: bool) {
        if does {
            self.watchers.insert(key);
        } else {
            self.watchers.remove(&key);
        }
    }

    /// Those of a user's contacts who are here, as many as one is told of.
    pub(crate) fn contacts(&self, directory: &Directory, user: UserId) -> BTreeSet<UserId> {
        let members = directory.groups_of(user).flat_map(|group| &group.members);
        let members = members.map(|(member, _)| *member);
        let all = directory.partners_of(user).chain(members);
        let all: BTreeSet<UserId> = all.filter(|&other| self.is_online(other)).collect();
        all.into_iter().take(CONTACTS_TOLD_MAX).collect()
    }

    /// A user shares a conversation with somebody new, who is to know whether they are here.
    pub(crate) fn introduce(&mut self, cx: &mut Context, user: UserId) {
        if self.is_online(user) {
            self.note_change(cx, user);
        }
    }

    /// Tells what changed, each session once.
    pub(crate) fn tell_changes(&mut self, cx: &mut Context, directory: &Directory) {
        let mut by_session: BTreeMap<SessionKey, PresenceChange> = BTreeMap::new();
        let is_watched = self.count() <= WATCHED_ONLINE_MAX;
        for user in std::mem::take(&mut self.changed) {
            let Some(name) = directory.name(user) else { continue };
            let is_online = self.is_online(user);
            let contacts = self.contacts(directory, user);
            let keys = contacts.iter().flat_map(|&other| self.sessions(other)).copied();
            let mut keys: BTreeSet<_> = keys.collect();
            if is_watched {
                keys.extend(&self.watchers);
            }
            for key in keys {
                let change = by_session.entry(key).or_default();
                let list = if is_online { &mut change.came } else { &mut change.left };
                list.push(name.clone());
            }
        }
        for (key, change) in by_session {
            cx.update(key, Update::Presence(Arc::new(change)));
        }
        if !self.watchers.is_empty() && self.count_now() != self.told_count {
            let at = cx.monotonic() + ONLINE_COUNT_INTERVAL;
            cx.timers.set_if_unset(TimerKey::OnlineCount, at);
        }
    }

    /// Tells those who look at the list how many are here.
    pub(crate) fn tell_count(&mut self, cx: &mut Context) {
        self.told_count = self.count_now();
        for &key in &self.watchers {
            cx.update(key, Update::OnlineCount(self.told_count));
        }
    }

    /// How many are here, as a client is told.
    pub(crate) fn count_now(&self) -> u32 {
        u32::try_from(self.count()).unwrap_or(u32::MAX)
    }

    fn come(&mut self, cx: &mut Context, key: SessionKey, user: UserId) {
        let arrival = self.arrivals;
        let present = self.by_user.entry(user).or_insert_with(|| {
            self.arrivals += 1;
            Present { arrival, sessions: Vec::new() }
        });
        if !present.sessions.contains(&key) {
            present.sessions.push(key);
        }
        if present.sessions.len() == 1 {
            self.note_change(cx, user);
        }
    }

    fn go(&mut self, cx: &mut Context, key: SessionKey, user: UserId) {
        let Some(present) = self.by_user.get_mut(&user) else { return };
        present.sessions.retain(|&other| other != key);
        if present.sessions.is_empty() {
            self.by_user.remove(&user);
            self.note_change(cx, user);
        }
    }

    /// Clients are told soon, of several together.
    fn note_change(&mut self, cx: &mut Context, user: UserId) {
        self.changed.insert(user);
        cx.timers.set_if_unset(TimerKey::Presence, cx.now.monotonic + PRESENCE_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::testing::context;
    use crate::storage::{Change, ConversationId, Entry, Sequence, UserRecord};

    fn directory(users: u32) -> Directory {
        let mut directory = Directory::default();
        let mut apply = |change| {
            directory.apply(&Entry {
                sequence: Sequence(1),
                time: crate::context::testing::EPOCH,
                origin: None,
                change,
            });
        };
        for id in 1..=users {
            apply(Change::User(UserRecord {
                id: UserId(id),
                name: format!("user{id}").parse().unwrap(),
                password: None,
                address: here().source,
                since: Sequence::ZERO,
            }));
        }
        apply(Change::Direct(ConversationId(1), UserId(1), UserId(2)));
        directory
    }

    fn here() -> Peer {
        Peer::from(std::net::SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    fn session(user: u32) -> SessionOfUser {
        let since = UnixTime { millis: 0 };
        SessionOfUser { user: UserId(user), address: here(), token: None, since, is_away: false }
    }

    fn told(cx: &mut Context) -> Vec<u64> {
        let updates = cx.take_updates().into_iter();
        let updates = updates.filter(|(_, update)| matches!(update, Update::Presence(_)));
        updates.map(|(key, _)| key.0).collect()
    }

    #[test]
    fn only_contacts_are_told_and_those_who_look_while_few_are_online() {
        let (mut cx, mut presence) = (context(), Presence::default());
        let many = WATCHED_ONLINE_MAX as u32 + 10;
        let directory = directory(many);
        for id in 2..=3 {
            presence.enter(&mut cx, SessionKey(u64::from(id)), session(id));
        }
        presence.watch(SessionKey(3), true);
        presence.tell_changes(&mut cx, &directory);
        cx.take_updates();
        presence.enter(&mut cx, SessionKey(1), session(1));
        presence.tell_changes(&mut cx, &directory);
        assert_eq!(told(&mut cx), [2, 3], "a contact, and one who looks");
        for id in 4..=many {
            presence.enter(&mut cx, SessionKey(u64::from(id)), session(id));
        }
        presence.tell_changes(&mut cx, &directory);
        cx.take_updates();
        presence.leave(&mut cx, SessionKey(1));
        presence.tell_changes(&mut cx, &directory);
        assert_eq!(told(&mut cx), [2], "of so many, the list is not kept up to date");
        presence.tell_count(&mut cx);
        let count = Update::OnlineCount(many - 1);
        assert_eq!(cx.take_updates(), [(SessionKey(3), count)]);
    }

    #[test]
    fn a_user_is_here_until_the_last_session_goes() {
        let (mut cx, mut presence) = (context(), Presence::default());
        presence.enter(&mut cx, SessionKey(1), session(1));
        presence.enter(&mut cx, SessionKey(2), session(1));
        presence.set_away(&mut cx, SessionKey(1), true);
        assert_eq!(presence.sessions(UserId(1)), [SessionKey(2)]);
        presence.leave(&mut cx, SessionKey(2));
        assert!(!presence.is_online(UserId(1)));
        presence.set_away(&mut cx, SessionKey(1), false);
        assert!(presence.is_online(UserId(1)));
    }
}
