//! Messages as slices: cut for sending, joined on arrival.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::LinkError;
use crate::limits::{
    LINK_MESSAGE_BYTES_MAX, LINK_RECEIVE_BYTES_MAX, LINK_WINDOW_SLICES, SLICE_BYTES_MAX,
};
use crate::sorted::SortedMap;

/// What a message that waits counts for beside its content: empty ones cost too.
const MESSAGE_BYTES_AROUND: usize = 64;

/// Slices on their way out, until they are acknowledged.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// From `first` on; `None` is acknowledged.
    slices: VecDeque<Option<Slice>>,
    /// The slice number of the first of them.
    first: u64,
    /// The first that was never sent.
    fresh: u64,
    bytes: usize,
}

/// A slice of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) more: bool,
    pub(super) bytes: Vec<u8>,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self { slices: VecDeque::new(), first: 1, fresh: 1, bytes: 0 }
    }

    /// Cuts a message into slices and queues them.
    pub(super) fn push(&mut self, message: &[u8]) {
        let last = message.len().div_ceil(SLICE_BYTES_MAX).max(1) - 1;
        for index in 0..=last {
            let start = index * SLICE_BYTES_MAX;
            let end = message.len().min(start + SLICE_BYTES_MAX);
            let bytes = message[start..end].to_vec();
            self.bytes += bytes.len();
            self.slices.push_back(Some(Slice { more: index < last, bytes }));
        }
    }

    /// The slice of that number, unless it was acknowledged.
    pub(super) fn get(&self, slice_number: u64) -> Option<&Slice> {
        self.slices.get(self.index(slice_number)?)?.as_ref()
    }

    /// The next slice that was never sent, if the peer's window has room for it.
    pub(super) fn next_fresh(&self) -> Option<u64> {
        let is_there = self.fresh < self.first + self.slices.len() as u64;
        let has_room = self.fresh < self.first + LINK_WINDOW_SLICES;
        (is_there && has_room).then_some(self.fresh)
    }

    /// That one is on its way.
    pub(super) fn advance(&mut self) {
        self.fresh += 1;
    }

    pub(super) fn acknowledge(&mut self, slice_number: u64) {
        let Some(slice) = self.index(slice_number).and_then(|at| self.slices.get_mut(at)) else {
            return;
        };
        if let Some(slice) = slice.take() {
            self.bytes -= slice.bytes.len();
        }
        while let Some(None) = self.slices.front() {
            self.slices.pop_front();
            self.first += 1;
        }
    }

    /// Bytes that are not acknowledged, sent or not.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn index(&self, slice_number: u64) -> Option<usize> {
        usize::try_from(slice_number.checked_sub(self.first)?).ok()
    }
}

