//! Losses of every size, shared out: nothing is lost, nothing is borne twice.

use crate::exact::*;
use plimsoll_risk::num::{Index, Quote, Ratio, Shares, TokenAmount};
use plimsoll_risk::waterfall::{
    BorrowLoss, Cover, TierWindow, attribute, haircut, of_borrow, of_market, purchase_cost, seized_part,
};
use proptest::prelude::*;

fn amount() -> impl Strategy<Value = i64> {
    (any::<u64>(), 6u32..64).prop_map(|(raw, shift)| (raw >> shift) as i64)
}

/// Mostly few, at most as many as an account has.
fn losses() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![9 => prop::collection::vec(amount(), 1..6), 1 => prop::collection::vec(amount(), 6..=32)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn a_deficit_is_attributed_to_the_unit_and_the_rest_shared_alike(
        losses in losses(), part in 0u64..=1_000,
    ) {
        let total: i64 = losses.iter().sum();
        let deficit = (i128::from(total) * i128::from(part) / 1_000) as i64;
        let losses: Vec<Quote> = losses.into_iter().map(Quote::new).collect();
        let mut parts = vec![Quote::ZERO; losses.len()];
        prop_assert_eq!(attribute(Quote::new(deficit), &losses, &mut parts), Ok(Quote::new(total)));
        prop_assert_eq!(parts.iter().map(|part| part.get()).sum::<i64>(), deficit);
        let seized: i64 = losses.iter().zip(&parts).map(|(loss, part)| seized_part(*loss, *part).get()).sum();
        prop_assert_eq!(seized, total - deficit);
        for (part, loss) in parts.iter().zip(&losses) {
            prop_assert!(*part >= Quote::ZERO && part <= loss);
            // Within a unit a part of the exact share, below it only for the last.
            let (found, exact) = (i128::from(part.get()) * i128::from(total), i128::from(deficit) * i128::from(loss.get()));
            prop_assert!(found - exact < i128::from(total).max(1));
            prop_assert!(exact - found <= i128::from(total) * (losses.len() as i128));
        }
        if total < i64::MAX {
            let more = Quote::new(total + 1);
            prop_assert!(attribute(more, &losses, &mut parts).is_err());
        }
    }

    #[test]
    fn a_markets_loss_is_borne_in_order_and_in_full(
        loss in amount(), tranche in any_size(), fund in any_size(), tier in any_size(), winners in any::<i64>(),
    ) {
        let cover = Cover {
            tranche: TokenAmount::new(tranche), fund: TokenAmount::new(fund), tier: TokenAmount::new(tier), winners: Quote::new(winners),
        };
        let found = of_market(Quote::new(loss), &cover).unwrap();
        let parts = [found.tranche, found.fund, found.winners, found.deficit];
        prop_assert!(parts.iter().all(|part| *part >= Quote::ZERO));
        prop_assert_eq!(parts.iter().map(|part| i128::from(part.get())).sum::<i128>(), i128::from(loss));
        let most = [tranche, fund.min(tier), winners.max(0) as u64];
        for (place, most) in most.into_iter().enumerate() {
            prop_assert!(parts[place].magnitude() <= most);
            // Nobody is asked before those above them gave all.
            if parts[place].magnitude() < most {
                prop_assert!(parts[place + 1..].iter().all(|later| later.is_zero()));
            }
        }
    }

    #[test]
    fn a_borrows_loss_is_borne_in_order_and_insurance_never_overpays(
        loss in any_size(), reserves in any_size(), worth in any_size(), budget in any_size(), fee in 0u32..1 << 30, most in 0u32..1 << 27,
    ) {
        let Ok(cost) = purchase_cost(TokenAmount::new(worth), Ratio::new(fee), Ratio::new(most)) else { return Ok(()) };
        let found = of_borrow(TokenAmount::new(loss), TokenAmount::new(reserves), cost, TokenAmount::new(budget)).unwrap();
        let BorrowLoss { reserves: drawn, bought, spent, lenders } = found;
        prop_assert_eq!(u128::from(drawn.get()) + u128::from(bought.get()) + u128::from(lenders.get()), u128::from(loss));
        prop_assert_eq!(drawn.get(), reserves.min(loss));
        prop_assert!(spent.get() <= budget);
        // The price of a part is that of the whole, rounded up.
        prop_assert!(u128::from(spent.get()) * u128::from(loss) >= u128::from(bought.get()) * u128::from(cost.get()));
        if !lenders.is_zero() && !cost.is_zero() {
            let one_more = u128::from(bought.get() + 1) * u128::from(cost.get());
            prop_assert!(one_more > u128::from(budget) * u128::from(loss));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_haircut_takes_the_loss_from_all_lenders_and_no_more_than_rounding(
        holders in prop::collection::vec(1u64..1 << 50, 1..6), grown in 0u64..1 << 40, part in 0u64..=1_100,
    ) {
        let index = Index::new((1 << 64) + (u128::from(grown) << 20));
        let all: u64 = holders.iter().sum();
        let deposits = Shares::new(all).amount_down(index).unwrap().get();
        let loss = (u128::from(deposits) * u128::from(part) / 1_000) as u64;
        let after = haircut(index, Shares::new(all), TokenAmount::new(loss)).unwrap();
        prop_assert!(after <= index && after.get() > 0);
        let left = Shares::new(all).amount_down(after).unwrap().get();
        prop_assert!(left <= deposits.saturating_sub(loss));
        prop_assert!(left + 2 >= deposits.saturating_sub(loss));
        for shares in holders {
            // Everybody loses the same part, to the unit.
            let exact = whole(shares) * fraction(after.get(), power_of_two(64));
            prop_assert!(is_floor(Shares::new(shares).amount_down(after).unwrap().get(), &exact));
        }
    }

    #[test]
    fn a_tier_never_pays_more_than_its_cap_in_a_window(
        payments in prop::collection::vec((any_size(), 0i64..2_000), 1..20), cap in 0u64..1 << 60,
    ) {
        let mut window: TierWindow = bytemuck::Zeroable::zeroed();
        let (mut now, mut paid): (i64, Vec<(i64, u64)>) = (1_000_000, vec![]);
        for (wanted, seconds) in payments {
            now += seconds;
            let pays = window.left(TokenAmount::new(cap), 3_600, now).get().min(wanted);
            window.pay(TokenAmount::new(pays), 3_600, now).unwrap();
            paid.push((now, pays));
            let since = paid.iter().filter(|(at, _)| *at >= window.start).map(|(_, paid)| paid).sum::<u64>();
            prop_assert!(since <= cap);
        }
    }
}
