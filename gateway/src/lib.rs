//! The NetChat gateway: serves the web client, and bridges each browser's WebSocket to a UDP socket
//! of its own.
//!
//! It knows datagrams only. There is no chat logic here, and no chat state: any number of gateways
//! can stand in front of a server, and a restart loses nothing.

mod acme;
mod admission;
mod app;
mod bridge;
mod config;
mod connection;
mod connections;
mod datagrams;
mod headers;
mod introducer;
pub mod limits;
mod proxies;
mod run;
mod site;
mod source;
mod stream;
mod tls;
mod web_address;
mod websocket;

use std::net::SocketAddr;

use thiserror::Error;

pub use self::acme::{AcmeError, AcmeSettingError, AcmeSettings, Contact, DirectoryUrl, Domain};
pub use self::config::{GatewayConfig, default_listen_address};
pub use self::proxies::{ProxyWord, TrustedProxies};
pub use self::run::{Gateway, resolve};
pub use self::tls::TlsError;
pub use self::web_address::{Host, Origin, WebAddressError};

/// Why a gateway can't start. The text is one line for the operator, and says what to do.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// The address can't be listened on.
    #[error(
        "can't listen on {address} (HTTP): {source}; stop what is using it, or choose another address"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// TLS can't be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Certificates can't be got by ACME.
    #[error(transparent)]
    Acme(#[from] AcmeError),
    /// The server's address is none.
    #[error("--server: {0} is no address: give host:port, such as 127.0.0.1:12000")]
    Server(String),
}
