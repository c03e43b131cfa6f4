//! Whoever only listens knows the lots, quote and cash of those who were in danger, and of those who dealt with them.

use crate::{World, perps::*, tokens::*};
use plimsoll_client::{
    book::Side,
    instructions::{liquidation::Scope, order::Order},
};

/// Alice is long 1,000 lots at 60,000 with 2,000 USDC behind them, and flagged after a fall; bob is short.
fn world(fall: i32) -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.listens();
    for (name, amount) in [("alice", 2_000), ("bob", 20_000), ("carol", 20_000)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.insures(usdc(100));
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.jolts(BTC, fall);
    world.trader("carol").assesses("alice", Scope::Cross);
    world
}

#[track_caller]
fn everybody_is_told(world: &World) {
    for name in ["alice", "bob", "carol"] {
        let told = world.statement(name);
        assert_eq!(told.line(0), world.line(name, BTC_PERP), "position of {name}");
        assert_eq!(told.balance, world.balance(name, USDC), "cash of {name}");
    }
}

#[test]
fn lots_that_are_taken_over_are_told_to_both() {
    let mut world = world(-28);
    world.trader("carol").takes_over("alice", BTC_PERP, 100);
    assert_eq!(world.lots("carol", BTC_PERP), 100);
    everybody_is_told(&world);
}

#[test]
fn lots_that_go_into_the_book_are_told_to_the_account_makers_and_keeper() {
    let mut world = world(-28);
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 500, 43_200).post_only());
    world.trader("carol").meeting(&["bob"]).liquidates_into_book("alice", BTC_PERP, 100);
    assert_eq!(world.lots("alice", BTC_PERP), 900);
    everybody_is_told(&world);
}

#[test]
fn a_bankruptcy_is_told_to_its_end() {
    let mut world = world(-40);
    for _ in 0..2 {
        world.waits(150);
        world.trader("carol").assesses("alice", Scope::Cross);
    }
    world.trader("carol").deleverages("alice", BTC_PERP, u32::MAX);
    world.trader("carol").applies_deleveraging_of("bob", BTC_PERP);
    everybody_is_told(&world);
    world.trader("carol").resolves("alice", Scope::Cross);
    assert_eq!((world.balance("alice", USDC), world.lots("bob", BTC_PERP)), (0, 0));
    everybody_is_told(&world);
}

#[test]
fn a_settled_position_is_told() {
    let mut world = world(-28);
    world.settles_market(BTC_PERP);
    for name in ["alice", "bob"] {
        world.trader("carol").closes_settled(name, BTC_PERP);
    }
    assert_eq!(world.lots("alice", BTC_PERP), 0);
    everybody_is_told(&world);
}
