//! What waits for a classic client, sent so that its bare `RECEIVED` can be understood.
//!
//! A classic client acknowledges every datagram with the same word. So one datagram is outstanding
//! at a time, and the next message leaves only when no acknowledgement of an earlier one can still
//! be on its way (PROTOCOL.md, "Acknowledgements"):
//!
//! - after an acknowledgement, the next *message* waits [`CLASSIC_ACK_SPACING`], in case the network
//!   repeats it (notices don't: nobody is told that they were received);
//! - after a missed acknowledgement, nothing but a [`PROBE`] is sent, until either every datagram so
//!   far is accounted for, or the client answered something and then nothing more came for much
//!   longer than it usually takes;
//! - a client that answers no probe is *silent*: nothing is sent until it speaks again.

use std::collections::VecDeque;
use std::time::Duration;

use netchat_shared::time::Instant;

use crate::events::InFlight;
use crate::limits::{CLASSIC_ACK_SPACING, CLASSIC_FEED_MAX, CLASSIC_PROBES_MAX, CLASSIC_QUEUE_MAX};

/// [`netchat_shared::classic::Notice::Leave`] on the wire.
const PROBE: &str = "TEVBVkU=";
/// After a missed acknowledgement: how many times the slowest round trip must pass in quiet.
const QUIET_ROUND_TRIPS: u32 = 4;
/// The least of that time.
const QUIET_MIN: Duration = Duration::from_millis(500);

/// The queue of one classic session.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: VecDeque<Item>,
    state: State,
    ack_timeout: Duration,
    slowest_round_trip: Option<Duration>,
}

#[derive(Debug)]
enum Item {
    Notice(String),
    Message(Message),
}

#[derive(Debug)]
struct Message {
    handed: InFlight,
    body: String,
    kind: MessageKind,
    queued_at: Instant,
}

/// What a datagram is to its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageKind {
    /// All of it, or the last part: its acknowledgement is the message's.
    Whole,
    /// A part of a long text; more follow.
    Part,
    /// Its hash is wrong: the client will find that, and not acknowledge it.
    Corrupted,
}

#[derive(Debug)]
enum State {
    /// Nothing is outstanding; messages may leave from then on.
    Ready { messages_from: Instant },
    /// One datagram is outstanding: a message, or a notice (`None`).
    Waiting { message: Option<(InFlight, MessageKind)>, sent_at: Instant },
    /// An acknowledgement was missed.
    Probing(Probing),
    /// No probe was answered either. Counts the datagrams that are not accounted for.
    Silent { unaccounted: u32 },
}

#[derive(Debug)]
struct Probing {
    probes: u32,
    /// Datagrams that were sent and may still be acknowledged.
    unaccounted: u32,
    /// Something was acknowledged since.
    answered: bool,
    /// When to probe again, or, once something was acknowledged, when to go on.
    until: Instant,
}

/// What became of a message, or what to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this.
    Transmit(String),
    /// Send this message, which the client will find corrupted.
    TransmitCorrupted(String, InFlight),
    /// Not acknowledged in time.
    Lost(InFlight),
    /// The client answers no more; these were never sent.
    Silent(Vec<InFlight>),
}

impl Outbox {
    pub(super) fn new(now: Instant, ack_timeout: Duration) -> Self {
        Self {
            queue: VecDeque::new(),
            state: State::Ready { messages_from: now },
            ack_timeout,
            slowest_round_trip: None,
        }
    }

    /// Queues a line. False if the queue is full: then it is dropped.
    pub(super) fn push_notice(&mut self, datagram: String) -> bool {
        if self.queue.len() >= CLASSIC_QUEUE_MAX {
            return false;
        }
        self.queue.push_back(Item::Notice(datagram));
        true
    }

    /// Queues a message, or a part of one.
    pub(super) fn push_message(
        &mut self,
        now: Instant,
        handed: InFlight,
        body: String,
        kind: MessageKind,
    ) {
        self.queue.push_back(Item::Message(Message { handed, body, kind, queued_at: now }));
    }

