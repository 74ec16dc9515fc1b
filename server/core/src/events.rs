//! What sessions and the chat say to each other, as values. A session speaks a protocol and asks;
//! the chat knows no protocol and tells.

use std::net::SocketAddr;
use std::sync::Arc;

use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{
    AccountSession, AccountSessionId, BlockReply, DeviceName, HistoryFrom, JoinPolicy,
    KeptSettings, NotKept, NotSent, PasswordReply, Receipts, Recipients, SettingsText, Token,
    UnreadCount,
};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::name::{GroupName, UserName};
use netchat_shared::opaque::{
    EnrolRequest, EnrolResponse, LinkHash, Proof, ProofRequest, ProofResponse, Record, RecordId,
    Word, server::Answered,
};
use netchat_shared::password::Password;
use netchat_shared::sequence::Sequence;

use crate::action::{Refusal, SignInKind, SignOutReason};
use crate::admission::{Later, Source};
use crate::names::NameRefused;
use crate::peer::Peer;
use crate::storage::{DeliveryFailure, Message, UserId, Verifier};

/// Names a session for as long as the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionKey(pub(crate) u64);

/// What a session asks of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// May one come in under this name? Answered with [`Update::NameLookedUp`].
    LookUp(UserName),
    /// To be somebody. Answered with [`Update::SignedIn`] or [`Update::NotSignedIn`].
    SignIn { credentials: Credentials, address: Peer, source: Source, takes_token: bool },
    /// To begin a proof that one knows the password of that name. Answered with [`Update::Proving`] or
    /// [`Update::NotSignedIn`].
    Prove { name: UserName, request: ProofRequest, link: LinkHash, source: Source },
    /// To begin to enrol a password for that name, which is new, or whose one-time word this is. Answered
    /// with [`Update::Enrolling`] or [`Update::NotSignedIn`].
    Enrol { name: UserName, request: EnrolRequest, word: Option<Word>, source: Source },
    /// The session is over before it was signed in: what it asked for need not be done.
    Withdraw,
    /// To be given what comes behind that place; `None`: behind what the user has received.
    /// Answered with [`Update::Synced`].
    Sync(Option<Sequence>),
    /// A page of messages behind that place. Answered with [`Update::Backlog`].
    Backlog(Sequence),
    /// To send these, in this order. Each is answered with [`Update::Sent`] or [`Update::NotSent`].
    Send { messages: Vec<Outgoing>, wants: Wants },
    /// The client has everything up to there; these it was handed.
    Received { up_to: Sequence, handed: Vec<InFlight> },
    /// The client found this one corrupted.
    Corrupted(InFlight),
    /// The client was handed these, and they will not be acknowledged.
    GaveUp { handed: Vec<InFlight>, why: GaveUp },
    /// The user has read that conversation up to there.
    Read(Conversation, Sequence),
    /// The user is writing there.
    Typing(Conversation),
    /// A page of something. Answered with [`Update::Page`].
    Page(PageRequest),
    /// How far these users have received; answered with [`Update::Received`] for each that exists.
    ReceivedBy(Vec<UserName>),
    /// Who of those that the user knows is online; answered with [`Update::Online`].
    Online,
    /// The list of who is online is looked at, or not any more.
    Watch(bool),
    /// Everyone who is online, in the order in which they came. Answered with [`Update::Roster`].
    Roster,
    /// To do something about a group. Answered with [`Update::Group`].
    Group(GroupName, GroupRequest),
    /// What waits for the user's decision. Answered with [`Update::Waiting`].
    Waiting,
    /// How the user's groups were renamed behind that place. Answered with [`Update::Renamed`] for each.
    Renamings(Sequence),
    /// The user is not told of somebody's invitations any more, or again. Answered with
    /// [`Update::Block`].
    Block(UserName, bool),
    /// To keep this for the user's sessions, in place of what is kept since that place. Answered with
    /// [`Update::SettingsKept`].
    SetSettings(Option<Sequence>, SettingsText),
    /// The client is not heard any more, or again.
    Away(bool),
    /// The session is at another address.
    Moved(Peer),
    /// To do something about the user's account.
    Account(AccountRequest),
    /// The session is over.
    Leave(SignOutReason),
}

