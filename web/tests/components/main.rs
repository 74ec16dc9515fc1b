//! The components in a browser: what a person sees and does, without a server.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod languages;
mod messages;
mod page;
mod views;
