//! Server passwords of original clients that came too soon after wrong ones. Their protocol has no word
//! for "later", and `Locked` would call wrong what may be right; a client waits for its answer without
//! end. So the answer waits.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::admission::Source;
use crate::context::{Context, TimerKey, Timers};
use crate::limits::{KNOCKS_HELD_MAX, KNOCKS_HELD_OF_SOURCE_MAX};

/// What came too soon, to be looked at in its time: at most one datagram for each address.
#[derive(Debug)]
pub(in crate::session) struct HeldKnocks {
    by_time: Timers<SocketAddr>,
    by_address: BTreeMap<SocketAddr, (Source, Vec<u8>)>,
}

impl HeldKnocks {
    pub(in crate::session) fn new() -> Self {
        Self { by_time: Timers::new(), by_address: BTreeMap::new() }
    }

    /// Keeps a datagram for so long; beyond the bounds it is dropped, as the network might have. A
    /// repetition is the same knock.
    pub(in crate::session) fn hold(
        &mut self,
        cx: &mut Context,
        (address, source): (SocketAddr, Source),
        datagram: &[u8],
        wait: Duration,
    ) {
        let of_source = self.by_address.values().filter(|(held, _)| *held == source).count();
        let is_full =
            self.by_address.len() >= KNOCKS_HELD_MAX || of_source >= KNOCKS_HELD_OF_SOURCE_MAX;
        if is_full && !self.by_address.contains_key(&address) {
            return;
        }
        self.by_address.insert(address, (source, datagram.to_vec()));
        self.by_time.set_if_unset(address, cx.monotonic() + wait);
        self.set_timer(cx);
    }

    /// A knock whose time has come.
    pub(in crate::session) fn pop_due(
        &mut self,
        cx: &mut Context,
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let address = self.by_time.pop_due(cx.monotonic());
        self.set_timer(cx);
        let address = address?;
        self.by_address.remove(&address).map(|(_, datagram)| (address, datagram))
    }

    fn set_timer(&self, cx: &mut Context) {
        cx.timers.set(TimerKey::HeldKnocks, self.by_time.next());
    }
}
