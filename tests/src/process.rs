//! The programs as an operator starts them. Each is killed when its handle is dropped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Longest time for anything that a test waits for. Generous: it only decides how long a failure
/// takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The program of that name, as the build left it.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/debug/deps/test-… -> target/debug/name
    let path = test.parent().and_then(|deps| deps.parent()).unwrap().join(name);
    assert!(path.exists(), "{} is not built: run `cargo build` first", path.display());
    path
}

/// A running program whose output is read line by line.
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        Self::run(Command::new(program(name)), arguments)
    }

    /// Starts it with variables.
    pub fn start_with(name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program(name));
        command.envs(variables.iter().copied());
        Self::run(command, arguments)
    }

    /// Starts it with a limit of open files that it can't raise.
    pub fn start_with_file_limit(files: usize, name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={files}:{files}")).arg(program(name));
        Self::run(command, arguments)
    }

    fn run(mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments).env("NO_COLOR", "1").env_remove("NETCHAT_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line of its output.
    pub async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("no line in time");
        line.unwrap().expect("the program ended")
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Nobody reads its log any more: the pipe is closed at this end.
    pub fn close_log(&mut self) {
        drop(self.child.stderr.take());
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub fn terminate(&self) {
        let id = self.id().to_string();
        let status = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end; its status and what it wrote to standard error.
    pub async fn end(mut self) -> (ExitStatus, String) {
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        let reading = stderr.read_to_string(&mut errors);
        timeout(PATIENCE, reading).await.expect("it did not end in time").unwrap();
        (self.child.wait().await.unwrap(), errors)
    }
}

/// `netchat up`, with a database of its own.
pub struct System {
    pub process: Process,
    pub udp: SocketAddr,
    pub http: SocketAddr,
    pub folder: TempDir,
}

impl System {
    pub async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, &["127.0.0.1:0", "127.0.0.1:0"], arguments).await
    }

    /// Starts with these addresses (UDP, HTTP) and the database of an earlier one.
    pub async fn start_in(folder: TempDir, addresses: &[&str; 2], arguments: &[&str]) -> Self {
        let database = folder.path().join("netchat.db");
        let mut all = vec!["up", "--udp-listen", addresses[0], "--listen", addresses[1]];
        all.extend(["--database", database.to_str().unwrap()]);
        all.extend(arguments);
        let mut process = Process::start("netchat", &all);
        let udp = last_word(&process.line().await).parse().unwrap();
        let http =
            last_word(&process.line().await).strip_prefix("http://").unwrap().parse().unwrap();
        Self { process, udp, http, folder }
    }
}

/// Server and gateway as two processes, each of which can end and start again where it was.
pub struct Parts {
    server: Option<Process>,
    gateway: Option<Process>,
    pub udp: SocketAddr,
    pub http: SocketAddr,
    pub folder: TempDir,
}

impl Parts {
    pub async fn start() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let folder = tempfile::tempdir().unwrap();
        let mut parts = Self { server: None, gateway: None, udp: any, http: any, folder };
        parts.start_server().await;
        parts.start_gateway().await;
        parts
    }

    pub async fn start_server(&mut self) {
        let database = self.folder.path().join("netchat.db");
        let listen = self.udp.to_string();
        let key = self.gateway_key_file();
        let mut flags = vec!["--listen", &listen, "--database", database.to_str().unwrap()];
        flags.extend(["--gateway-key-file", key.to_str().unwrap()]);
        let mut server = Process::start("netchat-server", &flags);
        let line = server.line().await;
        self.udp = last_word(line.trim_end_matches(" (UDP)")).parse().unwrap();
        self.server = Some(server);
    }

    pub async fn start_gateway(&mut self) {
        self.start_gateway_to(self.udp).await;
    }

    /// Starts a gateway in front of another address than the server's.
    pub async fn start_gateway_to(&mut self, server: SocketAddr) {
        let (listen, server) = (self.http.to_string(), server.to_string());
        let key = self.gateway_key_file();
        let mut flags = vec!["--listen", &listen, "--server", &server];
        flags.extend(["--gateway-key-file", key.to_str().unwrap()]);
        flags.extend(["--trusted-proxy", "127.0.0.1"]);
        let mut gateway = Process::start("netchat-gateway", &flags);
        let line = gateway.line().await;
        self.http = last_word(&line).strip_prefix("http://").unwrap().parse().unwrap();
        self.gateway = Some(gateway);
    }

    /// The server makes it when it starts.
    fn gateway_key_file(&self) -> PathBuf {
        self.folder.path().join("gateway-key")
    }

    /// Ends the server in order; what it logged.
    pub async fn stop_server(&mut self) -> String {
        let server = self.server.take().expect("it runs");
        server.terminate();
        server.end().await.1
    }

    /// Ends the server without a warning.
    pub async fn kill_server(&mut self) {
        self.server.take().expect("it runs").kill().await;
    }

    /// Ends the gateway without a warning.
    pub async fn kill_gateway(&mut self) {
        self.gateway.take().expect("it runs").kill().await;
    }
}

fn last_word(line: &str) -> &str {
    line.rsplit(' ').next().unwrap()
}
