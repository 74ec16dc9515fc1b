//! Groups: making, joining and leaving them, and who decides about that. Nobody becomes a member who
//! has not agreed, but for groups that an original client makes.

use std::collections::BTreeMap;

use netchat_shared::extended::{BlockReply, JoinPolicy};
use netchat_shared::name::{GroupName, UserName};

use super::group_news::{Teller, told_invitation};
use super::people::People;
use crate::context::Context;
use crate::directory::Group;
use crate::events::{GroupDescription, GroupOutcome, GroupRequest, SessionKey, Update};
use crate::limits::{
    ASKS_OF_USER_MAX, BLOCKED_BY_USER_MAX, GROUP_ASKING_MAX, GROUP_INVITED_MAX, GROUP_MEMBERS_MAX,
    GROUPS_MAX, INVITATIONS_OF_USER_MAX, INVITED_BY_MEMBER_MAX,
};
use crate::names::{self, Found, NameRefused};
use crate::storage::{
    Admission, Change, Draft, Placed, Sequence, Standing, StandingStep, Stored, Ticket, UserId,
    Write,
};

/// Requests about groups, on their way to storage.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pending: BTreeMap<Ticket, Pending>,
}

#[derive(Debug)]
struct Pending {
    key: SessionKey,
    /// What is answered when it is stored.
    answer: Answer,
    /// What was stored is known when the log has come so far.
    stored_at: Option<Sequence>,
}

/// What is answered to a request that was stored.
#[derive(Debug)]
enum Answer {
    /// Something about that group, as that user stands to it.
    Group(GroupName, UserId, About),
    /// This user is blocked, or not.
    Block(UserName, bool),
}

/// What is answered about a group.
#[derive(Debug)]
enum About {
    /// It was made; names that are nobody's.
    Created(Vec<String>),
    /// The user is a member, or not.
    Membership,
    /// What it is now.
    Description,
    /// It is called that.
    Renamed(GroupName),
    /// This.
    Outcome(GroupOutcome),
}

/// Changes that are to be stored, and what is answered then; or what is answered at once.
type Plan = Result<(Vec<Draft>, About), GroupOutcome>;

