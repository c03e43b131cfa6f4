//! What a position needs: ratios and their growth with size (DESIGN §4 "Requirement").

use crate::error::{RiskError, overflow};
use crate::health::Check;
use crate::layout::{board::BoardHeader, market::MarketTerms};
use crate::num::{Quote, RATIO_BITS, Ratio, SIZE_FACTOR_BITS, Scaled, SizeFactor, sqrt};
use crate::valuation::MAX_DECIMALS;

/// A factor in 2^-42 times a root is a ratio in 2^-30 after so many bits.
const SIZE_SHIFT: u32 = SIZE_FACTOR_BITS.saturating_sub(RATIO_BITS);

/// Every notional lies below 2^58 native quote.
const NOTIONAL_BITS: u32 = 58;

/// Relative part that the bound below which a size factor is skipped keeps away from where it would bind, 2^-28: more than
/// twice what rounding the root up adds to the ratio (2^-31), squared.
const BOUND_MARGIN: u32 = 28;

/// A market's ratios at one kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The largest of the ratios that do not depend on the position.
    pub base: Ratio,
    /// How the ratio grows with the position.
    pub size: SizeFactor,
    /// Notional below which `size` cannot bind.
    pub unbound: Quote,
}

impl Rates {
    /// Those of the strict kinds, or those of the maintenance kinds.
    #[inline(always)]
    pub const fn of(terms: &MarketTerms, strict: bool) -> Self {
        if strict {
            Self { base: terms.initial_ratio, size: terms.imf, unbound: terms.unbound_initial }
        } else {
            Self { base: terms.maint_ratio, size: terms.imf_maint, unbound: terms.unbound_maint }
        }
    }
}

/// How a check turns rates into requirements; the same for all positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yardstick {
    /// What rates are multiplied with, 2^-30: 1, or `1 + liq_buffer` at the end of a liquidation.
    stress: u64,
    /// The root of a notional in native quote counts so many times the root in whole quote…
    root_unit: u64,
    /// …when the notional was multiplied with this: 10 for an odd number of decimals.
    even: u64,
}

impl Yardstick {
    /// The yardstick of a kind of check at `now`. `BadParameter` for a quote token of more than [`MAX_DECIMALS`] decimals or
    /// a `liq_buffer` above 1.
    #[inline(always)]
    pub fn of(check: Check, header: &BoardHeader, now: i64) -> Result<Self, RiskError> {
        let stress = match check {
            Check::LiquidationEnd => stressed(header.liq_buffer.ratio(now))?,
            _ => u64::from(Ratio::ONE.get()),
        };
        if header.quote_decimals > MAX_DECIMALS {
            return Err(RiskError::BadParameter);
        }
        let half = u32::from(header.quote_decimals.div_ceil(2));
        let even = if header.quote_decimals & 1 == 0 { 1 } else { 10 };
        Ok(Self { stress, root_unit: 10u64.saturating_pow(half), even })
    }

    /// Requirement of one position, native quote, rounded up: `N · min(1, s · max(base, size·√N))`, `s` = 1 or
    /// `1 + liq_buffer` (DESIGN §4).
    ///
    /// The buffered ratio, too, ends at 1: nobody needs more than the notional, and the end of a liquidation never needs more
    /// than taking risk does. Monotone in the notional, in each rate and in the buffer. The root is taken only from
    /// `rates.unbound` on. `Overflow` for a buffered size factor beyond its type, and for a notional below 0 or from 2^58 on.
    #[inline(always)]
    pub fn requirement(&self, notional: Quote, rates: &Rates) -> Result<Quote, RiskError> {
        if notional.get() >> NOTIONAL_BITS != 0 {
            return overflow();
        }
        let base = stress_up(rates.base, self.stress);
        let ratio =
            if notional < rates.unbound { base } else { base.max(self.size_ratio(notional, rates.size)?) };
        let ratio = u32::try_from(ratio).map_or(Ratio::ONE, |raw| Ratio::new(raw).min(Ratio::ONE));
        ratio.mul_up(notional)
    }

    /// `s·size·√N`, 2^-30, rounded up (the root within 2^-31 of itself), for 0 ≤ N < 2^58.
    #[inline(never)]
    fn size_ratio(&self, notional: Quote, size: SizeFactor) -> Result<u64, RiskError> {
        let size = stress_up(Ratio::new(size.get()), self.stress);
        // At most ten times 2^58.
        let scaled = notional.magnitude().wrapping_mul(self.even);
        if size > u64::from(u32::MAX) {
            return overflow();
        }
        if scaled == 0 {
            return Ok(0);
        }
        // An even shift, so that its root is a shift, too. At most 62, and the top two bits are not both 0.
        let zeros = scaled.leading_zeros() & 62;
        let root = sqrt::isqrt_up_normal(scaled.wrapping_shl(zeros));
        // Below 2^32 × at most 2^32.
        let product = size.wrapping_mul(root).div_ceil(self.root_unit.max(1));
        Ok(shift_up(product, SIZE_SHIFT.saturating_add(zeros >> 1)))
    }
}

