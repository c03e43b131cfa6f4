//! Prices.

use super::{Ratio, wide};
use crate::error::{RiskError, overflow};

/// A [`Price`] counts units of 2^-40.
pub const PRICE_BITS: u32 = 40;

quantity! {
    /// Whole quote units per whole token, in 2^-40: 2^-40 (9.1e-13) up to 2^23 (8.4 million). A live price is at least 1
    /// and below 2^63 raw; 0 means "none yet".
    Price(u64)
}

impl Price {
    /// Exactly 1: what the quote token is worth by definition (DESIGN §4).
    pub const ONE: Self = Self(1 << PRICE_BITS);

    /// Every price lies below this raw number.
    pub const LIMIT: u64 = 1 << 63;

    /// From a raw number in range: `PriceOutOfRange` for 0 and from [`Price::LIMIT`] on.
    #[inline]
    pub const fn checked(raw: u64) -> Result<Self, RiskError> {
        if raw == 0 || raw >= Self::LIMIT { Err(RiskError::PriceOutOfRange) } else { Ok(Self(raw)) }
    }

    /// `mantissa × 10^exponent`, as oracles publish it, rounded to nearest (half up): a price favours nobody.
    ///
    /// `exponent` −19 ..= 19, else `BadParameter`; `PriceOutOfRange` when the result is no price.
    pub const fn from_decimal(mantissa: u64, exponent: i32) -> Result<Self, RiskError> {
        let Some(power) = 10u64.checked_pow(exponent.unsigned_abs()) else {
            return Err(RiskError::BadParameter);
        };
        let scaled = (mantissa as u128) << PRICE_BITS;
        let raw = if exponent < 0 {
            // mantissa·2^40 < 2^104, so half the power fits on top.
            scaled.saturating_add((power >> 1) as u128).checked_div(power as u128)
        } else {
            scaled.checked_mul(power as u128)
        };
        match raw {
            Some(raw) => match wide::narrow(raw) {
                Some(raw) => Self::checked(raw),
                None => Err(RiskError::PriceOutOfRange),
            },
            None => Err(RiskError::PriceOutOfRange),
        }
    }

    /// `ratio × price`, rounded down. `Overflow` when it does not fit 64 bits.
    #[inline(always)]
    pub const fn mul_down(self, ratio: Ratio) -> Result<Self, RiskError> {
        match wide::mul_shift_down(self.0, ratio.get() as u64, super::RATIO_BITS) {
            Some(raw) => Ok(Self(raw)),
            None => overflow(),
        }
    }

    /// `ratio × price`, rounded up. `Overflow` when it does not fit 64 bits.
    #[inline(always)]
    pub const fn mul_up(self, ratio: Ratio) -> Result<Self, RiskError> {
        match wide::mul_shift_up(self.0, ratio.get() as u64, super::RATIO_BITS) {
            Some(raw) => Ok(Self(raw)),
            None => overflow(),
        }
    }

    /// The distance between two prices, always positive. Exact.
    #[inline(always)]
    pub const fn distance(self, other: Self) -> Self {
        Self(self.0.abs_diff(other.0))
    }

    /// Whether `|self/reference − 1| > limit`. Exact, without a division; from a reference of 0 everything deviates.
    ///
    /// A limit of [`Ratio::MAX`] or any distance that the limit covers exactly is within.
    #[inline]
    pub const fn deviates(self, reference: Self, limit: Ratio) -> bool {
        reference.0 == 0
            || ((self.distance(reference).0 as u128) << super::RATIO_BITS)
                > wide::mul(reference.0, limit.get() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_price_is_the_nearest_binary_one() {
        assert_eq!(Price::from_decimal(1, 0), Ok(Price::ONE));
        assert_eq!(Price::from_decimal(15_000_000_000, -8), Ok(Price::new(150 << 40)));
        assert_eq!(Price::from_decimal(5, -1), Ok(Price::new(1 << 39)));
        // 10^-12 = 1.0995 units of 2^-40
        assert_eq!(Price::from_decimal(1, -12), Ok(Price::new(1)));
        assert_eq!(Price::from_decimal(1, -13), Err(RiskError::PriceOutOfRange));
        assert_eq!(Price::from_decimal(5, -13), Ok(Price::new(1)));
    }

    #[test]
    fn a_price_outside_its_range_is_refused() {
        assert_eq!(Price::from_decimal(0, 0), Err(RiskError::PriceOutOfRange));
        assert_eq!(Price::from_decimal(1 << 23, 0), Err(RiskError::PriceOutOfRange));
        assert!(Price::from_decimal((1 << 23) - 1, 0).is_ok());
        assert_eq!(Price::from_decimal(u64::MAX, 19), Err(RiskError::PriceOutOfRange));
        assert_eq!(Price::from_decimal(1, 20), Err(RiskError::BadParameter));
        assert_eq!(Price::from_decimal(1, i32::MIN), Err(RiskError::BadParameter));
        assert_eq!(Price::checked(1 << 63), Err(RiskError::PriceOutOfRange));
    }

    #[test]
    fn a_deviation_of_exactly_the_limit_is_within() {
        let tenth = Ratio::new(Ratio::ONE.get() / 8);
        let reference = Price::new(8_000);
        assert!(!Price::new(9_000).deviates(reference, tenth));
        assert!(Price::new(9_001).deviates(reference, tenth));
        assert!(!Price::new(7_000).deviates(reference, tenth));
        assert!(Price::new(6_999).deviates(reference, tenth));
        assert!(Price::new(1).deviates(Price::ZERO, Ratio::MAX));
    }
}
