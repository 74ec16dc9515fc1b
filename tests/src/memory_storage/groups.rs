//! Groups, and which names are taken.

use super::*;

impl Batch<'_> {
    /// What becomes of a group that there is; or what of the draft, if nothing does.
    pub(super) fn change_group(&self, id: ConversationId, draft: &Draft) -> Result<Change, Placed> {
        let unchanged = Err(Placed::At(self.storage.head()));
        let is_member = |user: &UserId| self.storage.member(id, *user).is_some();
        let group = self.storage.groups.get(&id);
        let role = |by: UserId| group.and_then(|group| group.role(by));
        match (draft, group) {
            (Draft::Quit(_, user), _) => match is_member(user) {
                true => Ok(Change::Quit(id, *user)),
                false => unchanged,
            },
            (Draft::Remove { user, .. }, _) if !is_member(user) => unchanged,
            (Draft::Remove { user, by, .. }, _) => {
                match user != by && role(*by) == Some(Role::Maker) {
                    true => Ok(Change::Remove(id, *user)),
                    false => Err(Placed::Outdated),
                }
            }
            (Draft::Join(_, user, _), Some(_)) if is_member(user) => unchanged,
            (Draft::Join(_, user, admission), Some(group)) => {
                let by = admission.by().and_then(role);
                match admission.holds(group.policy, group.standing(*user), by) {
                    true => Ok(Change::Join(id, *user)),
                    false => Err(Placed::Outdated),
                }
            }
            (Draft::Standing(_, user, step), Some(group)) if !is_member(user) => {
                let by = step.by().and_then(role);
                let standing = step.apply(group.policy, group.standing(*user), by);
                standing.map(|it| Change::Standing(id, *user, it)).ok_or(Placed::Outdated)
            }
            (Draft::Rename(_, by, _) | Draft::Policy(_, by, _), _)
                if role(*by) != Some(Role::Maker) =>
            {
                Err(Placed::Outdated)
            }
            (Draft::Rename(_, _, name), Some(_)) => {
                let others = self.storage.groups.values().filter(|group| group.id != id);
                match Looks::of(others.map(|group| &group.name)).has_like(name) {
                    true => Err(Placed::Taken),
                    false => Ok(Change::Rename(id, name.clone())),
                }
            }
            (Draft::Policy(_, _, policy), Some(_)) => Ok(Change::Policy(id, *policy)),
            _ => Err(Placed::Outdated),
        }
    }
}

impl MemoryStorage {
    pub(super) fn remove_member(&mut self, id: ConversationId, user: UserId, at: Sequence) {
        self.read.remove(&(user, id));
        let stay = self.members.get_mut(&(id, user)).and_then(|stays| stays.last_mut());
        if let Some(stay) = stay {
            stay.until = Some(at);
        }
        let Some(group) = self.groups.get_mut(&id) else { return };
        group.remove_member(user);
        if group.members.is_empty() {
            self.groups.remove(&id);
            self.gone_groups.insert(id);
            self.group_looks = Looks::of(self.groups.values().map(|group| &group.name));
        }
    }
}

impl Looks {
    pub(super) fn of(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut looks = Self::default();
        names.into_iter().for_each(|name| looks.add(name));
        looks
    }

    pub(super) fn add(&mut self, name: impl AsRef<str>) {
        let keys = NameKeys::of(name);
        self.folded.insert(keys.folded().to_owned());
        self.looks.insert(keys.look().to_owned());
    }

    pub(super) fn has_like(&self, name: impl AsRef<str>) -> bool {
        let keys = NameKeys::of(name);
        self.folded.contains(keys.folded()) || self.looks.contains(keys.look())
    }
}
