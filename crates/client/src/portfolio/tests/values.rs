//! Sums and orders that hold in every account.

use super::world::{NOW, world};
use crate::portfolio::{Portfolio, Repriced, Valuation, load, maintenance};
use plimsoll_risk::{
    health::Check,
    layout::account::MAX_POSITIONS,
    margin::Holdings,
    num::{Price, Quote, Ratio},
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn equity_is_the_balances_and_the_cross_positions_pnl(world in world()) {
        let portfolio = Portfolio::new(&world.account, &world.board, NOW);
        let balances = Holdings { balances: &world.account.balances, positions: &[bytemuck::Zeroable::zeroed(); MAX_POSITIONS] };
        let mut sum = Valuation::new(&world.board, NOW).equity(&balances).unwrap().get();
        for value in portfolio.positions() {
            let value = value.unwrap();
            let cost = world.account.positions[usize::from(value.market)].quote.get();
            let sign = i64::from(value.lots.get().signum());
            prop_assert!((sign * value.notional.get() + cost - value.unrealised.get()).abs() <= 1);
            if !value.isolated {
                sum += value.unrealised.get();
            }
        }
        prop_assert_eq!(portfolio.equity(), Ok(Quote::new(sum)));
    }

    #[test]
    fn the_load_passes_one_where_health_passes_zero(world in world()) {
        let portfolio = Portfolio::new(&world.account, &world.board, NOW);
        for check in [Check::Withdraw, Check::Initial, Check::LiquidationEnd, Check::Maintenance] {
            let margin = portfolio.margin(check).unwrap();
            prop_assert_eq!(load(&margin) > Ratio::ONE, !margin.is_healthy());
        }
        prop_assert_eq!(maintenance(&world.account, &world.board, NOW), portfolio.margin(Check::Maintenance));
        let margins = portfolio.margins();
        let healths = [margins.withdraw, margins.initial, margins.liquidation_end, margins.maintenance];
        prop_assert!(healths.map(|margin| margin.unwrap().health()).is_sorted());
    }

    #[test]
    fn moving_a_feed_to_where_it_is_changes_nothing_and_an_account_is_as_far_as_its_price(world in world()) {
        let mut moved = Repriced::new(&world.board, NOW);
        let price = world.board.feeds[0].price;
        moved.moves(0, Price::new(price.get() * 2)).unwrap();
        moved.moves(0, price).unwrap();
        prop_assert_eq!(maintenance(&world.account, &moved, NOW), maintenance(&world.account, &world.board, NOW));
        let portfolio = Portfolio::new(&world.account, &world.board, NOW);
        for value in portfolio.positions() {
            let value = value.unwrap();
            let is_safe = portfolio.margin_behind(value.market, Check::Maintenance).unwrap().is_healthy();
            prop_assert_eq!(value.liquidation.has_begun, !is_safe);
            match (value.distance(), value.liquidation.nearest(value.index)) {
                (Some(Ratio::ZERO), _) => prop_assert!(!is_safe || value.liquidation.nearest(value.index).is_some()),
                (Some(away), Some(price)) => {
                    prop_assert!(price.deviates(value.index, Ratio::new(away.get() - 1)));
                    prop_assert!(away == Ratio::MAX || !price.deviates(value.index, Ratio::new(away.get() + 1)));
                }
                (None, None) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
