//! Puts the web client inside the binary: the bundle that `cargo xtask web` made, or a page that
//! says how to make it.

use std::path::Path;

const BUNDLE: &str = "../target/web";
const PLACEHOLDER: &str = "placeholder";

fn main() {
    println!("cargo::rerun-if-changed={BUNDLE}/index.html");
    let has_bundle = Path::new(BUNDLE).join("index.html").exists();
    memory_serve::load_directory(if has_bundle { BUNDLE } else { PLACEHOLDER });
}
