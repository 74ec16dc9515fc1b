//! One-time words, for people whose password is to be set anew.

use std::path::PathBuf;

use clap::Args;
use netchat_process::Clock;
use netchat_shared::name::UserName;
use netchat_shared::opaque::Word;

use crate::ServerError;
use crate::config::{read_setup, setup_file};
use crate::storage::{Kept, kept_password};

/// Whose word, and where their password is kept.
#[derive(Debug, Clone, Args)]
pub struct OneTimeWord {
    /// Whose password is to be set anew
    #[arg(value_name = "NAME")]
    pub name: UserName,

    /// The database file of the server, which may be running
    #[arg(long, env = "NETCHAT_DATABASE", default_value = "netchat.db", value_name = "FILE")]
    pub database: PathBuf,

    /// The file of what the passwords are kept with. By default, that of the database with -passwords
    /// behind it
    #[arg(long, env = "NETCHAT_PASSWORD_SETUP_FILE", value_name = "FILE")]
    pub password_setup_file: Option<PathBuf>,
}

impl OneTimeWord {
    /// The word with which its person sets their password anew: once, since it is worth nothing any more
    /// when the password is another one, and by the end of the next day (UTC).
    ///
    /// # Errors
    /// When the database or the setup can't be read, or nobody has that name, in one line.
    pub fn word(&self) -> Result<Word, ServerError> {
        let Some(Kept { name, verifier, setup }) = kept_password(&self.database, &self.name)?
        else {
            return Err(ServerError::NoSuchUser(self.name.clone()));
        };
        let path = setup_file(&self.database, self.password_setup_file.as_deref());
        let now = Clock::start().now().calendar;
        Ok(read_setup(path, setup)?.word(&name, verifier.to_text().as_bytes(), now))
    }
}
