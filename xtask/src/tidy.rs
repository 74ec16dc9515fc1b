//! The rules that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::arrows;
use crate::command::{command, output, root};

/// What a crate must never depend on, directly or through others.
const FORBIDDEN_DEPENDENCIES: [(&str, &[&str]); 5] = [
    ("netchat-shared", &["tokio", "rusqlite", "web-sys", "getrandom", "netchat-core"]),
    ("netchat-client", &["tokio", "rusqlite", "web-sys", "getrandom", "netchat-core"]),
    ("netchat-core", &["tokio", "rusqlite", "web-sys", "getrandom", "netchat-client"]),
    ("netchat-server", &["netchat-gateway", "netchat-client", "axum"]),
    ("netchat-gateway", &["netchat-server", "netchat-core", "netchat-client", "rusqlite"]),
];

/// Words that must not stand in the sources of a folder.
const FORBIDDEN_WORDS: [(&str, &[&str]); 7] = [
    (
        "shared/src",
        &[
            "Instant::now",
            "SystemTime",
            "std::net::UdpSocket",
            "HashMap",
            "HashSet",
            "ring::rand",
            "SystemRandom",
        ],
    ),
    ("client/src", &["Instant::now", "SystemTime", "std::net::UdpSocket", "HashMap", "HashSet"]),
    (
        "server/core/src",
        &["Instant::now", "SystemTime", "std::net::UdpSocket", "HashMap", "HashSet"],
    ),
    ("gateway/src", &["base64", "md5", "CHAT#", "X#", "RECEIVED", "shared::extended"]),
    ("cli/src", &["base64", "md5", "CHAT#", "X#"]),
    ("web/src", &["base64::", "md5::", "CHAT#", "X#", "inner_html", "set_inner_html", "innerHTML"]),
    (
        "server/src",
        &["format!(\"SELECT", "format!(\"INSERT", "format!(\"UPDATE", "format!(\"DELETE"],
    ),
];

/// What stands in quotes where the page is drawn and is no word of it: keys as browsers call them, and the
/// groups in the file of emoji. Words of the page stand in `web/locales`.
const NO_WORDS: [&str; 14] = [
    "ArrowUp",
    "ArrowDown",
    "Enter",
    "Escape",
    "Tab",
    "Smileys and emotion",
    "People and body",
    "Animals and nature",
    "Food and drink",
    "Travel and places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
];

const LINES_MAX: usize = 800;

/// Documents that people read side by side with code.
const DOCUMENTS: [&str; 5] =
    ["README.md", "ARCHITECTURE.md", "PROTOCOL.md", "SECURITY.md", "CHANGELOG.md"];
const COLUMNS_MAX: usize = 120;

pub(crate) fn run() -> Result<()> {
    let mut problems = Vec::new();
    check_dependencies(&mut problems);
    for (folder, words) in FORBIDDEN_WORDS {
        check_words(&root().join(folder), words, &mut problems)?;
    }
    check_lengths(&root(), &mut problems)?;
    check_columns(&mut problems)?;
    check_language(&mut problems)?;
    check_security(&mut problems)?;
    arrows::check(&mut problems, &rust_files(&root().join("server/core/src"))?)?;
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => Ok(()),
        count => bail!("{count} rules of ARCHITECTURE.md are broken"),
    }
}

fn check_dependencies(problems: &mut Vec<String>) {
    for (package, forbidden) in FORBIDDEN_DEPENDENCIES {
        // ring could ask the system for randomness, and brings what it needs for that: that nobody
        // asks it is seen to by words.
        let what = ["tree", "--package", package, "--prune", "ring"];
        let tree = [&what[..], &["--edges", "normal", "--prefix", "none"]].concat();
        let tree = output(&mut command("cargo", &tree)).unwrap_or_default();
        if tree.is_empty() {
            problems.push(format!("cargo tree says nothing about {package}"));
        }
        for line in tree.lines() {
            let name = line.split(' ').next().unwrap_or_default();
            if forbidden.contains(&name) {
                problems.push(format!("{package} depends on {name}"));
            }
        }
    }
}

