//! The parts that Debian has: rustc with its library source, and LLVM.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use super::{Folder, emptied, recipe};
use crate::process::{output, run_logged, succeeds};

/// Debian's compiler, apart from any rustup toolchain.
pub const RUSTC: &str = "/usr/bin/rustc";
pub const CARGO: &str = "/usr/bin/cargo";

/// Said wherever this machine cannot do it.
const INSTEAD: &str =
    "install Solana's platform-tools instead (then `cargo build-sbf --version` works and is used)";

/// A command of Debian's toolchain, free of what rustup and an outer cargo put into the environment.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for variable in
        ["LD_LIBRARY_PATH", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER"]
    {
        command.env_remove(variable);
    }
    // The target is described by a file, which rustc only takes with its unstable options allowed.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", RUSTC);
    command
}

/// Source of the standard library that belongs to Debian's compiler.
pub fn library_source() -> Result<PathBuf> {
    let version = output(command(RUSTC).arg("-V"))?;
    let number = version.split_whitespace().nth(1).context("rustc -V says no version")?;
    Ok(Path::new("/usr/src").join(format!("rustc-{number}")).join("library"))
}

/// Installs rustc through apt, if it isn't there.
pub fn install_rustc(folder: &Folder) -> Result<()> {
    if is_rustc_installed() {
        return Ok(());
    }
    ensure!(succeeds(Command::new("apt-get").arg("--version")), "this needs Debian's apt-get; {INSTEAD}");
    let user = output(Command::new("id").arg("-u"))?;
    ensure!(user.trim() == "0", "installing {:?} needs root; {INSTEAD}", recipe::RUSTC_PACKAGES);
    let log = folder.log();
    run_logged(Command::new("apt-get").args(["update", "-q"]), &log)?;
    let install = ["install", "-y", "-q", "--no-install-recommends"];
    run_logged(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(install)
            .args(recipe::RUSTC_PACKAGES),
        &log,
    )?;
    ensure!(is_rustc_installed(), "{RUSTC} is not {} after installing it; {INSTEAD}", recipe::RUSTC);
    Ok(())
}

fn is_rustc_installed() -> bool {
    let right_version = |text: String| text.starts_with(&format!("rustc {}.", recipe::RUSTC));
    Path::new(CARGO).exists()
        && output(command(RUSTC).arg("-V")).is_ok_and(right_version)
        && library_source().is_ok_and(|source| source.is_dir())
}

/// Unpacks LLVM and the C library that it was built against. Nothing is installed: it comes from a newer Debian.
pub fn unpack_llvm(folder: &Folder) -> Result<()> {
    let apt = Apt::new(folder)?;
    apt.run(&["-q", "update"])?;
    let packages = apt.packages_of(recipe::LLVM_PACKAGE)?;
    let downloads = folder.path("apt/packages");
    emptied(&downloads)?;
    run_logged(apt.command(&["-q", "download"]).args(&packages).current_dir(&downloads), &folder.log())?;

    let unpacked = folder.path("llvm");
    emptied(&unpacked.join("only"))?;
    for package in fs::read_dir(&downloads)? {
        run_logged(Command::new("dpkg").arg("-x").arg(package?.path()).arg(&unpacked), &folder.log())?;
    }
    // Relative, so that the folder can be moved.
    let library = Path::new("../usr/lib/x86_64-linux-gnu").join(llvm_library(&unpacked)?);
    symlink(library, unpacked.join("only/libLLVM.so"))?;
    fs::remove_dir_all(folder.path("apt"))?;
    Ok(())
}

fn llvm_library(unpacked: &Path) -> Result<OsString> {
    for file in fs::read_dir(unpacked.join("usr/lib/x86_64-linux-gnu"))? {
        let name = file?.file_name();
        if name.to_string_lossy().starts_with("libLLVM.so.23.") {
            return Ok(name);
        }
    }
    bail!("no libLLVM.so.23 among the unpacked packages")
}

/// An apt that knows one suite and writes into our folder only.
struct Apt<'a> {
    folder: &'a Folder,
    options: Vec<String>,
}

impl<'a> Apt<'a> {
    fn new(folder: &'a Folder) -> Result<Self> {
        let base = folder.path("apt");
        emptied(&base)?;
        for inside in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(base.join(inside))?;
        }
        fs::write(base.join("status"), "")?;
        let source = format!(
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {} {} main\n",
            mirror()?,
            recipe::LLVM_SUITE
        );
        fs::write(base.join("sources.list"), source)?;
        let base = base.display();
        let options = vec![
            format!("Dir::Etc::sourcelist={base}/sources.list"),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            format!("Dir::State::lists={base}/lists"),
            format!("Dir::Cache={base}/cache"),
            format!("Dir::State::status={base}/status"),
            "APT::Sandbox::User=root".to_owned(),
        ];
        Ok(Self { folder, options })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("apt-get");
        for option in &self.options {
            command.arg("-o").arg(option);
        }
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        run_logged(&mut self.command(arguments), &self.folder.log())
    }

    /// A package and everything it depends on, as if nothing were installed.
    fn packages_of(&self, package: &str) -> Result<Vec<String>> {
        let plan = output(&mut self.command(&["-s", "install", "--no-install-recommends", package]))?;
        let installed = plan.lines().filter_map(|line| line.strip_prefix("Inst "));
        Ok(installed.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
    }
}

/// The mirror of Debian that this machine already uses: another suite of it is asked for LLVM.
fn mirror() -> Result<String> {
    let listed = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
    ]))
    .with_context(|| format!("this needs Debian's apt-get; {INSTEAD}"))?;
    let main = listed.lines().find(|address| address.trim_end_matches('/').ends_with("/debian"));
    main.map(str::to_owned).with_context(|| format!("apt has no source for Debian itself; {INSTEAD}"))
}
