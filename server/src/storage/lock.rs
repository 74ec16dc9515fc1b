//! A server has its database to itself.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use tracing::warn;

use super::database::{DatabaseError, OWNER_ONLY};

/// The file of a database, locked until this is dropped.
///
/// The lock is on the file itself, so that whatever path or link leads to it is refused. SQLite's
/// own locks are of another sort (`fcntl`, not `flock`) and don't get in the way; but a process
/// loses those when it closes any handle of the file, so this one is kept, and one process opens a
/// database once.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Makes the file if needed, and locks it.
    pub(super) fn take(path: &Path) -> Result<Self, DatabaseError> {
        let failed = |source| DatabaseError::File { path: path.to_owned(), source };
        // What SQLite makes beside it gets the same permissions.
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY);
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(DatabaseError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.0.metadata()
    }
}

impl Drop for Lock {
    /// By a call: a program that this process is just starting has a copy of the handle for a
    /// moment, and the file stays locked when only ours is closed.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            warn!(%error, "the database could not be unlocked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_free_at_once_though_a_program_being_started_holds_a_copy_of_the_handle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netchat.db");
        let lock = Lock::take(&path).unwrap();
        let copy = lock.0.try_clone().unwrap();
        assert!(matches!(Lock::take(&path), Err(DatabaseError::InUse(_))));
        drop(lock);
        Lock::take(&path).unwrap();
        drop(copy);
    }
}
