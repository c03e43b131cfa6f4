//! The margin of an account described in a file, computed by the engine and by nothing else.
//!
//! Reading ([`input`], [`rules`]) finds all that is malformed before anything is computed; [`board`] and [`position`] turn
//! decimals into the engine's own numbers; [`report`] asks the engine and writes its answer.

pub mod board;
pub mod decimal;
pub mod input;
pub mod position;
pub mod report;
pub mod rules;
mod shape;

use crate::Refusal;
use board::{Desk, Unfit};
use input::{Input, Mode};
use plimsoll_risk::RiskError;
use report::Report;

/// Decimals of the quote token unless worths are too large for them; three more than the report shows.
const MOST_QUOTE_DECIMALS: u8 = 9;

/// The margin of the account in a file.
pub fn evaluate(text: &[u8]) -> Result<Report, Refusal> {
    let input = input::read(text)?;
    supported(&input)?;
    for quote_decimals in (0..=MOST_QUOTE_DECIMALS).rev() {
        match Desk::new(&input, quote_decimals).and_then(|desk| Report::of(&desk, &input)) {
            Ok(report) => return Ok(report),
            Err(Unfit::Input(fault)) => return Err(Refusal::Malformed(fault)),
            Err(Unfit::Engine(RiskError::Overflow)) => {}
            Err(Unfit::Engine(error)) => {
                return Err(Refusal::Malformed(format!("account: the engine refuses: {error:?}")));
            }
        }
    }
    Err(Refusal::Malformed(
        "account: overflow, expected each balance, weighted, to be worth less than 2^58, and each position, with its \
         orders, less than 2^56"
            .to_owned(),
    ))
}

/// What the engine cannot compute yet.
fn supported(input: &Input) -> Result<(), Refusal> {
    match input.account.mode {
        Mode::Cross => Ok(()),
        Mode::Portfolio => Err(Refusal::Unsupported("portfolio mode (account.mode)".to_owned())),
    }
}
