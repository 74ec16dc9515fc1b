//! What every NetChat program does alike: read the clock, write its log, keep its keys, end when told
//! to, say what went wrong.

mod arguments;
mod clock;
mod file_limit;
mod log;
mod secret_file;
mod secret_setting;

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

pub use self::arguments::parse_arguments;
pub use self::clock::Clock;
pub use self::file_limit::raise_file_limit;
pub use self::log::{LogError, init_log};
pub use self::secret_file::{SecretFileError, read_or_make_secret, read_secret};
pub use self::secret_setting::{SecretSetting, SecretText, hide_secrets, read_secret_line};

/// A message costs a server a dozen small allocations, and this allocator half of what the system's
/// takes for them (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the machine is called.
#[must_use]
pub fn machine_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

/// One line on standard output, if anybody reads it.
pub fn say(line: &impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Completes at Ctrl-C or SIGTERM.
pub async fn shutdown_signal() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// One line on standard error, and the exit code that goes with it.
pub fn fail(program: &str, error: &impl Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{program}: {error}");
    ExitCode::FAILURE
}
