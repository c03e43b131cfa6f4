//! What kinds of orders do.

mod leaving;

use harness::{Receipt, World, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::order::Order,
};

/// Why lots left the book without a fill, as events say it: 1 + the reason's place.
const BEYOND_PEG_LIMIT: u8 = 2;
const REDUCE_ONLY: u8 = 5;

fn floor() -> World {
    World::floor(&[BTC_PERP], &["alice", "bob", "carol"])
}

fn worth(lots: u32, price: u32) -> i64 {
    BTC_PERP.worth(lots, price) as i64
}

fn bid(lots: u32, price: u32) -> Order {
    Order::limit(Side::Bid, lots, price)
}

fn ask(lots: u32, price: u32) -> Order {
    Order::limit(Side::Ask, lots, price)
}

/// Filled, rests, at which price.
fn outcome(told: &Receipt) -> (u32, u32, u32) {
    let ordered = told.ordered();
    (ordered.filled, ordered.rests, ordered.price)
}

#[test]
fn a_limit_order_takes_what_it_can_and_the_rest_rests_at_its_limit() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 4, 60_000);
    world.trader("bob").asks(BTC_PERP, 4, 60_100);
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, bid(10, 60_050));
    assert_eq!(outcome(&told), (4, 6, 60_050));
    assert_eq!(told.ordered().quote, BTC_PERP.worth(4, 60_000), "at the maker's price");
    assert_eq!(world.reserved("alice", BTC_PERP)[0], (6, worth(6, 60_050)));
    world.trader("alice").holds(BTC_PERP, 4);
}

#[test]
fn the_best_price_is_served_first_and_at_one_price_the_oldest() {
    let mut world = floor();
    let late = world.trader("bob").asks(BTC_PERP, 1, 60_002);
    let first = world.trader("bob").asks(BTC_PERP, 1, 60_001);
    let second = world.trader("carol").asks(BTC_PERP, 1, 60_001);
    let best = world.trader("carol").asks(BTC_PERP, 1, 60_000);
    let told = world.trader("alice").meeting(&["carol", "bob"]).longs(BTC_PERP, 4);
    let met: Vec<u64> = told.makers().iter().map(|maker| maker.order).collect();
    assert_eq!(met, [best, first, second, late].map(OrderId::get));
}

#[test]
fn immediate_or_cancel_never_rests() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 4, 60_000);
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, bid(10, 60_050).immediate());
    assert_eq!(outcome(&told), (4, 0, 0));
    let told = world.trader("alice").places(BTC_PERP, bid(10, 60_050).immediate());
    assert_eq!(outcome(&told), (0, 0, 0));
    assert_eq!((world.listed("alice"), world.depth(BTC_PERP, Side::Bid)), (0, 0));
}

#[test]
fn fill_or_kill_fills_whole_or_changes_nothing() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 4, 60_000);
    world.trader("carol").asks(BTC_PERP, 4, 60_050);
    let meets = ["bob", "carol"];
    for order in [bid(9, 60_050), bid(8, 60_049), bid(8, 60_050).most_makers(1)] {
        let order = order.fill_or_kill();
        world.trader("alice").meeting(&meets).refused(Refusal::CannotFill).places(BTC_PERP, order);
    }
    let told = world.trader("alice").meeting(&meets).places(BTC_PERP, bid(8, 60_050).fill_or_kill());
    assert_eq!(outcome(&told), (8, 0, 0));
}

#[test]
fn post_only_rests_or_is_refused() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 4, 60_000);
    for price in [60_000, 61_000] {
        world
            .trader("alice")
            .meeting(&["bob"])
            .refused(Refusal::WouldTake)
            .places(BTC_PERP, bid(4, price).post_only());
    }
    let told = world.trader("alice").places(BTC_PERP, bid(4, 59_999).post_only());
    assert_eq!(outcome(&told), (0, 4, 59_999));
}

#[test]
fn a_sliding_order_rests_one_tick_behind_the_best_of_the_other_side() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 4, 60_000);
    let told = world.trader("alice").places(BTC_PERP, bid(4, 61_000).post_only_slide());
    assert_eq!(outcome(&told), (0, 4, 59_999));
    assert_eq!(world.reserved("alice", BTC_PERP)[0], (4, worth(4, 59_999)), "margined where it rests");
    let told = world.trader("carol").places(BTC_PERP, ask(4, 50_000).post_only_slide());
    assert_eq!(outcome(&told), (0, 4, 60_000));
    let told = world.trader("carol").places(BTC_PERP, ask(4, 60_500).post_only_slide());
    assert_eq!(outcome(&told), (0, 4, 60_500), "nothing to slide from");
}

