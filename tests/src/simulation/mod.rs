//! Deterministic simulation: one seed decides everything.

pub mod host;
pub mod network;
pub mod original;
pub mod world;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs a simulation for each seed, on all cores. A seed that fails is printed.
///
/// `NETCHAT_SEED` runs just that one, `NETCHAT_SEEDS` so many from the first.
#[expect(clippy::print_stderr, reason = "the seed that fails is what the person needs")]
pub fn seeds(what: &str, seeds: Range<u64>, run: impl Fn(u64) + Sync) {
    let from_environment = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    if let Some(seed) = from_environment("NETCHAT_SEED") {
        return run(seed);
    }
    let count = from_environment("NETCHAT_SEEDS").unwrap_or(seeds.end - seeds.start);
    let next = AtomicU64::new(0);
    let worker = || loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= count {
            return;
        }
        let seed = seeds.start + index;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!("{what}: seed {seed} fails; NETCHAT_SEED={seed} runs it again");
            resume_unwind(panic);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(worker);
        }
    });
}
