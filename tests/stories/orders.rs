//! Orders come to rest and leave: who may, what they reserve, where the limits are.

mod limits;
mod malformed;

use anchor_lang::error::ErrorCode;
use harness::{World, amounts::*, floor::STAKE, perps::*, tokens::*};
use plimsoll::{errors::Refusal, state::margin_account::scope};
use plimsoll_client::{
    book::{OrderId, Side},
    events::Event,
    instructions::order::Order,
};

/// Where the index of BTC stands, ticks.
const INDEX: u32 = 60_000;
/// A time long after every story, unix seconds.
const LATE: i64 = 1_900_000_000;

fn floor() -> World {
    World::floor(&[BTC_PERP], &["alice", "bob"])
}

fn worth(lots: u32, price: u32) -> i64 {
    BTC_PERP.worth(lots, price) as i64
}

#[test]
fn an_order_rests_and_reserves_exactly_its_worst_case() {
    let mut world = floor();
    let told = world.trader("alice").places(BTC_PERP, Order::limit(Side::Bid, 10, 59_000).client_id(77));
    let bid = told.rests();
    let ordered = told.ordered();
    assert_eq!((ordered.rests, ordered.price, ordered.filled, ordered.fee), (10, 59_000, 0, 0));
    assert_eq!((ordered.client_id, ordered.side, bid.side()), (77, 0, Side::Bid));
    world.trader("alice").asks(BTC_PERP, 3, 61_500);
    world.trader("alice").asks(BTC_PERP, 4, 62_000);
    let asks = worth(3, 61_500) + worth(4, 62_000);
    assert_eq!(world.reserved("alice", BTC_PERP), [(10, worth(10, 59_000)), (7, asks)]);
    assert_eq!(world.listed("alice"), 3);
    let node = world.resting(BTC_PERP, bid).expect("it rests");
    assert_eq!((node.lots.get(), node.client_id), (10, 77));
    world.trader("alice").holds(BTC_PERP, 0);
}

#[test]
fn resting_orders_need_margin_for_their_worst_case_to_the_lot() {
    let mut world = World::with_markets(&[BTC_PERP]);
    world.trader("alice").deposits(USDC, usdc(1_000));
    let of_one = world.initial_margin_of_a_lot(BTC_PERP, INDEX);
    let most = u32::try_from(usdc(1_000) / of_one).expect("lots");
    let beyond = Order::limit(Side::Bid, most + 1, INDEX);
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, beyond);
    world.trader("alice").bids(BTC_PERP, most, INDEX);
    // The other side is no more: only one of the two can come to be the worst.
    world.trader("alice").asks(BTC_PERP, most, INDEX + 1);
    let more = Order::limit(Side::Ask, 1, INDEX + 1);
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, more);
}

#[test]
fn what_an_order_would_lose_at_its_limit_is_margined_at_once() {
    let mut world = World::with_markets(&[BTC_PERP]);
    world.trader("alice").deposits(USDC, usdc(1_000));
    // 100 lots at 66,000: six thousand ticks above the index are 6,000 × 100 × 100 native, 60 USDC.
    let of_one = world.initial_margin_of_a_lot(BTC_PERP, INDEX);
    let loss_of_one = BTC_PERP.worth(1, 6_000);
    let most = u32::try_from(usdc(1_000) / (of_one + loss_of_one)).expect("lots");
    let beyond = Order::limit(Side::Bid, most + 1, 66_000);
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, beyond);
    world.trader("alice").bids(BTC_PERP, most, 66_000);
}

#[test]
fn a_cancelled_order_leaves_nothing_behind() {
    let mut world = floor();
    let before = world.account("alice");
    let order = world.trader("alice").bids(BTC_PERP, 10, 59_000);
    let told = world.trader("alice").cancels(BTC_PERP, order);
    let Event::Cancelled(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.orders[0].order, event.orders[0].lots), (order.get(), 10));
    let after = world.account("alice");
    assert_eq!(bytemuck::bytes_of(&after.positions), bytemuck::bytes_of(&before.positions));
    assert_eq!(bytemuck::bytes_of(&after.orders), bytemuck::bytes_of(&before.orders));
    assert_eq!(world.depth(BTC_PERP, Side::Bid), 0);
    world.trader("alice").refused(Refusal::NoSuchOrder).cancels(BTC_PERP, order);
}

