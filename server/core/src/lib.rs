//! The authoritative server as a state machine without I/O.
//!
//! Datagrams, results of storage and of hashing, and the time come in; [`Action`]s come out. After
//! each input, or several in a row, drain [`Server::poll`] until it says [`Action::Wait`]:
//!
//! ```text
//! handle_datagram, handle_stored, handle_loaded,
//! handle_hashed, handle_timeout ──> Server ──> poll() ──> Action
//! ```
//!
//! The shell (`netchat-server`) and the simulator (`netchat-tests`) drive the same code.
//!
//! Where to look: [`Server`] in `server.rs` routes each input; `classic/` and `extended/` speak the
//! two protocols; `accounts.rs`, `messages.rs`, `feed.rs` and `groups.rs` do what both ask for;
//! `users.rs`, `conversations.rs`, `tokens.rs` and `presence.rs` hold what the server knows.

mod accounts;
mod action;
mod classic;
mod conversations;
mod extended;
mod feed;
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
mod tokens;
mod users;

pub use action::{Action, Dropped, Record, Refusal, SignInKind, SignOutReason};
pub use server::Server;
pub use settings::Settings;
