//! What every NetChat program does alike: read the clock, write its log, keep its keys, end when told
//! to, say what went wrong.

mod clock;
mod file_limit;
mod secret_file;

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

pub use self::clock::Clock;
pub use self::file_limit::raise_file_limit;
pub use self::secret_file::{SecretFileError, read_or_make_secret, read_secret};

/// A message costs a server a dozen small allocations, and this allocator half of what the system's
/// takes for them (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the log shows unless `NETCHAT_LOG` says otherwise. The asset library tells about each file.
const DEFAULT_FILTER: &str = "info,memory_serve=warn";

/// Writes the log to standard error. `NETCHAT_LOG` filters it: `warn`, `netchat_gateway=debug`.
pub fn init_log() {
    let filter = EnvFilter::try_from_env("NETCHAT_LOG");
    let is_coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER)))
        .with_target(false)
        .with_ansi(is_coloured)
        .with_writer(std::io::stderr)
        // Whoever read the log may have gone; then there is nobody to tell that either.
        .log_internal_errors(false)
        .init();
}

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
