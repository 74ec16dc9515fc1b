//! One session: a WebSocket and a UDP socket of its own, datagram for datagram.
//!
//! The gateway changes nothing that passes. What it says itself is who is behind a socket, and that
//! nobody is any more (PROTOCOL.md, "Through a gateway", "Hanging up").
//!
//! A session holds what one message needs, and what a slow browser has not taken yet. Whatever is
//! needed only while something passes is shared by the sessions of a thread.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::UdpSocket;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tracing::debug;

use crate::datagrams::{Incoming, Outgoing};
use crate::introducer::Introducer;
use crate::limits::{
    CLOSE_TIMEOUT, DISCARDED_BYTES_MAX, MESSAGE_BYTES_MAX, PING_TICKS, READ_BYTES,
    ROUNDS_PER_TURN_MAX, SILENT_TICKS_MAX, TICK,
};
use crate::websocket::{
    CloseCode, Decoder, Event, Violation, encode_close, encode_message, encode_ping, encode_pong,
};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The connection broke.
    Broken,
    /// The browser closed, with this code.
    Closed(Option<CloseCode>),
    /// It broke the rules of the protocol.
    Violation(Violation),
    /// It did not take what was sent to it, or did not answer pings.
    Unresponsive,
    /// The gateway stops.
    Stopping,
}

/// Whether there may be more to be done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Some,
    None,
}

struct Session<S> {
    browser: S,
    server: UdpSocket,
    decoder: Decoder,
    /// What the browser has not taken yet, from `written` on. While there is any, nothing more is read.
    pending: Vec<u8>,
    written: usize,
    /// Whether what was written is on its way, and not held back to be encrypted.
    is_flushed: bool,
    ticks: Interval,
    tick: u32,
    /// Whether the browser has said or taken anything since the last tick.
    is_alive: bool,
    silent_ticks: u32,
    /// What came with the request for a WebSocket, and waits for the introduction.
    begun: Bytes,
    introducer: Introducer,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// What a turn works with.
struct Scratch {
    input: Box<[u8; READ_BYTES]>,
    output: Vec<u8>,
    outgoing: Outgoing,
    incoming: Incoming,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        input: Box::new([0; READ_BYTES]),
        output: Vec::new(),
        outgoing: Outgoing::default(),
        incoming: Incoming::new(),
    });
}

/// Opens the UDP socket of a session. Connected, so it hears the server and nobody else, and can
/// reach nobody else.
pub(crate) async fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any = match server {
        SocketAddr::V4(_) => SocketAddr::from(([0; 4], 0)),
        SocketAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}

