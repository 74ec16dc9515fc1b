//! How messages get from storage into a session: each session reads the log from where it stands,
//! page by page, until it is at the end; from then on each message is put in as it comes. A session
//! that can't take more falls behind, and reads again later: so memory is bounded, and nothing is
//! lost.

use netchat_shared::time::Instant;

use crate::context::Context;
use crate::events::{BacklogPage, Delivery, Request, SessionKey};
use crate::limits::POSITION_WAIT_MAX;
use crate::storage::Sequence;

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cursor {
    /// It has not asked for messages yet.
    Off,
    /// Everything up to this was put in; what comes after waits in storage.
    Behind(Sequence),
    /// The same, and a page is being read.
    Loading(Sequence),
    /// The client has everything up to this, which the log has not reached here.
    Ahead { after: Sequence, since: Instant },
    /// Everything that the log has here was put in; the last of it was this.
    Live(Sequence),
}

impl Cursor {
    /// Stands at that place, and has to read on.
    pub(super) fn begin(cx: &Context, after: Sequence) -> Self {
        if after > cx.applied {
            Self::Ahead { after, since: cx.monotonic() }
        } else {
            Self::Behind(after)
        }
    }

    /// Up to where the session was given everything.
    pub(super) fn after(self) -> Option<Sequence> {
        match self {
            Self::Off => None,
            Self::Behind(after)
            | Self::Loading(after)
            | Self::Ahead { after, .. }
            | Self::Live(after) => Some(after),
        }
    }

    /// Whether a message that has just come is to be put in. One that reads, or has read, from
    /// storage finds it there.
    pub(super) fn takes(self, sequence: Sequence) -> bool {
        matches!(self, Self::Live(after) if sequence > after)
    }

    /// The message was put in, or need not be.
    pub(super) fn advance(&mut self, to: Sequence) {
        if self.takes(to) {
            *self = Self::Live(to);
        }
    }

    /// The session takes no more at present.
    pub(super) fn fall_behind(&mut self) {
        if let Self::Live(after) | Self::Loading(after) = *self {
            *self = Self::Behind(after);
        }
    }

    /// Reads on if there is something to read.
    pub(super) fn read_on(&mut self, cx: &mut Context, key: SessionKey) {
        match *self {
            Self::Behind(after) => {
                *self = Self::Loading(after);
                cx.request(key, Request::Backlog(after));
            }
            Self::Ahead { after, .. } if cx.applied >= after => {
                *self = Self::Behind(after);
                // The client said that it has everything up to there; now that can be believed.
                cx.request(key, Request::Received { up_to: after, handed: Vec::new() });
                self.read_on(cx, key);
            }
            // A place that is not reached by now is of another log: stands where the user does.
            Self::Ahead { since, .. } if cx.monotonic() >= since + POSITION_WAIT_MAX => {
                *self = Self::Off;
                cx.request(key, Request::Sync(None));
            }
            Self::Off | Self::Loading(_) | Self::Ahead { .. } | Self::Live(_) => {}
        }
    }

    /// The page behind that place was read. Puts its messages in, with a function that is false if
    /// there is no room. Another page than the one that is waited for changes nothing.
    pub(super) fn finish_page(
        &mut self,
        cx: &mut Context,
        after: Sequence,
        page: Option<&BacklogPage>,
        mut put: impl FnMut(&mut Context, &Delivery) -> bool,
    ) {
        if *self != Self::Loading(after) {
            return;
        }
        let Some(page) = page else {
            // Read again when the session is looked at next.
            *self = Self::Behind(after);
            return;
        };
        let mut reached = after;
        for delivery in &page.messages {
            if !put(cx, delivery) {
                *self = Self::Behind(reached);
                return;
            }
            reached = delivery.message.sequence;
        }
        let reached = reached.max(page.complete_to);
        *self = if reached >= cx.applied { Self::Live(reached) } else { Self::Behind(reached) };
    }

    /// When it has to be looked at, if the log does not go on before.
    pub(super) fn timeout(self) -> Option<Instant> {
        match self {
            Self::Ahead { since, .. } => Some(since + POSITION_WAIT_MAX),
            Self::Off | Self::Behind(_) | Self::Loading(_) | Self::Live(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::testing::context;

    const KEY: SessionKey = SessionKey(1);

    #[test]
    fn it_is_live_only_when_it_has_read_all_that_is_here() {
        let mut cx = context();
        cx.applied = Sequence(10);
        let mut cursor = Cursor::begin(&cx, Sequence(3));
        assert!(!cursor.takes(Sequence(11)), "it will find it in storage");
        cursor.read_on(&mut cx, KEY);
        assert_eq!(cx.take_requests(), [Request::Backlog(Sequence(3))]);
        let empty = |complete_to| BacklogPage { messages: vec![], complete_to };
        cursor.finish_page(&mut cx, Sequence(2), Some(&empty(Sequence(10))), |_, _| true);
        assert_eq!(cursor, Cursor::Loading(Sequence(3)), "that is another page");
        cursor.finish_page(&mut cx, Sequence(3), Some(&empty(Sequence(9))), |_, _| true);
        assert_eq!(cursor, Cursor::Behind(Sequence(9)), "the copy was one behind");
        cursor.read_on(&mut cx, KEY);
        cursor.finish_page(&mut cx, Sequence(9), Some(&empty(Sequence(10))), |_, _| true);
        assert_eq!(cursor, Cursor::Live(Sequence(10)));
        cursor.advance(Sequence(11));
        assert!(!cursor.takes(Sequence(11)) && cursor.takes(Sequence(12)));
        cursor.fall_behind();
        assert_eq!(cursor, Cursor::Behind(Sequence(11)));
    }

    #[test]
    fn a_place_beyond_the_log_is_waited_for_and_then_given_up() {
        let mut cx = context();
        cx.applied = Sequence(10);
        let mut cursor = Cursor::begin(&cx, Sequence(12));
        cursor.read_on(&mut cx, KEY);
        assert_eq!(cx.take_requests(), []);
        let mut reached = cursor;
        cx.applied = Sequence(12);
        reached.read_on(&mut cx, KEY);
        let received = Request::Received { up_to: Sequence(12), handed: vec![] };
        assert_eq!(cx.take_requests(), [received, Request::Backlog(Sequence(12))]);
        cx.applied = Sequence(11);
        cx.pass(POSITION_WAIT_MAX);
        cursor.read_on(&mut cx, KEY);
        assert_eq!(cx.take_requests(), [Request::Sync(None)]);
    }
}
