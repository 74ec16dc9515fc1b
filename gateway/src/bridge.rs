//! One session: a WebSocket and a UDP socket of its own, datagram for datagram.
//!
//! The gateway looks into nothing that passes. The one datagram of its own is an empty one when the
//! WebSocket has ended: it tells the server that nobody is behind this address any more
//! (PROTOCOL.md, "Hanging up").

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures_util::SinkExt as _;
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::limits::{
    DATAGRAMS_PER_TURN_MAX, MESSAGE_BYTES_MAX, PING_INTERVAL, SEND_TIMEOUT, SILENCE_MAX,
};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The browser closed it, or its connection broke.
    Browser,
    /// It sent a message that no datagram could carry.
    TooBig,
    /// It did not take what was sent to it, or did not answer pings.
    Unresponsive,
    /// The gateway stops.
    Stopping,
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

/// Bridges until either side ends or the gateway stops.
pub(crate) async fn bridge(mut browser: WebSocket, server: UdpSocket, stopping: CancellationToken) {
    let end = pump(&mut browser, &server, &stopping).await;
    debug!(?end, "session ended");
    // Lost if the server is away; then it has forgotten the session anyway, or will.
    let _ = server.send(&[]).await;
    if let Some((code, reason)) = end.close() {
        let reason = Utf8Bytes::from_static(reason);
        let close = Message::Close(Some(CloseFrame { code, reason }));
        let _ = timeout(Duration::from_secs(1), browser.send(close)).await;
    }
}

async fn pump(browser: &mut WebSocket, server: &UdpSocket, stopping: &CancellationToken) -> End {
    let mut buffer = [0; MESSAGE_BYTES_MAX + 1];
    let mut heard_at = Instant::now();
    let mut pings = interval(PING_INTERVAL);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let sent = tokio::select! {
            message = browser.recv() => {
                heard_at = Instant::now();
                match message {
                    Some(Ok(Message::Binary(bytes))) => pass_up(server, &bytes).await,
                    Some(Ok(Message::Text(text))) => pass_up(server, text.as_bytes()).await,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                    Some(Ok(Message::Close(_))) | None => Err(End::Browser),
                    Some(Err(error)) => Err(End::from_error(&error)),
                }
            }
            readable = server.readable() => match readable {
                Ok(()) => pass_down(browser, server, &mut buffer).await,
                Err(_) => Ok(()),
            },
            _ = pings.tick() => {
                if heard_at.elapsed() > SILENCE_MAX {
                    Err(End::Unresponsive)
                } else {
                    within(browser.send(Message::Ping(Bytes::new()))).await
                }
            }
            () = stopping.cancelled() => Err(End::Stopping),
        };
        if let Err(end) = sent {
            return end;
        }
    }
}

/// One message of the browser becomes one datagram.
async fn pass_up(server: &UdpSocket, message: &[u8]) -> Result<(), End> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(End::TooBig);
    }
    // A datagram that can't be sent is lost, as the network might have lost it: the server may be
    // restarting.
    let _ = server.send(message).await;
    Ok(())
}

/// Each datagram that has arrived becomes one message; all of them are flushed together.
async fn pass_down(
    browser: &mut WebSocket,
    server: &UdpSocket,
    buffer: &mut [u8],
) -> Result<(), End> {
    for _ in 0..DATAGRAMS_PER_TURN_MAX {
        match server.try_recv(buffer) {
            Ok(length) if length <= MESSAGE_BYTES_MAX => {
                let datagram = Bytes::copy_from_slice(&buffer[..length]);
                within(browser.feed(Message::Binary(datagram))).await?;
            }
            // Longer than anything the server sends.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // The server's port is closed at present.
            Err(_) => break,
        }
    }
    within(browser.flush()).await
}

async fn within(sending: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    match timeout(SEND_TIMEOUT, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Browser),
        Err(_) => Err(End::Unresponsive),
    }
}

impl End {
    /// The library reports a frame beyond its own bound as an error.
    fn from_error(error: &axum::Error) -> Self {
        let text = error.to_string();
        if text.contains("too long") || text.contains("too big") {
            Self::TooBig
        } else {
            Self::Browser
        }
    }

    /// What the browser is told (RFC 6455, section 7.4.1).
    fn close(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Browser => None,
            Self::TooBig => Some((close_code::SIZE, "a message has at most 2048 bytes")),
            Self::Unresponsive => Some((close_code::POLICY, "no answer for too long")),
            Self::Stopping => Some((close_code::AWAY, "the gateway is stopping")),
        }
    }
}
