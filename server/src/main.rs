//! `netchat-server`: the server as a program of its own.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use netchat_server::{Server, ServerConfig, default_listen_address, init_log, shutdown_signal};

/// The NetChat server: accounts, messages, groups and receipts over UDP.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The address to listen on (UDP); port 0 takes any free one
    #[arg(long, env = "NETCHAT_LISTEN", default_value_t = default_listen_address(), value_name = "ADDRESS")]
    listen: SocketAddr,

    #[command(flatten)]
    server: ServerConfig,
}

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to its operator"
)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_log();
    let server = match Server::bind(arguments.listen, &arguments.server) {
        Ok(server) => server,
        Err(error) => {
            eprintln!("netchat-server: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Ok(address) = server.local_address() {
        println!("netchat-server: listening on {address} (UDP)");
    }
    server.run(shutdown_signal()).await;
    ExitCode::SUCCESS
}
