//! What is done once in a while: old things are forgotten, and the clock is watched.
//!
//! "Old" is what the clock says. A clock that has moved by a month more or less than the time that
//! passed was wrong before or is wrong now: then nothing is called old until it has gone right for
//! as long.

use netchat_shared::time::{Now, UnixTime};

use super::people::People;
use crate::action::{Dropped, LogEvent};
use crate::context::{Context, TimerKey};
use crate::limits::{CLOCK_JUMP_MAX, MAINTENANCE_INTERVAL};
use crate::storage::{ClockMark, Purge, Write};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Maintenance {
    clock: ClockMark,
    /// When the clock was looked at last.
    looked_at: Now,
}

impl Maintenance {
    /// Begins with what was known of the clock when the server last ran.
    pub(crate) fn new(cx: &mut Context, clock: Option<ClockMark>) -> Self {
        let now = cx.now;
        let clock = clock.unwrap_or(ClockMark { seen: now.calendar, trusted_from: now.calendar });
        let mut maintenance = Self { clock, looked_at: now };
        // While it did not run, any time may have passed; but more than a month of it is not told
        // from a clock that is wrong, and a month more does no harm.
        maintenance.watch_clock(cx, clock.seen);
        cx.timers.set(TimerKey::Maintenance, Some(now.monotonic + MAINTENANCE_INTERVAL));
        maintenance
    }

    /// Whether what the clock says is old is old.
    pub(crate) fn clock_is_trusted(&self) -> bool {
        self.looked_at.calendar >= self.clock.trusted_from
    }

    /// The time has come. Answers before when tokens have ended, if that can be said.
    pub(crate) fn run(&mut self, cx: &mut Context, people: &People) -> Option<UnixTime> {
        cx.timers.set(TimerKey::Maintenance, Some(cx.now.monotonic + MAINTENANCE_INTERVAL));
        let dropped = std::mem::take(&mut cx.dropped);
        if dropped != Dropped::default() {
            cx.log(LogEvent::Dropped(dropped));
        }
        self.look_at_clock(cx);
        if !self.clock_is_trusted() {
            let trusted_from = self.clock.trusted_from;
            cx.log(LogEvent::ClockJumped { trusted_from });
            return None;
        }
        let now = cx.now.calendar;
        let messages_before = cx.settings.retention.map(|retention| {
            let kept_ms = u64::try_from(retention.as_millis()).unwrap_or(u64::MAX);
            UnixTime { millis: now.millis.saturating_sub(kept_ms) }
        });
        let guests = people.guests.ids().collect();
        let known_to = cx.applied;
        let purge = Purge { messages_before, tokens_before: now, guests, known_to };
        cx.store_aside(Write::Purge(purge));
        Some(now)
    }

    fn look_at_clock(&mut self, cx: &mut Context) {
        let passed = cx.now.monotonic.saturating_since(self.looked_at.monotonic);
        let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let expected = self.looked_at.calendar.millis.saturating_add(passed_ms);
        self.watch_clock(cx, UnixTime { millis: expected });
    }

    fn watch_clock(&mut self, cx: &mut Context, expected: UnixTime) {
        let jump_max_ms = u64::try_from(CLOCK_JUMP_MAX.as_millis()).unwrap_or(u64::MAX);
        let now = cx.now.calendar;
        if now.millis.abs_diff(expected.millis) > jump_max_ms {
            let trusted_from = UnixTime { millis: now.millis.saturating_add(jump_max_ms) };
            self.clock.trusted_from = trusted_from;
            cx.log(LogEvent::ClockJumped { trusted_from });
        }
        self.clock.seen = now;
        self.looked_at = cx.now;
        cx.store_aside(Write::SetClock(self.clock));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::action::Action;
    use crate::chat::people::testing::people;
    use crate::context::testing::context;

    const DAY: Duration = Duration::from_secs(24 * 3_600);
    const DAY_MS: u64 = 24 * 3_600 * 1_000;

    fn purges(cx: &mut Context) -> usize {
        let actions = cx.take_actions().into_iter();
        actions.filter(|action| matches!(action, Action::Store(_, Write::Purge(_)))).count()
    }

    #[test]
    fn nothing_is_old_after_a_jump_until_the_clock_has_gone_right_for_as_long() {
        for jump_days in [400_i64, -400] {
            let (mut cx, people) = (context(), people());
            let mut maintenance = Maintenance::new(&mut cx, None);
            maintenance.run(&mut cx, &people);
            assert_eq!(purges(&mut cx), 1);
            let now = &mut cx.now.calendar.millis;
            *now = now.saturating_add_signed(jump_days * DAY_MS as i64);
            for day in 1..=31 {
                maintenance.run(&mut cx, &people);
                let expected = usize::from(day == 31);
                assert_eq!(purges(&mut cx), expected, "{jump_days}: day {day}");
                cx.pass(DAY);
            }
        }
    }

    #[test]
    fn a_jump_while_the_server_did_not_run_is_noticed_and_kept() {
        let mut cx = context();
        let seen = UnixTime { millis: cx.now.calendar.millis - 400 * DAY_MS };
        let mark = ClockMark { seen, trusted_from: seen };
        assert!(!Maintenance::new(&mut cx, Some(mark)).clock_is_trusted());
        let kept = cx.take_actions().into_iter().find_map(|action| {
            let Action::Store(_, Write::SetClock(mark)) = action else { return None };
            Some(mark)
        });
        cx.pass(DAY);
        assert!(!Maintenance::new(&mut cx, kept).clock_is_trusted(), "after another restart too");
        let yesterday = ClockMark { seen, trusted_from: seen };
        let yesterday = ClockMark { seen: cx.now.calendar, ..yesterday };
        assert!(Maintenance::new(&mut cx, Some(yesterday)).clock_is_trusted());
    }
}
