//! What the server did not look at yet.

use netchat_shared::extended::Delay;
use netchat_shared::time::Instant;

/// Beyond so many seconds, minutes are told.
const SECONDS_TOLD_MAX: u64 = 120;

/// What was answered was not looked at: the session asks again by itself, then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutOff {
    /// Why.
    pub why: Delay,
    /// When it is asked again.
    pub again_at: Instant,
}

impl PutOff {
    /// What happened and until when, in one line for the person.
    #[must_use]
    pub fn describe(self, now: Instant) -> String {
        let why = match self.why {
            Delay::Busy => "The server is busy",
            Delay::Attempts => "Too many wrong passwords from here",
            Delay::Sessions => "This account has signed in too often",
        };
        let millis = self.again_at.saturating_since(now).as_millis();
        match u64::try_from(millis.div_ceil(1_000)).unwrap_or(u64::MAX) {
            0 => format!("{why}: trying again now."),
            seconds @ 1..=SECONDS_TOLD_MAX => format!("{why}: trying again in {seconds} s."),
            seconds => format!("{why}: trying again in {} min.", seconds.div_ceil(60)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_person_is_told_why_and_until_when() {
        let now = Instant::from_origin(Duration::from_secs(10));
        let line = |why, millis| {
            PutOff { why, again_at: now + Duration::from_millis(millis) }.describe(now)
        };
        let wrong = "Too many wrong passwords from here";
        assert_eq!(line(Delay::Attempts, 7_200), format!("{wrong}: trying again in 8 s."));
        assert_eq!(line(Delay::Attempts, 840_001), format!("{wrong}: trying again in 15 min."));
        assert_eq!(line(Delay::Busy, 0), "The server is busy: trying again now.");
    }
}
