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

/// Longest name that a client gives itself, in characters. A longer one is no message.
pub const DEVICE_NAME_CHARS_MAX: usize = 64;

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

/// Largest datagram of the extended protocol, in bytes: passes every common network whole
/// (RFC 8899, section 5.1.2).
pub const PACKET_BYTES_MAX: usize = 1_200;

/// Most bytes of a message in one packet: what is left beside the head and an acknowledgement.
pub const SLICE_BYTES_MAX: usize = 1_024;

/// Most bytes of the frames of one packet: what is left beside the head and the tag.
pub const FRAMES_BYTES_MAX: usize = PACKET_BYTES_MAX - 64;

/// Least bytes of them: shorter ones are filled up, so that `GONE` is never longer than what it
/// answers.
pub const FRAMES_BYTES_MIN: usize = 20;

/// How far behind the newest one a packet may arrive. An earlier one is dropped: it may have come
/// before.
pub const REPLAY_WINDOW_PACKETS: u64 = 1_024;

/// Least bytes of an offer, so that its answer is never longer. A shorter offer is dropped.
pub const OFFER_BYTES_MIN: usize = 400;

/// Longest text of a message, in bytes. A longer one is refused where it is typed.
pub const TEXT_BYTES_MAX: usize = 64 * 1_024;

/// Largest message on a link, in bytes: the longest text as a body, and what stands around it. A
/// peer whose message grows beyond it is broken, and its session is ended.
pub const LINK_MESSAGE_BYTES_MAX: usize = 112 * 1_024;

/// How many slices beyond the first missing one may be under way. Later ones wait at the sender; a
/// receiver drops them.
pub const LINK_WINDOW_SLICES: u64 = 128;

/// Most bytes that wait in a link to be acknowledged. Beyond it, a sender waits and a server reads
/// from its database later.
pub const LINK_QUEUE_BYTES_MAX: usize = 256 * 1_024;

/// Most ranges in one acknowledgement; earlier ones were acknowledged before.
pub const ACK_RANGES_MAX: usize = 16;

/// Most ranges of arrived packets that are remembered; see `PacketNumbers`.
pub const PACKET_RANGES_MAX: usize = 64;

/// Most packets under way on one link, and the least that loss reduces it to: with much loss, a
/// smaller window would crawl.
pub const WINDOW_PACKETS_MAX: u32 = 64;
/// See [`WINDOW_PACKETS_MAX`].
pub const WINDOW_PACKETS_MIN: u32 = 8;

/// Most items of one list of the extended protocol. A longer list goes out as several, or is refused
/// where it is written.
pub const LIST_ITEMS_MAX: usize = 1_024;

/// Most bytes of one list, separators counted.
pub const LIST_BYTES_MAX: usize = 16 * 1_024;

/// Most recipients that are named in a receipt. Of more, a count is told, and the names on request.
pub const RECIPIENTS_NAMED_MAX: usize = 64;

/// Longest word that names a kind of message, in bytes. A longer one is refused.
pub const KIND_WORD_BYTES_MAX: usize = 16;

/// Longest sign of a reaction, in bytes: the longest emoji sequences in use take 35. A longer one is
/// refused where it is typed, and its body at the server.
pub const REACTION_BYTES_MAX: usize = 64;

/// Up to how many lines of a conversation are counted as not read yet. Of more, as many are told.
pub const UNREAD_COUNT_MAX: u32 = 100;

/// Longest text that a client keeps for its user at the server, in bytes. A longer one is no settings.
pub const SETTINGS_BYTES_MAX: usize = 8 * 1_024;

/// How often a client says that somebody is typing, and how often a server passes it on.
pub const TYPING_INTERVAL: Duration = Duration::from_secs(3);

/// Most bytes of whole messages that wait in a link to be read by its owner, and of slices that came
/// before their turn. Packets beyond either are dropped as if they had not arrived, so that whoever
/// sends them waits.
pub const LINK_RECEIVE_BYTES_MAX: usize = 256 * 1_024;

/// The same before the peer has signed in, and longest message then: such a link holds 4 KiB at most.
pub const LINK_RECEIVE_BYTES_UNSIGNED: usize = 1_024;

/// Most frames of one packet. One with more, or with two acknowledgements, is malformed.
pub const FRAMES_PER_PACKET_MAX: usize = 128;

/// How many of a client's own messages it watches until all recipients have them. The earliest ones
/// beyond it show what was known of them last.
pub const UNSETTLED_MESSAGES_MAX: usize = 4_096;

/// How many requests of a client (groups, histories) may wait for the server. A further one is
/// refused with a line.
pub const REQUESTS_PENDING_MAX: usize = 64;
