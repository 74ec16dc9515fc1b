//! How far conversations were read, and where somebody is writing: told when there is room.

use crate::limits::READ_MARKS_MAX;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{ClientMessage, Link, LinkError};
use netchat_shared::limits::TYPING_INTERVAL;
use netchat_shared::sequence::Sequence;
use netchat_shared::sorted::SortedMap;
use netchat_shared::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Marks {
    read: SortedMap<Conversation, Mark>,
    typed_at: Option<Instant>,
    /// Where the person is writing, until it is told.
    typing: Option<Conversation>,
}

#[derive(Debug)]
struct Mark {
    sequence: Sequence,
    stage: Stage,
}

/// How far the server knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// Put into this link.
    Said,
    Known,
}

impl Marks {
    /// The person has read a conversation up to there.
    pub(super) fn read(&mut self, conversation: Conversation, sequence: Sequence) {
        self.set(conversation, Mark { sequence, stage: Stage::Waiting });
    }

    /// The server says so itself.
    pub(super) fn note_read(&mut self, conversation: Conversation, sequence: Sequence) {
        self.set(conversation, Mark { sequence, stage: Stage::Known });
    }

    /// The person is writing there. Whether it is to be told now.
    pub(super) fn typing(&mut self, now: Instant, conversation: Conversation) -> bool {
        let is_early = self.typed_at.is_some_and(|at| now < at + TYPING_INTERVAL);
        if !is_early {
            self.typing = Some(conversation);
        }
        !is_early
    }

    /// A conversation has another name.
    pub(super) fn rename(&mut self, from: &Conversation, to: Conversation) {
        if let Some(mark) = self.read.remove(from) {
            self.set(to, mark);
        }
    }

    /// Everything that was put into the link has reached the server.
    pub(super) fn note_delivered(&mut self) {
        for mark in self.read.values_mut().filter(|mark| mark.stage == Stage::Said) {
            mark.stage = Stage::Known;
        }
    }

    pub(super) fn link_lost(&mut self) {
        self.typing = None;
        for mark in self.read.values_mut().filter(|mark| mark.stage == Stage::Said) {
            mark.stage = Stage::Waiting;
        }
    }

    /// Puts what waits into the link, as far as it has room.
    pub(super) fn pump(&mut self, now: Instant, link: &mut Link) -> Result<(), LinkError> {
        if let Some(conversation) = self.typing.take() {
            self.typed_at = Some(now);
            link.send(&ClientMessage::Typing(conversation).to_wire())?;
        }
        let waiting = self.read.iter_mut().filter(|(_, mark)| mark.stage == Stage::Waiting);
        for (conversation, mark) in waiting {
            link.send(&ClientMessage::Read(conversation.clone(), mark.sequence).to_wire())?;
            mark.stage = Stage::Said;
        }
        Ok(())
    }

    /// Marks only grow. Beyond the bound, one that the server knows makes room, or the first.
    fn set(&mut self, conversation: Conversation, mark: Mark) {
        if self.read.get(&conversation).is_some_and(|known| known.sequence >= mark.sequence) {
            return;
        }
        self.read.insert(conversation, mark);
        if self.read.len() > READ_MARKS_MAX {
            let known = self.read.iter().find(|(_, mark)| mark.stage == Stage::Known);
            let room = known.or_else(|| self.read.first());
            if let Some(conversation) = room.map(|(conversation, _)| conversation.clone()) {
                self.read.remove(&conversation);
            }
        }
    }
}
