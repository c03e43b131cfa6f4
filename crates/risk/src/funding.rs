//! Funding: what longs pay shorts while the book trades above the index, and the other way round (DESIGN §4 "Funding").
//!
//! The premium of the impact mid over the index is observed once a slot, as the book stood at the slot's first touch, and
//! credited for the time that it *stood*: no trade can choose what it pays. What is credited joins the market's cumulative
//! funding at once, before anything trades: whoever comes later neither pays nor gets what accrued before. Each position owes
//! the growth since its own snapshot. A refresh copies the market's funding to the board, for margin checks to read.

use crate::error::{RiskError, overflow};
use crate::layout::account::Position;
use crate::layout::market::MarketTerms;
use crate::num::{Lots, Quote, RATIO_BITS, Ratio};

/// Longest time that one observation counts, seconds.
pub const OBSERVATION_SECONDS: u32 = 60;

/// Longest time without a refresh that is paid for, seconds: an outage is not billed.
pub const ACCRUAL_SECONDS: u32 = 3_600;

/// Cumulative funding counts 2^-32 native quote a lot.
pub const FUNDING_BITS: u32 = 32;

/// A rate in 2^-30 becomes funding in 2^-32.
const RATE_SHIFT: u32 = FUNDING_BITS.saturating_sub(RATIO_BITS);

crate::layout! {
    /// The premium, and the funding that it made.
    pub struct PremiumWindow {
        /// Cumulative funding, 2^-32 native quote a lot, paid by longs. Ahead of the board's copy until the next refresh.
        pub funding: i64,
        /// Until when `premium` is credited, unix seconds.
        pub since: i64,
        /// The slot in which `premium` was observed.
        pub slot: u64,
        /// The last observation: impact mid over index, less 1; 2^-30, above zero where longs pay.
        pub premium: i32,
        /// Seconds of `premium` that are credited already, at most [`OBSERVATION_SECONDS`].
        pub credited: u32,
    }
}

impl PremiumWindow {
    /// Whether this slot has not been observed yet: one sample a slot, taken before the slot's first change of the book.
    #[inline(always)]
    pub const fn needs_observation(&self, slot: u64) -> bool {
        self.slot != slot
    }

    /// Adds to the cumulative funding what the standing premium made since it was last credited: a lot's worth × premium a
    /// `period_seconds`, rounded towards zero (the rounding that protects the vault is that of [`due`]).
    ///
    /// At most [`OBSERVATION_SECONDS`] for each observation, however often this is called, and nothing from
    /// [`ACCRUAL_SECONDS`] after the last refresh on. A clock that went back, a period of 0, and a sum that would leave its
    /// type credit nothing: trading never stops for it.
    pub fn credit(&mut self, terms: &MarketTerms, period_seconds: u32, now: i64) {
        let paid_until = terms.funding_updated_at.saturating_add(i64::from(ACCRUAL_SECONDS)).min(now);
        let elapsed = paid_until.saturating_sub(self.since).clamp(0, i64::from(OBSERVATION_SECONDS));
        let left = OBSERVATION_SECONDS.saturating_sub(self.credited);
        let seconds = u32::try_from(elapsed).unwrap_or(0).min(left);
        self.since = self.since.max(now);
        self.credited = self.credited.saturating_add(seconds);
        let growth = growth(terms, self.premium.unsigned_abs(), seconds, period_seconds);
        let sum = match self.premium < 0 {
            true => self.funding.checked_sub(growth),
            false => self.funding.checked_add(growth),
        };
        self.funding = sum.unwrap_or(self.funding);
    }

    /// Credits the premium that stood until now, and lets this one ([`premium`]) stand from now on.
    pub fn observe(
        &mut self,
        premium: i32,
        terms: &MarketTerms,
        period_seconds: u32,
        (now, slot): (i64, u64),
    ) {
        self.credit(terms, period_seconds, now);
        self.premium = premium;
        self.credited = 0;
        self.slot = slot;
    }
}

/// Funding of so many seconds at a premium's magnitude, 2^-32 native quote a lot, rounded down.
fn growth(terms: &MarketTerms, premium: u32, seconds: u32, period_seconds: u32) -> i64 {
    // 32 and 31 bits; then at most 2^63, times less than 2^8.
    let product = u64::from(terms.lot_price).wrapping_mul(u64::from(premium));
    let a_second = product.checked_div(u64::from(period_seconds)).unwrap_or(0);
    let (many, shift) = (u64::from(seconds).wrapping_shl(RATE_SHIFT), u32::from(terms.shift & 63));
    // Periods below an hour and dear lots may need more bits: they lose some at the other end.
    let grown = match a_second.checked_mul(many) {
        Some(grown) => grown >> shift,
        None => (a_second >> shift).saturating_mul(many),
    };
    i64::try_from(grown).unwrap_or(0)
}

/// Copies the market's funding to its entry on the board, credited until now. To be called before the price, the
/// observation or the period changes.
pub fn copy(terms: &mut MarketTerms, window: &mut PremiumWindow, period_seconds: u32, now: i64) {
    window.credit(terms, period_seconds, now);
    terms.funding = window.funding;
    terms.funding_updated_at = terms.funding_updated_at.max(now);
}

/// What the best orders of one side, up to the impact size, cost on average: `notional / lots` ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    /// Σ price × lots, in ticks × lots.
    pub notional: u64,
    /// Σ lots.
    pub lots: u64,
}