/// Whoever asks for something about a group that there is.
struct Asker<'a> {
    people: &'a People,
    user: UserId,
    group: &'a Group,
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
        // A member may not have heard that it was renamed; for everybody else, the former name is free.
        let present = people.directory.find_group(&name);
        let group = match request {
            GroupRequest::CreateOpen(_)
            | GroupRequest::Create(..)
            | GroupRequest::Find
            | GroupRequest::Join => present,
            GroupRequest::Quit
            | GroupRequest::Decline
            | GroupRequest::Invite(_)
            | GroupRequest::Admit(_)
            | GroupRequest::TurnAway(_)
            | GroupRequest::Remove(_)
            | GroupRequest::Rename(_)
            | GroupRequest::SetPolicy(_)
            | GroupRequest::Describe => people.directory.find_own_group(&name, user).or(present),
        };
        // Whoever asks learns how it is written.
        let name = group.map_or(name, |group| group.name.clone());
        let plan = match (request, group) {
            (GroupRequest::Find, group) => Err(GroupOutcome::Found(group.is_some())),
            (GroupRequest::CreateOpen(_) | GroupRequest::Create(..), _)
                if people.directory.groups_made_by(user) >= cx.settings.quotas.groups =>
            {
                Err(refused(too_many_groups(cx.settings.quotas.groups)))
            }
            (GroupRequest::CreateOpen(names), _) => create_open(people, user, &name, names),
            (GroupRequest::Create(policy, names), _) => create(people, user, &name, policy, names),
            (GroupRequest::Quit, None) => Err(not_a_member(&name)),
            (_, None) => Err(GroupOutcome::DoesNotExist),
            (request, Some(group)) => Asker { people, user, group }.plan(request),
        };
        match plan {
            Ok((drafts, about)) => self.store(cx, key, drafts, Answer::Group(name, user, about)),
            Err(outcome) => cx.update(key, Update::Group(name, outcome)),
        }
    }

    /// A user blocks somebody's invitations, or lets them through again.
    pub(crate) fn block(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        name: UserName,
        is_blocked: bool,
    ) {
        let other =
            people.find_spelled(name.as_str()).filter(|&other| is_registered(people, other));
        let Some(other) = other else {
            return cx.update(key, Update::Block(name, BlockReply::Unknown));
        };
        let name = people.name(other).cloned().unwrap_or(name);
        let is_full = people.directory.blocked_by(user).count() >= BLOCKED_BY_USER_MAX;
        if is_blocked && is_full && !people.directory.is_blocked(user, other) {
            return cx.update(key, Update::Block(name, BlockReply::TooMany));
        }
        let draft = Draft::Block { user, other, is_blocked };
        self.store(cx, key, vec![draft], Answer::Block(name, is_blocked));
    }

    fn store(&mut self, cx: &mut Context, key: SessionKey, drafts: Vec<Draft>, answer: Answer) {
        let pending = Pending { key, answer, stored_at: None };
        match cx.store(Write::Append(drafts)) {
            Ok(ticket) => drop(self.pending.insert(ticket, pending)),
            Err(_) => pending.fail(cx),
        }
    }

    /// The log has a change of a group, which the directory has by now; and what the group was before.
    pub(crate) fn handle_change(
        &mut self,
        cx: &mut Context,
        people: &People,
        ticket: Option<Ticket>,
        change: &Change,
        before: Option<&Group>,
    ) {
        let pending = ticket.and_then(|ticket| self.pending.get(&ticket));
        let asked_by = pending.map(|pending| pending.key);
        Teller { people, asked_by }.tell(cx, change, before);
        // What takes several entries is answered when storage says that those are all.
        let is_whole = pending.is_some_and(|pending| match pending.answer {
            Answer::Group(_, _, About::Outcome(_)) => {
                pending.stored_at.is_some_and(|at| at <= cx.applied)
            }
            Answer::Group(..) | Answer::Block(..) => true,
        });
        if let Some(ticket) = ticket.filter(|_| is_whole)
            && let Some(pending) = self.pending.remove(&ticket)
        {
            pending.answer(cx, people);
        }
    }

    /// The answer of storage came: what did not become an entry is told.
    pub(crate) fn handle_stored(
        &mut self,
        cx: &mut Context,
        people: &People,
        ticket: Ticket,
        stored: &Stored,
    ) {
        let Some(pending) = self.pending.get_mut(&ticket) else { return };
        let Stored::Placed(placed) = stored else {
            if let Some(pending) = self.pending.remove(&ticket) {
                pending.fail(cx);
            }
            return;
        };
        let at = placed.iter().filter_map(|placed| match placed {
            Placed::At(at) => Some(*at),
            Placed::Known(_) | Placed::Taken | Placed::Refused(_) | Placed::Outdated => None,
        });
        let at = at.max();
        // The entry comes by the log; or, if its place is behind us, there was nothing to change.
        if at.is_some_and(|at| at > cx.applied) {
            pending.stored_at = at;
            return;
        }
        let Some(pending) = self.pending.remove(&ticket) else { return };
        match (at, placed.first()) {
            (Some(_), _) => pending.answer(cx, people),
            (None, Some(Placed::Taken)) => pending.refuse(cx, "exists already"),
            (None, Some(Placed::Outdated)) => {
                pending.refuse(cx, "has changed meanwhile. Please try again");
            }
            (None, _) => pending.fail(cx),
        }
    }
}

impl Pending {
    fn answer(self, cx: &mut Context, people: &People) {
        let update = match self.answer {
            Answer::Group(name, user, about) => {
                let outcome = about.outcome(people, &name, user);
                Update::Group(name, outcome)
            }
            Answer::Block(name, true) => Update::Block(name, BlockReply::Blocked),
            Answer::Block(name, false) => Update::Block(name, BlockReply::Free),
        };
        cx.update(self.key, update);
    }

