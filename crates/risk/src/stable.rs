//! The stable price: follows the price slowly, so that a spike opens no margin (DESIGN §4 "Feeds").

use crate::num::{Price, Ratio, wide};

/// The most time one refresh credits, seconds: after an outage the stable price does not jump.
pub const MAX_STABLE_SECONDS: u64 = 60;

/// The stable price after `previous` stood for `elapsed_seconds`.
///
/// Moves towards `previous`, never past it, by at most `stable × rate_per_minute × min(elapsed, 60) / 60`, rounded up to one
/// unit of 2^-40, so that the price of a tiny token is not stuck; a refresh in the same second moves nothing. `previous` is
/// the price that stood over that time, not the new one: no refresh can choose it (DESIGN §3). A `previous` of 0 (none yet)
/// moves nothing; a stable price of 0 (none yet) becomes `previous`.
#[inline]
pub fn follow(stable: Price, previous: Price, rate_per_minute: Ratio, elapsed_seconds: u64) -> Price {
    if stable.is_zero() || previous.is_zero() {
        return if stable.is_zero() { previous } else { stable };
    }
    let seconds = elapsed_seconds.min(MAX_STABLE_SECONDS);
    // Below 2^32 · 60; and 60 · 2^30 divides by a constant.
    let rate_seconds = u64::from(rate_per_minute.get()).saturating_mul(seconds);
    let whole = u64::from(Ratio::ONE.get()).saturating_mul(MAX_STABLE_SECONDS);
    // A product beyond 64 bits reaches any price.
    let reach = wide::mul_div_up(stable.get(), rate_seconds, whole).unwrap_or(u64::MAX);
    if previous >= stable {
        Price::new(stable.get().saturating_add(reach).min(previous.get()))
    } else {
        Price::new(stable.get().saturating_sub(reach).max(previous.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOLLAR: Price = Price::ONE;
    const PERCENT: Ratio = Ratio::from_bps(100);

    #[test]
    fn a_stable_price_moves_at_its_rate_and_not_past_the_price() {
        let far = Price::new(2 * DOLLAR.get());
        let minute = follow(DOLLAR, far, PERCENT, 60);
        assert!(minute.get().abs_diff(DOLLAR.get() * 101 / 100) < 1 << 12);
        let half = follow(DOLLAR, far, PERCENT, 30);
        assert!((half.get() - DOLLAR.get()).abs_diff((minute.get() - DOLLAR.get()) / 2) <= 1);
        let near = Price::new(DOLLAR.get() + 1);
        assert_eq!(follow(DOLLAR, near, PERCENT, 60), near);
        let below = Price::new(DOLLAR.get() - 1);
        assert_eq!(follow(DOLLAR, below, PERCENT, 60), below);
    }

    #[test]
    fn an_outage_credits_a_minute_at_most() {
        let far = Price::new(1);
        assert_eq!(follow(DOLLAR, far, PERCENT, u64::MAX), follow(DOLLAR, far, PERCENT, 60));
        assert_eq!(follow(DOLLAR, far, PERCENT, 0), DOLLAR);
    }

    #[test]
    fn a_tiny_price_is_not_stuck() {
        assert_eq!(follow(Price::new(5), Price::new(9), PERCENT, 1), Price::new(6));
        assert_eq!(follow(Price::new(5), Price::new(2), PERCENT, 1), Price::new(4));
    }

    #[test]
    fn the_first_price_is_the_stable_one() {
        assert_eq!(follow(Price::ZERO, DOLLAR, PERCENT, 0), DOLLAR);
        assert_eq!(follow(DOLLAR, Price::ZERO, PERCENT, 60), DOLLAR);
        assert_eq!(
            follow(DOLLAR, Price::new(u64::MAX), Ratio::MAX, 60).get(),
            DOLLAR.get() * 5 - DOLLAR.get() / (1 << 30)
        );
    }
}
