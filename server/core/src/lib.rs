//! The authoritative server as a state machine without I/O.
//!
//! Datagrams, results of storage and of hashing, and the time come in; [`Action`]s come out. After
//! each input, drain [`Server::poll`] until it says [`Action::Wait`]:
//!
//! ```text
//! handle_datagram, handle_stored, handle_hashed, handle_timeout ──> Server ──> poll() ──> Action
//! ```
//!
//! The shell (`netchat-server`) and the simulator (`netchat-tests`) drive the same code.
//!
//! Where to look: [`Server`] in `server.rs` routes each input; `classic/` speaks the classic
//! protocol; `messages.rs` takes a message from its acceptance to its receipts; `groups.rs`,
//! `users.rs`, `conversations.rs` and `presence.rs` hold what the server knows.

mod action;
mod classic;
mod conversations;
mod groups;
mod guesses;
pub mod limits;
mod messages;
mod presence;
mod server;
mod session;
mod settings;
pub mod storage;
mod timers;
mod users;

pub use action::{Action, Record, Refusal, SignInKind, SignOutReason};
pub use server::Server;
pub use settings::Settings;
