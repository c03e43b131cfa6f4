//! What liquidations cost, recomputed by integer arithmetic from the terms that a new exchange has: not by the engine that
//! the program calls.

use crate::amounts::bps;

/// What a ratio of one counts.
const ONE: i128 = 1 << 30;

/// A fee, and whose it is; native quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    pub liquidator: i128,
    pub insurance: i128,
}

impl Fee {
    /// Both parts.
    pub const fn total(&self) -> i128 {
        self.liquidator + self.insurance
    }
}

/// A part of an amount above zero, rounded down; the ratio in the program's unit.
pub const fn part(amount: i128, ratio: i128) -> i128 {
    amount * ratio / ONE
}

/// The rate of liquidations in a market so many seconds after flagging: half a percent, rising to two and a half in a minute.
pub fn rate_after(seconds: i64) -> i128 {
    line(bps(50).into(), bps(250).into(), seconds, 60)
}

/// The same of swaps of collateral and of bought profit: one percent, rising to eight in two minutes.
pub fn swap_rate_after(seconds: i64) -> i128 {
    line(bps(100).into(), bps(800).into(), seconds, 120)
}

fn line(start: i128, most: i128, seconds: i64, whole: i64) -> i128 {
    start + (most - start) * i128::from(seconds.min(whole)) / i128::from(whole)
}

/// The fee on so much at a rate: three tenths of it are the market's insurance's.
pub fn fee(worth: i128, rate: i128) -> Fee {
    split(part(worth, rate), bps(3_000).into())
}

/// Splits a fee: insurance's part is rounded down.
pub fn split(fee: i128, insurance_share: i128) -> Fee {
    let insurance = part(fee, insurance_share);
    Fee { liquidator: fee - insurance, insurance }
}
