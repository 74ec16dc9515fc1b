//! `netchat chat`: the session, the terminal and a UDP socket in one loop.

mod account;
mod address;
mod input;
mod known;
mod recent;
mod screen;
mod terminal;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use netchat_client::session::{Event, Output, PasswordTask, PasswordTaskDone, Session, Trust};
use netchat_process::{Clock, SecretSetting, SecretText, fail, read_secret_line, shutdown_signal};
use netchat_shared::extended::DeviceName;
use netchat_shared::limits::DATAGRAM_BYTES_MAX;
use netchat_shared::name::UserName;
use netchat_shared::opaque::{Stretcher, Word, WordError};
use netchat_shared::password::Password;
use netchat_shared::server_key::ServerKey;
use netchat_shared::time::Instant;
use tokio::net::UdpSocket;
use tokio::task::{JoinError, JoinHandle};

use self::address::ServerAddress;
use self::input::{Input, Typed, Wanted};
use self::known::KnownServers;
use self::screen::Screen;
use self::terminal::{Given, Prompt, Terminal};

/// How long a client that is not at a terminal tries to reach the server.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(10);

/// How long a client that could end waits until the server knows of everything that was shown. What
/// it does not know of is shown again another time.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(5);

/// What nobody else on the machine may see of the flags and variables. The server's operator has
/// variables of other names: one that is exported for a server is no person's password.
pub(crate) const SECRETS: [SecretSetting; 3] = [
    SecretSetting { flag: "word", variables: &["NETCHAT_ONE_TIME_WORD"] },
    SecretSetting { flag: "password", variables: &["NETCHAT_USER_PASSWORD"] },
    SecretSetting { flag: "server-password", variables: &["NETCHAT_SERVER_PASSWORD"] },
];

/// The terminal client's flags.
#[derive(Debug, Args)]
pub(crate) struct ChatArguments {
    /// The server, host:port (UDP); with its code and @ before it, no other is spoken with
    #[arg(long, env = "NETCHAT_SERVER", value_name = "[CODE@]HOST:PORT")]
    server: Option<ServerAddress>,

    /// The password that opens the server; or by NETCHAT_SERVER_PASSWORD
    #[arg(
        long,
        allow_hyphen_values = true,
        conflicts_with = "server_password_file",
        value_name = "PASSWORD"
    )]
    server_password: Option<SecretText>,

    /// A file with that password, which only its owner may read; - is a line of standard input
    #[arg(long, value_name = "FILE")]
    server_password_file: Option<PathBuf>,

    /// The name to sign in under; a new one is registered
    #[arg(long, env = "NETCHAT_NAME", value_name = "NAME")]
    name: Option<UserName>,

    /// The password of that name; or by NETCHAT_USER_PASSWORD
    #[arg(
        long,
        allow_hyphen_values = true,
        conflicts_with = "password_file",
        value_name = "PASSWORD"
    )]
    password: Option<SecretText>,

    /// A file with that password, which only its owner may read; - is a line of standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// A one-time word of whoever runs the server: with it, a new password takes the place of one that you
    /// do not know
    #[arg(long, conflicts_with = "word_file", value_name = "WORD")]
    word: Option<SecretText>,

    /// A file with that word, which only its owner may read; - is a line of standard input
    #[arg(long, value_name = "FILE")]
    word_file: Option<PathBuf>,

    /// Speak only the classic protocol, as the original clients do: whoever sees the network can read
    /// everything, the passwords too
    #[arg(long, env = "NETCHAT_CLASSIC", value_parser = BoolishValueParser::new())]
    classic: bool,
}

/// The loop's state.
struct Chat {
    session: Session,
    terminal: Terminal,
    screen: Screen,
    input: Input,
    server: ServerAddress,
    known: KnownServers,
    socket: Option<UdpSocket>,
    /// What is being computed with a password.
    computing: Option<JoinHandle<PasswordTaskDone>>,
    /// What is computed next.
    to_compute: Option<Box<PasswordTask>>,
    clock: Clock,
    /// A line was asked for so, and has not come.
    asked: Option<Prompt>,
    /// There is no more input: what was sent is waited for.
    has_ended: bool,
    /// Since when everything is settled, and it could end.
    settled_at: Option<Instant>,
    /// It is signing out.
    is_ending: bool,
}

pub(crate) async fn run(arguments: ChatArguments) -> ExitCode {
    match Chat::start(arguments).await {
        Ok(mut chat) => chat.run().await,
        Err(error) => fail("netchat chat", &error),
    }
}

/// The password of a setting, given as it is or in a file.
fn read_password(
    flag: &str,
    text: Option<SecretText>,
    file: Option<&Path>,
) -> io::Result<Option<Password>> {
    let named = |error: &dyn std::fmt::Display| io::Error::other(format!("--{flag}: {error}"));
    let text = match file {
        Some(path) => Some(read_secret_line(path).map_err(|error| named(&error))?),
        None => text,
    };
    let password = text.map(|text| Password::new(text.reveal()));
    password.transpose().map_err(|error| named(&error))
}

