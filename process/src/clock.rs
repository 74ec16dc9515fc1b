//! The one place where a program reads a clock.

use std::time::SystemTime;

use netchat_shared::time::{Instant, Now, UnixTime};

/// A clock whose origin is when the program started.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }

    /// The present, for everything that waits.
    #[must_use]
    pub fn monotonic(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// The present, on both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let millis = since_1970.map_or(0, |since| since.as_millis());
        Now {
            monotonic: self.monotonic(),
            calendar: UnixTime { millis: u64::try_from(millis).unwrap_or(u64::MAX) },
        }
    }

    /// Completes at that time; never, if there is none.
    pub async fn wait_until(&self, at: Option<Instant>) {
        match at {
            Some(at) => tokio::time::sleep_until(self.origin + at.since_origin()).await,
            None => std::future::pending().await,
        }
    }
}
