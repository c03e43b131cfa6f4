//! Manifests, plans against the compiled program on a machine in memory, and a deployment over JSON-RPC.

mod machine;
mod mainnet;
mod manifests;
mod network;
mod plans;

use plimsoll_deploy::Manifest;
use std::{fs, path::Path};

/// A manifest that ships with the project.
fn migration(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The compiled program's bytes.
fn elf() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/plimsoll.so");
    fs::read(&path)
        .unwrap_or_else(|_| panic!("no program at {}: run `cargo xtask build` first", path.display()))
}

/// The localnet's manifest after some replacements, each of which has to find something.
fn text(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(migration("localnet.toml"), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in the manifest");
        text.replacen(from, to, 1)
    })
}

fn manifest(changes: &[(&str, &str)]) -> Manifest {
    match Manifest::parse(&text(changes), "test.toml") {
        Ok(manifest) => manifest,
        Err(fault) => panic!("{fault}"),
    }
}