#[test]
fn orders_are_cancelled_by_client_id_by_side_or_all() {
    let mut world = floor();
    let mut alice = world.trader("alice");
    let mut placed = Vec::new();
    for (side, price, client_id) in [
        (Side::Bid, 59_000, 1),
        (Side::Bid, 59_001, 2),
        (Side::Ask, 61_000, 1),
        (Side::Ask, 61_001, 3),
        (Side::Bid, 59_002, 3),
    ] {
        let order = Order::limit(side, 5, price).client_id(client_id);
        placed.push(alice.places(BTC_PERP, order).rests());
    }
    assert_eq!(alice.cancels_client_id(BTC_PERP, 1).cancelled(), [placed[0], placed[2]]);
    alice.refused(Refusal::NoSuchOrder).cancels_client_id(BTC_PERP, 1);
    let mut alice = world.trader("alice");
    assert_eq!(alice.cancels_all(BTC_PERP, Some(Side::Ask)).cancelled(), [placed[3]]);
    alice.refused(Refusal::NoSuchOrder).cancels_all(BTC_PERP, Some(Side::Ask));
    assert_eq!(world.reserved("alice", BTC_PERP), [(10, worth(5, 59_001) + worth(5, 59_002)), (0, 0)]);
    let mut left = world.trader("alice").cancels_all(BTC_PERP, None).cancelled();
    left.sort_unstable();
    assert_eq!(left, [placed[1], placed[4]]);
    assert_eq!((world.listed("alice"), world.depth(BTC_PERP, Side::Bid)), (0, 0));
}

#[test]
fn cancelling_all_spares_other_markets_and_other_people() {
    let mut world = World::floor(&[BTC_PERP, SOL_PERP], &["alice", "bob"]);
    world.trader("alice").bids(BTC_PERP, 5, 59_000);
    let elsewhere = world.trader("alice").bids(SOL_PERP, 5, 14_000);
    let anothers = world.trader("bob").bids(BTC_PERP, 5, 59_000);
    world.trader("alice").cancels_all(BTC_PERP, None);
    assert!(world.resting(SOL_PERP, elsewhere).is_some());
    assert!(world.resting(BTC_PERP, anothers).is_some());
    world.trader("alice").refused(Refusal::NoSuchOrder).cancels(BTC_PERP, elsewhere);
    world.trader("alice").cancels(SOL_PERP, elsewhere);
}

#[test]
fn an_order_that_is_gone_or_anothers_cannot_be_cancelled() {
    let mut world = floor();
    let filled = world.trader("alice").bids(BTC_PERP, 5, 59_900);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 5);
    let anothers = world.trader("bob").asks(BTC_PERP, 5, 61_000);
    for order in [filled, anothers, OrderId::new(2), OrderId::new(0), OrderId::new(u64::MAX)] {
        world.trader("alice").refused(Refusal::NoSuchOrder).cancels(BTC_PERP, order);
    }
    assert!(world.resting(BTC_PERP, anothers).is_some());
}

#[test]
fn a_delegate_does_what_the_scope_says_until_its_time() {
    let mut world = floor();
    world.trader("bot");
    let order = Order::limit(Side::Bid, 5, 59_000);
    let until = world.now() + 30;
    world.trader("bot").for_account_of("alice").refused(Refusal::NotATrader).places(BTC_PERP, order);

    world.trader("alice").delegates("bot", scope::TRADE, until);
    let rests = world.trader("bot").for_account_of("alice").places(BTC_PERP, order).rests();
    assert_eq!(world.reserved("alice", BTC_PERP)[0], (5, worth(5, 59_000)));
    world.trader("bot").for_account_of("alice").refused(Refusal::NotATrader).cancels(BTC_PERP, rests);
    world.trader("bot").for_account_of("alice").refused(Refusal::NotATrader).cancels_all(BTC_PERP, None);

    world.trader("alice").delegates("bot", scope::CANCEL, until);
    world.trader("bot").for_account_of("alice").refused(Refusal::NotATrader).places(BTC_PERP, order);
    world.trader("bot").for_account_of("alice").cancels(BTC_PERP, rests);

    world.trader("alice").delegates("bot", scope::TRADE | scope::CANCEL, until);
    let rests = world.trader("bot").for_account_of("alice").places(BTC_PERP, order).rests();
    world.passes(29);
    world.trader("bot").for_account_of("alice").batches(BTC_PERP, &[rests], &[order]);
    world.passes(1);
    world.trader("bot").for_account_of("alice").refused(Refusal::NotATrader).places(BTC_PERP, order);
    world.trader("bot").for_account_of("alice").refused(Refusal::NotATrader).cancels_all(BTC_PERP, None);
    world.trader("alice").delegates("bot", scope::TRADE, LATE);
    world.trader("alice").takes_delegation_back();
    world.trader("bot").for_account_of("alice").refused(Refusal::NotATrader).places(BTC_PERP, order);
    world.trader("alice").cancels_all(BTC_PERP, None);
}

