//! `cargo xtask bench`: what the server and the gateway can do.

use anyhow::Result;

use crate::command::{self, command};

pub(crate) fn run() -> Result<()> {
    println!("[1/2] Server and gateway, in release mode");
    command::run(&mut command("cargo", &["build", "--release", "--quiet"]))?;
    println!("[2/2] The load");
    command::run(&mut command(
        "cargo",
        &["bench", "--quiet", "--package", "netchat-tests", "--bench", "throughput"],
    ))
}
