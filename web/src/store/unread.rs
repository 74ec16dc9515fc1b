//! What is unread: everything of others behind the place up to which the person has read, in whichever
//! session.

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::UnreadCount;
use netchat_shared::sequence::Sequence;

use super::{Hears, MessageKey, News, Store, Thing};

impl Store {
    /// The page came to the front, or went behind something.
    pub fn set_hidden(&mut self, is_hidden: bool) {
        self.is_hidden = is_hidden;
    }

    /// The conversation in front is before the person's eyes.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        !self.is_hidden && self.front.as_ref().is_some_and(super::Front::is_at_end)
    }

    /// Reads what is before the person's eyes; answers what is to be told to their other sessions.
    pub fn read_in_front(&mut self) -> Option<(Conversation, Sequence)> {
        if !self.is_seen() {
            return None;
        }
        let front = self.front.as_mut()?;
        let thread = self.threads.get(&front.conversation)?;
        let last = thread.timeline.last_sequence()?;
        if front.seen < last {
            front.seen = last;
            self.touched.thing(Thing::Front);
        }
        let conversation = front.conversation.clone();
        if thread.unread == 0 && thread.read >= last {
            return None;
        }
        self.read_to(&conversation, last);
        Some((conversation, last))
    }

    /// It was read up to there, here or elsewhere.
    pub(super) fn fold_read(&mut self, conversation: &Conversation, place: Sequence) {
        if self.thread(conversation).read < place {
            self.read_to(conversation, place);
        }
    }

    fn read_to(&mut self, conversation: &Conversation, place: Sequence) {
        let Some(thread) = self.threads.get_mut(conversation) else { return };
        thread.read = place.max(thread.read);
        if thread.unread > 0 && !self.no_news.contains(conversation) {
            self.no_news.push(conversation.clone());
        }
        let behind = thread.timeline.lines_after(thread.read).iter();
        let of_others = behind
            .filter(|line| self.messages.get(&line.key).is_some_and(|message| !message.is_own()));
        // Of what is not here, the server has said how much it is.
        let is_all_here = thread.timeline.is_known(thread.read.next())
            || thread.timeline.last_sequence().is_none_or(|last| last <= thread.read);
        if is_all_here {
            thread.unread = of_others.count();
        }
        self.touched.entry(conversation);
        self.touched.thing(Thing::Unread);
    }

    /// The server says how many lines of others are behind what was read, up to the line of the overview
    /// that comes next.
    pub(super) fn fold_unread(&mut self, conversation: &Conversation, count: UnreadCount) {
        self.thread(conversation).told_unread = Some(count.get() as usize);
    }

    /// The line of the overview is here: what was counted reaches up to it.
    pub(super) fn count_up_to(&mut self, conversation: &Conversation, last: Sequence) {
        let Some(thread) = self.threads.get_mut(conversation) else { return };
        let Some(told) = thread.told_unread.take() else { return };
        let behind = thread.timeline.lines_after(last.max(thread.read)).iter();
        let of_others = behind
            .filter(|line| self.messages.get(&line.key).is_some_and(|message| !message.is_own()));
        thread.counted_to = last;
        thread.unread = told + of_others.count();
        self.touched.entry(conversation);
        self.touched.thing(Thing::Unread);
    }

    /// A line of somebody else arrived.
    pub(super) fn note_unread(
        &mut self,
        conversation: &Conversation,
        key: MessageKey,
        place: Option<Sequence>,
    ) {
        let is_seen = self.is_seen()
            && self.front.as_ref().is_some_and(|front| front.conversation == *conversation);
        let thread = self.thread(conversation);
        // What was told before may arrive afterwards.
        let is_counted = place.is_some_and(|place| place <= thread.read.max(thread.counted_to));
        if is_seen || is_counted {
            return;
        }
        thread.unread += 1;
        self.touched.entry(conversation);
        self.touched.thing(Thing::Unread);
        let names_one = self.names_one(key);
        self.note_news(News { conversation: conversation.clone(), key, names_one });
    }

    fn names_one(&self, key: MessageKey) -> bool {
        let text = self.messages.get(&key).and_then(|message| message.text());
        let Some((text, me)) = text.zip(self.me.as_ref()) else { return false };
        text.match_indices('@').any(|(at, _)| {
            let behind = text[at + 1..].strip_prefix(me.as_str());
            behind.is_some_and(|rest| {
                !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || !c.is_ascii())
            })
        })
    }

    /// Whether a message of somebody else is not read yet, in whichever session.
    #[must_use]
    pub fn is_unread(&self, key: MessageKey) -> bool {
        let Some(message) = self.message(key) else { return false };
        let thread = self.threads.get(&message.conversation);
        let read = thread.map_or(Sequence::ZERO, |thread| thread.read);
        message.sequence.is_none_or(|sequence| sequence > read)
    }

    /// The person hears of messages there, of this one if it is one that names them.
    #[must_use]
    pub fn hears_of(&self, news: &News) -> bool {
        match self.settings.person.hears(&news.conversation) {
            Hears::All => true,
            Hears::Mentions => news.names_one,
            Hears::Nothing => false,
        }
    }

    /// All unread messages, but those of muted conversations.
    #[must_use]
    pub fn unread(&self) -> usize {
        let heard = self
            .threads
            .iter()
            .filter(|(conversation, _)| self.settings.person.hears(conversation) != Hears::Nothing);
        heard.map(|(_, thread)| thread.unread).sum()
    }

    /// How many lines of others have come behind what the person has seen of the conversation in front.
    #[must_use]
    pub fn new_below(&self) -> usize {
        let Some(front) = self.front.as_ref().filter(|front| !front.is_at_end()) else { return 0 };
        let Some(thread) = self.threads.get(&front.conversation) else { return 0 };
        let behind = thread.timeline.lines_after(front.seen).iter();
        let of_others = behind
            .filter(|line| self.messages.get(&line.key).is_some_and(|message| !message.is_own()));
        of_others.count()
    }

    /// Whether something was new when the conversation in front came there.
    #[must_use]
    pub fn has_new(&self) -> bool {
        self.front.as_ref().is_some_and(|front| front.new_after.is_some())
    }
}
