//! Who runs on which core of the machine.

use rustix::thread::{CpuSet, sched_setaffinity};

/// Whatever is measured, with all its threads.
const MEASURED: usize = 0;
/// The generator of its load.
const GENERATOR: usize = 1;

/// Puts this thread on the generator's core, if the machine has one for it.
pub(crate) fn take_generator_core() {
    run_on(GENERATOR);
}

/// Starts something that is measured: a program inherits the core of the thread that starts it.
pub(crate) fn on_measured_core<T>(start: impl FnOnce() -> T) -> T {
    run_on(MEASURED);
    let started = start();
    run_on(GENERATOR);
    started
}

fn run_on(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    if let Err(error) = sched_setaffinity(None, &set) {
        println!("core {core} can't be had ({error}): the figures include what shares a core");
    }
}
