//! `cargo xtask ci`: everything that must hold before a merge, the cheap checks first.

use anyhow::Result;

use crate::{
    idl,
    process::{cargo, on_chain, run},
    test,
};

pub fn run_checks() -> Result<()> {
    stage("formatting");
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(on_chain("fmt").args(["--all", "--check"]))?;

    stage("lints");
    run(on_chain("clippy").args(["--all-targets", "--", "-D", "warnings"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;

    stage("generated interface");
    idl::run_generators(true)?;

    stage("tests");
    test::everything()
}

fn stage(what: &str) {
    println!("\n== {what}");
}
