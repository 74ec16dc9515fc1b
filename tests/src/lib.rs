//! Helpers of the tests that cross crates, one for each boundary:
//!
//! - [`process`]: the three programs, as an operator starts them;
//! - [`terminal`]: `netchat chat` as a tool, line by line;
//! - [`client`]: a session of ours on a real socket;
//! - [`classic`]: a client that behaves exactly like the original one;
//! - [`classic_server`]: a server that knows only the classic protocol;
//! - [`opening`]: opening a link, for whoever holds both ends;
//! - [`raw_session`]: a session written out packet by packet, to break its rules;
//! - [`crowd`]: many sessions of one server, in memory;
//! - [`simulation`]: the whole system on a simulated network and machine;
//! - [`sim_server`]: the core of the server, with time and storage in the hands of a test;
//! - [`memory_storage`], [`sqlite_storage`]: what a server stands on, as a plain model and for real;
//! - [`proxy`]: a bad network between a client and a server;
//! - [`fuzz`]: what a fuzzer drives;
//! - [`golden`]: transcripts of the classic protocol;
//! - [`browser`]: the web client in headless Chromium;
//! - [`path_proxy`]: a web server that has the gateway under a path.
//!
//! Without the feature `programs`, only what a fuzzer needs is built.

#![expect(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests")]

#[cfg(feature = "programs")]
pub mod browser;
#[cfg(feature = "programs")]
pub mod classic;
#[cfg(feature = "programs")]
pub mod classic_server;
#[cfg(feature = "programs")]
pub mod client;
#[cfg(feature = "programs")]
pub mod crowd;
pub mod fuzz;
#[cfg(feature = "programs")]
pub mod golden;
pub mod memory_storage;
pub mod opaque;
pub mod opening;
#[cfg(feature = "programs")]
pub mod path_proxy;
#[cfg(feature = "programs")]
pub mod process;
#[cfg(feature = "programs")]
pub mod proxy;
pub mod raw_session;
pub mod sim_server;
#[cfg(feature = "programs")]
pub mod simulation;
#[cfg(feature = "programs")]
pub mod sqlite_storage;
#[cfg(feature = "programs")]
pub mod terminal;
