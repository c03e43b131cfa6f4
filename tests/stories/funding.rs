//! Funding: who pays whom, for which time, and that no trade chooses what is paid.

use harness::{Receipt, World, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{order::Order, refresh},
};

/// One percent, in the unit of premiums.
const PERCENT: i32 = (1 << 30) / 100;
/// In how many seconds a premium is paid once.
const PERIOD: f64 = 8.0 * 3_600.0;
/// Deep enough for an impact price: 6,000 dollars at the index.
const DEEP: u32 = 1_000;

/// Alice is long and bob short of a hundred lots at 60,000, the index; carol and dave are there to quote.
fn with_positions() -> World {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol", "dave"]);
    world.trader("alice").bids(BTC_PERP, 100, 60_000);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 100);
    world.refreshes_market(BTC_PERP);
    world
}

/// Carol bids and dave asks, deep and a tick on each side of `mid`.
fn quote_around(world: &mut World, mid: u32) {
    world.trader("carol").places(BTC_PERP, Order::limit(Side::Bid, DEEP, mid - 1));
    world.trader("dave").places(BTC_PERP, Order::limit(Side::Ask, DEEP, mid + 1));
}

/// Cumulative funding of one lot, native quote.
fn funding(world: &World) -> f64 {
    world.terms(BTC_PERP).funding as f64 / 2f64.powi(32)
}

/// What a lot pays in so many seconds of a premium at the index, native quote.
fn expected(premium: f64, seconds: f64) -> f64 {
    6_000_000.0 * premium * seconds / PERIOD
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= expected.abs() * 1e-4 + 1e-3, "{found} is not {expected}");
}

/// What the first order of somebody tells of funding that was applied.
fn paid(told: &Receipt) -> i64 {
    told.ordered().funding
}

#[test]
fn above_the_index_longs_pay_and_shorts_get_it() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.passes(1);
    world.refreshes_market(BTC_PERP); // sees the book: its premium stands from now on
    assert!((world.market(BTC_PERP).premium.premium - PERCENT).abs() <= 1);
    let before = funding(&world);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    assert_close(funding(&world) - before, expected(0.01, 30.0));

    let (alice, bob) = (world.position("alice", BTC_PERP), world.position("bob", BTC_PERP));
    let long = world.trader("alice").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000));
    let short = world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000));
    assert_close(paid(&long) as f64, 100.0 * expected(0.01, 30.0));
    assert!(paid(&short) < 0);
    let quote = |world: &World, name| world.position(name, BTC_PERP).quote.get();
    assert_eq!(quote(&world, "alice"), alice.quote.get() - paid(&long));
    assert_eq!(quote(&world, "bob"), bob.quote.get() - paid(&short));
    let left = paid(&long) + paid(&short);
    assert!((0..=1).contains(&left), "payers pay the fraction, receivers lose it: {left}");
}

#[test]
fn below_the_index_shorts_pay_and_longs_get_it() {
    let mut world = with_positions();
    quote_around(&mut world, 59_400);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    assert!((world.market(BTC_PERP).premium.premium + PERCENT).abs() <= 1);
    let before = funding(&world);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    assert_close(funding(&world) - before, -expected(0.01, 30.0));
    let long = paid(&world.trader("alice").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000)));
    let short = paid(&world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000)));
    assert!(long < 0 && short > 0);
    assert!((0..=1).contains(&(long + short)));
}

#[test]
fn only_the_slots_first_touch_is_looked_at() {
    let mut world = with_positions();
    world.passes(1);
    world.trader("carol").bids(BTC_PERP, 1, 59_000); // the slot's first touch: the book is all but empty
    quote_around(&mut world, 60_600);
    world.refreshes_market(BTC_PERP);
    assert_eq!(world.market(BTC_PERP).premium.premium, 0);
    // Gone before the next slot: never seen at all.
    for name in ["carol", "dave"] {
        world.trader(name).cancels_all(BTC_PERP, None);
    }
    let before = funding(&world);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    assert_eq!(world.market(BTC_PERP).premium.premium, 0);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    assert_eq!(funding(&world), before);
}

