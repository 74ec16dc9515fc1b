//! What the page costs whoever opens it for the first time, and what of the module costs most.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::command::root;
use crate::parts::MODULE;
use crate::web;

/// So many crates are listed.
const CRATES_SHOWN: usize = 10;

/// What does not belong into the module, by the name of a function that comes with it.
const UNWANTED: [(&str, &str); 2] = [
    ("core::fmt::float", "a float is formatted: use integers"),
    ("core::unicode::unicode_data::conversions", "tables of Unicode: fold case by the browser"),
];

/// Data that hardly compresses is a table: it is looked for in steps of this size.
const BLOCK: usize = 4_096;

/// Builds the client and reports on it.
///
/// # Errors
/// Also if something is in the module that does not belong there.
pub(crate) fn run() -> Result<()> {
    web::build()?;
    report_files(&root().join("target/web"))?;
    let module = fs::read(root().join(MODULE)).context("the module is not there")?;
    let module = Module::parse(&module)?;
    println!("\nThe largest crates in the module, before wasm-opt:");
    for (name, bytes) in module.crates().into_iter().take(CRATES_SHOWN) {
        println!("{bytes:>9}  {name}");
    }
    let faults = module.faults();
    if !faults.is_empty() {
        bail!("in the module, and not wanted there:\n{}", faults.join("\n"));
    }
    Ok(())
}

/// Lists the files, and adds up those that the page names: they are fetched before it can be used.
fn report_files(bundle: &Path) -> Result<()> {
    let page = fs::read_to_string(bundle.join("index.html"))?;
    println!("{:>9} {:>9}  file", "bytes", "brotli");
    let (mut raw_total, mut small_total) = (0, 0);
    for name in web::names(bundle)? {
        let file = fs::read(bundle.join(&name))?;
        let small = compressed(&file)?;
        println!("{:>9} {small:>9}  {name}", file.len());
        if name == "index.html" || page.contains(&name) {
            raw_total += file.len();
            small_total += small;
        }
    }
    println!("{raw_total:>9} {small_total:>9}  the first load");
    Ok(())
}

/// How many bytes it takes in brotli, at its best.
fn compressed(bytes: &[u8]) -> Result<usize> {
    const BUFFER: usize = 4_096;
    const QUALITY: u32 = 11;
    const WINDOW: u32 = 22;
    let mut small = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut small, BUFFER, QUALITY, WINDOW);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(small.len())
}

/// What of a module is reported on.
struct Module {
    /// Names and sizes.
    functions: Vec<(String, usize)>,
    data: Vec<u8>,
}

impl Module {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let (mut imported, mut sizes, mut names, mut data) =
            (0, Vec::new(), BTreeMap::new(), Vec::new());
        for payload in Parser::new(0).parse_all(bytes) {
            #[expect(clippy::wildcard_enum_match_arm, reason = "all the other sections")]
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => sizes.push(body.as_bytes().len()),
                Payload::DataSection(segments) => {
                    for segment in segments {
                        data.extend_from_slice(segment?.data);
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(all) = section.as_known() {
                        for kind in all {
                            if let Name::Function(of_functions) = kind? {
                                for name in of_functions {
                                    let name = name?;
                                    let readable = format!("{:#}", demangle(name.name));
                                    names.insert(usize::try_from(name.index)?, readable);
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let name = |at: usize| names.get(&(imported + at)).cloned().unwrap_or_default();
        let functions = sizes.into_iter().enumerate().map(|(at, size)| (name(at), size)).collect();
        Ok(Self { functions, data })
    }

    /// The code of each crate, the largest first. What only describes types to wasm-bindgen is not
    /// served.
    fn crates(&self) -> Vec<(String, usize)> {
        let mut crates = BTreeMap::new();
        for (name, size) in &self.functions {
            if !name.contains("__wbindgen_describe") && !name.contains("WasmDescribe") {
                *crates.entry(crate_of(name).to_owned()).or_insert(0) += size;
            }
        }
        let mut crates: Vec<_> = crates.into_iter().collect();
        crates.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        crates
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (unwanted, why) in UNWANTED {
            let found = self.functions.iter().find(|(name, _)| name.contains(unwanted));
            faults.extend(found.map(|(name, _)| format!("{why} ({name})")));
        }
        for (at, block) in self.data.chunks_exact(BLOCK).enumerate() {
            let is_table = compressed(block).is_ok_and(|small| small * 20 > BLOCK * 19);
            if is_table {
                let at = at * BLOCK;
                faults.push(format!("{BLOCK} bytes of data at {at} do not compress: a table"));
            }
        }
        faults
    }
}

/// The crate that a function comes from, for generic ones that of its type: what stands before the
/// first `::`, without what opens a path.
fn crate_of(name: &str) -> &str {
    let path = name.split("::").next().unwrap_or_default();
    let start = path.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    path.get(start..).filter(|name| !name.is_empty()).unwrap_or("(none)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_counted_to_the_crate_of_their_type() {
        for (name, expected) in [
            ("netchat_web::io::act", "netchat_web"),
            ("<netchat_web::store::Intent as core::clone::Clone>::clone", "netchat_web"),
            ("<&mut alloc::vec::Vec<T> as core::fmt::Write>::write_str", "alloc"),
            ("malloc", "malloc"),
            ("", "(none)"),
        ] {
            assert_eq!(crate_of(name), expected, "{name}");
        }
    }

    #[test]
    fn a_table_of_noise_and_what_is_not_wanted_are_found() {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let functions = vec![("core::fmt::float::display".to_owned(), 9)];
        let text = b"all work and no play ".repeat(400);
        let module = Module { functions, data: text };
        assert_eq!(module.faults().len(), 1);
        let data = std::iter::repeat_with(&mut noise).take(2 * BLOCK).collect();
        assert_eq!(Module { functions: Vec::new(), data }.faults().len(), 2);
    }
}
