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

#[cfg(test)]
mod tests {
    use super::*;

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