#[test]
fn what_a_refresh_sees_is_paid_for_only_afterwards() {
    let mut world = with_positions();
    world.passes(30);
    let before = funding(&world);
    // Quotes and refreshes in one transaction: the refresh cannot choose what it pays for.
    let place = |world: &mut World, name, side, price| {
        world.trader(name).trading(BTC_PERP).place(&Order::limit(side, DEEP, price), &[], &[])
    };
    let quotes = [
        place(&mut world, "carol", Side::Bid, 60_599),
        place(&mut world, "dave", Side::Ask, 60_601),
        refresh::refresh_market(&world.market_of(BTC_PERP)),
    ];
    world.does(&quotes);
    assert_eq!(funding(&world), before);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    assert_eq!(funding(&world), before, "the standing observation was of an empty book");
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    assert_close(funding(&world) - before, expected(0.01, 1.0));
}

#[test]
fn a_trade_cannot_choose_the_premium_that_it_pays() {
    let mut honest = with_positions();
    quote_around(&mut honest, 60_600);
    honest.passes(1);
    honest.refreshes_market(BTC_PERP);
    honest.passes(30);
    let mut cunning = honest.clone();
    // Whoever is about to pay sells the bids away first, in the slot of the refresh.
    let sold =
        cunning.trader("alice").meeting(&["carol"]).places(BTC_PERP, Order::market(Side::Ask, DEEP, 1));
    assert_eq!(sold.ordered().filled, DEEP);
    assert_eq!(cunning.depth(BTC_PERP, Side::Bid), 0);
    cunning.refreshes_market(BTC_PERP);
    honest.refreshes_market(BTC_PERP);
    assert_eq!(cunning.terms(BTC_PERP).funding, honest.terms(BTC_PERP).funding);
    assert!(funding(&honest) > 0.0);
}

#[test]
fn one_observation_counts_a_minute_at_most() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    let before = funding(&world);
    world.passes(600);
    world.refreshes_market(BTC_PERP);
    assert_close(funding(&world) - before, expected(0.01, 60.0));
    // The price was stale when the book was seen again: that counts nothing.
    assert_eq!(world.market(BTC_PERP).premium.premium, 0);
    let before = funding(&world);
    world.passes(60);
    world.refreshes_market(BTC_PERP);
    assert_eq!(funding(&world), before);
}

#[test]
fn every_touch_of_the_book_observes_it() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    let before = funding(&world);
    for touch in 0..4 {
        world.passes(50);
        world.oracle().publishes(BTC);
        world.oracle().refreshes(&[BTC]);
        match touch {
            0 => drop(world.trader("alice").bids(BTC_PERP, 1, 59_000)),
            1 => drop(world.trader("alice").cancels_all(BTC_PERP, None)),
            2 => drop(world.trader("bob").batches(BTC_PERP, &[], &[Order::limit(Side::Bid, 1, 59_000)])),
            _ => drop(world.refreshes_market(BTC_PERP)),
        }
    }
    // Four times fifty seconds: none of them beyond its minute.
    assert_close(funding(&world) - before, expected(0.01, 200.0));
}

#[test]
fn an_empty_or_a_thin_side_counts_nothing() {
    for (bids, asks) in [(DEEP, 0), (0, DEEP), (DEEP, 400), (400, DEEP)] {
        let mut world = with_positions();
        for (name, side, lots, price) in
            [("carol", Side::Bid, bids, 60_599), ("dave", Side::Ask, asks, 60_601)]
        {
            if lots > 0 {
                world.trader(name).places(BTC_PERP, Order::limit(side, lots, price));
            }
        }
        world.passes(1);
        world.refreshes_market(BTC_PERP);
        assert_eq!(world.market(BTC_PERP).premium.premium, 0, "{bids} bids, {asks} asks");
        let before = funding(&world);
        world.passes(30);
        world.refreshes_market(BTC_PERP);
        assert_eq!(funding(&world), before);
    }
}