/// What somebody shows to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// A name that is to be registered, and its password, as original clients send it.
    New(UserName, Password),
    /// A registered name and its password, as original clients send it.
    Password(UserName, Password),
    /// A name that is to be registered, and what is kept of its password.
    Enrolled(UserName, Record),
    /// The same for a name whose password is set anew with a one-time word.
    Renewed(UserName, Record, Word),
    /// That one knows the password of a name: what was begun with [`Request::Prove`].
    Proof(Proof, Box<ProofBegun>),
    /// What an earlier sign-in left.
    Token(Token),
    /// Nothing: a name that nobody has, for as long as the guest is here.
    Guest(UserName),
}

/// A proof that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProofBegun {
    pub(crate) answered: Answered,
    pub(crate) name: UserName,
    /// What was kept of that name's password then.
    pub(crate) verifier: Option<Verifier>,
}

/// A message that a session sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) to: Destination,
    pub(crate) id: MessageId,
    pub(crate) kind: MessageKind,
    pub(crate) body: Option<Body>,
}

/// Where a message is to go, as its sender says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// One user; the name as typed, which may be none.
    User(String),
    Group(GroupName),
    Everyone,
}

/// What the sender of a message wants to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// That it is stored. Receipts come as they are known, and late ones are not lost.
    Storage,
    /// What becomes of it at each recipient who is here ([`Update::Outcome`]); one who is not is no
    /// recipient. For clients that could not be told later.
    EachRecipient,
}

/// A message that a client was handed and has not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) sequence: Sequence,
    pub(crate) sender: UserId,
}

/// Why messages that were handed out will not be acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GaveUp {
    /// The client did not answer: it may have shown them, so they are not handed out again.
    Unanswered,
    /// The session ended or is away: they wait in storage.
    Gone,
}

/// A page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PageRequest {
    /// Lines of a conversation, at most so many.
    History { conversation: Conversation, from: HistoryFrom, limit: u16 },
    /// The latest line of each conversation.
    Overview { before: Option<Sequence> },
    /// Which of one's messages failed, from that one on.
    Failures { since: Sequence },
    /// The groups that one is in.
    Groups { after: Option<GroupName> },
    /// The members of a group that one is in.
    Members { group: GroupName, after: Option<UserName> },
    /// Who is online.
    Online { after: Option<UserName> },
    /// Whose invitations one is not told of.
    Blocked { after: Option<UserName> },
    /// What one's sessions keep.
    Settings,
    /// Who has received a message of a conversation that one is in.
    Receivers { conversation: Conversation, sequence: Sequence, after: Option<UserName> },
}

/// Something that is to be done about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupRequest {
    /// Make it, with these members beside oneself, so that anyone may join: as original clients do.
    CreateOpen(Vec<String>),
    /// Make it, and invite these.
    Create(JoinPolicy, Vec<String>),
    /// Become a member, or ask to.
    Join,
    /// Be a member no more.
    Quit,
    /// Turn an invitation down, or ask no more.
    Decline,
    /// Invite these.
    Invite(Vec<String>),
    /// Let in who asks.
    Admit(UserName),
    /// Turn away who asks, or take an invitation back.
    TurnAway(UserName),
    /// Somebody is to be a member no more.
    Remove(UserName),
    /// Call it that.
    Rename(GroupName),
    /// Set who may join.
    SetPolicy(JoinPolicy),
    /// Say what it is.
    Describe,
    /// Say whether it exists.
    Find,
}

/// Something that is to be done about the account of a session's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountRequest {
    /// What the session's client calls itself.
    Describe(DeviceName),
    /// Say what sessions there are. Answered with [`Update::AccountSessions`].
    Sessions,
    /// End one. Answered with [`Update::SessionsEnded`].
    EndSession(AccountSessionId),
    /// End all but this one. Answered with [`Update::SessionsEnded`].
    EndOtherSessions,
    /// Begin to prove that one knows the password. Answered with [`Update::Proving`], or with
    /// [`Update::Password`] if it is to be asked later.
    Prove(ProofRequest, LinkHash),
    /// Begin to enrol another one. Answered with [`Update::Enrolling`].
    Enrol(EnrolRequest),
    /// Put another password in place of the one that was proved; if `ends_others`, no other session goes
    /// on. Answered with [`Update::Password`].
    ChangePassword { proof: Proof, begun: Box<ProofBegun>, record: Record, ends_others: bool },
    /// The token of the session is to be worth nothing, and no other link of it goes on.
    SignOut,
}