#[test]
fn a_batch_needs_the_scope_to_trade_and_a_stranger_may_nothing() {
    let mut world = floor();
    let rests = world.trader("alice").bids(BTC_PERP, 5, 59_000);
    world.trader("alice").delegates("bot", scope::CANCEL | scope::DEPOSIT, LATE);
    let order = Order::limit(Side::Bid, 5, 59_000);
    for who in ["bot", "mallory"] {
        let refused = |world: &mut World, act: &dyn Fn(&mut harness::trader::Trader)| {
            act(&mut world.trader(who).for_account_of("alice").refused(Refusal::NotATrader));
        };
        refused(&mut world, &|it| drop(it.batches(BTC_PERP, &[rests], &[order])));
        refused(&mut world, &|it| drop(it.places(BTC_PERP, order)));
    }
    let mallory = |world: &mut World| world.trader("mallory").for_account_of("alice").trading(BTC_PERP);
    let trading = mallory(&mut world);
    for instruction in [trading.cancel(rests), trading.cancel_by_client_id(0), trading.cancel_all(None)] {
        world.refuses(&[instruction], Refusal::NotATrader);
    }
    let mut unsigned = world.trader("alice").trading(BTC_PERP).place(&order, &[], &[]);
    unsigned.accounts[0].is_signer = false;
    world.refuses(&[unsigned], ErrorCode::AccountNotSigner);
}

#[test]
fn after_the_dead_mans_silence_anyone_cancels_and_before_it_nobody() {
    let mut world = floor();
    world.trader("alice").bids(BTC_PERP, 5, 59_000);
    world.trader("alice").asks(BTC_PERP, 5, 61_000);
    world.trader("alice").sets_dead_man(60);
    let anyone = |world: &mut World, side, reason: Option<Refusal>| {
        let keeper = world.trader("keeper").for_account_of("alice");
        match reason {
            Some(reason) => keeper.refused(reason).cancels_all(BTC_PERP, side),
            None => { keeper }.cancels_all(BTC_PERP, side),
        }
    };
    world.passes(59);
    anyone(&mut world, None, Some(Refusal::NotATrader));
    world.passes(1);
    // One by one they are nobody's business even then.
    let order = world.account("alice").orders[0].id;
    world
        .trader("keeper")
        .for_account_of("alice")
        .refused(Refusal::NotATrader)
        .cancels(BTC_PERP, OrderId::new(order));
    assert_eq!(anyone(&mut world, Some(Side::Ask), None).cancelled().len(), 1);
    // A stranger's cancellation is no sign of life.
    assert_eq!(anyone(&mut world, None, None).cancelled().len(), 1);
    assert_eq!(world.listed("alice"), 0);
    anyone(&mut world, None, Some(Refusal::NoSuchOrder));
}

#[test]
fn every_act_of_the_owner_is_a_sign_of_life_and_a_fill_is_none() {
    let mut world = floor();
    world.trader("alice").delegates("bot", scope::TRADE | scope::CANCEL, LATE);
    world.trader("alice").sets_dead_man(30);
    let deadline = |world: &World| world.account("alice").header.dead_man_deadline - world.now();
    let rests = world.trader("alice").bids(BTC_PERP, 5, 59_000);
    for act in 0..5 {
        world.passes(20);
        assert_eq!(deadline(&world), 10);
        match act {
            0 => drop(world.trader("alice").bids(BTC_PERP, 5, 59_100)),
            1 => drop(world.trader("alice").cancels(BTC_PERP, rests)),
            2 => drop(world.trader("bot").for_account_of("alice").bids(BTC_PERP, 5, 59_200)),
            3 => drop(world.trader("bot").for_account_of("alice").cancels_all(BTC_PERP, None)),
            _ => drop(world.trader("alice").sets_dead_man(30)),
        }
        assert_eq!(deadline(&world), 30, "act {act}");
        world.refreshes_all();
    }
    world.trader("alice").bids(BTC_PERP, 5, 59_900);
    world.passes(20);
    world.refreshes_all();
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 1);
    assert_eq!(deadline(&world), 10, "whoever is filled may be dead");
}

