//! The tools that the project is built and tested with, in the versions that fit together.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{command, is_there, output, root, run, tools_folder};

/// 0.22 needs a newer Rust.
const TRUNK_VERSION: &str = "0.21.14";
/// The same as in Cargo.toml: both ends of the bindings must agree.
const WASM_BINDGEN_VERSION: &str = "0.2.130";
/// Older ones break the table through which JavaScript calls back.
const WASM_OPT_VERSION_MIN: u32 = 116;
/// The npm package that holds wasm-opt, for machines that have npm and no wasm-opt.
const BINARYEN: &str = "binaryen@132.0.0";

/// Looks for what keeps people from using a page; for the tests.
const AXE: &str = "axe-core@4.14.1";

/// Licences, duplicates, sources and known faults of what is built in.
const CARGO_DENY_VERSION: &str = "0.20.2";
/// Builds and runs what libFuzzer drives.
const CARGO_FUZZ_VERSION: &str = "0.13.2";

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The target that the web client is compiled for.
pub(crate) fn ensure_wasm_target() -> Result<()> {
    let sysroot = output(&mut command("rustc", &["--print", "sysroot"])).unwrap_or_default();
    let target = std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET);
    if target.is_dir() {
        return Ok(());
    }
    println!("Adding the WebAssembly target to this Rust…");
    run(&mut command("rustup", &["target", "add", WASM_TARGET]))
}

pub(crate) fn ensure_trunk() -> Result<()> {
    let features = ["--no-default-features", "--features", "rustls", "--locked"];
    ensure_cargo_tool("trunk", "trunk", TRUNK_VERSION, &features)
}

/// Brings wasm-bindgen-test-runner too. Its lock file names a version that is not there any more.
pub(crate) fn ensure_wasm_bindgen() -> Result<()> {
    ensure_cargo_tool("wasm-bindgen", "wasm-bindgen-cli", WASM_BINDGEN_VERSION, &[])
}

pub(crate) fn ensure_cargo_deny() -> Result<()> {
    let features = ["--no-default-features", "--locked"];
    ensure_cargo_tool("cargo-deny", "cargo-deny", CARGO_DENY_VERSION, &features)
}

pub(crate) fn ensure_cargo_fuzz() -> Result<()> {
    ensure_cargo_tool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ_VERSION, &["--locked"])
}

/// A wasm-opt that works, if there is one or npm can bring it.
pub(crate) fn find_wasm_opt() -> Option<Command> {
    if wasm_opt_version(&mut command("wasm-opt", &["--version"])) >= WASM_OPT_VERSION_MIN {
        return Some(command("wasm-opt", &[]));
    }
    let own = tools_folder().join("node_modules/.bin/wasm-opt");
    if !own.exists()
        && is_there("npm")
        && let Err(error) = install_from_npm(BINARYEN)
    {
        println!("{error:#}");
    }
    let own = own.display().to_string();
    let works = wasm_opt_version(&mut command(&own, &["--version"])) >= WASM_OPT_VERSION_MIN;
    works.then(|| command(&own, &[]))
}

/// The file that the tests of the pages look for faults with.
pub(crate) fn ensure_axe() -> Result<()> {
    match tools_folder().join("node_modules/axe-core/axe.min.js").exists() {
        true => Ok(()),
        false => install_from_npm(AXE),
    }
}

fn install_from_npm(package: &str) -> Result<()> {
    println!("Installing {package} from npm into .tools…");
    let folder = tools_folder().display().to_string();
    let install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", &folder, package];
    run(&mut command("npm", &install))
}

/// The browser that the tests run in, and its driver.
pub(crate) fn ensure_chromium() -> Result<()> {
    if is_there("chromium") && is_there("chromedriver") {
        return Ok(());
    }
    let is_root = output(&mut command("id", &["-u"])).is_some_and(|id| id.trim() == "0");
    if !is_root || !is_there("apt-get") {
        bail!(
            "the browser tests need chromium and chromedriver: install both, in the same version"
        );
    }
    println!("Installing chromium and chromium-driver…");
    run(&mut command("apt-get", &["update", "-qq"]))?;
    let install =
        ["install", "-y", "-qq", "--no-install-recommends", "chromium", "chromium-driver"];
    run(command("apt-get", &install).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// A font with emoji, for pictures.
pub(crate) fn ensure_emoji_font() -> Result<()> {
    let fonts = output(&mut command("fc-list", &[":charset=1f600"])).unwrap_or_default();
    if !fonts.trim().is_empty() || !is_there("apt-get") {
        return Ok(());
    }
    println!("Installing a font with emoji…");
    let install = ["install", "-y", "-qq", "--no-install-recommends", "fonts-noto-color-emoji"];
    run(command("apt-get", &install).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Installs a tool into the project's folder unless that version of it can be found. Built without
/// optimisation: it takes a quarter of the time, and the tools have little to do.
fn ensure_cargo_tool(program: &str, package: &str, version: &str, flags: &[&str]) -> Result<()> {
    let found = output(&mut command(program, &["--version"])).unwrap_or_default();
    if found.split_whitespace().any(|word| word == version) {
        return Ok(());
    }
    println!("Installing {package} {version} into .tools (a few minutes, once)…");
    let folder = tools_folder().display().to_string();
    let target = root().join("target/tools").display().to_string();
    let install = ["install", package, "--version", version, "--root", &folder];
    let mut install = command("cargo", &install);
    install.args(["--quiet", "--target-dir", &target]).args(flags);
    install.env_remove("CARGO_TARGET_DIR");
    for (name, value) in [("LTO", "off"), ("OPT_LEVEL", "0"), ("CODEGEN_UNITS", "32")] {
        install.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
    }
    run(&mut install)
}

/// From "wasm-opt version 132 (version_132)"; 0 if it can't be run.
fn wasm_opt_version(command: &mut Command) -> u32 {
    let version = output(command).unwrap_or_default();
    version.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or(0)
}
