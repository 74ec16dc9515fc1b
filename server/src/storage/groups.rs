//! Changes of groups. Bound parameters only.

use netchat_core::limits::{FORMER_NAMES_MAX, GROUP_BARRED_MAX};
use netchat_core::names::NameKeys;
use netchat_core::storage::{
    Admission, Change, ConversationId, FormerName, GroupRecord, Origin, Placed, Role, Sequence,
    Standing, StandingStep, UserId,
};
use netchat_shared::extended::JoinPolicy;
use netchat_shared::name::GroupName;
use rusqlite::{Connection, Error, OptionalExtension as _, Row, params};

use super::writes::{Commit, run};

/// A group that is to be made.
pub(super) struct NewGroup<'a> {
    pub(super) name: &'a GroupName,
    pub(super) policy: JoinPolicy,
    pub(super) members: &'a [UserId],
    pub(super) invited: &'a [UserId],
}

impl Commit<'_> {
    pub(super) fn append_group(
        &mut self,
        origin: Origin,
        new: &NewGroup<'_>,
    ) -> rusqlite::Result<Placed> {
        let &NewGroup { name, policy, members, invited } = new;
        if self.is_taken(name, None)? {
            return Ok(Placed::Taken);
        }
        let keys = NameKeys::of(name);
        let (id, since) = (self.next_conversation(), self.head.sequence.next());
        let creator = members.first().copied().ok_or(Error::QueryReturnedNoRows)?;
        let word = policy.word();
        run(
            self.connection,
            "INSERT INTO conversation (id, group_name, folded, look, policy, creator)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.0, name.as_str(), keys.folded(), keys.look(), word, creator.0],
        )?;
        for (position, user) in members.iter().enumerate() {
            self.add_member(id, *user, since, position)?;
        }
        let invited = invited.iter().map(|user| (*user, Standing::Invited(creator)));
        let others: Vec<_> = invited.collect();
        for (position, (user, standing)) in others.iter().enumerate() {
            self.set_standing(id, *user, Some(*standing), (since, position))?;
        }
        let members = members.iter().map(|user| (*user, since)).collect();
        let (name, former_names) = (name.clone(), Vec::new());
        let record = GroupRecord { id, name, creator, policy, members, others, former_names };
        Ok(Placed::At(self.log(origin, Change::Group(record))))
    }

    pub(super) fn append_join(
        &mut self,
        origin: Origin,
        group: ConversationId,
        user: UserId,
        admission: Admission,
    ) -> rusqlite::Result<Placed> {
        let Some(policy) = self.policy(group)? else { return Ok(Placed::Outdated) };
        if self.is_member(group, user)? {
            return Ok(Placed::At(self.head.sequence));
        }
        let by = self.role_of(group, admission.by())?;
        if !admission.holds(policy, self.standing(group, user)?, by) {
            return Ok(Placed::Outdated);
        }
        let since = self.head.sequence.next();
        self.set_standing(group, user, None, (since, 0))?;
        self.add_member(group, user, since, 0)?;
        Ok(Placed::At(self.log(origin, Change::Join(group, user))))
    }

    /// A user is a member no more: by their own word, or because the maker says so.
    pub(super) fn append_leave(
        &mut self,
        origin: Origin,
        group: ConversationId,
        user: UserId,
        removed_by: Option<UserId>,
    ) -> rusqlite::Result<Placed> {
        if self.policy(group)?.is_none() || !self.is_member(group, user)? {
            return Ok(Placed::At(self.head.sequence));
        }
        if removed_by.is_none() {
            self.remove_member(group, user)?;
            return Ok(Placed::At(self.log(origin, Change::Quit(group, user))));
        }
        // Nobody removes themselves: a group without members has gone, and bars nobody.
        if removed_by == Some(user) || self.role_of(group, removed_by)? != Some(Role::Maker) {
            return Ok(Placed::Outdated);
        }
        self.remove_member(group, user)?;
        let since = self.head.sequence.next();
        self.set_standing(group, user, Some(Standing::Barred), (since, 0))?;
        Ok(Placed::At(self.log(origin, Change::Remove(group, user))))
    }

    pub(super) fn append_standing(
        &mut self,
        origin: Origin,
        group: ConversationId,
        user: UserId,
        step: StandingStep,
    ) -> rusqlite::Result<Placed> {
        let Some(policy) = self.policy(group)? else { return Ok(Placed::Outdated) };
        let standing = match self.is_member(group, user)? {
            true => None,
            false => {
                let by = self.role_of(group, step.by())?;
                step.apply(policy, self.standing(group, user)?, by)
            }
        };
        let Some(standing) = standing else { return Ok(Placed::Outdated) };
        let since = self.head.sequence.next();
        self.set_standing(group, user, standing, (since, 0))?;
        Ok(Placed::At(self.log(origin, Change::Standing(group, user, standing))))
    }

    pub(super) fn append_rename(
        &mut self,
        origin: Origin,
        (group, by): (ConversationId, UserId),
        name: &GroupName,
    ) -> rusqlite::Result<Placed> {
        if self.policy(group)?.is_none() || self.role_of(group, Some(by))? != Some(Role::Maker) {
            return Ok(Placed::Outdated);
        }
        if self.is_taken(name, Some(group))? {
            return Ok(Placed::Taken);
        }
        let keys = NameKeys::of(name);
        let until = self.head.sequence.next();
        run(
            self.connection,
            "INSERT INTO former_name (conversation, until, name)
             SELECT id, ?2, group_name FROM conversation WHERE id = ?1",
            params![group.0, until.0],
        )?;
        run(
            self.connection,
            "DELETE FROM former_name WHERE conversation = ?1 AND until <=
                 (SELECT until FROM former_name WHERE conversation = ?1
                  ORDER BY until DESC LIMIT 1 OFFSET ?2)",
            params![group.0, FORMER_NAMES_MAX],
        )?;
        run(
            self.connection,
            "UPDATE conversation SET group_name = ?2, folded = ?3, look = ?4 WHERE id = ?1",
            params![group.0, name.as_str(), keys.folded(), keys.look()],
        )?;
        Ok(Placed::At(self.log(origin, Change::Rename(group, name.clone()))))
    }

    pub(super) fn append_policy(
        &mut self,
        origin: Origin,
        (group, by): (ConversationId, UserId),
        policy: JoinPolicy,
    ) -> rusqlite::Result<Placed> {
        if self.policy(group)?.is_none() || self.role_of(group, Some(by))? != Some(Role::Maker) {
            return Ok(Placed::Outdated);
        }
        let set = "UPDATE conversation SET policy = ?2 WHERE id = ?1";
        run(self.connection, set, params![group.0, policy.word()])?;
        Ok(Placed::At(self.log(origin, Change::Policy(group, policy))))
    }

    pub(super) fn append_block(
        &mut self,
        origin: Origin,
        user: UserId,
        other: UserId,
        is_blocked: bool,
    ) -> rusqlite::Result<Placed> {
        let change = match is_blocked {
            true => "INSERT INTO block (user, other) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            false => "DELETE FROM block WHERE user = ?1 AND other = ?2",
        };
        match self.connection.prepare_cached(change)?.execute([user.0, other.0])? {
            0 => Ok(Placed::At(self.head.sequence)),
            _ => Ok(Placed::At(self.log(origin, Change::Block { user, other, is_blocked }))),
        }
    }

    pub(super) fn is_member(
        &self,
        conversation: ConversationId,
        user: UserId,
    ) -> rusqlite::Result<bool> {
        self.connection
            .prepare_cached("SELECT 1 FROM member WHERE conversation = ?1 AND user = ?2")?
            .exists([conversation.0, user.0])
    }

    fn is_taken(&self, name: &GroupName, of: Option<ConversationId>) -> rusqlite::Result<bool> {
        let keys = NameKeys::of(name);
        let taken = "SELECT 1 FROM conversation
                     WHERE (group_name = ?1 OR folded = ?2 OR look = ?3) AND id IS NOT ?4";
        let like = params![name.as_str(), keys.folded(), keys.look(), of.map(|of| of.0)];
        self.connection.prepare_cached(taken)?.exists(like)
    }

    /// Who may join a group; `None` if it has gone. Anything else than a group is an error.
    fn policy(&self, group: ConversationId) -> rusqlite::Result<Option<JoinPolicy>> {
        let policy = self
            .connection
            .prepare_cached("SELECT policy FROM conversation WHERE id = ?1")?
            .query_row([group.0], |row| read_policy(row, 0))
            .optional()?;
        match policy {
            Some(Some(policy)) => Ok(Some(policy)),
            None if group <= self.head.last_conversation => Ok(None),
            Some(None) | None => Err(Error::QueryReturnedNoRows),
        }
    }

    /// What somebody may do in a group, if anybody is asked for.
    fn role_of(
        &self,
        group: ConversationId,
        user: Option<UserId>,
    ) -> rusqlite::Result<Option<Role>> {
        let Some(user) = user else { return Ok(None) };
        if !self.is_member(group, user)? {
            return Ok(None);
        }
        let first = "SELECT user FROM member WHERE conversation = ?1
                     ORDER BY since, position, user LIMIT 1";
        let maker: u32 =
            self.connection.prepare_cached(first)?.query_row([group.0], |row| row.get(0))?;
        Ok(Some(if maker == user.0 { Role::Maker } else { Role::Member }))
    }

    fn standing(&self, group: ConversationId, user: UserId) -> rusqlite::Result<Option<Standing>> {
        self.connection
            .prepare_cached(
                "SELECT user, kind, inviter FROM standing WHERE conversation = ?1 AND user = ?2",
            )?
            .query_row([group.0, user.0], |row| read_standing(row).map(|(_, standing)| standing))
            .optional()
    }

    fn set_standing(
        &self,
        group: ConversationId,
        user: UserId,
        standing: Option<Standing>,
        (since, position): (Sequence, usize),
    ) -> rusqlite::Result<()> {
        let (kind, inviter) = match standing {
            None => {
                let forget = "DELETE FROM standing WHERE conversation = ?1 AND user = ?2";
                return run(self.connection, forget, [group.0, user.0]);
            }
            Some(Standing::Invited(by)) => ("invited", Some(by.0)),
            Some(Standing::Asking) => ("asking", None),
            Some(Standing::Barred) => ("barred", None),
        };
        run(
            self.connection,
            "INSERT OR REPLACE INTO standing (conversation, user, kind, inviter, since, position)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![group.0, user.0, kind, inviter, since.0, position],
        )?;
        if standing != Some(Standing::Barred) {
            return Ok(());
        }
        // Only the latest of those are known.
        run(
            self.connection,
            "DELETE FROM standing WHERE conversation = ?1 AND kind = 'barred' AND since <=
                 (SELECT since FROM standing WHERE conversation = ?1 AND kind = 'barred'
                  ORDER BY since DESC LIMIT 1 OFFSET ?2)",
            params![group.0, GROUP_BARRED_MAX],
        )
    }

    /// A member leaves, and invites nobody any more. With the last one, the group goes; its messages are
    /// deleted by the next sweep.
    fn remove_member(&self, group: ConversationId, user: UserId) -> rusqlite::Result<()> {
        for statement in [
            "DELETE FROM member WHERE conversation = ?1 AND user = ?2",
            "DELETE FROM standing WHERE conversation = ?1 AND inviter = ?2",
        ] {
            run(self.connection, statement, [group.0, user.0])?;
        }
        let members = "SELECT 1 FROM member WHERE conversation = ?1";
        if !self.connection.prepare_cached(members)?.exists([group.0])? {
            for statement in [
                "INSERT INTO gone_group (conversation) VALUES (?1)",
                "DELETE FROM conversation WHERE id = ?1",
                "DELETE FROM standing WHERE conversation = ?1",
                "DELETE FROM former_name WHERE conversation = ?1",
            ] {
                run(self.connection, statement, [group.0])?;
            }
        }
        Ok(())
    }
}

