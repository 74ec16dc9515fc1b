//! `netchat-gateway`: the gateway as a program of its own.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use netchat_gateway::{Gateway, GatewayConfig, default_listen_address, resolve};
use netchat_process::{fail, init_log, parse_arguments, say, shutdown_signal};

/// The NetChat gateway: serves the web client and connects browsers to a NetChat server.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The address to listen on (HTTP); port 0 takes any free one
    #[arg(long, env = "NETCHAT_LISTEN", default_value_t = default_listen_address(), value_name = "ADDRESS")]
    listen: SocketAddr,

    /// The NetChat server, host:port (UDP)
    #[arg(
        long,
        env = "NETCHAT_SERVER",
        default_value = "127.0.0.1:12000",
        value_name = "HOST:PORT"
    )]
    server: String,

    #[command(flatten)]
    gateway: GatewayConfig,
}

/// What the program is called in what it says.
const NAME: &str = "netchat-gateway";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Arguments = parse_arguments(NAME);
    if let Err(error) = init_log() {
        return fail(NAME, &error);
    }
    let server = match resolve(&arguments.server).await {
        Ok(server) => server,
        Err(error) => return fail(NAME, &error),
    };
    let gateway = match Gateway::bind(arguments.listen, server, arguments.gateway).await {
        Ok(gateway) => gateway,
        Err(error) => return fail(NAME, &error),
    };
    say(&format_args!("netchat-gateway: open http://{}", gateway.local_address()));
    gateway.run(shutdown_signal()).await;
    ExitCode::SUCCESS
}
