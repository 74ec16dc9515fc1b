//! The port to storage and to the password hasher. Types only: the shell carries requests out and
//! hands the results back.
//!
//! Storage owns the log. The core asks for entries ([`Draft`]s, which have no id, no place and no
//! time); what was committed comes back as [`Entry`]s, in order and without gaps, through
//! [`Server::handle_log`](crate::Server::handle_log). Only those change what the core believes. The
//! answer to the request itself ([`Stored`]) matters only for what did not become an entry.

mod groups;
mod ids;
mod passwords;

use std::net::SocketAddr;
use std::sync::Arc;

pub use self::groups::{Admission, FormerName, GroupRecord, Role, Standing, StandingStep};
pub use self::ids::{ConversationId, UserId};
pub use self::passwords::{KeptPassword, Verifier};
use netchat_shared::body::Body;
use netchat_shared::extended::{
    DeviceName, HistoryFrom, JoinPolicy, KeptSettings, SettingsText, UnreadCount,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::Record;
use netchat_shared::password::Password;
pub use netchat_shared::sequence::{Generation, Sequence};
use netchat_shared::time::UnixTime;

/// Names a request until its result comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A change to store. Changes are carried out in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Entries for the log: committed together, or none of them. Answered with [`Stored::Placed`].
    Append(Vec<Draft>),
    /// Somebody signed in, from there.
    SignedIn(UserId, SocketAddr),
    /// How far users have received. A place never goes back.
    SetReceived(Vec<(UserId, Sequence)>),
    /// How far a user has read a conversation. A place never goes back.
    SetRead(UserId, ConversationId, Sequence),
    /// A message that did not reach a recipient.
    AddFailure(Sequence, UserId, DeliveryFailure),
    /// What a client may resume with.
    SetToken(TokenRecord),
    /// These are good no more; they are kept until then, so that their clients can be told.
    EndTokens(Vec<TokenHash>),
    /// A token is forgotten.
    RemoveToken(TokenHash),
    /// What the clock showed, and what follows for [`Self::Purge`].
    SetClock(ClockMark),
    /// Forgets, in small steps beside everything else, what nobody needs any more: see [`Purge`].
    Purge(Purge),
}

/// What may be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    /// Messages older than this, if every registered member has received them or their failure.
    /// Broadcasts are not waited for: they are for whoever is there.
    pub messages_before: Option<UnixTime>,
    /// Tokens that ended before this.
    pub tokens_before: UnixTime,
    /// Guests who are there. Others go, once no message of theirs is left.
    pub guests: Vec<UserId>,
    /// The log was known up to here. Guests who came later stay: they may be there.
    pub known_to: Sequence,
}

/// An entry that the log is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Draft {
    /// A message, unless its sender has used its id before.
    Message(MessageDraft),
    /// A user, if the name is free among registered ones; without a password, a guest.
    User {
        /// The name.
        name: UserName,
        /// See [`UserRecord::password`].
        password: Option<KeptPassword>,
        /// Where they signed in from.
        address: SocketAddr,
    },
    /// Another password of a user's, if the one that they have is still that which was proved.
    Password {
        /// Whose.
        user: UserId,
        /// What the proved one is compared with.
        compared: Verifier,
        /// The password.
        password: KeptPassword,
        /// Of the user's tokens, only this is good any more, and the others end; `None`: all are.
        only_token: Option<TokenHash>,
    },
    /// Something else that is kept of the password that a user has: if it is another one by now, nothing is
    /// changed.
    RenewedPassword {
        /// Whose.
        user: UserId,
        /// What the password was compared with.
        compared: Verifier,
        /// What is kept.
        password: KeptPassword,
    },
    /// A group with these members, its maker first, if the name is free.
    Group {
        /// The name.
        name: GroupName,
        /// Who may join.
        policy: JoinPolicy,
        /// The first members, none twice.
        members: Vec<UserId>,
        /// Whom its maker invites: none of the members, and none twice.
        invited: Vec<UserId>,
    },
    /// A user becomes a member of a group, if they may for that reason when it is committed.
    Join(ConversationId, UserId, Admission),
    /// A user is a member no more, and whom they have invited is invited no more. A group that nobody is
    /// left in goes with it.
    Quit(ConversationId, UserId),
    /// The same by another user, if that is the group's maker when it is committed: they need the maker's
    /// invitation to come back.
    Remove {
        /// From where.
        group: ConversationId,
        /// Who.
        user: UserId,
        /// The maker.
        by: UserId,
    },
    /// What a group is to a user who is no member changes, if it is what the step begins with when it
    /// is committed, and who takes it may.
    Standing(ConversationId, UserId, StandingStep),
    /// A group is called that from here on, if the name is free and that is its maker when it is committed.
    Rename(ConversationId, UserId, GroupName),
    /// Who may join a group, if that is its maker when it is committed.
    Policy(ConversationId, UserId, JoinPolicy),
    /// A user is not told of another's invitations, or is again.
    Block {
        /// Who.
        user: UserId,
        /// Whose invitations.
        other: UserId,
        /// Not told.
        is_blocked: bool,
    },
    /// What a user's clients keep for them.
    Settings {
        /// Whose.
        user: UserId,
        /// In place of what is kept since then; `None`: nothing is kept. Otherwise it is
        /// [`Placed::Outdated`].
        based_on: Option<Sequence>,
        /// What is kept from now on.
        text: SettingsText,
    },
}

