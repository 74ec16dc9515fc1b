//! The client session over the extended protocol, against a server that the test plays. Runs
//! natively, and in a browser as WebAssembly. What networks do to it is simulated elsewhere
//! (`tests/tests/netchat`).

#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod groups;
mod kinds;
mod links;
mod pages;
mod pair;
mod receipts;
mod session;
mod settings;
mod trust;
