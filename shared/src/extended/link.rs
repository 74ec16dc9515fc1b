//! A link: messages that arrive exactly once and in order, over any network that sometimes works
//! (PROTOCOL.md, "Links"). The same on both sides.
//!
//! Messages are cut into numbered slices. Packets, numbered too and never repeated, carry slices and
//! acknowledge packets. A slice that was in a lost packet goes into a later one, until it is
//! acknowledged; so a measured round trip is never ambiguous, and a repeated packet is told by its
//! number (RFC 9000, section 13; RFC 9002). It never gives up: whoever owns a link decides when its
//! peer is gone.
//!
//! ```text
//! send, handle_packet, handle_timeout ──> Link ──> next_message, next_packet, timeout
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use thiserror::Error;

use super::channel::Channel;
use super::datagram::SessionId;
use super::frame::{Frame, FrameError};
use super::handshake::Forged;
use super::packet_numbers::PacketNumbers;
use super::round_trip::{ACK_DELAY_MAX, RoundTrip};
use super::slices::{Incoming, Outgoing};
use crate::limits::{
    FRAMES_BYTES_MAX, FRAMES_PER_PACKET_MAX, LINK_MESSAGE_BYTES_MAX, LINK_QUEUE_BYTES_MAX,
    WINDOW_PACKETS_MAX, WINDOW_PACKETS_MIN,
};
use crate::opaque::LinkHash;
use crate::sorted::SortedSet;
use crate::time::Instant;

/// After so many packets, an acknowledgement is due at once.
const ACK_EVERY_PACKETS: u32 = 2;
/// Packets under way at first.
const WINDOW_PACKETS_INITIAL: u32 = 16;
/// Packets under way after a timeout, until something is acknowledged again.
const WINDOW_PACKETS_PROBING: u32 = 2;
/// How long a packet that counts as lost is remembered, in case it was only late.
const LOST_REMEMBERED: Duration = Duration::from_secs(10);
/// Frames that wait to be sent once; a further challenge is answered when it is repeated.
const CONTROL_FRAMES_MAX: usize = 8;
/// The frames of a packet with a message as long as people's usually are fit without moving.
const FRAMES_BYTES_USUAL: usize = 480;
/// Packets remembered at most.
const SENT_PACKETS_MAX: usize = 1_024;

/// One side of a link.
#[derive(Debug)]
pub struct Link {
    channel: Channel,
    outgoing: Outgoing,
    /// Slices whose packet was lost.
    resend: SortedSet<u64>,
    sent: VecDeque<SentPacket>,
    /// The number of the first packet in `sent`.
    first_sent: u64,
    largest_acknowledged: Option<u64>,
    /// Packets in `sent` that are neither acknowledged nor lost.
    in_flight: u32,
    window: Window,
    round_trip: RoundTrip,
    /// Timeouts since something was acknowledged.
    timeouts: u32,
    /// When the last of them was.
    last_attempt_at: Instant,
    /// When the earliest packet in flight counts as lost, later ones having arrived.
    loss_at: Option<Instant>,

    incoming: Incoming,
    arrived: PacketNumbers,
    unacknowledged: u32,
    ack_at: Option<Instant>,
    largest_arrived_at: Instant,

    /// Frames that are sent once, and again only if they are asked for again.
    control: Vec<Frame<'static>>,
    peer_said_bye: bool,
    statistics: LinkStatistics,
}

/// What a link has seen, for people who want to know how good their connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkStatistics {
    /// Packets sent.
    pub packets_sent: u64,
    /// Of them, packets that counted as lost.
    pub packets_lost: u64,
    /// Packets that arrived, repeated ones not counted.
    pub packets_received: u64,
    /// Packets that had arrived before.
    pub packets_repeated: u64,
    /// Packets dropped because what they carried lay beyond the window.
    pub packets_beyond_window: u64,
    /// The smoothed round trip, once it was measured.
    pub round_trip: Option<Duration>,
}

/// Why a link can't take something. From a peer: it is broken, and its session is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Too much waits already.
    #[error("too much waits to be sent")]
    Full,
    /// A message beyond [`LINK_MESSAGE_BYTES_MAX`].
    #[error("the message is too long")]
    MessageTooLong,
    /// A packet with a line that is no frame.
    #[error("a packet is malformed")]
    Malformed,
    /// A packet that the peer has not made: whoever did, the link is as it was.
    #[error("a packet is forged")]
    Forged,
}

