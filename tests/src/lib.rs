//! Helpers of the tests that cross crates, one for each boundary:
//!
//! - [`process`]: the three programs, as an operator starts them;
//! - [`terminal`]: `netchat chat` as a tool, line by line;
//! - [`client`]: a session of ours on a real socket;
//! - [`classic`]: a client that behaves exactly like the original one;
//! - [`classic_server`]: a server that knows only the classic protocol;
//! - [`raw_session`]: a session written out packet by packet, to break its rules;
//! - [`crowd`]: many sessions of one server, in memory;
//! - [`simulation`]: the whole system on a simulated network and machine;
//! - [`sim_server`]: the core of the server, with time and storage in the hands of a test;
//! - [`memory_storage`], [`sqlite_storage`]: what a server stands on, as a plain model and for real;
//! - [`proxy`]: a bad network between a client and a server;
//! - [`golden`]: transcripts of the classic protocol;
//! - [`browser`]: the web client in headless Chromium.

#![expect(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests")]

pub mod browser;
pub mod classic;
pub mod classic_server;
pub mod client;
pub mod crowd;
pub mod golden;
pub mod memory_storage;
pub mod process;
pub mod proxy;
pub mod raw_session;
pub mod sim_server;
pub mod simulation;
pub mod sqlite_storage;
pub mod terminal;
