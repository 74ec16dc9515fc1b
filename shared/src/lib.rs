//! What the server, the gateway and every client of NetChat share: the wire.
//!
//! Nothing here does I/O, reads a clock or asks the system for randomness: those are arguments.
//! The same code runs under tokio, in a browser and in a simulator (ARCHITECTURE.md).
//!
//! - [`name`], [`password`], [`message_id`], [`kind`], [`list`], [`conversation`], [`sequence`], [`time`]:
//!   values that are valid by construction;
//! - [`body`]: what a message travels as (Base64 and MD5);
//! - [`classic`]: the protocol of the original clients;
//! - [`extended`]: the protocol of our own clients, which loses nothing;
//! - [`opaque`]: passwords that never cross the network;
//! - [`server_key`]: what a server proves itself with, and what clients know it by;
//! - [`via`]: what a gateway says of whom it brings;
//! - [`limits`]: every bound.

pub mod body;
pub mod classic;
pub mod conversation;
mod crc;
mod crypto;
pub mod extended;
mod hex;
pub mod kind;
mod letters;
pub mod limits;
pub mod list;
pub mod message_id;
pub mod name;
pub mod opaque;
pub mod password;
pub mod sequence;
pub mod server_key;
pub mod sorted;
pub mod time;
pub mod via;

pub use self::crypto::{FreshKeys, SecretError};