/// Slices that have arrived, until their messages are whole.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The next slice in order.
    next: u64,
    /// Slices beyond it, at most [`LINK_WINDOW_SLICES`].
    early: SortedMap<u64, Slice>,
    early_bytes: usize,
    /// The slices so far of the message that is being joined.
    partial: Vec<u8>,
    messages: VecDeque<Vec<u8>>,
    /// Bytes in `messages`.
    unread_bytes: usize,
    /// For what waits to be read, for what is early, and for one message.
    bytes_max: usize,
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self {
            next: 1,
            early: SortedMap::new(),
            early_bytes: 0,
            partial: Vec::new(),
            messages: VecDeque::new(),
            unread_bytes: 0,
            bytes_max: LINK_RECEIVE_BYTES_MAX,
        }
    }

    pub(super) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// Bytes that wait to be joined, or to be read.
    pub(super) fn bytes(&self) -> usize {
        self.early_bytes + self.partial.len() + self.unread_bytes
    }

    /// Whether a slice of so many bytes may be taken: not what lies beyond the window, and nothing for
    /// which there is no room. A packet with such a slice is not acknowledged.
    pub(super) fn accepts(&self, slice_number: u64, bytes: usize) -> bool {
        if slice_number == 0 || slice_number >= self.next + LINK_WINDOW_SLICES {
            return false;
        }
        match slice_number.cmp(&self.next) {
            Ordering::Less => true,
            Ordering::Equal => self.unread_bytes < self.bytes_max,
            Ordering::Greater => {
                self.unread_bytes < self.bytes_max && self.early_bytes + bytes <= self.bytes_max
            }
        }
    }

    /// Takes a slice; one that was there already changes nothing.
    pub(super) fn insert(
        &mut self,
        slice_number: u64,
        more: bool,
        bytes: &[u8],
    ) -> Result<(), LinkError> {
        if slice_number < self.next || self.early.contains_key(&slice_number) {
            return Ok(());
        }
        if slice_number > self.next {
            self.early.insert(slice_number, Slice { more, bytes: bytes.to_vec() });
            self.early_bytes += bytes.len();
            return Ok(());
        }
        self.join(more, bytes)?;
        while let Some(slice) = self.early.remove(&self.next) {
            self.early_bytes -= slice.bytes.len();
            self.join(slice.more, &slice.bytes)?;
        }
        Ok(())
    }

    pub(super) fn next_message(&mut self) -> Option<Vec<u8>> {
        let message = self.messages.pop_front()?;
        self.unread_bytes -= message.len() + MESSAGE_BYTES_AROUND;
        Some(message)
    }

    fn join(&mut self, more: bool, bytes: &[u8]) -> Result<(), LinkError> {
        self.next += 1;
        if self.partial.len() + bytes.len() > LINK_MESSAGE_BYTES_MAX.min(self.bytes_max) {
            return Err(LinkError::MessageTooLong);
        }
        self.partial.extend_from_slice(bytes);
        if !more {
            self.unread_bytes += self.partial.len() + MESSAGE_BYTES_AROUND;
            self.messages.push_back(std::mem::take(&mut self.partial));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LINK_RECEIVE_BYTES_UNSIGNED;

    #[test]
    fn messages_are_cut_and_joined_whatever_the_order() {
        let messages = [
            b"short".to_vec(),
            vec![b'x'; SLICE_BYTES_MAX * 2 + 1],
            vec![b'y'; SLICE_BYTES_MAX],
            vec![],
        ];
        let mut outgoing = Outgoing::new();
        messages.iter().for_each(|message| outgoing.push(message));
        let mut incoming = Incoming::new();
        for slice_number in [6, 3, 2, 6, 5, 1, 4, 1] {
            let slice = outgoing.get(slice_number).unwrap();
            incoming.insert(slice_number, slice.more, &slice.bytes).unwrap();
        }
        let joined: Vec<_> = std::iter::from_fn(|| incoming.next_message()).collect();
        assert_eq!(joined, messages);
    }

    #[test]
    fn both_windows_are_bounded() {
        let mut outgoing = Outgoing::new();
        for _ in 0..LINK_WINDOW_SLICES + 5 {
            outgoing.push(b"x");
        }
        while outgoing.next_fresh().is_some() {
            outgoing.advance();
        }
        assert_eq!(outgoing.fresh, 1 + LINK_WINDOW_SLICES);
        outgoing.acknowledge(2);
        assert_eq!(outgoing.next_fresh(), None, "the first is still missing");
        outgoing.acknowledge(1);
        assert_eq!(outgoing.next_fresh(), Some(1 + LINK_WINDOW_SLICES));

        let incoming = Incoming::new();
        assert!(incoming.accepts(1, 1) && incoming.accepts(LINK_WINDOW_SLICES, 1));
        assert!(!incoming.accepts(0, 1) && !incoming.accepts(LINK_WINDOW_SLICES + 1, 1));
    }

    #[test]
    fn a_message_that_never_ends_is_refused() {
        let mut incoming = Incoming::new();
        let slice = vec![b'x'; SLICE_BYTES_MAX];
        let most = LINK_MESSAGE_BYTES_MAX / SLICE_BYTES_MAX;
        for slice_number in 1..=most as u64 {
            assert_eq!(incoming.insert(slice_number, true, &slice), Ok(()));
        }
        let beyond = incoming.insert(most as u64 + 1, true, &slice);
        assert_eq!(beyond, Err(LinkError::MessageTooLong));
    }

    /// What arrives out of order fills only what is for it: the next in order has room.
    #[test]
    fn what_is_held_is_bounded_and_the_next_in_order_always_has_room() {
        let mut incoming = Incoming::new();
        incoming.set_bytes_max(LINK_RECEIVE_BYTES_UNSIGNED);
        let slice = vec![b'x'; SLICE_BYTES_MAX / 2];
        let take = |incoming: &mut Incoming, slice_number, more| {
            let is_taken = incoming.accepts(slice_number, slice.len());
            if is_taken {
                incoming.insert(slice_number, more, &slice).unwrap();
            }
            assert!(incoming.bytes() <= 4 * 1_024 + MESSAGE_BYTES_AROUND);
            is_taken
        };
        let early = (3..20).filter(|&number| take(&mut incoming, number, false)).count();
        assert_eq!(early, 2, "of the seventeen");
        assert!(take(&mut incoming, 1, false) && take(&mut incoming, 2, false));
        assert!(!take(&mut incoming, 5, false), "until what is whole is read");
        while incoming.next_message().is_some() {}
        assert!(take(&mut incoming, 5, false));
    }

    #[test]
    fn a_message_that_can_not_fit_ends_the_link() {
        let mut incoming = Incoming::new();
        incoming.set_bytes_max(LINK_RECEIVE_BYTES_UNSIGNED);
        assert!(incoming.accepts(1, SLICE_BYTES_MAX));
        incoming.insert(1, true, &[b'x'; SLICE_BYTES_MAX]).unwrap();
        assert!(incoming.accepts(2, 1));
        assert_eq!(incoming.insert(2, true, b"x"), Err(LinkError::MessageTooLong));
    }
}
