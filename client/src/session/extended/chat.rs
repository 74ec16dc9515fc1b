//! Everything after sign-in, and what of it outlives a link: the place in the log, what is not
//! settled yet, and what was asked for. Each of these is a part of its own; here, what the server
//! says is handed to them.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::common::AccountRequest;
use super::super::{Arrival, Common, Content, Event, Failure, Outgoing, Progress, StoredAt, Told};
use super::consent::Consent;
use super::marks::Marks;
use super::password_change::PasswordChange;
use super::place::Place;
use super::presence::Presence;
use super::receipts::{Unsettled, Waiting};
use super::requests::{Request, Requests};
use super::settings::Settings;
use super::shown::Shown;
use crate::limits::ERRANDS_MAX;
use netchat_shared::body::{Body, Opened};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    ClientMessage, Delivered, HistoryFrom, KeptSettings, Link, LinkError, NotSent, Receipt,
    Receipts, Recipients, ServerMessage,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::list::List;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sequence::{Generation, Sequence};
use netchat_shared::sorted::SortedSet;
use netchat_shared::time::Instant;

/// How long a message that the server could not store waits for its next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Chat {
    pub(super) place: Place,
    /// Messages of the outbox that were put into this link: so many from its beginning.
    sent: usize,
    retry_at: Option<Instant>,
    /// Small things to say on this link as soon as it has room.
    errands: VecDeque<ClientMessage>,
    unsettled: Unsettled,
    shown: Shown,
    pub(super) presence: Presence,
    pub(super) marks: Marks,
    pub(super) settings: Settings,
    pub(super) password_change: PasswordChange,
    pub(super) requests: Requests,
    pub(super) consent: Consent,
    /// The server has said where it goes on: before that, it tells how groups were renamed.
    is_synced: bool,
    /// The present link has brought something new.
    has_progressed: bool,
}

