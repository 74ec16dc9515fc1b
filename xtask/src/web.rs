//! Building the web client into `target/web`, unless nothing of it has changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::{command, root, run};
use crate::{fingerprint, tools};

/// What the bundle is built from, relative to the project's folder.
const SOURCES: [&str; 19] = [
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "shared/Cargo.toml",
    "shared/src",
    "client/Cargo.toml",
    "client/src",
    "web/Cargo.toml",
    "web/boot.js",
    "web/build.rs",
    "web/early.js",
    "web/icon-maskable.svg",
    "web/icon.svg",
    "web/index.html",
    "web/locales",
    "web/manifest.webmanifest",
    "web/src",
    "web/style.css",
    "web/sw.js",
];

/// What rustc uses and every browser since 2022 has; wasm-opt would otherwise refuse the module, or
/// use what is newer than the browsers.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Builds the bundle if it is not there or out of date.
pub(crate) fn build() -> Result<()> {
    let sources: Vec<PathBuf> = SOURCES.iter().map(|source| root().join(source)).collect();
    let fingerprint = fingerprint::of(&sources)?;
    let (bundle, stamp) = (root().join("target/web"), root().join("target/web.fingerprint"));
    let is_current = fs::read_to_string(&stamp).is_ok_and(|known| known == fingerprint);
    if is_current && bundle.join("index.html").exists() {
        println!("The web client is up to date.");
        return Ok(());
    }
    tools::ensure_wasm_target()?;
    tools::ensure_wasm_bindgen()?;
    tools::ensure_trunk()?;
    println!("Building the web client…");
    let mut trunk = command("trunk", &["build"]);
    trunk.env("TRUNK_SKIP_VERSION_CHECK", "true").env("NO_COLOR", "true").env("RUST_LOG", "warn");
    run(&mut trunk)?;
    optimise(&bundle)?;
    write_emojis(&bundle)?;
    list_files(&bundle, &fingerprint)?;
    fs::write(&stamp, fingerprint).with_context(|| format!("can't write {}", stamp.display()))
}

/// Writes all emoji with their names into a file that the page fetches when it is wanted first: inside
/// the module they would cost everybody.
fn write_emojis(bundle: &Path) -> Result<()> {
    let mut text = String::new();
    for group in emojis::Group::iter() {
        let name = format!("{group:?}");
        text.push_str(&format!("# {}\n", spaced(&name)));
        for emoji in group.emojis() {
            let short_names: String = emoji.shortcodes().map(|name| format!(";{name}")).collect();
            text.push_str(&format!("{emoji} {}{short_names}\n", emoji.name()));
        }
    }
    let path = bundle.join("emoji.txt");
    fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))
}

/// `FoodAndDrink` as people write it.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
            words.extend(c.to_lowercase());
        } else {
            words.push(c);
        }
    }
    words
}

/// Tells the worker which files there are, and which version of them.
fn list_files(bundle: &Path, version: &str) -> Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(bundle)? {
        let name = entry?.file_name();
        let name = name.to_str().context("a file of the web client has a strange name")?;
        // The page itself stands in the list already, and the emoji are kept when they were fetched.
        if !["emoji.txt", "index.html", "sw.js"].contains(&name) {
            files.push(format!("\"{name}\""));
        }
    }
    files.sort();
    let path = bundle.join("sw.js");
    let worker = fs::read_to_string(&path)?;
    let listed = format!("const FILES = [\"./\", {}];", files.join(", "));
    let filled = worker
        .replace("const VERSION = \"none\";", &format!("const VERSION = \"{version}\";"))
        .replace("const FILES = [\"./\"];", &listed);
    fs::write(&path, filled).with_context(|| format!("can't write {}", path.display()))
}

/// Halves the module, if there is a tool for it.
fn optimise(bundle: &PathBuf) -> Result<()> {
    let Some(mut wasm_opt) = tools::find_wasm_opt() else {
        println!(
            "wasm-opt is not there or too old: the web client stays twice as big as it need be."
        );
        return Ok(());
    };
    for entry in fs::read_dir(bundle)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let before = fs::metadata(&path)?.len();
            let name = path.display().to_string();
            run(wasm_opt.arg("-Oz").args(WASM_FEATURES).args([&name, "-o", &name]))?;
            let after = fs::metadata(&path)?.len();
            println!("Optimised the web client: {} kB, was {} kB.", after / 1_000, before / 1_000);
            return Ok(());
        }
    }
    Ok(())
}
