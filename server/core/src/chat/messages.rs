//! A message's way: accepted, stored, handed to its readers' sessions.
//!
//! Nothing is told before the log has it. Then `SENT` goes to the sender, and the message into every
//! session of every reader, in turns that are bounded: a message to ten thousand must not keep
//! others waiting. One queue keeps the order of the log through all turns.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use netchat_shared::extended::{NotSent, Receipt, Receipts, Recipients};
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::RECIPIENTS_NAMED_MAX;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::GroupName;

use super::delivery::Deliveries;
use super::people::People;
use super::receipts::receipts_of;
use crate::admission::Spending;
use crate::context::{Context, TimerKey};
use crate::directory::{Directory, Kind};
use crate::events::{
    Delivery, Destination, Outgoing, RecipientPresence, Sent, SessionKey, Update, Wants,
};
use crate::limits::{FAN_OUT_PER_TURN_MAX, FAN_OUTS_PENDING_MAX, MESSAGE_RECIPIENTS_PER_COST};
use crate::storage::{
    ConversationId, Draft, Message, MessageDraft, Origin, Placed, Refused, Stored, Target, Ticket,
    UserId, Write,
};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// What sessions sent, on its way to storage.
    pending: BTreeMap<Ticket, Submission>,
    /// Messages that the log has, on their way to sessions.
    fan_outs: VecDeque<FanOut>,
}

/// What one session sent at once.
#[derive(Debug)]
struct Submission {
    key: SessionKey,
    wants: Wants,
    /// What is still to be told, in the order in which it was sent.
    parts: VecDeque<Part>,
}

#[derive(Debug)]
struct Part {
    id: MessageId,
    /// Where it goes, if that is a group.
    group: Option<GroupName>,
    state: PartState,
}

#[derive(Debug)]
enum PartState {
    /// The draft with that number.
    Pending(usize),
    /// Not stored, and why.
    Refused(NotSent),
}

/// A message on its way to sessions.
#[derive(Debug)]
struct FanOut {
    message: Arc<Message>,
    origin: Option<Sender>,
    audience: Vec<UserId>,
    /// Whom it concerns and who was not handed it yet, once that is found out.
    readers: Option<VecDeque<UserId>>,
    /// As its recipients, and as its sender's sessions are given it.
    for_recipients: Option<Arc<Delivery>>,
    for_sender: Option<Arc<Delivery>>,
}

/// The session that sent a message.
#[derive(Debug)]
struct Sender {
    key: SessionKey,
    wants: Wants,
    /// What it sent directly behind it and is refused.
    refused_after: Vec<Update>,
}

impl Messages {
    /// A session sends these.
    pub(crate) fn send(
        &mut self,
        cx: &mut Context,
        people: &People,
        (key, user): (SessionKey, UserId),
        messages: Vec<Outgoing>,
        wants: Wants,
    ) {
        let (mut drafts, mut parts) = (Vec::new(), VecDeque::new());
        for Outgoing { to, id, kind, body } in messages {
            let state = match target(people, user, &to, &kind, wants) {
                Ok(target) => {
                    let draft = MessageDraft { to: target, sender: user, id, kind, body };
                    drafts.push(Draft::Message(draft));
                    PartState::Pending(drafts.len() - 1)
                }
                Err(why) => PartState::Refused(why),
            };
            parts.push_back(Part { id, group: group_of(to), state });
        }
        let mut submission = Submission { key, wants, parts };
        if drafts.is_empty() {
            return submission.tell_refused(cx);
        }
        match cx.store(Write::Append(drafts)) {
            Ok(ticket) => drop(self.pending.insert(ticket, submission)),
            Err(_) => submission.refuse_all(cx, NotSent::NotStored),
        }
    }

    /// The log has a message. It is for those who belong to its conversation now, whoever comes or
    /// goes with a later entry.
    pub(crate) fn handle_message(
        &mut self,
        cx: &mut Context,
        people: &People,
        message: &Arc<Message>,
        origin: Option<Origin>,
    ) {
        let origin = origin.and_then(|origin| self.settle(cx, origin));
        self.fan_outs.push_back(FanOut {
            message: Arc::clone(message),
            origin,
            audience: audience(people, message),
            readers: None,
            for_recipients: None,
            for_sender: None,
        });
    }

