//! From the oracles' decimal numbers to the protocol's binary ones.
//!
//! `mantissa × 10^-d × 2^40 = mantissa × 2^(40−d) / 5^d`. Dividing the mantissa by 5^d first leaves a remainder that, shifted,
//! still fits a word, so two divisions of words give the exact quotient and its remainder. A division of 128 bits would cost ten
//! times as much on chain.

use core::num::NonZeroU64;
use plimsoll_risk::num::{PRICE_BITS, Price};

/// Most decimals that a published number has.
pub(super) const MAX_DECIMALS: u32 = 18;

/// The widest spread that can be said: what a spread beyond the range of prices counts as.
pub(super) const WIDEST: Price = Price::new(Price::LIMIT - 1);

/// 5^0 ..= 5^18.
const POWERS_OF_FIVE: [NonZeroU64; MAX_DECIMALS as usize + 1] = {
    let mut powers = [NonZeroU64::MIN; MAX_DECIMALS as usize + 1];
    let mut decimals = 1;
    while decimals < powers.len() {
        powers[decimals] = match NonZeroU64::new(powers[decimals - 1].get() * 5) {
            Some(power) => power,
            None => unreachable!(),
        };
        decimals += 1;
    }
    powers
};

/// A remainder of the first division, shifted for the second, fits 64 bits: for every number of decimals.
const _: () = {
    let mut decimals = 0;
    while decimals < POWERS_OF_FIVE.len() {
        let largest = (POWERS_OF_FIVE[decimals].get() - 1) as u128;
        assert!(largest << (PRICE_BITS - decimals as u32) <= u64::MAX as u128);
        decimals += 1;
    }
};

/// A price rounded to the nearest: it favours nobody. There are no ties, since 5^d is odd.
///
/// `None` where [`Price::checked`] refuses it, or for more than [`MAX_DECIMALS`] decimals.
#[inline(always)]
pub(super) fn price(mantissa: u64, decimals: u32) -> Option<Price> {
    let (quotient, remainder, divisor) = divide(mantissa, decimals)?;
    nearest(quotient, remainder, divisor)
}

/// A confidence, rounded up: it may only look wider than it is. Beyond the range it is [`WIDEST`].
#[inline(always)]
pub(super) fn spread(mantissa: u64, decimals: u32) -> Price {
    match divide(mantissa, decimals) {
        Some((quotient, remainder, _)) => up(quotient, remainder),
        None => WIDEST,
    }
}

/// As [`price`], from a mantissa of more than 64 bits with [`MAX_DECIMALS`] decimals.
pub(super) fn wide_price(mantissa: u128) -> Option<Price> {
    let (quotient, remainder, divisor) = divide_wide(mantissa)?;
    nearest(quotient, remainder, divisor)
}

/// As [`spread`], from a mantissa of more than 64 bits with [`MAX_DECIMALS`] decimals.
pub(super) fn wide_spread(mantissa: u128) -> Price {
    match divide_wide(mantissa) {
        Some((quotient, remainder, _)) => up(quotient, remainder),
        None => WIDEST,
    }
}

/// `mantissa·2^(40−d) / 5^d` with its remainder and 5^d; `None` for a quotient of 2^63 and more, or too many decimals.
///
/// Nothing wraps: the shift lies in 22 ..= 40, and a quotient below 2^63 may be rounded up.
#[inline(always)]
fn divide(mantissa: u64, decimals: u32) -> Option<(u64, u64, NonZeroU64)> {
    let divisor = *POWERS_OF_FIVE.get(decimals as usize)?;
    let shift = PRICE_BITS.wrapping_sub(decimals);
    let whole = mantissa / divisor;
    if whole.wrapping_shr(63_u32.wrapping_sub(shift)) != 0 {
        return None;
    }
    let rest = (mantissa % divisor).wrapping_shl(shift);
    Some((whole.wrapping_shl(shift) | (rest / divisor), rest % divisor, divisor))
}

/// The same for [`MAX_DECIMALS`] decimals, by long division in digits of 22 bits: a remainder of 42 bits and the next digit
/// make a word, and one more digit of zero is the shift.
fn divide_wide(mantissa: u128) -> Option<(u64, u64, NonZeroU64)> {
    const DIGIT: u32 = PRICE_BITS - MAX_DECIMALS;
    const MASK: u64 = (1 << DIGIT) - 1;
    const DIVISOR: NonZeroU64 = POWERS_OF_FIVE[MAX_DECIMALS as usize];
    let mut quotient = 0_u64;
    let mut remainder = u64::try_from(mantissa >> (2 * DIGIT)).ok().filter(|top| *top < DIVISOR.get())?;
    for digits in [(mantissa >> DIGIT) as u64, mantissa as u64, 0] {
        if quotient >> (63 - DIGIT) != 0 {
            return None;
        }
        let part = (remainder << DIGIT) | (digits & MASK);
        quotient = (quotient << DIGIT) | (part / DIVISOR);
        remainder = part % DIVISOR;
    }
    Some((quotient, remainder, DIVISOR))
}

#[inline(always)]
fn nearest(quotient: u64, remainder: u64, divisor: NonZeroU64) -> Option<Price> {
    let rounded = quotient.wrapping_add(u64::from(remainder > divisor.get() >> 1));
    Price::checked(rounded).ok()
}

#[inline(always)]
fn up(quotient: u64, remainder: u64) -> Price {
    Price::new(quotient.wrapping_add(u64::from(remainder != 0))).min(WIDEST)
}