/// What the chat tells a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Update {
    /// How the name stands.
    NameLookedUp(NameStanding),
    /// The server's part of a proof, and what belongs to the next step.
    Proving(ProofResponse, Box<ProofBegun>),
    /// The server's part of a password that is being enrolled, and of which record.
    Enrolling(EnrolResponse, RecordId),
    /// The session is this user's.
    SignedIn(Box<SignedIn>),
    /// It is not.
    NotSignedIn(NotSignedIn),
    /// Messages behind this place are to be asked for.
    Synced(Sequence),
    /// The messages behind that place that were asked for.
    Backlog { after: Sequence, page: Option<BacklogPage> },
    /// A message of the user's conversations, as it comes.
    Message(Arc<Delivery>),
    /// A message of this session is stored.
    Sent(Arc<Sent>),
    /// A message of this session is not; of one to a group, which.
    NotSent { id: MessageId, why: NotSent, group: Option<GroupName> },
    /// What became of a message of this session at one recipient.
    Outcome(Outcome),
    /// A user has received everything that was for them, up to there.
    Received(UserName, Sequence),
    /// So many of so many have received a message of the user's.
    ReceivedCount { sequence: Sequence, received: u32, of: u32 },
    /// A message of the user's did not reach somebody.
    Failed(Sequence, UserName, DeliveryFailure),
    /// The user has read a conversation up to there, in another session.
    Read(Conversation, Sequence),
    /// Somebody is writing.
    Typing(Conversation, UserName),
    /// A page that was asked for.
    Page(PageAnswer),
    /// How many are online, and who of those that the user knows.
    Online { count: u32, known: Vec<UserName> },
    /// Who came and who left.
    Presence(Arc<PresenceChange>),
    /// How many are online.
    OnlineCount(u32),
    /// Everyone who is online, and where.
    Roster(Vec<(UserName, SocketAddr)>),
    /// What became of a request about a group.
    Group(GroupName, GroupOutcome),
    /// Something about a group that the session did not ask for.
    GroupNews(GroupName, GroupNews),
    /// A group of the user's has another name.
    Renamed(Renaming),
    /// What waits for the user's decision: groups that they are invited to, by whom; and who asks to
    /// join those of theirs.
    Waiting { invitations: Vec<(GroupName, UserName)>, asking: Vec<(GroupName, UserName)> },
    /// What became of blocking somebody's invitations.
    Block(UserName, BlockReply),
    /// The sessions of the user's account.
    AccountSessions(Vec<AccountSession>),
    /// So many of them were ended, as asked.
    SessionsEnded(u32),
    /// What became of a change of the user's password.
    Password(PasswordReply),
    /// What the session wanted to keep is kept, or not.
    SettingsKept(Result<KeptSettings, NotKept>),
    /// Another session of the user's keeps something else now.
    Settings(KeptSettings),
    /// The session was ended from another one of the user's.
    Ended,
    /// The user has too many sessions: this one ends. It may come back.
    GiveWay,
    /// The server is about to stop.
    Stopping,
}

/// Whether one may come in under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NameStanding {
    /// It can be registered.
    New,
    /// It is somebody's, in this spelling or another.
    Known(Registered),
    /// Nobody can have it.
    Refused(NameRefused),
}

/// A name that is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registered {
    /// As it is registered.
    pub(crate) name: UserName,
    /// Nothing can be proved of its password: it is an account of before.
    pub(crate) needs_word: bool,
}

/// A session that is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedIn {
    pub(crate) user: UserId,
    pub(crate) name: UserName,
    pub(crate) how: SignInKind,
    /// Up to where the user has received everything.
    pub(crate) received: Sequence,
    /// To resume with, for clients that can.
    pub(crate) token: Option<Token>,
    /// An original client has sent the user's password.
    pub(crate) password_was_readable: bool,
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSignedIn {
    /// The password is wrong.
    Wrong,
    /// It was not looked at: the same is to be asked again later.
    Later(Later),
    /// The account can't be made, or the guest not let in.
    NotRegistered(Refusal),
    /// The token is not good.
    TokenRefused,
    /// The session of that token was ended by its user.
    TokenEnded,
}

/// A message as its readers are given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) message: Arc<Message>,
    /// As these readers see it.
    pub(crate) conversation: Conversation,
    pub(crate) sender: UserName,
    /// It is the readers' own, from elsewhere or earlier.
    pub(crate) is_own: bool,
    /// It is for the readers: they are to acknowledge it. One's own may be, as a note to oneself.
    pub(crate) is_for_reader: bool,
    /// Of one's own: how it stands.
    pub(crate) receipts: Receipts,
}

