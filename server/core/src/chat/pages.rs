//! Pages: what is read from storage or from memory because a session asks for it. Each is bounded,
//! and the next is asked for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{HistoryFrom, Receipts};
use netchat_shared::limits::LIST_ITEMS_MAX;
use netchat_shared::name::{GroupName, UserName};

use super::group_news::renamings;
use super::people::People;
use super::receipts::{ReceivedCounts, receipts_of};
use crate::context::{Context, TimerKey};
use crate::directory::{Directory, Kind};
use crate::events::{BacklogPage, Delivery, PageAnswer, PageRequest, SessionKey, Update};
use crate::limits::{PAGE_AGAIN_INTERVAL, PAGE_ATTEMPTS_MAX, PAGE_FAILED_INTERVAL, PAGE_LINES_MAX};
use crate::storage::{
    DeliveryFailure, Loaded, Message, OverviewLine, Page, Query, Sequence, StoredMessage, Ticket,
    UserId,
};

/// Questions to storage, until they are answered.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    under_way: BTreeMap<Ticket, Asked>,
    /// What could not be answered, or not wholly. At most one for each session that reads, and the
    /// pages that sessions wait for.
    again: VecDeque<Asked>,
}

#[derive(Debug)]
struct Asked {
    key: SessionKey,
    user: UserId,
    query: Query,
    /// Of a history: as the session named the conversation.
    conversation: Conversation,
    /// What had been applied when it was asked: the answer must hold it.
    applied: Sequence,
    /// How often storage could not answer.
    attempts: u32,
}

impl Pages {
    /// A session wants to read on.
    pub(crate) fn read_backlog(
        &mut self,
        cx: &mut Context,
        (key, user): (SessionKey, UserId),
        after: Sequence,
    ) {
        let query = Query::Backlog(user, after);
        self.ask(cx, (key, user), query, Conversation::Everyone);
    }

    /// A session asks for a page.
    pub(crate) fn handle(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        request: PageRequest,
    ) {
        let answer = match request {
            PageRequest::History { conversation, from, limit } => {
                let limit = limit.min(PAGE_LINES_MAX as u16);
                match people.resolve(user, &conversation) {
                    Some(id) => {
                        let query = Query::History(user, id, from, limit);
                        return self.ask(cx, (key, user), query, conversation);
                    }
                    None => empty_history(conversation, from),
                }
            }
            PageRequest::Overview { before } => {
                let query = Query::Overview(user, before);
                return self.ask(cx, (key, user), query, Conversation::Everyone);
            }
            PageRequest::Failures { since } => {
                let query = Query::Failures(user, since);
                return self.ask(cx, (key, user), query, Conversation::Everyone);
            }
            PageRequest::Settings => {
                let query = Query::Settings(user);
                return self.ask(cx, (key, user), query, Conversation::Everyone);
            }
            PageRequest::Groups { after } => PageAnswer::Groups(groups(people, user, after)),
            PageRequest::Members { group, after } => {
                let members = members(people, user, &group, after);
                PageAnswer::Members(group, members)
            }
            PageRequest::Online { after } => {
                PageAnswer::Online(behind(people.names(people.presence.users()), after))
            }
            PageRequest::Blocked { after } => {
                let blocked = people.directory.blocked_by(user);
                PageAnswer::Blocked(behind(people.names(blocked), after))
            }
            PageRequest::Receivers { conversation, sequence, after } => {
                let receivers = receivers(people, user, &conversation, sequence, after);
                PageAnswer::Receivers(sequence, receivers)
            }
        };
        cx.update(key, Update::Page(answer));
    }

