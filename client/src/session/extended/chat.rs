//! Everything after sign-in, and what of it outlives a link: the place in the order, what is not
//! settled yet, and what was asked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::super::{
    Arrival, Common, Content, Event, Failure, GroupOutcome, GroupRequest, Progress, StoredAt,
};
use netchat_shared::body::{Body, Opened};
use netchat_shared::classic::{Roster, RosterEntry};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Delivered, GroupReply, Link, NotSent, Receipt, ServerMessage,
};
use netchat_shared::limits::{NAMES_PER_MESSAGE_MAX, REQUESTS_PENDING_MAX, UNSETTLED_MESSAGES_MAX};
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sequence::Sequence;
use netchat_shared::time::Instant;

/// Messages asked for at once from a history.
const HISTORY_PAGE: u16 = 50;
/// How long a message that the server could not store waits for its next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Chat {
    /// Every message up to here has arrived.
    position: Option<Sequence>,
    /// Up to where the server was told so on this link.
    acknowledged: Option<Sequence>,
    /// Messages of the outbox that were put into this link: so many from its beginning.
    sent: usize,
    retry_at: Option<Instant>,
    /// Own messages that are stored and that somebody still has to receive.
    unsettled: BTreeMap<Sequence, Unsettled>,
    online: BTreeSet<UserName>,
    /// Requests that were not answered, and how many of them were put into this link.
    requests: VecDeque<Request>,
    requests_sent: usize,
    /// Earlier messages that came for the request which is answered next, the latest first.
    past: Vec<Arrival>,
    groups: Vec<GroupName>,
}

#[derive(Debug)]
struct Unsettled {
    id: MessageId,
    waiting: BTreeSet<UserName>,
}

/// Something asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Request {
    Group(GroupRequest),
    History(Conversation, Option<Sequence>),
    Overview,
}

impl Chat {
    pub(super) fn new(position: Option<Sequence>) -> Self {
        Self {
            position,
            acknowledged: None,
            sent: 0,
            retry_at: None,
            unsettled: BTreeMap::new(),
            online: BTreeSet::new(),
            requests: VecDeque::new(),
            requests_sent: 0,
            past: Vec::new(),
            groups: Vec::new(),
        }
    }

