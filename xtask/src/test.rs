//! `cargo xtask test`: every test there is, on the compiled program.

use anyhow::Result;

use crate::{
    build,
    process::{cargo, on_chain, run},
    typescript,
};

pub fn everything() -> Result<()> {
    build::program()?;
    run(on_chain("test").arg("--lib"))?;
    // One selection of packages everywhere: another one would turn on other features and build Solana again.
    run(cargo().args(["test", "--workspace", "--no-fail-fast"]))?;
    typescript::test()
}
