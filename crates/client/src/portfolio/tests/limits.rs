//! Limits that are not margin's: the market's own, the bank's own.

use super::world::{NOW, World, world};
use crate::portfolio::{Intent, Most, Portfolio, Way};
use plimsoll::{errors::Refusal, premium, state::bank::VAULT_SHORT};
use plimsoll_book::{Side, Size};
use plimsoll_risk::{
    layout::{
        account::{Balance, Position},
        market::{MARKET_REDUCE_ONLY, MARKET_SETTLING},
    },
    num::{Lots, Quote, Shares, TokenAmount},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

/// A world whose account holds a fortune in quote, nothing else, and is long ten lots in the first market.
fn rich() -> World {
    let mut world = world().new_tree(&mut TestRunner::deterministic()).expect("a world").current();
    let quote = world.board.header.quote_bank;
    world.account.balances = bytemuck::Zeroable::zeroed();
    world.account.balances[0] =
        Balance { shares: Shares::new(1 << 50), bank: quote, ..bytemuck::Zeroable::zeroed() };
    let position =
        Position { lots: Lots::new(10), quote: Quote::ZERO, flags: 1, ..bytemuck::Zeroable::zeroed() };
    world.account.positions = bytemuck::Zeroable::zeroed();
    world.account.positions[0] = position;
    world
}

fn most(world: &World, side: Side, way: Way) -> (u32, Refusal) {
    let market = &world.markets[0];
    let price = premium::index_ticks(&world.board.markets[0], market.tick_lot).expect("an index");
    let portfolio = Portfolio::new(&world.account, &world.board, NOW);
    let Most { amount, refused } = portfolio.max_order(market, &Intent { side, price, way });
    (amount.get(), refused)
}

#[test]
fn an_account_holds_no_more_than_the_market_allows() {
    let mut world = rich();
    world.markets[0].account_cap = 100;
    for way in [Way::Takes, Way::Rests] {
        assert_eq!(most(&world, Side::Bid, way), (90, Refusal::AccountPositionCap));
        assert_eq!(most(&world, Side::Ask, way), (110, Refusal::AccountPositionCap));
    }
}

#[test]
fn open_interest_grows_no_further_than_its_cap() {
    let mut world = rich();
    let market = &mut world.markets[0];
    (market.long_lots, market.short_lots, market.open_interest_cap) = (50, 50, 70);
    assert_eq!(most(&world, Side::Bid, Way::Takes), (20, Refusal::OpenInterestCap));
    // Ten lots close, so the longs of a maker who opens take their place.
    assert_eq!(most(&world, Side::Ask, Way::Takes), (30, Refusal::OpenInterestCap));
}

#[test]
fn what_is_less_than_the_least_order_may_only_close() {
    let mut world = rich();
    (world.markets[0].account_cap, world.markets[0].minimum_lots) = (15, 6);
    assert_eq!(most(&world, Side::Bid, Way::Takes), (0, Refusal::BelowMinimumOrder));
    world.markets[0].minimum_lots = 30;
    assert_eq!(most(&world, Side::Ask, Way::Takes), (10, Refusal::BelowMinimumOrder));
}

#[test]
fn a_market_that_is_not_open_takes_reductions_or_nothing() {
    let mut world = rich();
    world.board.markets[0].state = MARKET_REDUCE_ONLY;
    for way in [Way::Takes, Way::Rests] {
        assert_eq!(most(&world, Side::Bid, way), (0, Refusal::MarketReduceOnly));
        assert_eq!(most(&world, Side::Ask, way), (10, Refusal::MarketReduceOnly));
    }
    world.board.markets[0].state = MARKET_SETTLING;
    assert_eq!(most(&world, Side::Ask, Way::Takes), (0, Refusal::MarketClosed));
}

#[test]
fn while_a_breaker_is_open_takers_only_reduce() {
    let mut world = rich();
    world.board.markets[0].breaker_until = NOW + 1;
    assert_eq!(most(&world, Side::Bid, Way::Takes), (0, Refusal::BreakerOpen));
    assert_eq!(most(&world, Side::Ask, Way::Takes), (10, Refusal::BreakerOpen));
    assert!(most(&world, Side::Bid, Way::Rests).0 > 0);
}

#[test]
fn a_stale_market_and_a_full_account_take_nothing() {
    let mut world = rich();
    let older = Portfolio::new(&world.account, &world.board, NOW + 61);
    let price = premium::index_ticks(&world.board.markets[0], 1).expect("an index");
    let intent = Intent { side: Side::Bid, price, way: Way::Takes };
    let found = older.max_order(&world.markets[0], &intent);
    assert_eq!(found, Most { amount: Size::ZERO, refused: Refusal::StaleMarket });
    world.account.header.orders_in_use = u32::MAX;
    assert_eq!(most(&world, Side::Bid, Way::Rests), (0, Refusal::NoFreeOrder));
    for (at, position) in world.account.positions.iter_mut().enumerate() {
        *position = Position { flags: 1, market: 40 + at as u8, ..*position };
    }
    assert_eq!(most(&world, Side::Bid, Way::Takes), (0, Refusal::NoFreePosition));
}

#[test]
fn a_bank_that_is_shut_pays_nothing() {
    let mut world = rich();
    let quote = usize::from(world.board.header.quote_bank);
    let refused = |world: &World| {
        let found =
            Portfolio::new(&world.account, &world.board, NOW).max_withdrawal(&world.banks[quote], false);
        (found.amount == TokenAmount::ZERO).then_some(found.refused)
    };
    assert_eq!(refused(&world), None);
    world.banks[quote].gated_until = NOW + 1;
    assert_eq!(refused(&world), Some(Refusal::Gated));
    world.banks[quote].gated_until = NOW;
    world.banks[quote].flags = VAULT_SHORT;
    assert_eq!(refused(&world), Some(Refusal::VaultShortfall));
    world.banks[quote].flags = 0;
    world.board.header.paused_until[1] = NOW + 1;
    assert_eq!(refused(&world), Some(Refusal::Paused));
}
