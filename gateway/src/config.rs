//! Settings of the gateway.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::acme::{AcmeSettings, Domain};
use crate::limits::{SESSIONS_MAX, SESSIONS_PER_ADDRESS_MAX};
use crate::proxies::TrustedProxies;
use crate::web_address::{Host, Origin};

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
    pub allow_origins: Vec<Origin>,

    /// A name that browsers may ask for, such as `chat.lan`; may be repeated. Addresses, `localhost`,
    /// the machine's name and the hosts of allowed origins need not be named
    #[arg(
        long = "allow-host",
        env = "NETCHAT_ALLOW_HOST",
        value_delimiter = ',',
        value_name = "HOST"
    )]
    pub allow_hosts: Vec<Host>,

    /// The certificate for HTTPS, and those that lead to its authority, as PEM; read again when it changes
    #[arg(long, env = "NETCHAT_TLS_CERTIFICATE", requires = "tls_key", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,

    /// The key of that certificate, as PEM; only its owner may read it
    #[arg(long, env = "NETCHAT_TLS_KEY", requires = "tls_certificate", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// How certificates are got without files.
    #[command(flatten)]
    pub acme: AcmeSettings,

    /// Most browser sessions at once
    #[arg(long, env = "NETCHAT_SESSIONS", default_value_t = SESSIONS_MAX, value_name = "COUNT", value_parser = at_least_one())]
    pub sessions: usize,

    /// Most browser sessions at once from one address
    #[arg(long, env = "NETCHAT_SESSIONS_PER_ADDRESS", default_value_t = SESSIONS_PER_ADDRESS_MAX, value_name = "COUNT", value_parser = at_least_one())]
    pub sessions_per_address: usize,

    /// Whom trusted proxies bring.
    #[command(flatten)]
    pub proxies: TrustedProxies,
}

impl GatewayConfig {
    /// The first name by which others than this machine's own browsers come, if one is allowed: behind a
    /// proxy, a gateway is open to them whatever it listens on.
    #[must_use]
    pub fn outside_host(&self) -> Option<Host> {
        self.named_hosts().find(|host| !host.is_this_machine())
    }

    /// Every host that the operator says is this gateway's.
    pub(crate) fn named_hosts(&self) -> impl Iterator<Item = Host> {
        let named = self.allow_origins.iter().map(Origin::host).chain(&self.allow_hosts);
        named.cloned().chain(self.acme.domains.iter().map(Domain::host))
    }
}

fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            allow_origins: Vec::new(),
            allow_hosts: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            acme: AcmeSettings::default(),
            sessions: SESSIONS_MAX,
            sessions_per_address: SESSIONS_PER_ADDRESS_MAX,
            proxies: TrustedProxies::default(),
        }
    }
}

/// The address that the gateway listens on when nothing else is said.
#[must_use]
pub fn default_listen_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}
