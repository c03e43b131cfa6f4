//! How much a price moves: a weighted mean of squared returns on a fixed 5-minute grid (DESIGN §4 "Feeds").

use crate::error::RiskError;
use crate::num::{Price, RATIO_BITS, Ratio, sqrt, wide};

/// Distance of two points of the grid, seconds.
pub const GRID_SECONDS: i64 = 300;

/// Grid steps in a day.
pub const STEPS_PER_DAY: u64 = 288;

/// The most steps that one refresh accounts for: an hour.
pub const MAX_STEPS: u64 = 12;

/// The largest return that counts in one step, 10%: one bad price cannot raise everybody's margin without bound.
pub const MAX_RETURN: Ratio = Ratio::from_bps(1_000);

/// Weight of the past in each step, 0.99: half of it is forgotten in 69 steps, under six hours.
pub const DECAY: Ratio = Ratio::from_bps(9_900);

/// What is known of a price's movement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volatility {
    /// Mean squared return of a grid step, 2^-60; at most 2^54.
    pub variance: u64,
    /// The price at the last point of the grid; 0 is none yet.
    pub grid_price: Price,
    /// The last point of the grid, unix seconds.
    pub grid_time: i64,
}

impl Volatility {
    /// The movement known at `now`, when `previous` is the price that has stood until now.
    ///
    /// Nothing changes before the next point of the grid. At the first call at or past it, `previous` (which stood at that
    /// point: no refresh can choose it, DESIGN §3) is compared with the price of the last point. If `n` steps have passed
    /// (at most [`MAX_STEPS`]) the squared return is spread evenly over them, each clamped to [`MAX_RETURN`]², and each
    /// step takes `variance = λ·variance + (1 − λ)·r²` with λ = [`DECAY`], rounded up. A `previous` of 0 (none yet)
    /// changes nothing.
    pub fn observe(&self, previous: Price, now: i64) -> Self {
        if previous.is_zero() {
            return *self;
        }
        let point = now.saturating_sub(now.rem_euclid(GRID_SECONDS));
        if self.grid_price.is_zero() {
            return Self { variance: self.variance, grid_price: previous, grid_time: point };
        }
        let passed = point.saturating_sub(self.grid_time).checked_div_euclid(GRID_SECONDS).unwrap_or(0);
        let steps = u64::try_from(passed).unwrap_or(0).min(MAX_STEPS);
        if steps == 0 {
            return *self;
        }
        let squared = squared_return(previous, self.grid_price, steps);
        let mut variance = self.variance;
        for _ in 0..steps {
            variance = blend(variance, squared);
        }
        Self { variance, grid_price: previous, grid_time: point }
    }

    /// Standard deviation of a day's return, rounded up, at least `floor`: `√(variance × 288)`.
    ///
    /// `Overflow` only for a variance beyond its range.
    pub fn sigma_daily(&self, floor: Ratio) -> Result<Ratio, RiskError> {
        let daily = self.variance.checked_mul(STEPS_PER_DAY).ok_or(RiskError::Overflow)?;
        // The square root of a number in 2^-60 is a number in 2^-30: a Ratio.
        let raw = u32::try_from(sqrt::isqrt_up(daily)).map_err(|_| RiskError::Overflow)?;
        Ok(Ratio::new(raw).max(floor))
    }
}

/// `min((price/before − 1)² / steps, MAX_RETURN²)`, 2^-60, rounded up.
fn squared_return(price: Price, before: Price, steps: u64) -> u64 {
    const CLAMP: u64 = (MAX_RETURN.get() as u64).saturating_mul(MAX_RETURN.get() as u64);
    let distance = price.distance(before).get();
    // Beyond 2, the return is far beyond what counts even over MAX_STEPS.
    match wide::mul_div_up(distance, u64::from(Ratio::ONE.get()), before.get()) {
        Some(ratio) if ratio < 2 << RATIO_BITS => {
            ratio.saturating_mul(ratio).div_ceil(steps.max(1)).min(CLAMP)
        }
        _ => CLAMP,
    }
}

