//! The largest withdrawal against the bank's own rule and the margin check: it passes, and one unit more does not.

use super::world::{NOW, World, refusal, world};
use crate::portfolio::{Most, Portfolio};
use plimsoll::{
    errors::Refusal,
    state::{Bank, risk_board::Pausable},
};
use plimsoll_risk::{
    health::{Check, Overlay},
    num::{Ratio, TokenAmount},
};
use proptest::prelude::*;

/// What the program says to a withdrawal.
fn says(world: &World, bank: &Bank, amount: u64, may_borrow: bool) -> Option<Refusal> {
    let (mut account, mut bank) = (*world.account, *bank);
    if let Err(error) = bank.require_ungated(NOW).and_then(|()| bank.require_whole()) {
        return refusal(error);
    }
    let moved = match bank.withdraw(&mut account, TokenAmount::new(amount), may_borrow, NOW) {
        Ok(moved) => moved,
        Err(error) => return refusal(error),
    };
    if !moved.debt.is_zero()
        && let Err(error) = world.board.require_running(Pausable::Borrow, NOW)
    {
        return refusal(error);
    }
    if !account.has_risk() {
        return None;
    }
    let healthy = world.board.require_healthy(&account, &Overlay::none(), Check::Withdraw, NOW);
    healthy.err().and_then(refusal)
}

/// How a bank is limited beyond margin.
fn limits() -> impl Strategy<Value = (u32, u32, u64, u64, u64, i64)> {
    let cap = || prop_oneof![Just(u64::MAX), 1u64 << 38..1 << 42];
    let limit = || prop_oneof![Just(10_000u32), 10u32..5_000];
    (limit(), limit(), 0u64..1 << 40, cap(), cap(), 0i64..100)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_largest_withdrawal_passes_and_a_unit_more_does_not(
        world in world(), at in any::<prop::sample::Index>(), may_borrow in any::<bool>(), limits in limits(),
    ) {
        let (hour, day, small, cap, account_cap, ago) = limits;
        let mut bank = *at.get(&world.banks);
        (bank.hour_limit, bank.day_limit) = (Ratio::from_bps(hour), Ratio::from_bps(day));
        (bank.small_withdrawal, bank.small_share) = (small, Ratio::from_bps(2_500));
        (bank.borrow_cap, bank.account_borrow_cap) = (cap, account_cap);
        (bank.accrued_at, bank.borrow_rate) = (NOW - ago, Ratio::from_bps(3_000));
        let Most { amount, refused } =
            Portfolio::new(&world.account, &world.board, NOW).max_withdrawal(&bank, may_borrow);
        if !amount.is_zero() {
            prop_assert_eq!(says(&world, &bank, amount.get(), may_borrow), None);
        }
        prop_assert_eq!(says(&world, &bank, amount.get() + 1, may_borrow), Some(refused), "{:?}", amount);
    }
}
