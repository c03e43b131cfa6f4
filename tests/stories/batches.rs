//! Batches: many orders and one margin check, in a transaction that the network takes.

use harness::{Receipt, World, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::order::Order,
    lookup::{self, MAX_TRANSACTION, Table},
};
use solana_instruction::Instruction;
use solana_message::Hash;

/// Most compute units of a transaction.
const MOST_UNITS: u64 = 1_400_000;
/// Most accounts that a transaction locks.
const MOST_LOCKS: usize = 64;

fn bid(lots: u32, price: u32) -> Order {
    Order::limit(Side::Bid, lots, price)
}

fn ask(lots: u32, price: u32) -> Order {
    Order::limit(Side::Ask, lots, price)
}

/// Four bids and four asks around the index.
fn quotes(spread: u32) -> Vec<Order> {
    let at = |level: u32| [bid(1 + level, 60_000 - spread - level), ask(1 + level, 60_000 + spread + level)];
    (0..4).flat_map(at).collect()
}

fn ids(told: &Receipt) -> Vec<OrderId> {
    told.all_ordered().iter().map(|ordered| OrderId::new(ordered.order)).collect()
}

/// Sends one instruction by tables, and tells what it took.
fn measured(world: &mut World, what: &str, instruction: Instruction, tables: &[Table]) -> Receipt {
    let payer = world.chain.payer();
    let message = lookup::message(&payer, std::slice::from_ref(&instruction), tables, Hash::default());
    let message = message.expect("a message");
    let (bytes, locks) = (lookup::size(&message), lookup::locks(&message));
    let receipt = world.does_v0(&[instruction], tables);
    println!("{what}: {bytes} bytes, {locks} locks, {} CU", receipt.compute_units);
    assert!(bytes <= MAX_TRANSACTION && locks <= MOST_LOCKS && receipt.compute_units <= MOST_UNITS);
    receipt
}

#[test]
fn eight_quotes_are_replaced_by_eight_in_one_transaction() {
    let mut world = World::floor(&[BTC_PERP], &["maker"]);
    let tables = [world.makes_table()];
    let first = ids(&world.trader("maker").batches(BTC_PERP, &[], &quotes(10)));
    assert_eq!(first.len(), 8);
    let replace = world.trader("maker").trading(BTC_PERP).batch(&first, &quotes(20), &[], &[]);
    let told = measured(&mut world, "8 cancelled and 8 placed", replace, &tables);
    let (mut cancelled, mut expected) = (told.cancelled(), first.clone());
    cancelled.sort_unstable();
    expected.sort_unstable();
    assert_eq!(cancelled, expected);
    let second = ids(&told);
    assert!(second.iter().all(|id| world.resting(BTC_PERP, *id).is_some()) && second.len() == 8);
    assert!(first.iter().all(|id| world.resting(BTC_PERP, *id).is_none()));
    let worth = |side: u32| -> i64 {
        (0..4)
            .map(|level| {
                BTC_PERP.worth(1 + level, if side == 0 { 59_980 - level } else { 60_020 + level }) as i64
            })
            .sum()
    };
    assert_eq!(world.reserved("maker", BTC_PERP), [(10, worth(0)), (10, worth(1))]);
    assert_eq!(world.listed("maker"), 8);
}

#[test]
fn ten_makers_are_met_at_once_in_one_transaction() {
    const MAKERS: [&str; 10] = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"];
    let mut world = World::floor(&[BTC_PERP], &[&MAKERS[..], &["taker"]].concat());
    let tables = [world.makes_table()];
    for (at, name) in (0..).zip(MAKERS) {
        world.trader(name).asks(BTC_PERP, 1 + at, 60_000 + at);
    }
    let makers = MAKERS.map(|name| world.account_of(name));
    let order = bid(55, 60_010).fill_or_kill();
    let take = world.trader("taker").trading(BTC_PERP).place(&order, &[], &makers);
    let told = measured(&mut world, "10 makers met", take, &tables);
    assert_eq!(told.makers().len(), 10);
    assert!(told.makers().iter().all(|maker| maker.sequence > 0 && maker.kind == 0));
    world.trader("taker").holds(BTC_PERP, 55);
    for (lots, name) in (1..).zip(MAKERS) {
        world.trader(name).holds(BTC_PERP, -lots);
    }
    assert_eq!(world.waiting(BTC_PERP), 0);
}

