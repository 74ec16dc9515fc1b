//! The classic protocol: what the original clients and server of 2022 speak (PROTOCOL.md, part 1).
//!
//! [`Command`] is what a client sends, [`LoginReply`] and [`Notice`] are what a server answers
//! before and after sign-in. Bodies are in [`crate::body`].

mod command;
mod login_reply;
mod notice;
mod roster;

pub use command::{ChatCommand, Command, CommandError, LoginCommand, Recipients, Verb};
pub use login_reply::LoginReply;
pub use notice::Notice;
pub use roster::{Roster, RosterAddress, RosterEntry};
