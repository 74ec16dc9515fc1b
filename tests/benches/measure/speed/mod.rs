//! How many messages the server takes, what CPU time each costs, and how long it is under way;
//! beside it, in the same run and under the same load, a bare relay and what other servers do.

mod cores;
mod cpu;
pub(crate) mod in_memory;
mod load;
mod pace;
mod parties;
mod programs;
pub(crate) mod relay;
mod report;
mod rivals;
mod sockets;

use std::time::{Duration, Instant};

use self::report::Report;
use self::rivals::Rival;
use crate::options::Options;

/// How long anything but a measurement may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn bench(options: &Options) {
    let Options { pairs, windows, rounds, duration } = options;
    println!(
        "{pairs} pairs, windows of {windows:?} messages, {rounds} rounds of {} s; each figure is \
         the median (least to most)",
        duration.as_secs()
    );
    cores::take_generator_core();
    let mut report = Report::default();
    for round in 1..=*rounds {
        for rival in Rival::ALL {
            match rival.measure(options) {
                Some(outcomes) => report.add(rival, outcomes),
                None if round == 1 => println!("{} is not installed", rival.name()),
                None => {}
            }
        }
        println!("round {round} of {rounds} is done");
    }
    report.print();
}

/// Looks again and again until there is something.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun_at = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun_at.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}