/// Bridges until either side ends or the gateway stops. `begun` is what the browser has sent already.
pub(crate) async fn bridge<S: AsyncRead + AsyncWrite + Unpin>(
    browser: S,
    begun: Bytes,
    server: UdpSocket,
    introducer: Introducer,
    stopping: CancellationToken,
) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let mut session = Session {
        browser,
        server,
        decoder: Decoder::new(MESSAGE_BYTES_MAX),
        pending: Vec::new(),
        written: 0,
        is_flushed: true,
        ticks,
        tick: 0,
        is_alive: true,
        silent_ticks: 0,
        begun,
        introducer,
        stopping: Box::pin(stopping.cancelled_owned()),
    };
    session.introducer.begin(&session.server, &mut Outgoing::default());
    let end = poll_fn(|context| session.poll(context)).await;
    debug!(?end, "session ended");
    session.finish(end).await;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        SCRATCH.with_borrow_mut(|scratch| match self.turn(context, scratch) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        })
    }

    /// Passes on what there is, as long as others can wait for it.
    fn turn(&mut self, context: &mut Context<'_>, scratch: &mut Scratch) -> Result<(), End> {
        if self.stopping.as_mut().poll(context).is_ready() {
            return Err(End::Stopping);
        }
        scratch.output.clear();
        if self.ticks.poll_tick(context).is_ready() {
            self.handle_tick(&mut scratch.output)?;
            context.waker().wake_by_ref();
        }
        self.write_pending(context)?;
        self.introducer.poll(context, &self.server, &mut scratch.outgoing);
        for _ in 0..ROUNDS_PER_TURN_MAX {
            if !self.pending.is_empty() {
                self.pending.append(&mut scratch.output);
                return Ok(());
            }
            let up = self.pass_up(context, scratch);
            let down = self.pass_down(context, scratch);
            let written = self.write(context, &mut scratch.output);
            if (up?, down) == (Progress::None, Progress::None) {
                return written;
            }
            written?;
        }
        context.waker().wake_by_ref();
        Ok(())
    }

    /// Each message of the browser becomes a datagram; those that come together go together.
    fn pass_up(
        &mut self,
        context: &mut Context<'_>,
        scratch: &mut Scratch,
    ) -> Result<Progress, End> {
        if self.introducer.is_under_way() {
            return Ok(Progress::None);
        }
        if !self.begun.is_empty() {
            let begun = std::mem::take(&mut self.begun);
            self.decode(&begun, &mut scratch.output, &mut scratch.outgoing)?;
            return Ok(Progress::Some);
        }
        let mut buffer = ReadBuf::new(&mut *scratch.input);
        match Pin::new(&mut self.browser).poll_read(context, &mut buffer) {
            Poll::Pending => Ok(Progress::None),
            Poll::Ready(Err(_)) => Err(End::Broken),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => Err(End::Broken),
            Poll::Ready(Ok(())) => {
                self.is_alive = true;
                self.decode(buffer.filled(), &mut scratch.output, &mut scratch.outgoing)?;
                Ok(Progress::Some)
            }
        }
    }

    fn decode(
        &mut self,
        mut input: &[u8],
        output: &mut Vec<u8>,
        outgoing: &mut Outgoing,
    ) -> Result<(), End> {
        let end = loop {
            match self.decoder.next(&mut input) {
                Ok(None) => break None,
                // An empty datagram would say that nobody is here any more.
                Ok(Some(Event::Message([]) | Event::Pong)) => {}
                Ok(Some(Event::Message(message)))
                    if self.introducer.holds(message, &self.server, outgoing) => {}
                Ok(Some(Event::Message(message))) => outgoing.push(message, &self.server),
                Ok(Some(Event::Ping(payload))) => encode_pong(payload, output),
                Ok(Some(Event::Close(code))) => break Some(End::Closed(code)),
                Err(violation) => break Some(End::Violation(violation)),
            }
        };
        outgoing.send(&self.server);
        end.map_or(Ok(()), Err)
    }

    /// Each datagram that has arrived becomes a message.
    fn pass_down(&mut self, context: &mut Context<'_>, scratch: &mut Scratch) -> Progress {
        match scratch.incoming.poll_receive(context, &self.server) {
            Poll::Pending => Progress::None,
            Poll::Ready(datagrams) => {
                for datagram in datagrams {
                    if !self.introducer.takes(datagram, &self.server, &mut scratch.outgoing) {
                        encode_message(datagram, &mut scratch.output);
                    }
                }
                Progress::Some
            }
        }
    }

    /// Writes all of it, or keeps what the browser does not take.
    fn write(&mut self, context: &mut Context<'_>, output: &mut Vec<u8>) -> Result<(), End> {
        if output.is_empty() {
            return Ok(());
        }
        if self.pending.is_empty() {
            let written = self.poll_write(context, output)?;
            output.drain(..written);
        }
        self.pending.append(output);
        Ok(())
    }

    fn write_pending(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        if self.pending.is_empty() {
            return self.flush(context);
        }
        let pending = std::mem::take(&mut self.pending);
        let written = self.poll_write(context, &pending[self.written..])?;
        self.is_alive |= written > 0;
        self.written += written;
        if self.written == pending.len() {
            self.written = 0;
        } else {
            self.pending = pending;
        }
        Ok(())
    }

    /// Writes as much as the connection takes; it wakes the task when that was not all.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Result<usize, End> {
        let mut written = 0;
        while written < bytes.len() {
            match Pin::new(&mut self.browser).poll_write(context, &bytes[written..]) {
                Poll::Pending => break,
                Poll::Ready(Ok(0) | Err(_)) => return Err(End::Broken),
                Poll::Ready(Ok(count)) => written += count,
            }
        }
        self.is_flushed &= written == 0;
        self.flush(context)?;
        Ok(written)
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        if !self.is_flushed {
            match Pin::new(&mut self.browser).poll_flush(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.is_flushed = true,
                Poll::Ready(Err(_)) => return Err(End::Broken),
            }
        }
        Ok(())
    }

    /// A dead browser is noticed, and proxies keep the connection of one that says nothing.
    fn handle_tick(&mut self, output: &mut Vec<u8>) -> Result<(), End> {
        self.tick = self.tick.wrapping_add(1);
        if std::mem::take(&mut self.is_alive) {
            self.silent_ticks = 0;
        } else if !self.pending.is_empty() {
            return Err(End::Unresponsive);
        } else {
            self.silent_ticks += 1;
        }
        if self.silent_ticks > SILENT_TICKS_MAX {
            return Err(End::Unresponsive);
        }
        if self.tick.is_multiple_of(PING_TICKS) {
            encode_ping(output);
        }
        Ok(())
    }

    /// Tells both sides.
    async fn finish(mut self, end: End) {
        self.introducer.hang_up(&self.server).await;
        match end {
            End::Broken => return,
            End::Closed(code) => encode_close(code, "", &mut self.pending),
            End::Violation(Violation { code, reason }) => {
                encode_close(Some(code), reason, &mut self.pending);
            }
            End::Unresponsive => {
                encode_close(Some(CloseCode::POLICY), "no answer for too long", &mut self.pending);
            }
            End::Stopping => {
                encode_close(Some(CloseCode::AWAY), "the gateway is stopping", &mut self.pending);
            }
        }
        let _ = timeout(CLOSE_TIMEOUT, self.close()).await;
    }

    /// Says the last words, and reads until the other end has closed as well: a connection that is
    /// closed with bytes unread is reset, which can overtake what was said.
    async fn close(&mut self) -> io::Result<()> {
        self.browser.write_all(&self.pending[self.written..]).await?;
        self.browser.shutdown().await?;
        let mut discarded = [0; 1_024];
        let mut count = 0;
        while count < DISCARDED_BYTES_MAX {
            match self.browser.read(&mut discarded).await? {
                0 => break,
                length => count += length,
            }
        }
        Ok(())
    }
}
