//! `cargo xtask localnet`: a local network with the program on it.

use std::ffi::OsString;

use anyhow::Result;

use crate::{binaries, build};

/// Compiles the program and passes the arguments on to `plimsoll-localnet`.
pub fn run_network(arguments: &[OsString]) -> Result<()> {
    build::program()?;
    binaries::run_built("plimsoll-localnet", arguments)
}
