//! The pictures of the web client in `docs/pictures`, as its tests see it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::command::{command, root, run};
use crate::{tools, web};

const TAKEN: &str = "target/screenshots";
const KEPT: &str = "docs/pictures";

/// How each view was looked at, and what the page of pictures calls that.
const LOOKS: [(&str, &str); 3] =
    [("desktop", "on a desktop"), ("dark", "dark"), ("phone", "on a phone")];

/// Takes all pictures anew, and writes the page that shows them.
pub(crate) fn take() -> Result<()> {
    web::build()?;
    tools::ensure_chromium()?;
    tools::ensure_emoji_font()?;
    tools::ensure_axe()?;
    let taken = root().join(TAKEN);
    if taken.exists() {
        fs::remove_dir_all(&taken)?;
    }
    run(&mut command("cargo", &["build", "--quiet"]))?;
    let test = ["test", "--quiet", "--package", "netchat-tests", "--test", "netchat", "--"];
    run(command("cargo", &test).arg("web_views"))?;
    let kept = root().join(KEPT);
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    let mut views = BTreeSet::new();
    for entry in fs::read_dir(&taken)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let view = name.strip_prefix("view-").and_then(|name| name.rsplit_once('-'));
        let (Some((view, _)), Some("webp")) = (view, path.extension().and_then(|it| it.to_str()))
        else {
            continue;
        };
        views.insert(view.to_owned());
        let file = path.file_name().context("a file has a name")?;
        fs::copy(&path, kept.join(file))?;
    }
    ensure!(!views.is_empty(), "the tests have left no pictures in {TAKEN}");
    fs::write(kept.join("README.md"), page(&views)?).context("can't write the page of pictures")
}

fn page(views: &BTreeSet<String>) -> Result<String> {
    let mut page =
        "# What the web client looks like\n\nMade by `cargo xtask pictures`.\n".to_owned();
    for view in views {
        let words = view.replace('-', " ");
        write!(page, "\n## {words}\n\n")?;
        for (look, said) in LOOKS {
            writeln!(page, "![{words}, {said}](view-{view}-{look}.webp)")?;
        }
    }
    Ok(page)
}
