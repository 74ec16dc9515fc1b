//! Helpers of the tests that cross crates, one for each boundary:
//!
//! - [`process`]: the three programs, as an operator starts them;
//! - [`terminal`]: `netchat chat` as a tool, line by line;
//! - [`classic`]: a client that behaves exactly like the original one;
//! - [`browser`]: the web client in headless Chromium.

#![expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "tests"
)]

pub mod browser;
pub mod process;
