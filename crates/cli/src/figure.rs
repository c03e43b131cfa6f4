//! One figure of an answer: as people write it (`-1,000.5 SOL`, `2.5 %`), and in JSON a plain decimal string
//! (`"-1000.5"`, `"0.025"`), whose unit the field's name says.

use crate::amounts::Scale;
use plimsoll_book::Ticks;
use plimsoll_deploy::{decimal::Decimal, value::Denomination};
use plimsoll_risk::num::{PRICE_BITS, Price, RATIO_BITS};
use serde::{Serialize, Serializer};
use std::fmt;

/// Decimal places of a price that is no market's.
const PRICE_PLACES: u32 = 6;
/// Decimal places of a percentage, and of the same ratio in JSON.
const PERCENT_PLACES: u32 = 2;
const RATIO_PLACES: u32 = 9;
/// Decimal places of a size.
const SIZE_PLACES: u32 = 9;
/// What counts as no bound at all: the table's greatest amounts.
const UNBOUNDED: u64 = i64::MAX as u64;

/// A number with its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    shown: String,
    plain: String,
}

impl Figure {
    fn new(is_negative: bool, number: Decimal, unit: &str) -> Self {
        let sign = if is_negative { "-" } else { "" };
        let gap = if unit.is_empty() { "" } else { " " };
        Self { shown: format!("{sign}{number}{gap}{unit}"), plain: format!("{sign}{number:#}") }
    }

    /// Native units of a token, owed below zero.
    pub fn tokens(native: impl Into<i128>, of: &Denomination) -> Self {
        let native = native.into();
        Self::new(native < 0, Decimal::new(native.unsigned_abs(), of.decimals.into()), &of.symbol)
    }

    /// A cap in native units of a token, which may be none.
    pub fn cap(native: u64, of: &Denomination) -> Self {
        if native >= UNBOUNDED {
            return Self { shown: "unlimited".into(), plain: "unlimited".into() };
        }
        Self::tokens(native, of)
    }

    /// Lots in whole units of the underlying, short below zero; in lots where a unit is no round number of them.
    pub fn lots(lots: impl Into<i128>, of: &Scale) -> Self {
        let lots = lots.into();
        let one = 10u128.pow(SIZE_PLACES);
        let units = lots.unsigned_abs().saturating_mul(one).checked_div(of.lots_per_unit.into());
        match units.filter(|_| one.is_multiple_of(of.lots_per_unit.into())) {
            Some(units) => Self::new(lots < 0, Decimal::new(units, SIZE_PLACES), &of.symbol),
            None => Self::new(lots < 0, Decimal::new(lots.unsigned_abs(), 0), "lots"),
        }
    }

    /// A market's price of one whole unit of the underlying, exact.
    pub fn ticks(ticks: Ticks, of: &Scale) -> Self {
        let native = u128::from(ticks.get()).saturating_mul(of.tick());
        Self::new(false, Decimal::new(native, of.quote.decimals.into()), "")
    }

    /// An oracle's price, to the nearest millionth.
    pub fn price(price: Price) -> Self {
        let scaled = u128::from(price.get()).saturating_mul(10u128.pow(PRICE_PLACES));
        Self::new(false, Decimal::new(nearest(scaled, PRICE_BITS), PRICE_PLACES), "")
    }

    /// A ratio in 2^-30, to the nearest hundredth of a percent; in JSON a part of 1, to the nearest 10^-9.
    pub fn ratio(raw: impl Into<i128>) -> Self {
        let raw = raw.into();
        let scaled = |places: u32| nearest(raw.unsigned_abs().saturating_mul(10u128.pow(places)), RATIO_BITS);
        let percent = scaled(PERCENT_PLACES.saturating_add(2));
        let shown = Self::new(raw < 0 && percent != 0, Decimal::new(percent, PERCENT_PLACES), "%");
        let part = scaled(RATIO_PLACES);
        Self { plain: Self::new(raw < 0 && part != 0, Decimal::new(part, RATIO_PLACES), "").plain, ..shown }
    }
}

/// Half up.
fn nearest(scaled: u128, bits: u32) -> u128 {
    scaled.saturating_add(1 << bits.saturating_sub(1)) >> bits
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.shown)
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_plain_decimals_and_people_have_units() {
        let usdc = Denomination { symbol: "USDC".into(), decimals: 6 };
        for (figure, shown, plain) in [
            (Figure::tokens(-1_000_500_000i64, &usdc), "-1,000.5 USDC", "\"-1000.5\""),
            (Figure::cap(u64::MAX, &usdc), "unlimited", "\"unlimited\""),
            (Figure::ratio(1i64 << 25), "3.13 %", "\"0.03125\""),
            (Figure::ratio(-1), "0 %", "\"-0.000000001\""),
            (Figure::price(Price::from_decimal(590_005, -1).expect("a price")), "59,000.5", "\"59000.5\""),
        ] {
            assert_eq!(figure.to_string(), shown);
            assert_eq!(serde_json::to_string(&figure).expect("json"), plain);
        }
    }

    #[test]
    fn a_unit_that_is_no_round_number_of_lots_is_counted_in_lots() {
        let quote = Denomination { symbol: "USDC".into(), decimals: 6 };
        let scale =
            |lots_per_unit| Scale { symbol: "X".into(), lots_per_unit, tick_lot: 1, quote: quote.clone() };
        assert_eq!(Figure::lots(-25i64, &scale(100)).to_string(), "-0.25 X");
        assert_eq!(Figure::lots(-25i64, &scale(3)).to_string(), "-25 lots");
    }
}
