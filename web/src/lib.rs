//! The NetChat web client.
//!
//! ```text
//! person ─ Intent ─> client ─> Session (netchat-shared) ─ Event ─> Model ─> components
//! ```
//!
//! - [`model`]: what the page shows, as plain data;
//! - [`components`]: draw it, and turn what the person does into [`model::Intent`]s;
//! - [`client`]: the one place with I/O: a WebSocket, a timer, the session;
//! - [`kept`]: what the browser keeps for the next time that the page is loaded.

pub mod client;
mod clock;
pub mod components;
mod device;
pub mod kept;
pub mod model;
