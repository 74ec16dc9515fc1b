//! Keys in files of their own, which nobody else on the machine may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

/// More than any key has. A longer file is something else.
const SECRET_BYTES_MAX: u64 = 4_096;
/// Nobody but the owner.
const MODE: u32 = 0o600;

/// Why a file with a key can't be used. The text is one line for the operator.
#[derive(Debug, Error)]
pub enum SecretFileError {
    /// It can't be read.
    #[error("can't read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It can't be made.
    #[error("can't make {}: {source}", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{} holds a secret and others may read it: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        problem: String,
    },
}

/// Reads a secret. `parse` makes a key of the text; the text is wiped.
///
/// # Errors
/// [`SecretFileError`], also when others than the owner may read or change it.
pub fn read_secret<T, E: std::fmt::Display>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, SecretFileError> {
    let failed = |source| SecretFileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(SecretFileError::Open { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::with_capacity(SECRET_BYTES_MAX as usize));
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    parse(&text).map_err(|error| SecretFileError::Content {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

/// Reads a secret, and makes it before if it is not there: then `make` gives its text. It is on the
/// disk when this returns.
///
/// # Errors
/// As [`read_secret`]; and when it can't be made.
pub fn read_or_make_secret<T, E: std::fmt::Display>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, E>,
    make: impl FnOnce() -> Zeroizing<String>,
) -> Result<T, SecretFileError> {
    if !path.exists() {
        let made = make_whole(path, &make());
        made.map_err(|source| SecretFileError::Make { path: path.to_owned(), source })?;
    }
    read_secret(path, parse)
}

/// Makes the file whole or not at all. If another process is faster, what that one made stays.
fn make_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    // Its name is on the disk too: what is stored next may rely on it.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, &'static str> {
        text.strip_suffix('\n').map(str::to_owned).ok_or("it is not a line")
    }

    fn make() -> Zeroizing<String> {
        Zeroizing::new("made\n".to_owned())
    }

    #[test]
    fn it_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(read_secret(&path, parse), Err(SecretFileError::Read { .. })));
        assert_eq!(read_or_make_secret(&path, parse, make).unwrap(), "made");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        fs::write(&path, "written by somebody\n").unwrap();
        assert_eq!(read_or_make_secret(&path, parse, make).unwrap(), "written by somebody");
    }

    #[test]
    fn one_that_others_can_read_or_that_is_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "no line").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read_secret(&path, parse).unwrap_err().to_string();
        assert!(refused.contains("others may read it: chmod 600"), "{refused}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let refused = read_secret(&path, parse).unwrap_err().to_string();
        assert!(refused.ends_with("key: it is not a line"), "{refused}");
    }
}