    fn refuse(self, cx: &mut Context, why: &str) {
        let Answer::Group(name, _, about) = self.answer else { return self.fail(cx) };
        let line = match &about {
            About::Renamed(to) => format!("Group {to} {why}."),
            About::Created(_) | About::Membership | About::Description | About::Outcome(_) => {
                format!("Group {name} {why}.")
            }
        };
        cx.update(self.key, Update::Group(name, refused(line)));
    }

    fn fail(self, cx: &mut Context) {
        let update = match self.answer {
            Answer::Block(name, _) => Update::Block(name, BlockReply::NotStored),
            Answer::Group(name, ..) => {
                let line = format!("The change to {name} was not stored. Please try again.");
                Update::Group(name, refused(line))
            }
        };
        cx.update(self.key, update);
    }
}

impl About {
    fn outcome(self, people: &People, name: &GroupName, user: UserId) -> GroupOutcome {
        let group = people.directory.find_group(name);
        match (self, group) {
            (Self::Outcome(outcome), _) => outcome,
            (Self::Membership, _) => match people.directory.find_own_group(name, user) {
                Some(group) => joined(people, group),
                None => GroupOutcome::Quit,
            },
            (Self::Created(unknown), Some(group)) => {
                let members = group.members.iter();
                let members = members.filter_map(|(user, _)| people.name_and_address(*user));
                let invited = people.names(group.others.iter().map(|(user, _)| *user));
                GroupOutcome::Created { members: members.collect(), invited, unknown }
            }
            (Self::Description, Some(group)) => describe(people, group, user),
            (Self::Renamed(to), _) => {
                let former = people.directory.find_group(&to).and_then(|it| it.former_names.last());
                former.map_or(GroupOutcome::DoesNotExist, |former| GroupOutcome::Renamed {
                    at: former.until,
                    to,
                })
            }
            (Self::Created(_) | Self::Description, None) => GroupOutcome::DoesNotExist,
        }
    }
}

