//! The NetChat web client.
//!
//! ```text
//! person ─ Intent ─> io ─> Session (netchat-client) ─ Event ─> Store ─ Touched ─> view
//! ```
//!
//! - [`store`]: what the page knows, as plain data;
//! - [`live`]: that, with a signal for each thing that is shown;
//! - [`view`]: draws it, and turns what the person does into [`store::Intent`]s;
//! - [`io`]: the one place with I/O: the session over its WebSocket, timers, what the browser keeps,
//!   other tabs, notices of the system;
//! - [`router`]: conversations as addresses;
//! - [`words`]: what the page says, in each of its languages.

mod clock;
mod device;
mod intl;
pub mod io;
pub mod live;
pub mod router;
pub mod store;
pub mod view;
pub mod words;
