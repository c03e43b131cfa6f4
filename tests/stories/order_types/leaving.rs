//! Orders that leave without a fill: their time is over, they meet their own account, their side is full.

use super::{ask, bid, floor, outcome, worth};
use harness::{World, perps::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::{OrderId, SelfTrade, Side},
    instructions::order::Order,
};

/// Why lots left the book without a fill, as events say it: 1 + the reason's place.
const EXPIRED: u8 = 1;
const SELF_TRADE: u8 = 4;
const EVICTED: u8 = 7;

/// A moment so many seconds ahead.
fn in_seconds(world: &World, seconds: i64) -> u32 {
    u32::try_from(world.now() + seconds).expect("a time of this century")
}

#[test]
fn an_order_whose_time_is_over_does_not_fill_and_is_removed_in_passing() {
    let mut world = floor();
    let until = in_seconds(&world, 30);
    let passing = world.trader("bob").places(BTC_PERP, ask(5, 60_000).expires(until)).rests();
    world.trader("carol").asks(BTC_PERP, 5, 60_010);
    world.passes(29);
    world.refreshes_all();
    let told = world.trader("alice").meeting(&["bob", "carol"]).longs(BTC_PERP, 1);
    assert_eq!(told.makers()[0].order, passing.get(), "a second before its end it fills");
    world.passes(1);
    let told = world.trader("alice").meeting(&["bob", "carol"]).longs(BTC_PERP, 1);
    let makers: Vec<(u64, u32, u8)> = told.makers().iter().map(|it| (it.order, it.lots, it.kind)).collect();
    assert_eq!(makers[0], (passing.get(), 4, EXPIRED));
    assert_eq!(makers[1].2, 0);
    assert_eq!((world.listed("bob"), world.reserved("bob", BTC_PERP)[1]), (0, (0, 0)), "settled at once");
    world.trader("bob").holds(BTC_PERP, -1);
}

#[test]
fn whoever_was_not_at_hand_hears_of_an_expiry_through_the_queue() {
    let mut world = floor();
    let until = in_seconds(&world, 30);
    world.trader("bob").places(BTC_PERP, ask(5, 60_000).expires(until));
    world.trader("carol").asks(BTC_PERP, 5, 60_010);
    world.passes(30);
    let told = world.trader("alice").meeting(&["carol"]).longs(BTC_PERP, 1);
    assert_eq!((told.makers()[0].kind, told.makers()[0].sequence), (EXPIRED, 0));
    assert_eq!((world.waiting(BTC_PERP), world.listed("bob")), (1, 1));
    assert_eq!(world.reserved("bob", BTC_PERP)[1], (5, worth(5, 60_000)), "still his worst case");
    world.trader("bob").refused(Refusal::NoSuchOrder).cancels_all(BTC_PERP, None);
    world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!((world.waiting(BTC_PERP), world.listed("bob")), (0, 0));
    assert_eq!(world.reserved("bob", BTC_PERP)[1], (0, 0));
    assert_eq!(world.account("bob").place_of(0), None, "nothing is left of the position");
}

#[test]
fn one_order_removes_at_most_eight_in_passing() {
    let mut world = floor();
    let until = in_seconds(&world, 10);
    let many: Vec<Order> = (0..9).map(|at| ask(1, 60_000 + at).expires(until)).collect();
    world.trader("bob").batches(BTC_PERP, &[], &many);
    world.trader("carol").asks(BTC_PERP, 5, 60_020);
    world.passes(10);
    let meets = ["bob", "carol"];
    let told = world.trader("alice").meeting(&meets).places(BTC_PERP, bid(5, 60_020));
    assert_eq!((outcome(&told), told.makers().len()), ((0, 0, 0), 8));
    let told = world.trader("alice").meeting(&meets).places(BTC_PERP, bid(5, 60_020));
    assert_eq!((outcome(&told), told.makers().len()), ((5, 0, 0), 2));
}

#[test]
fn an_order_that_meets_its_own_account_shrinks_both() {
    let mut world = floor();
    let own = world.trader("alice").asks(BTC_PERP, 4, 60_000);
    world.trader("bob").asks(BTC_PERP, 10, 60_010);
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, bid(3, 60_010));
    assert_eq!(outcome(&told), (0, 0, 0));
    assert_eq!((told.makers()[0].lots, told.makers()[0].kind), (3, SELF_TRADE));
    assert_eq!(world.resting(BTC_PERP, own).expect("the rest").lots.get(), 1);
    assert_eq!(world.reserved("alice", BTC_PERP)[1], (1, worth(1, 60_000)));
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, bid(3, 60_010));
    assert_eq!(outcome(&told), (2, 0, 0), "one met the own order");
    assert_eq!((world.listed("alice"), world.lots("alice", BTC_PERP)), (0, 2));
}

#[test]
fn an_order_may_cancel_what_it_meets_of_its_own() {
    let mut world = floor();
    world.trader("alice").asks(BTC_PERP, 4, 60_000);
    world.trader("bob").asks(BTC_PERP, 10, 60_010);
    let order = bid(3, 60_010).self_trade(SelfTrade::CancelProvide);
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, order);
    assert_eq!(outcome(&told), (3, 0, 0));
    assert_eq!((told.makers()[0].lots, told.makers()[0].kind), (4, SELF_TRADE));
    assert_eq!((world.listed("alice"), world.reserved("alice", BTC_PERP)), (0, [(0, 0); 2]));
}

