//! `cargo xtask replay`: real crashes, on the compiled program.

use std::ffi::OsString;

use anyhow::Result;

use crate::{
    build,
    process::{cargo, run},
};

/// Passes its arguments on to the `replay` binary of the tests. No package is named: a selection of its own would turn on
/// other features and build Solana again.
pub fn run_replay(arguments: &[OsString]) -> Result<()> {
    build::program()?;
    run(cargo().args(["run", "--quiet", "--bin", "replay", "--"]).args(arguments))
}
