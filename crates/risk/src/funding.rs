//! Funding: what longs pay shorts while the book trades above the index, and the other way round (DESIGN §4 "Funding").
//!
//! The premium of the impact mid over the index is observed once a slot, as the book stood at the slot's first touch, and
//! credited for the time that it *stood*: no trade can choose what it pays. A refresh turns what was credited into the
//! market's cumulative funding, and each position owes the growth since its own snapshot.

use crate::error::{RiskError, overflow};
use crate::layout::account::Position;
use crate::layout::market::MarketTerms;
use crate::num::{Lots, Quote, RATIO_BITS, Ratio, wide};

/// Longest time that one observation counts, seconds.
pub const OBSERVATION_SECONDS: u32 = 60;

/// Longest time that one accrual pays for, seconds: an outage is not billed.
pub const ACCRUAL_SECONDS: u32 = 3_600;

/// Cumulative funding counts 2^-32 native quote a lot.
pub const FUNDING_BITS: u32 = 32;

/// A rate in 2^-30 becomes funding in 2^-32.
const RATE_SHIFT: u32 = FUNDING_BITS.saturating_sub(RATIO_BITS);

crate::layout! {
    /// The premium since funding was last accrued.
    pub struct PremiumWindow {
        /// What was credited since: premium × seconds, 2^-30 s.
        pub sum: i64,
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

    /// Credits the standing premium for the time since it was last credited, at most [`OBSERVATION_SECONDS`] for each
    /// observation, however often this is called. A clock that went back credits nothing.
    pub fn credit(&mut self, now: i64) {
        let Ok(elapsed) = u32::try_from(now.saturating_sub(self.since).clamp(0, i64::from(u32::MAX))) else {
            return;
        };
        let seconds = elapsed.min(OBSERVATION_SECONDS.saturating_sub(self.credited));
        // Below 2^31 × 60; a sum of an age's worth of them ends at the end of its type rather than change its sign.
        let credit = i64::from(self.premium).saturating_mul(i64::from(seconds));
        self.sum = self.sum.saturating_add(credit);
        self.credited = self.credited.saturating_add(seconds);
        self.since = self.since.max(now);
    }

    /// Credits the premium that stood until now, and lets this one ([`premium`]) stand from now on.
    pub fn observe(&mut self, premium: i32, now: i64, slot: u64) {
        self.credit(now);
        self.premium = premium;
        self.credited = 0;
        self.slot = slot;
    }
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
/// market without an index, counts 0. `Overflow` from 2^32 lots or 2^32 ticks on.
pub fn premium(
    bid: Option<Impact>,
    ask: Option<Impact>,
    tick_lot: u32,
    terms: &MarketTerms,
    cap: Ratio,
) -> Result<i32, RiskError> {
    let (Some(bid), Some(ask)) = (bid, ask) else { return Ok(0) };
    let (Some(bid), Some(ask)) = (bid.average()?, ask.average()?) else { return Ok(0) };
    // Twice the mid, 2^-32 native quote a lot; below 2^97.
    let tick_lot = u64::from(tick_lot);
    let doubled = wide::mul(bid, tick_lot).saturating_add(wide::mul(ask, tick_lot));
    let shift = u32::from(terms.shift & 63);
    // mid / index in 2^-31, which is doubled / 2^33 · 2^shift / lot_price · 2^31. What needs more bits is far beyond the cap.
    let scaled = if doubled.leading_zeros() < shift { u128::MAX } else { doubled.wrapping_shl(shift) };
    let Some(halves) = scaled.checked_div(u128::from(terms.lot_price).wrapping_shl(2)) else { return Ok(0) };
    let nearest = halves.saturating_add(1) >> 1;
    let above = i64::try_from(nearest).unwrap_or(i64::MAX).saturating_sub(i64::from(Ratio::ONE.get()));
    let cap = limit(cap);
    Ok(i32::try_from(above.clamp(cap.saturating_neg(), cap)).unwrap_or(0))
}

/// A cap as a magnitude of an observation, 2^-30: below 2.
#[inline(always)]
fn limit(cap: Ratio) -> i64 {
    i64::from(cap.get()).min(i64::from(i32::MAX))
}

/// Adds to the market's cumulative funding what its window was credited, and empties the window; returns what was added,
/// 2^-32 native quote a lot, above zero where longs pay.
///
/// The rate is the mean premium, `sum / elapsed`, clamped to ±`cap`, a `period_seconds`; it is paid on a lot at the entry's
/// price, for at most [`ACCRUAL_SECONDS`]. To be called before the price or the observation changes. Rounded towards zero:
/// the rounding that protects the vault is that of [`due`]. Nothing accrues twice in one second.
///
/// `BadParameter` for a period of 0; `Overflow` where the cumulative funding leaves its type. Then nothing has changed.
pub fn accrue(
    terms: &mut MarketTerms,
    window: &mut PremiumWindow,
    cap: Ratio,
    period_seconds: u32,
    now: i64,
) -> Result<i64, RiskError> {
    if period_seconds == 0 {
        return Err(RiskError::BadParameter);
    }
    let elapsed = now.saturating_sub(terms.funding_updated_at);
    if elapsed <= 0 {
        return Ok(0);
    }
    let mut credited = *window;
    credited.credit(now);
    let mean = credited.sum.unsigned_abs().checked_div(elapsed.unsigned_abs()).unwrap_or(0);
    let rate = mean.min(limit(cap).unsigned_abs());
    let seconds = elapsed.unsigned_abs().min(u64::from(ACCRUAL_SECONDS));
    // Below 2^32 × 2^31, and then below 2^77.
    let product = wide::mul(u64::from(terms.lot_price).wrapping_mul(rate), seconds.wrapping_shl(RATE_SHIFT));
    let shifted = product.wrapping_shr(u32::from(terms.shift & 63));
    let Some(paid) = shifted.checked_div(u128::from(period_seconds)).and_then(wide::narrow) else {
        return overflow();
    };
    let magnitude = Quote::from_unsigned(paid)?.get();
    let added = if credited.sum < 0 { magnitude.wrapping_neg() } else { magnitude };
    let Some(funding) = terms.funding.checked_add(added) else { return overflow() };
    terms.funding = funding;
    terms.funding_updated_at = now;
    credited.sum = 0;
    *window = credited;
    Ok(added)
}

/// What a position still owes of funding (above zero) or gets (below), native quote: [`due_on`] its lots since its snapshot.
#[inline(always)]
pub fn due(position: &Position, terms: &MarketTerms) -> Result<Quote, RiskError> {
    due_on(position.lots, position.funding, terms)
}

/// What lots that were held since the cumulative funding stood at `snapshot` owe of it (above zero) or get (below), native
/// quote: `⌈lots·(F − snapshot)⌉`.
///
/// Payers pay the fraction and receivers lose it, so what is paid always covers what is received. Two products of 32-bit
/// halves; at once for a snapshot that is up to date. `Overflow` for a snapshot 2^63 away.
#[inline(always)]
pub fn due_on(lots: Lots, snapshot: i64, terms: &MarketTerms) -> Result<Quote, RiskError> {
    if snapshot == terms.funding || lots.is_zero() {
        return Ok(Quote::ZERO);
    }
    let Some(growth) = terms.funding.checked_sub(snapshot) else { return overflow() };
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
    terms: &MarketTerms,
) -> Result<Quote, RiskError> {
    let due = due_on(lots, snapshot, terms)?;
    let (quote, realised) = (position.quote.checked_sub(due)?, position.realised.checked_sub(due)?);
    (position.quote, position.realised) = (quote, realised);
    Ok(due)
}

/// Takes what is [`due`] from the position, unrealised and realised alike, and brings its snapshot up to date; returns it.
///
/// Before lots change: funding is owed on the lots that were held while it accrued. `Overflow` where `quote` or `realised`
/// leaves its type; then nothing has changed.
pub fn apply(position: &mut Position, terms: &MarketTerms) -> Result<Quote, RiskError> {
    let due = due(position, terms)?;
    let (quote, realised) = (position.quote.checked_sub(due)?, position.realised.checked_sub(due)?);
    (position.quote, position.realised, position.funding) = (quote, realised, terms.funding);
    Ok(due)
}

#[cfg(test)]
mod tests;