    pub(super) fn position(&self) -> Option<Sequence> {
        self.position
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    pub(super) fn is_settled(&self) -> bool {
        self.requests.is_empty()
    }

    /// Whether the server has something to answer on this link.
    pub(super) fn is_answer_due(&self) -> bool {
        self.sent > 0 || self.requests_sent > 0
    }

    pub(super) fn roster(&self) -> Roster {
        let entry = |name: &UserName| RosterEntry { address: None, name: name.to_string() };
        Roster { entries: self.online.iter().map(entry).collect() }
    }

    pub(super) fn request_group(&mut self, request: GroupRequest, common: &mut Common) {
        self.request(Request::Group(request), common);
    }

    pub(super) fn request_history(
        &mut self,
        conversation: Conversation,
        before: Option<Sequence>,
        common: &mut Common,
    ) {
        self.request(Request::History(conversation, before), common);
    }

    pub(super) fn request_overview(&mut self, common: &mut Common) {
        self.request(Request::Overview, common);
    }

    /// The same is not asked for twice at a time.
    fn request(&mut self, request: Request, common: &mut Common) {
        if self.requests.contains(&request) {
            return;
        }
        if self.requests.len() >= REQUESTS_PENDING_MAX {
            return common.tell_busy();
        }
        self.requests.push_back(request);
    }

    /// Signed in over a new link: says where it stands. What is not settled goes out again, under
    /// the ids that it had.
    pub(super) fn link_opened(&mut self, link: &mut Link) {
        self.acknowledged = self.position;
        say(link, &ClientMessage::Sync(self.position));
        if let Some((&since, _)) = self.unsettled.first_key_value() {
            let waiting = self.unsettled.values().flat_map(|unsettled| &unsettled.waiting);
            let names: BTreeSet<UserName> = waiting.cloned().collect();
            let names: Vec<_> = names.into_iter().collect();
            for names in names.chunks(NAMES_PER_MESSAGE_MAX) {
                say(link, &ClientMessage::Receipts(since, names.to_vec()));
            }
        }
    }

    pub(super) fn link_lost(&mut self, common: &mut Common) {
        self.sent = 0;
        self.requests_sent = 0;
        self.past.clear();
        if !std::mem::take(&mut self.online).is_empty() {
            common.tell(Event::Online(Vec::new()));
        }
    }

    /// Puts what waits into the link, as far as it has room.
    pub(super) fn pump(&mut self, now: Instant, link: &mut Link, common: &mut Common) {
        if self.acknowledged < self.position
            && let Some(position) = self.position
            && link.send(&ClientMessage::Received(position).to_wire()).is_ok()
        {
            self.acknowledged = Some(position);
        }
        while let Some(request) = self.requests.get(self.requests_sent) {
            if link.send(&request.message().to_wire()).is_err() {
                return;
            }
            self.requests_sent += 1;
        }
        if self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        self.retry_at = None;
        let Some(name) = common.answers.name.clone() else { return };
        while let Some(outgoing) = common.outbox.get(self.sent) {
            let (id, to) = (outgoing.id, outgoing.conversation.clone());
            let body = Body::new(&name, &outgoing.text);
            if link.send(&ClientMessage::Send { id, to, body }.to_wire()).is_err() {
                return;
            }
            self.sent += 1;
        }
    }

    pub(super) fn handle(
        &mut self,
        now: Instant,
        message: ServerMessage,
        link: &mut Link,
        common: &mut Common,
    ) {
        match message {
            ServerMessage::Message(delivered) => self.handle_message(delivered, link, common),
            ServerMessage::Past(delivered) => {
                let arrival = self.arrival(delivered);
                self.past.push(arrival);
            }
            ServerMessage::HistoryEnd(conversation, has_more) => {
                self.finish_history(conversation, has_more, common);
            }
            ServerMessage::Groups(groups) => self.groups = groups,
            ServerMessage::OverviewEnd => {
                self.finish(&Request::Overview);
                let groups = std::mem::take(&mut self.groups);
                common.tell(Event::Overview(groups, std::mem::take(&mut self.past)));
            }
            ServerMessage::Sent { id, sequence, time, position, recipients } => {
                self.position = self.position.max(position);
                if self.settle_outgoing(id, common) {
                    self.confirm(StoredAt { sequence, time, id }, recipients, common);
                }
            }
            ServerMessage::NotSent(id, why) => self.handle_not_sent(now, id, why, common),
            ServerMessage::Received(name, sequence) => {
                self.handle_received(&name, sequence, common)
            }
            ServerMessage::Failed(sequence, name, receipt) => {
                self.handle_failed(sequence, name, receipt, common);
            }
            ServerMessage::Online(names) => {
                self.online = names.into_iter().collect();
                self.tell_online(common);
            }
            ServerMessage::Came(names) => {
                self.online.extend(names);
                self.tell_online(common);
            }
            ServerMessage::Left(name) => {
                self.online.remove(&name);
                self.tell_online(common);
            }
            ServerMessage::Group(group, reply) => self.handle_group(group, reply, common),
            ServerMessage::Stopping => {
                common.tell(Event::Line("The server is stopping.".to_owned()));
            }
            // Repetitions from before the sign-in.
            ServerMessage::Unlocked
            | ServerMessage::Locked
            | ServerMessage::NameIsNew
            | ServerMessage::NameIsKnown
            | ServerMessage::NameRefused(_)
            | ServerMessage::Welcome(..)
            | ServerMessage::Wrong
            | ServerMessage::ResumeRefused => {}
        }
    }

    fn handle_message(&mut self, delivered: Delivered, link: &mut Link, common: &mut Common) {
        let sequence = delivered.sequence;
        // Only a server that has lost its memory would repeat one.
        if Some(sequence) <= self.position {
            return;
        }
        self.position = Some(sequence);
        let is_own = Some(&delivered.sender) == common.answers.name.as_ref();
        if is_own && is_known(&delivered, common) {
            let recipients = delivered.receipts.iter().map(|(name, _)| name.clone()).collect();
            let Delivered { sequence, time, id, .. } = delivered;
            if self.settle_outgoing(id, common) {
                self.confirm(StoredAt { sequence, time, id }, recipients, common);
            }
            return;
        }
        let arrival = self.arrival(delivered);
        if arrival.content == Content::Corrupted && !is_own {
            say(link, &ClientMessage::Corrupted(sequence));
        }
        common.tell(Event::Arrived(arrival));
    }

    /// What arrived, verified: a body must be signed with the name of its sender.
    fn arrival(&mut self, delivered: Delivered) -> Arrival {
        let Delivered { sequence, conversation, sender, time, id, receipts, body } = delivered;
        let content = match body.open() {
            Opened::Intact { signature, text } if signature == sender.as_str() => {
                Content::Text(text)
            }
            Opened::Intact { .. } | Opened::Corrupted => Content::Corrupted,
        };
        let waiting = receipts.iter().filter(|(_, receipt)| *receipt == Receipt::Waiting);
        let waiting: BTreeSet<UserName> = waiting.map(|(name, _)| name.clone()).collect();
        self.add_unsettled(sequence, id, waiting);
        let stored = Some(StoredAt { sequence, time, id });
        Arrival {
            conversation: Some(conversation),
            sender: Some(sender),
            content,
            stored,
            receipts,
        }
    }

    fn add_unsettled(&mut self, sequence: Sequence, id: MessageId, waiting: BTreeSet<UserName>) {
        if waiting.is_empty() {
            return;
        }
        self.unsettled.insert(sequence, Unsettled { id, waiting });
        if self.unsettled.len() > UNSETTLED_MESSAGES_MAX {
            self.unsettled.pop_first();
        }
    }

    /// A message has left the outbox: true if it was there.
    fn settle_outgoing(&mut self, id: MessageId, common: &mut Common) -> bool {
        let Some(at) = common.outbox.iter().position(|outgoing| outgoing.id == id) else {
            return false;
        };
        common.outbox.remove(at);
        if at < self.sent {
            self.sent -= 1;
        }
        true
    }

    fn confirm(&mut self, stored: StoredAt, recipients: Vec<UserName>, common: &mut Common) {
        self.add_unsettled(stored.sequence, stored.id, recipients.iter().cloned().collect());
        common.tell(Event::Progress(stored.id, Progress::Stored(stored, recipients)));
    }

    fn handle_not_sent(&mut self, now: Instant, id: MessageId, why: NotSent, common: &mut Common) {
        let failure = match why {
            NotSent::NotStored => {
                // It stays where it is, and everything behind it.
                self.sent = 0;
                self.retry_at = Some(now + RETRY_AFTER);
                return;
            }
            NotSent::NoSuchUser => Failure::NoSuchUser,
            NotSent::NoSuchGroup => refused("there is no such group"),
            NotSent::NotAMember => refused("you are not a member of this group"),
            NotSent::NobodyOnline => refused("nobody else is online"),
            NotSent::Forged => refused("it was signed with another name"),
            NotSent::Malformed => refused("the server could not read it"),
        };
        if self.settle_outgoing(id, common) {
            common.tell(Event::Progress(id, Progress::Failed(failure, None)));
        }
    }

    /// Somebody has everything up to there.
    fn handle_received(&mut self, name: &UserName, sequence: Sequence, common: &mut Common) {
        let mut settled = Vec::new();
        for (&place, unsettled) in self.unsettled.range_mut(..=sequence) {
            if unsettled.waiting.remove(name) {
                let received = Progress::Received(name.clone());
                common.tell(Event::Progress(unsettled.id, received));
            }
            if unsettled.waiting.is_empty() {
                settled.push(place);
            }
        }
        settled.into_iter().for_each(|place| drop(self.unsettled.remove(&place)));
    }

    fn handle_failed(
        &mut self,
        sequence: Sequence,
        name: UserName,
        receipt: Receipt,
        common: &mut Common,
    ) {
        let failure = match receipt {
            Receipt::Lost => Failure::Lost,
            Receipt::Corrupted => Failure::Corrupted,
            Receipt::Waiting | Receipt::Received => return,
        };
        let Some(unsettled) = self.unsettled.get_mut(&sequence) else { return };
        if unsettled.waiting.remove(&name) {
            let failed = Progress::Failed(failure, Some(name));
            common.tell(Event::Progress(unsettled.id, failed));
        }
        if unsettled.waiting.is_empty() {
            self.unsettled.remove(&sequence);
        }
    }

    fn finish_history(&mut self, of: Conversation, has_more: bool, common: &mut Common) {
        let request = self.requests.iter().find(
            |request| matches!(request, Request::History(conversation, _) if *conversation == of),
        );
        if let Some(request) = request.cloned() {
            self.finish(&request);
        }
        let mut messages = std::mem::take(&mut self.past);
        messages.reverse();
        common.tell(Event::History(of, messages, has_more));
    }

    fn handle_group(&mut self, group: GroupName, reply: GroupReply, common: &mut Common) {
        let request = self.requests.iter().find(
            |request| matches!(request, Request::Group(request) if *request.group() == group),
        );
        let request = request.cloned();
        if let Some(request) = &request {
            self.finish(request);
        }
        let outcome = match reply {
            GroupReply::Created(members, unknown) => {
                if !unknown.is_empty() {
                    let not_found = GroupOutcome::NotFound(unknown);
                    common.tell(Event::Group(group.clone(), not_found));
                }
                let entry = |name: UserName| RosterEntry { address: None, name: name.to_string() };
                GroupOutcome::Created(Roster { entries: members.into_iter().map(entry).collect() })
            }
            GroupReply::Joined(_) if request.is_none() => GroupOutcome::Added,
            GroupReply::Joined(_) => GroupOutcome::Joined,
            GroupReply::DoesNotExist => GroupOutcome::DoesNotExist,
            GroupReply::Quit => GroupOutcome::Quit,
            GroupReply::Refused(why) => GroupOutcome::Refused(why),
        };
        common.tell(Event::Group(group, outcome));
    }

    /// A request was answered.
    fn finish(&mut self, request: &Request) {
        if let Some(at) = self.requests.iter().position(|pending| pending == request) {
            self.requests.remove(at);
            if at < self.requests_sent {
                self.requests_sent -= 1;
            }
        }
    }

    fn tell_online(&self, common: &mut Common) {
        common.tell(Event::Online(self.online.iter().cloned().collect()));
    }
}

impl Request {
    fn message(&self) -> ClientMessage {
        match self.clone() {
            Self::Group(GroupRequest::Create(group, members)) => {
                ClientMessage::NewGroup(group, members)
            }
            Self::Group(GroupRequest::Join(group)) => ClientMessage::JoinGroup(group),
            Self::Group(GroupRequest::Quit(group)) => ClientMessage::QuitGroup(group),
            Self::History(conversation, before) => {
                ClientMessage::History { conversation, before, limit: HISTORY_PAGE }
            }
            Self::Overview => ClientMessage::Overview,
        }
    }
}

/// Whether an own message was sent from here, or was waiting when the session was kept: then it is
/// shown already.
fn is_known(delivered: &Delivered, common: &Common) -> bool {
    delivered.id.origin() == common.origin || common.adopted.contains(&delivered.id)
}

fn refused(why: &str) -> Failure {
    Failure::Refused(why.to_owned())
}

/// Says something small on a link that has room for it: at the beginning, or once in a while.
fn say(link: &mut Link, message: &ClientMessage) {
    let _ = link.send(&message.to_wire());
}