/// A message that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDraft {
    /// Where it belongs.
    pub to: Target,
    /// The author, as authenticated.
    pub sender: UserId,
    /// The sender's name for it: unique per sender.
    pub id: MessageId,
    /// What it is to its conversation. Storage refuses what is about a message that is not there
    /// ([`Refused`]).
    pub kind: MessageKind,
    /// What it travels as.
    pub body: Option<Body>,
}

/// Where a message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A conversation that the log has.
    Known(ConversationId),
    /// The conversation of two users, made with its first message. Twice the same: notes to oneself.
    Direct(UserId, UserId),
}

/// What was committed, at its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub sequence: Sequence,
    /// When; never before its predecessor.
    pub time: UnixTime,
    /// The request that asked for it, if it was one of this process.
    pub origin: Option<Origin>,
    /// What it changes.
    pub change: Change,
}

/// A draft of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The request.
    pub ticket: Ticket,
    /// The place of the draft in it, from 0.
    pub draft: usize,
}

/// What an entry changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There is a message.
    Message(Arc<Message>),
    /// There is a conversation of two users, the smaller id first. Comes before its first message.
    Direct(ConversationId, UserId, UserId),
    /// There is a user.
    User(UserRecord),
    /// Something else is kept of a user's password, or it is another one.
    Password(UserId, KeptPassword),
    /// There is a group.
    Group(GroupRecord),
    /// A user is a member of a group from here on.
    Join(ConversationId, UserId),
    /// A user is a member no more, and whom they have invited is invited no more. With the last member, the
    /// group goes.
    Quit(ConversationId, UserId),
    /// The same, because the group's maker says so.
    Remove(ConversationId, UserId),
    /// What a group is to a user who is no member.
    Standing(ConversationId, UserId, Option<Standing>),
    /// A group is called that from here on.
    Rename(ConversationId, GroupName),
    /// Who may join a group.
    Policy(ConversationId, JoinPolicy),
    /// A user is not told of another's invitations, or is again.
    Block {
        /// Who.
        user: UserId,
        /// Whose invitations.
        other: UserId,
        /// Not told.
        is_blocked: bool,
    },
    /// What a user's clients keep for them: since this place.
    Settings(UserId, SettingsText),
}

/// A message as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its place.
    pub sequence: Sequence,
    /// When it was stored.
    pub time: UnixTime,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// The author, as authenticated.
    pub sender: UserId,
    /// The sender's name for it.
    pub id: MessageId,
    /// What it is to its conversation.
    pub kind: MessageKind,
    /// What it travels as; `None` if it was taken back, or says nothing by its kind.
    pub body: Option<Body>,
}

/// A user as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The user.
    pub id: UserId,
    /// Unique among registered users.
    pub name: UserName,
    /// What is kept of the password; `None` for a guest.
    pub password: Option<KeptPassword>,
    /// Where they signed in from last.
    pub address: SocketAddr,
    /// Entries up to here were there before them.
    pub since: Sequence,
}

/// What became of a [`Write`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Committed: it survives a crash.
    Done,
    /// What became of each draft of a [`Write::Append`], in their order.
    Placed(Vec<Placed>),
    /// Not stored, and nothing of it is.
    Failed,
}

/// What became of a [`Draft`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// Its entry is here, and comes (or came) by the log.
    At(Sequence),
    /// The message is stored already: this is it.
    Known(Arc<Message>),
    /// The name is somebody's.
    Taken,
    /// It can't be stored as it is.
    Refused(Refused),
    /// The group has gone, what somebody was to it or may do in it has changed, or other settings are
    /// kept, since this was asked for: nothing was changed.
    Outdated,
}

/// Why a message can't be stored as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// That one is not in this conversation, is no line of it, or was taken back.
    NoSuchMessage,
    /// Only its author may change it.
    NotTheAuthor,
    /// It was changed as often as one may be
    /// ([`EDITS_PER_MESSAGE_MAX`](crate::limits::EDITS_PER_MESSAGE_MAX),
    /// [`REACTIONS_PER_MESSAGE_MAX`](crate::limits::REACTIONS_PER_MESSAGE_MAX)).
    TooManyChanges,
    /// Its sender has stored as much as one may.
    QuotaReached,
    /// Its sender is not a member of that group, or not any more.
    NotAMember,
}

/// Why a message did not reach a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// Not acknowledged.
    Lost,
    /// The recipient found the hash wrong.
    Corrupted,
}

