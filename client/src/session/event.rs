//! What a session tells its driver.

use super::password_task::PasswordTask;
use super::put_off::PutOff;
use super::told::Told;
use crate::reaction::Reaction;
use netchat_shared::classic::Roster;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    AccountSession, BlockReply, GroupInfo, HistoryFrom, JoinPolicy, Receipts, Recipients,
    SettingsText, UnreadCount,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::sequence::Sequence;
use netchat_shared::server_key::{KeyCode, ServerKey};
use netchat_shared::sorted::SortedSet;
use netchat_shared::time::{Instant, UnixTime};

/// One thing for the driver to do, or to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Send this datagram on the open path.
    Transmit(Vec<u8>),
    /// Open a new path to the server (a socket, a WebSocket) in place of the last one, then call
    /// [`Session::path_opened`](super::Session::path_opened) or
    /// [`Session::path_closed`](super::Session::path_closed).
    OpenPath,
    /// Compute this where nothing has to wait for it, then call
    /// [`Session::finish_password_task`](super::Session::finish_password_task). One at a time.
    Compute(Box<PasswordTask>),
    /// Tell the person.
    Event(Event),
    /// Nothing more until there is input, or until this time.
    Wait(Option<Instant>),
}

/// Something the person, or the interface they see, should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An answer is needed to sign in.
    Asked(Question),
    /// What was answered was not looked at yet. Another answer may be given meanwhile.
    PutOff(PutOff),
    /// Signed in under this name; also each time that the session goes on after an interruption.
    SignedIn(UserName),
    /// Signed out, as asked.
    SignedOut,
    /// The server has proved that it has this key, and it was not known before: keep it for the next
    /// session with this server, as [`Trust::Key`](super::Trust::Key).
    ServerKey(ServerKey),
    /// The state of the connection changed.
    Connection(Connection),
    /// A message arrived.
    Arrived(Arrival),
    /// One's own message got further.
    Progress(MessageId, Progress),
    /// Who is online changed.
    Online(Online),
    /// The list that was asked for with
    /// [`Session::request_active`](super::Session::request_active).
    ActiveList(Roster),
    /// What became of a request about a group.
    Group(GroupName, GroupOutcome),
    /// That person invites one to that group: [`Session::join_group`](super::Session::join_group)
    /// accepts, [`GroupAction::Decline`](netchat_shared::extended::GroupAction) does not.
    Invited(GroupName, UserName),
    /// One is not invited to that group any more, or has decided.
    InvitationEnded(GroupName),
    /// That person asks to join that group, of which one is the maker.
    Asks(GroupName, UserName),
    /// They ask no more, or were answered.
    AsksNoMore(GroupName, UserName),
    /// The first group is called as the second from now on: everything that is kept under its former
    /// name belongs there. What waits to be sent goes there by itself.
    Renamed(GroupName, GroupName),
    /// What became of blocking somebody's invitations.
    Block(UserName, BlockReply),
    /// A page of those whose invitations one is not told of, and whether there are more.
    Blocked(Vec<UserName>, bool),
    /// Lines that were asked for, in the order of the log whichever way they were, each before what
    /// changes it; what was asked for; and whether there are more that way.
    History(Conversation, HistoryFrom, Vec<Arrival>, bool),
    /// A page of one's groups, and whether more follow.
    Groups(Vec<GroupName>, bool),
    /// A page of the latest lines of conversations, each before what changes it, and whether more
    /// follow. The conversations with the latest messages come first.
    Overview(Vec<Arrival>, bool),
    /// One has read a conversation up to there, in another session or earlier.
    Read(Conversation, Sequence),
    /// So many lines of others are behind the place up to which one has read a conversation, or from
    /// the beginning if nothing of it was ever read. Told before [`Self::Overview`], of each
    /// conversation that is in it, and counted up to the line in it: what arrives behind that line
    /// counts beside.
    Unread(Conversation, UnreadCount),
    /// Somebody is writing there.
    Typing(Conversation, UserName),
    /// A page of a group's members, and whether there are more.
    Members(GroupName, Vec<UserName>, bool),
    /// A page of those who have received one's own message, and whether there are more.
    Receivers(Sequence, Vec<UserName>, bool),
    /// The sessions of one's account, as asked for.
    Sessions(Vec<AccountSession>),
    /// So many sessions of one's account were ended, as asked.
    SessionsEnded(u32),
    /// What became of a change of one's password.
    Password(PasswordOutcome),
    /// What another session of the person's keeps for them at the server, or kept earlier: told with
    /// [`Session::request_overview`](super::Session::request_overview), and when it changes.
    Settings(SettingsText),
    /// What this session set is not kept: another one was earlier. What is to be kept now is to be set.
    SettingsCrossed(CrossedSettings),
    /// The first group is called as the second since what is kept was set: what that says of the first is
    /// meant for it. Told after [`Self::Settings`] or [`Self::SettingsCrossed`].
    SettingsRenamed(GroupName, GroupName),
    /// The session was ended from another one of the person's. It goes on when they show their
    /// password again: it is asked for, and not remembered.
    EndedElsewhere,
    /// The server's log is another one (it was restored from a backup, or made anew): places that
    /// are kept from before mean nothing any more.
    OtherLog,
    /// The server could not tell everything: what is shown is to be asked for anew. The session
    /// asks for receipts and for who is online by itself.
    Stale,
    /// Anything else that is to be shown as a line.
    Line(Told),
}