fn check_words(folder: &Path, words: &[&str], problems: &mut Vec<String>) -> Result<()> {
    for file in rust_files(folder)? {
        let text = fs::read_to_string(&file)?;
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    Ok(())
}

fn check_lengths(folder: &Path, problems: &mut Vec<String>) -> Result<()> {
    for file in rust_files(folder)? {
        let lines = fs::read_to_string(&file)?.lines().count();
        if lines > LINES_MAX {
            problems
                .push(format!("{}: {lines} lines: it would read better as two", file.display()));
        }
    }
    Ok(())
}

fn check_columns(problems: &mut Vec<String>) -> Result<()> {
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document))?;
        let long = text.lines().enumerate().filter(|(_, line)| line.chars().count() > COLUMNS_MAX);
        problems.extend(long.map(|(number, _)| {
            format!("{document}:{}: more than {COLUMNS_MAX} columns", number + 1)
        }));
    }
    Ok(())
}

/// No word that people read or hear stands where the page is drawn: it would be there in one language only.
fn check_language(problems: &mut Vec<String>) -> Result<()> {
    for file in rust_files(&root().join("web/src/view"))? {
        let text = fs::read_to_string(&file)?;
        let drawn = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in drawn.lines().enumerate().filter(|(_, line)| holds_words(line)) {
            problems.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
        }
    }
    Ok(())
}

/// A text that begins like a sentence, or stands where text is shown or heard.
fn holds_words(line: &str) -> bool {
    const HEARD: [&str; 4] = ["aria-label=", "title=", "placeholder=", ">"];
    let line = line.trim();
    if line.starts_with("//") {
        return false;
    }
    let parts: Vec<_> = line.split('"').collect();
    let is_alone = parts.len() == 3 && parts[0].is_empty() && parts[2].is_empty();
    parts.windows(2).step_by(2).any(|part| {
        let (before, text) = (part[0], part[1]);
        let is_heard = is_alone || HEARD.iter().any(|heard| before.ends_with(heard));
        let begins = text.starts_with(|c: char| c.is_uppercase())
            && text.chars().nth(1).is_some_and(char::is_lowercase);
        let is_word = begins
            || is_heard && text.split(|c: char| !c.is_alphabetic()).any(|word| word.len() > 1);
        is_word && !NO_WORDS.contains(&text)
    })
}

/// Each test that SECURITY.md names is there.
fn check_security(problems: &mut Vec<String>) -> Result<()> {
    let sources = rust_files(&root())?.into_iter().map(fs::read_to_string);
    let sources = sources.collect::<Result<Vec<_>, _>>()?.concat();
    let text = fs::read_to_string(root().join("SECURITY.md"))?;
    let words = text.split('`').skip(1).step_by(2);
    for test in words.filter(|word| word.split('_').count() > 3) {
        if !sources.contains(&format!("fn {test}(")) {
            problems.push(format!("SECURITY.md names a test that is not there: {test}"));
        }
    }
    Ok(())
}

/// All Rust files below a folder, except what is built or installed.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_the_page_is_drawn() {
        for words in [
            r#"<button aria-label="close">"#,
            r#"<p>"nothing here"</p>"#,
            r#"    "Send again""#,
            r#"    "or not""#,
            r#"let label = format!("Remove {name}");"#,
        ] {
            assert!(holds_words(words), "{words}");
        }
        for other in [
            r#"<ul class="message__signs" aria-label=said(words::REACTIONS)>"#,
            r#"<kbd>"?"</kbd>"#,
            r#"    " ""#,
            r#""Enter" | "Tab" => self.choose(at),"#,
            r#"/// Says "Hello"."#,
            r#""M10 3.5a6.5 6.5 0 1 0 .01 0M7.5 8.5h.01""#,
            r#"let row = scroller.query_selector(".log__unread");"#,
        ] {
            assert!(!holds_words(other), "{other}");
        }
    }
}
