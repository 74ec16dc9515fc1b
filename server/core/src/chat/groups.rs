//! Groups: making, joining and leaving them.

use std::collections::BTreeMap;

use netchat_shared::name::{GroupName, UserName};

use super::people::People;
use crate::action::LogEvent;
use crate::context::Context;
use crate::events::{GroupOutcome, GroupRequest, SessionKey, Update};
use crate::limits::{GROUP_MEMBERS_MAX, GROUPS_MAX};
use crate::names::{self, Found, NameRefused};
use crate::storage::{Change, Draft, Placed, Stored, Ticket, UserId, Write};

/// Requests about groups, on their way to storage.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pending: BTreeMap<Ticket, Pending>,
}

#[derive(Debug)]
struct Pending {
    key: SessionKey,
    user: UserId,
    name: GroupName,
    /// Of a new group: names that are nobody's.
    unknown: Vec<String>,
}

impl Groups {
    /// A session asks for something about a group.
    pub(crate) fn handle(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        name: GroupName,
        request: GroupRequest,
    ) {
        let mut unknown = Vec::new();
        let group = people.directory.find_group(&name);
        // Whoever asks learns how it is written.
        let name = group.map_or(name, |group| group.name.clone());
        let draft = match request {
            GroupRequest::Find => Err(GroupOutcome::Found(group.is_some())),
            GroupRequest::Create(names) => {
                create(people, user, &name, names, &mut unknown).map_err(GroupOutcome::Refused)
            }
            GroupRequest::Join => match group {
                None => Err(GroupOutcome::DoesNotExist),
                Some(group) if people.directory.is_member(group.id, user) => {
                    Err(GroupOutcome::Joined { members: members(people, &name) })
                }
                Some(group) if group.members.len() >= GROUP_MEMBERS_MAX => {
                    Err(GroupOutcome::Refused(too_many_members()))
                }
                Some(group) => Ok(Draft::Join(group.id, user)),
            },
            GroupRequest::Quit => match people.directory.find_own_group(&name, user) {
                Some(group) => Ok(Draft::Quit(group.id, user)),
                None => Err(GroupOutcome::Refused(format!("You are not a member of {name}."))),
            },
        };
        let outcome = match draft {
            Ok(draft) => match cx.store(Write::Append(vec![draft])) {
                Ok(ticket) => {
                    let pending = Pending { key, user, name, unknown };
                    self.pending.insert(ticket, pending);
                    return;
                }
                Err(_) => not_stored(&name),
            },
            Err(outcome) => outcome,
        };
        cx.update(key, Update::Group(name, outcome));
    }

    /// The log has a change of a group, which the directory has by now.
    pub(crate) fn handle_change(
        &mut self,
        cx: &mut Context,
        people: &People,
        ticket: Option<Ticket>,
        change: &Change,
    ) {
        let pending = ticket.and_then(|ticket| self.pending.remove(&ticket));
        if let Change::Group(group) = change {
            let creator = group.members.first().map(|(user, _)| *user);
            if let Some(by) = creator.and_then(|user| people.name(user)).cloned() {
                cx.log(LogEvent::GroupCreated { group: group.name.clone(), by });
            }
            // The others did not ask, and learn of it.
            for &(member, _) in group.members.iter().skip(1) {
                for &key in people.presence.sessions(member) {
                    cx.update(key, Update::Group(group.name.clone(), GroupOutcome::Added));
                }
            }
        }
        let Some(Pending { key, name, unknown, .. }) = pending else { return };
        let outcome = match change {
            Change::Group(group) => {
                let members = group.members.iter().map(|(user, _)| *user);
                let members = members.filter_map(|user| people.name_and_address(user)).collect();
                GroupOutcome::Created { members, unknown }
            }
            Change::Quit(..) => GroupOutcome::Quit,
            Change::Join(..)
            | Change::Message(_)
            | Change::Direct(..)
            | Change::User(_)
            | Change::PasswordHash(..) => GroupOutcome::Joined { members: members(people, &name) },
        };
        cx.update(key, Update::Group(name, outcome));
    }

    /// The answer of storage came: what did not become an entry is told.
    pub(crate) fn handle_stored(
        &mut self,
        cx: &mut Context,
        people: &People,
        ticket: Ticket,
        stored: &Stored,
    ) {
        let Some(pending) = self.pending.get(&ticket) else { return };
        let Pending { key, user, ref name, .. } = *pending;
        let outcome = match stored {
            // The entry comes by the log; or, if its place is behind us, there was nothing to change.
            Stored::Placed(placed) => match placed.first() {
                Some(Placed::At(at)) if *at > cx.applied => return,
                Some(Placed::At(_)) => match people.directory.find_own_group(name, user) {
                    Some(_) => GroupOutcome::Joined { members: members(people, name) },
                    None => GroupOutcome::Quit,
                },
                Some(Placed::Taken) => exists_already(name),
                Some(Placed::Known(_) | Placed::Refused(_)) | None => not_stored(name),
            },
            Stored::Done | Stored::Failed => not_stored(name),
        };
        let name = name.clone();
        self.pending.remove(&ticket);
        cx.update(key, Update::Group(name, outcome));
    }
}

/// A group of a user and those they name. One that exists is not replaced.
fn create(
    people: &People,
    user: UserId,
    name: &GroupName,
    names: Vec<String>,
    unknown: &mut Vec<String>,
) -> Result<Draft, String> {
    let mut members = vec![user];
    for name in names {
        match people.find_spelled(&name) {
            Some(member) if members.contains(&member) => {}
            Some(member) => members.push(member),
            None => unknown.push(name),
        }
    }
    if people.directory.find_group(name).is_some() {
        return Err(format!("Group {name} exists already."));
    }
    check_name(people, name).map_err(|why| format!("{name}: {why}."))?;
    if members.len() > GROUP_MEMBERS_MAX {
        Err(too_many_members())
    } else if people.directory.group_count() >= GROUPS_MAX {
        Err("There are too many groups.".to_owned())
    } else {
        Ok(Draft::Group { name: name.clone(), members })
    }
}

/// Whether a new group may be called that, beside those that there are.
fn check_name(people: &People, name: &GroupName) -> Result<(), NameRefused> {
    let keys = names::check_new_group(name)?;
    match people.directory.find_group_alike(&keys) {
        Found::Nobody => Ok(()),
        Found::Several => Err(NameRefused::Several),
        Found::Same(group) | Found::Alike(group) => Err(NameRefused::Alike(group.name.to_string())),
    }
}

fn members(people: &People, name: &GroupName) -> Vec<UserName> {
    let group = people.directory.find_group(name);
    let members = group.into_iter().flat_map(|group| &group.members);
    people.names(members.map(|(user, _)| *user))
}

fn exists_already(name: &GroupName) -> GroupOutcome {
    GroupOutcome::Refused(format!("Group {name} exists already."))
}

fn too_many_members() -> String {
    format!("A group has at most {GROUP_MEMBERS_MAX} members.")
}

fn not_stored(name: &GroupName) -> GroupOutcome {
    GroupOutcome::Refused(format!("The change to {name} was not stored. Please try again."))
}
