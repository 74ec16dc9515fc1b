//! What the person wants.

use netchat_client::reaction::{Reaction, Sign};
use netchat_shared::conversation::Conversation;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

use super::{AccountIntent, Form, GroupIntent, MessageKey, Setting};

/// Something the person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Sign in, or create an account, with what the form holds.
    SignIn(Form),
    /// Choose another password with a one-time word.
    UseWord,
    /// Sign out.
    SignOut,
    /// Bring a conversation to the front; `None` goes back to the list (on a phone).
    Open(Option<Conversation>),
    /// Send what is written in the box of a conversation: a text, an answer, or a correction.
    Send(Conversation, String),
    /// Send a text to each of these people (names separated by commas), in the conversation with
    /// each.
    SendToEach(String, String),
    /// Answer the last line of somebody else.
    Reply(Conversation, String),
    /// Put a text in place of one's own last line.
    EditLast(Conversation, String),
    /// Take one's own last line back.
    DeleteLast(Conversation),
    /// Put a sign beside the last line, of somebody else if there is one, or take it away.
    ReactToLast(Conversation, Reaction),
    /// Something about a message.
    Message(MessageKey, MessageIntent),
    /// Move about in the conversation in front.
    Read(ReadingIntent),
    /// Something was typed in the box of a conversation.
    Typed(Conversation, String),
    /// What is written is no answer or correction any more.
    DropAbout(Conversation),
    /// Find something in messages.
    Search(SearchIntent),
    /// Make a group.
    CreateGroup(String, String),
    /// Join a group.
    JoinGroup(String),
    /// Leave a group for good.
    QuitGroup(Conversation),
    /// Something else about groups.
    Group(GroupIntent),
    /// Something about one's account.
    Account(AccountIntent),
    /// Set something.
    Set(Setting),
    /// Fetch the file of emoji, unless it is here.
    FetchEmojis,
    /// Try to connect at once.
    ConnectNow,
    /// Trust the server that answers, in place of the one that was known.
    TrustServer,
    /// Go on with the classic protocol, which everybody on the way can read.
    UseClassic,
    /// See whether the server that is meant answers by now.
    LookAgain,
    /// Take away a notice.
    Dismiss(u64),
    /// Don't do what waits for being undone.
    Undo(u64),
    /// Load the page anew, with a newer version.
    TakeNewVersion,
}

/// Moving about in the conversation in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadingIntent {
    /// Show lines before those that are shown.
    Earlier,
    /// Show lines behind those that are shown.
    Later,
    /// Show more lines at once: the screen is taller than most.
    More,
    /// Go to the end.
    ToEnd,
    /// Go to a line.
    JumpTo(Sequence),
    /// Go to the first line that was new when the conversation came to the front.
    JumpToNew,
    /// Go to the first line from a time on.
    JumpToTime(UnixTime),
    /// Open the conversation of a line, and go there.
    Visit(Conversation, Sequence),
    /// The person has scrolled: whether they are at the end now.
    Scrolled(bool),
    /// Everything is read, and nothing is marked as new.
    MarkRead,
}

/// Something the person wants found in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchIntent {
    /// Look for all words of a text in one conversation, or in all of them.
    LookFor(String, Option<Conversation>),
    /// Look no further.
    Stop,
    /// Look further after all.
    GoOn,
}

/// Something the person wants of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageIntent {
    /// Write an answer to it.
    Reply,
    /// Write a correction of it.
    Edit,
    /// Take it back.
    Delete,
    /// Put a sign beside it, or take one's own away.
    Toggle(Sign),
    /// Send it again: it did not get through.
    SendAgain,
    /// Show it whole, or folded again.
    Unfold,
    /// Put its text where it can be pasted from.
    Copy,
    /// Ask who has received it.
    Receivers,
}
