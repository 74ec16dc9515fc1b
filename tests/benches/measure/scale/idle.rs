//! What a signed-in session that says nothing takes of memory, as the system counts it.

use std::time::Duration;

use super::client::Client;
use super::world::World;

const SESSIONS: u32 = 10_000;
/// How many sign in before their clients are forgotten: what the server keeps is to be counted, and
/// nothing else.
const GROUP: usize = 500;
const PAGE_BYTES: u64 = 4_096;

pub(crate) fn bench() {
    let mut world = World::new(SESSIONS, 0);
    let before = resident_bytes();
    for first in (0..SESSIONS as usize).step_by(GROUP) {
        let group = first..first + GROUP;
        world.sign_in(group.clone(), Duration::from_millis(100));
        for index in group {
            world.clients[index] = Client::new(index as u32);
        }
    }
    let per_session = (resident_bytes().saturating_sub(before)) / u64::from(SESSIONS);
    println!("memory of a signed-in session, idle, of {SESSIONS}: {per_session} bytes");
}

/// What this process has in memory.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * PAGE_BYTES
}
