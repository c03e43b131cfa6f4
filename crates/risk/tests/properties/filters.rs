//! Stable price, average and volatility against exact steps.

use crate::exact::*;
use num_traits::Signed;
use plimsoll_risk::num::{Price, Ratio};
use plimsoll_risk::stable::follow;
use plimsoll_risk::twap::average;
use plimsoll_risk::volatility::{DECAY, GRID_SECONDS, MAX_RETURN, MAX_STEPS, Volatility};
use proptest::prelude::*;

fn any_price() -> impl Strategy<Value = Price> {
    (1u64..1 << 63, 0u32..62).prop_map(|(raw, shift)| Price::new((raw >> shift).max(1)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_stable_price_moves_by_its_rate_or_arrives(
        stable in any_price(), previous in any_price(), rate in any::<u32>(), elapsed in 0u64..200
    ) {
        let rate = Ratio::new(rate);
        let found = whole(follow(stable, previous, rate, elapsed).get());
        let (from, to) = (whole(stable.get()), whole(previous.get()));
        let reach = (&from * ratio(rate) * fraction(elapsed.min(60), 60)).ceil();
        let way = (&to - &from).abs().min(reach);
        prop_assert_eq!(found, if to >= from { from + way } else { from - way });
    }

    #[test]
    fn an_average_moves_by_the_time_that_a_price_stood(twap in any_price(), previous in any_price(), elapsed in 0u64..400) {
        let found = whole(average(twap, previous, elapsed).get());
        let (from, to) = (whole(twap.get()), whole(previous.get()));
        let exact = &from + (&to - &from) * fraction(elapsed.min(300), 300);
        prop_assert!(is_near(&found, &exact, &whole(1)));
        prop_assert!(from.clone().min(to.clone()) <= found && found <= from.max(to));
    }

    #[test]
    fn a_variance_is_the_exact_blend(
        variance in 0u64..1 << 54, grid in any_price(), tilt in 0u64..4_000, elapsed in 0i64..9_000, offset in 0i64..300
    ) {
        // A price within 20% of the grid's.
        let price = Price::new((u128::from(grid.get()) * u128::from(8_000 + tilt) / 10_000).max(1) as u64);
        let start = Volatility { variance, grid_price: grid, grid_time: 3_000 };
        let found = start.observe(price, 3_000 + elapsed + offset);
        let steps = ((elapsed + offset) / GRID_SECONDS) as u64;
        if steps == 0 {
            prop_assert_eq!(found, start);
            return Ok(());
        }
        let counted = steps.min(MAX_STEPS);
        let change = whole(price.get()) / whole(grid.get()) - whole(1);
        let clamp = ratio(MAX_RETURN) * ratio(MAX_RETURN);
        let squared = (&change * &change / whole(counted)).min(clamp);
        let mut exact = fraction(variance, power_of_two(60));
        for _ in 0..counted {
            exact = ratio(DECAY) * exact + (whole(1) - ratio(DECAY)) * &squared;
        }
        let found_variance = fraction(found.variance, power_of_two(60));
        // The return is rounded up by less than 2^-30, its square by less than 2^-30; each step by 2^-60.
        prop_assert!(found_variance >= exact);
        prop_assert!(is_near(&found_variance, &exact, &fraction(1, power_of_two(31))));
        prop_assert_eq!((found.grid_price, found.grid_time), (price, 3_000 + steps as i64 * GRID_SECONDS));
        let sigma = ratio(found.sigma_daily(Ratio::ZERO).unwrap());
        let daily = &found_variance * whole(288);
        prop_assert!(&sigma * &sigma >= daily);
        let below = sigma - fraction(1, power_of_two(30));
        prop_assert!(below.is_negative() || &below * &below < daily || found.variance == 0);
    }

    #[test]
    fn any_state_is_answered_without_a_panic(
        a in any::<u64>(), b in any::<u64>(), c in any::<u64>(), rate in any::<u32>(), time in any::<i64>(), now in any::<i64>()
    ) {
        let _ = follow(Price::new(a), Price::new(b), Ratio::new(rate), c);
        let _ = average(Price::new(a), Price::new(b), c);
        let _ = Volatility { variance: c, grid_price: Price::new(a), grid_time: time }.observe(Price::new(b), now);
    }
}
