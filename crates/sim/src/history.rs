//! Hourly prices: what was traded, read from a file of comma-separated values.
//!
//! The file starts with the line `unix_time,symbol,open,high,low,close`; a line is one hour of one symbol, prices are
//! decimals. Prices become integers in 2^-40 and never pass through a float.

mod read;
mod refusal;

pub use refusal::{Fault, HistoryError};

use crate::calendar::{DAY, day_start};
use plimsoll_risk::num::Price;

/// Seconds in an hour.
pub const HOUR: i64 = 3_600;

/// One hour of one symbol; `low ≤ open, close ≤ high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candle {
    /// The first price.
    pub open: Price,
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
    /// The last price.
    pub close: Price,
}

impl Candle {
    /// Whether low and high enclose the others.
    pub fn is_whole(&self) -> bool {
        self.low <= self.open.min(self.close) && self.open.max(self.close) <= self.high
    }
}

/// One hour of all symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hour {
    /// When it starts, unix seconds.
    pub unix_time: i64,
    /// In the order of [`History::symbols`].
    pub candles: Vec<Candle>,
}

/// Consecutive hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// What is traded, as `BTC-USD`.
    pub symbols: Vec<String>,
    /// Each starts where the one before ends.
    pub hours: Vec<Hour>,
}

/// A range of whole hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first second, unix.
    pub from: i64,
    /// The first second after it, unix.
    pub until: i64,
}

impl Period {
    /// From two bounds as people write them: days (`2022-05-07`, UTC) or unix seconds. A day as the end is included
    /// whole, seconds as the end are the first not included.
    ///
    /// [`HistoryError::Period`] for anything else, for bounds within an hour, and for an empty range.
    pub fn parse(from: &str, until: &str) -> Result<Self, HistoryError> {
        let refused = || HistoryError::Period { from: from.to_owned(), until: until.to_owned() };
        let start = day_start(from).or_else(|| from.parse().ok()).ok_or_else(refused)?;
        let end = match day_start(until) {
            Some(day) => day.saturating_add(DAY),
            None => until.parse().map_err(|_| refused())?,
        };
        let whole = start >= 0 && start % HOUR == 0 && end % HOUR == 0;
        if whole && start < end { Ok(Self { from: start, until: end }) } else { Err(refused()) }
    }

    /// Whether a moment lies in it.
    pub const fn contains(&self, unix_time: i64) -> bool {
        self.from <= unix_time && unix_time < self.until
    }

    /// The starts of its hours.
    pub fn hours(&self) -> impl Iterator<Item = i64> + use<> {
        let until = self.until;
        std::iter::successors(Some(self.from), |start| start.checked_add(HOUR))
            .take_while(move |start| *start < until)
    }
}

impl History {
    /// Where it starts and ends. Empty for a history without hours.
    pub fn period(&self) -> Period {
        let from = self.hours.first().map_or(0, |hour| hour.unix_time);
        let until = self.hours.last().map_or(0, |hour| hour.unix_time.saturating_add(HOUR));
        Period { from, until }
    }
}

#[cfg(test)]
mod tests;