/// What has to be answered before sign-in can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The password that opens the server.
    ServerPassword {
        /// The one given before was wrong.
        wrong: bool,
    },
    /// The name to sign in under.
    Name {
        /// Why the server refused the one given before.
        refused: Option<String>,
    },
    /// The password of a registered name.
    Password {
        /// The name.
        name: UserName,
        /// The one given before was wrong.
        wrong: bool,
    },
    /// A password for a name that is not registered: the answer registers it.
    NewPassword {
        /// The name.
        name: UserName,
    },
    /// The one-time word of an operator: with it, a registered name of an earlier version gets a password, which
    /// is asked for next ([`Session::answer_word`](super::Session::answer_word)).
    Word {
        /// The name.
        name: UserName,
        /// The one given before was wrong.
        wrong: bool,
    },
    /// Another server answers than the one that is meant, or it has another key now. Nothing more is
    /// said to it until this is answered ([`Session::answer_server_key`](super::Session::answer_server_key)).
    ServerKey {
        /// The code of the one that is meant.
        expected: KeyCode,
        /// The code of the one that answers.
        offered: KeyCode,
        /// Whether it can be trusted all the same: not if the address says whom it is with.
        may_accept: bool,
    },
    /// The server speaks only the classic protocol, in which everything can be read on the way,
    /// passwords included. This session does not: start another with
    /// [`Session::new_classic`](super::Session::new_classic) if the person wants it.
    Classic,
}

/// How the session stands to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// A path is being opened, or the server has not answered on it yet.
    Connecting,
    /// The server answers.
    Connected,
    /// It can't be reached at present: the next attempt is at this time.
    Retrying(Instant),
}

/// Who is online, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Online {
    /// Those whom one shares a conversation with; everyone while the list is watched, at most
    /// [`ONLINE_NAMES_MAX`](crate::limits::ONLINE_NAMES_MAX).
    pub names: SortedSet<UserName>,
    /// How many are online.
    pub count: u32,
    /// Whoever is not among the names is not online.
    pub is_complete: bool,
}

/// A message of somebody, or one's own from elsewhere or earlier.
///
/// What is no line of its own ([`MessageKind::is_line`]) changes the line whose place
/// [`MessageKind::of`] names: the edit with the highest place holds, and the latest reaction of
/// each person with each sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Where it belongs; `None` when classic delivery does not tell.
    pub conversation: Option<Conversation>,
    /// Who sent it; `None` when it is too damaged to tell.
    pub sender: Option<UserName>,
    /// What it is to its conversation.
    pub kind: MessageKind,
    /// What it says.
    pub content: Content,
    /// Its place and time at the server; `None` when classic delivery does not tell.
    pub stored: Option<StoredAt>,
    /// Of one's own: how it stands with its recipients.
    pub receipts: Receipts,
}

impl Arrival {
    /// A message over the classic protocol, which tells little of it.
    pub(super) fn classic(sender: Option<UserName>, content: Content) -> Self {
        Self {
            conversation: None,
            sender,
            kind: MessageKind::Text,
            content,
            stored: None,
            receipts: Receipts::default(),
        }
    }
}

/// A message's place at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredAt {
    /// Its place in the server's log.
    pub sequence: Sequence,
    /// When it was stored.
    pub time: UnixTime,
    /// Its sender's name for it.
    pub id: MessageId,
}

/// The content of a message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Verified text.
    Text(String),
    /// A sign that its sender puts beside the message which it is about, or takes away.
    Reaction(Reaction),
    /// Its author took it back; of a deletion: that one.
    TakenBack,
    /// The hash did not hold; nothing of it may be shown.
    Corrupted,
    /// Something that only a newer client can show.
    Unknown,
}

/// How far one's own message got. Before the first of these it is waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A classic server has accepted it, for one recipient more.
    Sent,
    /// The server has stored it, for these recipients.
    Stored(StoredAt, Recipients),
    /// A recipient has it.
    Received(UserName),
    /// So many of so many have it, where there are too many to name.
    ReceivedCount {
        /// So many have it.
        received: u32,
        /// It is for so many.
        of: u32,
    },
    /// It did not get through, to all or to the one named.
    Failed(Failure, Option<UserName>),
}

/// Why a message did not get through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// There is no such user, or (on a classic server) they are not online.
    NoSuchUser,
    /// The recipient did not acknowledge it.
    Lost,
    /// It arrived damaged.
    Corrupted,
    /// The server refused it, and says why.
    Refused(Told),
    /// The server did not answer: it may have arrived or not.
    NoAnswer,
}

/// What became of a change of one's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordOutcome {
    /// It is the new one.
    Changed,
    /// The old one was wrong: nothing has changed.
    Wrong,
    /// It was not changed, and why.
    Refused(Told),
    /// The connection was lost before the answer came: it may be either.
    NoAnswer,
}

/// What became of a request about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupOutcome {
    /// It was made, with these members, the creator first.
    Created(Roster),
    /// These names are not registered, or could not be invited.
    NotFound(Vec<String>),
    /// These are invited.
    Invited(Vec<UserName>),
    /// One is a member now.
    Joined,
    /// One is a member now: let in, put there by an original client, or by one's own word elsewhere.
    Added,
    /// One asks to join: its maker decides.
    Asked,
    /// One is not invited any more, or asks no more.
    Declined,
    /// One asked to join, and is not let in.
    NotLetIn,
    /// They were let in.
    Admitted(UserName),
    /// They were turned away.
    TurnedAway(UserName),
    /// They are a member no more.
    Removed(UserName),
    /// Its maker has removed one.
    WasRemoved,
    /// What it is.
    Is(GroupInfo),
    /// Who may join now, and who decides.
    Changed(JoinPolicy, UserName),
    /// There is no such group.
    DoesNotExist,
    /// It was refused, and why.
    Refused(Told),
    /// One is not a member any more.
    Quit,
}

/// Two sessions have changed the same settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossedSettings {
    /// What both had before.
    pub base: SettingsText,
    /// What this one has set.
    pub mine: SettingsText,
    /// What the other one has set: the server keeps it.
    pub theirs: SettingsText,
}