#[test]
fn the_premium_is_capped() {
    let mut world = with_positions();
    quote_around(&mut world, 66_000); // a tenth above; the cap is a twentieth
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    let cap = world.market(BTC_PERP).funding_cap.get();
    assert_eq!(world.market(BTC_PERP).premium.premium, cap as i32);
    let before = funding(&world);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    assert_close(funding(&world) - before, expected(0.05, 30.0));
}

#[test]
fn one_refresh_pays_for_an_hour_at_most() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    let before = funding(&world);
    // Two hours in which the book is seen every minute, and nobody refreshes the market.
    let order = Order::limit(Side::Bid, 1, 58_000);
    let mut rests = world.trader("alice").places(BTC_PERP, order).rests();
    for _ in 0..120 {
        world.passes(60);
        world.oracle().publishes(BTC);
        world.oracle().refreshes(&[BTC]);
        rests = world.trader("alice").batches(BTC_PERP, &[rests], &[order]).rests();
    }
    world.refreshes_market(BTC_PERP);
    assert_close(funding(&world) - before, expected(0.01, 3_600.0));
}

#[test]
fn nothing_accrues_twice_in_one_second() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    world.passes(30);
    let first = world.refreshes_market(BTC_PERP);
    let after = world.terms(BTC_PERP);
    let second = world.refreshes_market(BTC_PERP);
    assert_eq!(world.terms(BTC_PERP).funding, after.funding);
    let told = |receipt: &Receipt| match receipt.event() {
        Event::MarketRefreshed(event) => event.funding,
        other => panic!("{other:?}"),
    };
    assert_eq!(told(&first), told(&second));
}

#[test]
fn what_payers_pay_covers_what_receivers_get_whatever_the_lots() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol", "dave", "erin"]);
    let longs = [("alice", 7), ("bob", 13)];
    for (name, lots) in longs {
        world.trader(name).bids(BTC_PERP, lots, 60_000);
        world.trader("erin").meeting(&[name]).shorts(BTC_PERP, lots);
    }
    world.refreshes_market(BTC_PERP);
    quote_around(&mut world, 60_300);
    let (mut dust, mut of_longs) = (0, 0);
    for _ in 0..7 {
        world.passes(1);
        world.refreshes_market(BTC_PERP);
        world.passes(17);
        world.refreshes_all();
        let mut sum = 0;
        for name in ["alice", "bob", "erin"] {
            let told = world.trader(name).places(BTC_PERP, Order::limit(Side::Bid, 1, 50_000).immediate());
            sum += paid(&told);
            of_longs += if name == "erin" { 0 } else { paid(&told) };
        }
        assert!((0..=3).contains(&sum), "{sum}: at most a unit each");
        dust += sum;
    }
    assert!(dust > 0, "some of it is rounded");
    // Every round but the first has one more second, that of the touch before it.
    let exactly = 20.0 * expected(0.005, 7.0 * 17.0 + 6.0);
    assert!((0.0..=14.0).contains(&(of_longs as f64 - exactly)), "rounded up once each: {of_longs}");
}

#[test]
fn a_position_pays_only_for_what_accrued_while_it_was_open() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    world.stakes(&["erin"]);
    world.oracle().publishes(BTC);
    world.oracle().refreshes(&[BTC]);
    let told = world.trader("erin").meeting(&["dave"]).longs(BTC_PERP, 10);
    assert_eq!(paid(&told), 0);
    assert_eq!(world.position("erin", BTC_PERP).funding, world.terms(BTC_PERP).funding);
    // The maker was flat: nothing either. What he holds from now on is counted from here.
    assert_eq!(told.makers()[0].funding, 0);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    let told = world.trader("erin").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000));
    assert_close(paid(&told) as f64, 10.0 * expected(0.01, 30.0));
}

