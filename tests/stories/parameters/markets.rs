//! A market on the program's own terms: how it begins, how its accounts grow, how its parameters reach its margin.

use harness::{World, amounts::*, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    governance::{PARAMETERS, Scope, Target},
    instructions::setup::MarketArgs,
    state::book::{BOOK_SIDE, FILL_QUEUE},
};
use plimsoll_client::{
    addresses::MarketAddresses,
    book::Side,
    events::Event,
    instructions::{governance::parameter, order::Order, refresh, setup},
};
use plimsoll_risk::{
    layout::{Key, market::MARKET_REDUCE_ONLY},
    num::{Quote, Ratio},
};

const STEP: usize = 10_240;

/// The standard tokens and a market for SOL, as its creation left it.
fn just_created() -> World {
    let mut world = World::before_opening();
    world.refreshes_all();
    world.creates_market(SOL_PERP);
    world
}

/// Tries to create a market for SOL with other terms.
fn creates(world: &mut World, who: &str, change: impl FnOnce(&mut MarketArgs), reason: Refusal) {
    let signer = world.person(who);
    let market = MarketAddresses::derive(&world.exchange, 0);
    let mut args = SOL_PERP.args(world.feed_of(SOL));
    change(&mut args);
    world.refuses(&[setup::create_market(&market, signer, args)], reason);
}

#[test]
fn a_market_begins_cautious_and_small() {
    let world = just_created();
    let (market, terms, of) = (world.market(SOL_PERP), world.terms(SOL_PERP), world.market_of(SOL_PERP));
    assert_eq!((terms.market, market.index), (Key(of.market.to_bytes()), 0));
    assert_eq!((market.open_interest_cap, market.account_cap), (1_000, 100), "in least orders");
    assert_eq!(terms.imr, Ratio::from_bps(2_000));
    assert_eq!(terms.mmr.to, Ratio::from_bps(1_000).get());
    assert!(terms.pnl_weight.is_zero() && terms.flags == 0);
    assert_eq!((terms.longs.a, terms.shorts.a), (1 << 63, 1 << 63));
    assert!(terms.valid_until >= world.now() && terms.initial_ratio >= terms.imr);
    assert_eq!(terms.lot_price >> terms.shift, 1_500_000, "a hundredth of 150 dollars");
    let [depth, reward] = [market.impact_notional, Quote::new(market.trigger_reward.into())];
    assert_eq!((depth, reward), (Quote::new(usdc(2_500) as i64), Quote::new(usdc(0.1) as i64)));
}

#[test]
fn every_parameter_of_a_new_market_is_within_its_bounds() {
    let world = just_created();
    let (mut exchange, mut board) = (world.exchange_account(), Box::new(*world.board()));
    let mut market = world.market(SOL_PERP);
    let mut target = Target {
        exchange: &mut exchange,
        board: &mut board,
        bank: None,
        market: Some(&mut market),
        index: 0,
    };
    for row in PARAMETERS.iter().filter(|row| row.scope == Scope::Market) {
        let value = row.read(&mut target).expect(row.name);
        row.value(&value.to_bytes()).unwrap_or_else(|_| panic!("{} begins out of bounds", row.name));
    }
}

#[test]
fn its_accounts_are_empty_marked_and_name_it() {
    let world = just_created();
    let of = world.market_of(SOL_PERP);
    let [bids, asks, queue] = [of.bids, of.asks, of.queue].map(|address| world.chain.data(&address));
    assert!(bids.starts_with(BOOK_SIDE) && asks.starts_with(BOOK_SIDE) && queue.starts_with(FILL_QUEUE));
    assert!([bids, asks, queue].iter().all(|data| data.len() == STEP));
    let book = world.book(SOL_PERP);
    assert_eq!((book.bids.side(), book.asks.side()), (Side::Bid, Side::Ask));
    assert_eq!((book.bids.len(), book.bids.capacity(), book.asks.capacity()), (0, 126, 126));
    assert_eq!(world.queue(SOL_PERP).header().capacity, 96);
    for market in
        [book.bids.header().market, book.asks.header().market, world.queue(SOL_PERP).header().market]
    {
        assert_eq!(market.0, of.market.to_bytes());
    }
}

#[test]
fn its_creation_is_told_and_its_feed_knows_it() {
    let mut world = just_created();
    let told = world.creates_market(BTC_PERP);
    let Event::MarketCreated(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.index, event.feed), (1, world.feed_of(BTC)));
    assert_eq!(event.market, world.market_of(BTC_PERP).market);
    let board = world.board();
    assert_eq!(board.header.market_count, 2);
    assert_eq!(board.feeds[usize::from(world.feed_of(SOL))].markets, 0b01);
    assert_eq!(board.feeds[usize::from(world.feed_of(BTC))].markets, 0b10);
}

