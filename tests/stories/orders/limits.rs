//! Where orders end: sizes, slots, caps, the market's state, the band around the index.

use super::floor;
use harness::{World, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::order::Order,
};

#[test]
fn an_order_below_the_minimum_is_refused_unless_it_only_reduces() {
    let mut world = World::with_markets_before_opening(&[]);
    let coarse = Perp { minimum_lots: 5, ..BTC_PERP };
    world.creates_market(coarse);
    let mut world = world.opens();
    world.sets_in_market("market.oi_upper", coarse, 1 << 40);
    world.stakes(&["alice", "bob"]);
    for lots in [0, 1, 4] {
        let order = Order::limit(Side::Bid, lots, 59_900);
        world.trader("alice").refused(Refusal::BelowMinimumOrder).places(coarse, order);
    }
    world.trader("alice").bids(coarse, 5, 59_900);
    world.trader("bob").meeting(&["alice"]).shorts(coarse, 5);
    world.trader("bob").asks(coarse, 6, 60_100);
    let rest = Order::limit(Side::Ask, 2, 60_200).reduce_only();
    world.trader("alice").places(coarse, rest).rests();
    world.trader("alice").bids(coarse, 5, 59_900);
    let reduces = Order::limit(Side::Bid, 1, 60_100).immediate().reduce_only();
    assert_eq!(world.trader("bob").meeting(&["alice"]).places(coarse, reduces).ordered().filled, 0);
}

#[test]
fn thirty_two_orders_rest_and_no_more() {
    let mut world = floor();
    let many: Vec<Order> = (0..16).map(|at| Order::limit(Side::Bid, 1, 58_000 + at)).collect();
    world.trader("alice").batches(BTC_PERP, &[], &many);
    let last = world.trader("alice").batches(BTC_PERP, &[], &many).all_ordered()[15].order;
    assert_eq!(world.listed("alice"), 32);
    let one_more = Order::limit(Side::Bid, 1, 58_100);
    for order in [one_more, one_more.post_only(), one_more.post_only_slide()] {
        world.trader("alice").refused(Refusal::NoFreeOrder).places(BTC_PERP, order);
    }
    // What never rests needs no slot.
    world.trader("bob").asks(BTC_PERP, 2, 60_100);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 1);
    world.trader("alice").meeting(&["bob"]).places(BTC_PERP, Order::limit(Side::Bid, 1, 60_100).immediate());
    world.trader("alice").holds(BTC_PERP, 2);
    world.trader("alice").cancels(BTC_PERP, OrderId::new(last));
    world.trader("alice").places(BTC_PERP, one_more).rests();
    assert_eq!(world.listed("alice"), 32);
}

#[test]
fn sixteen_positions_and_no_more() {
    let perps: Vec<Perp> = NAMES[..17].iter().map(|name| Perp { name, ..BTC_PERP }).collect();
    let mut world = World::floor(&perps, &["alice"]);
    for perp in &perps[..16] {
        world.trader("alice").bids(*perp, 1, 59_000);
    }
    let order = Order::limit(Side::Bid, 1, 59_000);
    world.trader("alice").refused(Refusal::NoFreePosition).places(perps[16], order);
    world.trader("alice").cancels_all(perps[3], None);
    world.trader("alice").places(perps[16], order).rests();
}

#[test]
fn an_accounts_cap_counts_its_orders_as_if_filled() {
    let mut world = floor();
    world.sets_in_market("market.account_cap", BTC_PERP, 20);
    let bid = |lots| Order::limit(Side::Bid, lots, 59_900);
    world.trader("alice").refused(Refusal::AccountPositionCap).places(BTC_PERP, bid(21));
    world.trader("alice").bids(BTC_PERP, 12, 59_900);
    world.trader("alice").refused(Refusal::AccountPositionCap).places(BTC_PERP, bid(9));
    world.trader("alice").bids(BTC_PERP, 8, 59_900);
    // The other side has the whole cap for itself.
    let ask = world.trader("alice").asks(BTC_PERP, 20, 61_000);
    world
        .trader("alice")
        .refused(Refusal::AccountPositionCap)
        .places(BTC_PERP, Order::limit(Side::Ask, 1, 61_000));
    world.trader("alice").cancels(BTC_PERP, ask);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 20);
    world.trader("alice").refused(Refusal::AccountPositionCap).places(BTC_PERP, bid(1));
    // Long 20, forty may be sold.
    world.trader("alice").asks(BTC_PERP, 40, 61_000);
    world
        .trader("alice")
        .refused(Refusal::AccountPositionCap)
        .places(BTC_PERP, Order::limit(Side::Ask, 1, 61_000));
}

