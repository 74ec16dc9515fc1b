//! The arrows inside the server's core: which room may know which, and that no files import each
//! other in a circle. Read from the sources as text: imports, and names with a path.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::command::root;

const CORE: &str = "server/core/src";

/// What the files of a room must not hold.
const FORBIDDEN: [(&str, &[&str]); 7] = [
    ("session", &["crate::chat", "crate::directory", "crate::server"]),
    (
        "chat",
        &[
            "crate::session",
            "crate::server",
            "netchat_shared::classic",
            "ServerMessage",
            "ClientMessage",
            "Datagram",
            "extended::Link",
        ],
    ),
    ("directory", &["crate::chat", "crate::session", "crate::context", "crate::events"]),
    (
        "admission",
        &[
            "crate::chat",
            "crate::session",
            "crate::directory",
            "crate::context",
            "crate::events",
            "crate::storage",
            "crate::server",
        ],
    ),
    ("context", &["crate::chat", "crate::session", "crate::directory", "crate::server"]),
    ("events.rs", &["crate::chat", "crate::session", "crate::directory", "crate::context"]),
    ("storage.rs", &["crate::chat", "crate::session", "crate::directory", "crate::context"]),
];

pub(crate) fn check(problems: &mut Vec<String>, files: &[std::path::PathBuf]) -> Result<()> {
    let core = root().join(CORE);
    let mut sources = BTreeMap::new();
    for file in files.iter().filter(|file| file.starts_with(&core)) {
        let name = file.strip_prefix(&core)?.display().to_string();
        sources.insert(name, code(&fs::read_to_string(file)?));
    }
    for (name, source) in &sources {
        if name != "server.rs" && source.contains("impl Server") {
            problems.push(format!("{CORE}/{name}: impl Server belongs into server.rs"));
        }
        let room = FORBIDDEN.iter().filter(|(room, _)| Path::new(name).starts_with(room));
        for word in room.flat_map(|(_, words)| *words).filter(|word| source.contains(**word)) {
            problems.push(format!("{CORE}/{name}: {word} is not for this room"));
        }
    }
    let imports: BTreeMap<_, _> = sources
        .iter()
        .map(|(name, source)| (name.clone(), imports(name, source, &sources)))
        .collect();
    for name in imports.keys() {
        if reaches(name, name, &imports, &mut BTreeSet::new()) {
            problems.push(format!("{CORE}/{name}: imports itself through others, in a circle"));
        }
    }
    Ok(())
}

/// A source without comments and without its unit tests, which may look at more.
fn code(source: &str) -> String {
    let tests = ["#[cfg(test)]\nmod tests", "#[cfg(test)]\npub(crate) mod testing"];
    let end = tests.into_iter().filter_map(|tests| source.find(tests)).min();
    let source = &source[..end.unwrap_or(source.len())];
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The files that a file imports from.
fn imports(name: &str, source: &str, sources: &BTreeMap<String, String>) -> BTreeSet<String> {
    let module = module_of(name);
    let mut found = BTreeSet::new();
    for statement in source.split("use ").skip(1) {
        let path = statement.split([';', '{']).next().unwrap_or_default();
        let mut place = module.clone();
        let mut is_ours = false;
        for part in path.trim().split("::").map(|part| part.split_whitespace().next().unwrap_or(""))
        {
            match part {
                "crate" => place.clear(),
                "self" => {}
                "super" => drop(place.pop()),
                part if is_ours => place.push(part.to_owned()),
                _ => break,
            }
            is_ours = true;
        }
        if is_ours {
            found.extend(file_of(&place, sources).filter(|file| file != name));
        }
    }
    found
}

fn module_of(name: &str) -> Vec<String> {
    let name = name.trim_end_matches(".rs").trim_end_matches("/mod");
    if name == "lib" { Vec::new() } else { name.split('/').map(str::to_owned).collect() }
}

/// The file that holds what a path names: the longest beginning of it that is a module.
fn file_of(path: &[String], sources: &BTreeMap<String, String>) -> Option<String> {
    (1..=path.len()).rev().find_map(|length| {
        let base = path[..length].join("/");
        let names = [format!("{base}.rs"), format!("{base}/mod.rs")];
        names.into_iter().find(|name| sources.contains_key(name))
    })
}

fn reaches(
    from: &str,
    to: &str,
    imports: &BTreeMap<String, BTreeSet<String>>,
    seen: &mut BTreeSet<String>,
) -> bool {
    let Some(next) = imports.get(from) else { return false };
    next.iter()
        .any(|file| file == to || seen.insert(file.clone()) && reaches(file, to, imports, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, source)| ((*name).to_owned(), code(source))).collect()
    }

    #[test]
    fn imports_are_followed_to_their_files() {
        let sources = sources(&[
            ("chat/mod.rs", "use self::people::People;\nuse crate::context::Context;"),
            (
                "chat/people.rs",
                "use super::presence::{Presence, X};\n// use crate::server::Server;",
            ),
            ("chat/presence.rs", "use super::Chat;"),
            ("context/mod.rs", "use std::fmt;"),
        ]);
        let of = |name: &str| imports(name, &sources[name], &sources);
        assert_eq!(
            of("chat/mod.rs"),
            ["chat/people.rs", "context/mod.rs"].map(str::to_owned).into()
        );
        assert_eq!(of("chat/people.rs"), ["chat/presence.rs"].map(str::to_owned).into());
        let all = sources.keys().map(|name| (name.clone(), of(name))).collect();
        assert!(reaches("chat/mod.rs", "chat/mod.rs", &all, &mut BTreeSet::new()), "a circle");
        assert!(!reaches("context/mod.rs", "context/mod.rs", &all, &mut BTreeSet::new()));
    }
}
