//! Whether anything that something was built from has changed.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::root;

/// A hash of these files and of everything below these folders, wherever the project lies.
pub(crate) fn of(paths: &[PathBuf]) -> Result<String> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(files(path)?);
    }
    all.sort();
    let mut hasher = DefaultHasher::new();
    for file in all {
        file.strip_prefix(root()).unwrap_or(&file).hash(&mut hasher);
        read(&file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// A hash of what is in these files, whatever they are called.
pub(crate) fn of_contents(files: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        read(file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The file itself, or all files below the folder, in order.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(path, &mut found)?;
    found.sort();
    Ok(found)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("can't read {}", file.display()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("can't read {}", path.display()))? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
