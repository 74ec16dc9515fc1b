//! What every part of the chat looks at: who there is, who is here, and how far each has received.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::Receipts;
use netchat_shared::name::UserName;

use super::presence::Presence;
use super::received::ReceivedPlaces;
use crate::directory::{Directory, Kind};
use crate::events::{Delivery, NameStanding, Registered};
use crate::names::{self, Found, NameIndex, NameKeys, NameRefused};
use crate::peer::Peer;
use crate::storage::{ConversationId, Message, Sequence, UserId, UserRecord};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) directory: Directory,
    pub(crate) presence: Presence,
    pub(crate) received: ReceivedPlaces,
    pub(crate) guests: Guests,
    /// Where users signed in from last, of those who did since the start.
    pub(crate) addresses: BTreeMap<UserId, Peer>,
}

/// Names that guests have for as long as they are here: leases, in memory alone.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    by_name: BTreeMap<UserName, UserId>,
    names: NameIndex<UserId>,
}

impl Guests {
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = UserId> {
        self.by_name.values().copied()
    }

    pub(crate) fn enter(&mut self, name: UserName, guest: UserId) {
        self.names.insert(&NameKeys::of(&name), guest);
        self.by_name.insert(name, guest);
    }

    pub(crate) fn leave(&mut self, name: &UserName, guest: UserId) {
        if self.by_name.get(name) == Some(&guest) {
            self.by_name.remove(name);
            self.names.remove(&NameKeys::of(name), guest);
        }
    }
}

impl People {
    /// A registered user, or a guest who is here, by the very name.
    pub(crate) fn find(&self, name: &str) -> Option<UserId> {
        let registered = self.directory.find_registered(name).map(|user| user.id);
        registered.or_else(|| self.guests.by_name.get(name).copied())
    }

    /// The same, in any spelling of the name that only one has.
    pub(crate) fn find_spelled(&self, name: &str) -> Option<UserId> {
        self.find(name).or_else(|| {
            let name: UserName = name.parse().ok()?;
            match self.find_alike(&NameKeys::of(&name)) {
                Found::Same(user) => Some(user),
                Found::Nobody | Found::Several | Found::Alike(_) => None,
            }
        })
    }

    /// Whether somebody may come in under a name.
    pub(crate) fn standing(&self, name: &UserName) -> NameStanding {
        if let Some(user) = self.find(name.as_str()) {
            return self.registered(user, name);
        }
        let found = names::check_new_user(name).map(|keys| self.find_alike(&keys));
        match found {
            Ok(Found::Nobody) => NameStanding::New,
            Ok(Found::Same(user)) => self.registered(user, name),
            Ok(Found::Several) => NameStanding::Refused(NameRefused::Several),
            Ok(Found::Alike(user)) => {
                let name = self.name(user).map_or_else(String::new, ToString::to_string);
                NameStanding::Refused(NameRefused::Alike(name))
            }
            Err(why) => NameStanding::Refused(why),
        }
    }

    fn registered(&self, user: UserId, asked: &UserName) -> NameStanding {
        let user = self.user(user);
        let name = user.map_or(asked, |user| &user.name).clone();
        let password = user.and_then(|user| user.password.as_ref());
        let needs_word = password.is_some_and(|password| password.record().is_none());
        NameStanding::Known(Registered { name, needs_word })
    }

    fn find_alike(&self, keys: &NameKeys) -> Found<UserId> {
        match self.directory.find_user_alike(keys).and_then(|user| Some(user.id)) {
            Found::Nobody => self.guests.names.find(keys),
            found @ (Found::Same(_) | Found::Several | Found::Alike(_)) => found,
        }
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&UserRecord> {
        self.directory.user(id)
    }

    pub(crate) fn name(&self, id: UserId) -> Option<&UserName> {
        self.directory.name(id)
    }

    pub(crate) fn names(&self, ids: impl IntoIterator<Item = UserId>) -> Vec<UserName> {
        ids.into_iter().filter_map(|id| self.name(id)).cloned().collect()
    }

    /// A name, and where that user is or was last.
    pub(crate) fn name_and_address(&self, id: UserId) -> Option<(UserName, SocketAddr)> {
        Some((self.name(id)?.clone(), self.last_seen_at(id)?.source))
    }

    /// Where that user is or was last. Storage does not know who was behind a gateway: since the start
    /// of the server, that is known.
    pub(crate) fn last_seen_at(&self, id: UserId) -> Option<Peer> {
        let known = self.addresses.get(&id).copied();
        known.or_else(|| Some(Peer::from(self.user(id)?.address)))
    }

    /// Which conversation somebody means, if they belong to it.
    pub(crate) fn resolve(
        &self,
        user: UserId,
        conversation: &Conversation,
    ) -> Option<ConversationId> {
        match conversation {
            Conversation::Everyone => Some(ConversationId::EVERYONE),
            Conversation::Group(name) => {
                self.directory.find_own_group(name, user).map(|group| group.id)
            }
            Conversation::User(name) => self.directory.find_direct(user, self.find(name.as_str())?),
        }
    }

    /// Which conversation this is to one of its members.
    pub(crate) fn seen_by(&self, id: ConversationId, viewer: UserId) -> Option<Conversation> {
        Some(match self.directory.kind(id)? {
            Kind::Everyone => Conversation::Everyone,
            Kind::Group(group) => Conversation::Group(group.name.clone()),
            Kind::Direct(one, other) => {
                let other = if one == viewer { other } else { one };
                Conversation::User(self.name(other)?.clone())
            }
        })
    }

    /// A message as a user is given it. `None` if the log does not say where it belongs.
    pub(crate) fn delivery(
        &self,
        message: &Arc<Message>,
        viewer: UserId,
        receipts: Receipts,
    ) -> Option<Delivery> {
        let is_own = message.sender == viewer;
        Some(Delivery {
            message: Arc::clone(message),
            conversation: self.seen_by(message.conversation, viewer)?,
            sender: self.name(message.sender)?.clone(),
            is_own,
            is_for_reader: !is_own || self.is_note_to_oneself(message),
            receipts,
        })
    }

    /// From where on a user may read a conversation; `None` if they don't belong to it.
    pub(crate) fn reads_since(&self, id: ConversationId, user: UserId) -> Option<Sequence> {
        match self.directory.kind(id)? {
            Kind::Everyone => self.user(user).map(|user| user.since),
            Kind::Direct(one, other) => (user == one || user == other).then_some(Sequence::ZERO),
            Kind::Group(group) => {
                let member = group.members.iter().find(|(member, _)| *member == user);
                member.map(|(_, since)| *since)
            }
        }
    }

    /// Whether a user may see what a message changes. A line of its own, they may.
    pub(crate) fn may_read_change(&self, user: UserId, message: &Message) -> bool {
        match message.kind.of() {
            Some(of) if !message.kind.is_line() => {
                self.reads_since(message.conversation, user).is_some_and(|since| since < of)
            }
            Some(_) | None => true,
        }
    }

    /// Whether the sender of a message is its only reader.
    pub(crate) fn is_note_to_oneself(&self, message: &Message) -> bool {
        match self.directory.kind(message.conversation) {
            Some(Kind::Direct(one, other)) => one == other,
            Some(Kind::Everyone | Kind::Group(_)) | None => false,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Nobody, for the unit tests of the parts.
    pub(crate) fn people() -> People {
        People {
            directory: Directory::default(),
            presence: Presence::default(),
            received: ReceivedPlaces::default(),
            guests: Guests::default(),
            addresses: BTreeMap::new(),
        }
    }
}
