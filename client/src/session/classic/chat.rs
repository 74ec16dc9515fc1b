//! The chat phase over the classic protocol.
//!
//! Classic outcomes (`SENT`, `RECEIVED`, lost, corrupted) do not say which message they mean. So one
//! message at a time is under way, and the next goes out when it is settled: an outcome can then
//! never be taken for another message's.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::common::GroupRequest;
use super::super::{
    Arrival, Common, Content, Event, Failure, GroupOutcome, Online, Outgoing, Progress, Told,
};
use super::{Unreachable, text_bytes_max};
use netchat_shared::body::{Body, Opened, decode_text};
use netchat_shared::classic::{ChatCommand, Notice, Recipients, Roster};
use netchat_shared::conversation::Conversation;
use netchat_shared::kind::MessageKind;
use netchat_shared::limits::{
    CLASSIC_DATAGRAM_BYTES_MAX, CLASSIC_ECHOES_MAX, REQUESTS_PENDING_MAX,
};
use netchat_shared::name::UserName;
use netchat_shared::sorted::SortedSet;
use netchat_shared::time::Instant;

/// How often the list of who is online is asked for. It also shows that the server is alive.
const ACTIVE_INTERVAL: Duration = Duration::from_secs(5);
/// After so many unanswered requests the server counts as unreachable.
const ACTIVE_UNANSWERED_MAX: u32 = 3;
/// A long list comes in several datagrams: those within this time belong together.
const ACTIVE_GATHER: Duration = Duration::from_millis(300);
/// How long to wait for the server to accept a message.
const SENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for the outcome at the recipients; a server reports a loss after five seconds.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(8);
/// With several recipients: how long after the last outcome another may begin to come.
const OUTCOME_QUIET: Duration = Duration::from_millis(300);
/// How long to wait for the answer about a group.
const GROUP_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Chat {
    name: UserName,
    in_flight: Option<InFlight>,
    /// Texts that one's groups will send back to their sender, oldest first.
    echoes: VecDeque<String>,
    group_requests: VecDeque<GroupRequest>,
    group_deadline: Option<Instant>,
    active: ActivePolling,
}

/// The message under way, and what is known of it.
#[derive(Debug)]
struct InFlight {
    message: Outgoing,
    sent: usize,
    outcomes: usize,
    /// The group sent it back.
    echoed: bool,
    /// When it counts as settled, whatever is still missing.
    deadline: Instant,
}

#[derive(Debug)]
struct ActivePolling {
    next_at: Instant,
    unanswered: u32,
    /// The person asked too, and wants to see the answer.
    wanted: bool,
    gathered: Roster,
    gathered_at: Option<Instant>,
    known: SortedSet<UserName>,
}

impl Chat {
    pub(super) fn new(now: Instant, name: UserName) -> Self {
        Self {
            name,
            in_flight: None,
            echoes: VecDeque::new(),
            group_requests: VecDeque::new(),
            group_deadline: None,
            active: ActivePolling {
                next_at: now,
                unanswered: 0,
                wanted: false,
                gathered: Roster::default(),
                gathered_at: None,
                known: SortedSet::new(),
            },
        }
    }

    pub(super) fn start(&mut self, now: Instant, common: &mut Common) {
        self.poll_active(now, common);
        self.pump(now, common);
    }