    /// A question was answered.
    pub(crate) fn handle_loaded(
        &mut self,
        cx: &mut Context,
        people: &People,
        counts: &ReceivedCounts,
        ticket: Ticket,
        loaded: Loaded,
    ) {
        let Some(asked) = self.under_way.remove(&ticket) else { return };
        let Loaded::Page { page, complete_to } = loaded else {
            return self.put_off(cx, asked, PAGE_FAILED_INTERVAL);
        };
        // A backlog that was cut is complete up to its last message, and the rest is asked for.
        let was_cut = matches!(&page, Page::Backlog(messages) if !messages.is_empty());
        if complete_to < asked.applied && !was_cut {
            return self.wait(cx, asked, PAGE_AGAIN_INTERVAL);
        }
        let (key, user) = (asked.key, asked.user);
        let reader = Reader { people, counts, user };
        let update = match (page, &asked.query) {
            (Page::Backlog(messages), Query::Backlog(_, after)) => {
                // What storage has and the log has not brought here yet, comes by the log.
                let known = messages.iter().filter(|message| {
                    message.sequence <= cx.applied && people.may_read_change(user, message)
                });
                let messages = known.filter_map(|message| reader.message(message, &[]));
                let complete_to = complete_to.min(cx.applied);
                let messages = messages.map(Arc::new).collect();
                Update::Backlog { after: *after, page: Some(BacklogPage { messages, complete_to }) }
            }
            (Page::History(lines, has_more), Query::History(_, _, from, _)) => {
                let (conversation, from) = (asked.conversation, *from);
                let messages = reader.lines(&lines);
                Update::Page(PageAnswer::History { conversation, from, messages, has_more })
            }
            (Page::Overview(lines, has_more), Query::Overview(..)) => {
                Update::Page(reader.overview(&lines, has_more))
            }
            (Page::Failures(failures), Query::Failures(..)) => {
                let failures = failures.into_iter();
                let named = failures.filter_map(|(sequence, user, failure)| {
                    Some((sequence, people.name(user)?.clone(), failure))
                });
                Update::Page(PageAnswer::Failures(named.collect()))
            }
            (Page::Settings(kept), Query::Settings(_)) => {
                let since = kept.as_ref().map(|kept| kept.sequence);
                let renamed = since.map(|since| renamings(people, user, since));
                Update::Page(PageAnswer::Settings(kept, renamed.unwrap_or_default()))
            }
            // Not an answer to what was asked.
            _ => return fail(cx, asked),
        };
        cx.update(key, update);
    }

    /// The time has come to ask again.
    pub(crate) fn ask_again(&mut self, cx: &mut Context) {
        for asked in std::mem::take(&mut self.again) {
            self.load(cx, asked);
        }
    }

    fn load(&mut self, cx: &mut Context, asked: Asked) {
        match cx.load(asked.query.clone()) {
            Ok(ticket) => drop(self.under_way.insert(ticket, asked)),
            Err(_) => self.put_off(cx, asked, PAGE_AGAIN_INTERVAL),
        }
    }

    /// Storage can't answer now. What waits behind a place is asked for until it can; a page, some
    /// times.
    fn put_off(&mut self, cx: &mut Context, mut asked: Asked, interval: Duration) {
        asked.attempts += 1;
        let is_backlog = matches!(asked.query, Query::Backlog(..));
        if is_backlog || asked.attempts < PAGE_ATTEMPTS_MAX {
            self.wait(cx, asked, interval);
        } else {
            fail(cx, asked);
        }
    }

    fn wait(&mut self, cx: &mut Context, asked: Asked, interval: Duration) {
        cx.timers.set_if_unset(TimerKey::PageAgain, cx.now.monotonic + interval);
        self.again.push_back(asked);
    }

    fn ask(
        &mut self,
        cx: &mut Context,
        (key, user): (SessionKey, UserId),
        query: Query,
        conversation: Conversation,
    ) {
        let applied = cx.applied;
        self.load(cx, Asked { key, user, query, conversation, applied, attempts: 0 });
    }
}

/// Who reads a page.
struct Reader<'a> {
    people: &'a People,
    counts: &'a ReceivedCounts,
    user: UserId,
}