impl Asker<'_> {
    fn plan(&self, request: GroupRequest) -> Plan {
        let id = self.group.id;
        match request {
            GroupRequest::Join => self.join(),
            GroupRequest::Quit => match self.is_member() {
                true => Ok((vec![Draft::Quit(id, self.user)], About::Membership)),
                false => Err(not_a_member(&self.group.name)),
            },
            GroupRequest::Decline => self.decline(),
            GroupRequest::Invite(names) => self.invite(names),
            GroupRequest::Admit(name) => {
                let (other, name) = self.other(&name)?;
                if self.group.standing(other) != Some(Standing::Asking) {
                    return Err(refused(format!("{name} does not ask to join.")));
                }
                self.check_room(1)?;
                let join = Draft::Join(id, other, Admission::LetIn(self.user));
                Ok((vec![join], About::Outcome(GroupOutcome::Admitted(name))))
            }
            GroupRequest::TurnAway(name) => {
                let (other, name) = self.other(&name)?;
                let step = match self.group.standing(other) {
                    Some(Standing::Asking) => StandingStep::TurnAway(self.user),
                    Some(Standing::Invited(_)) => StandingStep::TakeBack(self.user),
                    Some(Standing::Barred) | None => {
                        return Err(refused(format!(
                            "{name} neither asks to join nor is invited."
                        )));
                    }
                };
                let outcome = GroupOutcome::TurnedAway(name);
                Ok((vec![Draft::Standing(id, other, step)], About::Outcome(outcome)))
            }
            GroupRequest::Remove(name) => {
                let (other, name) = self.other(&name)?;
                if other == self.user || !self.people.directory.is_member(id, other) {
                    return Err(refused(format!("{name} is no other member of it.")));
                }
                let outcome = GroupOutcome::Removed(name);
                let remove = Draft::Remove { group: id, user: other, by: self.user };
                Ok((vec![remove], About::Outcome(outcome)))
            }
            GroupRequest::Rename(name) => {
                self.check_maker()?;
                check_name(self.people, &name, Some(self.group))
                    .map_err(|why| refused(format!("{name}: {why}.")))?;
                let rename = vec![Draft::Rename(id, self.user, name.clone())];
                Ok((rename, About::Renamed(name)))
            }
            GroupRequest::SetPolicy(policy) => {
                self.check_maker()?;
                Ok((vec![Draft::Policy(id, self.user, policy)], About::Description))
            }
            GroupRequest::Describe => match self.is_member() || self.invitation().is_some() {
                true => Err(describe(self.people, self.group, self.user)),
                false => Err(not_a_member(&self.group.name)),
            },
            GroupRequest::CreateOpen(_) | GroupRequest::Create(..) | GroupRequest::Find => {
                Err(GroupOutcome::Found(true))
            }
        }
    }

    fn join(&self) -> Plan {
        let Self { people, user, group } = *self;
        if self.is_member() {
            return Err(joined(people, group));
        }
        let standing = group.standing(user);
        let admission = match (standing, group.policy) {
            (Some(Standing::Invited(_)), _) => Admission::Invited,
            (Some(Standing::Barred), _) => {
                let line =
                    format!("You can come into {} by its maker's invitation only.", group.name);
                return Err(refused(line));
            }
            (_, JoinPolicy::Anyone) => Admission::Open,
            (Some(Standing::Asking), _) => return Err(GroupOutcome::Asked),
            (None, JoinPolicy::Asking) => return self.ask(),
            (None, JoinPolicy::Invitation) => {
                let line = format!("Group {} is for those who are invited.", group.name);
                return Err(refused(line));
            }
        };
        self.check_room(1)?;
        Ok((vec![Draft::Join(group.id, user, admission)], About::Membership))
    }

    fn ask(&self) -> Plan {
        let Self { people, user, group } = *self;
        let is_asking = |(_, standing): &(UserId, Standing)| *standing == Standing::Asking;
        let asks = people.directory.standings_of(user);
        if !is_registered(people, user) {
            return Err(refused("Guests can't ask to join a group.".to_owned()));
        }
        if group.others.iter().filter(|other| is_asking(other)).count() >= GROUP_ASKING_MAX {
            return Err(refused(format!("Too many ask to join {} at present.", group.name)));
        }
        if asks.filter(|(_, it)| *it == Standing::Asking).count() >= ASKS_OF_USER_MAX {
            return Err(refused("You ask to join too many groups at once.".to_owned()));
        }
        let ask = Draft::Standing(group.id, user, StandingStep::Ask);
        Ok((vec![ask], About::Outcome(GroupOutcome::Asked)))
    }

    fn decline(&self) -> Plan {
        let step = match self.group.standing(self.user) {
            Some(Standing::Invited(_)) => StandingStep::Decline,
            Some(Standing::Asking) => StandingStep::StopAsking,
            Some(Standing::Barred) | None => return Err(GroupOutcome::Declined),
        };
        let draft = Draft::Standing(self.group.id, self.user, step);
        Ok((vec![draft], About::Outcome(GroupOutcome::Declined)))
    }

    /// Whether somebody blocks who invites them is not told.
    fn invite(&self, names: Vec<String>) -> Plan {
        let Self { people, user, group } = *self;
        if !self.is_member() {
            return Err(not_a_member(&group.name));
        }
        if group.policy != JoinPolicy::Anyone {
            self.check_maker()?;
        }
        let (mut joins, mut invites) = (Vec::new(), Vec::new());
        let (mut invited, mut unknown) = (Vec::new(), Vec::new());
        for (typed, other) in resolve(people, user, names) {
            let Some(other) = other.filter(|&other| self.may_be_invited(other)) else {
                unknown.push(typed);
                continue;
            };
            if people.directory.is_member(group.id, other) {
                continue;
            }
            invited.extend(people.name(other).cloned());
            let invite = Draft::Standing(group.id, other, StandingStep::Invite(user));
            match group.standing(other) {
                Some(Standing::Asking) if group.maker() == Some(user) => {
                    joins.push(Draft::Join(group.id, other, Admission::LetIn(user)));
                }
                // One that is told stays as it is.
                Some(Standing::Invited(by)) if !people.directory.is_blocked(other, by) => {}
                Some(_) | None => invites.push(invite),
            }
        }
        self.check_room(joins.len())?;
        self.check_invitations(invites.len())?;
        let drafts = [joins, invites].concat();
        let outcome = GroupOutcome::Invited { invited, unknown };
        if drafts.is_empty() { Err(outcome) } else { Ok((drafts, About::Outcome(outcome))) }
    }

    fn may_be_invited(&self, other: UserId) -> bool {
        let is_barred = self.group.standing(other) == Some(Standing::Barred);
        has_room_for_invitation(self.people, other)
            && (!is_barred || self.group.maker() == Some(self.user))
    }

    /// Somebody whom the asker, as the maker, decides about.
    fn other(&self, name: &UserName) -> Result<(UserId, UserName), GroupOutcome> {
        self.check_maker()?;
        let other = self.people.find_spelled(name.as_str());
        other
            .and_then(|other| Some((other, self.people.name(other)?.clone())))
            .ok_or_else(|| refused(format!("There is no {name}.")))
    }

    fn check_maker(&self) -> Result<(), GroupOutcome> {
        if !self.is_member() {
            return Err(not_a_member(&self.group.name));
        }
        if self.group.maker() == Some(self.user) {
            return Ok(());
        }
        let maker = self.group.maker().and_then(|maker| self.people.name(maker));
        let maker = maker.map_or_else(String::new, ToString::to_string);
        Err(refused(format!("That is for {maker} to decide, whose group it is.")))
    }

    fn check_room(&self, more: usize) -> Result<(), GroupOutcome> {
        match more == 0 || self.group.members.len() + more <= GROUP_MEMBERS_MAX {
            true => Ok(()),
            false => Err(refused(too_many_members())),
        }
    }

    /// Invitations hold no places, so that nobody is kept out by those who don't answer. One member's
    /// leave room for others'.
    fn check_invitations(&self, more: usize) -> Result<(), GroupOutcome> {
        let inviters = self.group.others.iter().filter_map(|(_, standing)| match standing {
            Standing::Invited(by) => Some(*by),
            Standing::Asking | Standing::Barred => None,
        });
        let own = inviters.clone().filter(|by| *by == self.user).count();
        if more > 0 && inviters.count() + more > GROUP_INVITED_MAX {
            return Err(refused(too_many_invited()));
        }
        match self.group.maker() == Some(self.user) || own + more <= INVITED_BY_MEMBER_MAX {
            true => Ok(()),
            false => Err(refused(format!(
                "Of your invitations into {}, at most {INVITED_BY_MEMBER_MAX} may wait for an answer.",
                self.group.name
            ))),
        }
    }

    fn is_member(&self) -> bool {
        self.people.directory.is_member(self.group.id, self.user)
    }

    /// Who has invited the asker, as far as they are told.
    fn invitation(&self) -> Option<UserId> {
        told_invitation(self.people, self.user, self.group.standing(self.user))
    }
}

