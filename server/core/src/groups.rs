//! Groups: making, joining and leaving them.

use netchat_shared::classic::Notice;
use netchat_shared::name::GroupName;

use crate::Server;
use crate::action::Record;
use crate::limits::GROUP_MEMBERS_MAX;
use crate::server::WritePending;
use crate::session::SessionKey;
use crate::storage::{ConversationId, Stored, UserId, Write};

/// A change of a group on its way to storage. It holds in memory already, and is taken back if it
/// can't be stored.
#[derive(Debug)]
pub(crate) struct GroupChange {
    session: SessionKey,
    user: UserId,
    group: ConversationId,
    name: GroupName,
    kind: ChangeKind,
}

#[derive(Debug)]
enum ChangeKind {
    /// Made, with these members; these names were not found.
    Created(Vec<UserId>, Vec<String>),
    Joined,
    Quit,
}

impl Server {
    /// Makes a group of a user and the members they name. One that exists is not replaced.
    pub(crate) fn create_group(
        &mut self,
        session: SessionKey,
        user: UserId,
        name: GroupName,
        names: &[String],
    ) {
        let mut members = vec![user];
        let mut unknown = Vec::new();
        for name in names {
            match self.users.find(name).map(|user| user.id) {
                Some(member) if members.contains(&member) => {}
                Some(member) => members.push(member),
                None => unknown.push(name.clone()),
            }
        }
        let refusal = if self.conversations.find_group(&name).is_some() {
            Some(format!("SERVER: Group {name} exists already."))
        } else if members.len() > GROUP_MEMBERS_MAX {
            Some(format!(
                "SERVER: A group has at most {GROUP_MEMBERS_MAX} members."
            ))
        } else if self.conversations.groups_are_full() {
            Some("SERVER: There are too many groups.".to_owned())
        } else {
            None
        };
        if let Some(line) = refusal {
            return self.notify(session, &Notice::Line(line));
        }
        let since = self.last_order();
        let record = self
            .conversations
            .create_group(name.clone(), &members, since);
        let group = record.id;
        let kind = ChangeKind::Created(members, unknown);
        let change = GroupChange {
            session,
            user,
            group,
            name,
            kind,
        };
        self.store_group_change(Write::AddConversation(record), change);
    }

    /// Makes a user a member of a group.
    pub(crate) fn join_group(&mut self, session: SessionKey, user: UserId, name: &GroupName) {
        let Some(group) = self.conversations.find_group(name) else {
            return self.notify(session, &Notice::GroupDoesNotExist);
        };
        if group.has(user) {
            return self.notify(session, &Notice::GroupExists);
        }
        if group.members.len() >= GROUP_MEMBERS_MAX {
            let line = format!("SERVER: A group has at most {GROUP_MEMBERS_MAX} members.");
            return self.notify(session, &Notice::Line(line));
        }
        let group = group.id;
        self.conversations.add_member(group, user);
        let write = Write::AddMember(group, user, self.last_order());
        let (name, kind) = (name.clone(), ChangeKind::Joined);
        self.store_group_change(
            write,
            GroupChange {
                session,
                user,
                group,
                name,
                kind,
            },
        );
    }

    /// Ends a user's membership.
    pub(crate) fn quit_group(&mut self, session: SessionKey, user: UserId, name: &GroupName) {
        let group = self
            .conversations
            .find_group(name)
            .filter(|group| group.has(user));
        let Some(group) = group.map(|group| group.id) else {
            let line = format!("SERVER: You are not a member of {name}.");
            return self.notify(session, &Notice::Line(line));
        };
        self.conversations.remove_member(group, user);
        let (name, kind) = (name.clone(), ChangeKind::Quit);
        let change = GroupChange {
            session,
            user,
            group,
            name,
            kind,
        };
        self.store_group_change(Write::RemoveMember(group, user), change);
    }

    /// The change is stored, or could not be.
    pub(crate) fn finish_group_change(&mut self, change: GroupChange, stored: Stored) {
        if stored == Stored::Failed {
            return self.undo_group_change(change);
        }
        let GroupChange {
            session,
            user,
            name,
            kind,
            ..
        } = change;
        match kind {
            ChangeKind::Created(members, unknown) => {
                if let Some(by) = self.users.get(user).map(|user| user.name.clone()) {
                    self.log(Record::GroupCreated {
                        group: name.clone(),
                        by,
                    });
                }
                if !unknown.is_empty() {
                    self.notify(session, &Notice::MembersNotFound(unknown));
                }
                let members = members
                    .into_iter()
                    .filter_map(|user| self.entry(user))
                    .collect();
                let group = name.to_string();
                self.notify(session, &Notice::GroupAdded { group, members });
            }
            ChangeKind::Joined => self.notify(session, &Notice::GroupExists),
            ChangeKind::Quit => {
                self.notify(session, &Notice::Line(format!("SERVER: You left {name}.")));
            }
        }
    }

    fn store_group_change(&mut self, write: Write, change: GroupChange) {
        if let Err(WritePending::Group(change)) = self.store(write, WritePending::Group(change)) {
            self.undo_group_change(change);
        }
    }

    fn undo_group_change(&mut self, change: GroupChange) {
        let GroupChange {
            session,
            user,
            group,
            name,
            kind,
        } = change;
        match kind {
            ChangeKind::Created(..) => self.conversations.remove(group),
            ChangeKind::Joined => self.conversations.remove_member(group, user),
            ChangeKind::Quit => self.conversations.add_member(group, user),
        }
        let line = format!("SERVER: The change to {name} was not stored. Please try again.");
        self.notify(session, &Notice::Line(line));
    }
}