    /// Whether another message may be queued. Lines have more room.
    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < CLASSIC_FEED_MAX && !self.is_silent()
    }

    /// Whether a message is outstanding or waits.
    #[cfg(test)]
    pub(super) fn has(&self, sequence: crate::storage::Sequence) -> bool {
        let waiting =
            |item: &Item| matches!(item, Item::Message(m) if m.handed.sequence == sequence);
        let outstanding = match &self.state {
            State::Waiting { message, .. } => message.as_ref(),
            State::Ready { .. } | State::Probing(_) | State::Silent { .. } => None,
        };
        outstanding.is_some_and(|(handed, _)| handed.sequence == sequence)
            || self.queue.iter().any(waiting)
    }

    pub(super) fn is_silent(&self) -> bool {
        matches!(self.state, State::Silent { .. })
    }

    /// The client sent something other than an acknowledgement: if it was silent, it is back.
    pub(super) fn heard(&mut self, now: Instant) {
        if let State::Silent { unaccounted } = self.state {
            self.state = State::Probing(Probing::new(now, unaccounted));
        }
    }

    /// The client acknowledged something: the message, if it is known which.
    pub(super) fn acknowledge(&mut self, now: Instant) -> Option<InFlight> {
        let quiet = self.quiet();
        let spaced = State::Ready { messages_from: now + CLASSIC_ACK_SPACING };
        match &mut self.state {
            State::Ready { .. } => {
                self.state = spaced;
                None
            }
            State::Waiting { message, sent_at } => {
                let round_trip = now.saturating_since(*sent_at);
                self.slowest_round_trip = self.slowest_round_trip.max(Some(round_trip));
                let message = message.take();
                self.state = spaced;
                message.filter(|(_, kind)| *kind == MessageKind::Whole).map(|(handed, _)| handed)
            }
            State::Probing(probing) => {
                probing.answered = true;
                probing.until = now + quiet;
                probing.unaccounted = probing.unaccounted.saturating_sub(1);
                if probing.unaccounted == 0 {
                    self.state = spaced;
                }
                None
            }
            State::Silent { unaccounted } => {
                let unaccounted = unaccounted.saturating_sub(1);
                let mut probing = Probing::new(now + quiet, unaccounted);
                probing.answered = true;
                self.state = State::Probing(probing);
                None
            }
        }
    }

    /// The next step at this time; call it until it answers `None`.
    pub(super) fn step(&mut self, now: Instant) -> Option<Step> {
        match &mut self.state {
            State::Ready { messages_from } => {
                let messages_from = *messages_from;
                self.send_next(now, messages_from)
            }
            State::Waiting { message, sent_at } if now >= *sent_at + self.ack_timeout => {
                let message = message.take();
                self.state = State::Probing(Probing::new(now, 1));
                match message {
                    Some((handed, _)) => Some(self.lose(handed)),
                    None => self.step(now),
                }
            }
            State::Waiting { .. } | State::Silent { .. } => None,
            State::Probing(probing) if now < probing.until => match probing.answered {
                true => None,
                false => self.expire(now),
            },
            State::Probing(Probing { answered: true, .. }) => {
                self.state = State::Ready { messages_from: now };
                self.step(now)
            }
            State::Probing(Probing { probes: CLASSIC_PROBES_MAX.., unaccounted, .. }) => {
                self.state = State::Silent { unaccounted: *unaccounted };
                Some(Step::Silent(self.take_messages()))
            }
            State::Probing(probing) => {
                probing.probes += 1;
                probing.unaccounted += 1;
                probing.until = now + self.ack_timeout;
                Some(Step::Transmit(PROBE.to_owned()))
            }
        }
    }

    /// When [`Self::step`] has something to do again.
    pub(super) fn timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Ready { messages_from } => (!self.queue.is_empty()).then_some(*messages_from),
            State::Waiting { sent_at, .. } => Some(*sent_at + self.ack_timeout),
            State::Probing(probing) => {
                let expiry = self.expiry().filter(|_| !probing.answered);
                Some(expiry.map_or(probing.until, |expiry| expiry.min(probing.until)))
            }
            State::Silent { .. } => None,
        }
    }

    /// Everything not acknowledged yet, for a session that ends.
    pub(super) fn take_undelivered(&mut self) -> Vec<InFlight> {
        let outstanding = match &mut self.state {
            State::Waiting { message, .. } => message.take().map(|(handed, _)| handed),
            State::Ready { .. } | State::Probing(_) | State::Silent { .. } => None,
        };
        outstanding.into_iter().chain(self.take_messages()).collect()
    }

    fn send_next(&mut self, now: Instant, messages_from: Instant) -> Option<Step> {
        let is_message = matches!(self.queue.front()?, Item::Message(_));
        if is_message && now < messages_from {
            return None;
        }
        match self.queue.pop_front()? {
            Item::Notice(datagram) => {
                self.state = State::Waiting { message: None, sent_at: now };
                Some(Step::Transmit(datagram))
            }
            Item::Message(Message { handed, body, kind: MessageKind::Corrupted, .. }) => {
                Some(Step::TransmitCorrupted(body, handed))
            }
            Item::Message(Message { handed, body, kind, .. }) => {
                self.state = State::Waiting { message: Some((handed, kind)), sent_at: now };
                Some(Step::Transmit(body))
            }
        }
    }

    /// While it is unclear whether the client is there, what waits is not kept for longer than an
    /// acknowledgement would have been waited for.
    fn expire(&mut self, now: Instant) -> Option<Step> {
        self.expiry().filter(|&expiry| now >= expiry)?;
        let at = self.queue.iter().position(|item| matches!(item, Item::Message(_)))?;
        self.queue.remove(at).and_then(Item::into_handed).map(|handed| self.lose(handed))
    }

    /// A message is lost, with all its parts.
    fn lose(&mut self, handed: InFlight) -> Step {
        let is_part = |item: &Item| matches!(item, Item::Message(m) if m.handed == handed);
        self.queue.retain(|item| !is_part(item));
        Step::Lost(handed)
    }

    /// When the first message in the queue expires.
    fn expiry(&self) -> Option<Instant> {
        self.queue.iter().find_map(|item| match item {
            Item::Message(message) => Some(message.queued_at + self.ack_timeout),
            Item::Notice(_) => None,
        })
    }

    /// Each message once, however many parts of it wait. Lines are dropped with them.
    fn take_messages(&mut self) -> Vec<InFlight> {
        let mut messages: Vec<_> = self.queue.drain(..).filter_map(Item::into_handed).collect();
        messages.dedup();
        messages
    }

    /// How long after the last sign of life nothing more can be on its way.
    fn quiet(&self) -> Duration {
        let longest = self.ack_timeout * 2;
        self.slowest_round_trip
            .map_or(longest, |slowest| (slowest * QUIET_ROUND_TRIPS).max(QUIET_MIN).min(longest))
    }
}