impl Chat {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            sent: 0,
            retry_at: None,
            errands: VecDeque::new(),
            unsettled: Unsettled::default(),
            shown: Shown::default(),
            presence: Presence::default(),
            marks: Marks::default(),
            settings: Settings::default(),
            password_change: PasswordChange::default(),
            requests: Requests::default(),
            consent: Consent::default(),
            is_synced: false,
            has_progressed: false,
        }
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at.into_iter().chain(self.settings.retry_at()).min()
    }

    pub(super) fn is_settled(&self) -> bool {
        let is_told = self.requests.is_settled() && self.settings.is_settled();
        is_told && self.password_change.is_settled() && !self.presence.is_listing()
    }

    pub(super) fn is_acknowledged(&self) -> bool {
        self.place.is_known()
    }

    pub(super) fn has_progressed(&self) -> bool {
        self.has_progressed
    }

    /// Whether the server has something to answer on this link.
    pub(super) fn is_answer_due(&self) -> bool {
        let is_asked = self.requests.is_answer_due()
            || self.settings.is_answer_due()
            || self.password_change.is_answer_due();
        self.sent > 0 || is_asked || self.presence.is_listing()
    }

    /// Asks for what one keeps, one's groups, and the latest line of each conversation.
    pub(super) fn request_overview(&mut self) {
        for request in [Request::Settings, Request::Groups(None), Request::Overview(None)] {
            self.requests.go_on(request);
        }
    }

    /// The server's log is this one. If it is another one than before, places in that one are
    /// forgotten.
    pub(super) fn enter_log(&mut self, generation: Generation, common: &mut Common) {
        if !self.place.enter(generation) {
            return;
        }
        self.unsettled = Unsettled::default();
        self.marks = Marks::default();
        self.settings.forget_places();
        self.requests.forget_places();
        common.tell(Event::OtherLog);
        let mut failed = Vec::new();
        common.outbox.retain_mut(|outgoing| match outgoing.kind {
            MessageKind::Text | MessageKind::Unknown(_) => true,
            MessageKind::Reply(_) => {
                outgoing.kind = MessageKind::Text;
                true
            }
            MessageKind::Edit(_) | MessageKind::Deletion(_) | MessageKind::Reaction(_) => {
                failed.push(outgoing.id);
                false
            }
        });
        for id in failed {
            let lost = Failure::Refused(Told::ReferenceForgotten);
            common.tell(Event::Progress(id, Progress::Failed(lost, None)));
        }
    }

    /// Signed in over a new link: says where it stands. What is not settled goes out again, under
    /// the ids that it had.
    pub(super) fn link_opened(&mut self, common: &Common) {
        self.has_progressed = false;
        self.errands.clear();
        self.errands.extend(common.device.clone().map(ClientMessage::Device));
        self.errands.push_back(self.place.sync());
        self.errands.extend(self.unsettled.questions());
        self.presence.link_opened();
        self.is_synced = false;
        self.consent.begin();
    }

    pub(super) fn link_lost(&mut self, common: &mut Common) {
        self.sent = 0;
        self.errands.clear();
        self.requests.link_lost();
        self.password_change.link_lost(common);
        self.marks.link_lost();
        self.settings.link_lost();
        self.presence.link_lost(common);
    }

    /// Puts what waits into the link, as far as it has room.
    pub(super) fn pump(&mut self, now: Instant, link: &mut Link, common: &mut Common) {
        if link.queued_bytes() == 0 {
            self.place.note_delivered();
            self.marks.note_delivered();
        }
        if self.settings.asks() {
            self.requests.go_on(Request::Settings);
        }
        if self.pump_small(now, link, common).is_ok() {
            self.pump_outbox(now, link, common);
        }
    }

    /// Acknowledges everything that has arrived, before the link is given up.
    pub(super) fn acknowledge(&mut self, link: &mut Link) {
        // Cut short by a full link, it is said another time.
        let _ = self.pump_acknowledgement(link);
    }

    fn pump_small(
        &mut self,
        now: Instant,
        link: &mut Link,
        common: &mut Common,
    ) -> Result<(), LinkError> {
        while let Some(errand) = self.errands.front() {
            link.send(&errand.to_wire())?;
            self.errands.pop_front();
        }
        self.pump_acknowledgement(link)?;
        self.requests.pump(link)?;
        self.password_change.pump(link, common)?;
        while let Some(question) = self.presence.question() {
            link.send(&question.to_wire())?;
            self.presence.note_asked();
        }
        self.settings.pump(now, link)?;
        self.marks.pump(now, link)
    }

    fn pump_acknowledgement(&mut self, link: &mut Link) -> Result<(), LinkError> {
        if let Some(sequence) = self.place.unsaid() {
            link.send(&ClientMessage::Received(sequence).to_wire())?;
            self.place.note_said(sequence);
        }
        Ok(())
    }

    fn pump_outbox(&mut self, now: Instant, link: &mut Link, common: &mut Common) {
        if self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        self.retry_at = None;
        let Some(name) = common.answers.name.clone() else { return };
        while let Some(Outgoing { id, conversation, kind, text }) = common.outbox.get(self.sent) {
            // A group may be called otherwise by now.
            if !self.is_synced && matches!(conversation, Conversation::Group(_)) {
                return;
            }
            let says = !matches!(kind, MessageKind::Deletion(_));
            let send = ClientMessage::Send {
                id: *id,
                to: conversation.clone(),
                kind: kind.clone(),
                body: says.then(|| Body::new(&name, text)),
            };
            if link.send(&send.to_wire()).is_err() {
                return;
            }
            self.sent += 1;
        }
    }

    pub(super) fn handle(
        &mut self,
        now: Instant,
        message: ServerMessage,
        link: &Link,
        common: &mut Common,
    ) {
        let (presence, unsettled) = (&mut self.presence, &mut self.unsettled);
        match message {
            ServerMessage::From(sequence) => self.handle_from(sequence, common),
            ServerMessage::Message(delivered) => self.handle_message(delivered, common),
            ServerMessage::Sent { id, sequence, time, position, recipients } => {
                self.place.confirm(position);
                self.handle_sent(StoredAt { sequence, time, id }, recipients, common);
            }
            ServerMessage::NotSent(id, why) => self.handle_not_sent(now, id, why, common),
            ServerMessage::Received(name, sequence) => {
                unsettled.handle_received(&name, sequence, common);
            }
            ServerMessage::ReceivedCount { sequence, received, of } => {
                unsettled.handle_count(sequence, received, of, common);
            }
            ServerMessage::Failed(sequence, name, receipt) => {
                unsettled.handle_failed(sequence, name, receipt, common);
            }
            ServerMessage::Read(of, sequence) => self.handle_read(of, sequence, common),
            ServerMessage::Unread(of, count) => common.tell(Event::Unread(of, count)),
            ServerMessage::Typing(to, name) => common.tell(Event::Typing(to, name)),
            ServerMessage::Online(count, names) => presence.handle_online(count, names, common),
            ServerMessage::Came(names) => presence.handle_came(names, common),
            ServerMessage::Left(names) => presence.handle_left(names, common),
            ServerMessage::OnlineCount(count) => presence.handle_count(count, common),
            ServerMessage::OnlinePage(names, more) => presence.handle_page(names, more, common),
            ServerMessage::Past(delivered) => self.handle_past(delivered),
            ServerMessage::LinesEnd(of, from, more) => self.handle_lines(of, from, more, common),
            ServerMessage::Groups(groups, more) => self.handle_groups(groups, more, common),
            ServerMessage::OverviewEnd(next) => self.handle_overview(next, common),
            ServerMessage::Members(of, names, more) => {
                self.handle_members(of, names, more, common);
            }
            ServerMessage::Receivers(of, names, more) => {
                self.handle_receivers(of, names, more, common);
            }
            ServerMessage::Group(group, reply) => self.handle_group(group, reply, common),
            ServerMessage::GroupNews(group, news) => self.handle_news(group, news, common),
            ServerMessage::InvitationsEnd => self.consent.finish(common),
            ServerMessage::Block(name, reply) => self.handle_block(name, reply, common),
            ServerMessage::Blocked(names, more) => self.handle_blocked(names, more, common),
            ServerMessage::Session(session) => self.requests.add_session(session),
            ServerMessage::SessionsEnd => self.handle_sessions(common),
            ServerMessage::SessionsEnded(count) => self.handle_sessions_ended(count, common),
            ServerMessage::Prove(_) | ServerMessage::Enrol(_) => {
                self.password_change.handle(message, link, common);
            }
            ServerMessage::Password(reply) => self.password_change.handle_reply(reply, common),
            ServerMessage::PasswordWasReadable => tell(Told::PasswordWasReadable, common),
            ServerMessage::Settings(kept) => self.handle_settings(kept, common),
            ServerMessage::SettingsRenamed(from, to) => self.settings.handle_renamed(from, to),
            ServerMessage::SettingsNotKept(why) => self.settings.handle_not_kept(now, why, common),
            ServerMessage::Slowed(rest) => tell(Told::Slowed(rest), common),
            ServerMessage::Stale => self.handle_stale(common),
            ServerMessage::Stopping => tell(Told::Stopping, common),
            // Seen to before, repetitions from before the sign-in, or what other clients ask for.
            ServerMessage::SignedOut
            | ServerMessage::HistoryEnd(..)
            | ServerMessage::Unlocked
            | ServerMessage::Locked
            | ServerMessage::NameIsNew
            | ServerMessage::NameNeedsProof(_)
            | ServerMessage::NameNeedsWord(_)
            | ServerMessage::NameRefused(_)
            | ServerMessage::Welcome { .. }
            | ServerMessage::Wrong
            | ServerMessage::Later(..)
            | ServerMessage::ResumeRefused => {}
        }
    }

    /// Everything that was to be known before has been told.
    fn handle_from(&mut self, sequence: Sequence, common: &mut Common) {
        self.place.begin(sequence);
        self.is_synced = true;
        self.consent.finish(common);
    }

    fn handle_past(&mut self, delivered: Delivered) {
        let arrival = self.arrival(delivered);
        self.requests.add_past(arrival);
    }

    fn handle_read(&mut self, of: Conversation, sequence: Sequence, common: &mut Common) {
        self.marks.note_read(of.clone(), sequence);
        common.tell(Event::Read(of, sequence));
    }

    fn handle_settings(&mut self, kept: Option<KeptSettings>, common: &mut Common) {
        let asked = self.requests.finish(|request| matches!(request, Request::Settings));
        self.settings.handle_kept(kept, asked.is_some(), common);
    }

    fn handle_sessions(&mut self, common: &mut Common) {
        self.finish_account(|request| matches!(request, AccountRequest::Sessions));
        common.tell(Event::Sessions(self.requests.take_sessions()));
    }

    fn handle_sessions_ended(&mut self, count: u32, common: &mut Common) {
        self.finish_account(|request| {
            matches!(request, AccountRequest::End(_) | AccountRequest::EndOthers)
        });
        common.tell(Event::SessionsEnded(count));
    }

    fn handle_message(&mut self, delivered: Delivered, common: &mut Common) {
        let (sequence, id) = (delivered.sequence, delivered.id);
        if !self.place.advance(sequence) {
            return;
        }
        self.has_progressed = true;
        let is_own = Some(&delivered.sender) == common.answers.name.as_ref();
        if is_own && common.is_from_here(id) {
            if self.settle_outgoing(id, common).is_some() {
                let stored = StoredAt { sequence, time: delivered.time, id };
                self.confirm_by_message(stored, &delivered.kind, &delivered.receipts, common);
            }
            return;
        }
        if !self.shown.insert(&delivered.sender, id) {
            return;
        }
        let arrival = self.arrival(delivered);
        if arrival.content == Content::Corrupted && !is_own {
            self.say(ClientMessage::Corrupted(sequence));
        }
        common.tell(Event::Arrived(arrival));
    }

    /// What arrived, verified.
    fn arrival(&mut self, delivered: Delivered) -> Arrival {
        let content = content(&delivered);
        let Delivered { sequence, conversation, sender, time, id, kind, receipts, .. } = delivered;
        if kind.is_line() {
            self.unsettled.add(sequence, id, waiting(&receipts));
        }
        Arrival {
            conversation: Some(conversation),
            sender: Some(sender),
            kind,
            content,
            stored: Some(StoredAt { sequence, time, id }),
            receipts,
        }
    }

    /// A message has left the outbox, if it was there.
    fn settle_outgoing(&mut self, id: MessageId, common: &mut Common) -> Option<Outgoing> {
        let at = common.outbox.iter().position(|outgoing| outgoing.id == id)?;
        if at < self.sent {
            self.sent -= 1;
        }
        self.has_progressed = true;
        common.outbox.remove(at)
    }

    /// One's own message is stored.
    fn confirm(
        &mut self,
        stored: StoredAt,
        kind: &MessageKind,
        recipients: Recipients,
        common: &mut Common,
    ) {
        if kind.is_line() {
            let names = recipients.names();
            let waiting = match recipients.count() > 0 && names.is_empty() {
                true => Waiting::Counted,
                false => Waiting::Named(names.iter().cloned().collect()),
            };
            self.unsettled.add(stored.sequence, stored.id, waiting);
        }
        common.tell(Event::Progress(stored.id, Progress::Stored(stored, recipients)));
    }

    /// One's own message is stored, as it turns out by its coming back: with what is known of its
    /// recipients by now.
    fn confirm_by_message(
        &mut self,
        stored: StoredAt,
        kind: &MessageKind,
        receipts: &Receipts,
        common: &mut Common,
    ) {
        let recipients = match receipts {
            Receipts::Each(each) => {
                Recipients::new(each.len(), each.iter().map(|(name, _)| name.clone()))
            }
            Receipts::Count { of, .. } => {
                Recipients::new(usize::try_from(*of).unwrap_or(usize::MAX), [])
            }
        };
        self.confirm(stored, kind, recipients, common);
        match receipts {
            Receipts::Each(each) => {
                for (name, receipt) in each {
                    if *receipt == Receipt::Received {
                        self.unsettled.handle_received_one(stored.sequence, name, common);
                    } else {
                        let (place, name) = (stored.sequence, name.clone());
                        self.unsettled.handle_failed(place, name, *receipt, common);
                    }
                }
            }
            Receipts::Count { received, of } => {
                self.unsettled.handle_count(stored.sequence, *received, *of, common);
            }
        }
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
            NotSent::NoSuchGroup => Failure::Refused(Told::NoSuchGroup),
            NotSent::NotAMember => Failure::Refused(Told::NotAMember),
            NotSent::NobodyOnline => Failure::Refused(Told::NobodyOnline),
            NotSent::Forged => Failure::Refused(Told::Forged),
            NotSent::Malformed => Failure::Refused(Told::Malformed),
            NotSent::NoSuchMessage => Failure::Refused(Told::NoSuchMessage),
            NotSent::NotTheAuthor => Failure::Refused(Told::NotTheAuthor),
            NotSent::TooManyChanges => Failure::Refused(Told::TooManyChanges),
            NotSent::StorageQuota => Failure::Refused(Told::StorageFull),
            NotSent::UnknownKind => Failure::Refused(Told::UnknownKind),
        };
        if self.settle_outgoing(id, common).is_some() {
            common.tell(Event::Progress(id, Progress::Failed(failure, None)));
        }
    }

    fn handle_sent(&mut self, stored: StoredAt, recipients: Recipients, common: &mut Common) {
        if let Some(outgoing) = self.settle_outgoing(stored.id, common) {
            self.confirm(stored, &outgoing.kind, recipients, common);
        }
    }

    /// The server could not tell everything.
    fn handle_stale(&mut self, common: &mut Common) {
        self.unsettled.questions().into_iter().for_each(|question| self.say(question));
        self.presence.link_was_full();
        self.consent.begin();
        self.say(ClientMessage::Invitations);
        common.tell(Event::Stale);
    }

    fn handle_lines(
        &mut self,
        of: Conversation,
        from: HistoryFrom,
        more: bool,
        common: &mut Common,
    ) {
        let is_it = |request: &Request| matches!(request, Request::History(c, f, _) if *c == of && *f == from);
        self.requests.finish(is_it);
        common.tell(Event::History(of, from, self.requests.take_past(), more));
    }

    fn handle_members(
        &mut self,
        of: GroupName,
        names: List<UserName>,
        more: bool,
        common: &mut Common,
    ) {
        self.requests.finish(|request| matches!(request, Request::Members(g, _) if *g == of));
        common.tell(Event::Members(of, names.into_vec(), more));
    }

    fn handle_receivers(
        &mut self,
        of: Sequence,
        names: List<UserName>,
        more: bool,
        common: &mut Common,
    ) {
        self.requests.finish(|request| matches!(request, Request::Receivers(_, s, _) if *s == of));
        common.tell(Event::Receivers(of, names.into_vec(), more));
    }

    fn handle_groups(&mut self, groups: List<GroupName>, more: bool, common: &mut Common) {
        let answered = self.requests.finish(|request| matches!(request, Request::Groups(_)));
        let last = groups.last().cloned();
        common.tell(Event::Groups(groups.into_vec(), more));
        if let Some(Request::Groups(after)) = answered
            && more
            && last > after
        {
            self.requests.go_on(Request::Groups(last));
        }
    }

    fn handle_overview(&mut self, next: Option<Sequence>, common: &mut Common) {
        let answered = self.requests.finish(|request| matches!(request, Request::Overview(_)));
        common.tell(Event::Overview(self.requests.take_past(), next.is_some()));
        if let Some(Request::Overview(before)) = answered
            && let Some(next) = next
            && before.is_none_or(|before| next < before)
        {
            self.requests.go_on(Request::Overview(Some(next)));
        }
    }

    fn finish_account(&mut self, is_it: impl Fn(&AccountRequest) -> bool) -> Option<Request> {
        self.requests.finish(|request| matches!(request, Request::Account(it) if is_it(it)))
    }

    fn say(&mut self, errand: ClientMessage) {
        if self.errands.len() < ERRANDS_MAX {
            self.errands.push_back(errand);
        }
    }
}