    /// The answer of storage came: what did not become an entry is told.
    pub(crate) fn handle_stored(
        &mut self,
        cx: &mut Context,
        people: &People,
        deliveries: &Deliveries,
        ticket: Ticket,
        stored: Stored,
    ) {
        let Some(submission) = self.pending.get_mut(&ticket) else { return };
        let Stored::Placed(placed) = stored else {
            if let Some(mut submission) = self.pending.remove(&ticket) {
                submission.refuse_all(cx, NotSent::NotStored);
            }
            return;
        };
        let mut known = Vec::new();
        for part in &mut submission.parts {
            let PartState::Pending(draft) = part.state else { continue };
            match placed.get(draft) {
                // Its entry comes by the log.
                Some(Placed::At(_)) => {}
                Some(Placed::Known(message)) => {
                    known.push(part.id);
                    let sent = already_sent(people, deliveries, message);
                    cx.update(submission.key, Update::Sent(Arc::new(sent)));
                }
                Some(Placed::Refused(why)) => part.state = PartState::Refused(not_sent(*why)),
                Some(Placed::Taken | Placed::Outdated) | None => {
                    part.state = PartState::Refused(NotSent::NotStored);
                }
            }
        }
        submission.parts.retain(|part| !known.contains(&part.id));
        submission.tell_refused(cx);
        if submission.parts.is_empty() {
            self.pending.remove(&ticket);
        }
    }

    /// Whether messages wait for another turn.
    pub(crate) fn has_fan_outs(&self) -> bool {
        !self.fan_outs.is_empty()
    }

    /// Hands messages out, as many as one turn may; the rest when the timer fires.
    pub(crate) fn fan_out(
        &mut self,
        cx: &mut Context,
        people: &People,
        deliveries: &mut Deliveries,
    ) {
        let mut room = match self.fan_outs.len() <= FAN_OUTS_PENDING_MAX {
            true => FAN_OUT_PER_TURN_MAX,
            false => usize::MAX,
        };
        while let Some(mut fan_out) = self.fan_outs.pop_front() {
            let mut readers = match fan_out.readers.take() {
                Some(readers) => readers,
                None => fan_out.begin(cx, people, deliveries),
            };
            fan_out.run(cx, people, &mut readers, &mut room);
            if !readers.is_empty() {
                fan_out.readers = Some(readers);
                self.fan_outs.push_front(fan_out);
            }
            if room == 0 {
                break;
            }
        }
        let at = self.has_fan_outs().then_some(cx.now.monotonic);
        cx.timers.set(TimerKey::FanOut, at);
    }

    /// A draft has become an entry. What was sent before it and is refused is told first; what was
    /// sent behind it and is refused, after it.
    fn settle(&mut self, cx: &mut Context, origin: Origin) -> Option<Sender> {
        let submission = self.pending.get_mut(&origin.ticket)?;
        submission.tell_refused(cx);
        let is_it =
            |part: &Part| matches!(part.state, PartState::Pending(at) if at == origin.draft);
        let at = submission.parts.iter().position(is_it)?;
        submission.parts.remove(at);
        let mut sender =
            Sender { key: submission.key, wants: submission.wants, refused_after: Vec::new() };
        if at == 0 {
            sender.refused_after = submission.take_refused();
        }
        if submission.parts.is_empty() {
            self.pending.remove(&origin.ticket);
        }
        Some(sender)
    }
}

impl Submission {
    /// Tells what is refused, as far as nothing sent before it is still pending.
    fn tell_refused(&mut self, cx: &mut Context) {
        for update in self.take_refused() {
            cx.update(self.key, update);
        }
    }

    fn take_refused(&mut self) -> Vec<Update> {
        let mut refused = Vec::new();
        while let Some(Part { id, group, state: PartState::Refused(why) }) = self.parts.front() {
            refused.push(Update::NotSent { id: *id, why: *why, group: group.clone() });
            self.parts.pop_front();
        }
        refused
    }

    fn refuse_all(&mut self, cx: &mut Context, why: NotSent) {
        for Part { id, group, state } in self.parts.drain(..) {
            let why = match state {
                PartState::Pending(_) => why,
                PartState::Refused(why) => why,
            };
            cx.update(self.key, Update::NotSent { id, why, group });
        }
    }
}