    pub(super) fn handle_datagram(&mut self, now: Instant, text: &str, common: &mut Common) {
        // A late reply of the login phase is raw, and decodes to nothing.
        let Some(decoded) = decode_text(text) else {
            return;
        };
        if decoded.contains('`') {
            self.handle_body(now, &Body::from_wire(text), common);
        } else {
            common.transmit(&ChatCommand::Received.to_wire());
            self.handle_notice(now, Notice::parse(&decoded), common);
        }
    }

    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        common: &mut Common,
    ) -> Result<(), Unreachable> {
        if self.in_flight.as_ref().is_some_and(|in_flight| now >= in_flight.deadline) {
            self.settle(now, common);
        }
        if self.group_deadline.is_some_and(|deadline| now >= deadline) {
            let refused = GroupOutcome::Refused(Told::NoAnswer);
            self.finish_group_request(now, refused, common);
        }
        if self.active.gathered_at.is_some_and(|at| now >= at + ACTIVE_GATHER) {
            self.publish_active(common);
        }
        if now >= self.active.next_at {
            if self.active.unanswered >= ACTIVE_UNANSWERED_MAX {
                return Err(Unreachable);
            }
            self.poll_active(now, common);
        }
        Ok(())
    }

    pub(super) fn timeout(&self) -> Instant {
        let deadlines = [
            self.in_flight.as_ref().map(|in_flight| in_flight.deadline),
            self.group_deadline,
            self.active.gathered_at.map(|at| at + ACTIVE_GATHER),
        ];
        deadlines.into_iter().flatten().fold(self.active.next_at, Instant::min)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.in_flight.is_none() && self.group_requests.is_empty() && !self.active.wanted
    }

    /// The path is lost: whether the message under way arrived can't be known any more.
    pub(super) fn abandon(&mut self, common: &mut Common) {
        if let Some(in_flight) = self.in_flight.take()
            && in_flight.outcomes == 0
        {
            let failed = Progress::Failed(Failure::NoAnswer, None);
            common.tell(Event::Progress(in_flight.message.id, failed));
        }
        for request in self.group_requests.drain(..) {
            let refused = GroupOutcome::Refused(Told::LostConnection);
            common.tell(Event::Group(request.group().clone(), refused));
        }
    }

    pub(super) fn pump(&mut self, now: Instant, common: &mut Common) {
        if self.in_flight.is_some() {
            return;
        }
        let Some(message) = common.outbox.pop_front() else { return };
        if let Some(why) = self.refusal(&message) {
            let failed = Progress::Failed(Failure::Refused(why), None);
            common.tell(Event::Progress(message.id, failed));
            return self.pump(now, common);
        }
        let body = Body::new(&self.name, &message.text);
        let command = match &message.conversation {
            Conversation::Everyone => ChatCommand::Chat(Recipients::Everyone, body),
            Conversation::User(name) => {
                ChatCommand::Chat(Recipients::Named(vec![name.to_string()]), body)
            }
            Conversation::Group(group) => {
                self.expect_echo(&message.text);
                ChatCommand::GroupChat(group.clone(), body)
            }
        };
        common.transmit(&command.to_wire());
        let deadline = now + SENT_TIMEOUT;
        self.in_flight = Some(InFlight { message, sent: 0, outcomes: 0, echoed: false, deadline });
    }

    /// Why it can't be sent, having been typed while it was not known that the server is a classic
    /// one.
    fn refusal(&self, message: &Outgoing) -> Option<Told> {
        match message.kind {
            MessageKind::Edit(_)
            | MessageKind::Deletion(_)
            | MessageKind::Reaction(_)
            | MessageKind::Unknown(_) => Some(Told::NotSupported),
            MessageKind::Text | MessageKind::Reply(_) => {
                let is_too_long = message.text.len() > text_bytes_max(&self.name);
                is_too_long.then_some(Told::OnlyShorterTexts)
            }
        }
    }

    pub(super) fn request_active(&mut self, now: Instant, common: &mut Common) {
        self.active.wanted = true;
        self.poll_active(now, common);
    }

    pub(super) fn request_group(
        &mut self,
        now: Instant,
        request: GroupRequest,
        common: &mut Common,
    ) {
        if self.group_requests.len() >= REQUESTS_PENDING_MAX {
            return common.refuse_group(&request);
        }
        self.group_requests.push_back(request);
        if self.group_requests.len() == 1 {
            self.send_group_request(now, common);
        }
    }

    fn handle_body(&mut self, now: Instant, body: &Body, common: &mut Common) {
        let (signature, text) = match body.open() {
            // Not acknowledged: so the sender is told.
            Opened::Corrupted => {
                let content = Content::Corrupted;
                let arrival = Arrival::classic(None, content);
                return common.tell(Event::Arrived(arrival));
            }
            Opened::Intact { signature, text } => (signature, text),
        };
        common.transmit(&ChatCommand::Received.to_wire());
        let Ok(sender) = signature.parse::<UserName>() else {
            return common.tell(Event::Line(Told::Server(format!("{signature}: {text}"))));
        };
        if sender == self.name && self.is_echo(now, &text) {
            return;
        }
        let (sender, content) = (Some(sender), Content::Text(text));
        common.tell(Event::Arrived(Arrival::classic(sender, content)));
    }

    fn handle_notice(&mut self, now: Instant, notice: Notice, common: &mut Common) {
        match notice {
            Notice::Sent => self.count_sent(now, common),
            Notice::Received(name) => {
                if let Ok(name) = name.parse() {
                    self.count_outcome(now, Progress::Received(name), common);
                }
            }
            Notice::NoSuchClient => self.fail(now, Failure::NoSuchUser, common),
            Notice::Lost => self.fail(now, Failure::Lost, common),
            Notice::Corrupted => self.fail(now, Failure::Corrupted, common),
            Notice::MembersNotFound(names) => {
                self.tell_group(GroupOutcome::NotFound(names), common);
            }
            Notice::GroupAdded { members, .. } => {
                let created = GroupOutcome::Created(Roster { entries: members });
                self.finish_group_request(now, created, common);
            }
            Notice::GroupExists => self.finish_group_request(now, GroupOutcome::Joined, common),
            Notice::GroupDoesNotExist => {
                self.finish_group_request(now, GroupOutcome::DoesNotExist, common);
            }
            Notice::GroupKnown { .. } | Notice::Leave => {}
            Notice::Active(roster) => self.gather_active(now, roster),
            Notice::Line(line) => self.handle_line(now, line, common),
        }
    }

    /// A line without a form of its own answers what is under way, or stands for itself.
    fn handle_line(&mut self, now: Instant, line: String, common: &mut Common) {
        let unanswered = self.in_flight.as_ref().is_some_and(|in_flight| in_flight.sent == 0);
        match self.group_requests.front() {
            Some(GroupRequest::Quit(_)) if line.starts_with("SERVER: You left ") => {
                self.finish_group_request(now, GroupOutcome::Quit, common);
            }
            Some(_) => {
                self.finish_group_request(now, GroupOutcome::Refused(Told::Server(line)), common);
            }
            None if unanswered => self.fail(now, Failure::Refused(Told::Server(line)), common),
            None => common.tell(Event::Line(Told::Server(line))),
        }
    }

    fn count_sent(&mut self, now: Instant, common: &mut Common) {
        let Some(in_flight) = &mut self.in_flight else {
            return;
        };
        in_flight.sent += 1;
        in_flight.deadline = now + OUTCOME_TIMEOUT;
        common.tell(Event::Progress(in_flight.message.id, Progress::Sent));
    }

    fn fail(&mut self, now: Instant, failure: Failure, common: &mut Common) {
        self.count_outcome(now, Progress::Failed(failure, None), common);
    }

    fn count_outcome(&mut self, now: Instant, progress: Progress, common: &mut Common) {
        let Some(in_flight) = &mut self.in_flight else {
            return;
        };
        in_flight.outcomes += 1;
        common.tell(Event::Progress(in_flight.message.id, progress));
        if in_flight.outcomes < in_flight.sent {
            return;
        }
        match in_flight.message.conversation {
            Conversation::User(_) => self.settle(now, common),
            Conversation::Everyone | Conversation::Group(_) => {
                in_flight.deadline = now + OUTCOME_QUIET;
            }
        }
    }

    /// The message under way is settled; the next may go.
    fn settle(&mut self, now: Instant, common: &mut Common) {
        if let Some(in_flight) = self.in_flight.take()
            && in_flight.sent == 0
            && in_flight.outcomes == 0
        {
            let alone = in_flight.echoed;
            let failed = Progress::Failed(Failure::NoAnswer, None);
            let progress = if alone { Progress::Sent } else { failed };
            common.tell(Event::Progress(in_flight.message.id, progress));
        }
        self.pump(now, common);
    }

    fn expect_echo(&mut self, text: &str) {
        self.echoes.push_back(text.to_owned());
        if self.echoes.len() > CLASSIC_ECHOES_MAX {
            self.echoes.pop_front();
        }
    }

    /// A member of a group gets its own message back. That also shows that the server accepted it,
    /// which nothing else does when no other member is online.
    fn is_echo(&mut self, now: Instant, text: &str) -> bool {
        let Some(at) = self.echoes.iter().position(|expected| expected == text) else {
            return false;
        };
        self.echoes.drain(..=at);
        if let Some(in_flight) = &mut self.in_flight
            && in_flight.sent == 0
            && in_flight.message.text == text
        {
            in_flight.deadline = now + OUTCOME_QUIET;
            in_flight.echoed = true;
        }
        true
    }

    fn poll_active(&mut self, now: Instant, common: &mut Common) {
        common.transmit(&ChatCommand::Active.to_wire());
        self.active.unanswered += 1;
        self.active.next_at = now + ACTIVE_INTERVAL;
    }

    fn gather_active(&mut self, now: Instant, roster: Roster) {
        self.active.unanswered = 0;
        self.active.gathered_at.get_or_insert(now);
        self.active.gathered.entries.extend(roster.entries);
    }

    fn publish_active(&mut self, common: &mut Common) {
        self.active.gathered_at = None;
        let mut roster = std::mem::take(&mut self.active.gathered);
        // Two requests may have been answered within the time.
        let mut seen = SortedSet::new();
        roster.entries.retain(|entry| seen.insert(entry.to_string()));
        let names: SortedSet<UserName> =
            roster.entries.iter().filter_map(|entry| entry.name.parse().ok()).collect();
        if names != self.active.known {
            self.active.known.clone_from(&names);
            let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
            common.tell(Event::Online(Online { names, count, is_complete: true }));
        }
        if std::mem::take(&mut self.active.wanted) {
            common.tell(Event::ActiveList(roster));
        }
    }

    fn send_group_request(&mut self, now: Instant, common: &mut Common) {
        let Some(request) = self.group_requests.front() else {
            self.group_deadline = None;
            return;
        };
        let command = match request.clone() {
            GroupRequest::Act(..) => {
                let refused = GroupOutcome::Refused(Told::NoInvitations);
                return self.finish_group_request(now, refused, common);
            }
            GroupRequest::Create(group, _, members) => {
                ChatCommand::NewGroup(group, members.into_vec())
            }
            GroupRequest::Join(group) => ChatCommand::JoinGroup(group),
            GroupRequest::Quit(group) => ChatCommand::QuitGroup(group),
        };
        let command = command.to_wire();
        if command.len() > CLASSIC_DATAGRAM_BYTES_MAX {
            let refused = GroupOutcome::Refused(Told::TooManyMembers);
            return self.finish_group_request(now, refused, common);
        }
        common.transmit(&command);
        self.group_deadline = Some(now + GROUP_TIMEOUT);
    }

    fn tell_group(&mut self, outcome: GroupOutcome, common: &mut Common) {
        if let Some(request) = self.group_requests.front() {
            common.tell(Event::Group(request.group().clone(), outcome));
        }
    }

    fn finish_group_request(&mut self, now: Instant, outcome: GroupOutcome, common: &mut Common) {
        self.tell_group(outcome, common);
        self.group_requests.pop_front();
        self.send_group_request(now, common);
    }
}
