//! Settings of the server, and what is wrong with them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{BoolishValueParser, TypedValueParser as _};
use clap::{Args, value_parser};
use netchat_core::limits::{
    GROUPS_OF_ACCOUNT_DEFAULT, RETENTION_DEFAULT, SESSIONS_OF_ACCOUNT_DEFAULT,
    STORED_BYTES_OF_ACCOUNT_DEFAULT,
};
use netchat_core::{AccountQuotas, Rate, Secrets, Settings};
use netchat_process::{
    SecretSetting, SecretText, read_or_make_secret, read_secret, read_secret_line,
};
use netchat_shared::FreshKeys;
use netchat_shared::limits::{ACK_TIMEOUT_DEFAULT, DEFAULT_UDP_PORT};
use netchat_shared::opaque::{Seed, Setup};
use netchat_shared::password::Password;
use netchat_shared::server_key::StaticKey;
use netchat_shared::via::GatewayKey;
use zeroize::Zeroizing;

use crate::ServerError;
use crate::hasher::Hasher;

/// The server password of the original, known to everyone who has read its report.
pub const DEFAULT_PASSWORD: &str = "password";

/// The ways to give that password beside a file. The second variable is an older name of the first.
pub const SERVER_PASSWORD: SecretSetting =
    SecretSetting { flag: "password", variables: &["NETCHAT_SERVER_PASSWORD", "NETCHAT_PASSWORD"] };

/// A hundred years: longer is for ever, which is 0.
const RETENTION_DAYS_MAX: u64 = 36_500;

const DAY_SECONDS: u64 = 24 * 3_600;

const MEGABYTE: u64 = 1 << 20;

/// A thousand terabytes: more is any number, which is 0.
const STORAGE_QUOTA_MAX: u64 = 1_000_000_000;

/// What the operator sets. Flags win over environment variables, those over defaults.
#[derive(Debug, Clone, Args)]
pub struct ServerConfig {
    /// The password that opens the server; the default is refused where others reach it. Or by
    /// NETCHAT_SERVER_PASSWORD [default: password]
    #[arg(
        long,
        allow_hyphen_values = true,
        conflicts_with = "password_file",
        value_name = "PASSWORD"
    )]
    pub password: Option<SecretText>,

    /// A file with that password, which only its owner may read; - is a line of standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// The database file; made if it does not exist
    #[arg(long, env = "NETCHAT_DATABASE", default_value = "netchat.db", value_name = "FILE")]
    pub database: PathBuf,

    /// The file of the server's own key, which clients know it by; made if it does not exist. By
    /// default, that of the database with -key behind it
    #[arg(long, env = "NETCHAT_SERVER_KEY_FILE", value_name = "FILE")]
    pub server_key_file: Option<PathBuf>,

    /// The file of what the passwords are kept with, without which nobody can sign in; made if it does not
    /// exist. By default, that of the database with -passwords behind it
    #[arg(long, env = "NETCHAT_PASSWORD_SETUP_FILE", value_name = "FILE")]
    pub password_setup_file: Option<PathBuf>,

    /// The file of the key that this server shares with its gateways, so that they can say whom they
    /// bring; made if it does not exist
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
    #[arg(long, env = "NETCHAT_ALLOW_GUESTS", value_parser = BoolishValueParser::new())]
    pub allow_guests: bool,

    /// Show no addresses in the lists of classic clients
    #[arg(long, env = "NETCHAT_HIDE_ADDRESSES", value_parser = BoolishValueParser::new())]
    pub hide_addresses: bool,

    /// How many days messages are kept; 0 keeps them for ever
    #[arg(long, env = "NETCHAT_RETENTION_DAYS", default_value_t = RETENTION_DEFAULT.as_secs() / DAY_SECONDS, value_name = "DAYS", value_parser = value_parser!(u64).range(..=RETENTION_DAYS_MAX))]
    pub retention_days: u64,

    /// How many messages one account may send at once, and then each second; long ones and those to many
    /// count for more
    #[arg(long, env = "NETCHAT_MESSAGE_QUOTA", default_value = "500,20", value_name = RATE)]
    pub message_quota: RateSetting,

    /// The same for everything else that an account asks for, by what it costs
    #[arg(long, env = "NETCHAT_REQUEST_QUOTA", default_value = "2000,200", value_name = RATE)]
    pub request_quota: RateSetting,

    /// How many sessions one account may have at once
    #[arg(long, env = "NETCHAT_SESSIONS_PER_ACCOUNT", default_value_t = SESSIONS_OF_ACCOUNT_DEFAULT, value_name = "SESSIONS", value_parser = value_parser!(u16).range(1..).map(usize::from))]
    pub sessions_per_account: usize,

    /// How many groups one account may have made that are still there
    #[arg(long, env = "NETCHAT_GROUPS_PER_ACCOUNT", default_value_t = GROUPS_OF_ACCOUNT_DEFAULT, value_name = "GROUPS")]
    pub groups_per_account: usize,

    /// How many megabytes of messages one account may have stored; 0: any number
    #[arg(long, env = "NETCHAT_STORAGE_QUOTA", default_value_t = STORED_BYTES_OF_ACCOUNT_DEFAULT / MEGABYTE, value_name = "MEGABYTES", value_parser = value_parser!(u64).range(..=STORAGE_QUOTA_MAX))]
    pub storage_quota: u64,
}

/// So many at once, and so many more each second; or any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSetting(pub Option<Rate>);

const RATE: &str = "AT_ONCE,PER_SECOND|off";