impl Probing {
    fn new(until: Instant, unaccounted: u32) -> Self {
        Self { probes: 0, unaccounted, answered: false, until }
    }
}

impl Item {
    fn into_handed(self) -> Option<InFlight> {
        match self {
            Self::Notice(_) => None,
            Self::Message(message) => Some(message.handed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::storage::{Sequence, UserId};

    const ACK_TIMEOUT: Duration = Duration::from_secs(5);

    fn at(millis: u64) -> Instant {
        Instant::from_origin(Duration::from_millis(millis))
    }

    fn handed(sequence: u64) -> InFlight {
        InFlight { sequence: Sequence(sequence), sender: UserId(1) }
    }

    fn transmit(text: &str) -> Option<Step> {
        Some(Step::Transmit(text.to_owned()))
    }

    fn outbox() -> Outbox {
        Outbox::new(Instant::ZERO, ACK_TIMEOUT)
    }

    #[test]
    fn one_datagram_is_outstanding_at_a_time() {
        let mut outbox = outbox();
        outbox.push_message(at(0), handed(1), "one".to_owned(), MessageKind::Whole);
        assert!(outbox.push_notice("line".to_owned()));
        assert_eq!(outbox.step(at(0)), transmit("one"));
        assert_eq!(outbox.step(at(0)), None);
        assert_eq!(outbox.acknowledge(at(20)), Some(handed(1)));
        assert_eq!(outbox.step(at(20)), transmit("line"));
        assert_eq!(outbox.step(at(20)), None);
        assert_eq!(outbox.acknowledge(at(40)), None, "a notice is nobody's message");
    }

    #[test]
    fn a_repeated_acknowledgement_is_not_the_next_messages() {
        let mut outbox = outbox();
        outbox.push_message(at(0), handed(1), "one".to_owned(), MessageKind::Whole);
        outbox.push_message(at(0), handed(2), "two".to_owned(), MessageKind::Whole);
        assert_eq!(outbox.step(at(0)), transmit("one"));
        assert_eq!(outbox.acknowledge(at(20)), Some(handed(1)));
        assert_eq!(outbox.step(at(21)), None);
        assert_eq!(outbox.acknowledge(at(30)), None);
        assert_eq!(outbox.timeout(), Some(at(130)));
        assert_eq!(outbox.step(at(130)), transmit("two"));
    }

    #[test]
    fn a_late_acknowledgement_is_not_the_next_messages() {
        let mut outbox = outbox();
        outbox.push_message(at(0), handed(1), "one".to_owned(), MessageKind::Whole);
        assert_eq!(outbox.step(at(0)), transmit("one"));
        assert_eq!(outbox.step(at(4_999)), None);
        assert_eq!(outbox.step(at(5_000)), Some(Step::Lost(handed(1))));
        assert_eq!(outbox.step(at(5_000)), transmit(PROBE));
        outbox.push_message(at(6_000), handed(2), "two".to_owned(), MessageKind::Whole);
        assert_eq!(outbox.acknowledge(at(7_000)), None, "of the first or of the probe");
        assert_eq!(outbox.step(at(7_000)), None);
        assert_eq!(outbox.acknowledge(at(7_010)), None, "both are accounted for");
        assert_eq!(outbox.step(at(7_110)), transmit("two"));
        assert_eq!(outbox.acknowledge(at(7_200)), Some(handed(2)));
    }

    #[test]
    fn a_client_that_is_gone_falls_silent_and_can_come_back() {
        let mut outbox = outbox();
        outbox.push_message(at(0), handed(1), "one".to_owned(), MessageKind::Whole);
        outbox.push_message(at(0), handed(2), "two".to_owned(), MessageKind::Whole);
        assert_eq!(outbox.step(at(0)), transmit("one"));
        assert_eq!(outbox.step(at(5_000)), Some(Step::Lost(handed(1))));
        assert_eq!(outbox.step(at(5_000)), transmit(PROBE));
        assert_eq!(outbox.step(at(5_000)), Some(Step::Lost(handed(2))), "it waited too long");
        assert_eq!(outbox.step(at(10_000)), transmit(PROBE));
        assert_eq!(outbox.step(at(15_000)), transmit(PROBE));
        outbox.push_message(at(19_000), handed(3), "three".to_owned(), MessageKind::Whole);
        assert_eq!(outbox.step(at(20_000)), Some(Step::Silent(vec![handed(3)])));
        assert!(outbox.is_silent());
        outbox.heard(at(60_000));
        assert_eq!(outbox.step(at(60_000)), transmit(PROBE));
        for _ in 0..4 {
            assert_eq!(outbox.acknowledge(at(60_050)), None);
        }
        outbox.push_message(at(60_060), handed(4), "four".to_owned(), MessageKind::Whole);
        assert_eq!(outbox.step(at(60_060)), None, "the fifth is still on its way");
        assert_eq!(outbox.acknowledge(at(60_080)), None);
        assert_eq!(outbox.step(at(60_180)), transmit("four"));
    }

    #[test]
    fn the_parts_of_a_long_text_are_acknowledged_together_or_lost_together() {
        let mut outbox = outbox();
        outbox.push_message(at(0), handed(1), "a".to_owned(), MessageKind::Part);
        outbox.push_message(at(0), handed(1), "b".to_owned(), MessageKind::Whole);
        outbox.push_message(at(0), handed(2), "c".to_owned(), MessageKind::Part);
        outbox.push_message(at(0), handed(2), "d".to_owned(), MessageKind::Whole);
        assert_eq!(outbox.step(at(0)), transmit("a"));
        assert_eq!(outbox.acknowledge(at(10)), None);
        assert_eq!(outbox.step(at(110)), transmit("b"));
        assert_eq!(outbox.acknowledge(at(120)), Some(handed(1)));
        assert_eq!(outbox.step(at(220)), transmit("c"));
        assert_eq!(outbox.step(at(5_220)), Some(Step::Lost(handed(2))));
        assert!(!outbox.has(Sequence(2)), "the rest of it is not sent");
    }

    /// A classic client behind a network that loses, repeats and delays, and that stops now and
    /// then. Whatever happens, a message counts as received only if the client has shown it.
    #[test]
    fn receipts_are_true_on_any_network() {
        let (mut receipts, mut losses) = (0, 0);
        for seed in 0..2_000 {
            let (received, lost) = Network::new(seed).run();
            receipts += received;
            losses += lost;
        }
        assert!(receipts > 20_000, "most messages get through: {receipts}");
        assert!(losses > 1_000, "the network was bad enough: {losses}");
    }

    struct Network {
        seed: u64,
        rng: ChaCha8Rng,
        outbox: Outbox,
        loss_percent: u32,
        repeat_percent: u32,
        /// Datagrams to the client and acknowledgements from it, by time of arrival.
        to_client: BTreeSet<(Instant, u32, String)>,
        to_server: BTreeSet<(Instant, u32)>,
        stopped_until: Instant,
        shown: BTreeSet<String>,
        serial: u32,
    }

    impl Network {
        fn new(seed: u64) -> Self {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            Self {
                seed,
                loss_percent: rng.next_u32() % 30,
                repeat_percent: rng.next_u32() % 30,
                rng,
                outbox: outbox(),
                to_client: BTreeSet::new(),
                to_server: BTreeSet::new(),
                stopped_until: Instant::ZERO,
                shown: BTreeSet::new(),
                serial: 0,
            }
        }

        fn run(mut self) -> (usize, usize) {
            let (mut received, mut lost) = (0, 0);
            for tick in 0..12_000 {
                let now = at(tick * 10);
                if tick % 200 == 0 {
                    let sequence = tick / 200 + 1;
                    self.outbox.push_message(
                        now,
                        handed(sequence),
                        sequence.to_string(),
                        MessageKind::Whole,
                    );
                    self.outbox.push_notice("line".to_owned());
                }
                if self.chance(1, 3_000) {
                    let stop = Duration::from_millis(u64::from(self.rng.next_u32() % 40_000));
                    self.stopped_until = now + stop;
                }
                self.run_client(now);
                while self.to_server.first().is_some_and(|(at, _)| *at <= now) {
                    self.to_server.pop_first();
                    if let Some(handed) = self.outbox.acknowledge(now) {
                        let shown = self.shown.contains(&handed.sequence.0.to_string());
                        assert!(shown, "seed {}: {handed:?} was not shown", self.seed);
                        received += 1;
                    }
                }
                while let Some(step) = self.outbox.step(now) {
                    match step {
                        Step::Transmit(text) => self.send(now, &text),
                        Step::Lost(_) => lost += 1,
                        Step::Silent(all) => lost += all.len(),
                        Step::TransmitCorrupted(..) => panic!("none was corrupted"),
                    }
                }
            }
            (received, lost)
        }

        fn run_client(&mut self, now: Instant) {
            if now < self.stopped_until {
                return;
            }
            while self.to_client.first().is_some_and(|(at, ..)| *at <= now) {
                let Some((_, _, text)) = self.to_client.pop_first() else {
                    return;
                };
                self.shown.insert(text);
                for arrival in self.arrivals(now) {
                    self.serial += 1;
                    self.to_server.insert((arrival, self.serial));
                }
            }
        }

        fn send(&mut self, now: Instant, text: &str) {
            for arrival in self.arrivals(now) {
                self.serial += 1;
                self.to_client.insert((arrival, self.serial, text.to_owned()));
            }
        }

        /// When the copies of a datagram arrive: none, one or two, after 5 to 35 ms each.
        fn arrivals(&mut self, now: Instant) -> Vec<Instant> {
            if self.chance(self.loss_percent, 100) {
                return vec![];
            }
            let copies = if self.chance(self.repeat_percent, 100) { 2 } else { 1 };
            let delay = |rng: &mut ChaCha8Rng| 5 + u64::from(rng.next_u32() % 31);
            (0..copies).map(|_| now + Duration::from_millis(delay(&mut self.rng))).collect()
        }

        fn chance(&mut self, of: u32, out_of: u32) -> bool {
            self.rng.next_u32() % out_of < of
        }
    }
}
