//! What the server says about groups.

use super::super::{Common, Event, GroupOutcome, Told};
use super::chat::Chat;
use super::requests::Request;
use netchat_shared::classic::{Roster, RosterEntry};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{BlockReply, GroupNews, GroupReply, NewName};
use netchat_shared::list::List;
use netchat_shared::name::{GroupName, UserName};

impl Chat {
    /// A request about a group was answered. Answers come in the order of the questions, and under the
    /// group's own name, however it was written in the question. Who asked for members is told so too
    /// that there are none.
    pub(super) fn handle_group(
        &mut self,
        group: GroupName,
        reply: GroupReply,
        common: &mut Common,
    ) {
        self.requests.finish(|request| matches!(request, Request::Group(_) | Request::Members(..)));
        let outcome = match reply {
            GroupReply::Created { invited, not_invited } => {
                let own = common.answers.name.iter();
                let entry = |name: &UserName| RosterEntry { address: None, name: name.to_string() };
                let members = Roster { entries: own.map(entry).collect() };
                tell_invited(&group, invited.into_vec(), not_invited.into_vec(), common);
                GroupOutcome::Created(members)
            }
            GroupReply::Invited { invited, not_invited } => {
                return tell_invited(&group, invited.into_vec(), not_invited.into_vec(), common);
            }
            GroupReply::Joined { .. } => GroupOutcome::Joined,
            GroupReply::Asked => GroupOutcome::Asked,
            GroupReply::DoesNotExist => GroupOutcome::DoesNotExist,
            GroupReply::Quit => GroupOutcome::Quit,
            GroupReply::Declined => GroupOutcome::Declined,
            GroupReply::Admitted(name) => {
                self.consent.end_asking(group.clone(), name.clone(), common);
                GroupOutcome::Admitted(name)
            }
            GroupReply::TurnedAway(name) => {
                self.consent.end_asking(group.clone(), name.clone(), common);
                GroupOutcome::TurnedAway(name)
            }
            GroupReply::Removed(name) => GroupOutcome::Removed(name),
            GroupReply::Renamed(new) => return self.rename(&group, new, common),
            GroupReply::Is(info) => GroupOutcome::Is(info),
            GroupReply::Refused(why) => GroupOutcome::Refused(Told::Server(why)),
        };
        if matches!(
            outcome,
            GroupOutcome::Joined | GroupOutcome::Declined | GroupOutcome::DoesNotExist
        ) {
            self.consent.end_invitation(&group, common);
        }
        if outcome == GroupOutcome::Quit {
            self.consent.forget_asking(&group, common);
        }
        common.tell(Event::Group(group, outcome));
    }

    /// Something about a group that was not asked for.
    pub(super) fn handle_news(&mut self, group: GroupName, news: GroupNews, common: &mut Common) {
        let outcome = match news {
            GroupNews::Added => {
                self.consent.end_invitation(&group, common);
                GroupOutcome::Added
            }
            GroupNews::Left => {
                self.consent.forget_asking(&group, common);
                GroupOutcome::Quit
            }
            GroupNews::Removed => {
                self.consent.forget_asking(&group, common);
                GroupOutcome::WasRemoved
            }
            GroupNews::TurnedAway => GroupOutcome::NotLetIn,
            GroupNews::Is(policy, maker) => GroupOutcome::Changed(policy, maker),
            GroupNews::Invited(by) => return self.consent.invite(group, by, common),
            GroupNews::Uninvited => return self.consent.end_invitation(&group, common),
            GroupNews::Asks(name) => return self.consent.ask(group, name, common),
            GroupNews::AsksNoMore(name) => return self.consent.end_asking(group, name, common),
            GroupNews::Renamed(new) => return self.rename(&group, new, common),
        };
        common.tell(Event::Group(group, outcome));
    }

    pub(super) fn handle_block(&mut self, name: UserName, reply: BlockReply, common: &mut Common) {
        self.requests.finish(|request| matches!(request, Request::Block(..)));
        if reply == BlockReply::Blocked {
            self.consent.end_invitations_of(&name, common);
        }
        common.tell(Event::Block(name, reply));
    }

    pub(super) fn handle_blocked(
        &mut self,
        names: List<UserName>,
        more: bool,
        common: &mut Common,
    ) {
        self.requests.finish(|request| matches!(request, Request::Blocked(_)));
        common.tell(Event::Blocked(names.into_vec(), more));
    }

    /// What waits to be sent goes where the group is now. A renaming that is told again moves nothing: the
    /// former name may be another group's.
    fn rename(&mut self, from: &GroupName, NewName { at, name: to }: NewName, common: &mut Common) {
        if !self.place.note_renamed(at) {
            return;
        }
        let before = Conversation::Group(from.clone());
        let after = Conversation::Group(to.clone());
        for outgoing in common.outbox.iter_mut().filter(|it| it.conversation == before) {
            outgoing.conversation = after.clone();
        }
        self.marks.rename(&before, after);
        self.consent.rename(from, &to, common);
        common.tell(Event::Renamed(from.clone(), to));
    }
}

fn tell_invited(
    group: &GroupName,
    invited: Vec<UserName>,
    not_invited: Vec<String>,
    common: &mut Common,
) {
    if !not_invited.is_empty() {
        common.tell(Event::Group(group.clone(), GroupOutcome::NotFound(not_invited)));
    }
    if !invited.is_empty() {
        common.tell(Event::Group(group.clone(), GroupOutcome::Invited(invited)));
    }
}