/// All groups; `None` if a row holds what this program would not have written.
pub(super) fn read_groups(connection: &Connection) -> rusqlite::Result<Option<Vec<GroupRecord>>> {
    let mut statement = connection.prepare(
        "SELECT id, group_name, policy, creator FROM conversation WHERE group_name IS NOT NULL
         ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        let id = ConversationId(row.get(0)?);
        let (name, policy) = (row.get::<_, String>(1)?.parse(), read_policy(row, 2)?);
        let (Ok(name), Some(policy)) = (name, policy) else { return Ok(None) };
        let Some(former_names) = read_former_names(connection, id)? else { return Ok(None) };
        let (members, others) = (read_members(connection, id)?, read_others(connection, id)?);
        let creator = UserId(row.get(3)?);
        groups.push(GroupRecord { id, name, creator, policy, members, others, former_names });
    }
    Ok(Some(groups))
}

/// Who is not told of whose invitations.
pub(super) fn read_blocks(connection: &Connection) -> rusqlite::Result<Vec<(UserId, UserId)>> {
    let mut statement = connection.prepare("SELECT user, other FROM block ORDER BY user, other")?;
    let read = |row: &Row<'_>| Ok((UserId(row.get(0)?), UserId(row.get(1)?)));
    statement.query_map([], read)?.collect()
}