impl Impact {
    /// The average, 2^-32 ticks, rounded down. `None` without lots. `Overflow` from 2^32 lots or 2^32 ticks on.
    fn average(self) -> Result<Option<u64>, RiskError> {
        if (self.lots >> 32) != 0 {
            return overflow();
        }
        let (Some(whole), Some(rest)) =
            (self.notional.checked_div(self.lots), self.notional.checked_rem(self.lots))
        else {
            return Ok(None);
        };
        if (whole >> 32) != 0 {
            return overflow();
        }
        // The rest is below the lots, which are below 2^32.
        let fraction = rest.wrapping_shl(32).checked_div(self.lots).unwrap_or(0);
        Ok(Some(whole.wrapping_shl(32) | fraction))
    }
}

/// `impact mid / index − 1`, 2^-30, clamped to ±`cap` (at most 2): within 2^-30 of exact, so it favours nobody.
///
/// `tick_lot` is what one lot at one tick is worth, native quote; the index is the entry's `lot_price`. An empty side, or a
/// market without an index (or one below 2^-32 ticks), counts 0. `Overflow` from 2^32 lots or 2^32 ticks on.
pub fn premium(
    bid: Option<Impact>,
    ask: Option<Impact>,
    tick_lot: u32,
    terms: &MarketTerms,
    cap: Ratio,
) -> Result<i32, RiskError> {
    let (Some(bid), Some(ask)) = (bid, ask) else { return Ok(0) };
    let (Some(bid), Some(ask)) = (bid.average()?, ask.average()?) else { return Ok(0) };
    // All in 2^-32 ticks; no product passes 64 bits, as the slot's first touch pays for this.
    let mid = (bid >> 1).wrapping_add(ask >> 1).wrapping_add(bid & ask & 1);
    let worth = u64::from(terms.lot_price).wrapping_shl(32).wrapping_shr(u32::from(terms.shift & 63));
    let Some(index) = worth.checked_div(u64::from(tick_lot)).filter(|index| *index > 0) else { return Ok(0) };
    // What is dropped of a large index is below 2^-32 of it.
    let spare = 31u32.saturating_sub(index.leading_zeros());
    let (apart, base) = (mid.abs_diff(index) >> spare, index >> spare);
    let cap = limit(cap);
    let magnitude = if apart >= base.wrapping_shl(1) {
        cap // which is below 2
    } else {
        // Below 2^34, and then below 2^64; to the nearest.
        let nearest = apart.wrapping_shl(RATIO_BITS).wrapping_add(base >> 1).checked_div(base);
        i64::try_from(nearest.unwrap_or(0)).unwrap_or(cap).min(cap)
    };
    let above = if mid < index { magnitude.wrapping_neg() } else { magnitude };
    Ok(i32::try_from(above).unwrap_or(0))
}

/// A cap as a magnitude of an observation, 2^-30: below 2.
#[inline(always)]
fn limit(cap: Ratio) -> i64 {
    i64::from(cap.get()).min(i64::from(i32::MAX))
}

/// What a position owes of funding (above zero) or gets (below) when the cumulative funding is `funding`, native quote:
/// [`due_on`] its lots since its snapshot.
#[inline(always)]
pub fn due(position: &Position, funding: i64) -> Result<Quote, RiskError> {
    due_on(position.lots, position.funding, funding)
}

/// What lots that were held since the cumulative funding stood at `snapshot` owe of it (above zero) or get (below), native
/// quote: `⌈lots·(F − snapshot)⌉`.
///
/// Payers pay the fraction and receivers lose it, so what is paid always covers what is received. Two products of 32-bit
/// halves; at once for a snapshot that is up to date. `Overflow` for a snapshot 2^63 away.
#[inline(always)]
pub fn due_on(lots: Lots, snapshot: i64, funding: i64) -> Result<Quote, RiskError> {
    if snapshot == funding || lots.is_zero() {
        return Ok(Quote::ZERO);
    }
    let Some(growth) = funding.checked_sub(snapshot) else { return overflow() };
    let (rate, held) = (growth.unsigned_abs(), u64::from(lots.magnitude()));
    // Both halves and the lots are below 2^32, the upper half and the lots at most 2^31.
    let high = (rate >> 32).wrapping_mul(held);
    let low = (rate & u64::from(u32::MAX)).wrapping_mul(held);
    let floor = high.wrapping_add(low >> 32).cast_signed();
    let pays = (growth < 0) == (lots.get() < 0);
    let part = i64::from(low.wrapping_shl(32) != 0);
    // At most 2^62 + 2^31.
    Ok(Quote::new(if pays { floor.wrapping_add(part) } else { floor.wrapping_neg() }))
}

/// Charges a position for lots that joined it later than they were held: a fill that waited for its account. `lots` as they
/// changed the position (bought above zero) and the cumulative funding when they did; returns what was charged.
///
/// `Overflow` where `quote` or `realised` leaves its type; then nothing has changed.
pub fn charge_late(
    position: &mut Position,
    lots: Lots,
    snapshot: i64,
    funding: i64,
) -> Result<Quote, RiskError> {
    let due = due_on(lots, snapshot, funding)?;
    let (quote, realised) = (position.quote.checked_sub(due)?, position.realised.checked_sub(due)?);
    (position.quote, position.realised) = (quote, realised);
    Ok(due)
}

/// Takes what is [`due`] from the position, unrealised and realised alike, and brings its snapshot to `funding`: the market's
/// own in a trade, or the board's copy where that is all there is. Returns it.
///
/// Before lots change: funding is owed on the lots that were held while it accrued. `Overflow` where `quote` or `realised`
/// leaves its type; then nothing has changed.
pub fn apply(position: &mut Position, funding: i64) -> Result<Quote, RiskError> {
    let due = due(position, funding)?;
    let (quote, realised) = (position.quote.checked_sub(due)?, position.realised.checked_sub(due)?);
    (position.quote, position.realised, position.funding) = (quote, realised, funding);
    Ok(due)
}

#[cfg(test)]
mod tests;
