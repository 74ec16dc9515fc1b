//! Cutting the web client's module into parts: what a first load needs, and what comes later.
//!
//! Trunk has no place for a step between cargo and wasm-bindgen. So it makes the client whole, and what it
//! made of the module is replaced here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use wasm_split_cli_support::{Options, transform};

use crate::command::{command, root, run};
use crate::{fingerprint, tools};

/// The module as the compiler leaves it: its functions still have their names.
pub(crate) const MODULE: &str = "target/wasm32-unknown-unknown/wasm-release/netchat-web.wasm";

/// Where the parts are made.
const WORKSHOP: &str = "target/web-parts";

/// The script beside the module, and the one that fetches the parts.
const SCRIPT: &str = "client.js";
const FETCHING_SCRIPT: &str = "__wasm_split.js";
const MODULE_SERVED: &str = "client_bg.wasm";

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

/// Puts the parts in place of the whole module. They lie in a folder of their own that is named by what is
/// in them: parts name each other, and parts of two builds do not fit together.
pub(crate) fn cut(bundle: &Path) -> Result<()> {
    let workshop = root().join(WORKSHOP);
    if workshop.exists() {
        fs::remove_dir_all(&workshop)?;
    }
    fs::create_dir_all(&workshop)?;
    split(&workshop)?;
    optimise(&workshop)?;
    let folder = format!("netchat-web-{}", fingerprint::of_contents(&files_of(&workshop)?)?);
    replace_whole(bundle, &workshop, &folder)
}

/// Cuts the module where the client says so, and makes the scripts.
fn split(workshop: &Path) -> Result<()> {
    let whole = fs::read(root().join(MODULE)).context("the module is not there")?;
    let main = workshop.join("main.wasm");
    let mut options = Options::new(&whole);
    let own_script = format!("./{SCRIPT}");
    (options.output_dir, options.main_out_path) = (workshop, &main);
    options.main_module = &own_script;
    transform(options).map_err(|error| anyhow!("the module can't be cut: {error:#}"))?;
    let (folder, module) = (workshop.display().to_string(), main.display().to_string());
    let bind = ["--target", "web", "--keep-lld-exports", "--no-typescript", "--out-name", "client"];
    run(command("wasm-bindgen", &bind).args(["--out-dir", &folder, &module]))?;
    fs::remove_file(main).context("can't remove what is not served")
}

/// Halves the modules, if there is a tool for it.
fn optimise(workshop: &Path) -> Result<()> {
    if tools::find_wasm_opt().is_none() {
        println!(
            "wasm-opt is not there or too old: the web client stays twice as big as it need be."
        );
        return Ok(());
    }
    for path in files_of(workshop)? {
        if path.extension().is_some_and(|extension| extension == "wasm")
            && let Some(mut wasm_opt) = tools::find_wasm_opt()
        {
            let name = path.display().to_string();
            run(wasm_opt.arg("-Oz").args(WASM_FEATURES).args([&name, "-o", &name]))?;
        }
    }
    Ok(())
}

/// Puts the parts into the bundle, and their names into the page.
fn replace_whole(bundle: &Path, workshop: &Path, folder: &str) -> Result<()> {
    let page_path = bundle.join("index.html");
    let mut page = fs::read_to_string(&page_path)?;
    for path in files_of(bundle)? {
        let name = name_of(&path)?;
        if !name.starts_with("netchat-web-") {
            continue;
        }
        let part = if name.ends_with(".wasm") { MODULE_SERVED } else { SCRIPT };
        ensure!(page.contains(&name), "the page does not name {name}");
        page = page.replace(&name, &format!("{folder}/{part}"));
        fs::remove_file(&path)?;
    }
    // The script imports it: fetched beside it, and not after it.
    let beside =
        format!("<link rel=\"modulepreload\" href=\"./{folder}/{FETCHING_SCRIPT}\"></head>");
    fs::write(&page_path, page.replacen("</head>", &beside, 1))?;
    let into = bundle.join(folder);
    fs::create_dir_all(&into)?;
    for path in files_of(workshop)? {
        fs::copy(&path, into.join(name_of(&path)?))?;
    }
    Ok(())
}

/// The files of a folder, in order, without those below it.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name.context("a file of the web client has a strange name")?.to_owned())
}
