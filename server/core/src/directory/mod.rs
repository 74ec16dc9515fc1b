//! Who there is and who belongs to what: the fold of the log. It changes by entries alone, so every
//! server that has applied the same part of a log has the same directory, and nothing is ever taken
//! back.

mod conversations;
mod users;

use netchat_shared::name::{GroupName, UserName};

use self::conversations::Conversations;
pub(crate) use self::conversations::{Group, Kind};
use self::users::Users;
use crate::action::NamesAlike;
use crate::names::{Found, NameKeys};
use crate::storage::{
    Change, ConversationId, Entry, Sequence, Snapshot, Standing, UserId, UserRecord,
};

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    users: Users,
    conversations: Conversations,
}

impl Directory {
    /// As a snapshot of the log has it.
    #[must_use]
    pub fn load(snapshot: &Snapshot) -> Self {
        Self::load_and_compare(snapshot).0
    }

    /// The same, and which names in it are like others: they are of before names were compared.
    pub(crate) fn load_and_compare(snapshot: &Snapshot) -> (Self, NamesAlike) {
        let (mut directory, mut alike) = (Self::default(), NamesAlike::default());
        for (user, _) in &snapshot.users {
            let other = directory.users.insert(user.clone());
            if let Some(other) = other.and_then(|other| directory.name(other)) {
                alike.add(user.name.to_string(), other.to_string());
            }
        }
        for group in &snapshot.groups {
            let other = directory.conversations.insert_group(group.clone());
            if let Some(Kind::Group(other)) = other.and_then(|other| directory.kind(other)) {
                alike.add(format!("group {}", group.name), other.name.to_string());
            }
        }
        for &(user, other) in &snapshot.blocks {
            directory.conversations.set_blocked(user, other, true);
        }
        for &(id, one, other) in &snapshot.directs {
            directory.conversations.insert_direct(id, one, other);
        }
        (directory, alike)
    }

    /// Takes the next entry of the log.
    pub fn apply(&mut self, entry: &Entry) {
        match &entry.change {
            // Who wants them reads them from storage.
            Change::Message(_) | Change::Settings(..) => {}
            Change::Direct(id, one, other) => self.conversations.insert_direct(*id, *one, *other),
            Change::User(user) => drop(self.users.insert(user.clone())),
            Change::Password(user, password) => self.users.set_password(*user, password.clone()),
            Change::Group(group) => drop(self.conversations.insert_group(group.clone())),
            Change::Join(group, user) => {
                self.conversations.add_member(*group, *user, entry.sequence);
            }
            Change::Quit(group, user) => self.conversations.remove_member(*group, *user),
            Change::Remove(group, user) => {
                self.conversations.remove_member(*group, *user);
                self.conversations.set_standing(*group, *user, Some(Standing::Barred));
            }
            Change::Standing(group, user, standing) => {
                self.conversations.set_standing(*group, *user, *standing);
            }
            Change::Rename(group, name) => {
                self.conversations.rename(*group, entry.sequence, name);
            }
            Change::Policy(group, policy) => self.conversations.set_policy(*group, *policy),
            Change::Block { user, other, is_blocked } => {
                self.conversations.set_blocked(*user, *other, *is_blocked);
            }
        }
    }

    /// The group that a change is about, as it is so far.
    pub(crate) fn group_of_change(&self, change: &Change) -> Option<&Group> {
        let id = match change {
            Change::Join(id, _)
            | Change::Quit(id, _)
            | Change::Remove(id, _)
            | Change::Standing(id, ..)
            | Change::Rename(id, _)
            | Change::Policy(id, _) => *id,
            Change::Message(_)
            | Change::Direct(..)
            | Change::User(_)
            | Change::Password(..)
            | Change::Group(_)
            | Change::Block { .. }
            | Change::Settings(..) => return None,
        };
        match self.kind(id) {
            Some(Kind::Group(group)) => Some(group),
            Some(Kind::Everyone | Kind::Direct(..)) | None => None,
        }
    }

