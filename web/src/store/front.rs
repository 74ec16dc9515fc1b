//! The conversation in front: where it is read, and which rows are shown.

use netchat_shared::conversation::Conversation;
use netchat_shared::extended::HistoryFrom;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

use super::rows::rows;
use super::{Moved, Row, Store, Thing, Window};

/// The conversation in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// Which it is.
    pub conversation: Conversation,
    /// Which of its lines are shown.
    pub window: Window,
    /// The person is at the end of what is shown.
    pub follows: bool,
    /// The line behind which everything was new when the conversation came to the front.
    pub new_after: Option<Sequence>,
    /// The last line that the person has had before their eyes.
    pub seen: Sequence,
    /// What it is shown as.
    pub rows: Vec<Row>,
    /// Lines came that the rows do not show yet.
    is_stale: bool,
    /// The last line when the rows were decided.
    drawn: Sequence,
    /// So many lines came since that only the last of them are shown, for now: up to this one.
    hurries: Option<Sequence>,
    /// A line to go to as soon as it is here.
    pub goes_to: Option<Sequence>,
    /// The first line of the page that is awaited is to be gone to.
    pub goes_to_first: bool,
    /// A line that was gone to: it is shown so.
    pub found: Option<Sequence>,
    /// A page that is to be asked of the server.
    pub wants: Option<HistoryFrom>,
    /// What somebody else has said since it came to the front, last.
    pub heard: Option<super::MessageKey>,
}

impl Front {
    fn new(conversation: Conversation) -> Self {
        Self {
            conversation,
            window: Window::default(),
            follows: true,
            new_after: None,
            seen: Sequence::ZERO,
            rows: Vec::new(),
            is_stale: false,
            drawn: Sequence::ZERO,
            hurries: None,
            goes_to: None,
            goes_to_first: false,
            found: None,
            wants: None,
            heard: None,
        }
    }

    /// The end of the conversation is before the person's eyes.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.follows && self.window.is_at_end()
    }

    /// More comes than can be read: fewer lines than else are shown, up to this one.
    #[must_use]
    pub fn hurries(&self) -> Option<Sequence> {
        self.hurries
    }
}

impl Store {
    /// Brings a conversation to the front, at its end, with what is new marked; or goes back to the list, also
    /// from what is not there to be opened: a group that one is not in.
    pub fn open(&mut self, conversation: Option<Conversation>) {
        let conversation = conversation.filter(|conversation| self.leads_somewhere(conversation));
        if self.front.as_ref().map(|front| &front.conversation) == conversation.as_ref() {
            return;
        }
        let before = self.front.take().map(|front| front.conversation);
        for other in before.iter().chain(&conversation) {
            self.touched.entry(other);
        }
        for thing in [Thing::Front, Thing::Rows, Thing::Draft, Thing::Typing, Thing::Details] {
            self.touched.thing(thing);
        }
        let Some(conversation) = conversation else { return };
        self.suppose(&conversation);
        let thread = self.thread(&conversation);
        thread.is_unreadable = false;
        let mut front = Front::new(conversation);
        front.window = Window::at_end(&thread.timeline);
        front.new_after = (thread.unread > 0).then_some(thread.read);
        self.front = Some(front);
        self.draw_rows();
    }

    /// The person has scrolled.
    pub fn scrolled(&mut self, follows: bool) {
        if let Some(front) = &mut self.front
            && front.follows != follows
        {
            front.follows = follows;
            self.touched.thing(Thing::Front);
        }
    }

    /// Shows earlier lines of the conversation in front, or wants them of the server.
    pub fn show_earlier(&mut self) {
        let keeps_end = self.front.as_ref().is_some_and(Front::is_at_end);
        self.move_window(|window, timeline| window.earlier(timeline, keeps_end));
    }

    /// Shows later lines of the conversation in front, or wants them of the server.
    pub fn show_later(&mut self) {
        self.move_window(Window::later);
    }

