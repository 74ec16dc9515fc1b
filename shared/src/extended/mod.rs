//! The extended protocol: what our own clients and server speak once they have agreed on it
//! (PROTOCOL.md, part 2). A classic client never sees a datagram of it.
//!
//! Layers, each knowing only the one below:
//!
//! - [`Datagram`]: bytes on the wire, with a checksum;
//! - [`Attempt`], [`accept`] and [`Channel`]: who the peer is, and packets that nobody else can read or
//!   write;
//! - [`Frame`]: what is in a packet;
//! - [`Link`]: messages that arrive exactly once and in order, over any network that sometimes works;
//! - [`ClientMessage`] and [`ServerMessage`]: what is said.

mod account_session;
mod channel;
mod client_message;
mod datagram;
mod delivered;
mod fields;
mod frame;
mod groups;
mod handshake;
mod history;
mod link;
mod packet_numbers;
mod round_trip;
mod server_message;
mod settings;
mod slices;
mod token;
mod unread;

pub use self::account_session::{AccountSession, AccountSessionId, DeviceName, DeviceNameError};
pub use self::channel::Channel;
pub use self::client_message::ClientMessage;
pub use self::datagram::{ANSWER_BYTES, Datagram, DatagramError, PROTOCOL_VERSION, SessionId};
pub use self::delivered::{Delivered, Receipt, Receipts, Recipients};
pub use self::fields::{conversation_from_wire, conversation_to_wire};
pub use self::frame::{Frame, FrameError};
pub use self::groups::{
    BlockReply, GroupAction, GroupInfo, GroupNews, GroupReply, JoinPolicy, NewName,
};
pub use self::handshake::{Attempt, Forged, HELLO_BYTES, Opened, accept};
pub use self::history::HistoryFrom;
pub use self::link::{Link, LinkError, LinkStatistics};
pub use self::server_message::{Delay, NotSent, PasswordReply, ServerMessage};
pub use self::settings::{KeptSettings, NotKept, SettingsText, SettingsTooLong};
pub use self::token::Token;
pub use self::unread::UnreadCount;

use thiserror::Error;

/// A message of a peer that can't be read. The peer is broken: its session is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a message of this protocol")]
pub struct MessageError;
