//! What was asked of the server and is not answered yet.

use std::collections::VecDeque;

use super::super::common::{AccountRequest, GroupRequest};
use super::super::{Arrival, Common, Event, Told};
use crate::limits::{ACCOUNT_SESSIONS_MAX, PAGE_MESSAGES_MAX};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{AccountSession, ClientMessage, HistoryFrom, Link, LinkError};
use netchat_shared::limits::REQUESTS_PENDING_MAX;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sequence::Sequence;
use netchat_shared::sorted::SortedSet;

/// Something asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    Group(GroupRequest),
    /// So many lines at most.
    History(Conversation, HistoryFrom, u16),
    /// The page behind that name.
    Groups(Option<GroupName>),
    /// The page before that place.
    Overview(Option<Sequence>),
    Members(GroupName, Option<UserName>),
    Receivers(Conversation, Sequence, Option<UserName>),
    Account(AccountRequest),
    Block(UserName, bool),
    Blocked(Option<UserName>),
    /// What is kept for the person.
    Settings,
}

/// Requests in the order in which they are answered. Those that a lost link took away are made
/// again.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pending: VecDeque<Request>,
    /// So many of them, from the beginning, were put into this link.
    sent: usize,
    /// Messages that came for the request which is answered next.
    past: Vec<Arrival>,
    /// Sessions that came, for the request that is answered next.
    sessions: Vec<AccountSession>,
}

impl Requests {
    /// Asks for something; for the same not twice at a time. False if too much waits already: then
    /// nothing is asked.
    #[must_use]
    pub(super) fn ask(&mut self, request: Request) -> bool {
        if self.pending.contains(&request) {
            return true;
        }
        let has_room = self.pending.len() < REQUESTS_PENDING_MAX;
        if has_room {
            self.pending.push_back(request);
        }
        has_room
    }

    /// Whether everything was answered.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether the server has something to answer on this link.
    pub(super) fn is_answer_due(&self) -> bool {
        self.sent > 0
    }

    /// What was asked on the link that was lost is asked again on the next.
    pub(super) fn link_lost(&mut self) {
        self.sent = 0;
        self.past.clear();
        self.sessions.clear();
    }

    /// Places mean nothing any more: what is asked from the end can still be asked.
    pub(super) fn forget_places(&mut self) {
        self.pending.retain(|request| match request {
            Request::History(_, from, _) => from.is_without_place(),
            Request::Overview(before) => before.is_none(),
            Request::Receivers(..) => false,
            Request::Group(_)
            | Request::Groups(_)
            | Request::Members(..)
            | Request::Account(_)
            | Request::Block(..)
            | Request::Blocked(_)
            | Request::Settings => true,
        });
    }

    /// Puts what waits into the link, as far as it has room.
    pub(super) fn pump(&mut self, link: &mut Link) -> Result<(), LinkError> {
        while let Some(request) = self.pending.get(self.sent) {
            link.send(&request.message().to_wire())?;
            self.sent += 1;
        }
        Ok(())
    }

    /// The first of these was answered.
    pub(super) fn finish(&mut self, is_it: impl Fn(&Request) -> bool) -> Option<Request> {
        let at = self.pending.iter().position(is_it)?;
        if at < self.sent {
            self.sent -= 1;
        }
        self.pending.remove(at)
    }

    /// The next page, in place of a request that was answered; or what is asked for at most once.
    pub(super) fn go_on(&mut self, request: Request) {
        if !self.pending.contains(&request) {
            self.pending.push_back(request);
        }
    }

    /// A message that was asked for; beyond the bound it is dropped.
    pub(super) fn add_past(&mut self, arrival: Arrival) {
        if self.past.len() < PAGE_MESSAGES_MAX {
            self.past.push(arrival);
        }
    }

    /// A session of one's account; beyond the bound it is dropped.
    pub(super) fn add_session(&mut self, session: AccountSession) {
        if self.sessions.len() < ACCOUNT_SESSIONS_MAX {
            self.sessions.push(session);
        }
    }

    /// The sessions that came.
    pub(super) fn take_sessions(&mut self) -> Vec<AccountSession> {
        std::mem::take(&mut self.sessions)
    }

    /// What came for the request that is answered now, in the order of the log.
    pub(super) fn take_past(&mut self) -> Vec<Arrival> {
        let past = std::mem::take(&mut self.past);
        let place = |(at, arrival): (usize, &Arrival)| (arrival.stored.map(|it| it.sequence), at);
        let order: SortedSet<_> = past.iter().enumerate().map(place).collect();
        let mut past: Vec<_> = past.into_iter().map(Some).collect();
        order.into_iter().filter_map(|(_, at)| past.get_mut(at)?.take()).collect()
    }
}

impl Request {
    /// Too much waits: whoever waits for the answer hears that there will be none.
    pub(super) fn refuse(self, common: &mut Common) {
        match self {
            Self::Group(request) => common.refuse_group(&request),
            Self::History(..)
            | Self::Groups(_)
            | Self::Overview(_)
            | Self::Members(..)
            | Self::Receivers(..)
            | Self::Account(_)
            | Self::Block(..)
            | Self::Blocked(_)
            | Self::Settings => common.tell(Event::Line(Told::TooMuchWaits)),
        }
    }

    fn message(&self) -> ClientMessage {
        match self.clone() {
            Self::Group(GroupRequest::Create(group, policy, names)) => {
                ClientMessage::NewGroup(group, policy, names)
            }
            Self::Group(GroupRequest::Act(group, action)) => ClientMessage::Group(group, action),
            Self::Block(name, is_blocked) => ClientMessage::Block(name, is_blocked),
            Self::Blocked(after) => ClientMessage::Blocked(after),
            Self::Settings => ClientMessage::GetSettings,
            Self::Group(GroupRequest::Join(group)) => ClientMessage::JoinGroup(group),
            Self::Group(GroupRequest::Quit(group)) => ClientMessage::QuitGroup(group),
            Self::History(conversation, from, limit) => {
                ClientMessage::Lines { conversation, from, limit }
            }
            Self::Groups(after) => ClientMessage::Groups(after),
            Self::Overview(before) => ClientMessage::Overview(before),
            Self::Members(group, after) => ClientMessage::Members(group, after),
            Self::Receivers(conversation, of, after) => {
                ClientMessage::Receivers(conversation, of, after)
            }
            Self::Account(AccountRequest::Sessions) => ClientMessage::Sessions,
            Self::Account(AccountRequest::End(id)) => ClientMessage::EndSession(id),
            Self::Account(AccountRequest::EndOthers) => ClientMessage::EndOtherSessions,
        }
    }
}