/// Messages behind a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BacklogPage {
    pub(crate) messages: Vec<Arc<Delivery>>,
    /// All of them up to here are in it.
    pub(crate) complete_to: Sequence,
}

/// A message that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) message: Arc<Message>,
    pub(crate) recipients: Recipients,
    /// For [`Wants::EachRecipient`]: how each is there, in their order.
    pub(crate) each: Vec<RecipientPresence>,
    /// The session is given it as a recipient too.
    pub(crate) comes_back: bool,
}

/// How a recipient is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecipientPresence {
    /// Here: an [`Outcome`] will follow.
    Here,
    /// A single recipient who has just left.
    Gone,
    /// A member of the group who is not here.
    Away,
    /// The sender, as a member of the group.
    Oneself,
}

/// What became of a message at one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// They have it.
    Received(UserName),
    /// They did not get it.
    Failed(DeliveryFailure),
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PageAnswer {
    /// Lines with their changes, in the order in which they are asked for, and whether there are
    /// more that way.
    History {
        conversation: Conversation,
        from: HistoryFrom,
        messages: Vec<Arc<Delivery>>,
        has_more: bool,
    },
    /// Lines with their changes, how far each conversation was read, how much of it was not, and
    /// where the next page begins.
    Overview {
        messages: Vec<Arc<Delivery>>,
        read: Vec<(Conversation, Sequence)>,
        unread: Vec<(Conversation, UnreadCount)>,
        next: Option<Sequence>,
    },
    /// Failures.
    Failures(Vec<(Sequence, UserName, DeliveryFailure)>),
    /// Groups behind the name that was given, in order.
    Groups(Vec<GroupName>),
    /// Members, likewise.
    Members(GroupName, Vec<UserName>),
    /// Who is online, likewise.
    Online(Vec<UserName>),
    /// Whose invitations one is not told of, likewise.
    Blocked(Vec<UserName>),
    /// What one's sessions keep, if they keep something, and how one's groups were renamed since.
    Settings(Option<KeptSettings>, Vec<Renaming>),
    /// Who has received it, likewise.
    Receivers(Sequence, Vec<UserName>),
}

/// Who came and who left, of those whom a session is told about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PresenceChange {
    pub(crate) came: Vec<UserName>,
    pub(crate) left: Vec<UserName>,
}

/// What became of a request about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupOutcome {
    /// It is made, with these members; these are invited, and these names could not be.
    Created { members: Vec<(UserName, SocketAddr)>, invited: Vec<UserName>, unknown: Vec<String> },
    /// The user is a member, with these.
    Joined { members: Vec<UserName> },
    /// The user asks to join.
    Asked,
    /// The user is a member no more.
    Quit,
    /// The user is not invited any more, or asks no more.
    Declined,
    /// These are invited, and these names could not be.
    Invited { invited: Vec<UserName>, unknown: Vec<String> },
    /// They are let in.
    Admitted(UserName),
    /// They are turned away.
    TurnedAway(UserName),
    /// They are a member no more.
    Removed(UserName),
    /// It is called that, from there on.
    Renamed { at: Sequence, to: GroupName },
    /// What it is.
    Is(GroupDescription),
    /// Whether it exists.
    Found(bool),
    /// It does not exist.
    DoesNotExist,
    /// The request is refused; the line says why.
    Refused(String),
}

/// What a group is to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupDescription {
    pub(crate) policy: JoinPolicy,
    pub(crate) maker: UserName,
    pub(crate) invited: Vec<UserName>,
    pub(crate) asking: Vec<UserName>,
}

/// What is told about a group without being asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupNews {
    /// The user is a member: they have accepted elsewhere, or an original client has made the group.
    Added,
    /// The user is a member: the maker has let them in.
    Admitted,
    /// The user has left it elsewhere.
    Left,
    /// The maker has removed the user.
    Removed,
    /// They invite the user.
    Invited(UserName),
    /// The user is not invited any more.
    Uninvited,
    /// The user asked to join, and is not let in.
    TurnedAway,
    /// They ask to join a group of which the user is the maker.
    Asks(UserName),
    /// They ask no more, or were answered.
    AsksNoMore(UserName),
    /// Who may join, and who decides.
    Is(JoinPolicy, UserName),
}

/// A group has another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Renaming {
    /// The place of the renaming.
    pub(crate) at: Sequence,
    pub(crate) from: GroupName,
    pub(crate) to: GroupName,
}