fn has_room_for_invitation(people: &People, user: UserId) -> bool {
    let told = people.directory.standings_of(user);
    let told = told.filter(|(_, it)| told_invitation(people, user, Some(*it)).is_some());
    told.count() < INVITATIONS_OF_USER_MAX
}

/// Users by typed names, each once and without the one who names them.
fn resolve(people: &People, user: UserId, names: Vec<String>) -> Vec<(String, Option<UserId>)> {
    let mut seen = std::collections::BTreeSet::from([user]);
    let named = names.into_iter().map(|name| {
        let found = people.find_spelled(&name).filter(|&other| is_registered(people, other));
        (name, found)
    });
    named.filter(|(_, found)| found.is_none_or(|other| seen.insert(other))).collect()
}

fn is_registered(people: &People, user: UserId) -> bool {
    people.user(user).is_some_and(|user| user.password.is_some())
}

/// A group of a user, who invites those they name.
fn create(
    people: &People,
    user: UserId,
    name: &GroupName,
    policy: JoinPolicy,
    names: Vec<String>,
) -> Plan {
    let (mut invited, mut unknown) = (Vec::new(), Vec::new());
    for (typed, other) in resolve(people, user, names) {
        match other.filter(|&other| has_room_for_invitation(people, other)) {
            Some(other) => invited.push(other),
            None => unknown.push(typed),
        }
    }
    check_new(people, name)?;
    if invited.len() > GROUP_INVITED_MAX {
        return Err(refused(too_many_invited()));
    }
    let draft = Draft::Group { name: name.clone(), policy, members: vec![user], invited };
    Ok((vec![draft], About::Created(unknown)))
}

