//! Lines that were read, kept for the next search.

use netchat_shared::conversation::Conversation;
use netchat_shared::kind::MessageKind;
use netchat_shared::sequence::Sequence;
use netchat_shared::time::UnixTime;

use super::Line;
use crate::limits::{SEARCH_KEPT_BYTES_MAX, SEARCH_KEPT_MESSAGES_MAX};
use crate::session::{Arrival, Content};

/// How far back a conversation was read, from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reach {
    /// From that place and time on.
    pub(super) from: Option<(Sequence, UnixTime)>,
    /// There is nothing before.
    pub(super) is_whole: bool,
}

/// All that is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    parts: Vec<Part>,
    /// Something did not fit.
    is_full: bool,
}

/// What is kept of one conversation: its end.
#[derive(Debug)]
pub(super) struct Part {
    conversation: Conversation,
    /// The latest first.
    lines: Vec<Line>,
    reach: Reach,
}

/// What an arrival is to lines that were read.
pub(super) enum Change<'a> {
    /// It is one.
    Line(Line),
    /// The text of that one was corrected: where that was said, and the text.
    Edit(Sequence, Sequence, &'a str),
    /// That one was taken back.
    TakenBack(Sequence),
}

impl Reach {
    /// What comes next is before that.
    pub(super) fn before(&self) -> Option<Sequence> {
        self.from.map(|(place, _)| place)
    }

    /// Whether something that arrives belongs to what was read: not if it will be read.
    pub(super) fn holds(&self, change: &Change<'_>) -> bool {
        let has_begun = self.from.is_some() || self.is_whole;
        match change {
            Change::Line(line) => {
                has_begun && self.before().is_none_or(|from| line.sequence >= from)
            }
            Change::Edit(..) | Change::TakenBack(_) => has_begun,
        }
    }
}

impl Line {
    /// Puts a correction in place of its text, if it is later than the one that holds.
    pub(super) fn edit(&mut self, at: Sequence, text: &str) {
        if at > self.edited {
            self.edited = at;
            self.text = text.into();
        }
    }
}

impl<'a> Change<'a> {
    /// `None` if it changes nothing that is looked for.
    pub(super) fn of(arrival: &'a Arrival) -> Option<Self> {
        let stored = arrival.stored?;
        match (&arrival.kind, &arrival.content) {
            (MessageKind::Text | MessageKind::Reply(_), Content::Text(text)) => {
                Some(Self::Line(Line {
                    sequence: stored.sequence,
                    time: stored.time,
                    sender: arrival.sender.clone(),
                    text: text.as_str().into(),
                    edited: Sequence::ZERO,
                }))
            }
            (MessageKind::Edit(of), Content::Text(text)) => {
                Some(Self::Edit(*of, stored.sequence, text))
            }
            (MessageKind::Deletion(of), _) => Some(Self::TakenBack(*of)),
            (MessageKind::Text | MessageKind::Reply(_), Content::TakenBack) => {
                Some(Self::TakenBack(stored.sequence))
            }
            (
                MessageKind::Text
                | MessageKind::Reply(_)
                | MessageKind::Edit(_)
                | MessageKind::Reaction(_)
                | MessageKind::Unknown(_),
                _,
            ) => None,
        }
    }

    /// Folds it into lines, the latest first.
    pub(super) fn apply(self, lines: &mut Vec<Line>) {
        match self {
            Self::Line(line) => {
                if let Err(at) = find(lines, line.sequence) {
                    lines.insert(at, line);
                }
            }
            Self::Edit(of, at, text) => {
                if let Ok(index) = find(lines, of) {
                    lines[index].edit(at, text);
                }
            }
            Self::TakenBack(of) => {
                if let Ok(index) = find(lines, of) {
                    lines.remove(index);
                }
            }
        }
    }
}

/// Reads a page that was asked for: its lines, the latest first, and how far it reaches.
pub(super) fn read_page(
    page: &[Arrival],
    before: Option<Sequence>,
    has_more: bool,
) -> (Vec<Line>, Reach) {
    let mut lines = Vec::new();
    let mut reach = Reach { from: None, is_whole: !has_more };
    for arrival in page {
        if let Some(stored) = arrival.stored.filter(|_| arrival.kind.is_line()) {
            let here = (stored.sequence, stored.time);
            reach.from = Some(reach.from.map_or(here, |from| from.min(here)));
        }
        if let Some(change) = Change::of(arrival) {
            change.apply(&mut lines);
        }
    }
    // A page that leads nowhere is the last.
    reach.is_whole |=
        reach.from.is_none_or(|(from, _)| before.is_some_and(|before| from >= before));
    (lines, reach)
}

/// Where the line of that place is among those, the latest first; or where it would be.
pub(super) fn find(lines: &[Line], sequence: Sequence) -> Result<usize, usize> {
    lines.binary_search_by(|line| sequence.cmp(&line.sequence))
}

impl Kept {
    /// A search of these begins. If there was no room for everything, they get that of the others.
    pub(super) fn begin(&mut self, conversations: &[Conversation]) {
        if std::mem::take(&mut self.is_full) {
            self.parts.retain(|part| conversations.contains(&part.conversation));
        }
    }

    /// What is kept of a conversation, and how far it reaches.
    pub(super) fn lines(&self, of: &Conversation) -> (&[Line], Reach) {
        let part = self.parts.iter().find(|part| part.conversation == *of);
        part.map_or((&[], Reach::default()), |part| (&part.lines, part.reach))
    }

    /// Adds a page, if it goes on where what is kept ends. What does not fit is read again next time.
    pub(super) fn add_page(
        &mut self,
        of: &Conversation,
        before: Option<Sequence>,
        lines: &[Line],
        reach: Reach,
    ) {
        let index = match self.position(of) {
            Some(index) => index,
            None => {
                let conversation = of.clone();
                let part = Part { conversation, lines: Vec::new(), reach: Reach::default() };
                self.parts.push(part);
                self.parts.len() - 1
            }
        };
        let part = &mut self.parts[index];
        if !part.reach.is_whole && part.reach.before() == before {
            part.lines.extend_from_slice(lines);
            part.reach = reach;
            self.make_room(index);
        }
    }

    /// Folds what arrived. Lines of conversations that were not read yet will be read.
    pub(super) fn change(&mut self, of: &Conversation, change: Change<'_>) {
        if let Some(index) = self.position(of)
            && self.parts[index].reach.holds(&change)
        {
            change.apply(&mut self.parts[index].lines);
            self.make_room(index);
        }
    }

    /// A conversation is called otherwise from now on.
    pub(super) fn rename(&mut self, from: &Conversation, to: &Conversation) {
        self.parts.retain(|part| part.conversation != *to);
        if let Some(index) = self.position(from) {
            self.parts[index].conversation = to.clone();
        }
    }

    fn position(&self, of: &Conversation) -> Option<usize> {
        self.parts.iter().position(|part| part.conversation == *of)
    }

    /// Forgets the earliest lines of the part that grew, until everything fits.
    fn make_room(&mut self, index: usize) {
        let lines = || self.parts.iter().flat_map(|part| &part.lines);
        let mut count = lines().count();
        let mut bytes: usize = lines().map(|line| line.text.len()).sum();
        let part = &mut self.parts[index];
        while count > SEARCH_KEPT_MESSAGES_MAX || bytes > SEARCH_KEPT_BYTES_MAX {
            let Some(line) = part.lines.pop() else { return };
            count -= 1;
            bytes -= line.text.len();
            let from = Some((line.sequence.next(), line.time));
            part.reach = Reach { from, is_whole: false };
            self.is_full = true;
        }
    }
}
