//! The 5-minute average price (DESIGN §4 "Feeds").

use crate::num::{Price, wide};

/// Length of the average, seconds.
pub const TWAP_SECONDS: u64 = 300;

/// The average after `previous` stood for `elapsed_seconds`.
///
/// Moves towards `previous` by the part `min(elapsed, 300) / 300` of the way: a price that stood for five minutes is the
/// average. The step is rounded to nearest and is at least one unit of 2^-40, so that tiny prices arrive; never past
/// `previous`. `previous` is the price that stood over that time, not the new one (DESIGN §3). An average of 0 (none yet)
/// becomes `previous`; a `previous` of 0 (none yet) moves nothing.
#[inline]
pub fn average(twap: Price, previous: Price, elapsed_seconds: u64) -> Price {
    if twap.is_zero() || previous.is_zero() {
        return if twap.is_zero() { previous } else { twap };
    }
    let seconds = elapsed_seconds.min(TWAP_SECONDS);
    let distance = twap.distance(previous).get();
    if seconds == 0 || distance == 0 {
        return twap;
    }
    // At most the distance itself: the weight is at most 1.
    let step = wide::mul_div_down(distance, seconds, TWAP_SECONDS).unwrap_or(distance);
    let left = wide::mul(distance, seconds).saturating_sub(wide::mul(step, TWAP_SECONDS));
    let step = step.saturating_add(u64::from(left >= u128::from(TWAP_SECONDS / 2))).max(1);
    if previous > twap {
        Price::new(twap.get().saturating_add(step))
    } else {
        Price::new(twap.get().saturating_sub(step))
    }
}

/// How long a market's settlement price is averaged, seconds.
pub const SETTLEMENT_SECONDS: u64 = 3_600;

/// The running mean of a settlement after `price` stood for `elapsed_seconds` more, the first `credited` of
/// [`SETTLEMENT_SECONDS`] being in `average` already: each second counts alike, and nothing beyond the hour. Rounded to
/// nearest (half up): the price favours nobody.
///
/// The caller adds to `credited` what was counted: `min(elapsed, SETTLEMENT_SECONDS − credited)`. As in [`average`], the
/// price is the one that *stood* over that time. A price of 0 (none) moves nothing, and its time is not to be counted.
pub fn settle(average: Price, credited: u64, price: Price, elapsed_seconds: u64) -> Price {
    let seconds = elapsed_seconds.min(SETTLEMENT_SECONDS.saturating_sub(credited));
    if seconds == 0 || price.is_zero() {
        return average;
    }
    let credited = credited.min(SETTLEMENT_SECONDS);
    let whole = u128::from(credited.saturating_add(seconds));
    // Two products below 2^64 · 2^12.
    let sum = wide::mul(average.get(), credited).saturating_add(wide::mul(price.get(), seconds));
    let nearest = sum.saturating_add(whole >> 1).checked_div(whole);
    // A mean lies between the two.
    nearest.and_then(wide::narrow).map_or(average, Price::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settlement_counts_every_second_of_its_hour_alike_and_none_beyond() {
        let (low, high) = (Price::new(1_000), Price::new(2_000));
        let half = settle(Price::ZERO, 0, low, 1_800);
        assert_eq!(half, low);
        assert_eq!(settle(half, 1_800, high, 1_800), Price::new(1_500));
        assert_eq!(settle(half, 1_800, high, 90_000), Price::new(1_500));
        assert_eq!(settle(half, 3_600, high, 90_000), half);
        assert_eq!(settle(half, 1_800, Price::ZERO, 600), half);
        // 1·1,000 and 2·1,001 over 3: to the nearest.
        assert_eq!(settle(low, 1, Price::new(1_001), 2), Price::new(1_001));
        assert_eq!(settle(Price::new(u64::MAX), 1_800, Price::new(u64::MAX), 1_800), Price::new(u64::MAX));
    }

    const DOLLAR: Price = Price::ONE;

    #[test]
    fn a_price_that_stood_five_minutes_is_the_average() {
        let other = Price::new(12_345);
        assert_eq!(average(DOLLAR, other, 300), other);
        assert_eq!(average(other, DOLLAR, u64::MAX), DOLLAR);
    }

    #[test]
    fn a_price_counts_for_the_time_that_it_stood() {
        let double = Price::new(2 * DOLLAR.get());
        assert_eq!(average(DOLLAR, double, 150).get(), DOLLAR.get() * 3 / 2);
        assert_eq!(average(double, DOLLAR, 75).get(), DOLLAR.get() * 7 / 4);
        assert_eq!(average(DOLLAR, double, 0), DOLLAR);
    }

    #[test]
    fn a_tiny_price_arrives() {
        assert_eq!(average(Price::new(5), Price::new(6), 1), Price::new(6));
        assert_eq!(average(Price::new(5), Price::new(4), 1), Price::new(4));
        assert_eq!(average(Price::new(0), Price::new(4), 1), Price::new(4));
        assert_eq!(average(Price::new(5), Price::new(0), 1), Price::new(5));
        assert_eq!(average(Price::new(1), Price::new(u64::MAX), 300), Price::new(u64::MAX));
    }
}
