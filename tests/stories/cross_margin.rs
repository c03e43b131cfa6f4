//! Cross margin: one account's balances stand for all of its positions and orders.

use harness::{World, amounts::percent, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{book::Side, instructions::order::Order};
use solana_instruction::Instruction;

/// Alice with 10,000 USDC, bob with plenty. At 60,000 ticks a lot is worth 6 USDC; initial margin is a fifth of it, maintenance
/// a tenth, and takers pay 5 hundredths of a percent.
fn world() -> World {
    endowed(World::with_steady_markets(&[BTC_PERP], |_| ()))
}

/// The same where half of a profit on paper counts when risk is taken, up to 1,000 USDC a position.
fn where_profit_counts() -> World {
    endowed(World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets_in_market("market.pnl_weight", BTC_PERP, percent(50));
    }))
}

fn endowed(mut world: World) -> World {
    world.trader("alice").deposits(USDC, usdc(10_000));
    world.trader("bob").deposits(USDC, usdc(10_000_000));
    world
}

fn bid(lots: u32, ticks: u32) -> Order {
    Order::limit(Side::Bid, lots, ticks)
}

fn ask(lots: u32, ticks: u32) -> Order {
    Order::limit(Side::Ask, lots, ticks)
}

/// Alice lets an order rest.
fn resting(side: Side, ticks: u32) -> impl Fn(&mut World, u64) -> Instruction {
    move |world, lots| {
        let order = Order::limit(side, lots as u32, ticks).post_only();
        world.trader("alice").trading(BTC_PERP).place(&order, &[], &[])
    }
}

/// Alice withdraws USDC.
fn withdrawal(world: &mut World, amount: u64) -> Instruction {
    world.trader("alice").outflow(USDC).withdraw(amount, false, &[])
}

/// A ratio of a fifth is one to the nearest 2^-30.
#[track_caller]
fn is_about(amount: u64, expected: u64) {
    assert!(amount.abs_diff(expected) < 100, "{amount} is not {expected}");
}

#[test]
fn a_trade_needs_initial_margin_to_the_lot() {
    for side in [Side::Bid, Side::Ask] {
        let mut world = world();
        let other = if side == Side::Bid { ask(20_000, 60_000) } else { bid(20_000, 60_000) };
        world.trader("bob").places(BTC_PERP, other);
        let take = |lots| Order::limit(side, lots, 60_000).fill_or_kill();
        // 10,000 − 0.003 a lot for the fee carry 1.2 a lot: 8,312.5 lots.
        world
            .trader("alice")
            .meeting(&["bob"])
            .refused(Refusal::NotEnoughMargin)
            .places(BTC_PERP, take(8_313));
        world.trader("alice").meeting(&["bob"]).places(BTC_PERP, take(8_312));
        assert_eq!(world.lots("alice", BTC_PERP).unsigned_abs(), 8_312);
        world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).places(BTC_PERP, take(1));
    }
}

#[test]
fn orders_on_both_sides_count_as_the_worse_of_the_two() {
    let mut world = world();
    world.trader("alice").places(BTC_PERP, bid(8_333, 60_000));
    world.trader("alice").places(BTC_PERP, ask(8_333, 60_001));
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, bid(1, 60_000));
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, ask(1, 60_001));
    let position = world.position("alice", BTC_PERP);
    assert_eq!((position.bids, position.asks, position.lots.get()), (8_333, 8_333, 0));
}

#[test]
fn a_position_adds_to_orders_of_its_side_and_makes_room_on_the_other() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    // 10,000 less a fee of 3 carry 8,330.8 lots on either side of flat.
    assert_eq!(world.most(20_000, resting(Side::Bid, 60_000)), 8_330 - 1_000);
    assert_eq!(world.most(20_000, resting(Side::Ask, 60_000)), 8_330 + 1_000);
}

#[test]
fn what_an_order_would_lose_at_the_oracle_price_counts_in_full() {
    let world = world();
    // 3% from the price a lot would lose 0.18 and needs 1.2.
    assert_eq!(world.most(20_000, resting(Side::Bid, 61_800)), 7_246);
    assert_eq!(world.most(20_000, resting(Side::Ask, 58_200)), 7_246);
    // What it would gain does not.
    assert_eq!(world.most(20_000, resting(Side::Bid, 58_200)), 8_333);
    assert_eq!(world.most(20_000, resting(Side::Ask, 61_800)), 8_333);
}