#[test]
fn a_dead_man_switch_that_is_off_is_never_due() {
    let mut world = floor();
    world.trader("alice").bids(BTC_PERP, 5, 59_000);
    world.trader("alice").sets_dead_man(10);
    let told = world.trader("alice").sets_dead_man(0);
    assert!(matches!(told.event(), Event::DeadManSet(set) if set.seconds == 0));
    world.passes(days(2));
    world.trader("keeper").for_account_of("alice").refused(Refusal::NotATrader).cancels_all(BTC_PERP, None);
    for seconds in [1, 9, 86_401] {
        world.trader("alice").refused(Refusal::BadDeadManSwitch).sets_dead_man(seconds);
    }
    world.trader("keeper").for_account_of("alice").refused(Refusal::NotATrader).sets_dead_man(60);
}

#[test]
fn a_stale_price_stops_orders_unless_its_oracle_comes_along_and_never_cancels() {
    let mut world = floor();
    let order = Order::limit(Side::Bid, 5, 59_000);
    let rests = world.trader("alice").places(BTC_PERP, order).rests();
    world.passes(hours(1));
    world.trader("alice").refused(Refusal::StaleMarket).places(BTC_PERP, order);
    world.trader("alice").cancels(BTC_PERP, rests);
    // What was published as long ago as the board's price, or newer but too long ago as well, is no help.
    world.trader("alice").bringing(&[BTC]).refused(Refusal::PriceNotNewer).places(BTC_PERP, order);
    world.oracle().publishes(BTC);
    let mut late = world.clone();
    late.passes(minutes(10));
    late.trader("alice").bringing(&[BTC]).refused(Refusal::StaleMarket).places(BTC_PERP, order);
    let before = world.feed(BTC).publish_time;
    world.trader("alice").bringing(&[BTC]).places(BTC_PERP, order);
    assert_eq!(world.feed(BTC).publish_time, before, "an order never writes the board");
    // It counts only in front of the makers.
    let trading = world.trader("alice").trading(BTC_PERP);
    let mut behind = trading.place(&order, &[], &[world.account_of("bob")]);
    behind.accounts.push(solana_instruction::AccountMeta::new_readonly(BTC.pyth(), false));
    world.refuses(&[behind], Refusal::StaleMarket);
}

#[test]
fn the_price_that_comes_along_is_the_one_that_counts() {
    let mut world = World::with_markets(&[BTC_PERP]);
    world.trader("alice").deposits(USDC, usdc(1_000));
    world.passes(minutes(10));
    world.oracle().publishes_price(BTC, 66_000.0);
    let mut most = 0;
    for lots in (1..=1_000).rev() {
        let order = Order::limit(Side::Bid, lots, 66_000);
        let instruction = world.trader("alice").trading(BTC_PERP).place(&order, &[BTC.pyth()], &[]);
        if world.chain.clone().send(&[instruction]).error.is_none() {
            most = lots;
            break;
        }
    }
    let at_the_new_price = usdc(1_000) / world.initial_margin_of_a_lot(BTC_PERP, 66_000);
    assert!(u64::from(most) <= at_the_new_price, "{most} lots, at most {at_the_new_price}");
    assert!(u64::from(most) * 100 >= at_the_new_price * 95, "{most} lots of {at_the_new_price}");
}

#[test]
fn nobodys_money_moves_when_an_order_rests_or_leaves() {
    let mut world = floor();
    let rests = world.trader("alice").bids(BTC_PERP, 10, 59_000);
    world.trader("alice").owns(USDC, usdc(STAKE));
    world.trader("alice").cancels(BTC_PERP, rests);
    world.trader("alice").withdraws_all(USDC);
    assert_eq!(world.trader("alice").has_in_wallet(USDC), usdc(STAKE));
    world.trader("alice").closes_account();
}
