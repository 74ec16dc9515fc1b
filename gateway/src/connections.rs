//! The connections that have no session: who gives way when there are too many.
//!
//! Anybody can open connections and say nothing. So a new one is always let in, and the one that has
//! asked for nothing for the longest time gives way: at its own address first, so that nobody pays for
//! another.

use std::collections::BTreeMap;

use crate::limits::{
    CONNECTIONS_MAX, CONNECTIONS_PER_FILES, CONNECTIONS_SHARE, FILES_PER_SESSION, FILES_RESERVED,
};
use crate::source::Source;

/// How many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) connections_max: usize,
    pub(crate) connections_per_source_max: usize,
    pub(crate) sessions_max: usize,
}

impl Bounds {
    /// Divides the files that the process may open.
    pub(crate) fn of_files(files: usize, sessions_wanted: usize) -> Self {
        let connections_max = CONNECTIONS_MAX.min(files / CONNECTIONS_PER_FILES).max(2);
        let left = files.saturating_sub(FILES_RESERVED + connections_max);
        Self {
            connections_max,
            connections_per_source_max: (connections_max / CONNECTIONS_SHARE).max(1),
            sessions_max: sessions_wanted.min(left / FILES_PER_SESSION).max(1),
        }
    }
}

/// Names a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(u64);

/// The connections, and with each what is needed to end it.
#[derive(Debug)]
pub(crate) struct Connections<H> {
    bounds: Bounds,
    next: u64,
    open: BTreeMap<ConnectionId, Connection<H>>,
    /// Those that have been silent for the longest time first; in all, and of each source.
    by_silence: BTreeMap<u64, ConnectionId>,
    by_source: BTreeMap<Source, BTreeMap<u64, ConnectionId>>,
}

#[derive(Debug)]
struct Connection<H> {
    /// None for a proxy, which is many.
    source: Option<Source>,
    /// When it last asked for something, in the order of all.
    heard: u64,
    handle: H,
}

impl<H> Connections<H> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            next: 0,
            open: BTreeMap::new(),
            by_silence: BTreeMap::new(),
            by_source: BTreeMap::new(),
        }
    }

    /// The name of the next connection.
    pub(crate) fn next_id(&mut self) -> ConnectionId {
        ConnectionId(self.count())
    }

    /// Makes room for a connection of this source; answers what has to end for it.
    pub(crate) fn make_room(&mut self, source: Option<Source>) -> Option<H> {
        let of_source = source.and_then(|source| self.by_source.get(&source));
        let full = of_source.filter(|all| all.len() >= self.bounds.connections_per_source_max);
        match full.and_then(BTreeMap::first_key_value) {
            Some((_, &id)) => self.remove(id),
            None if self.open.len() >= self.bounds.connections_max => self.give_way(),
            None => None,
        }
    }

    /// The one that gives way when the system has no room for more.
    pub(crate) fn give_way(&mut self) -> Option<H> {
        let (_, &id) = self.by_silence.first_key_value()?;
        self.remove(id)
    }

    pub(crate) fn insert(&mut self, id: ConnectionId, source: Option<Source>, handle: H) {
        let heard = self.count();
        self.open.insert(id, Connection { source, heard, handle });
        self.place(id, source, heard);
    }

    /// It has asked for something.
    pub(crate) fn heard(&mut self, id: ConnectionId) {
        let heard = self.count();
        if let Some(connection) = self.open.get_mut(&id) {
            let (source, before) = (connection.source, connection.heard);
            connection.heard = heard;
            self.displace(source, before);
            self.place(id, source, heard);
        }
    }

    /// It has ended, or has a session now. What is not there any more has given way.
    pub(crate) fn remove(&mut self, id: ConnectionId) -> Option<H> {
        let connection = self.open.remove(&id)?;
        self.displace(connection.source, connection.heard);
        Some(connection.handle)
    }

    fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn place(&mut self, id: ConnectionId, source: Option<Source>, heard: u64) {
        self.by_silence.insert(heard, id);
        if let Some(source) = source {
            self.by_source.entry(source).or_default().insert(heard, id);
        }
    }

    fn displace(&mut self, source: Option<Source>, heard: u64) {
        self.by_silence.remove(&heard);
        if let Some(source) = source
            && let Some(of_source) = self.by_source.get_mut(&source)
        {
            of_source.remove(&heard);
            if of_source.is_empty() {
                self.by_source.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: u8) -> Option<Source> {
        Some(Source::of([192, 0, 2, n].into()))
    }

    fn open(connections: &mut Connections<u8>, source: Option<Source>, handle: u8) -> ConnectionId {
        let id = connections.next_id();
        connections.insert(id, source, handle);
        id
    }

    fn connections(connections_max: usize, connections_per_source_max: usize) -> Connections<u8> {
        Connections::new(Bounds { connections_max, connections_per_source_max, sessions_max: 1 })
    }

    #[test]
    fn who_is_silent_for_longest_gives_way_at_its_own_address_first() {
        let mut connections = connections(4, 2);
        let first = open(&mut connections, source(1), 11);
        open(&mut connections, source(2), 21);
        open(&mut connections, source(2), 22);
        assert_eq!(connections.make_room(source(2)), Some(21), "not the first of all");
        open(&mut connections, source(2), 23);
        open(&mut connections, None, 31);
        connections.heard(first);
        assert_eq!(connections.make_room(source(3)), Some(22), "the first has asked meanwhile");
        assert_eq!(connections.make_room(None), None, "there is room");
        open(&mut connections, None, 32);
        assert_eq!(connections.make_room(None), Some(23));
        assert_eq!(connections.remove(first), Some(11));
        assert_eq!(connections.remove(first), None);
        connections.heard(first);
        assert_eq!(connections.give_way(), Some(31));
        assert_eq!(connections.give_way(), Some(32));
        assert_eq!(connections.give_way(), None);
        assert!(connections.by_silence.is_empty() && connections.by_source.is_empty());
    }

    #[test]
    fn few_files_are_divided_so_that_all_can_be_open_at_once() {
        for files in [64, 200, 1_024, 4_096, 20_000, 1_000_000] {
            let bounds = Bounds::of_files(files, 8_000);
            let used = bounds.connections_max + FILES_PER_SESSION * bounds.sessions_max;
            assert!(files <= 200 || used + FILES_RESERVED <= files, "{files}: {bounds:?}");
            assert!(bounds.connections_per_source_max >= 1, "{files}: {bounds:?}");
        }
        assert_eq!(Bounds::of_files(1_024, 8_000).sessions_max, 416);
        assert_eq!(Bounds::of_files(20_000, 8_000).sessions_max, 8_000);
    }
}