#[test]
fn a_profit_on_paper_counts_by_its_weight_and_up_to_its_cap() {
    let mut world = where_profit_counts();
    world.deals("alice", "bob", BTC_PERP, 2_000, 60_000);
    let mut without = self::world();
    without.deals("alice", "bob", BTC_PERP, 2_000, 60_000);
    for (price, with_profit, of_cash_alone) in [
        // 9,994 and half of 1,194 (the fee is part of the profit) carry 1.32 a lot: 8,028.0 lots in all.
        (66_000.0, 6_028, 5_575),
        // 9,994 is what is left in 10,000 of deposit: of a profit above 2,000 exactly 1,000 count; 1.5 a lot.
        (75_000.0, 5_333, 4_666),
    ] {
        for (world, most) in [(&mut world, with_profit), (&mut without, of_cash_alone)] {
            world.oracle().says(BTC, price);
            world.calms(BTC);
            assert_eq!(world.most(20_000, resting(Side::Bid, 60_000)), most, "at {price}");
        }
    }
}

#[test]
fn no_profit_on_paper_can_be_withdrawn() {
    let mut world = where_profit_counts();
    world.deals("alice", "bob", BTC_PERP, 2_000, 60_000);
    world.oracle().says(BTC, 66_000.0);
    world.calms(BTC);
    // 10,000 less a fifth of 13,200; the paid fee only lowers the profit.
    let most = world.most(usdc(20_000), withdrawal);
    is_about(most, usdc(7_360));
    world.trader("alice").refused(Refusal::NotEnoughMargin).withdraws(USDC, most + 1);
    world.trader("alice").withdraws(USDC, most);
    assert_eq!(world.trader("alice").has_in_wallet(USDC), most);
}

#[test]
fn a_jump_of_the_oracle_price_makes_no_room_until_the_stable_price_has_followed() {
    // Right after the jump nothing of the profit counts, so that only the worth of a lot has changed; then 1,000 count.
    for (buyer, percent, before, after_jump, once_trusted) in
        [("alice", 20, 6_328, 4_940, 5_638), ("bob", -20, 6_333, 8_417, 9_458)]
    {
        let mut world = where_profit_counts();
        let (seller, side) = if buyer == "alice" { ("bob", Side::Bid) } else { ("alice", Side::Ask) };
        world.deals(buyer, seller, BTC_PERP, 2_000, 60_000);
        let room = |world: &World| world.most(40_000, resting(side, 60_000));
        assert_eq!(room(&world), before);
        world.oracle().moves(BTC, percent);
        assert_eq!(room(&world), after_jump, "{percent}%");
        world.calms(BTC);
        assert_eq!(room(&world), once_trusted, "{percent}%");
    }
}

#[test]
fn a_volatile_market_needs_more() {
    let mut world = endowed(World::with_markets(&[BTC_PERP]));
    let calm = world.most(20_000, resting(Side::Bid, 50_000));
    assert_eq!(calm, 8_333);
    for percent in [-5, 5, -5, 5] {
        world.passes(300);
        world.oracle().moves(BTC, percent);
    }
    let volatile = world.most(20_000, resting(Side::Bid, 50_000));
    assert!(volatile < calm / 2, "{volatile}");
}

#[test]
fn large_positions_need_more_by_the_root_of_their_worth() {
    let mut world = world();
    world.trader("alice").deposits(USDC, usdc(990_000));
    // 0.0002·√N of N = 1,000,000, for lots at 6: from N = 1,000,000 on that is more than a fifth.
    assert_eq!(world.most(1_000_000, resting(Side::Bid, 60_000)), 487_336);
    world.trader("alice").withdraws(USDC, usdc(800_000));
    assert_eq!(world.most(1_000_000, resting(Side::Bid, 60_000)), 166_666);
}

/// Alice is long 8,312 lots at 60,000, all that 10,000 USDC carry, and the price has fallen.
fn after_a_fall(percent: i32) -> World {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 8_312, 60_000);
    world.oracle().moves(BTC, -percent);
    world
}

#[test]
fn below_initial_margin_risk_may_only_fall() {
    let mut world = after_a_fall(5);
    let price = world.oracle_ticks(BTC_PERP);
    world.trader("bob").places(BTC_PERP, ask(100, price + 1));
    world.trader("bob").places(BTC_PERP, bid(100, price - 1));
    world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).longs(BTC_PERP, 1);
    world.trader("alice").refused(Refusal::RaisesRisk).places(BTC_PERP, bid(1, price - 100));
    world.trader("alice").refused(Refusal::NotEnoughMargin).withdraws(USDC, 1);
    world.trader("alice").meeting(&["bob"]).shorts(BTC_PERP, 50);
    world.trader("alice").holds(BTC_PERP, 8_262);
    // An order that only reduces raises no worst case.
    world.trader("alice").places(BTC_PERP, ask(8_262, price + 100));
    world.trader("alice").refused(Refusal::RaisesRisk).places(BTC_PERP, ask(8_263, price + 100));
    world.trader("alice").deposits(USDC, usdc(10_000));
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 1);
    world.trader("alice").holds(BTC_PERP, 8_263);
}

