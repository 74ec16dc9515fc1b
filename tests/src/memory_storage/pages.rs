//! Questions to the model, answered in the plainest way.

use std::collections::BTreeMap;
use std::sync::Arc;

use netchat_core::limits::{
    FAILURES_MAX, MESSAGE_BYTES_AROUND, PAGE_BYTES_MAX, PAGE_LINES_MAX, PAGE_MESSAGES_MAX,
    UNREAD_LINES_LOOKED_AT_MAX,
};
use netchat_core::storage::{
    Loaded, Message, OverviewLine, Page, Query, Sequence, StoredMessage, UserId,
};
use netchat_shared::extended::{HistoryFrom, UnreadCount};
use netchat_shared::kind::MessageKind;

use super::MemoryStorage;

impl MemoryStorage {
    /// Answers a question.
    pub fn load(&self, query: &Query) -> Loaded {
        self.load_at(query, self.head())
    }

    /// Answers a question from the log up to that place, as a copy that lags behind would.
    pub fn load_at(&self, query: &Query, head: Sequence) -> Loaded {
        match query {
            Query::Backlog(user, after) => self.backlog(*user, *after, head),
            Query::History(user, conversation, from, limit) => {
                let limit = usize::from(*limit).min(PAGE_LINES_MAX);
                let lines = self.messages.range(..=head).map(|(_, message)| message);
                let lines = lines.filter(|message| {
                    message.conversation == *conversation
                        && message.kind.is_line()
                        && self.may_read(*user, message, head)
                        && match from {
                            HistoryFrom::Before(None) => true,
                            HistoryFrom::Before(Some(before)) => message.sequence < *before,
                            HistoryFrom::After(after) => message.sequence > *after,
                            HistoryFrom::At(time) => message.time >= *time,
                        }
                });
                let mut lines: Vec<_> = lines.collect();
                if !from.is_forward() {
                    lines.reverse();
                }
                let lines = lines.into_iter().map(|message| self.stored(*user, message, head));
                let (page, has_more) = page(lines, bytes_with_changes, limit);
                Loaded::Page { page: Page::History(page, has_more), complete_to: head }
            }
            Query::Overview(user, before) => self.overview(*user, *before, head),
            Query::Settings(user) => {
                let page = Page::Settings(self.settings(*user, head));
                Loaded::Page { page, complete_to: head }
            }
            Query::Failures(sender, since) => {
                let is_own = |sequence: &Sequence| {
                    self.messages.get(sequence).is_some_and(|message| message.sender == *sender)
                };
                let failures = self.failures.iter().rev().filter(|((sequence, _), _)| {
                    sequence >= since && *sequence <= head && is_own(sequence)
                });
                let failures =
                    failures.map(|((sequence, user), failure)| (*sequence, *user, *failure));
                let page = Page::Failures(failures.take(FAILURES_MAX).collect());
                Loaded::Page { page, complete_to: head }
            }
        }
    }

    fn backlog(&self, user: UserId, after: Sequence, head: Sequence) -> Loaded {
        let messages = self.messages.range(after.next()..).map(|(_, message)| message);
        let messages = messages.take_while(|message| message.sequence <= head);
        let messages = messages.filter(|message| {
            self.may_read(user, message, head)
                && !self.failures.contains_key(&(message.sequence, user))
        });
        let messages = messages.map(|message| self.seen(message, head));
        let (page, has_more) = page(messages, |message| bytes(message), PAGE_MESSAGES_MAX);
        let last = page.last().map(|message| message.sequence).filter(|_| has_more);
        Loaded::Page { page: Page::Backlog(page), complete_to: last.unwrap_or(head) }
    }

    fn overview(&self, user: UserId, before: Option<Sequence>, head: Sequence) -> Loaded {
        let mut lines: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (_, message) in self.messages.range(..=head).rev() {
            if message.kind.is_line() && self.may_read(user, message, head) {
                lines.entry(message.conversation).or_default().push(message);
            }
        }
        let mut conversations: Vec<_> = lines.into_values().collect();
        conversations.retain(|lines| before.is_none_or(|before| lines[0].sequence < before));
        conversations.sort_by_key(|lines| std::cmp::Reverse(lines[0].sequence));
        let lines = conversations.into_iter().map(|lines| {
            let read = self.read.get(&(user, lines[0].conversation)).copied().unwrap_or_default();
            let latest = lines.iter().take(UNREAD_LINES_LOOKED_AT_MAX);
            let unread = latest.filter(|line| line.sequence > read && line.sender != user).count();
            let unread = UnreadCount::new(u32::try_from(unread).unwrap_or(u32::MAX));
            OverviewLine { line: self.stored(user, lines[0], head), read, unread }
        });
        let (page, has_more) = page(lines, |of| bytes_with_changes(&of.line), PAGE_MESSAGES_MAX);
        Loaded::Page { page: Page::Overview(page, has_more), complete_to: head }
    }

    /// A message as it was when the log ended there.
    pub(super) fn seen(&self, message: &Arc<Message>, head: Sequence) -> Arc<Message> {
        match self.taken_back.get(&message.sequence) {
            Some(deletion) if *deletion <= head => {
                Arc::new(Message { body: None, ..Message::clone(message) })
            }
            _ => Arc::clone(message),
        }
    }

    fn stored(&self, viewer: UserId, line: &Arc<Message>, head: Sequence) -> StoredMessage {
        let failures = self.failures.range((line.sequence, UserId(0))..);
        let failures = failures.take_while(|((sequence, _), _)| *sequence == line.sequence);
        let failures = match line.sender == viewer {
            true => failures.map(|((_, user), failure)| (*user, *failure)).collect(),
            false => Vec::new(),
        };
        let changes = self.changes.get(&line.sequence).into_iter().flatten();
        let changes = changes.filter(|sequence| **sequence <= head);
        let changes: Vec<_> = changes.filter_map(|sequence| self.messages.get(sequence)).collect();
        let is_edit = |message: &&&Arc<Message>| matches!(message.kind, MessageKind::Edit(_));
        let last_edit = changes.iter().rev().find(is_edit).map(|edit| edit.sequence);
        let is_deletion = |message: &Arc<Message>| matches!(message.kind, MessageKind::Deletion(_));
        let is_deleted = changes.iter().any(|change| is_deletion(change));
        let is_shown = |change: &&Arc<Message>| match is_deleted {
            true => is_deletion(change),
            false => !is_edit(&change) || Some(change.sequence) == last_edit,
        };
        let changes = changes.into_iter().filter(is_shown);
        let changes = changes.map(|change| self.seen(change, head)).collect();
        StoredMessage { message: self.seen(line, head), failures, changes }
    }
}

/// As many as fit a page of what comes, and whether more would have come.
fn page<T>(
    items: impl Iterator<Item = T>,
    bytes_of: impl Fn(&T) -> usize,
    items_max: usize,
) -> (Vec<T>, bool) {
    let (mut page, mut bytes) = (Vec::new(), 0);
    for item in items {
        bytes += bytes_of(&item);
        if page.len() >= items_max || !page.is_empty() && bytes > PAGE_BYTES_MAX {
            return (page, true);
        }
        page.push(item);
    }
    (page, false)
}

fn bytes(message: &Message) -> usize {
    message.body.as_ref().map_or(0, |body| body.as_str().len()) + MESSAGE_BYTES_AROUND
}

fn bytes_with_changes(line: &StoredMessage) -> usize {
    bytes(&line.message) + line.changes.iter().map(|change| bytes(change)).sum::<usize>()
}
