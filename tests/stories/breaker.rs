//! Breakers: after a move of more than 15 % in five minutes takers may only reduce for a while; after an outage nobody is
//! liquidated at once.

use harness::{
    World,
    amounts::bps,
    auctions::{fee, rate_after},
    perps::*,
    tokens::*,
};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    instructions::{liquidation::Scope, order::Order},
};
use plimsoll_risk::liquidation::Flag;

const ALL: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// How long the breaker stays open after the last move that opens it.
const BREAKER: i64 = 300;
/// How long a window lasts in which moves are measured.
const WINDOW: i64 = 300;

/// Alice is long 1,000 lots at 60,000, of bob, on 2,000 USDC.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |world| {
        world.sets_in_market("market.breaker_move", BTC_PERP, bps(1_500));
        world.sets_for_all("board.heartbeat_gap", 180);
    });
    world.trader("alice").deposits(USDC, usdc(2_000));
    for name in &ALL[1..] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world
}

fn at(world: &mut World, price: f64) {
    world.passes(1);
    world.oracle().publishes_price(BTC, price);
    world.refreshes_all();
}

fn is_open(world: &World) -> bool {
    world.terms(BTC_PERP).breaker_until > world.now()
}

#[test]
fn a_move_beyond_its_limit_opens_the_breaker_either_way_and_slower_ones_do_not() {
    for (factor, opens) in [(0.86, false), (0.84, true), (1.14, false), (1.16, true)] {
        let mut world = world();
        at(&mut world, 60_000.0 * factor);
        assert_eq!(is_open(&world), opens, "{factor}");
        assert_eq!(world.terms(ETH_PERP).breaker_until, 0, "it is the market's own");
    }
    // Two moves in one window count as one; the same in two windows do not.
    let mut quick = world();
    at(&mut quick, 55_000.0);
    at(&mut quick, 50_500.0);
    assert!(is_open(&quick));
    let mut slow = world();
    slow.slides(BTC, -25, 1_200);
    assert!(!is_open(&slow));
}

#[test]
fn while_it_is_open_takers_reduce_and_makers_rest_at_the_raised_margin() {
    let mut world = world();
    at(&mut world, 50_000.0);
    assert_eq!(world.terms(BTC_PERP).breaker_until, world.now() + BREAKER);
    // Makers: post-only, half of the notional in margin instead of a fifth.
    world.trader("dave").refused(Refusal::BreakerOpen).places(BTC_PERP, Order::limit(Side::Bid, 1, 49_000));
    world.trader("maker").deposits(USDC, usdc(1_000));
    let rests = |world: &mut World, lots: u64| {
        let order = Order::limit(Side::Bid, lots as u32, 50_000).post_only();
        world.trader("maker").trading(BTC_PERP).place(&order, &[], &[])
    };
    assert_eq!(world.most(1_000, rests), 400);
    world.trader("maker").bids(BTC_PERP, 400, 50_000);
    world.trader("dave").asks(BTC_PERP, 100, 50_100);

    // Takers: nothing new, not even from flat; closing is free, and so is an order that rests to close.
    let buys = Order::limit(Side::Bid, 10, 50_100).immediate();
    world.trader("carol").meeting(&["dave"]).refused(Refusal::BreakerOpen).places(BTC_PERP, buys);
    world.trader("bob").meeting(&["maker"]).refused(Refusal::BreakerOpen).shorts(BTC_PERP, 10);
    let sheet = world.sheet(&ALL);
    world.trader("bob").meeting(&["dave"]).longs(BTC_PERP, 40);
    let worth = 40 * 5_010_000;
    let (paid, got) =
        (i128::from(world.taker_fee(BTC_PERP, 40, 50_100)), i128::from(world.rebate(BTC_PERP, 40, 50_100)));
    sheet.changed(
        &world,
        &[
            ("bob BTC-PERP lots", 40),
            ("bob BTC-PERP quote", -worth - paid),
            ("bob BTC-PERP realised", 40 * 6_000_000 - worth - paid),
            ("dave BTC-PERP lots", -40),
            ("dave BTC-PERP asks", -40),
            ("dave BTC-PERP quote", worth + got),
            ("dave BTC-PERP realised", got),
            ("BTC-PERP fees", paid - got),
        ],
    );
    world.trader("alice").meeting(&["maker"]).shorts(BTC_PERP, 100);
    world.trader("alice").holds(BTC_PERP, 900);
    world.trader("alice").places(BTC_PERP, Order::limit(Side::Ask, 900, 51_000));
    world.trader("alice").refused(Refusal::BreakerOpen).places(BTC_PERP, Order::limit(Side::Ask, 1, 51_000));
}

#[test]
fn liquidators_act_while_it_is_open_at_the_raised_margin() {
    let mut world = world();
    at(&mut world, 44_400.0);
    assert!(is_open(&world));
    world.trader("carol").assesses("alice", Scope::Cross);
    // 4.44 a lot: half of it, less the fee.
    world.trader("poor").deposits(USDC, usdc(22));
    world.trader("poor").refused(Refusal::NotEnoughMargin).takes_over("alice", BTC_PERP, 10);
    world.trader("poor").takes_over("alice", BTC_PERP, 9);
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 20);
    let (worth, fee) = (20 * 4_440_000, fee(20 * 4_440_000, rate_after(0)));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -20),
            ("alice BTC-PERP quote", worth - fee.total()),
            ("alice BTC-PERP realised", worth - 120_000_000 - fee.total()),
            ("carol BTC-PERP lots", 20),
            ("carol BTC-PERP quote", fee.liquidator - worth),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
    world.trader("dave").bids(BTC_PERP, 100, 44_400);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    assert_eq!(world.flag_of("alice", Scope::Cross), Flag::default());
    assert!(is_open(&world));
}