    /// How many users are registered.
    pub(crate) fn registered_count(&self) -> usize {
        self.users.registered_count()
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&UserRecord> {
        self.users.get(id)
    }

    pub(crate) fn name(&self, id: UserId) -> Option<&UserName> {
        self.users.get(id).map(|user| &user.name)
    }

    /// Finds a registered user. An impossible name is simply not found.
    pub(crate) fn find_registered(&self, name: &str) -> Option<&UserRecord> {
        self.users.find(name)
    }

    /// Whose name is like this one, in whatever spelling.
    pub(crate) fn find_user_alike(&self, keys: &NameKeys) -> Found<&UserRecord> {
        self.users.find_alike(keys).and_then(|id| self.user(id))
    }

    /// Whose name that is, in whatever spelling.
    pub(crate) fn find_in_any_spelling(&self, name: &UserName) -> Option<&UserRecord> {
        let exact = self.find_registered(name.as_str());
        exact.or_else(|| match self.find_user_alike(&NameKeys::of(name)) {
            Found::Same(user) => Some(user),
            Found::Nobody | Found::Several | Found::Alike(_) => None,
        })
    }

    pub(crate) fn group_count(&self) -> usize {
        self.conversations.group_count()
    }

    /// How many of the groups that are there a user has made.
    pub(crate) fn groups_made_by(&self, user: UserId) -> usize {
        self.conversations.groups_made_by(user)
    }

    /// In any spelling, unless several of before have it.
    pub(crate) fn find_group(&self, name: &GroupName) -> Option<&Group> {
        self.conversations.find_group(name)
    }

    /// Which group's name is like this one.
    pub(crate) fn find_group_alike(&self, keys: &NameKeys) -> Found<&Group> {
        self.conversations.find_group_alike(keys)
    }

    /// The group of that name, if the user is a member of it. They may not have heard yet that it was
    /// renamed: what they say under its former name is meant for it.
    pub(crate) fn find_own_group(&self, name: &GroupName, user: UserId) -> Option<&Group> {
        let present = self.find_group(name).filter(|group| self.is_member(group.id, user));
        present.or_else(|| {
            let former = self.groups_of(user).filter_map(|group| {
                let until = group.former_names.iter().rfind(|former| former.name == *name)?.until;
                Some((until, group))
            });
            former.max_by_key(|(until, _)| *until).map(|(_, group)| group)
        })
    }

    pub(crate) fn is_member(&self, group: ConversationId, user: UserId) -> bool {
        self.conversations.is_member(group, user)
    }

    /// The groups that a user is no member of and stands in some relation to.
    pub(crate) fn standings_of(&self, user: UserId) -> impl Iterator<Item = (&Group, Standing)> {
        self.conversations.standings_of(user)
    }

    /// Whether a user is not told of another's invitations.
    pub(crate) fn is_blocked(&self, user: UserId, other: UserId) -> bool {
        self.conversations.is_blocked(user, other)
    }

    /// Whose invitations a user is not told of.
    pub(crate) fn blocked_by(&self, user: UserId) -> impl Iterator<Item = UserId> {
        self.conversations.blocked_by(user)
    }

    /// The groups that a user is a member of.
    pub(crate) fn groups_of(&self, user: UserId) -> impl Iterator<Item = &Group> {
        self.conversations.groups_of(user)
    }

    /// The conversation of two users, if they have had one.
    pub(crate) fn find_direct(&self, one: UserId, other: UserId) -> Option<ConversationId> {
        self.conversations.find_direct(one, other)
    }

    /// With whom a user has had a conversation.
    pub(crate) fn partners_of(&self, user: UserId) -> impl Iterator<Item = UserId> {
        self.conversations.partners_of(user)
    }

    /// What a conversation is.
    pub(crate) fn kind(&self, id: ConversationId) -> Option<Kind<'_>> {
        self.conversations.kind(id)
    }

