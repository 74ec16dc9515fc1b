//! Groups: what people do about them, and what becomes of that.

use netchat_client::session::{Event, GroupOutcome};
use netchat_shared::extended::{GroupAction, JoinPolicy};

use super::World;

impl World {
    /// Somebody makes a group that anyone may join, and invites these.
    pub fn create_group(&mut self, who: usize, group: &str, members: &[&str]) {
        let members = members.iter().map(|&member| member.to_owned()).collect();
        let (group, policy) = (group.parse().unwrap(), JoinPolicy::Anyone);
        self.people[who].session.create_group(self.now, group, policy, members);
        self.drain(who);
    }

    /// Somebody does something about a group.
    pub fn act_on_group(&mut self, who: usize, group: &str, action: GroupAction) {
        self.people[who].session.act_on_group(self.now, group.parse().unwrap(), action);
        self.drain(who);
    }

    /// Somebody blocks another's invitations.
    pub fn block(&mut self, who: usize, name: &str) {
        self.people[who].session.block(self.now, name.parse().unwrap(), true);
        self.drain(who);
    }

    /// Somebody becomes a member of a group.
    pub fn join_group(&mut self, who: usize, group: &str) {
        self.people[who].session.join_group(self.now, group.parse().unwrap());
        self.drain(who);
    }

    /// Somebody leaves a group for good.
    pub fn quit_group(&mut self, who: usize, group: &str) {
        self.people[who].session.quit_group(self.now, group.parse().unwrap());
        self.drain(who);
    }

    /// What becomes of groups, and what waits for a decision.
    pub(super) fn handle_groups(&mut self, who: usize, event: Event) {
        let now = self.now;
        let person = &mut self.people[who];
        if let Event::Group(group, outcome) = event {
            match &outcome {
                GroupOutcome::Created(_) | GroupOutcome::Joined | GroupOutcome::Added => {
                    person.groups_joined.insert(group.clone());
                }
                GroupOutcome::Quit | GroupOutcome::WasRemoved => {
                    person.groups_joined.remove(&group);
                }
                GroupOutcome::NotFound(_)
                | GroupOutcome::DoesNotExist
                | GroupOutcome::Invited(_)
                | GroupOutcome::Asked
                | GroupOutcome::Declined
                | GroupOutcome::NotLetIn
                | GroupOutcome::Admitted(_)
                | GroupOutcome::TurnedAway(_)
                | GroupOutcome::Removed(_)
                | GroupOutcome::Is(_)
                | GroupOutcome::Changed(..)
                | GroupOutcome::Refused(_) => {}
            }
            person.group_outcomes.push((group, outcome));
        } else if let Event::Invited(group, _) = event {
            person.invitations.insert(group.clone());
            if person.accepts_invitations {
                person.session.join_group(now, group);
            }
        } else if let Event::InvitationEnded(group) = event {
            person.invitations.remove(&group);
        } else if let Event::Asks(group, name) = event {
            person.asking.insert((group, name));
        } else if let Event::AsksNoMore(group, name) = event {
            person.asking.remove(&(group, name));
        } else if let Event::Renamed(from, to) = event
            && person.groups_joined.remove(&from)
        {
            person.groups_joined.insert(to);
        }
    }
}