    fn move_window(&mut self, go: impl FnOnce(&mut Window, &super::Timeline) -> Moved) {
        self.settle();
        let Some(front) = &mut self.front else { return };
        let Some(thread) = self.threads.get(&front.conversation) else { return };
        let wanted = match go(&mut front.window, &thread.timeline) {
            Moved::Yes => return self.draw_rows(),
            Moved::No => return,
            Moved::MissingBefore(Sequence::MAX) => HistoryFrom::Before(None),
            Moved::MissingBefore(place) => HistoryFrom::Before(Some(place)),
            Moved::MissingAfter(place) => HistoryFrom::After(place),
        };
        // One page at a time: the next is wanted when this one is here.
        if thread.asked.is_none() && front.wants.is_none() {
            front.wants = Some(wanted);
        }
    }

    /// What is shown does not fill the screen well: more is, and earlier lines first.
    pub fn show_more(&mut self) {
        self.front.iter_mut().for_each(|front| front.window.widen());
        self.show_earlier();
    }

    /// The page of the conversation in front that is to be asked of the server now. It is wanted until it
    /// [was asked for](Self::note_asked).
    #[must_use]
    pub fn page_to_read(&self) -> Option<(Conversation, HistoryFrom)> {
        let front = self.front.as_ref()?;
        let thread = self.threads.get(&front.conversation).filter(|it| !it.is_unreadable)?;
        let is_missing = !thread.is_loaded && thread.asked.is_none();
        let wanted = front.wants.or(is_missing.then_some(HistoryFrom::Before(None)))?;
        Some((front.conversation.clone(), wanted))
    }

    /// A page of the conversation in front is under way.
    pub fn note_asked(&mut self, asked: HistoryFrom) {
        if let Some(front) = &mut self.front
            && let Some(thread) = self.threads.get_mut(&front.conversation)
        {
            front.wants = None;
            thread.asked = Some(asked);
        }
    }

    /// Goes to the end of the conversation in front.
    pub fn go_to_end(&mut self) {
        if let Some(front) = &mut self.front
            && let Some(thread) = self.threads.get(&front.conversation)
        {
            front.window = Window::at_end(&thread.timeline);
            front.follows = true;
            let found = front.found.take();
            front.goes_to = None;
            found.into_iter().for_each(|place| self.touch_line(place));
            self.touched.thing(Thing::Front);
            self.draw_rows();
        }
    }

    /// Whether a message is the line that was gone to.
    #[must_use]
    pub fn is_found(&self, key: super::MessageKey) -> bool {
        let found = self.front.as_ref().and_then(|front| front.found);
        found.is_some() && self.message(key).and_then(|message| message.sequence) == found
    }

    fn touch_line(&mut self, place: Sequence) {
        let thread = self.front.as_ref().and_then(|front| self.threads.get(&front.conversation));
        if let Some(key) = thread.and_then(|thread| thread.timeline.find(place)) {
            self.touched.row(key);
        }
    }

    /// Goes to a line of the conversation in front, when it is here.
    pub fn jump_to(&mut self, sequence: Sequence) {
        let Some(front) = &mut self.front else { return };
        let Some(thread) = self.threads.get(&front.conversation) else { return };
        front.goes_to = Some(sequence);
        if thread.timeline.find(sequence).is_none() {
            let next = Sequence(sequence.0.saturating_add(1));
            front.wants = Some(HistoryFrom::Before(Some(next)));
        } else {
            self.arrive_at_jump();
        }
    }

    /// Goes to the first line from a time on in the conversation in front, when it is here.
    pub fn jump_to_time(&mut self, time: UnixTime) {
        self.jump_to_page(HistoryFrom::At(time));
    }

    /// Goes to the first line that was new when the conversation came to the front, when it is here.
    pub fn jump_to_new(&mut self) {
        let Some(front) = &self.front else { return };
        let Some(read) = front.new_after else { return };
        let Some(thread) = self.threads.get(&front.conversation) else { return };
        let first = thread.timeline.lines_after(read).first().map(|line| line.sequence);
        match first.filter(|_| thread.timeline.is_known(read.next())) {
            Some(first) => self.jump_to(first),
            None => self.jump_to_page(HistoryFrom::After(read)),
        }
    }

