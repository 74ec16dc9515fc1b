//! Every bound on the wire, in one place. What happens at a bound is said beside it.

use std::time::Duration;

/// The port of the original server.
pub const DEFAULT_UDP_PORT: u16 = 12_000;

/// Longest user name, in characters. A longer one is refused where it is typed and at the server.
pub const USER_NAME_CHARS_MAX: usize = 32;

/// Longest group name, in characters.
pub const GROUP_NAME_CHARS_MAX: usize = 64;

/// Longest password, in bytes. Longer ones are refused: hashing time must not be the sender's choice.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Shortest password that our own clients accept for a new account, in characters.
/// Accounts made by an original client may have a shorter one: it never asked for more.
pub const NEW_PASSWORD_CHARS_MIN: usize = 8;

/// Largest classic datagram, in bytes: what the original client reads. A body that would exceed it
/// is refused with a line, a list that would exceed it is sent as several datagrams.
pub const CLASSIC_DATAGRAM_BYTES_MAX: usize = 2_048;

/// Largest datagram that anything of ours sends or a gateway passes on, in bytes.
pub const DATAGRAM_BYTES_MAX: usize = CLASSIC_DATAGRAM_BYTES_MAX;

/// How many recipients one classic `CHAT` may name. More are refused with a line.
pub const RECIPIENTS_MAX: usize = 64;

/// How long a classic recipient may be silent before its message is reported lost.
pub const ACK_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// How many of a client's own messages may wait for the connection. Further ones are refused with a
/// line, and stay where they were typed.
pub const OUTBOX_MESSAGES_MAX: usize = 1_000;

/// How many of one's own group messages a classic session remembers until the group sends them
/// back. An older one would be shown as if it had come from elsewhere.
pub const CLASSIC_ECHOES_MAX: usize = 64;
