//! Groups, as the terminal asks for them and tells of them.

use super::*;

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
            GroupOutcome::Joined => self.enter_group(group),
            GroupOutcome::DoesNotExist => {
                self.report(first_text(&Notice::GroupDoesNotExist));
                self.show_menu();
            }
            GroupOutcome::Refused(line) => {
                self.report(line);
                self.show_menu();
            }
            GroupOutcome::Quit => {
                self.info(format!("You left {group}"));
                self.show_menu();
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
        session.create_group(now, group, members);
    }
}
