//! Interest against exact arithmetic, one accrual and a year of them.

use crate::exact::*;
use num_traits::Zero;
use plimsoll_risk::interest::{BankLedger, RateCurve, SECONDS_PER_YEAR, utilisation};
use plimsoll_risk::num::{Index, Ratio, Shares, TokenAmount};
use proptest::prelude::*;

fn ledger(deposits: u64, borrows: u64, deposit_index: u128, borrow_index: u128) -> BankLedger {
    BankLedger {
        deposit_index: Index::new(deposit_index),
        borrow_index: Index::new(borrow_index),
        deposit_shares: Shares::new(deposits),
        borrow_shares: Shares::new(borrows),
        reserves: 0,
        reserves_fraction: 0,
    }
}

fn lent(ledger: &BankLedger) -> Exact {
    whole(ledger.deposit_shares.get()) * index(ledger.deposit_index)
}

fn owed(ledger: &BankLedger) -> Exact {
    whole(ledger.borrow_shares.get()) * index(ledger.borrow_index)
}

fn reserves(ledger: &BankLedger) -> Exact {
    whole(ledger.reserves) + fraction(ledger.reserves_fraction, power_of_two(64))
}

fn interest(ledger: &BankLedger, rate: Ratio, seconds: u64) -> Exact {
    owed(ledger) * ratio(rate) * fraction(seconds, SECONDS_PER_YEAR)
}

fn any_index() -> impl Strategy<Value = u128> {
    (1u128 << 63..1u128 << 72, 0u32..9).prop_map(|(raw, shift)| (raw >> shift).max(1 << 63))
}

fn covered(ledger: &BankLedger) -> bool {
    ledger.borrows().unwrap() <= ledger.deposits().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_curve_is_its_lines_rounded_up(
        kinks in (0u32..=1 << 30, 0u32..=1 << 30), rates in any::<[u32; 4]>(), at in 0u32..=1 << 30
    ) {
        let (kink1, kink2) = (kinks.0.min(kinks.1), kinks.0.max(kinks.1));
        let [rate0, rate1, rate2, rate3] = rates.map(Ratio::new);
        let curve = RateCurve { kink1: Ratio::new(kink1), kink2: Ratio::new(kink2), rate0, rate1, rate2, rate3 };
        let points = [(0, rate0), (kink1, rate1), (kink2, rate2), (1 << 30, rate3)];
        let found = curve.rate(Ratio::new(at)).unwrap().get();
        // Where kinks coincide the line is vertical: any of its points would do, the engine takes the last.
        let (from, to) = points.windows(2).map(|pair| (pair[0], pair[1]))
            .find(|(from, to)| from.0 <= at && at < to.0).unwrap_or((points[3], points[3]));
        let along = if to.0 == from.0 { Exact::zero() } else { fraction(at - from.0, to.0 - from.0) };
        let exact = whole(from.1.get()) + (whole(to.1.get()) - whole(from.1.get())) * along;
        prop_assert!(is_ceiling(found, &exact));
    }

    #[test]
    fn utilisation_is_the_exact_share_rounded_up(deposits in any_size(), borrows in any_size()) {
        let found = utilisation(TokenAmount::new(deposits), TokenAmount::new(borrows));
        if borrows == 0 {
            prop_assert!(found.is_zero());
        } else if borrows >= deposits {
            prop_assert_eq!(found, Ratio::ONE);
        } else {
            prop_assert!(is_ceiling(found.get(), &(fraction(borrows, deposits) * whole(1u64 << 30))));
        }
    }

    #[test]
    fn an_accrual_is_within_one_unit_of_exact_and_leaks_nothing(
        deposits in 1u64..1 << 47, part in 0u64..=1_000, indexes in (any_index(), any_index()),
        rate in any::<u32>(), factor in 0u32..=1 << 30, seconds in 0u64..10_000
    ) {
        let lent_now = u128::from(deposits) * indexes.0;
        let borrows = (lent_now / 1_000 * u128::from(part) / indexes.1) as u64;
        let before = ledger(deposits, borrows, indexes.0, indexes.1);
        let (rate, factor) = (Ratio::new(rate), Ratio::new(factor));
        let after = before.accrue(rate, factor, seconds).unwrap();
        let grown = owed(&after) - owed(&before);
        let (to_lenders, to_reserves) = (lent(&after) - lent(&before), reserves(&after) - reserves(&before));
        prop_assert!(&to_lenders + &to_reserves <= grown);
        prop_assert!(!covered(&before) || covered(&after));
        if after == before {
            return Ok(());
        }
        let exact = interest(&before, rate, seconds.min(3_600));
        prop_assert!(grown >= exact);
        prop_assert!(is_near(&grown, &exact, &whole(1)));
        prop_assert!(&to_lenders + &to_reserves + whole(1) >= grown);
        let exact_reserves = &exact * ratio(factor);
        if to_reserves < &exact_reserves - whole(1) {
            // The reserves yielded: only because the lenders' claims would not have covered the borrowers' debts.
            let full = lent(&before) + &grown - &exact_reserves;
            prop_assert!(full.floor() <= owed(&after).ceil() + whole(2));
        } else {
            prop_assert!(is_near(&to_reserves, &exact_reserves, &whole(1)));
        }
    }

    #[test]
    fn nothing_accrues_only_when_nobody_could_pay(
        deposits in 1u64..1 << 47, borrows in 1u64..1 << 47, rate in 1u32.., factor in 0u32..=1 << 30
    ) {
        let before = ledger(deposits, borrows, 1 << 64, 1 << 64);
        if before.accrue(Ratio::new(rate), Ratio::new(factor), 60).unwrap() == before {
            // At most the rounding of one share value and of two totals short.
            prop_assert!(borrows + 2 >= deposits);
        }
    }

    #[test]
    fn any_ledger_is_answered_without_a_panic(
        shares in any::<[u64; 4]>(), deposit in any::<u128>(), borrow in any::<u128>(), rate in any::<u32>(),
        factor in any::<u32>(), seconds in any::<u64>()
    ) {
        let [deposit_shares, borrow_shares, reserves, reserves_fraction] = shares;
        let any = BankLedger { reserves, reserves_fraction, ..ledger(deposit_shares, borrow_shares, deposit, borrow) };
        let _ = any.accrue(Ratio::new(rate), Ratio::new(factor), seconds);
    }
}

