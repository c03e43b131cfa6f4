//! Amounts and prices as text.

use core::fmt;
use plimsoll_risk::num::{PRICE_BITS, Price};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Native units, with sign; text in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

impl Amount {
    /// So many native units.
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// Native units.
    pub const fn get(self) -> i128 {
        self.0
    }

    /// So much more, at most what fits.
    #[must_use]
    pub const fn plus(self, units: i128) -> Self {
        Self(self.0.saturating_add(units))
    }

    /// In whole tokens of so many decimals, with thousands parted, as `-1,234.50`; two decimals, cut off.
    pub fn in_tokens(self, decimals: u8) -> String {
        let one = 10u128.checked_pow(u32::from(decimals)).unwrap_or(u128::MAX);
        let units = self.0.unsigned_abs();
        let (whole, rest) = (units.checked_div(one).unwrap_or(0), units.checked_rem(one).unwrap_or(0));
        let cents = rest.saturating_mul(100).checked_div(one).unwrap_or(0);
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{}.{cents:02}", parted(whole))
    }
}

/// A whole number with its thousands parted by commas.
pub(super) fn parted(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom(format!("`{text}` is no whole number")))
    }
}

/// A price with so many decimals, to the nearest (half up); at most 18.
pub fn decimal(price: Price, decimals: u32) -> String {
    let decimals = decimals.min(18);
    let power = 10u128.saturating_pow(decimals);
    // Below 2^63 · 10^18 < 2^123.
    let scaled = u128::from(price.get()).saturating_mul(power);
    let half = 1u128 << PRICE_BITS.saturating_sub(1);
    let rounded = scaled.saturating_add(half) >> PRICE_BITS;
    if decimals == 0 {
        return rounded.to_string();
    }
    let (whole, rest) = (rounded.checked_div(power).unwrap_or(0), rounded.checked_rem(power).unwrap_or(0));
    let width = usize::try_from(decimals).unwrap_or(0);
    format!("{whole}.{rest:0width$}")
}
