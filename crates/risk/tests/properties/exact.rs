//! Exact rational arithmetic: what the engine approximates.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use plimsoll_risk::num::{Index, Price, Ratio};

pub type Exact = BigRational;

pub fn whole(number: impl Into<BigInt>) -> Exact {
    Exact::from_integer(number.into())
}

pub fn fraction(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> Exact {
    Exact::new(numerator.into(), denominator.into())
}

pub fn power_of_two(exponent: u32) -> BigInt {
    BigInt::one() << exponent
}

pub fn ratio(ratio: Ratio) -> Exact {
    fraction(ratio.get(), power_of_two(30))
}

pub fn price(price: Price) -> Exact {
    fraction(price.get(), power_of_two(40))
}

pub fn index(index: Index) -> Exact {
    fraction(index.get(), power_of_two(64))
}

pub fn ten_to(decimals: u8) -> BigInt {
    BigInt::from(10u64).pow(u32::from(decimals))
}

/// `found ≤ exact < found + 1`.
pub fn is_floor(found: impl Into<BigInt>, exact: &Exact) -> bool {
    exact.floor().to_integer() == found.into()
}

/// `found − 1 < exact ≤ found`.
pub fn is_ceiling(found: impl Into<BigInt>, exact: &Exact) -> bool {
    exact.ceil().to_integer() == found.into()
}

/// `|found − exact| ≤ tolerance`.
pub fn is_near(found: &Exact, exact: &Exact, tolerance: &Exact) -> bool {
    (found - exact).abs() <= *tolerance
}

pub fn at_least_zero(number: Exact) -> Exact {
    if number.is_negative() { Exact::zero() } else { number }
}

/// Numbers of every magnitude: uniform ones are nearly all huge.
pub fn any_size() -> impl proptest::strategy::Strategy<Value = u64> {
    use proptest::prelude::*;
    prop_oneof![
        4 => (any::<u64>(), 0u32..64).prop_map(|(number, shift)| number >> shift),
        1 => Just(0u64),
        1 => Just(u64::MAX),
        1 => (0u32..64, 0u64..3).prop_map(|(bit, off)| (1u64 << bit).wrapping_add(off).wrapping_sub(1)),
    ]
}