#[derive(Debug)]
struct SentPacket {
    at: Instant,
    state: PacketState,
    slices: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PacketState {
    /// Carries nothing that has to arrive.
    NotElicited,
    InFlight,
    Lost,
    Acknowledged,
}

/// How many packets may be under way (RFC 9002, section 7, in packets).
#[derive(Debug)]
struct Window {
    packets: u32,
    /// Acknowledged packets since it last grew.
    credit: u32,
    grows_fast: bool,
    reduced_at: Instant,
}

impl Link {
    /// A link over that channel, of which nothing has been used yet.
    #[must_use]
    pub fn new(now: Instant, channel: Channel) -> Self {
        Self {
            channel,
            outgoing: Outgoing::new(),
            resend: SortedSet::new(),
            sent: VecDeque::new(),
            first_sent: 1,
            largest_acknowledged: None,
            in_flight: 0,
            window: Window::new(now),
            round_trip: RoundTrip::default(),
            timeouts: 0,
            last_attempt_at: now,
            loss_at: None,
            incoming: Incoming::new(),
            arrived: PacketNumbers::default(),
            unacknowledged: 0,
            ack_at: None,
            largest_arrived_at: now,
            control: Vec::new(),
            peer_said_bye: false,
            statistics: LinkStatistics::default(),
        }
    }

    /// Holds at most so many bytes of what it receives until its owner reads it; at first
    /// [`LINK_RECEIVE_BYTES_MAX`](crate::limits::LINK_RECEIVE_BYTES_MAX).
    pub fn set_receive_bytes_max(&mut self, bytes: usize) {
        self.incoming.set_bytes_max(bytes);
    }

    /// Bytes that it holds of what it received.
    #[must_use]
    pub fn received_bytes(&self) -> usize {
        self.incoming.bytes()
    }

    /// The session that the link belongs to.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.channel.session()
    }

    /// What a proof of a password over the link is bound to.
    #[must_use]
    pub fn hash(&self) -> LinkHash {
        self.channel.hash()
    }

    /// Queues a message. It must not contain a line feed: no message of the protocol does.
    ///
    /// # Errors
    /// [`LinkError::Full`] or [`LinkError::MessageTooLong`]; then nothing was queued.
    pub fn send(&mut self, message: &[u8]) -> Result<(), LinkError> {
        debug_assert!(!message.contains(&b'\n'), "frames are lines");
        if message.len() > LINK_MESSAGE_BYTES_MAX {
            return Err(LinkError::MessageTooLong);
        }
        if self.outgoing.bytes() + message.len() > LINK_QUEUE_BYTES_MAX {
            return Err(LinkError::Full);
        }
        self.outgoing.push(message);
        Ok(())
    }

