//! What is kept of one password, read beside a server that may be running.

use std::path::Path;

use netchat_core::names::NameKeys;
use netchat_core::storage::Verifier;
use netchat_shared::name::UserName;
use rusqlite::{Connection, Error, OpenFlags, OptionalExtension as _};

use super::DatabaseError;

/// What is kept of somebody's password.
#[derive(Debug)]
pub(crate) struct Kept {
    /// As it is registered.
    pub(crate) name: UserName,
    pub(crate) verifier: Verifier,
    /// The fingerprint of the setup that records are made with.
    pub(crate) setup: Option<[u8; 16]>,
}

/// What is kept of the password of whoever has that name, in whatever spelling.
pub(crate) fn kept_password(path: &Path, name: &UserName) -> Result<Option<Kept>, DatabaseError> {
    let found = read(path, name);
    if let Err(Error::SqliteFailure(_, Some(why))) = &found
        && why.starts_with("no such table")
    {
        return Err(DatabaseError::Older(path.to_owned()));
    }
    let found = found.map_err(|source| DatabaseError::Sqlite { path: path.to_owned(), source })?;
    Ok(found.and_then(|Row { name, verifier, setup }| {
        Some(Kept { name: name.parse().ok()?, verifier: Verifier::parse(&verifier), setup })
    }))
}

/// The same, as it stands there.
struct Row {
    name: String,
    verifier: String,
    setup: Option<[u8; 16]>,
}

fn read(path: &Path, name: &UserName) -> rusqlite::Result<Option<Row>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let setup = "SELECT fingerprint FROM password_setup";
    let setup = connection.query_row(setup, [], |row| row.get(0)).optional()?;
    let found = connection.query_row(
        "SELECT name, password_hash FROM user
         WHERE (name = ?1 OR folded = ?2) AND password_hash IS NOT NULL
         ORDER BY name = ?1 DESC LIMIT 1",
        [name.as_str(), NameKeys::of(name).folded()],
        |row| Ok(Row { name: row.get(0)?, verifier: row.get(1)?, setup }),
    );
    found.optional()
}