#[test]
fn it_ends_by_itself() {
    let mut world = world();
    world.waits(120);
    at(&mut world, 50_000.0);
    let began = world.now();
    let order = Order::limit(Side::Bid, 1, 49_000);
    while is_open(&world) {
        assert!(world.now() - began <= WINDOW + BREAKER, "it is open still");
        world.trader("carol").refused(Refusal::BreakerOpen).places(BTC_PERP, order);
        world.waits(30);
    }
    assert!(world.now() - began >= BREAKER);
    world.trader("carol").places(BTC_PERP, order);
    // And the margin is the usual one: a fifth of 5 a lot.
    world.trader("maker").deposits(USDC, usdc(1_000));
    let rests = |world: &mut World, lots: u64| {
        let order = Order::limit(Side::Bid, lots as u32, 50_000).post_only();
        world.trader("maker").trading(BTC_PERP).place(&order, &[], &[])
    };
    assert_eq!(world.most(2_000, rests), 1_000);
    world.trader("bob").meeting(&["carol"]).shorts(BTC_PERP, 1);
}

/// Alice has an order, and is flagged at 44,400; then nobody hears of a price for 200 seconds.
fn cut_off() -> World {
    let mut world = world();
    world.trader("alice").asks(BTC_PERP, 10, 65_000);
    at(&mut world, 44_400.0);
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("carol").cancels_all_of("alice", BTC_PERP);
    world.falls_silent(200);
    world
}

#[test]
fn after_an_outage_nobody_is_liquidated_for_a_while_then_orders_are_cancelled_first() {
    let mut world = cut_off();
    let began = world.now();
    let header = world.board().header;
    assert_eq!((header.grace_until, header.cancel_only_until), (began + 60, began + 120));
    // Grace: nothing at all happens to her, though her flag has not lapsed.
    let sheet = world.sheet(&ALL);
    let mut carol = world.trader("carol").refused(Refusal::GracePeriod);
    carol.assesses("alice", Scope::Cross);
    carol.takes_over("alice", BTC_PERP, 10);
    carol.liquidates_into_book("alice", BTC_PERP, 10);
    carol.buys_pnl("alice", BTC_PERP, 10);
    // Who was cut off acts first: by deposits, by reducing.
    world.trader("bob").asks(BTC_PERP, 10, 44_500);
    world.trader("dave").bids(BTC_PERP, 10, 44_400);
    world.trader("alice").meeting(&["dave"]).shorts(BTC_PERP, 10);
    world.trader("alice").holds(BTC_PERP, 990);
    assert_eq!(sheet.changes(&world)["alice BTC-PERP lots"], -10);

    // Cancel-only: flags and cancels, and no more.
    world.waits(60);
    world.trader("carol").assesses("alice", Scope::Cross);
    let sheet = world.sheet(&ALL);
    let mut carol = world.trader("carol").refused(Refusal::GracePeriod);
    carol.takes_over("alice", BTC_PERP, 10);
    carol.liquidates_into_book("alice", BTC_PERP, 10);
    world.waits(59);
    world.trader("carol").refused(Refusal::GracePeriod).takes_over("alice", BTC_PERP, 10);
    sheet.changed(&world, &[]);

    // Then as ever; a minute without a price is no outage.
    world.waits(1);
    world.trader("carol").takes_over("alice", BTC_PERP, 10);
    world.trader("carol").holds(BTC_PERP, 10);
    world.waits(179);
    world.trader("carol").takes_over("alice", BTC_PERP, 10);
}

#[test]
fn while_orders_are_cancelled_first_strangers_flag_and_cancel() {
    let mut world = world();
    world.trader("alice").asks(BTC_PERP, 10, 65_000);
    world.oracle().publishes_price(BTC, 44_400.0);
    world.falls_silent(181);
    world.trader("carol").refused(Refusal::GracePeriod).assesses("alice", Scope::Cross);
    world.trader("carol").refused(Refusal::NotATrader).cancels_all_of("alice", BTC_PERP);
    world.waits(60);
    world.trader("carol").assesses("alice", Scope::Cross);
    let sheet = world.sheet(&ALL);
    world.trader("carol").cancels_all_of("alice", BTC_PERP);
    sheet.changed(&world, &[("alice BTC-PERP asks", -10)]);
    world.trader("carol").refused(Refusal::GracePeriod).takes_over("alice", BTC_PERP, 10);
    world.waits(60);
    // The auction's clock ran since the flag: two and a half percent.
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 10);
    let fee = fee(44_400_000, rate_after(60));
    assert_eq!(sheet.changes(&world)["carol BTC-PERP quote"], fee.liquidator - 44_400_000);
}

#[test]
fn who_deposits_in_time_is_not_liquidated_after_an_outage() {
    let mut world = cut_off();
    world.trader("alice").deposits(USDC, usdc(100));
    let sheet = world.sheet(&ALL);
    world.waits(60);
    world.trader("carol").assesses("alice", Scope::Cross);
    assert_eq!(world.flag_of("alice", Scope::Cross), Flag::default());
    world.waits(60);
    world.trader("carol").refused(Refusal::NotFlagged).takes_over("alice", BTC_PERP, 10);
    sheet.changed(&world, &[]);
}
