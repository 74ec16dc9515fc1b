//! The bounds of storage.

use std::time::Duration;

/// Most requests carried out together: enough to share the cost of a commit, few enough not to
/// delay the first of them.
pub(super) const REQUESTS_PER_TURN_MAX: usize = 512;

/// Most questions answered before the next commit: sending goes first.
pub(super) const LOADS_PER_TURN_MAX: usize = 16;

/// Messages that are not in the indexes yet when writing them there begins. The more, the fewer
/// pages are written for each, and the more the memory and a start after a crash have to do.
pub(super) const INDEX_BEHIND: usize = 8_192;

/// Rows written to the indexes in one turn, unless more came in.
pub(super) const INDEX_STEP_ROWS_MIN: usize = 128;

/// Most runs of message ids known by heart. At the bound they are all forgotten, and read again.
pub(super) const ID_RUNS_MAX: usize = 65_536;

/// Messages looked at in one step of a sweep.
pub(super) const SWEEP_STEP_MESSAGES: usize = 512;

/// Most messages deleted in one step of a sweep, unless a single one has more changes.
pub(super) const SWEEP_STEP_DELETED: usize = 1_024;

/// Tokens or guests looked at in one step of a sweep.
pub(super) const SWEEP_STEP_RECORDS: usize = 256;

/// What a sweep may look at for each commit beside it, if nothing was added in it.
pub(super) const SWEEP_SHARE_MIN: usize = 64;

/// Most members that a sweep remembers the places of. At the bound it forgets them all.
pub(super) const SWEEP_MEMBERS_MAX: usize = 100_000;

/// Pages given back to the file system in one step of a sweep.
pub(super) const VACUUM_STEP_PAGES: u32 = 64;

/// One part in so many of a database may be free: new messages soon need it again.
pub(super) const FREE_PAGES_SHARE: u32 = 8;

/// How often the mark beside the database follows it.
pub(super) const MARK_INTERVAL: Duration = Duration::from_secs(1);

/// How long SQLite waits for somebody else who reads the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements kept compiled: all of ours.
pub(super) const STATEMENTS_MAX: usize = 96;

/// Page cache, in KiB.
pub(super) const CACHE_KIB: i64 = 64 * 1_024;

/// Bytes of the write-ahead log after which it is worked into the database, beside the commits.
pub(super) const CHECKPOINT_BYTES: i64 = 16 * 1_024 * 1_024;

/// Bytes of it after which the commits wait for that.
pub(super) const LOG_BYTES_MAX: i64 = 4 * CHECKPOINT_BYTES;

/// Commits from one look at how long the log is to the next.
pub(super) const COMMITS_PER_LOOK: u32 = 16;

/// Page size of a new database: with large ones, thousands of senders cost little more than a few.
pub(super) const PAGE_BYTES: i64 = 16_384;
