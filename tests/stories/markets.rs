//! Markets: created once at their own addresses, refreshed by anybody, governed while people trade in them.

use anchor_lang::error::ErrorCode;
use harness::{World, amounts::*, keys, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    addresses::MarketAddresses,
    book::Side,
    events::Event,
    instructions::{order::Order, refresh, setup},
};
use plimsoll_risk::{layout::board::MAX_MARKETS, num::Ratio};
use solana_account::Account;
use solana_pubkey::Pubkey;

/// A tenth, as a ratio.
const TENTH: u64 = percent(10);

/// The standard tokens with fresh prices, and no market yet.
fn before_any_market() -> World {
    let mut world = World::before_opening();
    world.refreshes_all();
    world
}

/// Puts a copy of an account at another address.
fn copy(world: &mut World, of: Pubkey, name: &str) -> Pubkey {
    let account = world.chain.account(&of).expect("an account");
    let address = keys::address(name);
    world.chain.place(address, account);
    address
}

#[test]
fn addresses_that_somebody_paid_into_before_are_no_obstacle() {
    let mut world = before_any_market();
    let of = MarketAddresses::derive(&world.exchange, 0);
    for (address, lamports) in [(of.market, 1), (of.bids, 1_000_000_000), (of.asks, 1), (of.queue, 77)] {
        world.chain.place(address, Account { lamports, rent_epoch: u64::MAX, ..Account::default() });
    }
    world.creates_market(BTC_PERP);
    for address in [of.market, of.bids, of.asks, of.queue] {
        let account = world.chain.account(&address).expect("created");
        assert_eq!(account.owner, plimsoll::ID);
        assert!(account.lamports >= world.chain.rent(account.data.len()));
    }
    let mut world = world.opens();
    world.stakes(&["alice"]);
    world.trader("alice").bids(BTC_PERP, 1, 59_000);
}

#[test]
fn a_market_is_created_only_at_its_own_addresses_and_once() {
    let mut world = before_any_market();
    let admin = world.person("admin");
    let (first, second) =
        (MarketAddresses::derive(&world.exchange, 0), MarketAddresses::derive(&world.exchange, 1));
    let args = BTC_PERP.args(world.feed_of(BTC));
    for wrong in [
        MarketAddresses { market: second.market, ..first },
        MarketAddresses { bids: second.bids, ..first },
        MarketAddresses { asks: second.asks, ..first },
        MarketAddresses { queue: second.queue, ..first },
        MarketAddresses { bids: first.asks, asks: first.bids, ..first },
        second, // the first free place is another
    ] {
        world.refuses(&[setup::create_market(&wrong, admin, args)], Refusal::WrongBook);
    }
    let mut elsewhere = world.clone(); // whose ledger would be confused by a second board
    let board = copy(&mut elsewhere, first.board, "second board");
    let foreign = MarketAddresses { board, ..first };
    elsewhere.refuses(&[setup::create_market(&foreign, admin, args)], Refusal::ForeignBoard);
    let no_exchange = MarketAddresses { exchange: first.board, ..first };
    world
        .refuses(&[setup::create_market(&no_exchange, admin, args)], ErrorCode::AccountDiscriminatorMismatch);
    world.creates_market(BTC_PERP);
    world.refuses(&[setup::create_market(&first, admin, args)], Refusal::WrongBook);
    let stranger = world.person("stranger");
    world.refuses(&[setup::create_market(&second, stranger, args)], Refusal::NotTheAdmin);
}

#[test]
fn several_markets_may_be_about_one_underlying_and_move_with_it() {
    let fine = Perp { name: "BTC-PERP-FINE", tick_lot: 10, ..BTC_PERP };
    let mut world = World::floor(&[BTC_PERP, fine], &["alice"]);
    assert_eq!(world.board().feeds[usize::from(world.feed_of(BTC))].markets, 0b11);
    world.oracle().says(BTC, 61_000.0);
    for perp in [BTC_PERP, fine] {
        let terms = world.terms(perp);
        assert_eq!(terms.lot_price >> terms.shift, 6_100_000);
        assert_eq!(terms.publish_time, world.now());
    }
    let index =
        |world: &World, perp| world.market(perp).index_price(&world.terms(perp)).expect("a price").get();
    assert_eq!((index(&world, BTC_PERP), index(&world, fine)), (61_000, 610_000));
}

