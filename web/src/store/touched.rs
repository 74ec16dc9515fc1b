//! What an input has changed, so that only that is drawn anew.

use netchat_shared::conversation::Conversation;
use netchat_shared::sorted::SortedSet;

use super::MessageKey;

/// A thing that the page shows, apart from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// The sign-in form.
    SignIn,
    /// Who is signed in, and what they have to decide about the server.
    Person,
    /// How the session stands to the server.
    Connection,
    /// Who is online.
    Online,
    /// Invitations, and who asks to join.
    Decisions,
    /// Members and details of the conversation in front.
    Details,
    /// What became of what a dialog asked for.
    Answer,
    /// One's account.
    Account,
    /// Notices.
    Notices,
    /// Which conversations there are, and their order.
    List,
    /// How many messages are unread, in all.
    Unread,
    /// Which conversation is in front, and where it is read.
    Front,
    /// Which rows of it are shown.
    Rows,
    /// Who is writing in it.
    Typing,
    /// What is written there: when it was changed by something else than the box itself.
    Draft,
    /// What the person has set.
    Settings,
    /// The language of the page.
    Language,
    /// The file of emoji.
    Emoji,
    /// What is looked for in messages, and what was found.
    Search,
}

impl Thing {
    /// All of them, in their order.
    pub const ALL: [Self; 19] = [
        Self::SignIn,
        Self::Person,
        Self::Connection,
        Self::Online,
        Self::Decisions,
        Self::Details,
        Self::Answer,
        Self::Account,
        Self::Notices,
        Self::List,
        Self::Unread,
        Self::Front,
        Self::Rows,
        Self::Typing,
        Self::Draft,
        Self::Settings,
        Self::Language,
        Self::Emoji,
        Self::Search,
    ];
}

/// What was changed since it was looked at last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    things: u32,
    rows: SortedSet<MessageKey>,
    entries: Vec<Conversation>,
}

impl Touched {
    /// This has changed.
    pub(super) fn thing(&mut self, thing: Thing) {
        self.things |= 1 << thing as u32;
    }

    /// The row of this message has changed.
    pub(super) fn row(&mut self, key: MessageKey) {
        self.rows.insert(key);
    }

    /// The entry of this conversation in the list has changed.
    pub(super) fn entry(&mut self, conversation: &Conversation) {
        if !self.entries.contains(conversation) {
            self.entries.push(conversation.clone());
        }
    }

    /// Everything has changed.
    pub(super) fn everything(&mut self) {
        self.things = u32::MAX;
    }

    /// Whether all rows and entries have changed.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.things == u32::MAX
    }

    /// Whether this has changed.
    #[must_use]
    pub fn has(&self, thing: Thing) -> bool {
        self.things & (1 << thing as u32) != 0
    }

    /// Messages whose rows have changed, each once.
    #[must_use]
    pub fn rows(&self) -> &[MessageKey] {
        self.rows.as_slice()
    }

    /// Conversations whose entries have changed, each once.
    #[must_use]
    pub fn entries(&self) -> &[Conversation] {
        &self.entries
    }
}
