//! How many sessions there are, in all and of each source. One task owns the counts.

use std::collections::BTreeMap;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::source::Source;

/// The bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) sessions_max: usize,
    pub(crate) sessions_per_source_max: usize,
}

/// Asks the counting task. Each request under way holds at most two messages in its channel.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    requests: UnboundedSender<Request>,
}

/// The right to one session, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    source: Source,
    requests: UnboundedSender<Request>,
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Too many sessions in all.
    Full,
    /// Too many from this address.
    TooManyFromSource,
}

#[derive(Debug)]
enum Request {
    Enter(Source, oneshot::Sender<Result<(), Denied>>),
    Leave(Source),
}

impl Admission {
    /// Starts the task; it ends when nobody can ask any more.
    pub(crate) fn start(bounds: Bounds) -> Self {
        let (requests, receiver) = unbounded_channel();
        tokio::spawn(count(bounds, receiver));
        Self { requests }
    }

    pub(crate) async fn enter(&self, source: Source) -> Result<Permit, Denied> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Enter(source, reply)).map_err(|_| Denied::Full)?;
        answer.await.map_err(|_| Denied::Full)??;
        Ok(Permit { source, requests: self.requests.clone() })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Nobody counts any more when the gateway stops.
        let _ = self.requests.send(Request::Leave(self.source));
    }
}

async fn count(bounds: Bounds, mut requests: UnboundedReceiver<Request>) {
    let mut counts = Counts { bounds, total: 0, by_source: BTreeMap::new() };
    while let Some(request) = requests.recv().await {
        match request {
            Request::Enter(source, reply) => {
                let answer = counts.enter(source);
                // Whoever asked has gone away: so has the session.
                if reply.send(answer).is_err() && answer.is_ok() {
                    counts.leave(source);
                }
            }
            Request::Leave(source) => counts.leave(source),
        }
    }
}

struct Counts {
    bounds: Bounds,
    total: usize,
    by_source: BTreeMap<Source, usize>,
}

impl Counts {
    fn enter(&mut self, source: Source) -> Result<(), Denied> {
        if self.total >= self.bounds.sessions_max {
            return Err(Denied::Full);
        }
        let from_source = self.by_source.entry(source).or_default();
        if *from_source >= self.bounds.sessions_per_source_max {
            return Err(Denied::TooManyFromSource);
        }
        *from_source += 1;
        self.total += 1;
        Ok(())
    }

    fn leave(&mut self, source: Source) {
        self.total -= 1;
        if let Some(from_source) = self.by_source.get_mut(&source) {
            *from_source -= 1;
            if *from_source == 0 {
                self.by_source.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: u8) -> Source {
        Source::of([127, 0, 0, n].into())
    }

    #[tokio::test]
    async fn both_bounds_hold_and_a_dropped_permit_makes_room() {
        let bounds = Bounds { sessions_max: 3, sessions_per_source_max: 2 };
        let admission = Admission::start(bounds);
        let (one, other) = (source(1), source(2));
        let first = admission.enter(one).await.unwrap();
        let _second = admission.enter(one).await.unwrap();
        assert_eq!(admission.enter(one).await.unwrap_err(), Denied::TooManyFromSource);
        let _third = admission.enter(other).await.unwrap();
        assert_eq!(admission.enter(other).await.unwrap_err(), Denied::Full);
        drop(first);
        assert!(admission.enter(one).await.is_ok());
    }
}
