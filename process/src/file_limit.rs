//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Assumed where there is no limit: more than anything here opens.
const UNLIMITED: u64 = 1 << 20;

/// Raises the limit of open files as far as the system lets it without privileges; answers what it is
/// then.
pub fn raise_file_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    usize::try_from(limit.unwrap_or(UNLIMITED)).unwrap_or(usize::MAX)
}