fn read_members(
    connection: &Connection,
    group: ConversationId,
) -> rusqlite::Result<Vec<(UserId, Sequence)>> {
    let mut statement = connection.prepare_cached(
        "SELECT user, since FROM member WHERE conversation = ?1 ORDER BY since, position, user",
    )?;
    let read = |row: &Row<'_>| Ok((UserId(row.get(0)?), Sequence(row.get(1)?)));
    statement.query_map([group.0], read)?.collect()
}

fn read_others(
    connection: &Connection,
    group: ConversationId,
) -> rusqlite::Result<Vec<(UserId, Standing)>> {
    let mut statement = connection.prepare_cached(
        "SELECT user, kind, inviter FROM standing WHERE conversation = ?1 ORDER BY since, position",
    )?;
    statement.query_map([group.0], read_standing)?.collect()
}

fn read_former_names(
    connection: &Connection,
    group: ConversationId,
) -> rusqlite::Result<Option<Vec<FormerName>>> {
    let mut statement = connection.prepare_cached(
        "SELECT until, name FROM former_name WHERE conversation = ?1 ORDER BY until",
    )?;
    let read = |row: &Row<'_>| {
        let (until, name) = (Sequence(row.get(0)?), row.get::<_, String>(1)?);
        Ok(name.parse().ok().map(|name| FormerName { until, name }))
    };
    statement.query_map([group.0], read)?.collect()
}

/// The schema allows no other words.
fn read_policy(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<JoinPolicy>> {
    let word: Option<String> = row.get(column)?;
    Ok(word.and_then(|word| JoinPolicy::from_word(&word)))
}

/// Reads `user, kind, inviter`. The schema allows no other words.
fn read_standing(row: &Row<'_>) -> rusqlite::Result<(UserId, Standing)> {
    let user = UserId(row.get(0)?);
    let standing = match row.get::<_, String>(1)?.as_str() {
        "invited" => Standing::Invited(UserId(row.get(2)?)),
        "asking" => Standing::Asking,
        _ => Standing::Barred,
    };
    Ok((user, standing))
}
