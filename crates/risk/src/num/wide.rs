//! Products of two 64-bit numbers, scaled back to 64 bits: the only wide arithmetic of the hot paths.
//!
//! All operands are `u64`, so the product is one widening multiplication (53 CU with its shift on chain, where a
//! multiplication of two `u128` costs 177). `None` means that the result does not fit 64 bits.
// The one place of widening multiplications: a product of two 64-bit numbers always fits 128 bits, so nothing here wraps.
#![allow(clippy::arithmetic_side_effects)]

/// `a·b`, exact.
#[inline(always)]
pub const fn mul(a: u64, b: u64) -> u128 {
    a as u128 * b as u128
}

/// The low 64 bits, if nothing lies above them.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // Compared right here.
pub const fn narrow(wide: u128) -> Option<u64> {
    if wide >> 64 == 0 { Some(wide as u64) } else { None }
}

/// `⌊a·b / 2^shift⌋` for `shift` ≤ 127. `None` when it does not fit, or when `shift` is out of range.
#[inline(always)]
pub const fn mul_shift_down(a: u64, b: u64, shift: u32) -> Option<u64> {
    if shift > 127 {
        return None;
    }
    narrow(mul(a, b) >> shift)
}

/// `⌈a·b / 2^shift⌉` for `shift` ≤ 127. `None` when it does not fit, or when `shift` is out of range.
#[inline(always)]
pub const fn mul_shift_up(a: u64, b: u64, shift: u32) -> Option<u64> {
    if shift > 127 {
        return None;
    }
    let product = mul(a, b);
    let floor = product >> shift;
    // a·b ≤ (2^64−1)², so one more never wraps.
    narrow(floor + (floor << shift != product) as u128)
}

/// `⌊a·b / c⌋`. `None` when it does not fit or `c` is 0.
#[inline(always)]
pub const fn mul_div_down(a: u64, b: u64, c: u64) -> Option<u64> {
    match mul(a, b).checked_div(c as u128) {
        Some(quotient) => narrow(quotient),
        None => None,
    }
}

/// `⌈a·b / c⌉`. `None` when it does not fit or `c` is 0.
#[inline(always)]
pub const fn mul_div_up(a: u64, b: u64, c: u64) -> Option<u64> {
    if c == 0 {
        return None;
    }
    narrow(mul(a, b).div_ceil(c as u128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_rounds_in_the_direction_of_its_name() {
        assert_eq!(mul_shift_down(7, 3, 2), Some(5));
        assert_eq!(mul_shift_up(7, 3, 2), Some(6));
        assert_eq!(mul_shift_up(8, 3, 2), Some(6));
        assert_eq!(mul_shift_up(u64::MAX, u64::MAX, 127), Some(2));
    }

    #[test]
    fn a_result_beyond_64_bits_is_none() {
        assert_eq!(mul_shift_down(u64::MAX, u64::MAX, 63), None);
        assert_eq!(mul_shift_up(u64::MAX, u64::MAX, 64), Some(u64::MAX));
        assert_eq!(mul_div_down(u64::MAX, 2, 1), None);
        assert_eq!(mul_shift_down(1, 1, 128), None);
        assert_eq!(mul_shift_up(1, 1, 128), None);
    }

    #[test]
    fn a_division_by_zero_is_none() {
        assert_eq!(mul_div_down(1, 1, 0), None);
        assert_eq!(mul_div_up(1, 1, 0), None);
        assert_eq!(mul_div_down(7, 3, 4), Some(5));
        assert_eq!(mul_div_up(7, 3, 4), Some(6));
    }
}
