//! CPU time of threads, from /proc (Linux).

use std::collections::BTreeMap;
use std::fs;

/// Clock ticks in a second, as Linux counts CPU time for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// A point in CPU time.
pub(crate) struct Cpu {
    process: String,
    only: Option<&'static str>,
    before: BTreeMap<String, (u64, u64)>,
}

/// What threads of one name took since.
pub(crate) struct Share {
    pub(crate) name: String,
    pub(crate) seconds: f64,
    kernel_seconds: f64,
}

impl Cpu {
    pub(crate) fn of_process(id: u32) -> Self {
        Self::start(id.to_string(), None)
    }

    /// Of a thread of this process.
    pub(crate) fn of_thread(name: &'static str) -> Self {
        Self::start("self".to_owned(), Some(name))
    }

    fn start(process: String, only: Option<&'static str>) -> Self {
        let before = threads(&process);
        Self { process, only, before }
    }

    pub(crate) fn since(&self) -> Vec<Share> {
        let mut shares = Vec::new();
        for (name, (user, kernel)) in threads(&self.process) {
            let (user_before, kernel_before) = self.before.get(&name).copied().unwrap_or_default();
            let (user, kernel) = (user - user_before, kernel - kernel_before);
            let is_wanted = self.only.is_none_or(|only| only == name);
            if is_wanted && user + kernel > 0 {
                let seconds = (user + kernel) as f64 / TICKS_PER_SECOND;
                shares.push(Share {
                    name,
                    seconds,
                    kernel_seconds: kernel as f64 / TICKS_PER_SECOND,
                });
            }
        }
        shares
    }
}

impl Share {
    pub(crate) fn kernel_percent(&self) -> f64 {
        100.0 * self.kernel_seconds / self.seconds
    }
}

/// User and kernel ticks of the threads of each name.
fn threads(process: &str) -> BTreeMap<String, (u64, u64)> {
    let mut threads: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return threads };
    for task in tasks.flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        // The name stands in parentheses, and may hold spaces.
        let Some((head, rest)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse().ok()).unwrap_or(0);
        let (user, kernel) = threads.entry(name).or_default();
        *user += ticks(11);
        *kernel += ticks(12);
    }
    threads
}
