//! `cargo xtask deny`: what is built in, as `deny.toml` allows it.

use anyhow::Result;

use crate::command::{command, run, tools_folder};
use crate::tools;

pub(crate) fn check() -> Result<()> {
    tools::ensure_cargo_deny()?;
    run(&mut command(
        "cargo",
        &["deny", "--log-level", "error", "check", "licenses", "bans", "sources"],
    ))?;
    if tools_folder().join("advisory-dbs").is_dir() {
        run(&mut command("cargo", &["deny", "check", "--disable-fetch", "advisories"]))
    } else {
        println!("known faults were not looked for: `cargo deny fetch` brings the list of them");
        Ok(())
    }
}