/// A group of a user and those they name, as original clients make them; but for those who block them. One
/// that exists is not replaced.
fn create_open(people: &People, user: UserId, name: &GroupName, names: Vec<String>) -> Plan {
    let (mut members, mut unknown) = (vec![user], Vec::new());
    for name in names {
        match people.find_spelled(&name) {
            Some(member)
                if members.contains(&member) || people.directory.is_blocked(member, user) => {}
            Some(member) => members.push(member),
            None => unknown.push(name),
        }
    }
    check_new(people, name)?;
    if members.len() > GROUP_MEMBERS_MAX {
        return Err(refused(too_many_members()));
    }
    let (name, policy) = (name.clone(), JoinPolicy::Anyone);
    Ok((vec![Draft::Group { name, policy, members, invited: vec![] }], About::Created(unknown)))
}

fn check_new(people: &People, name: &GroupName) -> Result<(), GroupOutcome> {
    if people.directory.find_group(name).is_some() {
        return Err(refused(format!("Group {name} exists already.")));
    }
    check_name(people, name, None).map_err(|why| refused(format!("{name}: {why}.")))?;
    if people.directory.group_count() >= GROUPS_MAX {
        Err(refused("There are too many groups.".to_owned()))
    } else {
        Ok(())
    }
}

/// Whether a group may be called that from now on, beside the others that there are.
fn check_name(people: &People, name: &GroupName, of: Option<&Group>) -> Result<(), NameRefused> {
    let keys = names::check_new_group(name)?;
    match people.directory.find_group_alike(&keys) {
        Found::Nobody => Ok(()),
        Found::Same(group) | Found::Alike(group) if Some(group.id) == of.map(|of| of.id) => Ok(()),
        Found::Several => Err(NameRefused::Several),
        Found::Same(group) | Found::Alike(group) => Err(NameRefused::Alike(group.name.to_string())),
    }
}

fn joined(people: &People, group: &Group) -> GroupOutcome {
    GroupOutcome::Joined { members: people.names(group.members.iter().map(|(user, _)| *user)) }
}

/// What a group is to somebody: members see who is invited, its maker who asks.
fn describe(people: &People, group: &Group, user: UserId) -> GroupOutcome {
    let is_member = people.directory.is_member(group.id, user);
    let is_maker = group.maker() == Some(user);
    let those = |is_it: &dyn Fn(Standing) -> bool| {
        let those = group.others.iter().filter(|(_, standing)| is_it(*standing));
        people.names(those.map(|(user, _)| *user))
    };
    let Some(maker) = group.maker().and_then(|maker| people.name(maker)).cloned() else {
        return GroupOutcome::DoesNotExist;
    };
    GroupOutcome::Is(GroupDescription {
        policy: group.policy,
        maker,
        invited: those(&|it| is_member && matches!(it, Standing::Invited(_))),
        asking: those(&|it| is_maker && it == Standing::Asking),
    })
}

fn refused(line: String) -> GroupOutcome {
    GroupOutcome::Refused(line)
}

fn not_a_member(name: &GroupName) -> GroupOutcome {
    refused(format!("You are not a member of {name}."))
}

fn too_many_groups(max: usize) -> String {
    format!("You have made {max} groups that are there, as many as one account may.")
}

fn too_many_members() -> String {
    format!("A group has at most {GROUP_MEMBERS_MAX} members.")
}

fn too_many_invited() -> String {
    format!("At most {GROUP_INVITED_MAX} people are invited into a group at once.")
}
