//! Groups: making, joining and leaving them. The same for classic and extended sessions; each hears
//! the outcome in its own words.

use netchat_shared::classic::Notice;
use netchat_shared::extended::{GroupReply, ServerMessage};
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

/// What became of a request.
#[derive(Debug)]
enum Outcome {
    Created(Vec<UserId>, Vec<String>),
    Joined,
    DoesNotExist,
    Quit,
    Refused(String),
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
            Some(format!("Group {name} exists already."))
        } else if members.len() > GROUP_MEMBERS_MAX {
            Some(format!("A group has at most {GROUP_MEMBERS_MAX} members."))
        } else if self.conversations.groups_are_full() {
            Some("There are too many groups.".to_owned())
        } else {
            None
        };
        if let Some(line) = refusal {
            return self.tell_group(session, &name, Outcome::Refused(line));
        }
        let since = self.last_sequence();
        let record = self.conversations.create_group(name.clone(), &members, since);
        let group = record.id;
        let kind = ChangeKind::Created(members, unknown);
        let change = GroupChange { session, user, group, name, kind };
        self.store_group_change(Write::AddConversation(record), change);
    }

    /// Makes a user a member of a group.
    pub(crate) fn join_group(&mut self, session: SessionKey, user: UserId, name: &GroupName) {
        let Some(group) = self.conversations.find_group(name) else {
            return self.tell_group(session, name, Outcome::DoesNotExist);
        };
        if group.has(user) {
            return self.tell_group(session, name, Outcome::Joined);
        }
        if group.members.len() >= GROUP_MEMBERS_MAX {
            let line = format!("A group has at most {GROUP_MEMBERS_MAX} members.");
            return self.tell_group(session, name, Outcome::Refused(line));
        }
        let group = group.id;
        self.conversations.add_member(group, user);
        let write = Write::AddMember(group, user, self.last_sequence());
        let (name, kind) = (name.clone(), ChangeKind::Joined);
        self.store_group_change(write, GroupChange { session, user, group, name, kind });
    }

    /// Ends a user's membership.
    pub(crate) fn quit_group(&mut self, session: SessionKey, user: UserId, name: &GroupName) {
        let group = self.conversations.find_group(name).filter(|group| group.has(user));
        let Some(group) = group.map(|group| group.id) else {
            let line = format!("You are not a member of {name}.");
            return self.tell_group(session, name, Outcome::Refused(line));
        };
        self.conversations.remove_member(group, user);
        let (name, kind) = (name.clone(), ChangeKind::Quit);
        let change = GroupChange { session, user, group, name, kind };
        self.store_group_change(Write::RemoveMember(group, user), change);
    }

    /// The change is stored, or could not be.
    pub(crate) fn finish_group_change(&mut self, change: GroupChange, stored: &Stored) {
        if *stored == Stored::Failed {
            return self.undo_group_change(change);
        }
        let GroupChange { session, user, name, kind, .. } = change;
        match kind {
            ChangeKind::Created(members, unknown) => {
                if let Some(by) = self.users.name(user).cloned() {
                    self.log(Record::GroupCreated { group: name.clone(), by });
                }
                // The others did not ask, and learn of it.
                for member in members.iter().copied().filter(|&member| member != user) {
                    for key in self.presence.sessions(member).to_vec() {
                        if self.extended.contains_key(&key) {
                            self.tell_group(key, &name, Outcome::Joined);
                        }
                    }
                }
                self.tell_group(session, &name, Outcome::Created(members, unknown));
            }
            ChangeKind::Joined => self.tell_group(session, &name, Outcome::Joined),
            ChangeKind::Quit => self.tell_group(session, &name, Outcome::Quit),
        }
    }

    fn store_group_change(&mut self, write: Write, change: GroupChange) {
        if let Err(WritePending::Group(change)) = self.store(write, WritePending::Group(change)) {
            self.undo_group_change(change);
        }
    }

    fn undo_group_change(&mut self, change: GroupChange) {
        let GroupChange { session, user, group, name, kind } = change;
        match kind {
            ChangeKind::Created(..) => self.conversations.remove(group),
            ChangeKind::Joined => self.conversations.remove_member(group, user),
            ChangeKind::Quit => self.conversations.add_member(group, user),
        }
        let line = format!("The change to {name} was not stored. Please try again.");
        self.tell_group(session, &name, Outcome::Refused(line));
    }

    fn tell_group(&mut self, session: SessionKey, name: &GroupName, outcome: Outcome) {
        if self.classic.contains_key(&session) {
            self.tell_group_classic(session, name, outcome);
        } else {
            let reply = self.group_reply(name, outcome);
            self.send_to(session, &ServerMessage::Group(name.clone(), reply));
        }
    }

    fn tell_group_classic(&mut self, session: SessionKey, name: &GroupName, outcome: Outcome) {
        let notice = match outcome {
            Outcome::Created(members, unknown) => {
                if !unknown.is_empty() {
                    self.notify(session, &Notice::MembersNotFound(unknown));
                }
                let members = members.into_iter().filter_map(|user| self.entry(user)).collect();
                Notice::GroupAdded { group: name.to_string(), members }
            }
            Outcome::Joined => Notice::GroupExists,
            Outcome::DoesNotExist => Notice::GroupDoesNotExist,
            Outcome::Quit => Notice::Line(format!("SERVER: You left {name}.")),
            Outcome::Refused(line) => Notice::Line(format!("SERVER: {line}")),
        };
        self.notify(session, &notice);
    }

    fn group_reply(&self, name: &GroupName, outcome: Outcome) -> GroupReply {
        match outcome {
            Outcome::Created(members, unknown) => {
                GroupReply::Created(self.users.names(&members), unknown)
            }
            Outcome::Joined => {
                let members = self.conversations.find_group(name).map(|group| &group.members);
                GroupReply::Joined(members.map_or_else(Vec::new, |ids| self.users.names(ids)))
            }
            Outcome::DoesNotExist => GroupReply::DoesNotExist,
            Outcome::Quit => GroupReply::Quit,
            Outcome::Refused(line) => GroupReply::Refused(line),
        }
    }
}