/// `1 + liq_buffer`, 2^-30. `BadParameter` above 2.
pub(crate) fn stressed(liq_buffer: Ratio) -> Result<u64, RiskError> {
    if liq_buffer > Ratio::ONE {
        return Err(RiskError::BadParameter);
    }
    Ok(u64::from(Ratio::ONE.get()).saturating_add(u64::from(liq_buffer.get())))
}

/// A rate times a stress of at most 2, in the rate's unit, rounded up; exact for a stress of 1.
#[inline(always)]
pub(crate) fn stress_up(rate: Ratio, stress: u64) -> u64 {
    // Below 2^32 × at most 2^31.
    shift_up(u64::from(rate.get()).wrapping_mul(stress), RATIO_BITS)
}

/// `⌈raw / 2^shift⌉` for a shift below 64.
#[inline(always)]
fn shift_up(raw: u64, shift: u32) -> u64 {
    let floor = raw.wrapping_shr(shift);
    floor.saturating_add(u64::from(floor.wrapping_shl(shift) != raw))
}

/// `imr + (1 − imr)·clamp((OI − lower)/(upper − lower), 0, 1)`, rounded up; just `imr` where `upper ≤ lower` (DESIGN §4).
pub fn oi_ramp(terms: &MarketTerms) -> Ratio {
    let (above, range) =
        (terms.open_interest.saturating_sub(terms.oi_lower), terms.oi_upper.saturating_sub(terms.oi_lower));
    let imr = terms.imr.min(Ratio::ONE);
    if range <= Quote::ZERO || above <= Quote::ZERO {
        return imr;
    }
    if above >= range {
        return Ratio::ONE;
    }
    let part = Ratio::from_fraction_up(above.magnitude(), range.magnitude()).unwrap_or(Ratio::ONE);
    let more = product_up(Ratio::ONE.saturating_sub(imr), part);
    Ratio::new(imr.get().saturating_add(more.get())).min(Ratio::ONE)
}

/// The largest initial ratio that does not depend on the account, rounded up, at most 1:
/// `max(imr, kappa·sigma, oi_ramp)`, while a breaker is open its ratio, and never less than the maintenance ratio (DESIGN §4).
pub fn initial_ratio(terms: &MarketTerms, sigma: Ratio, maint: Ratio, now: i64) -> Ratio {
    let breaker = if terms.breaker_until > now { terms.breaker_imr } else { Ratio::ZERO };
    // The open-interest ramp is never below imr.
    let largest = oi_ramp(terms).max(product_up(terms.kappa, sigma));
    largest.max(breaker).max(maint).min(Ratio::ONE)
}

/// Product of two ratios, rounded up, at most 1.
fn product_up(left: Ratio, right: Ratio) -> Ratio {
    let product = u64::from(left.get()).saturating_mul(u64::from(right.get()));
    u32::try_from(shift_up(product, RATIO_BITS)).map_or(Ratio::ONE, |raw| Ratio::new(raw).min(Ratio::ONE))
}

/// Notional below which `size·√N` does not pass `base`, as [`Yardstick::requirement`] computes it: `(base/size)²` in native
/// quote, less a margin of 2^-28 for its rounding; rounded down, at most [`Quote::MAX`].
pub fn unbound(base: Ratio, size: SizeFactor, quote_decimals: u8) -> Quote {
    if size.is_zero() {
        return Quote::MAX;
    }
    let quotient = Scaled::new_down(u128::from(base.get()) << SIZE_SHIFT, 0).over_down(u64::from(size.get()));
    let whole = 10u64.saturating_pow(u32::from(quote_decimals));
    let bound = quotient.product_down(quotient).times_down(whole, 0);
    let raw = bound.mantissa_down(0).unwrap_or(u64::MAX);
    let raw = raw.saturating_sub(raw >> BOUND_MARGIN).saturating_sub(1);
    Quote::from_unsigned(raw).unwrap_or(Quote::MAX)
}

/// Whether a market's parameters keep the kinds of check in order: Withdraw ≤ Initial ≤ LiquidationEnd ≤ Maintenance
/// (DESIGN §4).
///
/// To be asked whenever they or the buffer are set: `imr ≥ (1 + liq_buffer)·mmr`, `imf ≥ (1 + liq_buffer)·imf_maint`, at
/// both ends of the ramps; `imr ≤ 1`; `pnl_weight ≤ 1`; `pnl_cap ≥ 0`. Exact.
pub fn ratios_are_ordered(terms: &MarketTerms, liq_buffer: Ratio) -> bool {
    let Ok(stress) = stressed(liq_buffer) else { return false };
    let covers = |initial: u32, maint: u32| u64::from(initial) >= stress_up(Ratio::new(maint), stress);
    let (mmr, imf_maint) = (terms.mmr, terms.imf_maint_ramp);
    let within = terms.imr <= Ratio::ONE && terms.pnl_weight <= Ratio::ONE && terms.pnl_cap >= Quote::ZERO;
    within
        && [mmr.from, mmr.to].into_iter().all(|maint| covers(terms.imr.get(), maint))
        && [imf_maint.from, imf_maint.to].into_iter().all(|maint| covers(terms.imf.get(), maint))
}
