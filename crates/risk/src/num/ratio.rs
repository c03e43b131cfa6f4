//! Ratios: weights, margin ratios, rates, limits.

use super::{Quote, wide};
use crate::error::{RiskError, overflow};

/// A [`Ratio`] counts units of 2^-30.
pub const RATIO_BITS: u32 = 30;

/// A [`SizeFactor`] counts units of 2^-42.
pub const SIZE_FACTOR_BITS: u32 = 42;

quantity! {
    /// A plain number in 2^-30: 0 up to just below 4. Weights, margin ratios, rates, shares and limits.
    Ratio(u32)
}

quantity! {
    /// The growth of a margin ratio with size (`imf`, DESIGN §4), in 2^-42 per square root of one whole quote unit:
    /// 0 up to 0.00097.
    SizeFactor(u32)
}

impl Ratio {
    /// Exactly 1.
    pub const ONE: Self = Self(1 << RATIO_BITS);

    /// The largest ratio, 4 − 2^-30.
    pub const MAX: Self = Self(u32::MAX);

    /// `bps / 10,000`, rounded down. Saturates at [`Ratio::MAX`].
    #[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // 2^62 at most; compared before the cast.
    pub const fn from_bps(bps: u32) -> Self {
        let raw = ((bps as u64) << RATIO_BITS) / 10_000;
        if raw > u32::MAX as u64 { Self::MAX } else { Self(raw as u32) }
    }

    /// `numerator / denominator`, rounded down. `BadParameter` for a denominator of 0, `Overflow` from 4 on.
    #[inline]
    pub const fn from_fraction_down(numerator: u64, denominator: u64) -> Result<Self, RiskError> {
        if denominator == 0 {
            return Err(RiskError::BadParameter);
        }
        narrow(wide::mul_div_down(numerator, Self::ONE.0 as u64, denominator))
    }

    /// `numerator / denominator`, rounded up. `BadParameter` for a denominator of 0, `Overflow` from 4 on.
    #[inline]
    pub const fn from_fraction_up(numerator: u64, denominator: u64) -> Result<Self, RiskError> {
        if denominator == 0 {
            return Err(RiskError::BadParameter);
        }
        narrow(wide::mul_div_up(numerator, Self::ONE.0 as u64, denominator))
    }

    /// `ratio × quote`, rounded towards minus infinity. `Overflow` when it does not fit.
    #[inline(always)]
    pub const fn mul_down(self, quote: Quote) -> Result<Quote, RiskError> {
        if quote.is_negative() {
            negative(self.part_up(quote.magnitude()))
        } else {
            positive(self.part_down(quote.magnitude()))
        }
    }

    /// `ratio × quote`, rounded towards plus infinity. `Overflow` when it does not fit.
    #[inline(always)]
    pub const fn mul_up(self, quote: Quote) -> Result<Quote, RiskError> {
        if quote.is_negative() {
            negative(self.part_down(quote.magnitude()))
        } else {
            positive(self.part_up(quote.magnitude()))
        }
    }

    #[inline(always)]
    const fn part_down(self, magnitude: u64) -> Option<u64> {
        match self.part(magnitude) {
            Some((floor, _)) => Some(floor),
            None => None,
        }
    }

    #[inline(always)]
    const fn part_up(self, magnitude: u64) -> Option<u64> {
        match self.part(magnitude) {
            // At most 2^63 + 2^34, so there is room for one.
            Some((floor, cut)) => Some(floor.wrapping_add(cut as u64)),
            None => None,
        }
    }

    /// `⌊ratio·magnitude⌋`, and whether something was cut off; `None` where it surely passes 2^63.
    ///
    /// Two products of 32-bit halves instead of one of 64 bits: this stands in the loop of every margin check.
    #[inline(always)]
    const fn part(self, magnitude: u64) -> Option<(u64, bool)> {
        let ratio = self.0 as u64;
        let high = (magnitude >> 32).wrapping_mul(ratio);
        let low = (magnitude & u32::MAX as u64).wrapping_mul(ratio);
        if high > 1 << 61 {
            return None;
        }
        // 4·high ≤ 2^63 and low / 2^30 < 2^34: the sum never wraps.
        let floor = high.wrapping_shl(32 - RATIO_BITS).wrapping_add(low >> RATIO_BITS);
        Some((floor, low.wrapping_shl(64 - RATIO_BITS) != 0))
    }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // Compared right here.
const fn narrow(raw: Option<u64>) -> Result<Ratio, RiskError> {
    match raw {
        Some(raw) if raw <= u32::MAX as u64 => Ok(Ratio(raw as u32)),
        _ => overflow(),
    }
}

#[inline(always)]
const fn positive(magnitude: Option<u64>) -> Result<Quote, RiskError> {
    match magnitude {
        Some(magnitude) => Quote::from_unsigned(magnitude),
        None => overflow(),
    }
}

#[inline(always)]
const fn negative(magnitude: Option<u64>) -> Result<Quote, RiskError> {
    match magnitude {
        Some(magnitude) => match 0i64.checked_sub_unsigned(magnitude) {
            Some(raw) => Ok(Quote::new(raw)),
            None => overflow(),
        },
        None => overflow(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_rounds_negative_quote_in_the_direction_of_its_name() {
        let half = Ratio::new(Ratio::ONE.get() / 2);
        assert_eq!(half.mul_down(Quote::new(5)), Ok(Quote::new(2)));
        assert_eq!(half.mul_up(Quote::new(5)), Ok(Quote::new(3)));
        assert_eq!(half.mul_down(Quote::new(-5)), Ok(Quote::new(-3)));
        assert_eq!(half.mul_up(Quote::new(-5)), Ok(Quote::new(-2)));
    }

    #[test]
    fn a_product_that_does_not_fit_is_refused() {
        assert_eq!(Ratio::MAX.mul_up(Quote::MAX), Err(RiskError::Overflow));
        assert_eq!(Ratio::MAX.mul_down(Quote::new(i64::MIN)), Err(RiskError::Overflow));
        assert_eq!(Ratio::ONE.mul_down(Quote::new(i64::MIN)), Ok(Quote::new(i64::MIN)));
    }

    #[test]
    fn a_fraction_rounds_in_the_direction_of_its_name() {
        assert_eq!(Ratio::from_fraction_down(1, 3).unwrap().get(), 357_913_941);
        assert_eq!(Ratio::from_fraction_up(1, 3).unwrap().get(), 357_913_942);
        assert_eq!(Ratio::from_fraction_up(4, 1), Err(RiskError::Overflow));
        assert_eq!(Ratio::from_fraction_down(4, 0), Err(RiskError::BadParameter));
        assert_eq!(Ratio::from_bps(10_000), Ratio::ONE);
        assert_eq!(Ratio::from_bps(u32::MAX), Ratio::MAX);
    }
}
