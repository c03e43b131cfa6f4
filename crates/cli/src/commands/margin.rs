//! `plimsoll margin`: the margin of an account described in a file.

use crate::{Refusal, margin::evaluate};
use clap::Args;
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
};

/// Larger files describe no account.
const LARGEST_FILE: u64 = 16 << 20;

/// Computes health, net collateral, requirement and equity of an account described in a file, and of each isolated position
///
/// The file is JSON: an object with liq_buffer, banks, markets, account and portfolio, or one with that object as its
/// "input". Every number is a decimal string with at most 8 decimals. The answer is JSON on standard output.
///
/// Exit codes: 0 answered; 2 malformed input; 3 not supported yet (portfolio mode). For 2 and 3 one line on
/// standard error says what and where.
#[derive(Args)]
pub struct Margin {
    /// The file, or - for standard input
    file: OsString,
}

impl Margin {
    /// Reads, computes, prints.
    pub fn run(&self) -> Result<(), Refusal> {
        let report = evaluate(&self.read()?)?;
        writeln!(io::stdout().lock(), "{report}").map_err(|error| Refusal::Unwritten(error.to_string()))
    }

    fn read(&self) -> Result<Vec<u8>, Refusal> {
        let unreadable =
            |error| Refusal::Malformed(format!("cannot read {}: {error}", self.file.to_string_lossy()));
        let source: Box<dyn Read> = if self.file == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(&self.file).map_err(unreadable)?)
        };
        let mut text = Vec::new();
        source.take(LARGEST_FILE + 1).read_to_end(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LARGEST_FILE {
            return Err(unreadable(io::Error::other("more than 16 MiB")));
        }
        Ok(text)
    }
}
