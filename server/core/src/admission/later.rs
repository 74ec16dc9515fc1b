//! What is told to somebody who is to come again later.

use std::time::Duration;

use netchat_shared::extended::Delay;

use super::limits::{BUSY_WAIT_MAX, BUSY_WAIT_MIN};
use crate::action::Refusal;

/// It was not looked at: the same again after so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) why: Delay,
    pub(crate) wait: Duration,
}

impl Later {
    /// The server can't do it at present.
    pub(crate) const BUSY: Self = Self { why: Delay::Busy, wait: BUSY_WAIT_MAX };

    /// It may be asked again in a moment.
    pub(crate) const SOON: Self = Self { why: Delay::Busy, wait: BUSY_WAIT_MIN };

    /// The same for the operator.
    pub(crate) fn refusal(self) -> Refusal {
        match self.why {
            Delay::Busy => Refusal::Busy,
            Delay::Attempts => Refusal::TooManyAttempts,
            Delay::Sessions => Refusal::Quota,
        }
    }
}
