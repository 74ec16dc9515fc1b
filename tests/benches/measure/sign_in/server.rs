//! The server that is measured, and what the system counts of it (Linux).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use netchat_tests::process::program;
use tempfile::TempDir;

use super::client::PASSWORD;

const PAGE_BYTES: u64 = 4_096;

/// It runs until this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut command = Command::new(program("netchat-server"));
        command.args(["--listen", "127.0.0.1:0", "--password", PASSWORD]);
        command.args(flags).arg("--database");
        command.arg(folder.path().join("bench.db")).env_remove("NETCHAT_LOG");
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split([' ', '\n']).find_map(|word| word.parse().ok());
        Self { address: address.expect("where it listens"), child, _folder: folder }
    }

    /// What it has in memory.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        pages * PAGE_BYTES
    }

    /// The CPU time of all its threads, to the nanosecond.
    pub(crate) fn cpu_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = tasks.flatten().filter_map(|task| {
            let counts = fs::read_to_string(task.path().join("schedstat")).ok()?;
            counts.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
