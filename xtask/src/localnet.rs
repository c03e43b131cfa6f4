//! `cargo xtask localnet`: a local network with the program on it.

use std::{ffi::OsString, path::PathBuf};

use anyhow::Result;

use crate::{
    build,
    process::{cargo, run},
    repository,
};

/// Compiles the program and passes the arguments on to `plimsoll-localnet`. No package is named: a selection of its own would
/// turn on other features and build Solana again.
pub fn run_network(arguments: &[OsString]) -> Result<()> {
    build::program()?;
    run(cargo().args(["run", "--quiet", "--bin", "plimsoll-localnet", "--"]).args(arguments))
}

/// Builds `plimsoll-localnet` and says where it is.
pub fn binary() -> Result<PathBuf> {
    run(cargo().args(["build", "--workspace", "--bin", "plimsoll-localnet"]))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository::path("target"), PathBuf::from);
    Ok(repository::root().join(target).join("debug/plimsoll-localnet"))
}