#[test]
fn a_market_order_goes_as_far_as_its_worst_price() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 4, 60_000);
    world.trader("bob").asks(BTC_PERP, 4, 60_100);
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, Order::market(Side::Bid, 10, 60_099));
    assert_eq!(outcome(&told), (4, 0, 0));
    let told =
        world.trader("alice").meeting(&["bob"]).places(BTC_PERP, Order::market(Side::Bid, 10, u32::MAX));
    assert_eq!(outcome(&told), (4, 0, 0));
    assert_eq!(world.listed("alice"), 0);
}

#[test]
fn an_order_meets_no_more_makers_than_it_says_and_then_does_not_rest() {
    let mut world = floor();
    for price in 60_000..60_005 {
        world.trader("bob").asks(BTC_PERP, 1, price);
    }
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, bid(5, 60_010).most_makers(3));
    assert_eq!(outcome(&told), (3, 0, 0), "what is left would cross");
    let told = world.trader("alice").places(BTC_PERP, bid(5, 60_010).most_makers(0));
    assert_eq!(outcome(&told), (0, 0, 0));
}

#[test]
fn a_pegged_order_follows_the_oracle_and_is_margined_at_its_limit() {
    let mut world = floor();
    let told = world.trader("bob").places(BTC_PERP, bid(5, 60_500).pegged(-100));
    assert_eq!(outcome(&told), (0, 5, 59_900));
    assert_eq!(
        world.reserved("bob", BTC_PERP)[0],
        (5, worth(5, 60_500)),
        "it may become as dear as its limit"
    );
    world.oracle().says(BTC, 60_400.0);
    let told = world.trader("alice").meeting(&["bob"]).shorts(BTC_PERP, 2);
    assert_eq!((told.makers()[0].price, told.ordered().quote), (60_300, BTC_PERP.worth(2, 60_300)));
    assert_eq!(world.reserved("bob", BTC_PERP)[0], (3, worth(3, 60_500)));
    world.oracle().says(BTC, 59_000.0);
    let told = world.trader("alice").shorts(BTC_PERP, 2);
    assert_eq!(told.makers()[0].price, 58_900);
    assert_eq!(world.reserved("bob", BTC_PERP)[0], (3, worth(3, 60_500)), "what waits is still reserved");
    world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!(world.reserved("bob", BTC_PERP)[0], (1, worth(1, 60_500)));
    assert_eq!(world.position("bob", BTC_PERP).lots.get(), 4);
    world.trader("bob").cancels_all(BTC_PERP, None);
    assert_eq!(world.reserved("bob", BTC_PERP), [(0, 0), (0, 0)]);
}

#[test]
fn a_pegged_order_beyond_its_limit_is_refused_or_removed_in_passing() {
    let mut world = floor();
    let order = bid(5, 59_950).pegged(-100);
    world.trader("bob").refused(Refusal::BeyondPegLimit).places(BTC_PERP, bid(5, 59_950).pegged(0));
    let pegged = world.trader("bob").places(BTC_PERP, order).rests();
    let fixed = world.trader("carol").bids(BTC_PERP, 5, 59_000);
    world.oracle().says(BTC, 60_051.0); // one tick beyond
    let told = world.trader("alice").meeting(&["bob", "carol"]).shorts(BTC_PERP, 5);
    let met: Vec<(u64, u8)> = told.makers().iter().map(|maker| (maker.order, maker.kind)).collect();
    assert_eq!(met, [(pegged.get(), BEYOND_PEG_LIMIT), (fixed.get(), 0)]);
    assert_eq!((world.reserved("bob", BTC_PERP)[0], world.listed("bob")), ((0, 0), 0));
    world.trader("bob").holds(BTC_PERP, 0);
}

#[test]
fn pegged_and_fixed_orders_stand_in_one_line_by_price_and_time() {
    let mut world = floor();
    let older_fixed = world.trader("bob").bids(BTC_PERP, 1, 59_900);
    let pegged = world.trader("bob").places(BTC_PERP, bid(1, 61_000).pegged(-100)).rests();
    let younger_fixed = world.trader("carol").bids(BTC_PERP, 1, 59_900);
    let better_peg = world.trader("carol").places(BTC_PERP, bid(1, 61_000).pegged(-99)).rests();
    let worse = world.trader("carol").bids(BTC_PERP, 1, 59_899);
    let told = world.trader("alice").meeting(&["bob", "carol"]).shorts(BTC_PERP, 5);
    let met: Vec<u64> = told.makers().iter().map(|maker| maker.order).collect();
    assert_eq!(met, [better_peg, older_fixed, pegged, younger_fixed, worse].map(OrderId::get));
}

