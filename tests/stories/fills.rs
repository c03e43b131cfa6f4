//! Fills: settled at once where the maker is at hand, through the queue where not, and nothing lost in between.

mod queue;

use anchor_lang::error::ErrorCode;
use harness::{World, keys, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    addresses::MarketAddresses,
    book::Side,
    events::Event,
    instructions::{order::Order, trade},
};
use plimsoll_risk::num::Ratio;

fn floor() -> World {
    World::floor(&[BTC_PERP], &["alice", "bob", "carol"])
}

fn worth(lots: u32, price: u32) -> i64 {
    BTC_PERP.worth(lots, price) as i64
}

fn bid(lots: u32, price: u32) -> Order {
    Order::limit(Side::Bid, lots, price)
}

/// `worth · fee`, exactly, rounded up or down.
fn fee_on(worth: i64, fee: Ratio, up: bool) -> i64 {
    let product = i128::from(worth) * i128::from(fee.get());
    ((product + if up { (1 << 30) - 1 } else { 0 }) >> 30) as i64
}

#[test]
fn taker_and_maker_are_settled_at_once_with_fees_to_the_unit() {
    let mut world = floor();
    let market = world.market(BTC_PERP);
    assert_eq!((market.taker_fee, market.maker_rebate), (Ratio::from_bps(5), Ratio::from_bps(1)));
    let ask = world.trader("bob").asks(BTC_PERP, 7, 59_999);
    let told = world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 3);
    let paid = worth(3, 59_999);
    let (fee, rebate) = (fee_on(paid, market.taker_fee, true), fee_on(paid, market.maker_rebate, false));
    // 17.9997 USDC: 5 basis points are 8,999.85 native units, one is 1,799.97.
    assert_eq!((paid, fee, rebate), (17_999_700, 9_000, 1_799));
    let (taker, maker) = (world.position("alice", BTC_PERP), world.position("bob", BTC_PERP));
    assert_eq!((taker.lots.get(), taker.quote.get(), taker.realised.get()), (3, -paid - fee, -fee));
    assert_eq!((maker.lots.get(), maker.quote.get(), maker.realised.get()), (-3, paid + rebate, rebate));
    let market = world.market(BTC_PERP);
    assert_eq!(market.fees_receivable.get(), fee - rebate);
    assert_eq!((market.long_lots, market.short_lots), (3, 3));
    assert_eq!(world.reserved("bob", BTC_PERP)[1], (4, worth(4, 59_999)));

    let ordered = told.ordered();
    assert_eq!((ordered.filled, ordered.quote, ordered.fee), (3, paid as u64, fee));
    let [met] = told.makers()[..] else { panic!("{:?}", told.events) };
    assert_eq!((met.maker, met.order, met.kind), (world.account_of("bob"), ask.get(), 0));
    assert_eq!((met.lots, met.price, met.fee), (3, 59_999, -rebate));
}

#[test]
fn nobodys_balance_moves_by_a_fill() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 5, 60_000);
    let before = (world.balance("alice", USDC), world.balance("bob", USDC), world.vault_holds(USDC));
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 5);
    let after = (world.balance("alice", USDC), world.balance("bob", USDC), world.vault_holds(USDC));
    assert_eq!(before, after, "profit and loss are paper until they are settled");
}

