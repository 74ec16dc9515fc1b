//! The programs that are measured, each on the core for what is measured.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::parties::netchat::PASSWORD;
use super::{cores, rivals::Rival};

/// A program that runs until this is dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where its files are.
    _folder: TempDir,
}

impl Program {
    /// Starts it; `None` if it is not installed.
    pub(crate) fn start(rival: Rival) -> Option<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        match rival {
            Rival::Relay => Some(Self::start_own(folder, "serve-relay")),
            Rival::InMemory => Some(Self::start_own(folder, "serve-in-memory")),
            Rival::Server => Some(Self::start_server(folder)),
            Rival::Mosquitto => Self::start_mosquitto(folder),
            Rival::Nats => Self::start_nats(folder),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// This program once more, as one that serves.
    fn start_own(folder: TempDir, what: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::start_speaking(folder, command.arg(what))
    }

    fn start_server(folder: TempDir) -> Self {
        let mut command = Command::new(built("netchat-server"));
        command.args(["--listen", "127.0.0.1:0", "--password", PASSWORD]);
        // A few accounts stand for many here.
        command.args(["--message-quota", "off", "--request-quota", "off", "--database"]);
        command.arg(folder.path().join("bench.db")).env_remove("NETCHAT_LOG");
        Self::start_speaking(folder, &mut command)
    }

    fn start_mosquitto(folder: TempDir) -> Option<Self> {
        let address = free_address();
        let settings = folder.path().join("mosquitto.conf");
        let port = address.port();
        // In memory, and no bound but its own on what is under way.
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n\
             max_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\n"
        );
        std::fs::write(&settings, text).unwrap();
        let mut command = Command::new(installed("mosquitto")?);
        Some(Self::start_silent(folder, command.arg("-c").arg(settings), address))
    }

    fn start_nats(folder: TempDir) -> Option<Self> {
        let address = free_address();
        let mut command = Command::new(installed("nats-server")?);
        command.args(["-a", "127.0.0.1", "-p", &address.port().to_string()]);
        Some(Self::start_silent(folder, &mut command, address))
    }

    /// One that says where it listens, in the first line that it prints.
    fn start_speaking(folder: TempDir, command: &mut Command) -> Self {
        let mut child = spawn(command.stdout(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line = line.trim_end().trim_end_matches(" (UDP)");
        let address = line.rsplit(' ').next().unwrap().parse().unwrap();
        Self { child, address, _folder: folder }
    }

    fn start_silent(folder: TempDir, command: &mut Command, address: SocketAddr) -> Self {
        let child = spawn(command.stdout(Stdio::null()));
        Self { child, address, _folder: folder }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stderr(Stdio::null());
    cores::on_measured_core(|| command.spawn()).unwrap()
}

/// A program of ours, beside this one's folder.
fn built(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().and_then(Path::parent).unwrap().join(name);
    assert!(path.exists(), "{name} is not built: `cargo xtask bench` builds it");
    path
}

fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    // Debian keeps servers where only root looks for programs.
    let more = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&folders)
        .chain(more)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// An address that nobody had a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
