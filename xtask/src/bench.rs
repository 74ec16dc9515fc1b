//! `cargo xtask bench`: what the server and the gateway can do, and what it costs.

use anyhow::Result;

use crate::command::{self, command};
use crate::{tools, web};

/// Measures the server's speed, or what the first of these says: `scale`, `gateway`, `sign-in`,
/// `flood`, `web`. Everything else goes to the benchmark.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if arguments.first().is_some_and(|what| what == "web") {
        web::build()?;
        tools::ensure_chromium()?;
    }
    println!("[1/2] Server and gateway, in release mode");
    command::run(&mut command("cargo", &["build", "--release", "--quiet"]))?;
    println!("[2/2] The measurements");
    let mut bench = vec!["bench", "--quiet", "--package", "netchat-tests", "--bench", "measure"];
    bench.push("--");
    bench.extend(arguments.iter().map(String::as_str));
    command::run(&mut command("cargo", &bench))
}
