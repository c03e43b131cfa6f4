//! `cargo xtask demo`: a crash, survived on a local network by keepers that are real clients.

use std::ffi::OsString;

use anyhow::Result;

use crate::{binaries, build};

/// Passes its arguments on to `plimsoll-demo`, which finds the keepers' executable beside its own.
pub fn run_demo(arguments: &[OsString]) -> Result<()> {
    build::program()?;
    binaries::run_built("plimsoll-demo", arguments)
}
