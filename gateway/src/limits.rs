//! The gateway's bounds.

use std::time::Duration;

/// Largest WebSocket message, and datagram, in bytes: nothing that either end sends is longer. A
/// longer message closes the WebSocket with code 1009; a longer datagram is dropped.
pub const MESSAGE_BYTES_MAX: usize = netchat_shared::limits::DATAGRAM_BYTES_MAX;

/// Bytes that are read from a browser with one system call. All sessions of a thread share the room.
pub const READ_BYTES: usize = 16 * 1024;
/// Datagrams that are received, or sent, with one system call. The room is shared likewise.
pub const DATAGRAMS_PER_CALL_MAX: usize = 16;
/// How often a session reads from both sides before others get their turn.
pub const ROUNDS_PER_TURN_MAX: usize = 4;

/// Most sessions at once, as far as files can be opened. A further one is refused with status 503.
pub const SESSIONS_MAX: usize = 8_000;
/// Most sessions at once from one client address. A further one is refused with status 429.
pub const SESSIONS_PER_ADDRESS_MAX: usize = 64;
/// Files of one session: a connection and a UDP socket.
pub const FILES_PER_SESSION: usize = 2;
/// Files for everything else: the log, the listeners, the server and its database in one process.
pub const FILES_RESERVED: usize = 64;

/// Most connections without a session, unless files are few: then [`CONNECTIONS_PER_FILES`]. When a
/// further one comes, the one that has asked for nothing for the longest time gives way.
pub const CONNECTIONS_MAX: usize = 1_024;
/// Of so many files, one may be a connection without a session.
pub const CONNECTIONS_PER_FILES: usize = 8;
/// Of all connections without a session, one address may hold one in so many.
pub const CONNECTIONS_SHARE: usize = 2;

/// How long a connection may take to ask for something: a head that does not come whole by then, or
/// silence between two requests.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest head of a request, in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a connection without a session may exist. What is under way then has [`STOP_TIMEOUT`].
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);
/// How long a TLS handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often files of a certificate are looked at.
pub const TLS_RELOAD_INTERVAL: Duration = Duration::from_secs(5);
/// How long nothing is asked for after a new certificate has come: one that can't be used, or seems to be
/// out of date because the clock is wrong, would be followed by the next at once.
pub const ACME_ORDER_INTERVAL: Duration = Duration::from_secs(3_600);
/// How long ACME may be silent while there is no certificate. Then it begins anew: a directory that never
/// answers would else be waited for without end. Its own tries are at most 18 hours apart.
pub const ACME_SILENCE_MAX: Duration = Duration::from_secs(24 * 3_600);
/// The same while there is one, when silence is usual. Should the cache not keep what it is given, a
/// certificate is asked for as often: authorities allow several a week.
pub const ACME_SILENCE_CERTIFIED_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How much of what a directory says about its failure is written to the log, in characters.
pub const ACME_ERROR_CHARS_MAX: usize = 500;
/// How long the listener waits after the system refused it a connection.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(20);

/// How often an introduction that was not answered is repeated.
pub const INTRODUCTION_REPEAT: Duration = Duration::from_millis(250);
/// How often an introduction is tried. Then a session goes on without: the server sees the gateway's
/// address.
pub const INTRODUCTION_TRIES_MAX: u32 = 8;
/// A server that took an introduction so recently knows it still: none restarts faster.
pub const INTRODUCTION_FRESH: Duration = Duration::from_secs(1);

/// How often a session sees whether its browser is there.
pub const TICK: Duration = Duration::from_secs(10);
/// Every so many ticks, a browser is pinged, so that proxies keep the connection and a dead one is
/// noticed.
pub const PING_TICKS: u32 = 3;
/// A browser that has said nothing for more ticks than these, not even a pong, is gone. One that does not
/// take what is sent to it is gone after a tick.
pub const SILENT_TICKS_MAX: u32 = 7;
/// How long a closing handshake may take.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of a browser that are thrown away while its connection closes.
pub const DISCARDED_BYTES_MAX: usize = 1 << 20;
/// How long a stopping gateway waits for its sessions to close.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(3);
