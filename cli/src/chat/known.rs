//! The keys of servers that this person's clients have spoken with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use netchat_shared::server_key::ServerKey;

/// A file with a line for each server, the last one of a server holding. Without a home there is
/// none, and every server is met for the first time.
#[derive(Debug)]
pub(super) struct KnownServers {
    path: Option<PathBuf>,
}

impl KnownServers {
    /// `$XDG_STATE_HOME/netchat/servers`, where that is by default
    /// (XDG Base Directory Specification 0.8).
    pub(super) fn of_person() -> Self {
        let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|f| f.is_absolute());
        let state = folder("XDG_STATE_HOME")
            .or_else(|| folder("HOME").map(|home| home.join(".local/state")));
        Self { path: state.map(|state| state.join("netchat/servers")) }
    }

    /// The key that a server has proved before.
    pub(super) fn key(&self, server: &str) -> Option<ServerKey> {
        let text = fs::read_to_string(self.path.as_ref()?).ok()?;
        let key = text.lines().rev().find_map(|line| line.strip_prefix(server)?.strip_prefix(' '));
        key.and_then(ServerKey::parse)
    }

    /// Remembers it.
    pub(super) fn keep(&self, server: &str, key: &ServerKey) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        // In one piece: another client may add a line at the same time.
        file.write_all(format!("{server} {key}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use netchat_shared::server_key::StaticKey;

    use super::*;

    #[test]
    fn what_was_proved_last_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownServers { path: Some(folder.path().join("netchat/servers")) };
        let [one, other] = [1, 2].map(|byte| StaticKey::from_random([byte; 32]).public());
        assert_eq!(known.key("a:1"), None);
        known.keep("a:1", &one).unwrap();
        known.keep("b:1", &other).unwrap();
        assert_eq!((known.key("a:1"), known.key("b:1")), (Some(one), Some(other)));
        known.keep("a:1", &other).unwrap();
        assert_eq!((known.key("a:1"), known.key("a:")), (Some(other), None));
        KnownServers { path: None }.keep("a:1", &one).unwrap();
    }
}