#[test]
fn an_order_may_refuse_to_meet_its_own() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 1, 59_990);
    world.trader("alice").asks(BTC_PERP, 4, 60_000);
    let order = bid(3, 60_010).self_trade(SelfTrade::Abort);
    world.trader("alice").meeting(&["bob"]).refused(Refusal::SelfTrade).places(BTC_PERP, order);
    let told =
        world.trader("alice").meeting(&["bob"]).places(BTC_PERP, bid(1, 60_010).self_trade(SelfTrade::Abort));
    assert_eq!(outcome(&told), (1, 0, 0), "it never came that far");
    let kill = bid(2, 60_010).fill_or_kill();
    world.trader("alice").refused(Refusal::CannotFill).places(BTC_PERP, kill);
}

/// A world whose bids are full: 126 of them, one lot each, from 58,000 ticks up; alice has the first and worst.
fn full_bids() -> World {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol", "dave", "erin"]);
    let prices: Vec<u32> = (58_000..58_126).collect();
    for (name, prices) in ["alice", "bob", "carol", "dave"].iter().zip(prices.chunks(32)) {
        for some in prices.chunks(16) {
            let orders: Vec<Order> = some.iter().map(|price| bid(1, *price)).collect();
            world.trader(name).batches(BTC_PERP, &[], &orders);
        }
    }
    assert_eq!(world.depth(BTC_PERP, Side::Bid), 126);
    world
}

#[test]
fn a_full_side_takes_nothing_that_is_not_better_than_its_worst() {
    let mut world = full_bids();
    for price in [57_000, 58_000] {
        world.trader("erin").refused(Refusal::BookFull).places(BTC_PERP, bid(1, price));
    }
    // The other side has its own room, and what takes at once needs none.
    world.trader("erin").asks(BTC_PERP, 1, 60_000);
    let told = world.trader("erin").meeting(&["dave"]).shorts(BTC_PERP, 1);
    assert_eq!(told.makers()[0].price, 58_125);
    world.trader("erin").places(BTC_PERP, bid(1, 57_000)).rests();
}

#[test]
fn a_better_order_evicts_the_worst_whose_owner_is_settled_at_once_when_at_hand() {
    let mut world = full_bids();
    let evicted = world.account("alice").orders[0];
    let [(lots, quote), _] = world.reserved("alice", BTC_PERP);
    let told = world.trader("erin").meeting(&["alice"]).places(BTC_PERP, bid(1, 58_001));
    let maker = told.makers()[0];
    assert_eq!((maker.order, maker.kind, maker.lots), (evicted.id, EVICTED, 1));
    assert!(maker.sequence > 0);
    assert_eq!(world.reserved("alice", BTC_PERP)[0], (lots - 1, quote - worth(1, 58_000)));
    assert_eq!((world.listed("alice"), world.waiting(BTC_PERP)), (31, 0));
    assert_eq!(world.depth(BTC_PERP, Side::Bid), 126);
}

#[test]
fn a_better_order_evicts_the_worst_whose_owner_hears_of_it_through_the_queue() {
    let mut world = full_bids();
    let before = world.reserved("alice", BTC_PERP)[0];
    let told = world.trader("erin").places(BTC_PERP, bid(1, 58_001));
    assert_eq!((told.makers()[0].kind, told.makers()[0].sequence), (EVICTED, 0));
    assert_eq!((world.waiting(BTC_PERP), world.listed("alice")), (1, 32));
    assert_eq!(world.reserved("alice", BTC_PERP)[0], before);
    world.applies_fills(BTC_PERP, &["alice"]);
    assert_eq!(world.reserved("alice", BTC_PERP)[0], (before.0 - 1, before.1 - worth(1, 58_000)));
    assert_eq!((world.waiting(BTC_PERP), world.listed("alice")), (0, 31));
}

#[test]
fn an_order_may_evict_another_of_the_same_account() {
    let mut world = full_bids();
    for name in ["alice", "bob"] {
        let best = OrderId::new(world.account(name).orders[31].id);
        world.trader(name).cancels(BTC_PERP, best);
    }
    world.trader("erin").bids(BTC_PERP, 1, 58_200);
    world.trader("erin").bids(BTC_PERP, 1, 58_201);
    let told = world.trader("alice").places(BTC_PERP, bid(1, 58_300));
    assert_eq!((told.makers()[0].kind, told.makers()[0].maker), (EVICTED, world.account_of("alice")));
    assert_eq!(world.listed("alice"), 31);
}

#[test]
fn more_orders_fit_into_a_side_that_has_grown() {
    let mut world = full_bids();
    world.grows_book(BTC_PERP, world.market_of(BTC_PERP).bids, 1);
    world.trader("erin").bids(BTC_PERP, 1, 57_000);
    assert_eq!((world.depth(BTC_PERP, Side::Bid), world.listed("alice")), (127, 32));
    assert!(world.book(BTC_PERP).bids.capacity() >= 254);
}
