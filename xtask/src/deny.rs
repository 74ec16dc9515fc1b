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
    if has_advisories() {
        run(&mut command("cargo", &["deny", "--offline", "check", "advisories"]))
    } else {
        println!("known faults were not looked for: `cargo deny fetch` brings the list of them");
        Ok(())
    }
}

/// Whether the list of known faults was fetched: an attempt that failed leaves none in the folder.
fn has_advisories() -> bool {
    let databases = tools_folder().join("advisory-dbs").read_dir();
    databases.is_ok_and(|databases| databases.flatten().any(|entry| entry.path().is_dir()))
}
