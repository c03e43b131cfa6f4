//! `cargo xtask replay`: real crashes, on the compiled program.

use std::ffi::OsString;

use anyhow::Result;

use crate::{binaries, build};

/// Passes its arguments on to the `replay` binary of the tests.
pub fn run_replay(arguments: &[OsString]) -> Result<()> {
    build::program()?;
    binaries::run_built("replay", arguments)
}
