//! `cargo xtask build`: the on-chain program.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{
    process::{cargo, run, succeeds},
    repository,
    sbf::{Toolchain, debian, recipe},
    source_paths,
};

/// Compiles the program and says where it is. Cargo does nothing where nothing changed.
pub fn program() -> Result<PathBuf> {
    let compiled = repository::compiled_program();
    fs::create_dir_all(compiled.parent().context("the program's path has a folder")?)?;
    if succeeds(cargo().args(["build-sbf", "--version"])) {
        with_platform_tools(&compiled)?;
    } else {
        with_our_toolchain(&Toolchain::ready()?, &compiled)?;
    }
    let bytes = fs::read(&compiled)?;
    println!("{}: {} bytes, SHA-256 {}", compiled.display(), bytes.len(), digest(&bytes));
    Ok(compiled)
}

/// By which anyone can tell that two builds are the same.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Solana's own tools, where they are installed.
fn with_platform_tools(compiled: &Path) -> Result<()> {
    let mut build = cargo();
    build.arg("build-sbf").arg("--manifest-path").arg(repository::path("programs/plimsoll/Cargo.toml"));
    build.arg("--sbf-out-dir").arg(compiled.parent().context("the program's path has a folder")?);
    run(build.env("CARGO_TARGET_DIR", repository::path("target/platform-tools")))
}

/// Debian's compiler with the toolchain that `sbf` sets up.
fn with_our_toolchain(toolchain: &Toolchain, compiled: &Path) -> Result<()> {
    let folder = repository::path("target/sbf");
    let mut build = debian::command(debian::CARGO);
    build.current_dir(repository::path("programs"));
    build.args(["build", "--release", "--lib", "-p", "plimsoll", "-Zjson-target-spec", "--target"]);
    build.arg(toolchain.target()).args(["-Zprofile-rustflags", "--config", &for_the_program_alone()]);
    build.env("CARGO_TARGET_DIR", &folder);
    build.env("CARGO_TARGET_SBF_SOLANA_LINKER", toolchain.linker());
    build.env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain)?.join("\u{1f}"));
    run(&mut build)?;
    copy_if_changed(&folder.join("sbf-solana/release/libplimsoll.so"), compiled)
}

/// How eagerly functions are copied into their callers, in LLVM's measure of a function's cost: once where the program's
/// own crate is compiled, once more where everything is linked. LLVM's own bounds, 225 and more, are meant for processors
/// that run ahead; here most of what they copy is error paths that never run. Beyond 125 or so, naming the account in an
/// error is copied to each of hundreds of places. Hot instructions get dearer by up to a twenty-fifth; `#[inline]` on a
/// small hot function keeps LLVM's own bound for that one.
const INLINE_COMPILING: u32 = 120;
const INLINE_LINKING: u32 = 60;

/// A setting for cargo with flags that the program's own crate gets and its dependencies do not: the arithmetic of
/// `plimsoll-risk` and `plimsoll-book` is all hot and keeps LLVM's bounds.
fn for_the_program_alone() -> String {
    let flags = [
        format!("-Cllvm-args=--inline-threshold={INLINE_COMPILING}"),
        format!("-Clink-arg=--llvm-args=--inline-threshold={INLINE_LINKING}"),
        // One copy of functions that come out the same for several types.
        "-Clink-arg=--llvm-args=--enable-merge-functions".to_owned(),
        // What two ends of branches have in common once, at their join.
        "-Clink-arg=--llvm-args=--enable-gvn-sink".to_owned(),
        // What many functions repeat as a function of its own.
    ];
    format!("profile.release.package.plimsoll.rustflags = {flags:?}")
}

fn flags(toolchain: &Toolchain) -> Result<Vec<String>> {
    let mut flags = vec!["--sysroot".to_owned(), toolchain.sysroot().display().to_string()];
    flags.extend(recipe::CODE_GENERATION.map(str::to_owned));
    flags.extend(recipe::LINKING.map(|argument| format!("-Clink-arg={argument}")));
    // Makes cargo compile everything again when the sysroot is another one.
    flags.push(format!("-Cmetadata={}", toolchain.identity()?));
    flags.push(format!("--remap-path-prefix={}=", repository::root().join("").display()));
    flags.extend(source_paths::of_downloaded_crates()?);
    Ok(flags)
}

/// Leaves the time of an equal file alone, so that nothing that watches it runs again.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let built = fs::read(from).with_context(|| format!("no program at {}", from.display()))?;
    if !fs::read(to).is_ok_and(|there| there == built) {
        fs::write(to, built)?;
    }
    Ok(())
}
