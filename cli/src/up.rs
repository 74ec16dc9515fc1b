//! `netchat up`: server and gateway in one process.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use netchat_gateway::{Gateway, GatewayConfig, GatewayError};
use netchat_process::{fail, init_log, say, shutdown_signal};
use netchat_server::{Server, ServerConfig, ServerError};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// How long the last words of the server may take to pass through the gateway.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The flags of server and gateway together.
#[derive(Debug, Args)]
pub(crate) struct UpArguments {
    /// The address for browsers (HTTP); port 0 takes any free one
    #[arg(long, env = "NETCHAT_LISTEN", default_value_t = netchat_gateway::default_listen_address(), value_name = "ADDRESS")]
    listen: SocketAddr,

    /// The address for terminal and classic clients (UDP); port 0 takes any free one
    #[arg(long, env = "NETCHAT_UDP_LISTEN", default_value_t = netchat_server::default_listen_address(), value_name = "ADDRESS")]
    udp_listen: SocketAddr,

    #[command(flatten)]
    server: ServerConfig,

    #[command(flatten)]
    gateway: GatewayConfig,
}

/// Why it can't start.
#[derive(Debug, Error)]
enum UpError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

pub(crate) async fn run(arguments: UpArguments) -> ExitCode {
    if let Err(error) = init_log() {
        return fail("netchat up", &error);
    }
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail("netchat up", &error),
    }
}

async fn serve(mut arguments: UpArguments) -> Result<(), UpError> {
    arguments.server.read_password()?;
    // The one with the password is asked first whether others reach it.
    arguments.server.settings(arguments.listen)?;
    if let Some(host) = arguments.gateway.outside_host() {
        arguments.server.check_reached_as(&host)?;
    }
    let server = Server::bind(arguments.udp_listen, &arguments.server)?;
    let udp_address = server.local_address();
    let server_at = (reachable(udp_address), Some(server.gateway_key().clone()));
    let gateway = Gateway::bind(arguments.listen, server_at, arguments.gateway).await?;
    say(&format_args!("NetChat is up. Terminal clients: netchat chat --server {udp_address}"));
    say(&format_args!("Browsers: open {}", gateway.url()));
    say(&format_args!("The server's code, which clients show: {}", server.code()));

    let stopped = CancellationToken::new();
    let gateway = tokio::spawn(gateway.run(stopped.clone().cancelled_owned()));
    let result = server.run(shutdown_signal()).await;
    tokio::time::sleep(LAST_WORDS).await;
    stopped.cancel();
    // A panic there has been reported by its own message.
    let _ = gateway.await;
    Ok(result?)
}

/// The address at which a server that listens everywhere is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
