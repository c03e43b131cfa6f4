//! The workspace's own programs, built as the tests build them: another selection of packages would turn on other features and
//! build Solana again.

use std::{ffi::OsString, path::PathBuf};

use anyhow::Result;

use crate::{
    process::{cargo, run},
    repository,
};

/// Builds all of them, and says where one is. They find each other beside themselves.
pub fn built(name: &str) -> Result<PathBuf> {
    run(cargo().args(["build", "--workspace", "--bins"]))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository::path("target"), PathBuf::from);
    Ok(repository::root().join(target).join("debug").join(name))
}

/// Builds all of them and runs one, from the repository's top.
pub fn run_built(name: &str, arguments: &[OsString]) -> Result<()> {
    let program = built(name)?;
    run(std::process::Command::new(program).args(arguments).current_dir(repository::root()))
}
