//! Settings of the server, and what is wrong with them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use netchat_core::limits::RETENTION_DEFAULT;
use netchat_core::{Secrets, Settings};
use netchat_process::{read_or_make_secret, read_secret};
use netchat_shared::limits::{ACK_TIMEOUT_DEFAULT, DEFAULT_UDP_PORT};
use netchat_shared::password::Password;
use netchat_shared::server_key::StaticKey;
use netchat_shared::via::GatewayKey;
use zeroize::Zeroizing;

use crate::ServerError;

/// The server password of the original, known to everyone who has read its report.
pub const DEFAULT_PASSWORD: &str = "password";

const DAY_SECONDS: u64 = 24 * 3_600;

/// What the operator sets. Flags win over environment variables, those over defaults.
#[derive(Debug, Clone, Args)]
pub struct ServerConfig {
    /// The password that opens the server; the default is refused on an address that others reach
    #[arg(long, env = "NETCHAT_PASSWORD", default_value = DEFAULT_PASSWORD, hide_env_values = true, value_name = "PASSWORD")]
    pub password: String,

    /// The database file; made if it does not exist
    #[arg(long, env = "NETCHAT_DATABASE", default_value = "netchat.db", value_name = "FILE")]
    pub database: PathBuf,

    /// The file of the server's own key, which clients know it by; made if it does not exist. By
    /// default, that of the database with -key behind it
    #[arg(long, env = "NETCHAT_SERVER_KEY_FILE", value_name = "FILE")]
    pub server_key_file: Option<PathBuf>,

    /// The file of the key that this server shares with its gateways, so that they can say whom they
    /// bring
    #[arg(long, env = "NETCHAT_GATEWAY_KEY_FILE", value_name = "FILE")]
    pub gateway_key_file: Option<PathBuf>,

    /// How long a classic client may take to acknowledge a message before it is reported lost, in
    /// seconds
    #[arg(long, env = "NETCHAT_ACK_TIMEOUT", default_value_t = ACK_TIMEOUT_DEFAULT.as_secs_f64(), value_name = "SECONDS")]
    pub ack_timeout: f64,

    /// Answer no original clients: everyone on the way can read what they say, passwords too
    #[arg(long, env = "NETCHAT_NO_CLASSIC")]
    pub no_classic: bool,

    /// Let in the original clients that have no passwords, under names that nobody has registered
    #[arg(long, env = "NETCHAT_ALLOW_GUESTS")]
    pub allow_guests: bool,

    /// Show no addresses in the lists of classic clients
    #[arg(long, env = "NETCHAT_HIDE_ADDRESSES")]
    pub hide_addresses: bool,

    /// How many days messages are kept; 0 keeps them for ever
    #[arg(long, env = "NETCHAT_RETENTION_DAYS", default_value_t = RETENTION_DEFAULT.as_secs() / DAY_SECONDS, value_name = "DAYS")]
    pub retention_days: u64,
}

/// The address that the server listens on when nothing else is said.
#[must_use]
pub fn default_listen_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], DEFAULT_UDP_PORT))
}

impl ServerConfig {
    /// The keys of the server. Its own is made if there is none yet.
    ///
    /// # Errors
    /// When a file can't be used, in one line.
    pub fn secrets(&self) -> Result<Secrets, ServerError> {
        let path = self.server_key_file.clone().unwrap_or_else(|| {
            let mut path = self.database.as_os_str().to_owned();
            path.push("-key");
            PathBuf::from(path)
        });
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| ServerError::random(&error))?;
        let make = || StaticKey::from_random(*seed).to_text();
        let server_key = read_or_make_secret(&path, StaticKey::parse, make)?;
        let gateway_key = self.gateway_key_file.as_deref();
        let gateway_key =
            gateway_key.map(|path| read_secret(path, GatewayKey::parse)).transpose()?;
        Ok(Secrets { server_key, gateway_key })
    }

    /// Checks the settings for a server that listens on `address`.
    ///
    /// # Errors
    /// The first setting that can't be, in one line.
    pub fn settings(&self, address: SocketAddr) -> Result<Settings, ServerError> {
        if self.password == DEFAULT_PASSWORD && !address.ip().is_loopback() {
            return Err(ServerError::DefaultPassword(address));
        }
        let password = Password::new(self.password.clone()).map_err(ServerError::Password)?;
        let ack_timeout = Duration::try_from_secs_f64(self.ack_timeout).unwrap_or_default();
        if ack_timeout < Duration::from_millis(100) || ack_timeout > Duration::from_secs(3_600) {
            return Err(ServerError::AckTimeout(self.ack_timeout));
        }
        Ok(Settings {
            password,
            ack_timeout,
            allow_classic: !self.no_classic,
            allow_guests: self.allow_guests,
            hide_addresses: self.hide_addresses,
            retention: (self.retention_days > 0)
                .then(|| Duration::from_secs(self.retention_days.saturating_mul(DAY_SECONDS))),
        })
    }
}
