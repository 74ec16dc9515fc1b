//! CPU time of a program's threads, from /proc (Linux).

use std::collections::BTreeMap;
use std::fs;
use std::ops::AddAssign;

/// How long a clock tick is, as Linux counts CPU time for programs.
const TICK_MICROS: u64 = 10_000;

/// A point in the CPU time of a program.
pub(crate) struct Cpu {
    process: String,
    before: BTreeMap<String, Time>,
}

/// CPU time, in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Time {
    pub(crate) user: u64,
    pub(crate) kernel: u64,
}

impl Cpu {
    pub(crate) fn of_process(id: u32) -> Self {
        Self::start(id.to_string())
    }

    pub(crate) fn of_this_process() -> Self {
        Self::start("self".to_owned())
    }

    fn start(process: String) -> Self {
        let before = threads(&process);
        Self { process, before }
    }

    /// What the threads of each name took since.
    pub(crate) fn since(&self) -> BTreeMap<String, Time> {
        let mut since = threads(&self.process);
        for (name, time) in &mut since {
            let before = self.before.get(name).copied().unwrap_or_default();
            // A thread that ended takes its time with it.
            time.user = time.user.saturating_sub(before.user);
            time.kernel = time.kernel.saturating_sub(before.kernel);
        }
        since.retain(|_, time| time.total() > 0);
        since
    }
}

impl Time {
    pub(crate) fn total(self) -> u64 {
        self.user + self.kernel
    }
}

impl AddAssign for Time {
    fn add_assign(&mut self, other: Self) {
        self.user += other.user;
        self.kernel += other.kernel;
    }
}

/// The time of the threads of each name.
fn threads(process: &str) -> BTreeMap<String, Time> {
    let mut threads: BTreeMap<String, Time> = BTreeMap::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return threads };
    for task in tasks.flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        // The name stands in parentheses, and may hold spaces.
        let Some((head, rest)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse().ok()).unwrap_or(0);
        let (user, kernel): (u64, u64) = (ticks(11), ticks(12));
        *threads.entry(name).or_default() +=
            Time { user: user * TICK_MICROS, kernel: kernel * TICK_MICROS };
    }
    threads
}
