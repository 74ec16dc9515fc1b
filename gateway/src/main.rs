//! `netchat-gateway`: the gateway as a program of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use netchat_gateway::{Gateway, GatewayConfig, default_listen_address, resolve};
use netchat_process::{fail, init_log, parse_arguments, read_secret, say, shutdown_signal};
use netchat_shared::via::GatewayKey;

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

    /// The file of the key that the server shares with its gateways: a copy of the server's
    #[arg(long, env = "NETCHAT_GATEWAY_KEY_FILE", value_name = "FILE")]
    gateway_key_file: Option<PathBuf>,

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
    let key = arguments.gateway_key_file.as_deref();
    let key = match key.map(|path| read_secret(path, GatewayKey::parse)).transpose() {
        Ok(key) => key,
        Err(error) => return fail(NAME, &error),
    };
    let gateway = match Gateway::bind(arguments.listen, (server, key), arguments.gateway).await {
        Ok(gateway) => gateway,
        Err(error) => return fail(NAME, &error),
    };
    say(&format_args!("netchat-gateway: open {}", gateway.url()));
    gateway.run(shutdown_signal()).await;
    ExitCode::SUCCESS
}
