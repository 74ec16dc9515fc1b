//! `netchat-server`: the server as a program of its own.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use netchat_process::{fail, init_log, say, shutdown_signal};
use netchat_server::{Server, ServerConfig, default_listen_address};

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
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_log();
    let server = match Server::bind(arguments.listen, &arguments.server) {
        Ok(server) => server,
        Err(error) => return fail("netchat-server", &error),
    };
    say(&format_args!("netchat-server: listening on {} (UDP)", server.local_address()));
    say(&format_args!("netchat-server: clients should see the code {}", server.code()));
    match server.run(shutdown_signal()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail("netchat-server", &error),
    }
}