impl FanOut {
    /// Tells its sender, and finds out whom it concerns.
    fn begin(
        &mut self,
        cx: &mut Context,
        people: &People,
        deliveries: &mut Deliveries,
    ) -> VecDeque<UserId> {
        let message = Arc::clone(&self.message);
        let audience = std::mem::take(&mut self.audience);
        let is_note = people.is_note_to_oneself(&message);
        let others = audience.iter().copied().filter(|&user| is_note || user != message.sender);
        let recipients: Vec<UserId> = others.collect();
        if self.origin.is_some() {
            let more = u32::try_from(recipients.len() / MESSAGE_RECIPIENTS_PER_COST);
            cx.spend(message.sender, Spending::Messages, more.unwrap_or(u32::MAX));
        }
        let told = if message.kind.is_line() { &recipients[..] } else { &[] };
        if told.len() > RECIPIENTS_NAMED_MAX {
            deliveries.counts.begin(&message, u32::try_from(told.len()).unwrap_or(u32::MAX));
        }
        if let Some(sender) = &self.origin {
            let each = match sender.wants {
                Wants::Storage => Vec::new(),
                Wants::EachRecipient => {
                    watch_each(people, deliveries, &message, &audience, sender.key)
                }
            };
            let recipients = named(people, told);
            let sent =
                Sent { message: Arc::clone(&message), recipients, each, comes_back: is_note };
            cx.update(sender.key, Update::Sent(Arc::new(sent)));
            for refused in &sender.refused_after {
                cx.update(sender.key, refused.clone());
            }
        }
        let delivery = |viewer, receipts| people.delivery(&message, viewer, receipts).map(Arc::new);
        let first = recipients.first().copied();
        self.for_recipients = first.and_then(|viewer| delivery(viewer, Receipts::default()));
        let mut readers = VecDeque::from(recipients);
        let origin = self.origin.as_ref().map(|sender| sender.key);
        let mut elsewhere = people.presence.sessions(message.sender).iter();
        if !is_note && elsewhere.any(|&key| Some(key) != origin) {
            let receipts = own_receipts(people, deliveries, &message, &readers);
            self.for_sender = delivery(message.sender, receipts);
            readers.push_back(message.sender);
        }
        readers
    }

    fn run(
        &self,
        cx: &mut Context,
        people: &People,
        readers: &mut VecDeque<UserId>,
        room: &mut usize,
    ) {
        let origin = self.origin.as_ref().map(|sender| sender.key);
        while *room > 0
            && let Some(user) = readers.pop_front()
        {
            let is_own = user == self.message.sender && self.for_sender.is_some();
            let delivery = if is_own { &self.for_sender } else { &self.for_recipients };
            let Some(delivery) = delivery else { continue };
            for &key in people.presence.sessions(user) {
                // The session that it came from has it already, unless it is a note to oneself.
                if !(is_own && origin == Some(key)) {
                    cx.update(key, Update::Message(Arc::clone(delivery)));
                }
                *room = room.saturating_sub(1);
            }
        }
    }
}

/// How a new message stands, for its sender's other sessions.
fn own_receipts(
    people: &People,
    deliveries: &Deliveries,
    message: &Message,
    recipients: &VecDeque<UserId>,
) -> Receipts {
    let is_broadcast = message.conversation == ConversationId::EVERYONE;
    if !is_broadcast || !message.kind.is_line() || recipients.len() > RECIPIENTS_NAMED_MAX {
        return receipts_of(people, &deliveries.counts, message, &[]);
    }
    // Who is here now is who can hear it; that is not kept.
    let names = people.names(recipients.iter().copied()).into_iter();
    Receipts::Each(names.map(|name| (name, Receipt::Waiting)).collect())
}