#[test]
fn a_cap_below_what_is_held_lets_it_only_shrink() {
    let mut world = floor();
    world.trader("alice").bids(BTC_PERP, 30, 59_900);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 30);
    world.sets_in_market("market.account_cap", BTC_PERP, 10);
    let bid = Order::limit(Side::Bid, 1, 59_900);
    world.trader("alice").refused(Refusal::AccountPositionCap).places(BTC_PERP, bid);
    let close = world.trader("alice").asks(BTC_PERP, 30, 60_000);
    world.trader("bob").meeting(&["alice"]).longs(BTC_PERP, 12);
    assert_eq!((world.lots("alice", BTC_PERP), world.lots("bob", BTC_PERP)), (18, -18));
    world.trader("alice").cancels(BTC_PERP, close);
    world.trader("alice").refused(Refusal::AccountPositionCap).places(BTC_PERP, bid);
}

#[test]
fn fills_that_wait_on_both_sides_are_no_way_around_the_cap() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol", "dave"]);
    world.sets_in_market("market.open_interest_cap", BTC_PERP, 100);
    world.trader("alice").asks(BTC_PERP, 100, 60_100);
    world.trader("bob").bids(BTC_PERP, 100, 59_900);
    world.trader("carol").longs(BTC_PERP, 100);
    let sell = Order::market(Side::Ask, 1, 1);
    // Alice is short already, she only does not know it yet.
    world.trader("dave").refused(Refusal::OpenInterestCap).places(BTC_PERP, sell);
    world.applies_fills(BTC_PERP, &["alice"]);
    world.trader("dave").refused(Refusal::OpenInterestCap).places(BTC_PERP, sell);
    assert_eq!(world.market(BTC_PERP).open_interest(), 100);
}

#[test]
fn open_interest_reaches_its_cap_exactly_and_then_only_falls() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol"]);
    world.sets_in_market("market.open_interest_cap", BTC_PERP, 100);
    world.trader("alice").bids(BTC_PERP, 500, 59_900);
    let sell = |lots| Order::market(Side::Ask, lots, 1);
    let meets = ["alice"];
    world.trader("bob").meeting(&meets).refused(Refusal::OpenInterestCap).places(BTC_PERP, sell(101));
    world.trader("bob").meeting(&meets).shorts(BTC_PERP, 100);
    assert_eq!(world.market(BTC_PERP).open_interest(), 100);
    world.trader("carol").meeting(&meets).refused(Refusal::OpenInterestCap).places(BTC_PERP, sell(1));
    // Waiting fills count on the side that is settled.
    world.trader("carol").refused(Refusal::OpenInterestCap).places(BTC_PERP, sell(1));
    // A position that only changes hands raises nothing.
    world.trader("bob").bids(BTC_PERP, 40, 59_950);
    world.trader("carol").meeting(&["bob"]).shorts(BTC_PERP, 40);
    assert_eq!(world.market(BTC_PERP).open_interest(), 100);
    // The cap falls below what is open: reducing still goes.
    world.sets_in_market("market.open_interest_cap", BTC_PERP, 10);
    world.trader("alice").cancels_all(BTC_PERP, None);
    world.trader("alice").asks(BTC_PERP, 30, 60_000);
    world.trader("bob").meeting(&meets).longs(BTC_PERP, 30);
    assert_eq!(world.market(BTC_PERP).open_interest(), 70);
    world.trader("alice").bids(BTC_PERP, 1, 59_900);
    world.trader("carol").meeting(&meets).refused(Refusal::OpenInterestCap).places(BTC_PERP, sell(1));
}

