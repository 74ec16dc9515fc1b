//! Storage as a small model: what the database must do, in the plainest way.

use std::collections::BTreeMap;
use std::sync::Arc;

use netchat_core::limits::{PAGE_BYTES_MAX, PAGE_MESSAGES_MAX};
use netchat_core::storage::{
    ConversationId, ConversationKind, ConversationRecord, DeliveryFailure, Loaded, MessageRecord,
    Query, Sequence, Snapshot, Stored, StoredMessage, TokenHash, UserId, UserRecord, Write,
};
use netchat_shared::time::UnixTime;

#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    pub users: BTreeMap<UserId, UserRecord>,
    conversations: BTreeMap<ConversationId, ConversationRecord>,
    members: BTreeMap<(ConversationId, UserId), Sequence>,
    pub messages: BTreeMap<Sequence, Arc<MessageRecord>>,
    pub failures: BTreeMap<(Sequence, UserId), DeliveryFailure>,
    tokens: BTreeMap<TokenHash, (UserId, UnixTime)>,
}

impl MemoryStorage {
    pub fn write(&mut self, write: &Write) -> Stored {
        match write {
            Write::AddUser(user) => {
                self.users.insert(user.id, user.clone());
                self.members.insert((ConversationId::EVERYONE, user.id), user.since);
            }
            Write::SignedIn(user, address, _) => self.user(*user).address = *address,
            Write::SetPasswordHash(user, hash) => {
                self.user(*user).password_hash = Some(hash.clone());
            }
            Write::AddConversation(conversation) => {
                let members = match &conversation.kind {
                    ConversationKind::Direct(one, other) => {
                        vec![(*one, Sequence(0)), (*other, Sequence(0))]
                    }
                    ConversationKind::Group(_, members) => members.clone(),
                };
                for (user, since) in members {
                    self.members.insert((conversation.id, user), since);
                }
                self.conversations.insert(conversation.id, conversation.clone());
            }
            Write::AddMember(group, user, since) => {
                self.members.insert((*group, *user), *since);
            }
            Write::RemoveMember(group, user) => {
                self.members.remove(&(*group, *user));
            }
            Write::AddMessages(messages) => return self.add_messages(messages),
            Write::SetReceived(user, sequence) => {
                let received = &mut self.user(*user).received;
                *received = (*received).max(*sequence);
            }
            Write::AddFailure(sequence, user, failure) => {
                self.failures.entry((*sequence, *user)).or_insert(*failure);
            }
            Write::SetToken(hash, user, expires_at) => {
                self.tokens.insert(*hash, (*user, *expires_at));
            }
            Write::RemoveToken(hash) => {
                self.tokens.remove(hash);
            }
            Write::Purge(before) => self.messages.retain(|_, message| message.time >= *before),
        }
        Stored::Done
    }

    pub fn load(&self, query: &Query) -> Loaded {
        match query {
            Query::Backlog(user, after) => {
                let messages = self.messages.values().filter(|message| {
                    message.sequence > *after
                        && self.may_read(*user, message)
                        && !self.failures.contains_key(&(message.sequence, *user))
                });
                self.page(*user, messages.cloned(), PAGE_MESSAGES_MAX)
            }
            Query::History(user, conversation, before, limit) => {
                let messages = self.messages.values().rev().filter(|message| {
                    message.conversation == *conversation
                        && before.is_none_or(|before| message.sequence < before)
                        && self.may_read(*user, message)
                });
                self.page(*user, messages.cloned(), usize::from(*limit).min(PAGE_MESSAGES_MAX))
            }
            Query::Latest(user) => {
                let mut latest = BTreeMap::new();
                for message in self.messages.values().filter(|m| self.may_read(*user, m)) {
                    latest.insert(message.conversation, Arc::clone(message));
                }
                let mut latest: Vec<_> = latest.into_values().collect();
                latest.sort_by_key(|message| std::cmp::Reverse(message.sequence));
                self.page(*user, latest.into_iter(), PAGE_MESSAGES_MAX)
            }
            Query::Failures(sender, since) => {
                let is_own = |sequence: &Sequence| {
                    self.messages.get(sequence).is_some_and(|message| message.sender == *sender)
                };
                let failures = self.failures.iter().filter(|((sequence, _), _)| sequence >= since);
                let own = failures.filter(|((sequence, _), _)| is_own(sequence));
                Loaded::Failures(
                    own.map(|((sequence, user), failure)| (*sequence, *user, *failure)).collect(),
                )
            }
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        let conversations = self.conversations.values().map(|conversation| {
            let kind = match &conversation.kind {
                ConversationKind::Direct(..) => conversation.kind.clone(),
                ConversationKind::Group(name, _) => {
                    let members =
                        self.members.iter().filter(|((group, _), _)| *group == conversation.id);
                    let members = members.map(|((_, user), since)| (*user, *since));
                    ConversationKind::Group(name.clone(), members.collect())
                }
            };
            ConversationRecord { id: conversation.id, kind }
        });
        Snapshot {
            users: self.users.values().cloned().collect(),
            conversations: conversations.collect(),
            tokens: self.tokens.iter().map(|(hash, (user, at))| (*hash, *user, *at)).collect(),
            last_user: self.users.keys().next_back().map_or(0, |user| user.0),
            last_conversation: self.conversations.keys().next_back().map_or(0, |id| id.0),
            last_sequence: self.messages.keys().next_back().map_or(0, |sequence| sequence.0),
        }
    }

    fn add_messages(&mut self, messages: &[Arc<MessageRecord>]) -> Stored {
        for message in messages {
            let known = self
                .messages
                .values()
                .find(|known| known.sender == message.sender && known.id == message.id);
            if let Some(known) = known {
                return Stored::Known(Arc::clone(known));
            }
        }
        for message in messages {
            self.messages.insert(message.sequence, Arc::clone(message));
        }
        Stored::Done
    }

    fn page(
        &self,
        viewer: UserId,
        messages: impl Iterator<Item = Arc<MessageRecord>>,
        messages_max: usize,
    ) -> Loaded {
        let (mut page, mut bytes) = (Vec::new(), 0);
        for record in messages {
            if page.len() >= messages_max || bytes >= PAGE_BYTES_MAX {
                return Loaded::Messages(page, false);
            }
            bytes += record.body.as_str().len();
            let of_record =
                self.failures.iter().filter(|((sequence, _), _)| *sequence == record.sequence);
            let failures = match record.sender == viewer {
                true => of_record.map(|((_, user), failure)| (*user, *failure)).collect(),
                false => Vec::new(),
            };
            page.push(StoredMessage { record, failures });
        }
        Loaded::Messages(page, true)
    }

    fn may_read(&self, user: UserId, message: &MessageRecord) -> bool {
        let since = self.members.get(&(message.conversation, user));
        since.is_some_and(|since| message.sequence > *since)
    }

    fn user(&mut self, user: UserId) -> &mut UserRecord {
        self.users.get_mut(&user).expect("only users that were added are changed")
    }
}
