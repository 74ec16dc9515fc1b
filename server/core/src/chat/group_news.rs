//! What is told about groups: each change to those whom it concerns, and what waits for somebody's
//! decision.

use netchat_shared::name::{GroupName, UserName};

use super::people::People;
use crate::action::LogEvent;
use crate::context::Context;
use crate::directory::{Group, Kind};
use crate::events::{GroupNews, Renaming, SessionKey, Update};
use crate::limits::{ASKING_TOLD_MAX, INVITATIONS_OF_USER_MAX};
use crate::storage::{Change, Sequence, Standing, UserId};

/// Tells those whom a change concerns, but for the session that asked for it.
pub(crate) struct Teller<'a> {
    pub(crate) people: &'a People,
    pub(crate) asked_by: Option<SessionKey>,
}

impl Teller<'_> {
    pub(crate) fn tell(&self, cx: &mut Context, change: &Change, before: Option<&Group>) {
        match (change, before) {
            (Change::Group(group), _) => self.tell_made(cx, group),
            (Change::Join(_, user), Some(before)) => {
                let was_asking = before.standing(*user) == Some(Standing::Asking);
                let news = if was_asking { GroupNews::Admitted } else { GroupNews::Added };
                self.tell_user(cx, *user, &before.name, &news);
                self.end_asking(cx, before, *user);
            }
            (Change::Quit(_, user), Some(before)) => {
                self.tell_user(cx, *user, &before.name, &GroupNews::Left);
                self.tell_left(cx, before);
            }
            (Change::Remove(_, user), Some(before)) => {
                self.tell_user(cx, *user, &before.name, &GroupNews::Removed);
                self.tell_left(cx, before);
            }
            (Change::Standing(_, user, standing), Some(before)) => {
                self.tell_standing(cx, before, *user, *standing);
            }
            (Change::Rename(_, name), Some(before)) => self.tell_renamed(cx, before, name),
            (Change::Policy(id, _), Some(before)) => {
                if let Some(group) = self.people.directory.find_group(&before.name)
                    && let Some(news) = self.is_now(group).filter(|_| group.id == *id)
                {
                    let members = group.members.iter();
                    members.for_each(|(user, _)| self.tell_user(cx, *user, &group.name, &news));
                }
            }
            (Change::Block { user, other, is_blocked }, _) => {
                for (group, standing) in self.people.directory.standings_of(*user) {
                    if standing == Standing::Invited(*other)
                        && let Some(by) = self.people.name(*other).cloned()
                    {
                        let news = match is_blocked {
                            true => GroupNews::Uninvited,
                            false => GroupNews::Invited(by),
                        };
                        for &key in self.people.presence.sessions(*user) {
                            cx.update(key, Update::GroupNews(group.name.clone(), news.clone()));
                        }
                    }
                }
            }
            (
                Change::Message(_)
                | Change::Direct(..)
                | Change::User(_)
                | Change::Password(..)
                | Change::Join(..)
                | Change::Quit(..)
                | Change::Remove(..)
                | Change::Standing(..)
                | Change::Rename(..)
                | Change::Settings(..)
                | Change::Policy(..),
                _,
            ) => {}
        }
    }

    fn tell_made(&self, cx: &mut Context, group: &Group) {
        if let Some(by) = group.maker().and_then(|user| self.people.name(user)).cloned() {
            cx.log(LogEvent::GroupCreated { group: group.name.clone(), by });
        }
        // The others did not ask, and learn of it.
        for &(member, _) in group.members.iter().skip(1) {
            self.tell_user(cx, member, &group.name, &GroupNews::Added);
        }
        for &(user, standing) in &group.others {
            self.tell_invited(cx, &group.name, user, Some(standing));
        }
    }

    fn tell_invited(
        &self,
        cx: &mut Context,
        group: &GroupName,
        user: UserId,
        standing: Option<Standing>,
    ) {
        let by = told_invitation(self.people, user, standing);
        if let Some(by) = by.and_then(|by| self.people.name(by)).cloned() {
            self.tell_user(cx, user, group, &GroupNews::Invited(by));
        }
    }

    fn tell_standing(
        &self,
        cx: &mut Context,
        before: &Group,
        user: UserId,
        standing: Option<Standing>,
    ) {
        let was = before.standing(user);
        match standing {
            Some(Standing::Invited(_)) => self.tell_invited(cx, &before.name, user, standing),
            Some(Standing::Asking) => {
                if let Some(name) = self.people.name(user).cloned() {
                    self.tell_maker(cx, before, &GroupNews::Asks(name));
                }
            }
            Some(Standing::Barred) => {
                self.tell_user(cx, user, &before.name, &GroupNews::TurnedAway);
            }
            None => {
                if told_invitation(self.people, user, was).is_some() {
                    self.tell_user(cx, user, &before.name, &GroupNews::Uninvited);
                }
            }
        }
        if standing != Some(Standing::Asking) {
            self.end_asking(cx, before, user);
        }
    }

    fn end_asking(&self, cx: &mut Context, before: &Group, user: UserId) {
        if before.standing(user) == Some(Standing::Asking)
            && let Some(name) = self.people.name(user).cloned()
        {
            self.tell_maker(cx, before, &GroupNews::AsksNoMore(name));
        }
    }

    /// Somebody is a member no more: whom they have invited is invited no more, and perhaps somebody else
    /// decides now, or nobody is left.
    fn tell_left(&self, cx: &mut Context, before: &Group) {
        let group = match self.people.directory.kind(before.id) {
            Some(Kind::Group(group)) => Some(group),
            Some(Kind::Everyone | Kind::Direct(..)) | None => None,
        };
        for &(user, was) in &before.others {
            if group.and_then(|group| group.standing(user)) != Some(was) {
                self.tell_stands_no_more(cx, before, user, was);
            }
        }
        let Some(group) = group else { return };
        let Some(news) = self.is_now(group).filter(|_| group.maker() != before.maker()) else {
            return;
        };
        self.tell_maker(cx, group, &news);
        let asking = group.others.iter().filter(|(_, it)| *it == Standing::Asking);
        for name in self.people.names(asking.map(|(user, _)| *user)) {
            self.tell_maker(cx, group, &GroupNews::Asks(name));
        }
    }

    fn tell_stands_no_more(&self, cx: &mut Context, before: &Group, user: UserId, was: Standing) {
        match was {
            Standing::Asking => self.tell_user(cx, user, &before.name, &GroupNews::TurnedAway),
            Standing::Invited(_) | Standing::Barred => {
                if told_invitation(self.people, user, Some(was)).is_some() {
                    self.tell_user(cx, user, &before.name, &GroupNews::Uninvited);
                }
            }
        }
    }

    fn tell_renamed(&self, cx: &mut Context, before: &Group, to: &GroupName) {
        for (user, _) in &before.members {
            for &key in self.people.presence.sessions(*user) {
                if Some(key) != self.asked_by {
                    let at = cx.applied;
                    let renaming = Renaming { at, from: before.name.clone(), to: to.clone() };
                    cx.update(key, Update::Renamed(renaming));
                }
            }
        }
        for &(user, standing) in &before.others {
            if told_invitation(self.people, user, Some(standing)).is_some() {
                self.tell_user(cx, user, &before.name, &GroupNews::Uninvited);
                self.tell_invited(cx, to, user, Some(standing));
            }
        }
    }

    fn is_now(&self, group: &Group) -> Option<GroupNews> {
        let maker = self.people.name(group.maker()?)?.clone();
        Some(GroupNews::Is(group.policy, maker))
    }

    fn tell_maker(&self, cx: &mut Context, group: &Group, news: &GroupNews) {
        if let Some(maker) = group.maker() {
            self.tell_user(cx, maker, &group.name, news);
        }
    }

    fn tell_user(&self, cx: &mut Context, user: UserId, group: &GroupName, news: &GroupNews) {
        for &key in self.people.presence.sessions(user) {
            if Some(key) != self.asked_by {
                cx.update(key, Update::GroupNews(group.clone(), news.clone()));
            }
        }
    }
}