impl FromStr for RateSetting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        let rate = text.split_once(',').and_then(|(burst, per_second)| {
            let (burst, per_second) = (burst.trim().parse().ok()?, per_second.trim().parse().ok()?);
            Rate::new(burst, per_second)
        });
        rate.map(|rate| Self(Some(rate))).ok_or(
            "expected two numbers from 1 on, as in 500,20 (at once, and each second), or off",
        )
    }
}

/// The address that the server listens on when nothing else is said.
#[must_use]
pub fn default_listen_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], DEFAULT_UDP_PORT))
}

impl ServerConfig {
    /// The keys of the server. Its own is made if there is none yet, and so is the setup of the passwords,
    /// if the database has no records of another.
    ///
    /// # Errors
    /// When a file can't be used, in one line.
    pub fn secrets(&self, setup: Option<[u8; 16]>) -> Result<Secrets, ServerError> {
        let path = self.server_key_file.clone().unwrap_or_else(|| beside(&self.database, "-key"));
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| ServerError::random(&error))?;
        let make = || StaticKey::from_random(*seed).to_text();
        let server_key = read_or_make_secret(&path, StaticKey::parse, make)?;
        let password_setup = self.password_setup(setup)?;
        Ok(Secrets { server_key, password_setup, gateway_key: self.gateway_key()? })
    }

    /// What the records of passwords are made with; expected is the one with this fingerprint.
    fn password_setup(&self, expected: Option<[u8; 16]>) -> Result<Setup, ServerError> {
        let path = setup_file(&self.database, self.password_setup_file.as_deref());
        if expected.is_some() {
            return read_setup(path, expected);
        }
        let mut random = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *random).map_err(|error| ServerError::random(&error))?;
        let seed = Seed::draw(&mut FreshKeys::from_seed(*random).0);
        Ok(read_or_make_secret(&path, Setup::parse, || Setup::random(seed).to_text())?)
    }

    /// Without a file, a key that only a gateway in the same process can be told.
    fn gateway_key(&self) -> Result<GatewayKey, ServerError> {
        let mut random = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *random).map_err(|error| ServerError::random(&error))?;
        let made = GatewayKey::from_random(*random);
        let Some(path) = &self.gateway_key_file else { return Ok(made) };
        Ok(read_or_make_secret(path, GatewayKey::parse, || made.to_text())?)
    }

    /// Reads the password from its file, if it is in one. To be called once, before
    /// [`settings`](Self::settings).
    ///
    /// # Errors
    /// [`ServerError::PasswordFile`].
    pub fn read_password(&mut self) -> Result<(), ServerError> {
        if let Some(path) = self.password_file.take() {
            self.password = Some(read_secret_line(&path).map_err(ServerError::PasswordFile)?);
        }
        Ok(())
    }

    /// Refuses the default password for a server that others reach under this name, behind a proxy.
    ///
    /// # Errors
    /// [`ServerError::DefaultPassword`].
    pub fn check_reached_as(&self, host: &impl ToString) -> Result<(), ServerError> {
        if self.password() == DEFAULT_PASSWORD {
            return Err(ServerError::DefaultPassword(host.to_string()));
        }
        Ok(())
    }

    fn password(&self) -> &str {
        self.password.as_ref().map_or(DEFAULT_PASSWORD, SecretText::reveal)
    }

    /// Checks the settings for a server that listens on `address`.
    ///
    /// # Errors
    /// The first setting that can't be, in one line.
    pub fn settings(&self, address: SocketAddr) -> Result<Settings, ServerError> {
        if !address.ip().is_loopback() {
            self.check_reached_as(&address)?;
        }
        let password = Password::new(self.password()).map_err(ServerError::Password)?;
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
            hash_threads: Hasher::threads(),
            retention: (self.retention_days > 0)
                .then(|| Duration::from_secs(self.retention_days.saturating_mul(DAY_SECONDS))),
            quotas: AccountQuotas {
                messages: self.message_quota.0,
                requests: self.request_quota.0,
                sessions: self.sessions_per_account,
                groups: self.groups_per_account,
                stored_bytes: (self.storage_quota > 0).then_some(self.storage_quota * MEGABYTE),
            },
        })
    }
}

/// A file that is named after the database.
fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

/// Where what the passwords are kept with is.
pub(crate) fn setup_file(database: &Path, given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| beside(database, "-passwords"), Path::to_owned)
}

/// Reads what the passwords of a database are kept with: it has this fingerprint, and another one would fit
/// no password.
pub(crate) fn read_setup(path: PathBuf, expected: Option<[u8; 16]>) -> Result<Setup, ServerError> {
    if !path.exists() {
        return Err(ServerError::SetupMissing(path));
    }
    let setup = read_secret(&path, Setup::parse)?;
    match Some(setup.fingerprint()) == expected {
        true => Ok(setup),
        false => Err(ServerError::OtherSetup(path)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        server: ServerConfig,
    }

    fn settings(flags: &[&str]) -> Settings {
        let flags = std::iter::once("server").chain(flags.iter().copied());
        Flags::parse_from(flags).server.settings(default_listen_address()).unwrap()
    }

    #[test]
    fn the_defaults_of_the_flags_are_those_of_the_settings() {
        assert_eq!(settings(&[]).quotas, AccountQuotas::default());
    }

    #[test]
    fn a_quota_is_two_numbers_or_off() {
        let quotas = settings(&["--message-quota", "7, 3", "--request-quota", "off"]).quotas;
        assert_eq!((quotas.messages, quotas.requests), (Rate::new(7, 3), None));
        for wrong in ["", "7", "0,3", "7,0", "7,3,1", "-1,3", "many", "4294967296,1"] {
            assert!(wrong.parse::<RateSetting>().is_err(), "{wrong}");
        }
    }
}
