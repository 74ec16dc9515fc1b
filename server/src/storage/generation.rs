//! Which log a database holds, and how a restored one is noticed.
//!
//! Beside the database lies a small file, the mark: the log's generation and its head, written
//! shortly after commits and at the end. A database that is behind its mark is an old copy: it was
//! restored from a backup. One whose mark is missing or tells of another log came from elsewhere.
//! Either way its places no longer mean what clients remember, so a new generation is drawn. A
//! backup of the last second before a restore may go unnoticed.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use netchat_core::storage::{Generation, Sequence};
use netchat_shared::time::Instant;

use super::database::OWNER_ONLY;
use super::limits::MARK_INTERVAL;

/// The file beside a database that follows its head.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    written_at: Option<Instant>,
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) generation: Generation,
    pub(super) head: Sequence,
}

impl Mark {
    /// Opens the mark of a database, making it if needed, and reads what it says. `None` if it says
    /// nothing, or nothing that can be read.
    pub(super) fn open(database: &Path) -> io::Result<(Self, Option<Marked>)> {
        let mut name = database.as_os_str().to_owned();
        name.push("-mark");
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY);
        let file = options.open(PathBuf::from(name))?;
        let marked = io::read_to_string(&file).ok().and_then(|text| Marked::parse(&text));
        Ok((Self { file, written_at: None }, marked))
    }

    /// Writes the mark if it is time to. It need not reach the disk with the commit: what matters
    /// is that it is never ahead of the database.
    pub(super) fn follow(&mut self, now: Instant, marked: Marked) -> io::Result<()> {
        let is_recent = self.written_at.is_some_and(|at| now.saturating_since(at) < MARK_INTERVAL);
        if is_recent {
            return Ok(());
        }
        self.written_at = Some(now);
        self.write(marked)
    }

    /// Writes the mark. Its length never changes, so that one write replaces it.
    pub(super) fn write(&self, marked: Marked) -> io::Result<()> {
        let text = format!("{} {:020}\n", marked.generation, marked.head.0);
        self.file.write_all_at(text.as_bytes(), 0)
    }

    /// Writes the mark and waits until it is on the disk: after a power cut, an empty one would
    /// look like a foreign one.
    pub(super) fn write_synced(&self, marked: Marked) -> io::Result<()> {
        self.write(marked)?;
        self.file.sync_all()
    }
}

impl Marked {
    fn parse(text: &str) -> Option<Self> {
        let (generation, head) = text.trim_end().split_once(' ')?;
        let head = head.parse::<i64>().ok().and_then(|head| u64::try_from(head).ok())?;
        Some(Self { generation: Generation::parse(generation)?, head: Sequence(head) })
    }
}

/// A generation that no other log has.
pub(super) fn draw() -> io::Result<Generation> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    // Zero stands for none.
    Ok(Generation(u64::from_le_bytes(bytes).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_was_written_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netchat.db");
        let at = |head| Marked { generation: Generation(7), head: Sequence(head) };
        let (mut mark, marked) = Mark::open(&path).unwrap();
        assert_eq!(marked, None);
        mark.follow(Instant::ZERO, at(1)).unwrap();
        mark.follow(Instant::ZERO, at(2)).unwrap();
        assert_eq!(Mark::open(&path).unwrap().1, Some(at(1)), "at most once a second");
        mark.follow(Instant::ZERO + MARK_INTERVAL, at(3)).unwrap();
        assert_eq!(Mark::open(&path).unwrap().1, Some(at(3)));
        std::fs::write(folder.path().join("netchat.db-mark"), "nothing of ours").unwrap();
        assert_eq!(Mark::open(&path).unwrap().1, None);
    }
}
