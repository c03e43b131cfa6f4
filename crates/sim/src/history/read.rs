//! Reading the file.

use super::{Candle, Fault, HOUR, History, HistoryError, Hour, Period};
use csv::StringRecord;
use plimsoll_risk::num::Price;
use std::{collections::BTreeMap, io};

/// The columns, in order.
pub(super) const HEADER: [&str; 6] = ["unix_time", "symbol", "open", "high", "low", "close"];

/// Hours with what was found of each symbol.
type Found = BTreeMap<i64, Vec<Option<Candle>>>;

impl History {
    /// Reads the hours of a range, for these symbols, in whatever order the lines stand.
    ///
    /// Every line of the file is checked, of other symbols and other times too: a file with a bad line is not half
    /// believed. [`HistoryError::Line`] says which line and why, [`HistoryError::MissingHour`] what a range lacks.
    pub fn read(source: impl io::Read, symbols: &[&str], period: Period) -> Result<Self, HistoryError> {
        let mut places = BTreeMap::new();
        for (place, symbol) in symbols.iter().enumerate() {
            if places.insert(*symbol, place).is_some() {
                return Err(HistoryError::Symbols);
            }
        }
        if places.is_empty() {
            return Err(HistoryError::Symbols);
        }
        let found = collect(source, &places, period)?;
        let missing = |place: usize, unix_time| HistoryError::MissingHour {
            symbol: symbols.get(place).map_or_else(String::new, |symbol| (*symbol).to_owned()),
            unix_time,
        };
        let mut hours = Vec::new();
        for unix_time in period.hours() {
            let found = found.get(&unix_time).ok_or_else(|| missing(0, unix_time))?;
            let candles = found
                .iter()
                .enumerate()
                .map(|(place, candle)| candle.ok_or_else(|| missing(place, unix_time)));
            hours.push(Hour { unix_time, candles: candles.collect::<Result<_, _>>()? });
        }
        Ok(Self { symbols: symbols.iter().map(|symbol| (*symbol).to_owned()).collect(), hours })
    }
}

/// Goes through all lines.
fn collect(
    source: impl io::Read,
    places: &BTreeMap<&str, usize>,
    period: Period,
) -> Result<Found, HistoryError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(source);
    let mut found = Found::new();
    let mut record = StringRecord::new();
    let mut is_first = true;
    while reader.read_record(&mut record).map_err(|error| unreadable(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
        let refused = |fault| HistoryError::Line { line, fault };
        if std::mem::take(&mut is_first) {
            if record.iter().ne(HEADER) {
                return Err(refused(Fault::Header(record.iter().collect::<Vec<_>>().join(","))));
            }
            continue;
        }
        let (unix_time, candle) = parse(&record).map_err(refused)?;
        let symbol = record.get(1).unwrap_or_default();
        let Some(place) = places.get(symbol).filter(|_| period.contains(unix_time)) else { continue };
        let hour = found.entry(unix_time).or_insert_with(|| vec![None; places.len()]);
        if let Some(slot) = hour.get_mut(*place)
            && slot.replace(candle).is_some()
        {
            return Err(refused(Fault::Repeated));
        }
    }
    if is_first {
        return Err(HistoryError::Line { line: 1, fault: Fault::Header(String::new()) });
    }
    Ok(found)
}

fn unreadable(error: &csv::Error) -> HistoryError {
    let line = error.position().map_or(0, csv::Position::line);
    HistoryError::Line { line, fault: Fault::Unreadable(error.to_string()) }
}

/// One line: the start of its hour, and its prices.
fn parse(record: &StringRecord) -> Result<(i64, Candle), Fault> {
    let text = |column: usize| record.get(column).unwrap_or_default();
    let time = text(0).parse::<i64>().ok().filter(|time| *time >= 0 && time % HOUR == 0);
    let time = time.ok_or_else(|| Fault::Time(text(0).to_owned()))?;
    let price = |column: usize| {
        price(text(column)).ok_or_else(|| Fault::Price {
            column: HEADER.get(column).copied().unwrap_or_default(),
            text: text(column).to_owned(),
        })
    };
    let candle = Candle { open: price(2)?, high: price(3)?, low: price(4)?, close: price(5)? };
    if candle.is_whole() { Ok((time, candle)) } else { Err(Fault::Order) }
}

/// A price out of a plain decimal: digits, and more of them after a point; to the nearest 2^-40.
fn price(text: &str) -> Option<Price> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let places = i32::try_from(fraction.len()).ok()?;
    Price::from_decimal(digits.parse().ok()?, places.checked_neg()?).ok()
}