fn read_word(text: Option<SecretText>, file: Option<&Path>) -> io::Result<Option<Word>> {
    let named = |error: &dyn std::fmt::Display| io::Error::other(format!("--word: {error}"));
    let text = match file {
        Some(path) => Some(read_secret_line(path).map_err(|error| named(&error))?),
        None => text,
    };
    let word = text.map(|text| text.reveal().trim().parse());
    word.transpose().map_err(|error: WordError| named(&error))
}

impl Chat {
    async fn start(arguments: ChatArguments) -> io::Result<Self> {
        let file = arguments.server_password_file.as_deref();
        let server_password = read_password("server-password", arguments.server_password, file)?;
        let file = arguments.password_file.as_deref();
        let password = read_password("password", arguments.password, file)?;
        let word = read_word(arguments.word, arguments.word_file.as_deref())?;
        let mut input = Input::start()?;
        let server = match arguments.server {
            Some(server) => server,
            None => ask_server(&mut input).await?,
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let known = KnownServers::of_person();
        let trust = match (server.code, known.key(&server.name())) {
            (Some(code), _) => Trust::Code(code),
            (None, Some(key)) => Trust::Key(key),
            (None, None) => Trust::FirstUse,
        };
        let given = Given {
            is_interactive: input.is_terminal,
            server_password,
            name: arguments.name,
            password,
            word,
        };
        let mut session = match arguments.classic {
            true => Session::new_classic(seed),
            false => Session::new(seed, trust),
        };
        device_name().into_iter().for_each(|name| session.set_device(name));
        Ok(Self {
            session,
            terminal: Terminal::new(given),
            screen: Screen::new(input.is_terminal),
            input,
            server,
            known,
            socket: None,
            computing: None,
            to_compute: None,
            clock: Clock::start(),
            asked: None,
            has_ended: false,
            settled_at: None,
            is_ending: false,
        })
    }

    async fn run(&mut self) -> ExitCode {
        let stop = shutdown_signal();
        tokio::pin!(stop);
        let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
        loop {
            let timer = self.perform_outputs().await;
            let ends_at = self.settled_at.filter(|_| !self.is_ending);
            let ends_at = ends_at.map(|at| at + ACKNOWLEDGED_WITHIN);
            let timer = [timer, ends_at].into_iter().flatten().min();
            self.show();
            if self.terminal.is_done() {
                return self.exit_code();
            }
            tokio::select! {
                () = &mut stop => {
                    let now = self.now();
                    self.session.sign_out(now);
                }
                received = receive(self.socket.as_ref(), &mut buffer) => {
                    let now = self.now();
                    match received {
                        Ok(length) => self.session.handle_datagram(now, &buffer[..length]),
                        // The server's port is closed at present.
                        Err(_) => self.session.path_closed(now),
                    }
                }
                done = computed(&mut self.computing) => {
                    self.computing = None;
                    match done {
                        Ok(done) => {
                            let now = self.now();
                            self.session.finish_password_task(now, done);
                        }
                        Err(error) => self.terminal.warn(format!("Signing in has failed: {error}")),
                    }
                    self.compute_next();
                }
                typed = self.input.typed.recv(), if !self.has_ended => {
                    self.handle_typed(typed.unwrap_or(Typed::End));
                }
                () = self.clock.wait_until(timer) => {
                    let now = self.now();
                    self.session.handle_timeout(now);
                }
            }
            self.see_to_the_end();
        }
    }

    /// Carries out what the session asks for; answers when it wants to be called again.
    async fn perform_outputs(&mut self) -> Option<Instant> {
        loop {
            match self.session.poll() {
                Output::Transmit(datagram) => {
                    if let Some(socket) = &self.socket {
                        // Whatever can't be sent is lost, as the network might have lost it.
                        let _ = socket.send(&datagram).await;
                    }
                }
                Output::OpenPath => {
                    self.socket = open(&self.server.host).await.ok();
                    let now = self.now();
                    match self.socket {
                        Some(_) => self.session.path_opened(now),
                        None => self.session.path_closed(now),
                    }
                }
                // What waited before is of no use any more.
                Output::Compute(task) => {
                    self.to_compute = Some(task);
                    self.compute_next();
                }
                Output::Event(Event::ServerKey(key)) => self.keep_key(&key),
                Output::Event(event) => {
                    let now = self.clock.now();
                    self.terminal.handle_event(now, event, &mut self.session);
                }
                Output::Wait(timer) => return timer,
            }
        }
    }

    /// The server has proved a key that was not known.
    fn keep_key(&mut self, key: &ServerKey) {
        if self.input.is_terminal {
            self.terminal.info(format!("The code of this server is {}.", key.code()));
        }
        let name = self.server.name();
        if let Err(error) = self.known.keep(&name, key) {
            self.terminal.warn(format!("It is not known next time: {error}"));
        }
    }

    /// Computes what waits for it, one after the other: each takes 46 MiB.
    fn compute_next(&mut self) {
        if self.computing.is_none()
            && let Some(task) = self.to_compute.take()
        {
            let run = move || task.run(&Stretcher::default());
            self.computing = Some(tokio::task::spawn_blocking(run));
        }
    }

    /// Prints what there is, and asks for a line if one is wanted.
    fn show(&mut self) {
        while let Some(line) = self.terminal.next_line() {
            let _ = self.input.printer.print(self.screen.style(&line));
        }
        if self.asked.is_some() || self.has_ended {
            return;
        }
        if let Some(prompt) = self.terminal.prompt() {
            let names = self.terminal.online().map(ToString::to_string).collect();
            self.asked = Some(prompt.clone());
            self.input.want(Wanted { prompt, names });
        }
    }

    fn handle_typed(&mut self, typed: Typed) {
        let is_secret = self.asked.take().is_some_and(|asked| asked.is_secret);
        match typed {
            // Neither is a text a password, nor the other way.
            Typed::Line(line)
                if self.terminal.prompt().is_none_or(|wanted| wanted.is_secret != is_secret) =>
            {
                self.terminal.refuse_line(&line);
            }
            Typed::Line(line) => {
                let now = self.now();
                self.terminal.handle_line(now, &line, &mut self.session);
            }
            Typed::End => self.has_ended = true,
        }
    }

    /// After the last line, the client ends when everything sent has been settled. One that is not
    /// at a terminal does not wait for a server for ever either.
    fn see_to_the_end(&mut self) {
        if self.is_ending {
            return;
        }
        let unreachable_since = self.terminal.unreachable_since();
        let gives_up = !self.input.is_terminal
            && unreachable_since.is_some_and(|since| self.now() > since + UNREACHABLE_AFTER);
        let wants_to_leave = self.has_ended || self.terminal.is_leaving();
        let is_settled = wants_to_leave
            && self.terminal.prompt().is_some()
            && (self.terminal.is_signing_in() || self.session.is_settled());
        let has_finished = self.has_finished(is_settled);
        if gives_up {
            let server = &self.server.host;
            self.terminal.report(format!("no answer from {server}: is the server running there?"));
        } else if has_finished && self.terminal.is_signing_in() {
            self.terminal.report_end_of_input();
        }
        if gives_up || has_finished {
            self.is_ending = true;
            let now = self.now();
            self.session.sign_out(now);
        }
    }

    /// Whether everything is settled, and was acknowledged in time.
    fn has_finished(&mut self, is_settled: bool) -> bool {
        if !is_settled {
            self.settled_at = None;
            return false;
        }
        let now = self.now();
        let since = *self.settled_at.get_or_insert(now);
        self.session.is_acknowledged() || now >= since + ACKNOWLEDGED_WITHIN
    }

    fn exit_code(&self) -> ExitCode {
        match self.terminal.problem() {
            Some(problem) if !self.input.is_terminal => fail("netchat chat", &problem),
            _ => ExitCode::SUCCESS,
        }
    }

    fn now(&self) -> Instant {
        self.clock.monotonic()
    }
}

/// What the person knows this client by, in the list of their sessions.
fn device_name() -> Option<DeviceName> {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    let name = format!("Terminal on {host}").parse();
    name.or_else(|_| "Terminal".parse()).ok()
}

async fn ask_server(input: &mut Input) -> io::Result<ServerAddress> {
    let text = "Input server IP to connect to the server: ";
    input.want(Wanted { prompt: Prompt { text, is_secret: false }, names: vec![] });
    match input.typed.recv().await {
        Some(Typed::Line(line)) => line.trim().parse().map_err(io::Error::other),
        Some(Typed::End) | None => Err(io::Error::other("no server was given: use --server")),
    }
}

/// A new socket to the server: a new source address, and so a new path.
async fn open(server: &str) -> io::Result<UdpSocket> {
    use netchat_shared::limits::DEFAULT_UDP_PORT;

    let server = match server.parse() {
        Ok(ip) => std::net::SocketAddr::new(ip, DEFAULT_UDP_PORT),
        Err(_) => {
            let mut addresses = tokio::net::lookup_host(server).await?;
            addresses.next().ok_or_else(|| io::Error::other("unknown host"))?
        }
    };
    let any: std::net::SocketAddr = match server {
        std::net::SocketAddr::V4(_) => ([0; 4], 0).into(),
        std::net::SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}

/// What came of what is being computed.
async fn computed(
    computing: &mut Option<JoinHandle<PasswordTaskDone>>,
) -> Result<PasswordTaskDone, JoinError> {
    match computing {
        Some(computing) => computing.await,
        None => std::future::pending().await,
    }
}

async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> io::Result<usize> {
    match socket {
        Some(socket) => socket.recv(buffer).await,
        None => std::future::pending().await,
    }
}
