//! How fast senders send.

use std::time::{Duration, Instant};

/// How fast each sender sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as so many messages under way allow.
    Window(u64),
    /// One in this time.
    Every(Duration),
}

/// The pace of one sender.
#[derive(Debug)]
pub(crate) struct Pacer {
    pace: Pace,
    next_at: Instant,
}

impl Pace {
    /// What makes so many messages a second, of all senders together.
    pub(crate) fn per_second(messages: f64, senders: usize) -> Self {
        Self::Every(Duration::from_secs_f64(senders as f64 / messages))
    }

    /// How long nobody has to send by the time.
    pub(crate) fn wait<T>(self, senders: &[T], pacer: impl Fn(&T) -> &Pacer) -> Duration {
        let Self::Every(_) = self else { return Duration::MAX };
        let next_at = senders.iter().map(|sender| pacer(sender).next_at).min();
        next_at.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }
}

impl Pacer {
    /// The pace of one of so many. They don't send in step.
    pub(crate) fn new(pace: Pace, index: usize, of: usize) -> Self {
        let offset = match pace {
            Pace::Window(_) => Duration::ZERO,
            Pace::Every(interval) => interval.mul_f64(index as f64 / of as f64),
        };
        Self { pace, next_at: Instant::now() + offset }
    }

    /// Whether a message is due now, so many being under way. If so, it has to be sent.
    pub(crate) fn may_send(&mut self, under_way: u64) -> bool {
        match self.pace {
            Pace::Window(window) => under_way < window,
            Pace::Every(interval) => {
                let is_due = Instant::now() >= self.next_at;
                if is_due {
                    self.next_at += interval;
                }
                is_due
            }
        }
    }
}
