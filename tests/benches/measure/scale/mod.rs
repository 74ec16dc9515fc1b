//! What grows with how many there are, and what does not: events with many online, messages and
//! pages with many stored.

mod client;
mod idle;
mod meter;
mod sessions;
mod storage;
mod stored;
mod world;

/// How many are online.
const ONLINE: [u32; 3] = [100, 1_000, 10_000];
/// Most messages stored.
const STORED_MAX: u64 = 1_000_000;

pub(crate) fn bench() {
    // First, while nothing that was used and freed can be taken again.
    idle::bench();
    ONLINE.into_iter().for_each(sessions::bench);
    stored::bench(STORED_MAX);
}
