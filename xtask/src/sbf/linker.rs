//! The linker: sbpf-linker, and the script by which rustc calls it.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::Result;

use super::{Folder, recipe};
use crate::process::{cargo, run_logged};

pub fn install(folder: &Folder) -> Result<()> {
    let build = folder.path("build-linker");
    let mut install = cargo();
    install.args(["install", "sbpf-linker", "--version", recipe::LINKER, "--locked", "--force", "--root"]);
    install.arg(folder.path("linker")).env("CARGO_TARGET_DIR", &build);
    run_logged(&mut install, &folder.log())?;
    fs::remove_dir_all(build)?;

    let script = folder.path("bin/sbpf-ld");
    fs::create_dir_all(folder.path("bin"))?;
    fs::write(&script, recipe::LINKER_SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    fs::write(folder.path("sbf-solana.json"), recipe::TARGET)?;
    Ok(())
}