    /// The members of a group who could read that entry when it came.
    pub(crate) fn readers(group: &Group, of: Sequence) -> impl Iterator<Item = UserId> {
        group.members.iter().filter(move |(_, since)| *since < of).map(|(user, _)| *user)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use netchat_shared::kind::MessageKind;
    use netchat_shared::message_id::MessageId;
    use netchat_shared::time::UnixTime;

    use super::*;
    use netchat_shared::extended::JoinPolicy;

    use crate::storage::{FormerName, Generation, GroupRecord, KeptPassword, Message, Verifier};

    fn entry(sequence: u64, change: Change) -> Entry {
        let time = UnixTime { millis: sequence };
        Entry { sequence: Sequence(sequence), time, origin: None, change }
    }

    fn user(id: u32, name: &str, hash: Option<&str>) -> UserRecord {
        UserRecord {
            id: UserId(id),
            name: name.parse().unwrap(),
            password: hash.map(password),
            address: "127.0.0.1:1".parse().unwrap(),
            since: Sequence(u64::from(id)),
        }
    }

    fn password(hash: &str) -> KeptPassword {
        KeptPassword { verifier: Verifier::parse(hash), was_readable: false }
    }

    fn group(name: &str, members: Vec<(UserId, Sequence)>) -> GroupRecord {
        GroupRecord {
            id: ConversationId(1),
            name: name.parse().unwrap(),
            creator: UserId(1),
            policy: JoinPolicy::Anyone,
            members,
            others: vec![],
            former_names: vec![],
        }
    }

    fn log() -> Vec<Entry> {
        let group = group("g", vec![(UserId(1), Sequence(4)), (UserId(2), Sequence(4))]);
        let message = Message {
            sequence: Sequence(8),
            time: UnixTime { millis: 8 },
            conversation: ConversationId(1),
            sender: UserId(1),
            id: MessageId(1),
            kind: MessageKind::Text,
            body: None,
        };
        vec![
            entry(1, Change::User(user(1, "alice", Some("a")))),
            entry(2, Change::User(user(2, "bob", Some("b")))),
            entry(3, Change::User(user(3, "carol", None))),
            entry(4, Change::Group(group)),
            entry(5, Change::Join(ConversationId(1), UserId(3))),
            entry(6, Change::Quit(ConversationId(1), UserId(2))),
            entry(7, Change::Direct(ConversationId(2), UserId(1), UserId(2))),
            entry(8, Change::Message(Arc::new(message))),
            entry(9, Change::Password(UserId(1), password("c"))),
        ]
    }

    #[test]
    fn the_fold_of_a_log_says_who_belongs_to_what() {
        let mut directory = Directory::default();
        log().iter().for_each(|entry| directory.apply(entry));
        let group = directory.find_group(&"g".parse().unwrap()).unwrap();
        let readers = |of| Directory::readers(group, Sequence(of)).collect::<Vec<_>>();
        assert_eq!(readers(5), [UserId(1)]);
        assert_eq!(readers(6), [UserId(1), UserId(3)], "who joined reads from then on");
        assert!(!directory.is_member(group.id, UserId(2)));
        let kept = &directory.find_registered("alice").unwrap().password;
        assert_eq!(kept.as_ref(), Some(&password("c")));
        assert_eq!(directory.find_registered("carol"), None, "a guest has no name for good");
        assert_eq!(directory.find_direct(UserId(2), UserId(1)), Some(ConversationId(2)));
        assert_eq!(directory.partners_of(UserId(2)).collect::<Vec<_>>(), [UserId(1)]);
        assert_eq!(directory.groups_of(UserId(3)).count(), 1);
    }

    #[test]
    fn a_snapshot_and_what_followed_it_make_the_same_directory() {
        let whole = log().iter().fold(Directory::default(), |mut directory, entry| {
            directory.apply(entry);
            directory
        });
        let snapshot = Snapshot {
            generation: Generation(1),
            head: Sequence(5),
            users: [user(1, "alice", Some("a")), user(2, "bob", Some("b")), user(3, "carol", None)]
                .map(|user| (user, Sequence::ZERO))
                .into(),
            groups: vec![group(
                "g",
                vec![(UserId(1), Sequence(4)), (UserId(2), Sequence(4)), (UserId(3), Sequence(5))],
            )],
            blocks: vec![],
            directs: vec![],
            tokens: vec![],
            clock: None,
        };
        let mut directory = Directory::load(&snapshot);
        log()[5..].iter().for_each(|entry| directory.apply(entry));
        assert_eq!(directory, whole);
    }

    /// alice and bob are in a group; what follows it in the log.
    fn of_group(changes: Vec<Change>) -> Directory {
        let mut directory = Directory::default();
        log()[..4].iter().for_each(|entry| directory.apply(entry));
        (5..).zip(changes).for_each(|(at, change)| directory.apply(&entry(at, change)));
        directory
    }

    #[test]
    fn the_fold_with_consent_is_what_a_snapshot_says() {
        let (id, invited) = (ConversationId(1), Some(Standing::Invited(UserId(1))));
        let directory = of_group(vec![
            Change::Policy(id, JoinPolicy::Asking),
            Change::Standing(id, UserId(3), invited),
            Change::Rename(id, "h".parse().unwrap()),
            Change::Remove(id, UserId(2)),
            Change::Block { user: UserId(3), other: UserId(1), is_blocked: true },
            Change::Block { user: UserId(3), other: UserId(2), is_blocked: true },
            Change::Block { user: UserId(3), other: UserId(2), is_blocked: false },
        ]);
        let mut record = group("h", vec![(UserId(1), Sequence(4))]);
        record.policy = JoinPolicy::Asking;
        record.others = vec![(UserId(3), invited.unwrap()), (UserId(2), Standing::Barred)];
        let name = "g".parse().unwrap();
        record.former_names = vec![FormerName { until: Sequence(7), name }];
        let people =
            [user(1, "alice", Some("a")), user(2, "bob", Some("b")), user(3, "carol", None)];
        let loaded = Directory::load(&Snapshot {
            generation: Generation(1),
            head: Sequence(11),
            users: people.map(|user| (user, Sequence::ZERO)).into(),
            groups: vec![record],
            blocks: vec![(UserId(3), UserId(1))],
            directs: vec![],
            tokens: vec![],
            clock: None,
        });
        assert_eq!(directory, loaded);
        let standings: Vec<_> =
            directory.standings_of(UserId(3)).map(|(group, it)| (group.id, it)).collect();
        assert_eq!(standings, [(id, Standing::Invited(UserId(1)))]);
        let former = "g".parse().unwrap();
        assert_eq!(directory.find_group(&former), None, "the name is free");
        assert!(directory.find_own_group(&former, UserId(1)).is_some(), "a member means it still");
        assert!(directory.find_own_group(&former, UserId(2)).is_none());
    }

    #[test]
    fn a_group_that_nobody_is_left_in_leaves_nothing_behind() {
        let id = ConversationId(1);
        let mut directory = of_group(vec![
            Change::Standing(id, UserId(3), Some(Standing::Asking)),
            Change::Quit(id, UserId(1)),
            Change::Quit(id, UserId(2)),
        ]);
        let mut users = Directory::default();
        log()[..3].iter().for_each(|entry| users.apply(entry));
        assert_eq!(directory, users);
        directory.apply(&entry(8, Change::Join(id, UserId(1))));
        assert_eq!(directory, users, "nobody joins what is not there");
    }
}
