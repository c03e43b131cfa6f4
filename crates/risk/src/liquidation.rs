//! Liquidation: when it begins and ends, what it costs, and how much of an account it takes (DESIGN §6).
//!
//! - [`fee_rate`]: a Dutch auction from the moment of flagging.
//! - [`Standing`]: what an account, or a pocket, has and needs; measured once, in one pass.
//! - [`step`]: how many lots of one position are taken over, so that health at the end of a liquidation is 0 and not
//!   a lot more; [`book_limit`] and [`book_fee`] for the same through the book.
//! - [`swap`]: how much of a borrow is repaid for collateral; [`buy_pnl`]: how much of a gain is bought.
//! - [`assess`], [`state`]: who is in danger.
//!
//! Everything here only measures: the caller moves lots, quote and shares by what it answers. What deleveraging left
//! pending counts; of the position that a step takes from it has been applied, and orders were cancelled before.

mod assess;
mod sizing;
mod swap;

pub use assess::{Assessment, CallChange, Flag, FlagChange, assess};
pub use sizing::{Step, book_fee, book_limit, step};
pub use swap::{PnlSale, Swap, buy_pnl, swap};

use crate::deleveraging::seen;
use crate::error::RiskError;
use crate::health::{self, Check, Health, Overlay, trusted};
use crate::layout::account::Position;
use crate::layout::board::{BoardHeader, RiskBoard};
use crate::layout::feed::Feed;
use crate::layout::market::MarketTerms;
use crate::margin::{Holdings, marks_of, measure, measure_pocket};
use crate::market::refresh_market;
use crate::num::{Quote, Ratio, wide};
use crate::position::{Exposure, worst_case_lots};
use crate::validity::Trust;

/// Without fresh proof of danger a flag lapses after so many seconds.
pub const FLAG_SECONDS: i64 = 300;

/// What a liquidation costs while time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auction {
    /// Part of the notional taken, at the moment of flagging.
    pub start: Ratio,
    /// The same at the end of the auction; not below `start`.
    pub most: Ratio,
    /// How long the fee rises.
    pub seconds: u32,
    /// Part of each fee that belongs to the insurance fund.
    pub insurance_share: Ratio,
}

impl MarketTerms {
    /// The auction of this market's liquidations: take over, and into the book.
    pub const fn auction(&self) -> Auction {
        Auction {
            start: self.liq_fee_start,
            most: self.liq_fee_most,
            seconds: self.liq_fee_seconds,
            insurance_share: self.liq_insurance_share,
        }
    }
}

impl BoardHeader {
    /// The auction of swaps of collateral and of bought profit.
    pub const fn swap_auction(&self) -> Auction {
        Auction {
            start: self.swap_fee_start,
            most: self.swap_fee_most,
            seconds: self.swap_fee_seconds,
            insurance_share: self.swap_insurance_share,
        }
    }
}

/// Whether a scope that is insolvent may be deleveraged, and what it owns beyond dust be seized: so many seconds after it
/// was flagged. Never where it is not flagged.
pub const fn insolvency_due(flagged_at: i64, seconds: u32, now: i64) -> bool {
    flagged_at != 0 && now.saturating_sub(flagged_at) >= seconds as i64
}

/// The fee so long after flagging, as a part of the notional taken: a straight line from `start` to `most`, rounded
/// down.
///
/// `start` before the flag and in a clock that went back. A `most` below `start` counts as `start`.
pub fn fee_rate(auction: &Auction, flagged_at: i64, now: i64) -> Ratio {
    let range = auction.most.saturating_sub(auction.start);
    let gone = now.saturating_sub(flagged_at).max(0).unsigned_abs();
    if gone >= u64::from(auction.seconds) {
        return auction.start.max(auction.most);
    }
    // Both are below 2^32.
    let risen =
        u64::from(range.get()).wrapping_mul(gone).checked_div(u64::from(auction.seconds)).unwrap_or(0);
    let risen = u32::try_from(risen).unwrap_or(u32::MAX);
    Ratio::new(auction.start.get().saturating_add(risen))
}

/// Whether a flag no longer counts: nobody proved the danger for [`FLAG_SECONDS`].
pub const fn flag_lapsed(renewed_at: i64, now: i64) -> bool {
    now.saturating_sub(renewed_at) > FLAG_SECONDS
}

/// A fee, and whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fee {
    /// The liquidator's part, native quote.
    pub liquidator: Quote,
    /// The insurance fund's part, native quote, rounded down.
    pub insurance: Quote,
}

impl Fee {
    /// Splits a fee; exact together. A share above 1 counts as 1. `Overflow` for a fee beyond the range of quote.
    pub fn split(fee: Quote, insurance_share: Ratio) -> Result<Self, RiskError> {
        let insurance = insurance_share.min(Ratio::ONE).mul_down(fee)?;
        Ok(Self { liquidator: fee.checked_sub(insurance)?, insurance })
    }