#[test]
fn a_maker_who_is_not_at_hand_waits_in_the_queue_until_anybody_applies_it() {
    let mut world = floor();
    let ask = world.trader("bob").asks(BTC_PERP, 5, 60_000);
    let told = world.trader("alice").longs(BTC_PERP, 5);
    assert_eq!(told.makers()[0].sequence, 0, "it has not been told to the maker's account");
    let market = world.market(BTC_PERP);
    assert_eq!((market.long_lots, market.short_lots, market.open_interest()), (5, 0, 5));
    world.trader("bob").holds(BTC_PERP, 0);
    assert_eq!(world.reserved("bob", BTC_PERP)[1], (5, worth(5, 60_000)), "his worst case as before");
    assert_eq!((world.listed("bob"), world.depth(BTC_PERP, Side::Ask)), (1, 0));
    let rebate = fee_on(worth(5, 60_000), market.maker_rebate, false);
    let receivable = market.fees_receivable.get();

    let told = world.trader("anybody").meeting(&["bob"]).applies_fills(BTC_PERP, 8);
    let Event::FillsApplied(event) = told.event() else { panic!("{:?}", told.events) };
    let [applied] = &event.makers[..] else { panic!("{event:?}") };
    assert_eq!((applied.maker, applied.order, applied.kind), (world.account_of("bob"), ask.get(), 0));
    assert_eq!((applied.lots, applied.price, applied.fee), (5, 60_000, -rebate));
    let maker = world.position("bob", BTC_PERP);
    assert_eq!((maker.lots.get(), maker.quote.get()), (-5, worth(5, 60_000) + rebate));
    assert_eq!((world.listed("bob"), world.reserved("bob", BTC_PERP)[1]), (0, (0, 0)));
    let market = world.market(BTC_PERP);
    assert_eq!((market.long_lots, market.short_lots), (5, 5));
    assert_eq!(market.fees_receivable.get(), receivable, "its fee was charged when it was matched");
    world.trader("anybody").meeting(&["bob"]).refused(Refusal::NothingToApply).applies_fills(BTC_PERP, 8);
}

#[test]
fn fills_are_the_same_by_either_way() {
    let mut world = floor();
    for price in [60_000, 60_003, 60_007] {
        world.trader("bob").asks(BTC_PERP, 3, price);
    }
    let mut queued = world.clone();
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 8);
    queued.trader("alice").longs(BTC_PERP, 8);
    queued.applies_fills(BTC_PERP, &["bob"]);
    for name in ["alice", "bob"] {
        let (at_once, later) = (world.account(name), queued.account(name));
        assert_eq!(bytemuck::bytes_of(&at_once.positions), bytemuck::bytes_of(&later.positions), "{name}");
        assert_eq!(bytemuck::bytes_of(&at_once.orders), bytemuck::bytes_of(&later.orders), "{name}");
    }
    let (at_once, later) = (world.market(BTC_PERP), queued.market(BTC_PERP));
    assert_eq!(at_once.fees_receivable, later.fees_receivable);
    assert_eq!((at_once.long_lots, at_once.short_lots), (later.long_lots, later.short_lots));
}

#[test]
fn waiting_fills_are_applied_in_any_order_and_at_most_so_many() {
    let mut world = floor();
    for price in [60_000, 60_002, 60_004] {
        world.trader("bob").asks(BTC_PERP, 1, price);
        world.trader("carol").asks(BTC_PERP, 1, price + 1);
    }
    world.trader("alice").longs(BTC_PERP, 6);
    assert_eq!(world.waiting(BTC_PERP), 6);
    // Bob's come first in the queue; carol's are applied first, one of them.
    let told = world.trader("keeper").meeting(&["carol"]).applies_fills(BTC_PERP, 1);
    assert_eq!(told.makers().iter().map(|it| it.price).collect::<Vec<_>>(), [60_001], "her oldest");
    assert_eq!((world.lots("carol", BTC_PERP), world.waiting(BTC_PERP)), (-1, 5));
    assert_eq!(world.queue(BTC_PERP).header().head, 0, "the hole is not room yet");
    world.trader("keeper").meeting(&["carol"]).applies_fills(BTC_PERP, u8::MAX);
    assert_eq!((world.lots("carol", BTC_PERP), world.lots("bob", BTC_PERP)), (-3, 0));
    world.trader("keeper").meeting(&["bob"]).applies_fills(BTC_PERP, 2);
    assert_eq!((world.lots("bob", BTC_PERP), world.waiting(BTC_PERP)), (-2, 1));
    assert_eq!(world.queue(BTC_PERP).header().head, 4);
    world.trader("keeper").meeting(&["bob"]).refused(Refusal::NothingToApply).applies_fills(BTC_PERP, 0);
    world.trader("keeper").meeting(&["bob"]).applies_fills(BTC_PERP, 1);
    let header = world.queue(BTC_PERP).header();
    assert_eq!((header.head, header.tail, header.live), (6, 6, 0));
}

