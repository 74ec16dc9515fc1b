//! What a signed-in session that says nothing takes of memory, as the system counts it.

use std::ops::Range;
use std::time::Duration;

use super::client::Client;
use super::world::World;

const SESSIONS: u32 = 10_000;
/// Sessions before them, which take up what starting has freed.
const SESSIONS_BEFORE: u32 = 5_000;
/// How many sign in before their clients are forgotten: what the server keeps is to be counted, and
/// nothing else.
const GROUP: u32 = 500;
const PAGE_BYTES: u64 = 4_096;

pub(crate) fn bench() {
    let all = SESSIONS_BEFORE + SESSIONS;
    let mut world = World::new(all, 0);
    sign_in(&mut world, 0..SESSIONS_BEFORE);
    let before = resident_bytes();
    sign_in(&mut world, SESSIONS_BEFORE..all);
    let per_session = (resident_bytes().saturating_sub(before)) / u64::from(SESSIONS);
    println!("memory of a signed-in session, idle, of {SESSIONS}: {per_session} bytes");
}

fn sign_in(world: &mut World, who: Range<u32>) {
    for first in who.step_by(GROUP as usize) {
        world.sign_in(first as usize..(first + GROUP) as usize, Duration::from_millis(100));
        for index in first..first + GROUP {
            world.clients[index as usize] = Client::new(index);
        }
    }
}

/// What this process has in memory.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * PAGE_BYTES
}
