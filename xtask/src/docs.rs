//! `cargo xtask docs`: the documents that are written from source, compute units apart.

use anyhow::Result;

use crate::process::{on_chain, run};

/// The program's own test writes `docs/RISK_PARAMETERS.md` from the parameter table, or compares it in `cargo xtask test`.
pub fn write() -> Result<()> {
    run(on_chain("test").args(["--lib", "governance"]).env("PLIMSOLL_WRITE_DOCS", "1"))
}