#[test]
fn several_makers_are_applied_in_one_go_oldest_fill_first() {
    let mut world = floor();
    for (name, price) in [("carol", 60_000), ("bob", 60_001), ("carol", 60_002)] {
        world.trader(name).asks(BTC_PERP, 2, price);
    }
    world.trader("alice").longs(BTC_PERP, 6);
    let told = world.applies_fills(BTC_PERP, &["bob", "carol"]);
    assert_eq!(told.makers().iter().map(|it| it.price).collect::<Vec<_>>(), [60_000, 60_001, 60_002]);
    assert_eq!((world.lots("bob", BTC_PERP), world.lots("carol", BTC_PERP)), (-2, -4));
}

#[test]
fn fills_are_applied_only_to_their_own_makers_in_their_own_market() {
    let mut world = World::floor(&[BTC_PERP, SOL_PERP], &["alice", "bob", "carol"]);
    let copy = world.chain.account(&world.exchange.board).expect("a board");
    world.chain.place(keys::address("second board"), copy);
    world.trader("bob").asks(BTC_PERP, 5, 60_000);
    world.trader("alice").longs(BTC_PERP, 5);
    let (right, other) = (world.market_of(BTC_PERP), world.market_of(SOL_PERP));
    let bob = world.account_of("bob");
    for (market, reason) in [
        (MarketAddresses { queue: other.queue, ..right }, Refusal::WrongBook),
        (MarketAddresses { queue: right.bids, ..right }, Refusal::WrongBook),
        (MarketAddresses { market: other.market, ..right }, Refusal::WrongBook),
        (MarketAddresses { board: keys::address("second board"), ..right }, Refusal::ForeignBoard),
        (other, Refusal::NothingToApply),
    ] {
        world.refuses(&[trade::apply_fills(&market, &[bob], 8)], reason);
    }
    let not_a_market = MarketAddresses { market: right.bids, ..right };
    let mismatch = ErrorCode::AccountDiscriminatorMismatch;
    world.refuses(&[trade::apply_fills(&not_a_market, &[bob], 8)], mismatch);
    for makers in [vec![], vec![world.account_of("carol")], vec![right.market, BTC.mint()]] {
        world.refuses(&[trade::apply_fills(&right, &makers, 8)], Refusal::NothingToApply);
    }
    let mut read_only = trade::apply_fills(&right, &[bob], 8);
    read_only.accounts.last_mut().expect("a maker").is_writable = false;
    world.refuses(&[read_only], Refusal::NothingToApply);
    world.does(&[trade::apply_fills(&right, &[BTC.mint(), world.account_of("carol"), bob], 8)]);
    world.trader("bob").holds(BTC_PERP, -5);
}

#[test]
fn what_waits_stays_reserved_when_the_rest_is_cancelled_and_its_slot_is_used_again() {
    let mut world = floor();
    let ask = world.trader("bob").asks(BTC_PERP, 10, 60_000);
    world.trader("alice").longs(BTC_PERP, 4);
    world.trader("bob").cancels(BTC_PERP, ask);
    assert_eq!(world.reserved("bob", BTC_PERP)[1], (4, worth(4, 60_000)));
    assert_eq!(world.listed("bob"), 0);
    let next = world.trader("bob").asks(BTC_PERP, 3, 61_000);
    world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!(world.account("bob").orders[0].id, next.get(), "another order has the slot now");
    assert_eq!(world.reserved("bob", BTC_PERP)[1], (3, worth(3, 61_000)));
    world.trader("bob").holds(BTC_PERP, -4);
}

#[test]
fn an_order_whose_last_fill_waits_cannot_be_cancelled_and_keeps_its_slot() {
    let mut world = floor();
    let ask = world.trader("bob").asks(BTC_PERP, 4, 60_000);
    world.trader("alice").longs(BTC_PERP, 4);
    world.trader("bob").refused(Refusal::NoSuchOrder).cancels(BTC_PERP, ask);
    let next = world.trader("bob").asks(BTC_PERP, 3, 61_000);
    assert_eq!((world.listed("bob"), world.account("bob").orders[1].id), (2, next.get()));
    world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!((world.listed("bob"), world.account("bob").orders[0].id), (1, 0));
}

