//! What a fuzzer drives: every parser, and sequences of operations on the server, a client and a link.
//!
//! A target takes bytes and panics if something does not hold. `cargo xtask fuzz` lets libFuzzer look
//! for such bytes; what it has found worth keeping lies in `tests/fuzz/corpus` and goes through every
//! target in each run of the tests.

mod client;
mod link;
mod parsers;
mod script;
mod server;

/// One target: its name, which is that of its folder in the corpus, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("classic", parsers::classic),
    ("datagram", parsers::datagram),
    ("frames", parsers::frames),
    ("client_message", parsers::client_message),
    ("server_message", parsers::server_message),
    ("body", parsers::body),
    ("words", parsers::words),
    ("typed", parsers::typed),
    ("saved", parsers::saved),
    ("link", link::link),
    ("client", client::client),
    ("server", server::server),
];

/// Runs the target of that name.
///
/// # Panics
/// If there is none, or something does not hold.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(it, _)| *it == name);
    let (_, target) = target.unwrap_or_else(|| panic!("no target {name}"));
    target(data);
}