#[test]
fn lots_and_ticks_that_make_no_sense_are_refused() {
    let mut world = World::before_opening();
    world.refreshes_all();
    for change in [
        (|it: &mut MarketArgs| it.lots_per_unit = 0) as fn(&mut MarketArgs),
        |it| it.tick_lot = 0,
        |it| it.minimum_lots = 0,
        |it| it.minimum_lots = 1_000_001,
        |it| it.tick_lot = 1_501,              // 999 ticks
        |it| it.lots_per_unit = 1_000_000_000, // a lot worth less than a native unit
    ] {
        creates(&mut world, "admin", change, Refusal::BadMarket);
    }
    creates(&mut world, "admin", |it| it.feed = 200, Refusal::UnknownFeed);
    creates(&mut world, "risk council", |_| {}, Refusal::NotTheAdmin);
    world.creates_market(Perp { tick_lot: 1_500, ..SOL_PERP });
}

#[test]
fn a_market_may_be_created_before_its_first_price_and_wakes_with_it() {
    let mut world = World::before_opening();
    world.creates_market(SOL_PERP);
    assert_eq!(world.terms(SOL_PERP).valid_until, 0);
    world.refreshes_all();
    let terms = world.terms(SOL_PERP);
    assert!(terms.valid_until >= world.now());
    assert_eq!(terms.lot_price >> terms.shift, 1_500_000);
}

#[test]
fn anyone_grows_a_book_as_far_as_it_goes() {
    let mut world = just_created();
    let of = world.market_of(SOL_PERP);
    for (book, steps) in [(of.bids, 9), (of.asks, 9), (of.queue, 3)] {
        world.grows_book(SOL_PERP, book, steps);
        assert_eq!(world.chain.data(&book).len(), (steps + 1) * STEP);
        let payer = world.person("anyone");
        world.refuses(&[setup::grow_book(&of, book, payer)], Refusal::CannotGrow);
    }
    let book = world.book(SOL_PERP);
    assert_eq!((book.bids.capacity(), book.asks.capacity()), (1_278, 1_278));
    assert_eq!(world.queue(SOL_PERP).header().capacity, 391);
    let (payer, other) = (world.person("anyone"), of.market);
    world.refuses(&[setup::grow_book(&of, other, payer)], Refusal::WrongBook);
}

#[test]
fn a_refresh_needs_the_markets_own_accounts() {
    let mut world = just_created();
    world.creates_market(BTC_PERP);
    let (of, other) = (world.market_of(SOL_PERP), world.market_of(BTC_PERP));
    let told = world.refreshes_market(SOL_PERP);
    let Event::MarketRefreshed(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.market, event.funding, event.open_interest), (of.market, 0, 0));
    assert_eq!(world.terms(SOL_PERP).funding_updated_at, world.now());
    for wrong in [MarketAddresses { bids: other.bids, ..of }, MarketAddresses { asks: of.bids, ..of }] {
        world.passes(1);
        world.refuses(&[refresh::refresh_market(&wrong)], Refusal::WrongBook);
    }
}

#[test]
fn a_refresh_charges_the_premium_that_stood_and_not_the_one_that_it_sees() {
    let mut world = World::with_markets(&[SOL_PERP]);
    for name in ["alice", "bob"] {
        world.trader(name).deposits(USDC, usdc(1_000_000));
    }
    world.refreshes_market(SOL_PERP);
    let before = world.terms(SOL_PERP).funding;
    // 1 % above the index of 15,000 ticks, deep enough for an impact price.
    world.trader("alice").places(SOL_PERP, Order::limit(Side::Bid, 10_000, 15_149));
    world.trader("bob").places(SOL_PERP, Order::limit(Side::Ask, 10_000, 15_151));
    world.passes(30);
    world.refreshes_market(SOL_PERP);
    assert_eq!(world.terms(SOL_PERP).funding, before, "the book was empty until now");
    world.passes(30);
    let told = world.refreshes_market(SOL_PERP);
    // A lot is worth 1.5 dollars: 1 % of it in eight hours, for half a minute.
    let expected = (1_500_000.0 * 0.01 * 30.0 / 28_800.0 * 2f64.powi(32)) as i64;
    let paid = world.terms(SOL_PERP).funding - before;
    assert!((paid - expected).abs() <= expected / 1_000, "{paid} is not {expected}");
    let Event::MarketRefreshed(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!(event.funding, world.terms(SOL_PERP).funding);
}

#[test]
fn a_raised_margin_is_felt_at_once() {
    let mut world = just_created();
    world.sets_in_market("market.imr", SOL_PERP, percent(90));
    assert!(world.terms(SOL_PERP).initial_ratio.get() >= Ratio::from_bps(9_000).get());
}

#[test]
fn reduce_only_is_set_at_once_and_lifted_after_the_delay() {
    let mut world = just_created().opens();
    let row = parameter("market.reduce_only").expect("a parameter");
    assert!(world.governor("risk council").proposes_in(row.name, SOL_PERP, 1).is_none());
    assert_eq!(world.terms(SOL_PERP).state, MARKET_REDUCE_ONLY);
    let lifted = world.governor("risk council").proposes_in(row.name, SOL_PERP, 0).expect("waits");
    world.governor("anyone").refused(Refusal::NotReady).applies(&lifted);
    world.passes(days(2));
    world.governor("anyone").applies(&lifted);
    assert_eq!(world.terms(SOL_PERP).state, 0);
}
