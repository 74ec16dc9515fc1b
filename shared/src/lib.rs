//! What the server and every client of NetChat share: the wire, and the client session.
//!
//! Nothing here does I/O, reads a clock or asks the system for randomness: those are arguments.
//! The same code runs under tokio, in a browser and in a simulator (ARCHITECTURE.md).
//!
//! - [`name`], [`password`], [`message_id`], [`conversation`], [`time`]: values that are valid by
//!   construction;
//! - [`body`]: what a message travels as (Base64 and MD5);
//! - [`classic`]: the protocol of the original clients;
//! - [`extended`]: the protocol of our own clients, which loses nothing;
//! - [`session`]: the client as a state machine, driven by the web client and the terminal client;
//! - [`slash`]: commands that are typed where messages are typed;
//! - [`limits`]: every bound.

pub mod body;
pub mod classic;
pub mod conversation;
pub mod extended;
pub mod limits;
pub mod message_id;
pub mod name;
pub mod order;
pub mod password;
pub mod session;
pub mod slash;
pub mod time;
