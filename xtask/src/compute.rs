//! `cargo xtask compute`: what each instruction costs, measured on the compiled program.

use anyhow::Result;

use crate::{
    build,
    process::{cargo, run},
};

/// The test itself measures, and writes or compares the documents.
pub fn run_measurements(check: bool) -> Result<()> {
    build::program()?;
    let mut test = cargo();
    test.args(["test", "--workspace", "--test", "compute"]);
    if !check {
        test.env("PLIMSOLL_WRITE_COMPUTE", "1");
    }
    run(&mut test)
}