impl Reader<'_> {
    fn message(
        &self,
        message: &Arc<Message>,
        failures: &[(UserId, DeliveryFailure)],
    ) -> Option<Delivery> {
        let receipts = match message.sender == self.user {
            true => receipts_of(self.people, self.counts, message, failures),
            false => Receipts::default(),
        };
        self.people.delivery(message, self.user, receipts)
    }

    /// Lines, each followed by its changes.
    fn lines<'a>(&self, lines: impl IntoIterator<Item = &'a StoredMessage>) -> Vec<Arc<Delivery>> {
        let mut deliveries = Vec::new();
        for StoredMessage { message, failures, changes } in lines {
            deliveries.extend(self.message(message, failures).map(Arc::new));
            let changes = changes.iter().filter_map(|change| self.message(change, &[]));
            deliveries.extend(changes.map(Arc::new));
        }
        deliveries
    }

    fn overview(&self, lines: &[OverviewLine], has_more: bool) -> PageAnswer {
        let (mut read, mut unread) = (Vec::new(), Vec::new());
        for of in lines {
            let id = of.line.message.conversation;
            let Some(conversation) = self.people.seen_by(id, self.user) else { continue };
            if of.read > Sequence::ZERO {
                read.push((conversation.clone(), of.read));
            }
            unread.push((conversation, of.unread));
        }
        let last = lines.last().map(|of| of.line.message.sequence);
        PageAnswer::Overview {
            messages: self.lines(lines.iter().map(|of| &of.line)),
            read,
            unread,
            next: last.filter(|_| has_more),
        }
    }
}

/// What can't be read is answered all the same, so that it may be asked for again.
fn fail(cx: &mut Context, asked: Asked) {
    let Asked { key, query, conversation, .. } = asked;
    let update = match query {
        Query::Backlog(_, after) => Update::Backlog { after, page: None },
        Query::History(_, _, from, _) => {
            let (messages, has_more) = (Vec::new(), true);
            Update::Page(PageAnswer::History { conversation, from, messages, has_more })
        }
        Query::Overview(..) => Update::Page(PageAnswer::Overview {
            messages: Vec::new(),
            read: Vec::new(),
            unread: Vec::new(),
            next: None,
        }),
        Query::Failures(..) => Update::Page(PageAnswer::Failures(Vec::new())),
        Query::Settings(_) => Update::Page(PageAnswer::Settings(None, Vec::new())),
    };
    cx.update(key, update);
}

fn empty_history(conversation: Conversation, from: HistoryFrom) -> PageAnswer {
    PageAnswer::History { conversation, from, messages: Vec::new(), has_more: false }
}

fn groups(people: &People, user: UserId, after: Option<GroupName>) -> Vec<GroupName> {
    behind(people.directory.groups_of(user).map(|group| group.name.clone()).collect(), after)
}

fn members(
    people: &People,
    user: UserId,
    group: &GroupName,
    after: Option<UserName>,
) -> Vec<UserName> {
    let group = people.directory.find_own_group(group, user);
    let members = group.into_iter().flat_map(|group| &group.members);
    behind(people.names(members.map(|(member, _)| *member)), after)
}

/// Who has received a message of a conversation that one is in.
fn receivers(
    people: &People,
    user: UserId,
    conversation: &Conversation,
    sequence: Sequence,
    after: Option<UserName>,
) -> Vec<UserName> {
    let kind = people.resolve(user, conversation).and_then(|id| people.directory.kind(id));
    let readers: Vec<UserId> = match kind {
        None => Vec::new(),
        Some(Kind::Everyone) => people.presence.users().collect(),
        Some(Kind::Group(group)) => Directory::readers(group, sequence).collect(),
        Some(Kind::Direct(one, other)) => vec![one, other],
    };
    let has_received = |&reader: &UserId| reader != user && people.received.of(reader) >= sequence;
    behind(people.names(readers.into_iter().filter(has_received)), after)
}

/// One page of names, in order, behind that one; and one more, if there are more.
fn behind<T: Ord>(mut names: Vec<T>, after: Option<T>) -> Vec<T> {
    if let Some(after) = after {
        names.retain(|name| *name > after);
    }
    names.sort_unstable();
    names.truncate(LIST_ITEMS_MAX + 1);
    names
}
