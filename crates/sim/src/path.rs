//! What a price did within an hour of which only open, high, low and close are known.
//!
//! Three straight legs of twenty minutes each:
//!
//! - `open → low → high → close` where the close is not below the open,
//! - `open → high → low → close` where it is.
//!
//! So an hour's last leg goes its own way, and both extremes are on the path. Moments lie `step` seconds apart; a step
//! divides twenty minutes, so high, low and close are always hit exactly. The first moment is the first hour's open;
//! the open of a later hour is where its first leg starts from, one step before the first moment of it.

use crate::history::{Candle, History};
use plimsoll_risk::num::{Price, wide};

/// How long one leg takes, seconds.
pub const LEG: u32 = 1_200;

/// Time between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(u32);

impl Step {
    /// So many seconds. `None` for what does not divide [`LEG`]: extremes would be missed.
    pub const fn new(seconds: u32) -> Option<Self> {
        if seconds != 0 && LEG.is_multiple_of(seconds) { Some(Self(seconds)) } else { None }
    }

    /// Seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// How many of them make an hour.
    fn in_an_hour(self) -> u32 {
        LEG.saturating_mul(3).checked_div(self.0).unwrap_or(0)
    }
}

/// Prices at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Unix seconds.
    pub unix_time: i64,
    /// In the order of [`History::symbols`].
    pub prices: Vec<Price>,
}

/// The price so many seconds into an hour, 0 (the open) to 3,600 (the close) and later; a leg is rounded towards its start.
pub fn price_within(candle: &Candle, second: u32) -> Price {
    let Candle { open, high, low, close } = *candle;
    let (first, last) = if close >= open { (low, high) } else { (high, low) };
    let (from, to, start) = match second / LEG {
        0 => (open, first, 0),
        1 => (first, last, LEG),
        2 => (last, close, LEG.saturating_mul(2)),
        _ => return close,
    };
    let whole = from.distance(to).get();
    let gone = u64::from(second.saturating_sub(start));
    // A part of the distance always fits.
    let moved = wide::mul_div_down(whole, gone, u64::from(LEG)).unwrap_or(whole);
    Price::new(if to >= from { from.get().saturating_add(moved) } else { from.get().saturating_sub(moved) })
}

/// All moments of a history, in order.
pub fn moments(history: &History, step: Step) -> impl Iterator<Item = Moment> + '_ {
    let an_hour = step.in_an_hour();
    let opening = history.hours.first().into_iter().map(|hour| Moment {
        unix_time: hour.unix_time,
        prices: hour.candles.iter().map(|candle| candle.open).collect(),
    });
    let later = history.hours.iter().flat_map(move |hour| {
        (1..=an_hour).map(move |count| {
            let second = count.saturating_mul(step.0);
            Moment {
                unix_time: hour.unix_time.saturating_add(i64::from(second)),
                prices: hour.candles.iter().map(|candle| price_within(candle, second)).collect(),
            }
        })
    });
    opening.chain(later)
}

/// How many moments a history has.
pub fn count(history: &History, step: Step) -> usize {
    let an_hour = usize::try_from(step.in_an_hour()).unwrap_or(usize::MAX);
    history.hours.len().saturating_mul(an_hour).saturating_add(usize::from(!history.hours.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{HOUR, Hour};

    fn candle(open: u64, high: u64, low: u64, close: u64) -> Candle {
        let [open, high, low, close] =
            [open, high, low, close].map(|whole| Price::from_decimal(whole, 0).unwrap());
        Candle { open, high, low, close }
    }

    fn history(candles: &[Candle]) -> History {
        let hours = candles
            .iter()
            .zip(0i64..)
            .map(|(candle, number)| Hour { unix_time: number * HOUR, candles: vec![*candle] });
        History { symbols: vec!["BTC-USD".into()], hours: hours.collect() }
    }

    #[test]
    fn a_rising_hour_falls_first_and_a_falling_hour_rises_first() {
        let whole = |candle: &Candle, second| price_within(candle, second).get() >> 40;
        let rising = candle(100, 130, 90, 120);
        assert_eq!(
            [0, 600, 1_200, 1_800, 2_400, 3_600].map(|at| whole(&rising, at)),
            [100, 95, 90, 110, 130, 120]
        );
        let falling = candle(100, 130, 90, 95);
        assert_eq!(
            [0, 600, 1_200, 1_800, 2_400, 3_600].map(|at| whole(&falling, at)),
            [100, 115, 130, 110, 90, 95]
        );
        assert_eq!(price_within(&falling, 9_999), falling.close);
    }

    #[test]
    fn every_step_hits_open_extremes_and_close_and_leaves_them_nowhere() {
        let candles = [candle(100, 130, 90, 120), candle(121, 121, 80, 81), candle(81, 99, 81, 90)];
        let history = history(&candles);
        for seconds in (1..=LEG).filter(|seconds| LEG.is_multiple_of(*seconds)) {
            let step = Step::new(seconds).unwrap();
            let moments: Vec<Moment> = moments(&history, step).collect();
            assert_eq!(moments.len(), count(&history, step));
            assert_eq!(moments[0].prices, [candles[0].open]);
            for (candle, number) in candles.iter().zip(0i64..) {
                let (from, until) = (number * HOUR, (number + 1) * HOUR);
                let within = moments.iter().filter(|moment| (from + 1..=until).contains(&moment.unix_time));
                let prices: Vec<Price> = within.map(|moment| moment.prices[0]).collect();
                assert_eq!(prices.iter().max(), Some(&candle.high), "step {seconds}");
                assert_eq!(prices.iter().min(), Some(&candle.low), "step {seconds}");
                assert_eq!(prices.last(), Some(&candle.close));
            }
            let spaced =
                moments.windows(2).all(|two| two[1].unix_time - two[0].unix_time == i64::from(seconds));
            assert!(spaced);
        }
    }

    #[test]
    fn a_step_that_would_miss_extremes_does_not_exist() {
        for seconds in [0, 7, 1_000, 2_400, 3_600] {
            assert_eq!(Step::new(seconds), None);
        }
    }
}
