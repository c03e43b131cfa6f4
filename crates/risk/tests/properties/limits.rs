//! Ramps and outflow limits against their exact lines.

use crate::exact::*;
use num_traits::Signed;
use plimsoll_risk::RiskError;
use plimsoll_risk::num::{Ratio, TokenAmount};
use plimsoll_risk::outflow::{OutflowTerms, OutflowWindow};
use plimsoll_risk::ramp::Ramp;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_ramp_is_its_line_rounded_towards_where_it_comes_from(
        from in any::<u32>(), to in any::<u32>(), start in any::<i64>(), end in any::<i64>(), at in any::<i64>()
    ) {
        let found = Ramp { from, to, start, end }.value(at);
        if at >= end {
            prop_assert_eq!(found, to);
        } else if at <= start {
            prop_assert_eq!(found, from);
        } else {
            let gone = fraction(i128::from(at) - i128::from(start), i128::from(end) - i128::from(start));
            let exact = whole(from) + (whole(to) - whole(from)) * gone;
            let on_the_line = if to >= from { is_floor(found, &exact) } else { is_ceiling(found, &exact) };
            prop_assert!(on_the_line);
        }
    }

    #[test]
    fn a_ramp_only_moves_towards_its_target(
        from in any::<u32>(), to in any::<u32>(), duration in any::<u32>(), a in any::<u32>(), b in any::<u32>()
    ) {
        let ramp = Ramp::constant(from).retarget(1_000, to, duration);
        let (early, late) = (ramp.value(1_000 + i64::from(a.min(b))), ramp.value(1_000 + i64::from(a.max(b))));
        prop_assert!(late.abs_diff(to) <= early.abs_diff(to));
        prop_assert_eq!(ramp.retarget(1_000 + i64::from(a), 5, 100).value(1_000 + i64::from(a)), ramp.value(1_000 + i64::from(a)));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Out(u64),
    In(u64),
    Wait(u32),
}

/// Towards zero, from either side.
fn leaked(level: Exact, by: Exact) -> Exact {
    if level.is_negative() { -at_least_zero(-level - by) } else { at_least_zero(level - by) }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0u64..200_000).prop_map(Step::Out),
        (0u64..2_000).prop_map(Step::Out),
        (0u64..100_000).prop_map(Step::In),
        (0u32..4_000).prop_map(Step::Wait),
        (0u32..4).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever the order: the level is never below the exact bucket's (the leak rounds against the withdrawer), never more
    /// than one unit a step above it, and nothing leaves beyond the limit.
    #[test]
    fn a_bucket_never_leaks_faster_than_its_line(steps in steps(), limit in prop_oneof![1u32..2_000_000, 1u32..1 << 30], small in 0u32..=1 << 30) {
        const PERIOD: u32 = 3_600;
        let deposits = TokenAmount::new(1_000_000);
        let terms = OutflowTerms {
            limit_ratio: Ratio::new(limit),
            period_seconds: PERIOD,
            small_size: TokenAmount::new(1_000),
            small_share: Ratio::new(small),
        };
        let cap = (whole(1_000_000) * ratio(terms.limit_ratio)).floor().max(whole(1_000));
        let (mut window, mut now) = (OutflowWindow::default(), 1_000_000i64);
        let (mut exact, mut leaked_at) = (whole(0), now);
        for (turn, step) in steps.into_iter().enumerate() {
            match step {
                Step::Wait(seconds) => now += i64::from(seconds),
                Step::In(amount) => {
                    exact = leaked(exact, &cap * fraction(now - leaked_at, PERIOD)) - whole(amount);
                    leaked_at = now;
                    window = window.inflow(TokenAmount::new(amount), &terms, deposits, now).unwrap();
                }
                Step::Out(amount) => {
                    exact = leaked(exact, &cap * fraction(now - leaked_at, PERIOD));
                    leaked_at = now;
                    let usable = if amount > 1_000 { &cap - (&cap * ratio(terms.small_share)).ceil() } else { cap.clone() };
                    match window.outflow(TokenAmount::new(amount), &terms, deposits, now) {
                        Ok(next) => {
                            window = next;
                            exact += whole(amount);
                            prop_assert!(exact <= usable && whole(window.level) <= cap);
                        }
                        Err(RiskError::OutflowLimit { available }) => {
                            let left = at_least_zero(usable - &exact);
                            prop_assert!(whole(available.get()) <= left);
                            prop_assert!(whole(available.get()) + whole(turn + 2) >= left);
                            prop_assert!(amount > available.get());
                            // Exactly what is available may leave, and not one unit more.
                            prop_assert!(window.outflow(available, &terms, deposits, now).is_ok());
                        }
                        Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
                    }
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_answered_without_a_panic(
        level in any_size(), base in any_size(), base_time in any::<i64>(), updated_at in any::<i64>(),
        limit in any::<u32>(), period in any::<u32>(), amount in any_size(), now in any::<i64>()
    ) {
        let terms = OutflowTerms {
            limit_ratio: Ratio::new(limit),
            period_seconds: period,
            small_size: TokenAmount::new(base),
            small_share: Ratio::new(limit),
        };
        let window = OutflowWindow { level: level as i64, base, base_time, updated_at };
        let _ = window.outflow(TokenAmount::new(amount), &terms, TokenAmount::new(base), now);
        let _ = window.available(TokenAmount::new(amount), &terms, TokenAmount::MAX, now);
    }
}