    /// Both parts, native quote.
    pub const fn total(&self) -> Quote {
        Quote::new(self.liquidator.get().saturating_add(self.insurance.get()))
    }
}

/// How a step of a liquidation is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepTerms {
    /// The auction's fee now ([`fee_rate`]).
    pub rate: Ratio,
    /// Part of the fee that belongs to the insurance fund.
    pub insurance_share: Ratio,
    /// Where less than so much would be left, native quote, everything is taken.
    pub dust: Quote,
    /// Most lots that the liquidator takes; for a swap without meaning.
    pub most_lots: u32,
}

/// Prices at one moment.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The board.
    pub board: &'a RiskBoard,
    /// Prices in place of stale entries.
    pub overlay: &'a Overlay,
    /// Unix seconds.
    pub now: i64,
}

impl View<'_> {
    /// The market's entry at a price that a liquidation may rest on, brought up to date where the board's is stale.
    /// `StaleMarket` where there is none: such legs are not taken. `Missing` for a market that the board does not have.
    pub fn market(&self, place: u8) -> Result<MarketTerms, RiskError> {
        let entry = self.board.markets.get(usize::from(place)).ok_or(RiskError::Missing)?;
        if entry.valid_until >= self.now {
            return Ok(*entry);
        }
        let mut terms = *entry;
        let feed = self.feed(terms.feed)?.ok_or(RiskError::StaleMarket { market: place })?;
        refresh_market(&mut terms, &feed, &self.board.header, self.now)?;
        Ok(terms)
    }

    /// A copy of a feed with a price that a liquidation may rest on: the overlay's folded in, else its own.
    fn feed(&self, number: u8) -> Result<Option<Feed>, RiskError> {
        let feed = self.board.feeds.get(usize::from(number)).ok_or(RiskError::Missing)?;
        Ok(trusted(number, feed, self.overlay, Trust::Liquidation, self.now))
    }

    /// Worst-case notional of a position at the price, or at the last one; native quote, rounded up.
    #[inline(always)]
    fn notional(&self, position: &Position) -> Result<Quote, RiskError> {
        let entry = self.board.markets.get(usize::from(position.market)).ok_or(RiskError::Missing)?;
        let mut late = None;
        let position = seen(position, entry, &mut late)?;
        if entry.valid_until >= self.now {
            return worth_of(position, entry);
        }
        self.late_notional(position, entry)
    }

    #[cold]
    #[inline(never)]
    fn late_notional(&self, position: &Position, entry: &MarketTerms) -> Result<Quote, RiskError> {
        match self.market(position.market) {
            Ok(terms) => worth_of(position, &terms),
            Err(RiskError::StaleMarket { .. }) => worth_of(position, entry),
            Err(other) => Err(other),
        }
    }
}

/// `N` of a position at an entry's price: native quote, rounded up.
#[inline(always)]
fn worth_of(position: &Position, entry: &MarketTerms) -> Result<Quote, RiskError> {
    let lots = worst_case_lots(position).ok_or(RiskError::Overflow)?;
    // Below 2^32 each; and one more than the floor: this only ever divides.
    let product = u64::from(lots).wrapping_mul(u64::from(entry.lot_price));
    Quote::from_unsigned(product.wrapping_shr(u32::from(entry.shift & 63)).saturating_add(1))
}

/// What stands behind a liquidation: an account's cross part, or a pocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Health at the end of a liquidation, native quote, rounded down: what the steps bring to 0.
    pub liqend: Quote,
    /// Equity, native quote, rounded down.
    pub equity: Quote,
    /// All notionals and borrows, native quote, rounded up: the part of it that a step takes earns that part of the
    /// equity at most.
    pub at_risk: Quote,
}

