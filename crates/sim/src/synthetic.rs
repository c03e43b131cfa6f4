//! Prices that are made up: a calm market, a crash and what follows it, minute by minute from a seed.
//!
//! Each minute a symbol moves by its part of the market's move and by a move of its own, all in millionths of the price
//! and in integers: the same seed gives the same prices on every machine. Minutes are gathered into hours, so a made-up
//! history takes the same way as a real one.

use crate::{
    dice::{Dice, Subject},
    history::{Candle, HOUR, History, Hour},
    path::Moment,
};
use plimsoll_risk::num::{Price, wide};

/// Minutes in an hour, and seconds in a minute.
const MINUTES: u32 = 60;
const MINUTE: i64 = 60;

/// One in millionths.
const MILLION: i64 = 1_000_000;

/// Furthest move of one minute, millionths.
const MOST: i64 = 300_000;

/// A traded symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// Its first price.
    pub price: Price,
    /// How much of the market's move it takes, millionths: 1,000,000 is all.
    pub beta: u32,
    /// Furthest move of its own in a minute, millionths.
    pub noise: u32,
}

/// A stretch of time in which the market behaves alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// How long it lasts.
    pub hours: u32,
    /// Where the market goes, millionths a minute.
    pub drift: i32,
    /// Furthest move around that in a minute, millionths.
    pub noise: u32,
    /// How often a minute jumps, times in a million.
    pub jump_chance: u32,
    /// Where a jump goes, millionths.
    pub jump: i32,
}

/// What happens to a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// When it starts, unix seconds, a whole hour.
    pub start: i64,
    /// What is traded.
    pub symbols: Vec<Symbol>,
    /// What happens, one after the other.
    pub phases: Vec<Phase>,
}

/// The three large ones, as files of prices call them, and how much of the market's moves each takes.
pub fn majors() -> Option<Vec<Symbol>> {
    let terms = [("BTC-USD", 40_000, 1_000_000), ("ETH-USD", 2_800, 1_200_000), ("SOL-USD", 80, 1_500_000)];
    let symbol = |(name, price, beta): (&str, u64, u32)| {
        Some(Symbol { name: name.to_owned(), price: Price::from_decimal(price, 0).ok()?, beta, noise: 500 })
    };
    terms.into_iter().map(symbol).collect()
}

impl Crash {
    /// A day: twelve calm hours; six in which the market loses about a third, a part of it in jumps; a rebound; calm.
    pub fn of_a_day(start: i64, symbols: Vec<Symbol>) -> Self {
        let calm = Phase { hours: 12, drift: 0, noise: 700, jump_chance: 0, jump: 0 };
        let fall = Phase { hours: 6, drift: -700, noise: 4_000, jump_chance: 12_000, jump: -35_000 };
        let rebound = Phase { hours: 2, drift: 500, noise: 3_000, jump_chance: 8_000, jump: 20_000 };
        Self { start, symbols, phases: vec![calm, fall, rebound, Phase { hours: 4, ..calm }] }
    }

    /// The prices of a seed.
    pub fn history(&self, seed: u64) -> History {
        let mut dice = Dice::new(seed, Subject::Prices);
        let mut prices: Vec<Price> = self.symbols.iter().map(|symbol| symbol.price).collect();
        let mut hours = Vec::new();
        let mut unix_time = self.start;
        for phase in &self.phases {
            for _ in 0..phase.hours {
                hours.push(Hour { unix_time, candles: self.hour(phase, &mut prices, &mut dice) });
                unix_time = unix_time.saturating_add(HOUR);
            }
        }
        History { symbols: self.symbols.iter().map(|symbol| symbol.name.clone()).collect(), hours }
    }

    /// The same prices minute by minute, jumps and all, where the history of hours would smooth them: the first moment is
    /// the start, and one a minute follows.
    pub fn moments(&self, seed: u64) -> Vec<Moment> {
        let mut dice = Dice::new(seed, Subject::Prices);
        let mut prices: Vec<Price> = self.symbols.iter().map(|symbol| symbol.price).collect();
        let mut unix_time = self.start;
        let mut moments = vec![Moment { unix_time, prices: prices.clone() }];
        for phase in &self.phases {
            for _ in 0..phase.hours.saturating_mul(MINUTES) {
                self.minute(phase, &mut prices, &mut dice);
                unix_time = unix_time.saturating_add(MINUTE);
                moments.push(Moment { unix_time, prices: prices.clone() });
            }
        }
        moments
    }

