//! `core`, `alloc` and `std` compiled for sBPF.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::{
    Folder,
    debian::{self, library_source},
    emptied, recipe, std_patch,
};
use crate::{process::run_logged, source_paths};

pub fn build(folder: &Folder) -> Result<()> {
    let source = folder.path("build-std");
    emptied(&source)?;
    run_logged(
        Command::new("cp").arg("-r").arg(library_source()?).arg(source.join("library")),
        &folder.log(),
    )?;
    std_patch::apply(&source.join("library"))?;

    let compiled = source.join("target");
    run_logged(&mut compile(folder, &source, &compiled)?, &folder.log())?;
    collect(&compiled.join("sbf-solana/release/deps"), &folder.path("sysroot/lib/rustlib/sbf-solana/lib"))?;
    fs::remove_dir_all(source)?;
    Ok(())
}

fn compile(folder: &Folder, source: &Path, compiled: &Path) -> Result<Command> {
    let mut flags = vec!["-Zforce-unstable-if-unmarked".to_owned(), "-Awarnings".to_owned()];
    flags.push(format!("--remap-path-prefix={}=/rust", source.display()));
    flags.extend(source_paths::of_downloaded_crates()?);
    flags.extend(recipe::CODE_GENERATION.map(str::to_owned));

    let mut command = debian::command(debian::CARGO);
    command.current_dir(source.join("library"));
    command
        .args(["build", "-q", "--release", "-Zjson-target-spec", "--target"])
        .arg(folder.path("sbf-solana.json"));
    command.args(["-p", "std", "-p", "panic_abort", "--features", "compiler-builtins-mem"]);
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).env("CARGO_TARGET_DIR", compiled);
    Ok(command)
}

/// Lays the libraries out the way rustc looks for them in a sysroot.
fn collect(from: &Path, to: &Path) -> Result<()> {
    emptied(to)?;
    for file in fs::read_dir(from)? {
        let path = file?.path();
        let is_library =
            path.extension().is_some_and(|extension| extension == "rlib" || extension == "rmeta");
        if let (true, Some(name)) = (is_library, path.file_name()) {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