/// What stands behind a liquidation: one mechanism for both.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// An account's balances, and its positions that are not isolated.
    Cross(Holdings<'a>),
    /// An isolated position with its pocket.
    Pocket(&'a Position),
}

impl Scope<'_> {
    /// Health at one kind of check, native quote, and beside it all unrealised PnL, unweighted; rounded down. Errors as
    /// [`margin`](crate::margin::margin).
    pub fn measure(&self, check: Check, view: &View<'_>) -> Result<(Quote, Quote), RiskError> {
        let View { board, overlay, now } = *view;
        let (margin, pnl) = match self {
            Self::Cross(holdings) => measure(holdings, board, overlay, check, now)?,
            Self::Pocket(position) => measure_pocket(position, board, overlay, check, now)?,
        };
        Ok((margin.health(), pnl))
    }

    /// What it has and owes but for PnL: balances at full price, or the pocket. Rounding, bad feeds and errors as
    /// [`equity`](crate::health::equity).
    pub fn worth(&self, view: &View<'_>) -> Result<Health, RiskError> {
        match self {
            Self::Cross(holdings) => health::equity(holdings.balances, view.board, view.overlay, view.now),
            Self::Pocket(position) => Ok(Health { assets: position.pocket, liabilities: Quote::ZERO }),
        }
    }

    /// Worst-case notionals of its positions, native quote, rounded up.
    fn notional(&self, view: &View<'_>) -> Result<Quote, RiskError> {
        let holdings = match self {
            Self::Cross(holdings) => holdings,
            Self::Pocket(position) => return view.notional(position),
        };
        let mut sum = Quote::ZERO;
        for position in holdings.positions {
            if position.is_cross() {
                sum = sum.checked_add(view.notional(position)?)?;
            }
        }
        Ok(sum)
    }
}

impl Standing {
    /// Measures an account's cross part, or a pocket: one pass over balances and positions at liquidation end, one over
    /// balances at full price.
    ///
    /// Rounding, bad feeds and errors as in the maintenance kinds of [`margin`](crate::margin::margin).
    pub fn of_scope(scope: &Scope<'_>, view: &View<'_>) -> Result<Self, RiskError> {
        let (liqend, pnl) = scope.measure(Check::LiquidationEnd, view)?;
        let worth = scope.worth(view)?;
        let at_risk = worth.liabilities.checked_add(scope.notional(view)?)?;
        Ok(Self { liqend, equity: worth.net().checked_add(pnl)?, at_risk })
    }

    /// Measures an account's cross part. Errors as [`Standing::of_scope`].
    pub fn of(holdings: &Holdings<'_>, view: &View<'_>) -> Result<Self, RiskError> {
        Self::of_scope(&Scope::Cross(*holdings), view)
    }

    /// Measures an isolated position with its pocket. Errors as [`Standing::of_scope`].
    pub fn of_pocket(position: &Position, view: &View<'_>) -> Result<Self, RiskError> {
        Self::of_scope(&Scope::Pocket(position), view)
    }

    /// The rate that a step may cost: at most `max(0, E)/at_risk`, so that all steps together never cost more than the
    /// equity; rounded down.
    fn rate(&self, asked: Ratio) -> Ratio {
        let (equity, whole) = (self.equity.max(Quote::ZERO).magnitude(), self.at_risk.magnitude());
        // Nothing at risk costs nothing; more than 4 is more than any rate.
        if self.at_risk <= Quote::ZERO {
            return Ratio::ZERO;
        }
        Ratio::from_fraction_down(equity, whole).unwrap_or(Ratio::MAX).min(asked).min(Ratio::ONE)
    }
}

/// Who is in danger (DESIGN §6), the safest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// May do everything.
    Healthy,
    /// Its risk may only fall.
    MarginCall,
    /// Is liquidated, step by step.
    Liquidation,
    /// Is liquidated at the insurance's cost, and deleveraged after a deadline.
    Insolvent,
    /// Has nothing of value left and owes something: the waterfall.
    Bankrupt,
}

/// What tells an account's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Health at the Initial kind, native quote.
    pub initial: Quote,
    /// Health at the Maintenance kind.
    pub maint: Quote,
    /// Health at the end of a liquidation.
    pub liqend: Quote,
    /// Equity.
    pub equity: Quote,
    /// Whether it has anything of value: a deposit, a pocket, a position in profit.
    pub has_value: bool,
    /// Whether it owes anything: a borrow, a position at a loss.
    pub owes: bool,
    /// Whether it is flagged for liquidation, and the flag has not lapsed.
    pub flagged: bool,
}

/// The state of an account or a pocket: liquidation begins where Maintenance health is below 0 and, once flagged, goes
/// on until health at the end of a liquidation is not.
pub const fn state(reading: &Reading) -> Danger {
    if reading.owes && !reading.has_value {
        return Danger::Bankrupt;
    }
    if reading.maint.is_negative() || (reading.flagged && reading.liqend.is_negative()) {
        return if reading.equity.get() <= 0 { Danger::Insolvent } else { Danger::Liquidation };
    }
    if reading.initial.is_negative() { Danger::MarginCall } else { Danger::Healthy }
}

/// `⌊a·b/c⌋`, at the end of the range where it does not fit; in 64 bits where they hold it, which is far cheaper on
/// chain.
#[inline(always)]
fn proportion(a: u64, b: u64, c: u64) -> u64 {
    if (a | b) >> 32 == 0 {
        return a.wrapping_mul(b).checked_div(c).unwrap_or(u64::MAX);
    }
    wide::mul_div_down(a, b, c).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