#[test]
fn the_board_has_room_for_so_many_markets_and_no_more() {
    let mut world = before_any_market();
    let admin = world.person("admin");
    let args = BTC_PERP.args(world.feed_of(BTC));
    for index in 0..MAX_MARKETS as u8 {
        let of = MarketAddresses::derive(&world.exchange, index);
        world.does(&[setup::create_market(&of, admin, args)]);
    }
    assert_eq!(usize::from(world.board().header.market_count), MAX_MARKETS);
    assert_eq!(world.board().feeds[usize::from(world.feed_of(BTC))].markets, u64::MAX);
    let of = MarketAddresses::derive(&world.exchange, MAX_MARKETS as u8);
    world.refuses(&[setup::create_market(&of, admin, args)], Refusal::BoardFull);
    // All of them follow their feed in one refresh.
    world.oracle().says(BTC, 61_000.0);
    let last = world.board().markets[MAX_MARKETS - 1];
    assert_eq!(last.lot_price >> last.shift, 6_100_000);
}

#[test]
fn a_market_may_be_added_while_the_exchange_is_open() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    world.creates_market(SOL_PERP);
    world.trader("bob").asks(SOL_PERP, 10, 15_000);
    world.trader("alice").meeting(&["bob"]).longs(SOL_PERP, 10);
    // A hundred least orders for one account, until governance says otherwise.
    let order = Order::limit(Side::Bid, 91, 14_000);
    world.trader("alice").refused(Refusal::AccountPositionCap).places(SOL_PERP, order);
    let wider = world.admin().proposes_in("market.account_cap", SOL_PERP, 1_000).expect("waits");
    world.passes(days(2));
    world.governor("anyone").applies(&wider);
    world.refreshes_all();
    world.trader("alice").places(SOL_PERP, order).rests();
}

#[test]
fn only_the_markets_own_book_is_grown_and_by_whoever_pays() {
    let mut world = World::with_markets(&[BTC_PERP, SOL_PERP]);
    let (of, other) = (world.market_of(BTC_PERP), world.market_of(SOL_PERP));
    let payer = world.person("anyone");
    for wrong in [other.bids, other.asks, other.queue, of.market, of.board] {
        world.refuses(&[setup::grow_book(&of, wrong, payer)], Refusal::WrongBook);
    }
    let not_a_market = MarketAddresses { market: of.bids, ..of };
    world
        .refuses(&[setup::grow_book(&not_a_market, of.bids, payer)], ErrorCode::AccountDiscriminatorMismatch);
    let lamports = |world: &World, address| world.chain.account(&address).expect("an account").lamports;
    let before = (lamports(&world, payer), lamports(&world, of.asks));
    world.does(&[setup::grow_book(&of, of.asks, payer)]);
    let paid = before.0 - lamports(&world, payer);
    assert_eq!(lamports(&world, of.asks) - before.1, paid);
    assert_eq!(lamports(&world, of.asks), world.chain.rent(2 * 10_240));
    assert_eq!(world.book(BTC_PERP).asks.capacity(), 254);
}

#[test]
fn orders_keep_their_places_when_their_side_grows() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    let first = world.trader("alice").bids(BTC_PERP, 3, 59_900);
    let second = world.trader("alice").bids(BTC_PERP, 3, 59_900);
    world.grows_book(BTC_PERP, world.market_of(BTC_PERP).bids, 2);
    world.trader("alice").cancels(BTC_PERP, second);
    let told = world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 3);
    assert_eq!(told.makers()[0].order, first.get());
}

