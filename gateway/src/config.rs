//! Settings of the gateway.

use std::net::SocketAddr;

use clap::Args;

use crate::limits::{SESSIONS_MAX, SESSIONS_PER_ADDRESS_MAX};

/// What the operator sets. Flags win over environment variables, those over defaults.
#[derive(Debug, Clone, Args)]
pub struct GatewayConfig {
    /// Another page that may connect, such as `https://chat.example.org` behind a proxy; may be
    /// repeated
    #[arg(
        long = "allow-origin",
        env = "NETCHAT_ALLOW_ORIGIN",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    pub allow_origins: Vec<String>,

    /// Most browser sessions at once
    #[arg(long, env = "NETCHAT_SESSIONS", default_value_t = SESSIONS_MAX, value_name = "COUNT")]
    pub sessions: usize,

    /// Most browser sessions at once from one address
    #[arg(long, env = "NETCHAT_SESSIONS_PER_ADDRESS", default_value_t = SESSIONS_PER_ADDRESS_MAX, value_name = "COUNT")]
    pub sessions_per_address: usize,
}

/// The address that the gateway listens on when nothing else is said.
#[must_use]
pub fn default_listen_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}
