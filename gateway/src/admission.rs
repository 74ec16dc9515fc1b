//! How many sessions there are, in all and per client address. One task owns the counts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// The bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) sessions_max: usize,
    pub(crate) sessions_per_address_max: usize,
}

/// Asks the counting task. Each request under way holds at most two messages in its channel.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    requests: UnboundedSender<Request>,
}

/// The right to one session, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    address: IpAddr,
    requests: UnboundedSender<Request>,
}

/// Why there is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Too many sessions in all.
    Full,
    /// Too many from this address.
    TooManyFromAddress,
}

#[derive(Debug)]
enum Request {
    Enter(IpAddr, oneshot::Sender<Result<(), Denied>>),
    Leave(IpAddr),
}

impl Admission {
    /// Starts the task; it ends when nobody can ask any more.
    pub(crate) fn start(bounds: Bounds) -> Self {
        let (requests, receiver) = unbounded_channel();
        tokio::spawn(count(bounds, receiver));
        Self { requests }
    }

    pub(crate) async fn enter(&self, address: IpAddr) -> Result<Permit, Denied> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Enter(address, reply)).map_err(|_| Denied::Full)?;
        answer.await.map_err(|_| Denied::Full)??;
        Ok(Permit { address, requests: self.requests.clone() })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Nobody counts any more when the gateway stops.
        let _ = self.requests.send(Request::Leave(self.address));
    }
}

async fn count(bounds: Bounds, mut requests: UnboundedReceiver<Request>) {
    let mut counts = Counts { bounds, total: 0, by_address: BTreeMap::new() };
    while let Some(request) = requests.recv().await {
        match request {
            Request::Enter(address, reply) => {
                let answer = counts.enter(address);
                // Whoever asked has gone away: so has the session.
                if reply.send(answer).is_err() && answer.is_ok() {
                    counts.leave(address);
                }
            }
            Request::Leave(address) => counts.leave(address),
        }
    }
}

struct Counts {
    bounds: Bounds,
    total: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

impl Counts {
    fn enter(&mut self, address: IpAddr) -> Result<(), Denied> {
        if self.total >= self.bounds.sessions_max {
            return Err(Denied::Full);
        }
        let from_address = self.by_address.entry(address).or_default();
        if *from_address >= self.bounds.sessions_per_address_max {
            return Err(Denied::TooManyFromAddress);
        }
        *from_address += 1;
        self.total += 1;
        Ok(())
    }

    fn leave(&mut self, address: IpAddr) {
        self.total -= 1;
        if let Some(from_address) = self.by_address.get_mut(&address) {
            *from_address -= 1;
            if *from_address == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_bounds_hold_and_a_dropped_permit_makes_room() {
        let bounds = Bounds { sessions_max: 3, sessions_per_address_max: 2 };
        let admission = Admission::start(bounds);
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = admission.enter(one).await.unwrap();
        let _second = admission.enter(one).await.unwrap();
        assert_eq!(admission.enter(one).await.unwrap_err(), Denied::TooManyFromAddress);
        let _third = admission.enter(other).await.unwrap();
        assert_eq!(admission.enter(other).await.unwrap_err(), Denied::Full);
        drop(first);
        assert!(admission.enter(one).await.is_ok());
    }
}