#[test]
fn a_refresh_needs_a_market_and_its_own_board() {
    let mut world = World::with_markets(&[BTC_PERP, SOL_PERP]);
    let of = world.market_of(BTC_PERP);
    let board = copy(&mut world, of.board, "second board");
    world.refuses(&[refresh::refresh_market(&MarketAddresses { board, ..of })], Refusal::ForeignBoard);
    let other = world.market_of(SOL_PERP).market;
    for (market, reason) in [
        (other, harness::Failure::from(Refusal::WrongBook)), // the book is the first's
        (of.bids, ErrorCode::AccountDiscriminatorMismatch.into()),
        (BTC.mint(), ErrorCode::AccountOwnedByWrongProgram.into()),
    ] {
        world.refuses(&[refresh::refresh_market(&MarketAddresses { market, ..of })], reason);
    }
    // A market's account at another address than the board knows; a snapshot of the ledger would count it twice.
    let chain = world.chain.clone();
    let market = copy(&mut world, of.market, "second market");
    let refresh = refresh::refresh_market(&MarketAddresses { market, ..of });
    world.chain.send(&[refresh]).must_fail(&Refusal::ForeignMarket.into());
    world.chain = chain;
}

#[test]
fn a_refresh_needs_no_price_and_charges_nothing_without_one() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    world.trader("bob").asks(BTC_PERP, 10, 60_000);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 10);
    world.passes(days(1));
    let before = world.terms(BTC_PERP);
    world.refreshes_market(BTC_PERP);
    let after = world.terms(BTC_PERP);
    assert_eq!((after.funding, after.funding_updated_at), (before.funding, world.now()));
    assert_eq!(after.valid_until, before.valid_until, "it makes no price younger");
    world.trader("alice").refused(Refusal::StaleMarket).places(BTC_PERP, Order::limit(Side::Bid, 1, 59_000));
}

#[test]
fn a_refresh_copies_the_open_interest_in_quote() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol"]);
    world.trader("bob").asks(BTC_PERP, 10, 60_000);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 7);
    assert_eq!(world.terms(BTC_PERP).open_interest.get(), 0, "trades only read the board");
    let told = world.refreshes_market(BTC_PERP);
    let open = world.terms(BTC_PERP).open_interest.get();
    assert_eq!(open, BTC_PERP.worth(7, 60_000) as i64);
    assert!(matches!(told.event(), Event::MarketRefreshed(event) if event.open_interest == open));
    // What waits for its maker counts on the taker's side.
    world.trader("carol").longs(BTC_PERP, 3);
    world.refreshes_market(BTC_PERP);
    assert_eq!(world.terms(BTC_PERP).open_interest.get(), BTC_PERP.worth(10, 60_000) as i64);
    world.oracle().says(BTC, 66_000.0);
    world.refreshes_market(BTC_PERP);
    assert_eq!(world.terms(BTC_PERP).open_interest.get(), BTC_PERP.worth(10, 66_000) as i64);
}

#[test]
fn the_margin_rises_with_the_open_interest_as_copied() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    // From 6,000 to 12,000 dollars of open interest the ratio rises from a fifth to the whole worth.
    world.sets_in_market("market.oi_lower", BTC_PERP, usdc(6_000));
    world.sets_in_market("market.oi_upper", BTC_PERP, usdc(12_000));
    let ratio = |world: &World| world.terms(BTC_PERP).initial_ratio.get() as f64 / f64::from(1u32 << 30);
    let before = ratio(&world);
    world.trader("bob").asks(BTC_PERP, 3_000, 60_000);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 1_500);
    assert_eq!(ratio(&world), before);
    world.refreshes_market(BTC_PERP);
    assert!((ratio(&world) - 0.6).abs() < 1e-6, "half of the way from 0.2 to 1: {}", ratio(&world));
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 1_500);
    world.refreshes_market(BTC_PERP);
    assert_eq!(ratio(&world), 1.0);
}

