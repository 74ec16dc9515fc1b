//! `cargo xtask bench`: what the server and the gateway can do, and what it costs.
//!
//! `docs/performance.md` says how to read the figures. Whatever is measured shares the machine with
//! what measures it: the ratios say more than the figures.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers")]

mod flood;
mod gateway;
mod latencies;
mod memory;
mod options;
mod scale;
mod sign_in;
mod speed;
mod web;

use std::process::ExitCode;

use self::options::Options;

fn main() -> ExitCode {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<_> = std::env::args().skip(1).filter(|flag| flag != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve-relay"] => speed::relay::serve(),
        ["serve-in-memory"] => speed::in_memory::serve(),
        ["flood"] => flood::bench(),
        ["gateway"] => gateway::bench(),
        ["scale"] => scale::bench(),
        ["sign-in"] => sign_in::bench(),
        ["web"] => web::bench(),
        flags => match Options::parse(flags) {
            Ok(options) => speed::bench(&options),
            Err(wrong) => {
                println!("{wrong}");
                return ExitCode::FAILURE;
            }
        },
    }
    ExitCode::SUCCESS
}