#[test]
fn in_a_market_that_only_reduces_orders_may_only_reduce() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol"]);
    world.trader("alice").bids(BTC_PERP, 10, 59_900);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 10);
    let carols = world.trader("carol").bids(BTC_PERP, 20, 59_800);
    world.sets_in_market("market.reduce_only", BTC_PERP, 1);
    for order in [
        Order::limit(Side::Bid, 1, 59_000),
        Order::limit(Side::Ask, 21, 61_000), // filled, it would be more than before
        Order::market(Side::Ask, 11, 1),     // through flat
    ] {
        world.trader("alice").meeting(&["carol"]).refused(Refusal::MarketReduceOnly).places(BTC_PERP, order);
    }
    world.trader("alice").asks(BTC_PERP, 4, 60_000);
    world.trader("bob").meeting(&["alice"]).longs(BTC_PERP, 4);
    // Somebody's resting order may be the counterparty of a reduction.
    world.trader("alice").meeting(&["carol"]).shorts(BTC_PERP, 6);
    world.trader("alice").holds(BTC_PERP, 0);
    world.trader("carol").holds(BTC_PERP, 6);
    world.trader("carol").cancels(BTC_PERP, carols);
}

#[test]
fn in_a_market_that_only_reduces_an_order_that_rests_is_no_room_for_new_risk() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol"]);
    world.trader("alice").bids(BTC_PERP, 10, 59_900);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 10);
    world.trader("bob").bids(BTC_PERP, 10, 59_900);
    world.trader("alice").asks(BTC_PERP, 10, 60_100);
    let rests = world.trader("carol").bids(BTC_PERP, 20, 59_000);
    world.sets_in_market("market.reduce_only", BTC_PERP, 1);
    let refused = |world: &mut World, cancels: &[OrderId], order| {
        let carol = world.trader("carol").meeting(&["alice", "bob"]);
        carol.refused(Refusal::MarketReduceOnly).batches(BTC_PERP, cancels, &[order]);
    };
    // Filled, her bid would be as large a position as any of these. That does not make them reductions.
    refused(&mut world, &[], Order::limit(Side::Ask, 11, 61_000));
    refused(&mut world, &[], Order::market(Side::Ask, 10, 1));
    refused(&mut world, &[rests], Order::market(Side::Bid, 10, u32::MAX));
    refused(&mut world, &[rests], Order::limit(Side::Ask, 11, 61_000));
    // And an order that would close the position does not keep its owner from closing it at once.
    world.trader("alice").meeting(&["bob"]).shorts(BTC_PERP, 4);
    world.trader("alice").holds(BTC_PERP, 6);
}

#[test]
fn orders_match_only_within_the_band_around_the_index() {
    let mut world = floor();
    let market = world.market(BTC_PERP);
    let index = market.index_price(&world.terms(BTC_PERP)).expect("a price");
    let (low, high) = market.band_around(index);
    assert_eq!((low.get(), high.get()), (57_001, 62_999), "5% of 60,000, both rounded inwards");
    let beyond = world.trader("bob").asks(BTC_PERP, 5, high.get() + 1);
    let buy = Order::limit(Side::Bid, 5, 65_000);
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, buy);
    assert_eq!(
        (told.ordered().filled, told.ordered().order),
        (0, 0),
        "it neither fills nor rests: it would cross"
    );
    world.trader("bob").cancels(BTC_PERP, beyond);
    world.trader("bob").asks(BTC_PERP, 5, high.get());
    assert_eq!(world.trader("alice").meeting(&["bob"]).places(BTC_PERP, buy).ordered().filled, 5);
    world.trader("alice").holds(BTC_PERP, 5);
}

#[test]
fn an_order_that_offers_more_than_the_band_allows_is_removed_by_whoever_meets_it() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol"]);
    let generous = world.trader("bob").bids(BTC_PERP, 5, 63_500);
    let sound = world.trader("carol").bids(BTC_PERP, 5, 59_900);
    let told = world.trader("alice").meeting(&["bob", "carol"]).shorts(BTC_PERP, 5);
    let makers = told.makers();
    assert_eq!((makers[0].order, makers[0].kind, makers[0].lots), (generous.get(), 3, 5));
    assert_eq!((makers[1].order, makers[1].kind, makers[1].price), (sound.get(), 0, 59_900));
    assert_eq!((world.reserved("bob", BTC_PERP)[0], world.listed("bob")), ((0, 0), 0));
    assert_eq!((world.lots("bob", BTC_PERP), world.lots("carol", BTC_PERP)), (0, 5));
}