/// Anything that is shown as a line.
fn tell(told: Told, common: &mut Common) {
    common.tell(Event::Line(told));
}

/// What a message says. A body must be signed with the name of its sender.
fn content(delivered: &Delivered) -> Content {
    let text = delivered.body.as_ref().map(|body| match body.open() {
        Opened::Intact { signature, text } if signature == delivered.sender.as_str() => Some(text),
        Opened::Intact { .. } | Opened::Corrupted => None,
    });
    match (&delivered.kind, text) {
        (MessageKind::Unknown(_), _) => Content::Unknown,
        (MessageKind::Deletion(_), _) | (_, None) => Content::TakenBack,
        (_, Some(None)) => Content::Corrupted,
        // A sign that can't be here may be one of a newer client.
        (MessageKind::Reaction(_), Some(Some(text))) => {
            text.parse().map_or(Content::Unknown, Content::Reaction)
        }
        (MessageKind::Text | MessageKind::Reply(_) | MessageKind::Edit(_), Some(Some(text))) => {
            Content::Text(text)
        }
    }
}

/// Who still waits, by what the server says.
fn waiting(receipts: &Receipts) -> Waiting {
    match receipts {
        Receipts::Each(each) => {
            let waiting = each.iter().filter(|(_, receipt)| *receipt == Receipt::Waiting);
            Waiting::Named(waiting.map(|(name, _)| name.clone()).collect())
        }
        Receipts::Count { received, of } if received < of => Waiting::Counted,
        Receipts::Count { .. } => Waiting::Named(SortedSet::new()),
    }
}
