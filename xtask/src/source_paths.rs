//! Source paths stand in panic messages. Mapped to short ones, a program is smaller, and any two checkouts, homes and
//! mirrors build the same bytes.

use std::{env, fs, path::PathBuf};

use anyhow::{Context, Result};

/// Flags for rustc that take the place of downloaded crates out of every path, leaving the crate's name and version.
pub fn of_downloaded_crates() -> Result<Vec<String>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let sources = home.context("neither CARGO_HOME nor HOME is set")?.join("registry/src");
    // The folder in there is named after the registry's address, which a mirror changes.
    let registries = fs::read_dir(&sources).into_iter().flatten().flatten();
    let mut registries: Vec<_> = registries.map(|registry| registry.path()).collect();
    registries.sort();
    Ok(registries.iter().map(|folder| format!("--remap-path-prefix={}/=", folder.display())).collect())
}
