//! Numbers of any size with 64 significant bits: what a product of many factors goes through.

use super::wide;

/// `mantissa × 2^exponent`, normalised (the top bit of the mantissa is set, or the number is 0) but for fractions of one.
///
/// For products of factors of very different sizes (an index, a price, decimals, a weight). Each step loses less than
/// 2^-63 of the value, in the direction of its name; and each is monotone, so that what is ordered stays ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scaled {
    /// 64 significant bits.
    pub mantissa: u64,
    /// Power of two that they count.
    pub exponent: i32,
}

impl Scaled {
    /// Nothing.
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0 };

    /// `value × 2^exponent`, rounded down to 64 significant bits.
    pub const fn new_down(value: u128, exponent: i32) -> Self {
        let (mantissa, exponent, _) = Self::normalise(value, exponent);
        Self { mantissa, exponent }
    }

    /// `value × 2^exponent`, rounded up to 64 significant bits.
    pub const fn new_up(value: u128, exponent: i32) -> Self {
        Self::carried(Self::normalise(value, exponent))
    }

    /// One more, if something was cut off.
    #[inline(always)]
    const fn carried(parts: (u64, i32, bool)) -> Self {
        match parts {
            (mantissa, exponent, false) => Self { mantissa, exponent },
            (u64::MAX, exponent, true) => Self { mantissa: 1 << 63, exponent: exponent.saturating_add(1) },
            (mantissa, exponent, true) => Self { mantissa: mantissa.saturating_add(1), exponent },
        }
    }

    /// Mantissa, exponent, and whether something was cut off.
    #[inline(always)]
    #[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
    const fn normalise(value: u128, exponent: i32) -> (u64, i32, bool) {
        let high = (value >> 64) as u64;
        if high == 0 {
            let low = value as u64;
            if low == 0 {
                return (0, 0, false);
            }
            let zeros = low.leading_zeros();
            return (low << zeros, exponent.saturating_sub(zeros as i32), false);
        }
        // 1 ..= 64 bits too many.
        let excess = 64 - high.leading_zeros();
        ((value >> excess) as u64, exponent.saturating_add(excess as i32), value << (128 - excess) != 0)
    }

    /// `self × factor × 2^exponent`, rounded down.
    #[inline]
    pub const fn times_down(self, factor: u64, exponent: i32) -> Self {
        Self::new_down(wide::mul(self.mantissa, factor), self.exponent.saturating_add(exponent))
    }

    /// `self × factor × 2^exponent`, rounded up.
    #[inline]
    pub const fn times_up(self, factor: u64, exponent: i32) -> Self {
        Self::new_up(wide::mul(self.mantissa, factor), self.exponent.saturating_add(exponent))
    }

    /// `self × other`, rounded down: cheaper than [`Scaled::times_down`], because both are normalised.
    #[inline]
    pub const fn product_down(self, other: Self) -> Self {
        let exponent = self.exponent.saturating_add(other.exponent);
        let (mantissa, exponent, _) = Self::halve(wide::mul(self.mantissa, other.mantissa), exponent);
        Self { mantissa, exponent }
    }

    /// `self × other`, rounded up.
    #[inline]
    pub const fn product_up(self, other: Self) -> Self {
        let exponent = self.exponent.saturating_add(other.exponent);
        Self::carried(Self::halve(wide::mul(self.mantissa, other.mantissa), exponent))
    }

    /// The upper half of a product of two normalised mantissas, exponent, and whether something was cut off.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)]
    const fn halve(product: u128, exponent: i32) -> (u64, i32, bool) {
        if product == 0 {
            (0, 0, false)
        } else if product >> 127 != 0 {
            ((product >> 64) as u64, exponent.saturating_add(64), product as u64 != 0)
        } else {
            // At least 2^126.
            ((product >> 63) as u64, exponent.saturating_add(63), (product as u64) << 1 != 0)
        }
    }

    /// `self × fraction × 2^-62`, rounded down, for a fraction below 2^62. Not normalised again: keeps its exponent's unit,
    /// so that values with one base are compared as they stand.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // fraction < 2^62, masked so that it is.
    pub const fn fraction_down(self, fraction: u64) -> Self {
        let fraction = fraction & Self::FRACTION_MASK;
        Self { mantissa: (wide::mul(self.mantissa, fraction) >> 62) as u64, exponent: self.exponent }
    }

    /// `self × fraction × 2^-62`, rounded up, for a fraction below 2^62. Not normalised again.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // As above; and the product is below 2^126, so the sum fits.
    pub const fn fraction_up(self, fraction: u64) -> Self {
        let fraction = fraction & Self::FRACTION_MASK;
        let carried = wide::mul(self.mantissa, fraction).saturating_add(Self::FRACTION_MASK as u128);
        Self { mantissa: (carried >> 62) as u64, exponent: self.exponent }
    }

    const FRACTION_MASK: u64 = u64::MAX >> 2;

    /// `self / divisor`, rounded down. A divisor of 0 counts as 1.
    pub const fn over_down(self, divisor: u64) -> Self {
        let divisor = if divisor == 0 { 1 } else { divisor };
        let quotient = match ((self.mantissa as u128) << 64).checked_div(divisor as u128) {
            Some(quotient) => quotient,
            None => 0,
        };
        Self::new_down(quotient, self.exponent.saturating_sub(64))
    }

    /// `self / divisor`, rounded up. A divisor of 0 counts as 1.
    pub const fn over_up(self, divisor: u64) -> Self {
        let divisor = if divisor == 0 { 1 } else { divisor };
        let quotient = ((self.mantissa as u128) << 64).div_ceil(divisor as u128);
        Self::new_up(quotient, self.exponent.saturating_sub(64))
    }

    /// The mantissa that means the same with `2^-shift` as its unit, rounded down. `None` when it does not fit.
    pub const fn mantissa_down(self, shift: u32) -> Option<u64> {
        match self.places(shift) {
            Some(places) if places < 64 => Some(self.mantissa >> places),
            Some(_) => Some(0),
            None => None,
        }
    }

    /// The mantissa that means the same with `2^-shift` as its unit, rounded up. `None` when it does not fit.
    #[allow(clippy::arithmetic_side_effects)] // Something was cut off, so there is room for one.
    pub const fn mantissa_up(self, shift: u32) -> Option<u64> {
        match self.places(shift) {
            Some(places) if places < 64 => {
                let floor = self.mantissa >> places;
                Some(if floor << places == self.mantissa { floor } else { floor + 1 })
            }
            Some(_) => Some((self.mantissa != 0) as u64),
            None => None,
        }
    }

    /// By how many bits the mantissa moves right to count `2^-shift`.
    #[allow(clippy::cast_possible_wrap)] // 128 is beyond any shift in use, and more cannot fit anyway.
    const fn places(self, shift: u32) -> Option<u32> {
        if self.mantissa == 0 {
            return Some(0);
        }
        let shift = if shift > 128 { 128 } else { shift as i32 };
        let places = self.exponent.saturating_add(shift);
        if places > 0 { None } else { Some(places.unsigned_abs()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_64_highest_bits() {
        assert_eq!(Scaled::new_down(0, 7), Scaled::ZERO);
        assert_eq!(Scaled::new_down(3, 0), Scaled { mantissa: 3 << 62, exponent: -62 });
        assert_eq!(Scaled::new_up(3 << 90, 0), Scaled { mantissa: 3 << 62, exponent: 28 });
        assert_eq!(Scaled::new_down((1 << 64) + 1, 0), Scaled { mantissa: 1 << 63, exponent: 1 });
        assert_eq!(Scaled::new_up((1 << 64) + 1, 0), Scaled { mantissa: (1 << 63) + 1, exponent: 1 });
        assert_eq!(Scaled::new_up(u128::MAX, 0), Scaled { mantissa: 1 << 63, exponent: 65 });
    }

    #[test]
    fn a_mantissa_rounds_in_the_direction_of_its_name() {
        let three_quarters = Scaled::new_down(3, -2);
        assert_eq!(three_quarters.mantissa_down(2), Some(3));
        assert_eq!((three_quarters.mantissa_down(1), three_quarters.mantissa_up(1)), (Some(1), Some(2)));
        assert_eq!((three_quarters.mantissa_down(0), three_quarters.mantissa_up(0)), (Some(0), Some(1)));
        assert_eq!(three_quarters.mantissa_down(65), None);
        let tiny = Scaled::new_down(1, -300);
        assert_eq!((tiny.mantissa_down(100), tiny.mantissa_up(100)), (Some(0), Some(1)));
    }

    #[test]
    fn a_division_rounds_in_the_direction_of_its_name() {
        let third = Scaled::new_down(1, 0);
        assert_eq!(third.over_up(3).mantissa, third.over_down(3).mantissa + 1);
        assert_eq!(third.over_down(1), third);
        assert_eq!(third.over_down(0), third);
    }
}