    /// Moves all prices for an hour.
    fn hour(&self, phase: &Phase, prices: &mut [Price], dice: &mut Dice) -> Vec<Candle> {
        let mut candles: Vec<Candle> = prices
            .iter()
            .map(|price| Candle { open: *price, high: *price, low: *price, close: *price })
            .collect();
        for _ in 0..MINUTES {
            self.minute(phase, prices, dice);
            for (price, candle) in prices.iter().zip(&mut candles) {
                candle.high = candle.high.max(*price);
                candle.low = candle.low.min(*price);
                candle.close = *price;
            }
        }
        candles
    }

    /// Moves all prices for a minute.
    fn minute(&self, phase: &Phase, prices: &mut [Price], dice: &mut Dice) {
        let jump = if dice.happens(phase.jump_chance) { i64::from(phase.jump) } else { 0 };
        let market =
            i64::from(phase.drift).saturating_add(dice.around_zero(phase.noise)).saturating_add(jump);
        for (symbol, price) in self.symbols.iter().zip(prices) {
            let part = market.saturating_mul(i64::from(symbol.beta)) / MILLION;
            *price = moved(*price, part.saturating_add(dice.around_zero(symbol.noise)));
        }
    }
}

/// A price after a move in millionths, rounded down, at least the least price there is.
fn moved(price: Price, by: i64) -> Price {
    let factor = MILLION.saturating_add(by.clamp(-MOST, MOST)).unsigned_abs();
    let raw = wide::mul_div_down(price.get(), factor, MILLION.unsigned_abs()).unwrap_or(u64::MAX);
    Price::new(raw.clamp(1, Price::LIMIT.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{Step, moments};

    fn crash() -> Crash {
        let symbol = |name: &str, price, beta| Symbol {
            name: name.into(),
            price: Price::from_decimal(price, 0).unwrap(),
            beta,
            noise: 500,
        };
        Crash::of_a_day(
            1_651_881_600,
            vec![symbol("BTC-USD", 40_000, 1_000_000), symbol("SOL-USD", 80, 1_500_000)],
        )
    }

    #[test]
    fn the_same_seed_makes_the_same_prices_and_another_seed_others() {
        let first = crash().history(7);
        assert_eq!(first, crash().history(7));
        assert_ne!(first, crash().history(8));
        // Written down: every machine makes these.
        let last = first.hours.last().unwrap();
        assert_eq!(last.candles.iter().map(|candle| candle.close.get()).collect::<Vec<_>>(), CLOSES);
    }

    const CLOSES: [u64; 2] = [31_669_671_558_714_866, 54_131_507_998_035];

    #[test]
    fn it_is_a_history_like_a_real_one_and_it_crashes() {
        for seed in 0..20 {
            let history = crash().history(seed);
            assert_eq!(history.hours.len(), 24);
            assert!(history.hours.iter().all(|hour| hour.candles.iter().all(Candle::is_whole)));
            let joined =
                |two: &[Hour]| two[0].candles.iter().zip(&two[1].candles).all(|(a, b)| a.close == b.open);
            assert!(history.hours.windows(2).all(joined));
            let lowest =
                moments(&history, Step::new(300).unwrap()).map(|moment| moment.prices[0]).min().unwrap();
            let fallen = Price::from_decimal(40_000, 0).unwrap().get() - lowest.get();
            let part = fallen * 100 / Price::from_decimal(40_000, 0).unwrap().get();
            assert!((15..=60).contains(&part), "seed {seed} fell by {part} %");
        }
    }

    #[test]
    fn minutes_are_those_of_the_hours() {
        let (crash, seed) = (crash(), 5);
        let (moments, history) = (crash.moments(seed), crash.history(seed));
        assert_eq!(moments.len(), 24 * 60 + 1);
        for (number, hour) in history.hours.iter().enumerate() {
            let minutes = &moments[number * 60 + 1..=(number + 1) * 60];
            for (place, candle) in hour.candles.iter().enumerate() {
                let prices = || minutes.iter().map(|moment| moment.prices[place]);
                assert_eq!(prices().next_back(), Some(candle.close));
                assert_eq!(prices().max().max(Some(candle.open)), Some(candle.high));
                assert_eq!(prices().min().min(Some(candle.open)), Some(candle.low));
            }
            assert_eq!(minutes[59].unix_time, hour.unix_time + HOUR);
        }
    }

    #[test]
    fn a_price_never_vanishes() {
        assert_eq!(moved(Price::new(1), -300_000), Price::new(1));
        assert_eq!(moved(Price::new(Price::LIMIT - 1), 300_000), Price::new(Price::LIMIT - 1));
        assert_eq!(moved(Price::new(1_000_000), -250_000), Price::new(750_000));
    }
}