/// SHA-256 of a token: who reads the database can't resume with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

/// A token as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// What is kept of it.
    pub hash: TokenHash,
    /// Whose it is.
    pub user: UserId,
    /// When it was given.
    pub since: UnixTime,
    /// How long it is good, unless it is used again.
    pub expires_at: UnixTime,
    /// What its client calls itself.
    pub device: Option<DeviceName>,
    /// Its user has ended it: it is good no more, and whoever comes with it is told so.
    pub is_ended: bool,
}

/// What is known of the machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockMark {
    /// What it showed last.
    pub seen: UnixTime,
    /// Before this, it has jumped too lately to decide that something is old.
    pub trusted_from: UnixTime,
}

/// A question to storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Messages of a user's conversations behind that place which have not failed to reach them, the
    /// earliest first; their own too.
    Backlog(UserId, Sequence),
    /// Lines of a conversation that a user may read, in the order in which they are asked for.
    History(UserId, ConversationId, HistoryFrom, u16),
    /// The latest line of each conversation of a user, the latest first; those before that place.
    Overview(UserId, Option<Sequence>),
    /// Which messages of a sender failed, from that one on.
    Failures(UserId, Sequence),
    /// What a user's clients keep for them.
    Settings(UserId),
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// A page of it.
    Page {
        /// The page.
        page: Page,
        /// Everything up to this place is in it that belongs there. Storage that reads from a copy
        /// may lag behind the log.
        complete_to: Sequence,
    },
    /// It could not be answered.
    Failed,
}

/// A page of an answer: at most
/// [`PAGE_MESSAGES_MAX`](crate::limits::PAGE_MESSAGES_MAX) messages or, in a history,
/// [`PAGE_LINES_MAX`](crate::limits::PAGE_LINES_MAX) lines, and
/// [`PAGE_BYTES_MAX`](crate::limits::PAGE_BYTES_MAX) bytes unless a single message is longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Of [`Query::Backlog`]. If it was cut, it is complete up to its last message.
    Backlog(Vec<Arc<Message>>),
    /// Of [`Query::History`], and whether there are more that way.
    History(Vec<StoredMessage>, bool),
    /// Of [`Query::Overview`], and whether there are more before them.
    Overview(Vec<OverviewLine>, bool),
    /// Of [`Query::Failures`].
    Failures(Vec<(Sequence, UserId, DeliveryFailure)>),
    /// Of [`Query::Settings`].
    Settings(Option<KeptSettings>),
}

/// The latest line of a conversation, and what its reader has not read there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverviewLine {
    /// The line.
    pub line: StoredMessage,
    /// How far they have read.
    pub read: Sequence,
    /// How many lines of others are behind that place, taken back ones included: of the latest
    /// [`UNREAD_LINES_LOOKED_AT_MAX`](crate::limits::UNREAD_LINES_LOOKED_AT_MAX) lines.
    pub unread: UnreadCount,
}

/// A line as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The line.
    pub message: Arc<Message>,
    /// Of one's own: whom it did not reach.
    pub failures: Vec<(UserId, DeliveryFailure)>,
    /// Its latest edit and its reactions, or its deletion, in their order.
    pub changes: Vec<Arc<Message>>,
}

/// Everything that the core keeps in memory, as storage has it at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which log this is.
    pub generation: Generation,
    /// The place of its last entry.
    pub head: Sequence,
    /// Users, former guests included: their names stand beside old messages. With how far each has
    /// received: messages up to there have reached them, or failed with a record of it.
    pub users: Vec<(UserRecord, Sequence)>,
    /// Groups.
    pub groups: Vec<GroupRecord>,
    /// Who is not told of whose invitations.
    pub blocks: Vec<(UserId, UserId)>,
    /// Conversations of two, the smaller id first.
    pub directs: Vec<(ConversationId, UserId, UserId)>,
    /// What clients may resume with.
    pub tokens: Vec<TokenRecord>,
    /// What was known of the clock.
    pub clock: Option<ClockMark>,
}

/// Work for the password hasher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashJob {
    /// Make a record of a new password.
    Create {
        /// Whose.
        name: UserName,
        /// In the one form in which passwords are compared.
        password: Password,
    },
    /// Compare a password with what is kept.
    Verify {
        /// Whose, as it is registered.
        name: UserName,
        /// In the one form in which passwords are compared.
        password: Password,
        /// As it was typed, if that is another: hashes of before were made of it. Compared next.
        as_typed: Option<Password>,
        /// What is kept. With `None`, do the same work in vain, so that an unknown name takes as long as
        /// a known one.
        verifier: Option<Verifier>,
    },
}

/// What the password hasher found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hashed {
    /// The record of a new password.
    Created(Record),
    /// The password was right. If a hash of before is kept, here is a record.
    Right(Option<Record>),
    /// The password was wrong.
    Wrong,
    /// The hasher could not do it.
    Failed,
}