#[test]
fn a_maker_pays_its_funding_before_its_fill_whether_at_once_or_later() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    world.trader("alice").asks(BTC_PERP, 40, 60_600);
    let paid_already = world.position("alice", BTC_PERP).funding;
    assert_eq!(paid_already, world.terms(BTC_PERP).funding, "placing an order applied it");
    world.passes(20);
    world.refreshes_market(BTC_PERP);
    world.oracle().publishes(BTC);
    world.oracle().refreshes(&[BTC]);
    let mut later = world.clone();
    let at_once = world.trader("bob").meeting(&["alice"]).longs(BTC_PERP, 40);
    let maker = at_once.makers()[0];
    assert_close(maker.funding as f64, 100.0 * expected(0.01, 20.0));
    assert!(paid(&at_once) < 0);
    later.trader("bob").longs(BTC_PERP, 40);
    let applied = later.applies_fills(BTC_PERP, &["alice"]);
    assert_eq!(applied.makers()[0].funding, maker.funding);
    for name in ["alice", "bob"] {
        assert_eq!(later.position(name, BTC_PERP).quote, world.position(name, BTC_PERP).quote);
    }
}

#[test]
fn lots_that_wait_in_the_queue_bear_funding_from_the_moment_that_they_met() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.stakes(&["erin"]);
    // Dave sells ten lots and does not hear of it yet.
    world.trader("erin").longs(BTC_PERP, 10);
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    world.passes(30);
    world.refreshes_market(BTC_PERP);
    let applied = world.applies_fills(BTC_PERP, &["dave"]);
    let got = applied.makers()[0].funding;
    let told = world.trader("erin").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000));
    assert_close(paid(&told) as f64, 10.0 * expected(0.01, 30.0));
    assert!((0..=1).contains(&(paid(&told) + got)), "what she paid he got: {got}");
}

#[test]
fn whoever_comes_just_before_a_refresh_gets_nothing_of_what_accrued_before() {
    let mut world = with_positions();
    quote_around(&mut world, 60_600);
    world.stakes(&["erin"]);
    // Ten minutes in which the book is seen and nobody refreshes the market.
    for _ in 0..12 {
        world.passes(50);
        world.oracle().publishes(BTC);
        world.oracle().refreshes(&[BTC]);
        world.trader("dave").batches(BTC_PERP, &[], &[Order::limit(Side::Bid, 1, 59_000)]);
    }
    let opens = world.trader("erin").meeting(&["carol"]).shorts(BTC_PERP, 10);
    assert_eq!(opens.ordered().filled, 10);
    world.refreshes_market(BTC_PERP);
    assert!(funding(&world) > expected(0.01, 500.0), "those who were there pay for it");
    let told = world.trader("erin").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000));
    assert_eq!(paid(&told), 0);
    let told = world.trader("alice").places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000));
    assert_close(paid(&told) as f64, 100.0 * funding(&world));
}

#[test]
fn funding_alone_can_cost_an_account_its_room() {
    let mut world = World::floor(&[BTC_PERP], &["bob", "carol", "dave"]);
    world.trader("alice").deposits(USDC, usdc(1_000));
    world.trader("bob").asks(BTC_PERP, 820, 60_000);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 820);
    world.refreshes_market(BTC_PERP);
    quote_around(&mut world, 63_000);
    for _ in 0..30 {
        world.passes(60);
        world.oracle().publishes(BTC);
        world.oracle().refreshes(&[BTC]);
        world.refreshes_market(BTC_PERP);
    }
    // The first minute saw an empty book. 29 at a twentieth in eight hours are 0.3%: 15 dollars of 4,920.
    world.oracle().says(BTC, 60_000.0);
    let more = Order::limit(Side::Bid, 1, 60_000);
    world.trader("alice").refused(Refusal::RaisesRisk).places(BTC_PERP, more);
    world.refreshes_all();
    let told = world.trader("alice").meeting(&["carol"]).shorts(BTC_PERP, 100);
    assert_close(paid(&told) as f64, 820.0 * expected(0.05, 29.0 * 60.0 + 1.0));
}
