//! Where things are in this repository.

use std::path::{Path, PathBuf};

/// The repository's top folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lives in a folder of the repository")
}

/// A path inside the repository.
pub fn path(inside: &str) -> PathBuf {
    root().join(inside)
}

/// Manifest of the on-chain workspace, which has other compilers and a lock of its own.
pub fn on_chain_manifest() -> PathBuf {
    path("programs/Cargo.toml")
}

/// The compiled program.
pub fn compiled_program() -> PathBuf {
    path("target/deploy/plimsoll.so")
}
