//! The compiled program: the very bytes that are deployed, never a build for this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folder of the compiled program, as `cargo xtask build` leaves it.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/deploy")
}

/// The compiled program's bytes.
pub fn elf() -> Vec<u8> {
    let path = folder().join("plimsoll.so");
    fs::read(&path)
        .unwrap_or_else(|_| panic!("no program at {}: run `cargo xtask build` first", path.display()))
}
