//! The authoritative server as a state machine without I/O.
//!
//! Datagrams, the log, results of storage and of hashing, and the time come in; [`Action`]s come out.
//! After each input, or several in a row, drain [`Server::poll`] until it says [`Action::Wait`]:
//!
//! ```text
//! handle_datagram, handle_log, handle_stored, handle_loaded,
//! handle_hashed, handle_timeout ──> Server ──> poll() ──> Action
//! ```
//!
//! The shell (`netchat-server`) and the simulator (`netchat-tests`) drive the same code.
//!
//! Inside are rooms that speak by values ([`events`](self)):
//!
//! ```text
//! server.rs   the pump: input ─> session ─> Request ─> chat ─> Update ─> session
//! session/    clients in either protocol; they never see the chat
//! chat/       accounts, messages, groups, receipts, presence; it knows no protocol
//! directory/  who there is and who belongs to what: the fold of the log
//! admission/  who may come in, how many and how fast
//! context/    time, randomness, settings, timers and queues, handed in to all of them
//! names.rs    what makes two names the same, or too alike
//! passwords.rs  in what form they are compared
//! storage.rs  the port to storage and to the password hasher
//! ```

mod action;
mod admission;
mod chat;
mod context;
mod directory;
mod events;
pub mod limits;
pub mod names;
mod passwords;
mod peer;
mod server;
mod session;
mod settings;
pub mod storage;

pub use action::{Action, Dropped, LogEvent, NamesAlike, Refusal, SignInKind, SignOutReason};
pub use admission::Rate;
pub use directory::Directory;
pub use peer::Peer;
pub use server::{LogGap, Server};
pub use settings::{AccountQuotas, Secrets, Settings};