    /// Bytes that wait to be sent or acknowledged.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.outgoing.bytes()
    }

    /// Whether something was sent that the peer has not acknowledged.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.in_flight > 0 || !self.resend.is_empty()
    }

    /// Sends something that the peer acknowledges, so that both know that the path is alive.
    pub fn keep_alive(&mut self) {
        self.control.push(Frame::KeepAlive);
    }

    /// A packet that asks whoever receives it to answer, for an address that is not the link's. It
    /// carries nothing else.
    #[must_use]
    pub fn challenge_packet(&mut self, now: Instant, token: u64) -> Vec<u8> {
        let mut frames = Vec::new();
        Frame::Challenge(token).write(&mut frames);
        let packet = self.channel.seal(self.next_number(), &mut frames);
        self.note_sent(now, PacketState::NotElicited, Vec::new());
        packet
    }

    fn respond(&mut self, token: u64) {
        if self.control.len() < CONTROL_FRAMES_MAX {
            self.control.push(Frame::Response(token));
        }
    }

    /// Tells the peer that the session is over.
    pub fn say_bye(&mut self) {
        self.control.push(Frame::Bye);
    }

    /// Whether the peer said that the session is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.peer_said_bye
    }

    /// The path is another one: what is known of the old one does not hold for it, and whatever is
    /// under way may be lost.
    pub fn path_changed(&mut self, now: Instant) {
        self.round_trip = RoundTrip::default();
        self.window = Window::new(now);
        self.timeouts = 0;
        self.lose(u64::MAX, now);
    }

    /// Whether a packet of this number is later than every one that has arrived.
    #[must_use]
    pub fn is_newest(&self, number: u64) -> bool {
        self.arrived.largest().is_none_or(|largest| number > largest)
    }

    /// Takes a packet of the peer. A challenge in it is answered; a response in it is handed back,
    /// since only the owner knows the path.
    ///
    /// # Errors
    /// [`LinkError::Forged`] if it is not of the peer; then nothing has changed. Any other: the peer
    /// is broken.
    pub fn handle_packet(
        &mut self,
        now: Instant,
        number: u64,
        sealed: &[u8],
    ) -> Result<Option<u64>, LinkError> {
        let frames = self.channel.open(number, sealed).map_err(|Forged| LinkError::Forged)?;
        let frames = Frame::parse_all(&frames).map_err(|FrameError| LinkError::Malformed)?;
        let beyond_window = |frame: &Frame<'_>| matches!(frame, Frame::Slice { slice_number, bytes, .. } if !self.incoming.accepts(*slice_number, bytes.len()));
        if frames.iter().any(beyond_window) {
            self.statistics.packets_beyond_window += 1;
            return Ok(None);
        }
        let is_elicited = frames.iter().any(elicits);
        let was_newest = self.is_newest(number);
        let follows = self.arrived.largest().map_or(1, |largest| largest + 1) == number;
        if !self.arrived.insert(number) {
            // Its acknowledgement may have been lost: acknowledged again, acted on once.
            self.ack_at = if is_elicited { Some(now) } else { self.ack_at };
            self.statistics.packets_repeated += 1;
            return Ok(None);
        }
        self.statistics.packets_received += 1;
        if was_newest {
            self.largest_arrived_at = now;
        }
        if is_elicited {
            self.note_unacknowledged(now, follows);
        }
        self.handle_frames(now, &frames)
    }

    /// The next message of the peer, in order.
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        self.incoming.next_message()
    }

    /// The next datagram to send, if there is one now; call it until there is none.
    pub fn next_packet(&mut self, now: Instant) -> Option<Vec<u8>> {
        let has_slices = self.has_slices_to_send();
        let ack_is_due = self.ack_at.is_some_and(|at| now >= at);
        if !has_slices && !ack_is_due && self.control.is_empty() {
            return None;
        }
        self.forget_sent(now);
        let mut frames = Vec::with_capacity(FRAMES_BYTES_USUAL);
        let mut state = PacketState::NotElicited;
        for frame in self.control.drain(..) {
            if elicits(&frame) {
                state = PacketState::InFlight;
            }
            frame.write(&mut frames);
        }
        self.write_ack(now, &mut frames);
        let slices = if has_slices { self.write_slices(&mut frames) } else { Vec::new() };
        if !slices.is_empty() {
            state = PacketState::InFlight;
        }
        let packet = self.channel.seal(self.next_number(), &mut frames);
        self.note_sent(now, state, slices);
        Some(packet)
    }

    /// When the link wants [`Self::handle_timeout`] to be called.
    #[must_use]
    pub fn timeout(&self) -> Option<Instant> {
        let given_up_at = self.earliest_in_flight().map(|(_, at)| at);
        [self.loss_at, given_up_at, self.ack_at].into_iter().flatten().min()
    }

    /// That time has come (or any other time).
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.loss_at.is_some_and(|at| now >= at) {
            self.detect_losses(now);
        }
        let Some((sent_at, timeout_at)) = self.earliest_in_flight() else {
            return;
        };
        if now >= timeout_at {
            let wait = self.round_trip.timeout(self.timeouts);
            self.lose(u64::MAX, now - wait);
            // Several that were sent together are one attempt.
            if sent_at >= self.last_attempt_at {
                self.timeouts += 1;
                self.last_attempt_at = now;
            }
            if self.in_flight == 0 && self.resend.is_empty() {
                // Nothing to resend, but the peer is to answer.
                self.keep_alive();
            }
        }
    }

    /// What the link has seen so far.
    #[must_use]
    pub fn statistics(&self) -> LinkStatistics {
        LinkStatistics { round_trip: self.round_trip.smoothed(), ..self.statistics }
    }

    /// The number of the next packet.
    fn next_number(&self) -> u64 {
        self.first_sent + self.sent.len() as u64
    }

    fn note_sent(&mut self, at: Instant, state: PacketState, slices: Vec<u64>) {
        self.in_flight += u32::from(state == PacketState::InFlight);
        self.sent.push_back(SentPacket { at, state, slices });
        self.statistics.packets_sent += 1;
    }

    fn handle_frames(
        &mut self,
        now: Instant,
        frames: &[Frame<'_>],
    ) -> Result<Option<u64>, LinkError> {
        let mut response = None;
        for frame in frames {
            match frame {
                Frame::Ack { delay_ms, ranges } => self.handle_ack(now, *delay_ms, ranges),
                Frame::Slice { slice_number, more, bytes } => {
                    self.incoming.insert(*slice_number, *more, bytes)?;
                }
                Frame::KeepAlive => {}
                Frame::Challenge(token) => self.respond(*token),
                Frame::Response(token) => response = Some(*token),
                Frame::Bye => self.peer_said_bye = true,
            }
        }
        Ok(response)
    }

    /// Acknowledgements wait for company, except after every second packet or a gap.
    fn note_unacknowledged(&mut self, now: Instant, follows: bool) {
        self.unacknowledged += 1;
        let is_due = self.unacknowledged >= ACK_EVERY_PACKETS || !follows;
        let at = if is_due { now } else { now + ACK_DELAY_MAX };
        self.ack_at = Some(self.ack_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn write_ack(&mut self, now: Instant, packet: &mut Vec<u8>) {
        if self.ack_at.take().is_none() {
            return;
        }
        self.unacknowledged = 0;
        let waited = now.saturating_since(self.largest_arrived_at).as_millis();
        let delay_ms = u64::try_from(waited).unwrap_or(u64::MAX);
        Frame::Ack { delay_ms, ranges: self.arrived.latest_ranges() }.write(packet);
    }

    fn has_slices_to_send(&self) -> bool {
        let window = match self.timeouts {
            0 => self.window.packets,
            _ => WINDOW_PACKETS_PROBING,
        };
        let waits = !self.resend.is_empty() || self.outgoing.next_fresh().is_some();
        waits && self.in_flight < window
    }

    /// Fills the packet with slices, lost ones first; answers which. One that does not fit beside a
    /// long acknowledgement has the next packet for itself.
    fn write_slices(&mut self, packet: &mut Vec<u8>) -> Vec<u64> {
        let mut written = Vec::new();
        while written.len() < FRAMES_PER_PACKET_MAX - CONTROL_FRAMES_MAX - 1 {
            let lost = self.resend.first().copied();
            let Some(slice_number) = lost.or_else(|| self.outgoing.next_fresh()) else {
                break;
            };
            if let Some(slice) = self.outgoing.get(slice_number) {
                // The kind, up to 16 digits, the separator and the line feed.
                let needs = slice.bytes.len() + 19;
                if !packet.is_empty() && packet.len() + needs > FRAMES_BYTES_MAX {
                    break;
                }
                let (more, bytes) = (slice.more, slice.bytes.as_slice());
                Frame::Slice { slice_number, more, bytes }.write(packet);
                written.push(slice_number);
            }
            if lost.is_some() {
                self.resend.pop_first();
            } else {
                self.outgoing.advance();
            }
        }
        written
    }

    fn handle_ack(&mut self, now: Instant, delay_ms: u64, ranges: &[(u64, u64)]) {
        let Some(&(_, largest)) = ranges.first() else {
            return;
        };
        let end = self.next_number();
        let mut news = 0;
        for &(first, last) in ranges {
            for number in first.max(self.first_sent)..last.saturating_add(1).min(end) {
                if !self.acknowledge(number) {
                    continue;
                }
                news += 1;
                self.largest_acknowledged = self.largest_acknowledged.max(Some(number));
                if number == largest {
                    let delay = Duration::from_millis(delay_ms);
                    let sent_at = self.sent_packet(number).at;
                    self.round_trip.measure(now.saturating_since(sent_at), delay);
                }
            }
        }
        if news > 0 {
            self.timeouts = 0;
            self.window.grow(news);
            self.detect_losses(now);
        }
    }

    /// A packet that is remembered.
    fn sent_packet(&mut self, number: u64) -> &mut SentPacket {
        let index = usize::try_from(number - self.first_sent).unwrap_or(usize::MAX);
        &mut self.sent[index]
    }

    /// Marks a packet as arrived. True if that is news, and the packet had to arrive.
    fn acknowledge(&mut self, number: u64) -> bool {
        let packet = self.sent_packet(number);
        let before = std::mem::replace(&mut packet.state, PacketState::Acknowledged);
        for slice_number in std::mem::take(&mut packet.slices) {
            self.outgoing.acknowledge(slice_number);
            self.resend.remove(&slice_number);
        }
        match before {
            PacketState::InFlight => {
                self.in_flight -= 1;
                true
            }
            // It was only late.
            PacketState::Lost => {
                self.statistics.packets_lost -= 1;
                true
            }
            PacketState::NotElicited | PacketState::Acknowledged => false,
        }
    }

    /// Packets that were sent well before one that has arrived are lost.
    fn detect_losses(&mut self, now: Instant) {
        let Some(largest) = self.largest_acknowledged else {
            return;
        };
        let delay = self.round_trip.loss_delay();
        if self.lose(largest, now - delay) > 0 {
            self.window.reduce(now, self.round_trip.smoothed().unwrap_or_default());
        }
        let earlier = usize::try_from(largest.saturating_sub(self.first_sent)).unwrap_or_default();
        let waiting = self.sent.iter().take(earlier);
        let waiting = waiting.filter(|packet| packet.state == PacketState::InFlight);
        self.loss_at = waiting.map(|packet| packet.at + delay).min();
    }

    /// Gives up packets in flight before that number and sent by that time: their slices go into
    /// later ones. Answers how many.
    fn lose(&mut self, before_number: u64, sent_by: Instant) -> u32 {
        let mut lost = 0;
        let first_sent = self.first_sent;
        for (packet, _) in self.sent.iter_mut().zip(first_sent..before_number) {
            if packet.state == PacketState::InFlight && packet.at <= sent_by {
                packet.state = PacketState::Lost;
                lost += 1;
                let slices = packet.slices.iter().copied();
                let outgoing = &self.outgoing;
                self.resend
                    .extend(slices.filter(|&slice_number| outgoing.get(slice_number).is_some()));
            }
        }
        self.in_flight -= lost;
        self.statistics.packets_lost += u64::from(lost);
        lost
    }

    /// When the earliest packet under way was sent, and when it is given up, with or without later
    /// ones having arrived.
    fn earliest_in_flight(&self) -> Option<(Instant, Instant)> {
        let earliest = self.sent.iter().find(|packet| packet.state == PacketState::InFlight)?;
        let wait = self.jittered(self.round_trip.timeout(self.timeouts));
        Some((earliest.at, earliest.at + wait))
    }

    /// Up to an eighth more, different for each packet: peers that lost the same path should not
    /// come back in step.
    fn jittered(&self, wait: Duration) -> Duration {
        let spread =
            (self.next_number() ^ self.session().0).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        wait + wait * u32::try_from(spread).unwrap_or_default() / (256 * 8)
    }

    fn forget_sent(&mut self, now: Instant) {
        while let Some(packet) = self.sent.front() {
            let is_done = match packet.state {
                PacketState::Acknowledged | PacketState::NotElicited => true,
                PacketState::Lost => {
                    now >= packet.at + LOST_REMEMBERED || self.sent.len() >= SENT_PACKETS_MAX
                }
                PacketState::InFlight => false,
            };
            if !is_done {
                return;
            }
            self.sent.pop_front();
            self.first_sent += 1;
        }
    }
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { packets: WINDOW_PACKETS_INITIAL, credit: 0, grows_fast: true, reduced_at: now }
    }

    /// One more for each acknowledged packet at first; after a loss, one more for each windowful.
    fn grow(&mut self, acknowledged: u32) {
        self.credit += acknowledged;
        let price = if self.grows_fast { 1 } else { self.packets };
        let growth = self.credit / price;
        self.credit %= price;
        self.packets = (self.packets + growth).min(WINDOW_PACKETS_MAX);
    }

    /// Halves it, at most once a round trip.
    fn reduce(&mut self, now: Instant, round_trip: Duration) {
        self.grows_fast = false;
        if now >= self.reduced_at + round_trip {
            self.packets = (self.packets / 2).max(WINDOW_PACKETS_MIN);
            self.credit = 0;
            self.reduced_at = now;
        }
    }
}

/// Whether a frame has to be acknowledged.
fn elicits(frame: &Frame<'_>) -> bool {
    match frame {
        Frame::Slice { .. } | Frame::KeepAlive | Frame::Challenge(_) => true,
        Frame::Ack { .. } | Frame::Response(_) | Frame::Bye => false,
    }
}
