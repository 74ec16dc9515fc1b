//! `cargo xtask up`: from a fresh checkout to a running system.

use std::time::Instant;

use anyhow::Result;

use crate::command::{command, root};
use crate::web;

pub(crate) fn run(flags: &[String]) -> Result<()> {
    let started = Instant::now();
    println!("[1/3] The web client");
    web::build()?;
    println!("[2/3] Server, gateway and terminal client");
    crate::command::run(&mut command("cargo", &["build", "--release", "--quiet"]))?;
    println!("[3/3] Starting (after {} s)", started.elapsed().as_secs());
    let netchat = root().join("target/release/netchat").display().to_string();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    start(&netchat, &flags)
}

/// Takes the place of this process, so that signals reach the system itself.
#[cfg(unix)]
fn start(netchat: &str, flags: &[&str]) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    let error = command(netchat, &["up"]).args(flags).exec();
    Err(anyhow::Error::new(error).context(format!("can't start {netchat}")))
}

#[cfg(not(unix))]
fn start(netchat: &str, flags: &[&str]) -> Result<()> {
    crate::command::run(command(netchat, &["up"]).args(flags))
}