#[test]
fn a_pegged_order_may_take_and_slide_like_any_other() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 4, 60_000);
    let slid = world.trader("alice").places(BTC_PERP, bid(4, 61_000).pegged(500).post_only_slide());
    assert_eq!(outcome(&slid), (0, 4, 59_999));
    let told = world.trader("carol").meeting(&["bob"]).places(BTC_PERP, bid(6, 61_000).pegged(10));
    assert_eq!(outcome(&told), (4, 2, 60_010));
    world.oracle().says(BTC, 60_010.0);
    world.trader("bob").asks(BTC_PERP, 4, 60_030);
    let book = world.book(BTC_PERP);
    let index = plimsoll_client::book::Ticks::new(60_010);
    let prices: Vec<u32> = book.bids.orders(Some(index), 0).map(|resting| resting.price.get()).collect();
    assert_eq!(prices, [60_020, 60_009], "both follow the oracle from where they came to rest");
}

/// Alice is long and bob short of ten lots.
fn with_positions() -> World {
    let mut world = floor();
    world.trader("alice").bids(BTC_PERP, 10, 60_000);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 10);
    world
}

#[test]
fn a_reduce_only_taker_becomes_no_larger_than_its_position() {
    let mut world = with_positions();
    world.trader("carol").bids(BTC_PERP, 50, 59_900);
    let sell = ask(50, 59_900).reduce_only();
    world.trader("carol").refused(Refusal::NothingToReduce).places(BTC_PERP, ask(1, 61_000).reduce_only());
    world.trader("bob").refused(Refusal::NothingToReduce).places(BTC_PERP, sell.immediate());
    let told = world.trader("alice").meeting(&["carol"]).places(BTC_PERP, sell);
    assert_eq!(outcome(&told), (10, 0, 0));
    world.trader("alice").holds(BTC_PERP, 0);
}

#[test]
fn reduce_only_orders_that_rest_share_the_position() {
    let mut world = with_positions();
    let rest = |world: &mut World, lots, price| {
        world.trader("alice").places(BTC_PERP, ask(lots, price).reduce_only()).ordered().rests
    };
    assert_eq!(rest(&mut world, 6, 60_100), 6);
    assert_eq!(rest(&mut world, 6, 60_200), 4);
    world.trader("alice").refused(Refusal::NothingToReduce).places(BTC_PERP, ask(1, 60_300).reduce_only());
    // One that takes at once asks only for the position.
    world.trader("carol").bids(BTC_PERP, 3, 59_900);
    let sell = ask(10, 59_900).immediate().reduce_only();
    assert_eq!(world.trader("alice").meeting(&["carol"]).places(BTC_PERP, sell).ordered().filled, 3);
    // Long 7, with ten lots to reduce it: together they never sell more than it has.
    let told = world.trader("bob").meeting(&["alice"]).places(BTC_PERP, bid(10, 60_200));
    assert_eq!(told.ordered().filled, 7);
    world.trader("alice").holds(BTC_PERP, 0);
    let makers: Vec<(u32, u8)> = told.makers().iter().map(|maker| (maker.lots, maker.kind)).collect();
    assert_eq!(makers, [(6, 0), (1, 0), (3, REDUCE_ONLY)]);
    assert_eq!((world.listed("alice"), world.reserved("alice", BTC_PERP)[1]), (0, (0, 0)));
}

#[test]
fn a_reduce_only_maker_is_passed_over_while_its_account_is_not_at_hand() {
    let mut world = with_positions();
    let reduces = world.trader("alice").places(BTC_PERP, ask(10, 60_100).reduce_only()).rests();
    let behind = world.trader("bob").asks(BTC_PERP, 5, 60_200);
    let told = world.trader("carol").meeting(&["bob"]).longs(BTC_PERP, 5);
    assert_eq!(told.makers()[0].order, behind.get());
    assert_eq!(told.makers().len(), 1);
    assert!(world.resting(BTC_PERP, reduces).is_some());
    let told = world.trader("carol").meeting(&["alice"]).longs(BTC_PERP, 5);
    assert_eq!((told.makers()[0].order, told.makers()[0].price), (reduces.get(), 60_100));
    world.trader("alice").holds(BTC_PERP, 5);
}

#[test]
fn a_reduce_only_maker_whose_position_is_gone_is_removed_without_a_fill() {
    let mut world = with_positions();
    let reduces = world.trader("alice").places(BTC_PERP, ask(10, 60_100).reduce_only()).rests();
    world.trader("carol").bids(BTC_PERP, 20, 60_000);
    world.trader("alice").meeting(&["carol"]).shorts(BTC_PERP, 10);
    let told = world.trader("bob").meeting(&["alice"]).places(BTC_PERP, bid(5, 60_100).immediate());
    assert_eq!(outcome(&told), (0, 0, 0));
    let [gone] = told.makers()[..] else { panic!("{:?}", told.events) };
    assert_eq!((gone.order, gone.lots, gone.kind), (reduces.get(), 10, REDUCE_ONLY));
    assert_eq!((world.listed("alice"), world.lots("alice", BTC_PERP)), (0, 0));
}
