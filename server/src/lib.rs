//! The NetChat server: the I/O around [`netchat_core`].
//!
//! [`Server::run`] listens on UDP, passes every datagram to the core, and carries out what it asks for:
//! datagrams to send, changes to store (`storage`, SQLite on its own thread), passwords to hash
//! (on its own thread too), records for the operator's log.

mod config;
mod hasher;
mod inbound;
mod log;

mod outbound;
mod run;
mod storage;
mod word;

use std::net::SocketAddr;
use std::path::PathBuf;

use netchat_core::LogGap;
use netchat_process::SecretFileError;
use netchat_shared::name::UserName;
use netchat_shared::password::PasswordError;
use thiserror::Error;

pub use self::config::{
    DEFAULT_PASSWORD, RateSetting, SERVER_PASSWORD, ServerConfig, default_listen_address,
};
pub use self::run::Server;
pub use self::word::OneTimeWord;

/// What stands behind a server: its own storage, or another that a benchmark brings. The database
/// itself is for tests, which compare it with a plain model.
pub mod store {
    pub use crate::storage::{Committed, Database, Request, Responses, Storage, Store};
}
pub use self::storage::DatabaseError;

/// Why a server can't start. The text is one line for the operator, and says what to do.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address can't be listened on.
    #[error(
        "can't listen on {address} (UDP): {source}; stop what is using it, or choose another address"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The default password on an address that others can reach.
    #[error(
        "choose a --password: everyone knows the default one, and {0} can be reached from outside"
    )]
    DefaultPassword(String),
    /// The file with the password can't be read.
    #[error("--password-file: {0}")]
    PasswordFile(SecretFileError),
    /// The password can't be one.
    #[error("--password: {0}")]
    Password(PasswordError),
    /// The acknowledgement timeout can't be one.
    #[error("--ack-timeout: {0} is not between 0.1 and 3600 seconds")]
    AckTimeout(f64),
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A file with a key can't be used.
    #[error(transparent)]
    Key(#[from] SecretFileError),
    /// What the passwords are kept with is not there.
    #[error(
        "{} is missing: without it no password fits; put it back from your backup, or say where it is \
         with --password-setup-file", .0.display()
    )]
    SetupMissing(PathBuf),
    /// It is that of another database.
    #[error(
        "{} is not what the passwords of this database are kept with: put the right one back", .0.display()
    )]
    OtherSetup(PathBuf),
    /// Nobody has that name.
    #[error("nobody is registered as {0}")]
    NoSuchUser(UserName),
    /// What the server knows is not what the database holds.
    #[error(transparent)]
    Log(#[from] LogGap),
    /// The system gave no thread or no random numbers.
    #[error("the system refused {what}: {reason}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system says.
        reason: String,
    },
}

impl ServerError {
    pub(crate) fn random(error: &getrandom::Error) -> Self {
        Self::System { what: "random numbers", reason: error.to_string() }
    }
}
