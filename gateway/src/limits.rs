//! The gateway's bounds.

use std::time::Duration;

/// Largest WebSocket message, and datagram, in bytes: nothing that either end sends is longer. A
/// longer message closes the WebSocket with code 1009; a longer datagram is dropped.
pub const MESSAGE_BYTES_MAX: usize = netchat_shared::limits::DATAGRAM_BYTES_MAX;

/// What the WebSocket library accepts before it gives up by itself: enough to see that a message is
/// too long and to say so.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Read and write buffers of one session, in bytes. Small: there are thousands of them.
pub const READ_BUFFER_BYTES: usize = 4 * 1024;
/// See [`READ_BUFFER_BYTES`].
pub const WRITE_BUFFER_BYTES: usize = 8 * 1024;
/// Most bytes that wait for one slow browser before its session is closed.
pub const WRITE_BUFFER_BYTES_MAX: usize = 128 * 1024;

/// Most sessions at once. A further one is refused with status 503.
pub const SESSIONS_MAX: usize = 8_000;
/// Most sessions at once from one client address. A further one is refused with status 429.
pub const SESSIONS_PER_ADDRESS_MAX: usize = 64;

/// Datagrams passed to a browser before what it sends gets its turn.
pub const DATAGRAMS_PER_TURN_MAX: usize = 64;

/// How often a browser is pinged, so that proxies keep the connection and a dead one is noticed.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);
/// A browser that has sent nothing for so long, not even a pong, is gone.
pub const SILENCE_MAX: Duration = Duration::from_secs(75);
/// How long a browser may take to accept what is sent to it.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stopping gateway waits for its sessions to close.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(3);
