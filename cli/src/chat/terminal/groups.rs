//! Groups, as the terminal asks for them and tells of them.

use netchat_shared::extended::{BlockReply, GroupInfo, JoinPolicy};

use super::*;

/// What waits for the person's word.
pub(super) enum Decision {
    /// They are invited to that group, by that person.
    Invited(GroupName, UserName),
    /// That person asks to join that group of theirs.
    Asks(GroupName, UserName),
}

impl Terminal {
    pub(super) fn handle_group(&mut self, group: GroupName, outcome: GroupOutcome) {
        match outcome {
            GroupOutcome::NotFound(names) => self.notice(&Notice::MembersNotFound(names)),
            GroupOutcome::Created(members) => {
                if members.entries.iter().any(|entry| entry.address.is_some()) {
                    let (name, members) = (group.to_string(), members.entries);
                    self.notice(&Notice::GroupAdded { group: name, members });
                } else {
                    let members = members.names().join(", ");
                    self.info(format!(
                        "Group: {group} was successfully added with members: {members}"
                    ));
                }
                self.enter_group(group);
            }
            GroupOutcome::Added => self.info(format!("You are now a member of: {group}")),
            GroupOutcome::Asked => {
                self.info(format!("You asked to join {group}: its maker decides"));
                self.stop_waiting();
            }
            GroupOutcome::Invited(_)
            | GroupOutcome::Declined
            | GroupOutcome::NotLetIn
            | GroupOutcome::Admitted(_)
            | GroupOutcome::TurnedAway(_)
            | GroupOutcome::Removed(_)
            | GroupOutcome::Is(_)
            | GroupOutcome::Changed(..) => {
                if let Some(line) = described(&group, outcome) {
                    self.info(line);
                }
            }
            GroupOutcome::WasRemoved => {
                self.info(format!("You were removed from {group} by its maker"));
                if self.present() == Some(Conversation::Group(group)) {
                    self.show_menu();
                }
            }
            GroupOutcome::Joined => self.enter_group(group),
            GroupOutcome::DoesNotExist => {
                self.report(first_text(&Notice::GroupDoesNotExist));
                self.stop_waiting();
            }
            GroupOutcome::Refused(why) => {
                self.report(why.to_string());
                self.stop_waiting();
            }
            GroupOutcome::Quit => {
                self.info(format!("You left {group}"));
                self.show_menu();
            }
        }
    }

    /// Whoever did not ask to go elsewhere goes on where they are.
    fn stop_waiting(&mut self) {
        if matches!(self.view, View::Waiting) {
            self.show_menu();
        }
    }

    /// What waits for a decision, and what was decided.
    pub(super) fn handle_decision(&mut self, decision: Decision) {
        match decision {
            Decision::Invited(group, by) => self.info(format!(
                "{by} invites you to {group}: /accept {group}, /decline {group} or /block {by}"
            )),
            Decision::Asks(group, name) => self.info(format!(
                "{name} asks to join {group}: /admit {group}: {name} or /turnaway {group}: {name}"
            )),
        }
    }

    pub(super) fn handle_block(&mut self, name: &UserName, reply: BlockReply) {
        match reply {
            BlockReply::Blocked => self.info(format!("You hear of no invitations of {name}")),
            BlockReply::Free => self.info(format!("You hear of invitations of {name} again")),
            BlockReply::Unknown => self.report(format!("there is no {name}")),
            BlockReply::TooMany => {
                self.report("you block too many: /unblock somebody first".to_owned());
            }
            BlockReply::NotStored => {
                self.report("that was not stored: please try again".to_owned());
            }
        }
    }

    pub(super) fn list_blocked(&mut self, names: &[UserName], more: bool) {
        let rest = if more { ", and more" } else { "" };
        self.info(format!("You hear of no invitations of: {}{rest}", joined(names)));
    }

    /// Whoever writes in a group goes on in it under its new name.
    pub(super) fn rename(&mut self, from: &GroupName, to: &GroupName) {
        self.info(format!("The group {from} is called {to} now"));
        let (before, after) = (Conversation::Group(from.clone()), Conversation::Group(to.clone()));
        if let View::Writing(conversations) = &mut self.view {
            for conversation in conversations.iter_mut().filter(|it| **it == before) {
                *conversation = after.clone();
            }
        }
    }

    pub(super) fn enter_group(&mut self, group: GroupName) {
        self.info(format!("You are now in: {group}"));
        self.info("type LEAVE to exit");
        self.view = View::Writing(vec![Conversation::Group(group)]);
    }

    pub(super) fn ask_members(&mut self, group: GroupName) {
        self.info("Enter the names of the people you want in your group:");
        self.info("Type DONE when you are finished");
        self.view = View::GroupMembers(group, Vec::new());
    }

    pub(super) fn join_group(&mut self, now: Instant, group: GroupName, session: &mut Session) {
        self.view = View::Waiting;
        session.join_group(now, group);
    }

    pub(super) fn create_group(
        &mut self,
        now: Instant,
        group: GroupName,
        members: Vec<String>,
        session: &mut Session,
    ) {
        self.view = View::Waiting;
        session.create_group(now, group, JoinPolicy::default(), members);
    }
}

/// What became of a group, in a line.
fn described(group: &GroupName, outcome: GroupOutcome) -> Option<String> {
    let joined =
        |names: &[UserName]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Some(match outcome {
        GroupOutcome::Invited(names) => format!("Invited to {group}: {}", joined(&names)),
        GroupOutcome::Declined => format!("You are not invited to {group} any more"),
        GroupOutcome::NotLetIn => format!("You were not let into {group}"),
        GroupOutcome::Admitted(name) => format!("{name} is a member of {group} now"),
        GroupOutcome::TurnedAway(name) => format!("{name} was turned away from {group}"),
        GroupOutcome::Removed(name) => format!("{name} is not a member of {group} any more"),
        GroupOutcome::Changed(policy, maker) => {
            format!("{group}: {} {maker} decides about it", who_may_join(policy))
        }
        GroupOutcome::Is(GroupInfo { policy, maker, invited, asking }) => {
            let mut line = format!("{group}: {} {maker} decides about it", who_may_join(policy));
            if !invited.is_empty() {
                line.push_str(&format!("; invited: {}", joined(&invited)));
            }
            if !asking.is_empty() {
                line.push_str(&format!("; asking to join: {}", joined(&asking)));
            }
            line
        }
        GroupOutcome::Created(_)
        | GroupOutcome::NotFound(_)
        | GroupOutcome::Joined
        | GroupOutcome::Added
        | GroupOutcome::Asked
        | GroupOutcome::WasRemoved
        | GroupOutcome::DoesNotExist
        | GroupOutcome::Refused(_)
        | GroupOutcome::Quit => return None,
    })
}

fn joined(names: &[UserName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn who_may_join(policy: JoinPolicy) -> &'static str {
    match policy {
        JoinPolicy::Anyone => "anyone may join.",
        JoinPolicy::Invitation => "who is invited may join.",
        JoinPolicy::Asking => "who is invited may join, or asks to.",
    }
}