#[test]
fn what_tightens_is_felt_by_the_next_order() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    world.trader("bob").asks(BTC_PERP, 5, 61_000);
    let buy = Order::market(Side::Bid, 5, u32::MAX);
    world.sets_in_market("market.band", BTC_PERP, percent(1));
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, buy);
    assert_eq!(told.ordered().filled, 0, "a tick beyond the new band");
    let wider = world.admin().proposes_in("market.band", BTC_PERP, percent(5)).expect("loosening waits");
    world.governor("anyone").refused(Refusal::NotReady).applies(&wider);
    world.passes(days(2));
    world.governor("anyone").applies(&wider);
    world.refreshes_all();
    let told = world.trader("alice").meeting(&["bob"]).places(BTC_PERP, buy);
    assert_eq!(told.ordered().filled, 5);
}

#[test]
fn fees_change_for_fills_after_the_change_and_waiting_ones_keep_theirs() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    world.trader("bob").asks(BTC_PERP, 20, 60_000);
    let dearer = world.admin().proposes_in("market.taker_fee", BTC_PERP, bps(10)).expect("waits both ways");
    let kinder = world.admin().proposes_in("market.maker_rebate", BTC_PERP, bps(4)).expect("waits");
    world.trader("alice").longs(BTC_PERP, 10);
    let rebate = world.market(BTC_PERP).maker_rebate;
    assert_eq!(rebate, Ratio::from_bps(1));
    world.passes(days(2));
    for change in [dearer, kinder] {
        world.governor("anyone").applies(&change);
    }
    world.refreshes_all();
    let before = world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 10);
    // 60 dollars: ten basis points are 6 cents, four 2.4.
    assert_eq!(before.ordered().fee, 60_000);
    assert_eq!(before.makers()[0].fee, -23_999, "the ratio is a hair below four basis points, rounded down");
    let applied = world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!(applied.makers()[0].fee, -5_999, "what was charged when it was matched");
}

#[test]
fn maintenance_margin_rises_along_its_ramp_and_initial_margin_after_its_delay() {
    let mut world = World::floor(&[BTC_PERP], &["alice"]);
    let maintenance = |world: &World| u64::from(world.terms(BTC_PERP).maint_ratio.get());
    assert_eq!(maintenance(&world), TENTH);
    world.sets_in_market("market.mmr", BTC_PERP, percent(14));
    assert!(maintenance(&world).abs_diff(TENTH) <= 2, "nobody is liquidated in one slot");
    world.passes(hours(12));
    world.refreshes_all();
    assert!(maintenance(&world).abs_diff(percent(12)) <= percent(1) / 100, "half of the way");
    world.passes(hours(12));
    world.refreshes_all();
    assert_eq!(maintenance(&world), percent(14));

    let initial = |world: &World| u64::from(world.terms(BTC_PERP).initial_ratio.get());
    let change = world.admin().proposes_in("market.imr", BTC_PERP, percent(40)).expect("waits both ways");
    world.passes(days(2));
    world.refreshes_all();
    assert!(initial(&world) < percent(40));
    world.governor("anyone").applies(&change);
    assert_eq!(initial(&world), percent(40), "at once on the board");
    // A million carries two and a half, at the index.
    let bid = |worth: f64| Order::limit(Side::Bid, (worth / 6.0) as u32, 60_000);
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, bid(2_510_000.0));
    world.trader("alice").places(BTC_PERP, bid(2_490_000.0)).rests();
}

#[test]
fn a_market_that_only_reduces_is_open_again_after_the_delay() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    world.sets_in_market("market.reduce_only", BTC_PERP, 1);
    let order = Order::limit(Side::Bid, 1, 59_000);
    world.trader("alice").refused(Refusal::MarketReduceOnly).places(BTC_PERP, order);
    let lifted = world.admin().proposes_in("market.reduce_only", BTC_PERP, 0).expect("waits");
    world.passes(days(2));
    world.refreshes_all();
    world.trader("alice").refused(Refusal::MarketReduceOnly).places(BTC_PERP, order);
    world.governor("anyone").applies(&lifted);
    world.trader("alice").places(BTC_PERP, order).rests();
}
