//! What the core asks of storage and of the password hasher, and what they answer. Types only: the
//! shell carries them out, in order, and hands the results back.

use std::net::SocketAddr;
use std::sync::Arc;

use netchat_shared::body::Body;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::password::Password;
pub use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

/// Names a request until its result comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A user, for good: never given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

/// A conversation, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationId(pub u32);

impl ConversationId {
    /// The broadcast conversation, which always exists.
    pub const EVERYONE: Self = Self(0);
}

/// A user as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Who.
    pub id: UserId,
    /// Unique among registered users.
    pub name: UserName,
    /// The Argon2id hash in PHC form; `None` for a guest.
    pub password_hash: Option<String>,
    /// Where they signed in from last.
    pub address: SocketAddr,
    /// When they registered.
    pub registered_at: UnixTime,
    /// Messages up to here were sent before they existed.
    pub since: Sequence,
    /// Messages up to here have reached them, or failed with a record of it.
    pub received: Sequence,
}

/// A conversation as stored. [`ConversationId::EVERYONE`] is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRecord {
    /// Which.
    pub id: ConversationId,
    /// What it is.
    pub kind: ConversationKind,
}

/// What a conversation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationKind {
    /// Between two users (the same one twice: notes to oneself). The smaller id comes first.
    Direct(UserId, UserId),
    /// A group, and its members with the order from which on each may read.
    Group(GroupName, Vec<(UserId, Sequence)>),
}

/// A message as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its place.
    pub sequence: Sequence,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// Who sent it, as authenticated.
    pub sender: UserId,
    /// The sender's name for it: unique per sender.
    pub id: MessageId,
    /// When it was accepted.
    pub time: UnixTime,
    /// Whom it was for.
    pub recipients: Vec<UserId>,
    /// What it travels as.
    pub body: Body,
}

/// Why a message did not reach a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// Not acknowledged.
    Lost,
    /// The recipient found the hash wrong.
    Corrupted,
}

/// A change to store. Changes are carried out in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new user.
    AddUser(UserRecord),
    /// Where and when a user signed in.
    SignedIn(UserId, SocketAddr, UnixTime),
    /// A stronger hash of the same password.
    SetPasswordHash(UserId, String),
    /// A new conversation.
    AddConversation(ConversationRecord),
    /// A new member of a group, who may read from this order on.
    AddMember(ConversationId, UserId, Sequence),
    /// A member less.
    RemoveMember(ConversationId, UserId),
    /// Messages accepted together: all of them are stored, or none. One whose sender used its id
    /// before is not stored again.
    AddMessages(Vec<Arc<MessageRecord>>),
    /// How far a user has received.
    SetReceived(UserId, Sequence),
    /// A message that did not reach a recipient.
    AddFailure(Sequence, UserId, DeliveryFailure),
    /// What a client may resume with, until then.
    SetToken(TokenHash, UserId, UnixTime),
    /// Not any more.
    RemoveToken(TokenHash),
    /// Forgets messages that were sent before.
    Purge(UnixTime),
}

/// SHA-256 of a token: who reads the database can't resume with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

/// What became of a [`Write`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Committed: it survives a crash.
    Done,
    /// Its one message is stored already: this is it.
    Known(Arc<MessageRecord>),
    /// Not stored, and nothing of it is.
    Failed,
}

/// A question to storage. It sees every change that was asked for before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Messages to a user after that one which have not failed, the earliest first, and their own.
    Backlog(UserId, Sequence),
    /// Messages of a conversation before that one that a user may read, the latest first.
    History(UserId, ConversationId, Option<Sequence>, u16),
    /// The latest message of each conversation of a user, the latest first.
    Latest(UserId),
    /// Which messages of a sender failed, from that one on.
    Failures(UserId, Sequence),
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// Messages, and whether there are no more beyond them.
    Messages(Vec<StoredMessage>, bool),
    /// Failures.
    Failures(Vec<(Sequence, UserId, DeliveryFailure)>),
    /// It could not be answered.
    Failed,
}

/// A message as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The message.
    pub record: Arc<MessageRecord>,
    /// Whom it did not reach.
    pub failures: Vec<(UserId, DeliveryFailure)>,
}

/// Work for the password hasher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashJob {
    /// Hash a new password.
    Create(Password),
    /// Compare a password with a hash; with `None`, do the same work in vain, so that an unknown
    /// name takes as long as a known one.
    Verify(Password, Option<String>),
}

/// What the password hasher found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hashed {
    /// The hash of a new password.
    Created(String),
    /// The password was right. If its hash was weaker than today's, here is a new one.
    Right(Option<String>),
    /// The password was wrong.
    Wrong,
    /// The hasher could not do it.
    Failed,
}

/// Everything that the core keeps in memory, as storage has it at the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Users, former guests included: their names stand beside old messages.
    pub users: Vec<UserRecord>,
    /// Conversations, groups with their members.
    pub conversations: Vec<ConversationRecord>,
    /// What clients may resume with.
    pub tokens: Vec<(TokenHash, UserId, UnixTime)>,
    /// The highest ids and orders ever given, guests' and deleted ones included.
    pub last_user: u32,
    /// See [`Self::last_user`].
    pub last_conversation: u32,
    /// See [`Self::last_user`].
    pub last_sequence: u64,
}