#[test]
fn one_maker_may_be_met_again_after_another_and_makers_may_come_in_any_order() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob", "carol", "dave"]);
    for (name, price) in
        [("bob", 60_000), ("carol", 60_001), ("bob", 60_002), ("dave", 60_003), ("carol", 60_004)]
    {
        world.trader(name).asks(BTC_PERP, 2, price);
    }
    let orders: [&[&str]; 4] = [
        &["bob", "carol", "dave"],
        &["dave", "carol", "bob"],
        &["carol", "bob", "dave"],
        &["dave", "bob", "carol"],
    ];
    for makers in orders {
        let mut world = world.clone();
        let told = world.trader("alice").meeting(makers).longs(BTC_PERP, 10);
        assert!(told.makers().iter().all(|maker| maker.sequence > 0), "{makers:?}");
        assert_eq!(world.waiting(BTC_PERP), 0);
        let lots = ["bob", "carol", "dave"].map(|name| world.lots(name, BTC_PERP));
        assert_eq!(lots, [-4, -4, -2], "{makers:?}");
    }
    // One of them is missing: the others are settled at once all the same.
    let told = world.trader("alice").meeting(&["dave", "bob"]).longs(BTC_PERP, 10);
    let at_once: Vec<bool> = told.makers().iter().map(|maker| maker.sequence > 0).collect();
    assert_eq!(at_once, [true, false, true, true, false]);
}

#[test]
fn fills_that_wait_and_fills_at_once_of_one_maker_add_up_in_any_order() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 5, 60_000);
    world.trader("alice").longs(BTC_PERP, 3);
    // Bob buys in between: his waiting sale is applied to what he holds by then.
    world.trader("carol").asks(BTC_PERP, 4, 60_010);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 2);
    world.trader("bob").meeting(&["carol"]).longs(BTC_PERP, 4);
    world.trader("bob").holds(BTC_PERP, 2);
    world.applies_fills(BTC_PERP, &["bob"]);
    world.trader("bob").holds(BTC_PERP, -1);
    let sold = worth(5, 60_000) - worth(4, 60_010);
    let fees = {
        let market = world.market(BTC_PERP);
        let rebates: i64 =
            [3, 2].iter().map(|lots| fee_on(worth(*lots, 60_000), market.maker_rebate, false)).sum();
        rebates - fee_on(worth(4, 60_010), market.taker_fee, true)
    };
    assert_eq!(world.position("bob", BTC_PERP).quote.get(), sold + fees);
}

#[test]
fn a_maker_pays_the_makers_fee_where_there_is_one() {
    let mut world = World::with_markets_before_opening(&[BTC_PERP]);
    world.sets_in_market("market.maker_rebate", BTC_PERP, 0);
    world.sets_in_market("market.maker_fee", BTC_PERP, Ratio::from_bps(2).get().into());
    let mut world = world.opens();
    world.stakes(&["alice", "bob"]);
    world.trader("bob").asks(BTC_PERP, 3, 59_999);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 3);
    let market = world.market(BTC_PERP);
    let paid = worth(3, 59_999);
    let (taker, maker) = (fee_on(paid, market.taker_fee, true), fee_on(paid, market.maker_fee, true));
    assert_eq!((taker, maker), (9_000, 3_600), "3,599.94 rounded up");
    assert_eq!(world.position("bob", BTC_PERP).quote.get(), paid - maker);
    assert_eq!(market.fees_receivable.get(), taker + maker);
}

#[test]
fn a_flat_position_that_is_done_gives_its_slot_back_when_its_last_fill_is_applied() {
    let mut world = World::with_markets_before_opening(&[BTC_PERP]);
    for fee in ["market.maker_rebate", "market.taker_fee"] {
        world.sets_in_market(fee, BTC_PERP, 0);
    }
    let mut world = world.opens();
    world.stakes(&["alice", "bob"]);
    world.trader("bob").asks(BTC_PERP, 5, 60_000);
    world.trader("alice").longs(BTC_PERP, 5);
    world.trader("alice").asks(BTC_PERP, 5, 60_000);
    world.trader("bob").meeting(&["alice"]).longs(BTC_PERP, 5);
    assert_eq!(world.account("alice").place_of(0), None, "nothing gained, nothing lost");
    assert_eq!(world.lots("bob", BTC_PERP), 5);
    world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!(world.account("bob").place_of(0), None);
}