    fn jump_to_page(&mut self, from: HistoryFrom) {
        if let Some(front) = &mut self.front {
            front.goes_to_first = true;
            front.wants = Some(from);
        }
    }

    /// Which conversation is in front.
    #[must_use]
    pub fn front_conversation(&self) -> Option<Conversation> {
        self.front.as_ref().map(|front| front.conversation.clone())
    }

    /// The line to go to may be here by now.
    pub(super) fn arrive_at_jump(&mut self) {
        let Some(front) = &mut self.front else { return };
        let Some(thread) = self.threads.get(&front.conversation) else { return };
        let Some(place) = front.goes_to.filter(|place| thread.timeline.find(*place).is_some())
        else {
            return;
        };
        front.window = Window::around(&thread.timeline, place);
        front.follows = false;
        front.goes_to = None;
        let before = front.found.replace(place);
        before.into_iter().chain([place]).for_each(|place| self.touch_line(place));
        self.touched.thing(Thing::Front);
        self.draw_rows();
    }

    /// Everything in the conversation in front is read: nothing is marked as new any more.
    pub fn clear_new(&mut self) {
        if let Some(front) = &mut self.front
            && front.new_after.take().is_some()
        {
            self.draw_rows();
        }
    }

    /// Lines came into the conversation in front, or were moved: what is shown follows when it is looked at, once
    /// for all of them.
    pub(super) fn fit_front(&mut self, conversation: &Conversation) {
        let front = self.front.as_mut().filter(|front| front.conversation == *conversation);
        front.into_iter().for_each(|front| front.is_stale = true);
    }

    /// What is shown follows what has come.
    pub(super) fn settle(&mut self) {
        let Some(front) = self.front.as_mut().filter(|front| front.is_stale) else { return };
        if let Some(thread) = self.threads.get(&front.conversation) {
            let is_drawn = front.follows && front.drawn > Sequence::ZERO;
            let hurries = is_drawn && front.window.hurry(&thread.timeline, front.drawn);
            front.hurries = thread.timeline.last_sequence().filter(|_| hurries);
            front.window.fit(&thread.timeline, front.follows);
        }
        self.draw_rows();
    }

    /// Nothing more has come since that line: as many lines as else are shown again.
    pub fn calm(&mut self, since: Sequence) {
        let front = self.front.as_mut().filter(|front| front.hurries == Some(since));
        if let Some(front) = front {
            front.hurries = None;
            self.show_earlier();
        }
    }

    /// Decides anew which rows are shown, and which messages stand first among those of their sender.
    pub(super) fn draw_rows(&mut self) {
        let Some(front) = &mut self.front else { return };
        let Some(thread) = self.threads.get(&front.conversation) else { return };
        front.is_stale = false;
        front.drawn = thread.timeline.last_sequence().unwrap_or_default();
        let before = thread.timeline.before(front.window);
        let before = before.and_then(|key| self.messages.get(&key));
        let shown = thread.timeline.shown(front.window);
        let new_after = front.new_after.filter(|read| thread.timeline.is_known(read.next()));
        let first_unread = new_after.and_then(|read| {
            let behind = thread.timeline.lines_after(read).iter().map(|line| line.key);
            behind.into_iter().find(|key| self.messages.get(key).is_some_and(|m| !m.is_own()))
        });
        let keyed = shown.iter().filter_map(|key| Some((*key, self.messages.get(key)?)));
        let (rows, firsts) = rows(before, keyed, first_unread);
        if rows != front.rows {
            front.rows = rows;
            self.touched.thing(Thing::Rows);
        }
        for (key, is_first) in firsts {
            if let Some(message) = self.messages.get_mut(&key)
                && message.is_first != is_first
            {
                message.is_first = is_first;
                self.touched.row(key);
            }
        }
    }
}
