//! The quantities round in the direction of their methods' names, exactly, and overflow is an error.

use crate::exact::*;
use plimsoll_risk::num::sqrt::{isqrt, isqrt_up};
use plimsoll_risk::num::{Index, Price, Quote, Ratio, Scaled, Shares, TokenAmount, wide};
use proptest::prelude::*;

fn fits(exact: &Exact) -> bool {
    *exact <= whole(u64::MAX)
}

fn any_index() -> impl Strategy<Value = Index> {
    (any_size(), 0u64..1 << 16).prop_map(|(low, high)| Index::new(((high as u128) << 64) | low as u128 | 1))
}

fn scaled(number: Scaled) -> Exact {
    let mantissa = whole(number.mantissa);
    let power = whole(power_of_two(number.exponent.unsigned_abs()));
    if number.exponent < 0 { mantissa / power } else { mantissa * power }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn wide_products_are_exact_and_round_by_name(a in any_size(), b in any_size(), c in any_size(), shift in 0u32..=127) {
        let product = whole(a) * whole(b);
        let shifted = &product / whole(power_of_two(shift));
        prop_assert_eq!(wide::mul_shift_down(a, b, shift).is_some(), fits(&shifted.floor()));
        prop_assert_eq!(wide::mul_shift_up(a, b, shift).is_some(), fits(&shifted.ceil()));
        prop_assert!(wide::mul_shift_down(a, b, shift).is_none_or(|found| is_floor(found, &shifted)));
        prop_assert!(wide::mul_shift_up(a, b, shift).is_none_or(|found| is_ceiling(found, &shifted)));
        if c != 0 {
            let divided = product / whole(c);
            prop_assert_eq!(wide::mul_div_down(a, b, c).is_some(), fits(&divided.floor()));
            prop_assert_eq!(wide::mul_div_up(a, b, c).is_some(), fits(&divided.ceil()));
            prop_assert!(wide::mul_div_down(a, b, c).is_none_or(|found| is_floor(found, &divided)));
            prop_assert!(wide::mul_div_up(a, b, c).is_none_or(|found| is_ceiling(found, &divided)));
        }
    }

    #[test]
    fn roots_are_exact(n in any_size()) {
        let (down, up) = (u128::from(isqrt(n)), u128::from(isqrt_up(n)));
        let n = u128::from(n);
        prop_assert!(down * down <= n && n < (down + 1) * (down + 1));
        prop_assert!(up * up >= n && (up == 0 || (up - 1) * (up - 1) < n));
    }

    #[test]
    fn shares_are_worth_their_index(shares in any_size(), index in any_index()) {
        let exact = whole(shares) * crate::exact::index(index);
        let shares = Shares::new(shares);
        prop_assert_eq!(shares.amount_down(index).is_ok(), fits(&exact.floor()));
        prop_assert_eq!(shares.amount_up(index).is_ok(), fits(&exact.ceil()));
        prop_assert!(shares.amount_down(index).map_or(true, |found| is_floor(found.get(), &exact)));
        prop_assert!(shares.amount_up(index).map_or(true, |found| is_ceiling(found.get(), &exact)));
    }

    #[test]
    fn amounts_become_shares_and_never_more(amount in any_size(), index in any_index()) {
        let exact = whole(amount) / crate::exact::index(index);
        let amount = TokenAmount::new(amount);
        let (down, up) = (Shares::from_amount_down(amount, index), Shares::from_amount_up(amount, index));
        prop_assert_eq!(down.is_ok(), fits(&exact.floor()));
        prop_assert_eq!(up.is_ok(), fits(&exact.ceil()));
        if let (Ok(down), Ok(up)) = (down, up) {
            prop_assert!(is_floor(down.get(), &exact) && is_ceiling(up.get(), &exact));
            prop_assert!(down.amount_down(index).unwrap() <= amount);
            prop_assert!(up.amount_up(index).map_or(true, |owed| owed >= amount));
        }
    }

    #[test]
    fn ratios_round_by_name(raw in any::<i64>(), shift in 0u32..63, by in any::<u32>()) {
        let (quote, by) = (Quote::new(raw >> shift), Ratio::new(by));
        let exact = whole(quote.get()) * ratio(by);
        prop_assert!(by.mul_down(quote).map_or(true, |found| is_floor(found.get(), &exact)));
        prop_assert!(by.mul_up(quote).map_or(true, |found| is_ceiling(found.get(), &exact)));
        let holds = |exact: Exact| exact >= whole(i64::MIN) && exact <= whole(i64::MAX);
        prop_assert_eq!(by.mul_down(quote).is_ok(), holds(exact.floor()));
        prop_assert_eq!(by.mul_up(quote).is_ok(), holds(exact.ceil()));
        let amount = TokenAmount::new(quote.magnitude());
        let exact = whole(amount.get()) * ratio(by);
        prop_assert!(amount.mul_down(by).map_or(true, |found| is_floor(found.get(), &exact)));
        prop_assert!(amount.mul_up(by).map_or(true, |found| is_ceiling(found.get(), &exact)));
    }

    #[test]
    fn fractions_round_by_name(numerator in any_size(), denominator in any_size()) {
        prop_assume!(denominator != 0);
        let exact = fraction(numerator, denominator) * whole(1u64 << 30);
        let (down, up) =
            (Ratio::from_fraction_down(numerator, denominator), Ratio::from_fraction_up(numerator, denominator));
        prop_assert_eq!(down.is_ok(), exact.floor() <= whole(u32::MAX));
        prop_assert!(down.map_or(true, |found| is_floor(found.get(), &exact)));
        prop_assert!(up.map_or(true, |found| is_ceiling(found.get(), &exact)));
    }

    #[test]
    fn decimal_prices_are_the_nearest(mantissa in any_size(), exponent in -19i32..=19) {
        let power = whole(ten_to(exponent.unsigned_abs() as u8));
        let scaled = whole(mantissa) * whole(1u64 << 40);
        let exact = if exponent < 0 { scaled / power } else { scaled * power };
        match Price::from_decimal(mantissa, exponent) {
            Ok(found) => prop_assert!(is_near(&whole(found.get()), &exact, &fraction(1, 2))),
            Err(_) => prop_assert!(exact < fraction(1, 2) || exact >= whole(1u64 << 63) - whole(1)),
        }
    }

    #[test]
    fn a_deviation_is_exact(a in any_size(), b in any_size(), limit in any::<u32>()) {
        prop_assume!(b != 0);
        let exact = (whole(a) / whole(b) - whole(1)) > ratio(Ratio::new(limit))
            || (whole(1) - whole(a) / whole(b)) > ratio(Ratio::new(limit));
        prop_assert_eq!(Price::new(a).deviates(Price::new(b), Ratio::new(limit)), exact);
    }

    #[test]
    fn scaled_products_keep_63_bits_and_round_by_name(a in any_size(), b in any_size(), c in any_size(), d in 1u64..1 << 40) {
        let exact = whole(a) * whole(b) * whole(c) / whole(d);
        let down = Scaled::new_down(u128::from(a), 0).times_down(b, 0).times_down(c, 0).over_down(d);
        let up = Scaled::new_up(u128::from(a), 0).times_up(b, 0).times_up(c, 0).over_up(d);
        let slack = &exact / whole(power_of_two(61));
        prop_assert!(scaled(down) <= exact && scaled(up) >= exact);
        prop_assert!(is_near(&scaled(down), &exact, &slack) && is_near(&scaled(up), &exact, &slack));
    }

    #[test]
    fn scaled_products_and_fractions_round_by_name(a in any_size(), b in any_size(), part in 0u64..1 << 62) {
        let exact = whole(a) * whole(b);
        let (x, y) = (Scaled::new_down(u128::from(a), 0), Scaled::new_down(u128::from(b), 0));
        let (down, up) = (x.product_down(y), x.product_up(y));
        let slack = &exact / whole(power_of_two(63));
        prop_assert!(scaled(down) <= exact && scaled(up) >= exact);
        prop_assert!(is_near(&scaled(down), &exact, &slack) && is_near(&scaled(up), &exact, &slack));
        let exact = whole(a) * fraction(part, power_of_two(62));
        let (down, up) = (x.fraction_down(part), x.fraction_up(part));
        let slack = whole(a) / whole(power_of_two(63));
        prop_assert!(scaled(down) <= exact && scaled(up) >= exact);
        prop_assert!(is_near(&scaled(down), &exact, &slack) && is_near(&scaled(up), &exact, &slack));
    }
}
