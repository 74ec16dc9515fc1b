//! What every client of NetChat shares: the session, and what is typed.
//!
//! Nothing here does I/O, reads a clock or asks the system for randomness: those are arguments. The
//! same code runs under tokio, in a browser and in a simulator (ARCHITECTURE.md). The wire is
//! `netchat-shared`; the server and the gateway link nothing of this crate.
//!
//! - [`session`]: the client as a state machine, driven by the web client and the terminal client;
//! - [`complete`]: how words that are typed could go on;
//! - [`marks`]: what is marked in a text: code, quotes, links, names;
//! - [`reaction`]: signs beside messages;
//! - [`search`]: what was said, found by its words;
//! - [`slash`]: commands that are typed where messages are typed;
//! - [`words`]: how words are compared;
//! - [`limits`]: every bound.

pub mod ago;
pub mod complete;
pub mod limits;
pub mod marks;
pub mod reaction;
pub mod search;
pub mod session;
pub mod slash;
pub mod words;
