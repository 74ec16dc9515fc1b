//! `netchat chat` as a tool: lines in, lines out.

use std::process::{ExitStatus, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::{PATIENCE, program};

/// The menu as the original prints it.
pub const MENU: [&str; 5] = [
    "To chat with one other user, enter CHAT",
    "To chat with a group, enter GROUP",
    "To broadcast a message, enter BROADCAST",
    "To see a list of users online, enter ACTIVE",
    "To exit the server and end your client, enter EXIT:",
];

/// A terminal client whose standard input and output are pipes.
pub struct Terminal {
    /// Where it keeps which servers it knows.
    _state: TempDir,
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Terminal {
    pub fn start(arguments: &[&str]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut command = Command::new(program("netchat"));
        command.arg("chat").args(arguments).kill_on_drop(true);
        // Ports are used again by other servers.
        command.env("XDG_STATE_HOME", state.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { _state: state, input: child.stdin.take(), child, lines }
    }

    /// Signs in with flags, up to and including the menu.
    pub async fn signed_in(server: &str, name: &str, more: &[&str]) -> Self {
        let password = format!("{name}spassword");
        let mut arguments = vec!["--server", server, "--server-password", "password"];
        arguments.extend(["--name", name, "--password", &password]);
        arguments.extend(more);
        let mut terminal = Self::start(&arguments);
        terminal.expects("LOGGEDIN").await;
        terminal.expects_menu().await;
        terminal
    }

    /// Types a line.
    pub async fn types(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        input.flush().await.unwrap();
    }

    /// The next line must be this one.
    pub async fn expects(&mut self, line: &str) {
        assert_eq!(self.line().await, line);
    }

    pub async fn expects_menu(&mut self) {
        for line in MENU {
            self.expects(line).await;
        }
    }

    /// Waits for this line; others may come before it.
    pub async fn waits_for(&mut self, line: &str) {
        let mut before = Vec::new();
        loop {
            let next = timeout(PATIENCE, self.lines.next_line()).await;
            match next.unwrap_or_else(|_| panic!("no line {line:?}, only {before:?}")).unwrap() {
                Some(next) if next == line => return,
                Some(next) => before.push(next),
                None => panic!("the client ended without {line:?}, after {before:?}"),
            }
        }
    }

    pub async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("no line in time");
        line.unwrap().expect("the client ended")
    }

    /// Ends the input; the client's status, and what it wrote to standard error.
    pub async fn ends(mut self) -> (ExitStatus, String) {
        self.input = None;
        self.ends_by_itself().await
    }

    /// The same, of a client that ends while there may be more to read.
    pub async fn ends_by_itself(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        let status = timeout(PATIENCE * 2, async {
            while self.lines.next_line().await.unwrap().is_some() {}
            stderr.read_to_string(&mut rest).await.unwrap();
            self.child.wait().await.unwrap()
        });
        (status.await.expect("the client did not end in time"), rest)
    }
}
