//! Helpers of the tests that cross crates, one for each boundary:
//!
//! - [`process`]: the three programs, as an operator starts them;
//! - [`terminal`]: `netchat chat` as a tool, line by line;
//! - [`classic`]: a client that behaves exactly like the original one;
//! - [`sim_server`]: the core of the server, with time and storage in the hands of a test;
//! - [`golden`]: transcripts of the classic protocol;
//! - [`browser`]: the web client in headless Chromium.

#![expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "tests"
)]

pub mod browser;
pub mod golden;
pub mod process;
pub mod sim_server;
