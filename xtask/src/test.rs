//! `cargo xtask test`: everything that must hold, and a summary.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::{command, describe};
use crate::{deny, fuzz, tidy, tools, web};

const WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];
const DENY_WARNINGS: [&str; 3] = ["--", "--deny", "warnings"];

/// What ran, how long it took, and whether it held.
#[derive(Default)]
struct Summary {
    steps: Vec<(&'static str, Duration, Result<()>)>,
    passed: usize,
    failed: usize,
}

pub(crate) fn run() -> Result<()> {
    let mut summary = Summary::default();
    summary.step("formatting", || stream(command("cargo", &["fmt", "--all", "--check"])));
    summary.step("tidy", || tidy::run().map(|()| Counts::default()));
    summary.step("deny", || deny::check().map(|()| Counts::default()));
    summary.step("web client", || web::build().map(|()| Counts::default()));
    summary.step("chromium", || tools::ensure_chromium().map(|()| Counts::default()));
    summary.step("axe", || tools::ensure_axe().map(|()| Counts::default()));
    summary.step("clippy", || stream(clippy(&["--workspace", "--exclude", "netchat-web"], &[])));
    // Once as it is served, once as it is tested.
    summary.step("clippy (web)", || stream(clippy(&["--package", "netchat-web"], &WASM)));
    summary.step("clippy (web, parts)", || {
        stream(clippy(&["--package", "netchat-web", "--features", "parts"], &WASM))
    });
    summary.step("rustdoc", || {
        let mut doc =
            command("cargo", &["doc", "--quiet", "--workspace", "--exclude", "netchat-web"]);
        doc.args(["--no-deps", "--document-private-items"]).env("RUSTDOCFLAGS", "--deny warnings");
        stream(doc)
    });
    // The tests start the programs.
    summary.step("build", || stream(command("cargo", &["build", "--quiet"])));
    summary.step("native tests", || {
        stream(command("cargo", &["test", "--quiet", "--workspace", "--exclude", "netchat-web"]))
    });
    for (name, package) in [("browser: client", "netchat-client"), ("browser: web", "netchat-web")]
    {
        summary.step(name, || {
            tools::ensure_wasm_bindgen()?;
            let mut test = command("cargo", &["test", "--package", package]);
            test.args(WASM)
                .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
                .env("WASM_BINDGEN_USE_BROWSER", "1");
            stream(test)
        });
    }
    summary.step("fuzz", || fuzz::run(&[]).map(|()| Counts::default()));
    summary.close()
}

fn clippy(packages: &[&str], target: &[&str]) -> Command {
    let mut clippy = command("cargo", &["clippy", "--quiet", "--all-targets"]);
    clippy.args(packages).args(target).args(DENY_WARNINGS);
    clippy
}

/// Tests that passed and failed.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    passed: usize,
    failed: usize,
}

/// Runs a command, shows its output as it comes, and counts the tests that it reports.
fn stream(mut command: Command) -> Result<Counts> {
    let name = describe(&command);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("can't run {name}"))?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            if let Some(result) = line.strip_prefix("test result: ") {
                counts.passed += count(result, " passed");
                counts.failed += count(result, " failed");
            }
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "{name} failed ({status})");
    Ok(counts)
}

/// The number before a word: 12 of "ok. 12 passed; 0 failed; …".
fn count(result: &str, word: &str) -> usize {
    let before = result.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl Summary {
    fn step(&mut self, name: &'static str, run: impl FnOnce() -> Result<Counts>) {
        println!("== {name}");
        let started = Instant::now();
        let result = run().map(|counts| {
            self.passed += counts.passed;
            self.failed += counts.failed;
        });
        if let Err(error) = &result {
            println!("{error:#}");
            self.failed += 1;
        }
        self.steps.push((name, started.elapsed(), result));
    }

    fn close(self) -> Result<()> {
        println!("== summary");
        for (name, took, result) in &self.steps {
            let verdict = if result.is_ok() { "ok" } else { "FAILED" };
            println!("{name:<20} {:>5} s  {verdict}", took.as_secs());
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.steps.iter().any(|(_, _, result)| result.is_err()) {
            bail!("not everything holds");
        }
        Ok(())
    }
}
