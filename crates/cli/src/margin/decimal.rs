//! Decimals as a file writes them: exact, at most 8 places.

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// Decimal places that a file may use.
pub const PLACES: u32 = 8;

/// One, in units of 10^-8.
const ONE: i128 = 10i128.pow(PLACES);

/// Every magnitude lies below this: 10^20.
const LIMIT: i128 = 10i128.pow(20) * ONE;

/// An exact decimal number in units of 10^-8, below 10^20 in magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(i128);

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(ONE);
    /// Engine ratios end below this.
    pub const FOUR: Self = Self(4 * ONE);

    /// The number in units of 10^-8.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Reads `-12.5`: digits, and after a point at most 8 more. The error says what was expected.
    fn parse(text: &str) -> Result<Self, &'static str> {
        const NOT_A_DECIMAL: &str = "a decimal string such as \"12.5\"";
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(NOT_A_DECIMAL),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let padded = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || padded || !is_number(whole) || !is_number(fraction) {
            return Err(NOT_A_DECIMAL);
        }
        let missing =
            PLACES.checked_sub(fraction.len().try_into().unwrap_or(u32::MAX)).ok_or("at most 8 decimals")?;
        // Both parts are digits only: they fail to parse where they are too long.
        let units = format!("{whole}{fraction}")
            .parse::<i128>()
            .ok()
            .and_then(|mantissa| mantissa.checked_mul(10i128.pow(missing)))
            .filter(|units| *units < LIMIT)
            .ok_or("a number below 10^20")?;
        Ok(Self(if negative { -units } else { units }))
    }
}

impl fmt::Display for Decimal {
    /// As short as exact: `-12.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, fraction) = (magnitude / ONE.unsigned_abs(), magnitude % ONE.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        let text = format!("{sign}{whole}.{fraction:08}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal string such as \"12.5\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                Decimal::parse(text).map_err(|expected| E::invalid_value(Unexpected::Str(text), &expected))
            }
        }
        source.deserialize_str(Text)
    }
}

/// A decimal that must lie in a range.
fn ranged<'de, D: Deserializer<'de>>(
    source: D,
    expected: &'static str,
    within: impl FnOnce(Decimal) -> bool,
) -> Result<Decimal, D::Error> {
    let decimal = Decimal::deserialize(source)?;
    if within(decimal) {
        Ok(decimal)
    } else {
        Err(D::Error::invalid_value(Unexpected::Str(&decimal.to_string()), &expected))
    }
}

/// Above 0: prices.
pub fn positive<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    ranged(source, "a number above 0", |decimal| decimal > Decimal::ZERO)
}

/// 0 or more: sizes of orders, worths, sensitivities.
pub fn not_negative<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    ranged(source, "a number of 0 or more", |decimal| decimal >= Decimal::ZERO)
}

/// 0 to 1: asset weights, margin ratios.
pub fn part_of_one<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    ranged(source, "a number from 0 to 1", |decimal| (Decimal::ZERO..=Decimal::ONE).contains(&decimal))
}

/// 1 to below 4, where the engine's ratios end: liability weights.
pub fn one_or_more<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    ranged(source, "a number from 1 to below 4", |decimal| (Decimal::ONE..Decimal::FOUR).contains(&decimal))
}

/// Above 0, or `null` for no limit.
pub fn positive_or_null<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Decimal>, D::Error> {
    nullable(source, "null or a number above 0", |decimal| decimal > Decimal::ZERO)
}

/// 0 or more, or `null` for none.
pub fn not_negative_or_null<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Decimal>, D::Error> {
    nullable(source, "null or a number of 0 or more", |decimal| decimal >= Decimal::ZERO)
}

fn nullable<'de, D: Deserializer<'de>>(
    source: D,
    expected: &'static str,
    within: impl FnOnce(Decimal) -> bool,
) -> Result<Option<Decimal>, D::Error> {
    let decimal = Option::<Decimal>::deserialize(source)?;
    match decimal {
        Some(outside) if !within(outside) => {
            Err(D::Error::invalid_value(Unexpected::Str(&outside.to_string()), &expected))
        }
        _ => Ok(decimal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_read_exactly() {
        for (text, units) in [
            ("0", 0),
            ("-0", 0),
            ("1", 100_000_000),
            ("0.00000001", 1),
            ("-12.50", -1_250_000_000),
            ("99999999999999999999.99999999", LIMIT - 1),
        ] {
            assert_eq!(Decimal::parse(text), Ok(Decimal(units)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_was_expected() {
        for text in [
            "", "-", ".", ".5", "5.", "+1", "1e3", "01", " 1", "1 ", "1,5", "--1", "1.2.3", "1.-2", "NaN",
            "٣",
        ] {
            assert_eq!(Decimal::parse(text), Err("a decimal string such as \"12.5\""), "{text}");
        }
        assert_eq!(Decimal::parse("1.000000000"), Err("at most 8 decimals"));
        for text in ["100000000000000000000", "-100000000000000000000", &"9".repeat(5_000)] {
            assert_eq!(Decimal::parse(text), Err("a number below 10^20"));
        }
    }

    #[test]
    fn a_decimal_is_written_as_short_as_exact() {
        for text in ["0", "1", "-12.5", "0.00000001", "100", "-0.1"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
    }
}