/// Where a message belongs, if its sender may send it there.
fn target(
    people: &People,
    sender: UserId,
    to: &Destination,
    kind: &MessageKind,
    wants: Wants,
) -> Result<Target, NotSent> {
    match to {
        Destination::User(name) => {
            let recipient = people.find_spelled(name).ok_or(NotSent::NoSuchUser)?;
            // Whoever wants to hear of each recipient writes to those who are here.
            if wants == Wants::EachRecipient && !people.presence.is_online(recipient) {
                return Err(NotSent::NoSuchUser);
            }
            Ok(match people.directory.find_direct(sender, recipient) {
                Some(known) => Target::Known(known),
                None => Target::Direct(sender, recipient),
            })
        }
        Destination::Group(name) => {
            let Some(group) = people.directory.find_own_group(name, sender) else {
                let exists = people.directory.find_group(name).is_some();
                return Err(if exists { NotSent::NotAMember } else { NotSent::NoSuchGroup });
            };
            about_what_may_be_read(people, sender, group.id, kind)
        }
        Destination::Everyone => {
            let is_alone = people.presence.users().all(|user| user == sender);
            if is_alone {
                return Err(NotSent::NobodyOnline);
            }
            about_what_may_be_read(people, sender, ConversationId::EVERYONE, kind)
        }
    }
}

fn group_of(to: Destination) -> Option<GroupName> {
    match to {
        Destination::Group(name) => Some(name),
        Destination::User(_) | Destination::Everyone => None,
    }
}

/// Nobody says anything about a line from before they joined.
fn about_what_may_be_read(
    people: &People,
    sender: UserId,
    conversation: ConversationId,
    kind: &MessageKind,
) -> Result<Target, NotSent> {
    let Some(of) = kind.of() else { return Ok(Target::Known(conversation)) };
    match people.reads_since(conversation, sender) {
        Some(since) if of > since => Ok(Target::Known(conversation)),
        Some(_) | None => Err(NotSent::NoSuchMessage),
    }
}

/// Who belongs to a message's conversation and may read it: of a group, all members in the order in
/// which they joined; of others, those whom the sender writes to.
fn audience(people: &People, message: &Message) -> Vec<UserId> {
    let sender = message.sender;
    match people.directory.kind(message.conversation) {
        None => Vec::new(),
        Some(Kind::Direct(one, other)) => vec![if one == sender { other } else { one }],
        Some(Kind::Group(group)) => {
            let changed = message.kind.of().filter(|_| !message.kind.is_line());
            Directory::readers(group, changed.unwrap_or(message.sequence)).collect()
        }
        Some(Kind::Everyone) => {
            let here = people.presence.users_by_arrival().into_iter();
            here.filter(|&user| user != sender && people.may_read_change(user, message)).collect()
        }
    }
}

/// How each recipient is there, in the order in which the sender knows them. Of those who are here,
/// the sender will hear.
fn watch_each(
    people: &People,
    deliveries: &mut Deliveries,
    message: &Message,
    audience: &[UserId],
    key: SessionKey,
) -> Vec<RecipientPresence> {
    let is_group = matches!(people.directory.kind(message.conversation), Some(Kind::Group(_)));
    let absent = if is_group { RecipientPresence::Away } else { RecipientPresence::Gone };
    let presence_of = |&user: &UserId| {
        if is_group && user == message.sender {
            RecipientPresence::Oneself
        } else if people.presence.is_online(user) && deliveries.watch(user, message.sequence, key) {
            RecipientPresence::Here
        } else {
            absent
        }
    };
    audience.iter().map(presence_of).collect()
}

/// What is told of a message that was stored before, to a sender who did not hear it then.
fn already_sent(people: &People, deliveries: &Deliveries, message: &Arc<Message>) -> Sent {
    let recipients = match receipts_of(people, &deliveries.counts, message, &[]) {
        Receipts::Each(each) => Recipients::new(each.len(), each.into_iter().map(|(name, _)| name)),
        Receipts::Count { of, .. } => Recipients::new(of as usize, []),
    };
    // It comes (or came) in its place among the others.
    Sent { message: Arc::clone(message), recipients, each: Vec::new(), comes_back: true }
}

fn named(people: &People, users: &[UserId]) -> Recipients {
    let few = users.iter().take(RECIPIENTS_NAMED_MAX + 1).copied();
    Recipients::new(users.len(), people.names(few))
}

fn not_sent(why: Refused) -> NotSent {
    match why {
        Refused::NoSuchMessage => NotSent::NoSuchMessage,
        Refused::NotTheAuthor => NotSent::NotTheAuthor,
        Refused::TooManyChanges => NotSent::TooManyChanges,
        Refused::QuotaReached => NotSent::StorageQuota,
        Refused::NotAMember => NotSent::NotAMember,
    }
}
