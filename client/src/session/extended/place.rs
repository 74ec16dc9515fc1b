//! How far the session has got in the server's log, and how much of that the server knows.

use netchat_shared::extended::ClientMessage;
use netchat_shared::sequence::{Generation, Position, Sequence};

/// Outlives links.
#[derive(Debug)]
pub(super) struct Place {
    generation: Option<Generation>,
    /// Everything up to here has arrived.
    reached: Option<Sequence>,
    /// Up to where the server was told so on this link.
    said: Option<Sequence>,
    /// Up to where that is known to have reached it, on whichever link.
    known: Option<Sequence>,
    /// The latest renaming of a group that is known. Earlier ones were told before it.
    renamed: Sequence,
    /// What was asked for on this link begins somewhere: the server has said where.
    has_begun: bool,
}

impl Place {
    pub(super) fn new(position: Option<Position>, renamed: Sequence) -> Self {
        Self {
            generation: position.map(|position| position.generation),
            reached: position.map(|position| position.sequence),
            said: None,
            known: None,
            renamed,
            has_begun: false,
        }
    }

    pub(super) fn renamed(&self) -> Sequence {
        self.renamed
    }

    /// A group was renamed there. False if that is known.
    pub(super) fn note_renamed(&mut self, at: Sequence) -> bool {
        let is_new = at > self.renamed;
        self.renamed = self.renamed.max(at);
        is_new
    }

    pub(super) fn position(&self) -> Option<Position> {
        Some(Position { generation: self.generation?, sequence: self.reached? })
    }

    /// The server's log is this one. True if places were kept that are in another.
    pub(super) fn enter(&mut self, generation: Generation) -> bool {
        let is_other = self.generation.is_some_and(|before| before != generation);
        if is_other {
            *self = Self::new(None, Sequence::ZERO);
        }
        self.generation = Some(generation);
        is_other
    }

    /// What to ask for first on a new link.
    pub(super) fn sync(&mut self) -> ClientMessage {
        self.said = None;
        self.has_begun = false;
        ClientMessage::Sync(self.position())
    }

    /// The server says behind which place it goes on, whatever was asked for.
    pub(super) fn begin(&mut self, sequence: Sequence) {
        if self.reached.is_none() {
            // It went on behind what it knew to have arrived.
            self.said = Some(sequence);
            self.known = Some(sequence);
        }
        self.reached = Some(sequence);
        self.known = self.known.min(self.reached);
        self.has_begun = true;
    }

    /// A message arrived. False if it is from before the place: it is to be dropped.
    pub(super) fn advance(&mut self, sequence: Sequence) -> bool {
        let is_beyond = Some(sequence) > self.reached;
        if is_beyond {
            self.reached = Some(sequence);
            self.has_begun = true;
        }
        is_beyond
    }

    /// Everything up to there has been given to this session, if the server knows of such a place.
    pub(super) fn confirm(&mut self, sequence: Option<Sequence>) {
        self.reached = self.reached.max(sequence);
    }

    /// What the server is to be told next.
    pub(super) fn unsaid(&self) -> Option<Sequence> {
        self.reached.filter(|_| self.has_begun && self.said < self.reached)
    }

    /// It was put into the link.
    pub(super) fn note_said(&mut self, sequence: Sequence) {
        self.said = Some(sequence);
    }

    /// Everything that was put into the link has reached the server.
    pub(super) fn note_delivered(&mut self) {
        self.known = self.known.max(self.said);
    }

    /// Whether the server knows of everything that has arrived.
    pub(super) fn is_known(&self) -> bool {
        self.reached <= self.known
    }
}
