//! `cargo xtask fuzz`: libFuzzer looks for bytes that break something.
//!
//! It begins with what it has found before, here (`target/fuzz/corpus`) and in the project
//! (`tests/fuzz/corpus`), and keeps here what is new. The compiler need not be a nightly one: no
//! sanitizer is used, since no code of ours is `unsafe`.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::{command, output, root, run as run_command};
use crate::tools;

/// For all targets together, if nothing else is said.
const SECONDS: u64 = 33;
/// The longest input, in bytes.
const LENGTH_MAX: &str = "-max_len=4096";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (seconds, mut targets) = parse(arguments)?;
    tools::ensure_cargo_fuzz()?;
    if targets.is_empty() {
        let listed = output(&mut command("cargo", &["fuzz", "list", "--fuzz-dir", "tests/fuzz"]));
        targets = listed.unwrap_or_default().lines().map(str::to_owned).collect();
    }
    ensure!(!targets.is_empty(), "there are no targets in tests/fuzz");
    let seconds = (seconds / targets.len() as u64).max(1);
    for target in &targets {
        println!("{target}: {seconds} s");
        look_for_faults(target, seconds)?;
    }
    Ok(())
}

/// How long in all, and with which targets.
fn parse(arguments: &[String]) -> Result<(u64, Vec<String>)> {
    let (mut seconds, mut targets) = (SECONDS, Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                let value = arguments.next().and_then(|value| value.parse().ok());
                seconds = value.context("--seconds needs a number")?;
            }
            flag if flag.starts_with('-') => bail!("there is no {flag}: only --seconds"),
            target => targets.push(target.to_owned()),
        }
    }
    Ok((seconds, targets))
}

fn look_for_faults(target: &str, seconds: u64) -> Result<()> {
    let found = root().join("target/fuzz/corpus").join(target);
    let broken = root().join("target/fuzz/broken");
    for folder in [&found, &broken] {
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    let mut fuzz = command("cargo", &["fuzz", "run", "--fuzz-dir", "tests/fuzz"]);
    fuzz.args(["--sanitizer", "none", "--target-dir", "target/fuzz", target]);
    fuzz.arg(found).arg(root().join("tests/fuzz/corpus").join(target));
    fuzz.args(["--", LENGTH_MAX, "-verbosity=0", "-timeout=10"]);
    fuzz.arg(format!("-max_total_time={seconds}"));
    fuzz.arg(format!("-artifact_prefix={}/{target}-", broken.display()));
    run_command(&mut fuzz)
}