#[test]
fn orders_may_always_be_cancelled() {
    let mut world = world();
    world.trader("alice").places(BTC_PERP, bid(8_000, 60_000));
    world.oracle().moves(BTC, -15);
    world.trader("alice").refused(Refusal::RaisesRisk).places(BTC_PERP, bid(1, 50_000));
    world.trader("alice").cancels_all(BTC_PERP, None);
    assert_eq!(world.position("alice", BTC_PERP).bids, 0);
    world.trader("alice").withdraws_all(USDC);
}

#[test]
fn below_maintenance_equity_must_not_fall_faster_than_the_requirement() {
    // At −18% equity is 998 of a requirement of 4,090: 24.4%. A sale 2% below the price loses a fifth of what it frees.
    for (discount, refused) in [(2, false), (3, true)] {
        let mut world = after_a_fall(18);
        let price = world.oracle_ticks(BTC_PERP);
        let order = bid(1_000, price - price * discount / 100);
        world.trader("bob").places(BTC_PERP, order);
        let mut alice = world.trader("alice").meeting(&["bob"]);
        if refused {
            alice.refused(Refusal::RaisesRisk).shorts(BTC_PERP, 1_000);
            world.trader("alice").holds(BTC_PERP, 8_312);
        } else {
            alice.shorts(BTC_PERP, 1_000);
            world.trader("alice").holds(BTC_PERP, 7_312);
        }
    }
    // Above maintenance the same price is nobody's business.
    let mut world = after_a_fall(5);
    let price = world.oracle_ticks(BTC_PERP);
    world.trader("bob").places(BTC_PERP, bid(1_000, price - price * 3 / 100));
    world.trader("alice").meeting(&["bob"]).shorts(BTC_PERP, 1_000);
    world.trader("alice").holds(BTC_PERP, 7_312);
}

#[test]
fn what_a_position_needs_and_has_lost_cannot_be_withdrawn() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 2_000, 60_000);
    let most = world.most(usdc(20_000), withdrawal);
    // A fifth of 12,000 and the fee of 6 stay.
    is_about(most, usdc(7_594));
    world.trader("alice").places(BTC_PERP, bid(1_000, 60_000));
    let most = world.most(usdc(20_000), withdrawal);
    is_about(most, usdc(6_394));
    world.trader("alice").cancels_all(BTC_PERP, None);
    world.oracle().moves(BTC, -10);
    let most = world.most(usdc(20_000), withdrawal);
    // 1,200 lost; a fifth of 10,800.
    is_about(most, usdc(6_634));
    world.trader("alice").refused(Refusal::NotEnoughMargin).withdraws_all(USDC);
    world.trader("alice").withdraws(USDC, most);
    world.trader("alice").owns(USDC, usdc(10_000) - most);
}

#[test]
fn a_position_needs_a_price_for_a_withdrawal_and_an_oracle_account_will_do() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 100, 60_000);
    world.passes(90);
    world.trader("alice").refused(Refusal::StaleMarket).withdraws(USDC, 1);
    world.oracle().publishes(BTC);
    world.trader("alice").refused(Refusal::StaleMarket).withdraws(USDC, 1);
    world.trader("alice").bringing(&[BTC]).withdraws(USDC, 1);
    assert_eq!(world.trader("alice").has_in_wallet(USDC), 1);
}

#[test]
fn one_balance_carries_positions_of_several_markets_without_netting_them() {
    let mut world = endowed(World::with_markets(&[BTC_PERP, ETH_PERP]));
    world.deals("alice", "bob", BTC_PERP, 4_000, 60_000);
    // An ETH lot is worth 3 USDC. 10,000 − 12 − 4,800 carry 0.6 and a fee of 0.0015 a lot.
    let short = |world: &mut World, lots: u64| {
        let order = Order::limit(Side::Ask, lots as u32, 30_000).fill_or_kill();
        let bob = world.account_of("bob");
        world.trader("alice").trading(ETH_PERP).place(&order, &[], &[bob])
    };
    world.trader("bob").places(ETH_PERP, bid(20_000, 30_000));
    assert_eq!(world.most(20_000, short), 8_625);
}
