//! Building the web client into `target/web`, unless nothing of it has changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::{command, root, run};
use crate::{fingerprint, parts, tools};

/// What the bundle is built from, relative to the project's folder.
const SOURCES: [&str; 20] = [
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
    "web/emoji.de.txt",
    "web/icon-maskable.svg",
    "web/icon.svg",
    "web/index.html",
    "web/locales",
    "web/manifest.webmanifest",
    "web/src",
    "web/style.css",
    "web/sw.js",
];

/// What the files of emoji begin with; the language follows.
const EMOJIS: &str = "emoji.";

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
    let mut trunk = command("trunk", &["build", "--features", "parts"]);
    trunk.env("TRUNK_SKIP_VERSION_CHECK", "true").env("NO_COLOR", "true").env("RUST_LOG", "warn");
    run(&mut trunk)?;
    parts::cut(&bundle)?;
    write_emojis(&bundle)?;
    list_files(&bundle, &fingerprint)?;
    fs::write(&stamp, fingerprint).with_context(|| format!("can't write {}", stamp.display()))
}

/// Writes all emoji with their names into a file for each language that the page fetches when it is wanted
/// first: inside the module they would cost everybody. Those that a language has no name for have their English one.
fn write_emojis(bundle: &Path) -> Result<()> {
    for locale in fs::read_dir(root().join("web/locales"))? {
        let locale = locale?.path();
        let code = locale.file_stem().and_then(|code| code.to_str()).unwrap_or_default();
        let known = root().join(format!("web/emoji.{code}.txt"));
        let known = if known.exists() { fs::read_to_string(known)? } else { String::new() };
        let path = bundle.join(format!("{EMOJIS}{code}.txt"));
        let text = describe_emojis(&known);
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
    }
    Ok(())
}

/// `😀 grinsendes Gesicht;grinning|froh;grinning face`: its name; what one types for it between two colons; and
/// what else it is found by.
fn describe_emojis(known: &str) -> String {
    let of_signs: BTreeMap<_, _> = known.lines().filter_map(|line| line.split_once(' ')).collect();
    let mut text = String::new();
    for group in emojis::Group::iter() {
        let name = format!("{group:?}");
        text.push_str(&format!("# {}\n", spaced(&name)));
        for emoji in group.emojis() {
            let short_names: String = emoji.shortcodes().map(|name| format!(";{name}")).collect();
            let line = match of_signs.get(emoji.as_str()) {
                Some(words) => {
                    let (name, words) = words.split_once(';').unwrap_or((words, ""));
                    format!("{emoji} {name}{short_names}|{words};{}\n", emoji.name())
                }
                None => format!("{emoji} {}{short_names}\n", emoji.name()),
            };
            text.push_str(&line);
        }
    }
    text
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

/// All files below the bundle's folder, in order, as the page names them.
pub(crate) fn names(bundle: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for path in fingerprint::files(bundle)? {
        let name = path.strip_prefix(bundle)?.to_str();
        let name = name.context("a file of the web client has a strange name")?;
        names.push(name.replace(std::path::MAIN_SEPARATOR, "/"));
    }
    Ok(names)
}

/// Tells the worker which files there are, and which version of them.
fn list_files(bundle: &Path, version: &str) -> Result<()> {
    // The page itself stands in the list already, and the emoji are kept when they were fetched.
    let mut files = names(bundle)?;
    let is_later = |name: &str| name.starts_with(EMOJIS) || ["index.html", "sw.js"].contains(&name);
    files.retain(|name| !is_later(name));
    let files: Vec<_> = files.into_iter().map(|name| format!("\"{name}\"")).collect();
    let path = bundle.join("sw.js");
    let worker = fs::read_to_string(&path)?;
    let listed = format!("const FILES = [\"./\", {}];", files.join(", "));
    let filled = worker
        .replace("const VERSION = \"none\";", &format!("const VERSION = \"{version}\";"))
        .replace("const FILES = [\"./\"];", &listed);
    fs::write(&path, filled).with_context(|| format!("can't write {}", path.display()))
}
