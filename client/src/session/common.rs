//! What the session's parts work on together.

use std::collections::VecDeque;

use rand_chacha::ChaCha12Rng;

use super::backoff::Backoff;
use super::password_task::{PasswordTask, TaskId, Work};
use super::{Connection, Event, GroupOutcome, Outgoing, Output, Question, Told};
use netchat_shared::FreshKeys;
use netchat_shared::extended::{AccountSessionId, DeviceName, GroupAction, JoinPolicy};
use netchat_shared::list::List;
use netchat_shared::message_id::{MessageId, MessageIds};
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::{Seed, Word};
use netchat_shared::password::Password;
use netchat_shared::sorted::SortedSet;

/// Handed in to each part with each input.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) connection: Connection,
    pub(super) backoff: Backoff,
    pub(super) answers: Answers,
    /// Where this session's message ids come from.
    pub(super) ids: MessageIds,
    /// Messages that waited when this session was kept: another one drew their ids.
    pub(super) adopted: SortedSet<MessageId>,
    /// Messages that are not stored yet, oldest first.
    pub(super) outbox: VecDeque<Outgoing>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) rng: ChaCha12Rng,
    /// For one link each.
    pub(super) keys: FreshKeys,
    /// The last of what was to be computed.
    pub(super) last_task: u64,
    /// What this client calls itself to the server.
    pub(super) device: Option<DeviceName>,
}

/// What the person answered, kept to sign in again after an interruption.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) server_password: Option<Password>,
    pub(super) name: Option<UserName>,
    pub(super) password: Option<Password>,
    /// With which an account of before is given a password.
    pub(super) word: Option<Word>,
}

/// Something about a group that is asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GroupRequest {
    Create(GroupName, JoinPolicy, List<String>),
    Join(GroupName),
    Quit(GroupName),
    Act(GroupName, GroupAction),
}

/// Something about one's account that is asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AccountRequest {
    Sessions,
    End(AccountSessionId),
    EndOthers,
}

impl Common {
    pub(super) fn transmit(&mut self, datagram: &str) {
        self.transmit_bytes(datagram.as_bytes().to_vec());
    }

    pub(super) fn transmit_bytes(&mut self, datagram: Vec<u8>) {
        self.outputs.push_back(Output::Transmit(datagram));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Something is to be computed with a password.
    pub(super) fn compute(&mut self, work: Work) -> TaskId {
        self.last_task += 1;
        let id = TaskId(self.last_task);
        self.outputs.push_back(Output::Compute(Box::new(PasswordTask { id, work })));
        id
    }

    pub(super) fn draw_seed(&mut self) -> Seed {
        Seed::draw(&mut self.keys)
    }

    /// The server has answered, beyond doubt.
    pub(super) fn note_heard(&mut self) {
        self.backoff.reset();
        self.set_connection(Connection::Connected);
    }

    pub(super) fn set_connection(&mut self, connection: Connection) {
        if self.connection != connection {
            self.connection = connection;
            self.tell(Event::Connection(connection));
        }
    }

    /// One request about a group more than may wait.
    pub(super) fn refuse_group(&mut self, request: &GroupRequest) {
        let refused = GroupOutcome::Refused(Told::TooMuchWaits);
        self.tell(Event::Group(request.group().clone(), refused));
    }

    pub(super) fn ask(&mut self, question: Question) {
        self.tell(Event::Asked(question));
    }

    /// Whether a message of one's own was sent from here, or waited when the session was kept: then
    /// it is shown already.
    pub(super) fn is_from_here(&self, id: MessageId) -> bool {
        self.ids.has_drawn(id) || self.adopted.contains(&id)
    }
}

impl GroupRequest {
    pub(super) fn group(&self) -> &GroupName {
        match self {
            Self::Create(group, ..)
            | Self::Join(group)
            | Self::Quit(group)
            | Self::Act(group, _) => group,
        }
    }
}