#[test]
fn one_check_at_the_end_judges_the_whole() {
    let mut world = World::floor(&[BTC_PERP], &["bob"]);
    world.trader("alice").deposits(USDC, usdc(1_000));
    world.trader("bob").bids(BTC_PERP, 2_000, 59_990);
    world.trader("bob").asks(BTC_PERP, 2_000, 60_010);
    let most = u32::try_from(usdc(1_000) / world.initial_margin_of_a_lot(BTC_PERP, 60_000)).expect("lots");
    let (up, down) = (bid(most + 20, 60_010).immediate(), ask(40, 59_990).immediate());
    world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).places(BTC_PERP, up);
    world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).batches(
        BTC_PERP,
        &[],
        &[down, up, up],
    );
    let told = world.trader("alice").meeting(&["bob"]).batches(BTC_PERP, &[], &[up, down]);
    let filled: Vec<u32> = told.all_ordered().iter().map(|ordered| ordered.filled).collect();
    assert_eq!(filled, [most + 20, 40]);
    world.trader("alice").holds(BTC_PERP, most as i32 - 20);
}

#[test]
fn what_is_cancelled_makes_room_for_what_is_placed() {
    let mut world = World::with_markets(&[BTC_PERP]);
    world.trader("alice").deposits(USDC, usdc(1_000));
    let most = u32::try_from(usdc(1_000) / world.initial_margin_of_a_lot(BTC_PERP, 60_000)).expect("lots");
    let order = bid(most, 60_000);
    let rests = world.trader("alice").places(BTC_PERP, order).rests();
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, order);
    let told = world.trader("alice").batches(BTC_PERP, &[rests], &[order]);
    assert_eq!((told.cancelled(), told.ordered().rests), (vec![rests], most));
    // Slots as well: a full list is replaced in one go.
    let mut world = World::floor(&[BTC_PERP], &["bob"]);
    let many = [bid(1, 59_000); 16];
    let first = ids(&world.trader("bob").batches(BTC_PERP, &[], &many));
    world.trader("bob").batches(BTC_PERP, &[], &many);
    world.trader("bob").refused(Refusal::NoFreeOrder).batches(BTC_PERP, &first[..3], &many[..4]);
    world.trader("bob").batches(BTC_PERP, &first[..4], &many[..4]);
    assert_eq!(world.listed("bob"), 32);
}

#[test]
fn cancellations_of_what_is_gone_are_passed_over() {
    let mut world = World::floor(&[BTC_PERP, SOL_PERP], &["alice", "bob"]);
    let filled = world.trader("alice").bids(BTC_PERP, 1, 59_990);
    world.trader("bob").meeting(&["alice"]).shorts(BTC_PERP, 1);
    let waits = world.trader("alice").bids(BTC_PERP, 1, 59_990);
    world.trader("bob").shorts(BTC_PERP, 1);
    let anothers = world.trader("bob").asks(BTC_PERP, 1, 61_000);
    let elsewhere = world.trader("alice").bids(SOL_PERP, 1, 14_000);
    let rests = world.trader("alice").bids(BTC_PERP, 1, 59_000);
    let gone = [filled, waits, anothers, elsewhere, OrderId::new(0), rests, rests];
    let told = world.trader("alice").batches(BTC_PERP, &gone, &[bid(2, 59_100)]);
    assert_eq!(told.cancelled(), [rests]);
    assert!(world.resting(BTC_PERP, anothers).is_some() && world.resting(SOL_PERP, elsewhere).is_some());
    // Nothing to cancel at all: no event of it, the orders are placed.
    let told = world.trader("alice").batches(BTC_PERP, &[rests, filled], &[bid(2, 59_100)]);
    assert!(told.cancelled().is_empty() && told.all_ordered().len() == 1);
}

#[test]
fn a_batch_is_all_or_nothing() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    world.trader("bob").asks(BTC_PERP, 1, 60_000);
    let rests = world.trader("alice").bids(BTC_PERP, 1, 59_000);
    let orders = [bid(2, 59_100), bid(2, 60_000).post_only()];
    world.trader("alice").meeting(&["bob"]).refused(Refusal::WouldTake).batches(BTC_PERP, &[rests], &orders);
    assert!(world.resting(BTC_PERP, rests).is_some());
}

#[test]
fn orders_of_a_batch_are_placed_one_after_the_other() {
    let mut world = World::floor(&[BTC_PERP], &["alice", "bob"]);
    world.trader("bob").asks(BTC_PERP, 3, 60_000);
    let orders = [bid(2, 60_000).client_id(1), bid(2, 60_000).client_id(2), ask(1, 60_000).client_id(3)];
    let told = world.trader("alice").meeting(&["bob"]).batches(BTC_PERP, &[], &orders);
    let outcomes: Vec<(u64, u32, u32)> =
        told.all_ordered().iter().map(|it| (it.client_id, it.filled, it.rests)).collect();
    // The second leaves a lot at rest, which the third, of the same account, takes off.
    assert_eq!(outcomes, [(1, 2, 0), (2, 1, 1), (3, 0, 0)]);
    assert_eq!((world.listed("alice"), world.lots("alice", BTC_PERP)), (0, 3));
}