/// Small and irregular: every refresh of a year, deposits and withdrawals, borrows and repayments between them.
fn simulate(seed: u64, unit: u64) {
    let mut random = seed;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let bps = Ratio::from_bps;
    let curve = RateCurve {
        kink1: bps(6_000),
        kink2: bps(8_500),
        rate0: bps(10),
        rate1: bps(600),
        rate2: bps(2_500),
        rate3: bps(25_000),
    };
    let factor = bps(1_500);
    let mut bank = ledger(1_000 * unit, 500 * unit, 1 << 64, 1 << 64);
    let (mut drift, mut accruals, mut seconds) = (whole(0), 0u64, 0u64);
    let mut rate = curve.rate(utilisation(bank.deposits().unwrap(), bank.borrows().unwrap())).unwrap();
    while seconds < SECONDS_PER_YEAR {
        let elapsed = 1 + next(7_200);
        seconds += elapsed;
        accruals += 1;
        let before = bank;
        bank = bank.accrue(rate, factor, elapsed).unwrap();
        let grown = owed(&bank) - owed(&before);
        if bank != before {
            let exact = interest(&before, rate, elapsed.min(3_600));
            assert!(grown >= exact && is_near(&grown, &exact, &whole(1)));
            drift += &grown - exact;
        }
        assert!(covered(&bank));
        let paid = lent(&bank) + reserves(&bank) - lent(&before) - reserves(&before);
        assert!(paid <= grown);
        let amount = TokenAmount::new(next(20 * unit));
        match next(4) {
            0 => {
                let new = Shares::from_amount_down(amount, bank.deposit_index).unwrap();
                bank.deposit_shares = bank.deposit_shares.checked_add(new).unwrap();
            }
            1 => {
                let gone = Shares::from_amount_up(amount, bank.deposit_index).unwrap();
                let left = BankLedger { deposit_shares: bank.deposit_shares.saturating_sub(gone), ..bank };
                if covered(&left) {
                    bank = left;
                }
            }
            2 => {
                let new = Shares::from_amount_up(amount, bank.borrow_index).unwrap();
                let more = BankLedger { borrow_shares: bank.borrow_shares.checked_add(new).unwrap(), ..bank };
                if covered(&more) {
                    bank = more;
                }
            }
            _ => {
                let gone = Shares::from_amount_down(amount, bank.borrow_index).unwrap();
                bank.borrow_shares = bank.borrow_shares.saturating_sub(gone);
            }
        }
        rate = curve.rate(utilisation(bank.deposits().unwrap(), bank.borrows().unwrap())).unwrap();
    }
    // All rounding of a year: less than one unit in all for banks whose shares are far from 2^64.
    assert!(drift < whole(1), "{accruals} accruals drifted by {drift}");
}

#[test]
fn a_year_of_irregular_refreshes_and_deposits_leaks_nothing() {
    simulate(1, 1_000_000);
    simulate(2, 1_000_000_000);
    simulate(3, 100);
}

#[test]
fn a_year_of_refreshes_alone_drifts_less_than_a_unit_each() {
    let rate = Ratio::from_bps(1_234);
    let mut bank = ledger(3_000_000_007, 1_500_000_001, 1 << 64, 1 << 64);
    let (mut exact, mut accruals, mut seconds) = (owed(&bank), 0u64, 0u64);
    while seconds < SECONDS_PER_YEAR {
        let elapsed = 1 + (accruals * 7_919) % 3_600;
        bank = bank.accrue(rate, Ratio::from_bps(1_000), elapsed).unwrap();
        exact += &exact * ratio(rate) * fraction(elapsed, SECONDS_PER_YEAR);
        exact = (exact * whole(power_of_two(80))).floor() / whole(power_of_two(80));
        accruals += 1;
        seconds += elapsed;
    }
    assert!(
        owed(&bank) >= exact && is_near(&owed(&bank), &exact, &whole(1)),
        "a year costs less than one unit in all"
    );
    let earned = lent(&bank) - whole(3_000_000_007u64) + reserves(&bank);
    let paid = owed(&bank) - whole(1_500_000_001u64);
    assert!(earned <= paid && paid <= earned + whole(accruals));
}
