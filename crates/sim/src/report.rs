//! What a replay found: the same run gives the same bytes.
//!
//! Fields stand in a fixed order, amounts are whole native units written as text (a reader in JavaScript would round
//! large numbers), prices are decimals written as text. No float, no clock of the machine that ran it.

mod amount;
mod text;

pub use amount::{Amount, decimal};

use plimsoll_risk::num::Price;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happened between the first price and the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Where the prices come from, in the caller's words.
    pub source: String,
    /// The first moment, unix seconds.
    pub from: i64,
    /// The first second after the last hour.
    pub until: i64,
    /// Seconds between two moments.
    pub step_seconds: u32,
    /// Where all throws come from.
    pub seed: u64,
    /// How many accounts.
    pub accounts: u32,
    /// How many moments were played.
    pub steps: u64,
    /// Decimals of the quote token.
    pub quote_decimals: u8,
    /// Margin calls posted.
    pub margin_calls: u64,
    /// Accounts and pockets flagged for liquidation; twice where it happened twice.
    pub flagged: u64,
    /// Flags that ended with the account in safety.
    pub recovered: u64,
    /// Orders cancelled because their account was in danger.
    pub orders_cancelled: u64,
    /// Liquidations by way.
    pub liquidations: Liquidations,
    /// Accounts and pockets resolved as bankrupt.
    pub bankruptcies: u64,
    /// What bankruptcies lacked, and who bore it.
    pub losses: Losses,
    /// Lots closed by deleveraging.
    pub deleveraged_lots: u64,
    /// Accounts and pockets still below maintenance at the end.
    pub endangered_left: u64,
    /// Each vault less what it owes, at the end and at its furthest.
    pub vaults: Vec<Vault>,
    /// Each instruction by name.
    pub instructions: BTreeMap<String, Cost>,
    /// How it stood after each hour.
    pub hours: Vec<HourReport>,
}

/// Liquidations by way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liquidations {
    /// Lots taken over.
    pub taken_over: Way,
    /// Lots closed into the book.
    pub into_book: Way,
    /// Borrows repaid for collateral.
    pub collateral_swaps: Way,
    /// Gains bought while a pool was dry.
    pub pnl_bought: Way,
    /// Lots closed against the other side.
    pub deleveraged: Way,
}

/// What went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// How often.
    pub count: u64,
    /// What was taken, native quote.
    pub notional: Amount,
    /// What it cost those who were liquidated, native quote.
    pub fee: Amount,
}

impl Way {
    /// Counts one more.
    pub const fn add(&mut self, notional: i128, fee: i128) {
        self.count = self.count.saturating_add(1);
        self.notional = self.notional.plus(notional);
        self.fee = self.fee.plus(fee);
    }
}

/// Who bore what bankruptcies lacked, native quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// All of it.
    pub total: Amount,
    /// Markets' own insurance.
    pub tranches_paid: Amount,
    /// The shared fund.
    pub insurance_paid: Amount,
    /// The other side's winners.
    pub winners_charged: Amount,
    /// Banks' reserves.
    pub reserves_paid: Amount,
    /// Banks' lenders.
    pub lenders_bore: Amount,
    /// What is still open and haircuts gains.
    pub open_deficit: Amount,
}

/// One vault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    /// Its mint.
    pub mint: String,
    /// Tokens in it less all claims on it, native units, at the end.
    pub difference: Amount,
    /// The least that ever was, over all steps: below 0 is a loss of somebody's tokens.
    pub least: Amount,
    /// The most that ever was.
    pub most: Amount,
}

/// What an instruction cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// How often it succeeded.
    pub count: u64,
    /// How often it was refused.
    pub refused: u64,
    /// Most compute units of one success.
    pub most_compute_units: u64,
}

/// How it stood after an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourReport {
    /// The end of the hour, unix seconds.
    pub unix_time: i64,
    /// Closing prices, in the order of the markets, quote a unit.
    pub prices: Vec<String>,
    /// Open interest in the order of the markets, native quote.
    pub open_interest: Vec<Amount>,
    /// The shared fund and all tranches, native quote.
    pub insurance: Amount,
    /// Accounts and pockets below maintenance.
    pub endangered: u64,
    /// Bankruptcies until now.
    pub bankruptcies: u64,
}

/// Decimals of a price in a report.
pub const PRICE_DECIMALS: u32 = 6;

/// A price as a report writes it.
pub fn price(price: Price) -> String {
    decimal(price, PRICE_DECIMALS)
}

impl Report {
    /// Counts an instruction that succeeded.
    pub fn succeeded(&mut self, instruction: &str, compute_units: u64) {
        let cost = self.instructions.entry(instruction.to_owned()).or_default();
        cost.count = cost.count.saturating_add(1);
        cost.most_compute_units = cost.most_compute_units.max(compute_units);
    }

    /// Counts an instruction that was refused.
    pub fn refused(&mut self, instruction: &str) {
        let cost = self.instructions.entry(instruction.to_owned()).or_default();
        cost.refused = cost.refused.saturating_add(1);
    }

    /// Notes what a vault holds beyond all claims on it.
    pub fn vault(&mut self, mint: &str, difference: i128) {
        let noted = Amount::new(difference);
        if let Some(vault) = self.vaults.iter_mut().find(|vault| vault.mint == mint) {
            vault.difference = noted;
            vault.least = vault.least.min(noted);
            vault.most = vault.most.max(noted);
            return;
        }
        self.vaults.push(Vault { mint: mint.to_owned(), difference: noted, least: noted, most: noted });
    }

    /// As JSON, indented, with a line feed at the end: the same report gives the same bytes.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests;
