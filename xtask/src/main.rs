//! The project's own commands. `cargo xtask` lists them.
//!
//! Each installs what it needs into `.tools`, a folder that git ignores, and says what it is doing.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for developers")]

mod arrows;
mod bench;
mod command;
mod deny;
mod fingerprint;
mod fuzz;
mod parts;
mod pictures;
mod report;
mod test;
mod tidy;
mod tools;
mod up;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  up [FLAGS]   build everything in release mode, then start server and gateway
               (FLAGS are those of `netchat up`, such as --listen 0.0.0.0:8080)
  test         formatting, lints, documentation, all tests, also in a browser
  bench        what a message costs the server, beside a bare relay and other servers
               (--pairs 50 --windows 8,32 --rounds 5 --seconds 3)
  bench scale  what grows with how many are online, or how much is stored
  bench flood  what one account that does all it can costs others
  bench web    what the page costs whoever has it open, in headless Chromium
  bench gateway  what the way through the gateway adds to a round trip
  fuzz         looks for input that breaks a parser, the server or a link
               (--seconds 60, shared by all targets, or the names of some)
  deny         licences, duplicates and sources of everything that is built in
  web          build the web client into target/web
  web --report and say what it weighs, and what of it weighs most
  pictures     the pictures of the web client in docs/pictures, taken anew
  tidy         check the rules of ARCHITECTURE.md that no compiler checks";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let result = match command.as_str() {
        "up" => up::run(&rest),
        "test" => test::run(),
        "bench" => bench::run(&rest),
        "fuzz" => fuzz::run(&rest),
        "deny" => deny::check(),
        "web" if rest == ["--report"] => report::run(),
        "web" => web::build(),
        "pictures" => pictures::take(),
        "tidy" => tidy::run(),
        _ => {
            println!("{USAGE}");
            return if command.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
