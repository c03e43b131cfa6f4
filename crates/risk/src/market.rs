//! A market's entry on the board, computed when a price or a parameter changes and never in a margin check (DESIGN §2, §4).

use crate::error::{RiskError, overflow};
use crate::layout::{board::BoardHeader, feed::Feed, market::MarketTerms};
use crate::num::{PRICE_BITS, Price, Quote, Ratio, Scaled, SizeFactor, wide};
use crate::requirement::{initial_ratio, unbound};
use crate::validity::Validity;
use crate::valuation::{MAX_DECIMALS, Prices};
use crate::volatility::Volatility;

/// Prices count 2^-40.
const PRICE_EXPONENT: i32 = -40;
const _: () = assert!(PRICE_BITS == 40);

/// Largest shift of a lot's worth: a 64-bit product shifts no further.
const MAX_SHIFT: u32 = 63;

/// What one lot is worth at two prices, native quote: `mantissa >> shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotValues {
    /// At the price.
    pub price: u32,
    /// At the stable price.
    pub stable: u32,
    /// Common shift, 0 to 63.
    pub shift: u8,
}

/// What so many lots are worth at an entry's price, native quote, rounded as told. `Overflow` from 2^63 on.
pub fn worth(terms: &MarketTerms, lots: u64, up: bool) -> Result<Quote, RiskError> {
    let (price, shift) = (u64::from(terms.lot_price), u32::from(terms.shift & 63));
    let worth =
        if up { wide::mul_shift_up(lots, price, shift) } else { wide::mul_shift_down(lots, price, shift) };
    worth.map_or_else(overflow, Quote::from_unsigned)
}

/// What one lot is worth, `price · 10^quote_decimals / lots_per_unit`, to the nearest: one price stands for longs and shorts,
/// so it favours nobody.
///
/// The dearer of the two has 32 significant bits (within 2^-32 of itself), the other the same unit; fewer bits for lots worth
/// less than 2^-32 native quote. `BadParameter` for no lots in a unit or a quote token of more than [`MAX_DECIMALS`]
/// decimals; `Overflow` for a lot worth 2^32 native quote or more.
pub fn lot_values(prices: Prices, lots_per_unit: u64, quote_decimals: u8) -> Result<LotValues, RiskError> {
    if lots_per_unit == 0 || quote_decimals > MAX_DECIMALS {
        return Err(RiskError::BadParameter);
    }
    let whole = 10u64.saturating_pow(u32::from(quote_decimals));
    let lot_at_one = Scaled::new_down(u128::from(whole), 0).over_down(lots_per_unit);
    let at =
        |price: Price| Scaled::new_down(u128::from(price.get()), PRICE_EXPONENT).product_down(lot_at_one);
    let (price, stable) = (at(prices.price), at(prices.stable));
    let dearer = if prices.price >= prices.stable { price } else { stable };
    // 64 significant bits now, 32 wanted; one less where rounding up needs a 33rd.
    let fitting = dearer.exponent.saturating_add(32).saturating_neg();
    for shift in [fitting, fitting.saturating_sub(1)] {
        let Ok(shift) = u32::try_from(shift) else { return overflow() };
        let shift = shift.min(MAX_SHIFT);
        if let (Some(price), Some(stable)) = (nearest(price, shift), nearest(stable, shift)) {
            return Ok(LotValues { price, stable, shift: u8::try_from(shift).unwrap_or(u8::MAX) });
        }
    }
    overflow()
}

/// The mantissa with `2^-shift` as its unit, to the nearest (half up). `None` when 32 bits do not hold it.
fn nearest(value: Scaled, shift: u32) -> Option<u32> {
    let doubled = value.mantissa_down(shift.saturating_add(1))?;
    u32::try_from(doubled.saturating_add(1) >> 1).ok()
}

/// Whether a market's breaker opens: the price has moved away from what it was at the beginning of the breaker's window
/// (`window_price` of its feed) by more than `limit`. Never for a limit of 0 (no breaker), nor before there was a price.
pub const fn trips(window_price: Price, price: Price, limit: Ratio) -> bool {
    !limit.is_zero() && !window_price.is_zero() && price.deviates(window_price, limit)
}

/// Brings a market's entry up to date after its feed, its open interest or its parameters changed.
///
/// Computes a lot's worth ([`lot_values`]), the ratios (initial and maintenance rounded up, volatility from the feed) and the
/// notionals below which size cannot bind. A feed that is not valid closes the entry (`valid_until` = 0) and leaves the rest;
/// otherwise it is open until the price is too old. A settled entry ([`MarketTerms::is_settled`]) keeps its price for ever. Errors: those of [`lot_values`], and `Overflow` for a variance beyond its
/// range; then nothing has changed.
pub fn refresh_market(
    terms: &mut MarketTerms,
    feed: &Feed,
    header: &BoardHeader,
    now: i64,
) -> Result<(), RiskError> {
    if terms.is_settled() {
        return Ok(());
    }
    if Validity::from_code(feed.validity) != Validity::Valid {
        terms.valid_until = 0;
        return Ok(());
    }
    let prices = Prices { price: feed.price, stable: feed.stable };
    let lot = lot_values(prices, terms.lots_per_unit, header.quote_decimals)?;
    let sigma =
        Volatility { variance: feed.variance, ..Volatility::default() }.sigma_daily(feed.volatility_floor)?;
    terms.lot_price = lot.price;
    terms.lot_stable = lot.stable;
    terms.shift = lot.shift;
    terms.maint_ratio = terms.mmr.ratio(now).min(Ratio::ONE);
    terms.imf_maint = SizeFactor::new(terms.imf_maint_ramp.value(now));
    terms.initial_ratio = initial_ratio(terms, sigma, terms.maint_ratio, now);
    terms.unbound_initial = unbound(terms.initial_ratio, terms.imf, header.quote_decimals);
    terms.unbound_maint = unbound(terms.maint_ratio, terms.imf_maint, header.quote_decimals);
    terms.publish_time = feed.publish_time;
    terms.valid_until = feed.publish_time.saturating_add(i64::from(feed.max_age));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breaker_opens_just_beyond_its_move_either_way() {
        let (window, tenth) = (Price::new(8_000), Ratio::new(Ratio::ONE.get() / 8));
        for (price, opens) in [(9_000, false), (9_001, true), (7_000, false), (6_999, true), (8_000, false)] {
            assert_eq!(trips(window, Price::new(price), tenth), opens, "{price}");
        }
        assert!(!trips(window, Price::new(1), Ratio::ZERO), "no breaker");
        assert!(!trips(Price::ZERO, window, tenth), "no price before");
    }

    #[test]
    fn lots_are_worth_their_price_rounded_as_told() {
        // A lot is worth 10.5 native quote.
        let terms = MarketTerms { lot_price: 21, shift: 1, ..bytemuck::Zeroable::zeroed() };
        let worth_of = |lots, up| worth(&terms, lots, up).unwrap();
        assert_eq!((worth_of(3, false), worth_of(3, true)), (Quote::new(31), Quote::new(32)));
        assert_eq!((worth_of(2, false), worth_of(2, true)), (Quote::new(21), Quote::new(21)));
        assert_eq!(worth(&terms, u64::MAX, true), Err(RiskError::Overflow));
    }
}