/// `λ·variance + (1 − λ)·squared`, rounded up.
#[inline]
fn blend(variance: u64, squared: u64) -> u64 {
    const FRESH: u64 = Ratio::ONE.get().saturating_sub(DECAY.get()) as u64;
    let past = wide::mul(variance, DECAY.get() as u64);
    let blended = past.saturating_add(wide::mul(squared, FRESH)).div_ceil(1 << RATIO_BITS);
    wide::narrow(blended).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Volatility = Volatility { variance: 0, grid_price: Price::ONE, grid_time: 3_000 };

    fn percent_up(percent: u64) -> Price {
        Price::new(Price::ONE.get() * (100 + percent) / 100)
    }

    #[test]
    fn nothing_moves_before_the_next_point_of_the_grid() {
        assert_eq!(START.observe(percent_up(5), 3_299), START);
        assert_ne!(START.observe(percent_up(5), 3_300), START);
        assert_eq!(START.observe(Price::ZERO, 9_000), START);
        assert_eq!(START.observe(percent_up(5), i64::MIN), START);
    }

    #[test]
    fn a_late_refresh_stays_on_the_grid() {
        assert_eq!(START.observe(Price::ONE, 3_599).grid_time, 3_300);
        let first = Volatility::default().observe(Price::ONE, 3_599);
        assert_eq!((first.grid_time, first.grid_price, first.variance), (3_300, Price::ONE, 0));
    }

    #[test]
    fn one_bad_price_counts_ten_percent() {
        assert_eq!(
            START.observe(percent_up(900), 3_300).variance,
            START.observe(percent_up(12), 3_300).variance
        );
        assert!(START.observe(percent_up(9), 3_300).variance < START.observe(percent_up(12), 3_300).variance);
    }

    #[test]
    fn a_steady_return_is_its_own_volatility() {
        let mut volatility = START;
        for step in 1..3_000 {
            // 1% up and down again, every step.
            let price = if step % 2 == 1 { percent_up(1) } else { Price::ONE };
            volatility = volatility.observe(price, 3_000 + 300 * step);
        }
        // √288 · 1% = 16.97%; down from 1.01 is 0.99%.
        let sigma = volatility.sigma_daily(Ratio::ZERO).unwrap();
        assert!(sigma > Ratio::from_bps(1_685) && sigma < Ratio::from_bps(1_700), "{sigma:?}");
    }

    #[test]
    fn an_outage_spreads_the_return_over_its_steps() {
        let gap = START.observe(percent_up(12), 3_000 + 4 * 300);
        let mut steps = START;
        for step in 1..=4 {
            // 12% over four steps is 6% of each, in variance.
            steps = Volatility { grid_price: Price::ONE, ..steps }.observe(percent_up(6), 3_000 + 300 * step);
        }
        assert!(gap.variance.abs_diff(steps.variance) < gap.variance / 1_000_000);
        assert_eq!(
            START.observe(percent_up(3), i64::MAX).variance,
            START.observe(percent_up(3), 6_600).variance
        );
    }

    #[test]
    fn volatility_has_a_floor_and_a_ceiling() {
        assert_eq!(START.sigma_daily(Ratio::from_bps(200)), Ok(Ratio::from_bps(200)));
        let mut wild = START;
        for step in 1..3_000 {
            wild = Volatility { grid_price: Price::ONE, ..wild }.observe(percent_up(900), 3_000 + 300 * step);
        }
        assert!(wild.sigma_daily(Ratio::ZERO).unwrap() < Ratio::from_bps(17_000));
        let broken = Volatility { variance: u64::MAX, ..START };
        assert_eq!(broken.sigma_daily(Ratio::ZERO), Err(RiskError::Overflow));
    }
}
