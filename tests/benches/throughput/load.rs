//! The load on the server: sessions of ours.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use netchat_client::session::{Content, Event, Progress};
use netchat_shared::message_id::MessageId;
use netchat_tests::client::Client;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use super::latencies::Latencies;
use super::{DURATION, PAIRS};

/// How fast each sender sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as so many messages under way allow.
    Window(usize),
    /// One in this time.
    Every(Duration),
}

/// What came of a load. A message counts when its receipt has come back.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) stored: Latencies,
    pub(crate) arrived: Latencies,
    pub(crate) received: Latencies,
    /// Those of the warming up too.
    pub(crate) all_messages: usize,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.received.len() as f64 / DURATION.as_secs_f64()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.stored.extend(other.stored);
        self.arrived.extend(other.arrived);
        self.received.extend(other.received);
        self.all_messages += other.all_messages;
    }
}

/// When something is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) begin: Instant,
    pub(crate) end: Instant,
}

impl Span {
    /// After a second of warming up.
    pub(crate) fn next() -> Self {
        let begin = Instant::now() + Duration::from_secs(1);
        Self { begin, end: begin + DURATION }
    }

    pub(crate) fn holds(&self, at: Instant) -> bool {
        self.begin <= at && at < self.end
    }
}

/// The time for which a sender waits before its next message, given how many are under way.
pub(crate) struct Pacer {
    pace: Pace,
    next_at: Instant,
}

impl Pacer {
    /// Senders of one load don't send in step.
    pub(crate) fn new(pace: Pace, index: usize) -> Self {
        let offset = match pace {
            Pace::Window(_) => Duration::ZERO,
            Pace::Every(interval) => interval.mul_f64(index as f64 / PAIRS as f64),
        };
        Self { pace, next_at: Instant::now() + offset }
    }

    pub(crate) fn may_send(&mut self, under_way: usize) -> bool {
        match self.pace {
            Pace::Window(window) => under_way < window,
            Pace::Every(interval) => {
                let is_due = Instant::now() >= self.next_at;
                self.next_at += if is_due { interval } else { Duration::ZERO };
                is_due
            }
        }
    }

    pub(crate) fn wake_at(&self, span: Span) -> Instant {
        match self.pace {
            Pace::Window(_) => span.end,
            Pace::Every(_) => self.next_at.min(span.end),
        }
    }
}

/// Everyone, signed in: senders and their recipients.
pub(crate) async fn people(server: SocketAddr) -> Vec<(Client, Client)> {
    let mut people = Vec::new();
    for index in 0..PAIRS {
        let sender = Client::sign_in(server, &format!("sender{index}")).await;
        people.push((sender, Client::sign_in(server, &format!("recipient{index}")).await));
    }
    people
}

pub(crate) async fn run(people: &mut Vec<(Client, Client)>, pace: Pace) -> Outcome {
    let (span, origin) = (Span::next(), Instant::now());
    let local = LocalSet::new();
    let mut running = Vec::new();
    for (index, (sender, recipient)) in people.drain(..).enumerate() {
        running.push((
            local.spawn_local(send(sender, index, pace, span, origin)),
            local.spawn_local(receive(recipient, span, origin)),
        ));
    }
    let mut outcome = Outcome::default();
    local
        .run_until(async {
            for (sending, receiving) in running {
                let (sender, sent) = sending.await.unwrap();
                let (recipient, received) = receiving.await.unwrap();
                outcome.extend(sent);
                outcome.extend(received);
                people.push((sender, recipient));
            }
        })
        .await;
    outcome
}

async fn send(
    mut client: Client,
    index: usize,
    pace: Pace,
    span: Span,
    origin: Instant,
) -> (Client, Outcome) {
    let (recipient, mut pacer) = (format!("recipient{index}"), Pacer::new(pace, index));
    let mut under_way: BTreeMap<MessageId, Instant> = BTreeMap::new();
    let mut outcome = Outcome::default();
    // What is under way at the end is waited for: the next load begins with nothing.
    while Instant::now() < span.end || !under_way.is_empty() {
        while Instant::now() < span.end && pacer.may_send(under_way.len()) {
            let stamp = origin.elapsed().as_nanos();
            let text = format!("{stamp:020} as long as people's messages usually are");
            under_way.insert(client.send(&recipient, &text), Instant::now());
        }
        let wake_at = if Instant::now() < span.end {
            pacer.wake_at(span)
        } else {
            span.end + Duration::from_secs(10)
        };
        tokio::select! {
            event = client.event() => note(event, &mut under_way, span, &mut outcome),
            () = sleep_until(wake_at) => {
                assert!(Instant::now() < span.end + Duration::from_secs(9), "the load drains");
            }
        }
    }
    (client, outcome)
}

fn note(
    event: Event,
    under_way: &mut BTreeMap<MessageId, Instant>,
    span: Span,
    outcome: &mut Outcome,
) {
    let Event::Progress(id, progress) = event else { return };
    let Some(&sent_at) = under_way.get(&id) else { return };
    let is_measured = span.holds(sent_at);
    if let Progress::Received(_) = progress {
        under_way.remove(&id);
        outcome.all_messages += 1;
        if is_measured {
            outcome.received.push(sent_at.elapsed());
        }
    } else if is_measured {
        outcome.stored.push(sent_at.elapsed());
    }
}

async fn receive(mut client: Client, span: Span, origin: Instant) -> (Client, Outcome) {
    let mut outcome = Outcome::default();
    let end = span.end + Duration::from_secs(2);
    loop {
        tokio::select! {
            event = client.event() => {
                let Event::Arrived(arrival) = event else { continue };
                let Content::Text(text) = arrival.content else { panic!("corrupted") };
                let stamp = Duration::from_nanos(text[..20].parse().unwrap());
                if span.holds(origin + stamp) {
                    outcome.arrived.push(origin.elapsed().saturating_sub(stamp));
                }
            }
            () = sleep_until(end) => return (client, outcome),
        }
    }
}