/// What waits for a user's decision: groups that they are invited to, by whom; and who asks to join
/// theirs.
fn waiting(people: &People, user: UserId) -> [Vec<(GroupName, UserName)>; 2] {
    let invitations = people.directory.standings_of(user).filter_map(|(group, standing)| {
        let by = told_invitation(people, user, Some(standing))?;
        Some((group.name.clone(), people.name(by)?.clone()))
    });
    let own = people.directory.groups_of(user).filter(|group| group.maker() == Some(user));
    let asking = own.flat_map(|group| {
        let asking = group.others.iter().filter(|(_, it)| *it == Standing::Asking);
        asking.filter_map(|(user, _)| Some((group.name.clone(), people.name(*user)?.clone())))
    });
    [invitations.take(INVITATIONS_OF_USER_MAX).collect(), asking.take(ASKING_TOLD_MAX).collect()]
}

/// Tells what waits for a user's decision, as asked.
pub(crate) fn tell_waiting(cx: &mut Context, people: &People, (key, user): (SessionKey, UserId)) {
    let [invitations, asking] = waiting(people, user);
    cx.update(key, Update::Waiting { invitations, asking });
}

/// The same to a session that begins.
pub(crate) fn tell_each_waiting(
    cx: &mut Context,
    people: &People,
    (key, user): (SessionKey, UserId),
) {
    let [invitations, asking] = waiting(people, user);
    for (group, by) in invitations {
        cx.update(key, Update::GroupNews(group, GroupNews::Invited(by)));
    }
    for (group, name) in asking {
        cx.update(key, Update::GroupNews(group, GroupNews::Asks(name)));
    }
}

/// How groups of a user were renamed behind that place, in order.
pub(crate) fn renamings(people: &People, user: UserId, after: Sequence) -> Vec<Renaming> {
    let mut renamings = Vec::new();
    for group in people.directory.groups_of(user) {
        let since =
            group.members.iter().find(|(member, _)| *member == user).map(|(_, since)| *since);
        let after = after.max(since.unwrap_or_default());
        let later = group.former_names.iter().skip(1).map(|former| &former.name);
        let names = later.chain([&group.name]);
        for (former, to) in group.former_names.iter().zip(names) {
            if former.until > after {
                let (at, from, to) = (former.until, former.name.clone(), to.clone());
                renamings.push(Renaming { at, from, to });
            }
        }
    }
    renamings.sort_unstable_by_key(|renaming| renaming.at);
    renamings
}

/// Who has invited a user, if they are told of it: what comes of people whom they block is not.
pub(crate) fn told_invitation(
    people: &People,
    user: UserId,
    standing: Option<Standing>,
) -> Option<UserId> {
    match standing {
        Some(Standing::Invited(by)) if !people.directory.is_blocked(user, by) => Some(by),
        Some(Standing::Invited(_) | Standing::Asking | Standing::Barred) | None => None,
    }
}
