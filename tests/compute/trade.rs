//! Orders placed, filled and cancelled on a book that an adversary has shaped.

use crate::{
    book::Book,
    desks::{
        LOTS, MAKERS, PERP, adversarial, deepest_price, filler, funding_runs, open_orders, orders_of, price,
    },
};
use harness::{
    Receipt, World,
    tokens::{SOL, sol},
};
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::{
        order::Order,
        refresh,
        trade::{apply_fills, set_dead_man},
    },
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

const ADVERSARIAL: &str = "a book 14 levels deep, its premium observed";
const FULL: &str = "16 balances, 2 debts, 16 positions with funding due";

pub fn measure(book: &mut Book) {
    places(book);
    trades(book);
    per_maker(book);
    reduces(book);
    queued(book);
    half_full(book);
    passes_expired(book);
    cancels(book);
    batches(book);
    dead_man(book);
}

fn accounts_of(world: &World, names: &[&str]) -> Vec<Pubkey> {
    names.iter().map(|name| world.account_of(name)).collect()
}

fn order(world: &mut World, name: &str, order: Order, makers: &[&str]) -> Instruction {
    let makers = accounts_of(world, makers);
    world.trader(name).trading(PERP).place(&order, &[], &makers)
}

/// Buys what so many makers offer.
fn buys(makers: usize) -> Order {
    let lots = LOTS * makers as u32;
    Order::limit(Side::Bid, lots, price(Side::Ask, 2 * makers - 2))
}

fn places(book: &mut Book) {
    for (name, who, orders, shape) in [
        ("place.one_position", "bob", 0, "1 balance, 1 position with funding due"),
        ("place.max_shape", "alice", 31, "the last of 32 orders, more risk"),
    ] {
        let shape = if who == "alice" { format!("{FULL}; {shape}") } else { shape.to_owned() };
        let mut world = adversarial();
        assert_eq!(open_orders(&world, who), orders);
        let at = deepest_price(Side::Bid);
        let instruction = order(&mut world, who, Order::limit(Side::Bid, LOTS, at), &[]);
        let receipt =
            book.measure(name, &format!("{shape}; rests in {ADVERSARIAL}"), &mut world, instruction);
        assert_eq!(open_orders(&world, who), orders + 1);
        let id = receipt.rests();
        assert!(orders_of(&world, who).contains(&id));
        assert_ne!(receipt.ordered().funding, 0, "funding was due");
    }
    observation(book);
}

/// What the slot's first touch costs more than the second.
fn observation(book: &mut Book) {
    let mut world = adversarial();
    let refresh = refresh::refresh_market(&world.market_of(PERP));
    world.does(&[refresh]);
    let at = deepest_price(Side::Bid);
    let again = order(&mut world, "bob", Order::limit(Side::Bid, LOTS, at), &[]);
    let second = world.does(&[again]).compute_units;
    assert_ne!(world.market(PERP).premium.premium, 0);
    let first = book.figure("place.one_position");
    book.note("premium.observation", "the slot's first touch: 4 orders a side", first.saturating_sub(second));
}

fn trades(book: &mut Book) {
    for (name, who, shape) in [
        ("trade.one_position", "bob", "1 balance, 1 position with funding due"),
        ("trade.max_shape", "alice", FULL),
    ] {
        let mut world = adversarial();
        let before = [world.lots(who, PERP), world.lots("m0", PERP)];
        let take = order(&mut world, who, buys(1), &["m0"]);
        let shape = format!("{shape}; fills 1 maker, settled at once, of {ADVERSARIAL}");
        let receipt = book.measure(name, &shape, &mut world, take);
        assert_filled(&world, &receipt, who, before);
        assert_eq!(open_orders(&world, "m0"), 16, "the maker's order is gone");
    }
    let mut world = adversarial();
    let before = [world.lots("alice", PERP), world.lots("m0", PERP)];
    let more = Order::limit(Side::Bid, 2 * LOTS, price(Side::Ask, 0));
    let take = order(&mut world, "alice", more, &["m0"]);
    let shape = format!("{FULL}; fills 1 maker, settled at once, of {ADVERSARIAL}; the rest rests");
    let receipt = book.measure("trade.max_shape_then_rests", &shape, &mut world, take);
    assert_filled(&world, &receipt, "alice", before);
    assert_eq!(open_orders(&world, "alice"), 32);
}

fn assert_filled(world: &World, receipt: &Receipt, who: &str, [taker, maker]: [i32; 2]) {
    let lots = LOTS as i32;
    assert_eq!(receipt.ordered().filled, LOTS);
    assert_eq!(world.lots(who, PERP), taker + lots);
    assert_eq!(world.lots("m0", PERP), maker - lots);
    assert_ne!(receipt.ordered().makers[0].funding, 0, "funding was due");
}

/// Makers who are settled at once, 1 to 10, each in the last of 16 positions.
fn per_maker(book: &mut Book) {
    let mut costs = Vec::new();
    for count in 1..=MAKERS.len() {
        let mut world = adversarial();
        let take = order(&mut world, "bob", buys(count), &MAKERS[..count]);
        let receipt = world.does(&[take]);
        assert_eq!(receipt.ordered().filled, LOTS * count as u32);
        assert!(receipt.ordered().makers.iter().all(|change| change.sequence > 0), "all settled at once");
        costs.push(receipt.compute_units);
    }
    note_steps(book, ["fill.per_maker", "fill.per_maker_largest"], "makers settled at once", &costs);
}

/// The average and the largest step.
fn note_steps(book: &mut Book, names: [&'static str; 2], what: &str, costs: &[u64]) {
    let steps: Vec<u64> = costs.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let average = (costs[costs.len() - 1] - costs[0]).div_ceil(steps.len() as u64);
    book.note(names[0], &format!("1 to {} {what}, average of the steps", costs.len()), average);
    let largest = steps.into_iter().max().unwrap_or_default();
    book.note(names[1], "the same, the largest step", largest);
}

/// Below maintenance margin a fill is allowed that reduces: every clause of the rule is looked at.
fn reduces(book: &mut Book) {
    let mut world = adversarial();
    world.trader("alice").borrows(SOL, sol(830));
    world.oracle().moves(SOL, 42);
    funding_runs(&mut world);
    let before = world.lots("alice", PERP);
    let sell = Order::limit(Side::Ask, LOTS, price(Side::Bid, 0)).immediate().reduce_only();
    let reduce = order(&mut world, "alice", sell, &["m0"]);
    let shape = format!("{FULL}, below maintenance margin; fills 1 maker, settled at once, of {ADVERSARIAL}");
    let mut refused = world.clone();
    let more = Order::limit(Side::Bid, LOTS, price(Side::Ask, 0)).immediate();
    refused
        .trader("alice")
        .meeting(&["m0"])
        .refused(plimsoll::errors::Refusal::NotEnoughMargin)
        .places(PERP, more);
    book.measure("place.max_shape.reducing", &shape, &mut world, reduce);
    assert_eq!(world.lots("alice", PERP), before - LOTS as i32);
}

/// Makers who were not brought along wait in the queue, and are settled by whoever brings them.
fn queued(book: &mut Book) {
    for (name, count) in [("place_order.1_queued", 1), ("place_order.10_queued", 10)] {
        let mut world = adversarial();
        let take = order(&mut world, "bob", buys(count), &[]);
        let shape = format!("1 balance, 1 position; fills {count}, who wait in the queue, of {ADVERSARIAL}");
        book.measure(name, &shape, &mut world, take);
        assert_eq!(world.queue(PERP).waiting().count(), count);
    }
    let mut world = adversarial();
    let take = order(&mut world, "bob", buys(MAKERS.len()), &[]);
    world.does(&[take]);
    let makers = accounts_of(&world, &MAKERS);
    let mut costs = Vec::new();
    for most in 1..=MAKERS.len() {
        let mut world = world.clone();
        let apply = apply_fills(&world.market_of(PERP), &makers, most as u8);
        let cost = match most {
            10 => {
                let shape = "10 fills of 10 makers, each in the last of 16 positions with funding due";
                book.measure("apply_fills", shape, &mut world, apply).compute_units
            }
            _ => world.does(&[apply]).compute_units,
        };
        assert_eq!(world.queue(PERP).waiting().count(), MAKERS.len() - most);
        costs.push(cost);
    }
    note_steps(book, ["apply_fill", "apply_fill_largest"], "fills applied", &costs);
}

/// From half full on, what a taker has waiting is counted by looking at all that waits.
fn half_full(book: &mut Book) {
    const WAITING: usize = 208;
    let mut world = adversarial();
    for first in (0..WAITING).step_by(16) {
        let lots = 16 * LOTS;
        let take = Order::limit(Side::Bid, lots, price(Side::Ask, 2 * (first + 15)));
        world.trader("bob").places(PERP, take);
    }
    assert_eq!(world.queue(PERP).waiting().count(), WAITING);
    assert!(world.queue(PERP).header().is_half_full());
    funding_runs(&mut world);
    let next = Order::limit(Side::Bid, LOTS, price(Side::Ask, 2 * WAITING));
    let take = order(&mut world, "alice", next, &[]);
    let shape =
        format!("{FULL}; fills 1, who waits in the queue, behind 208 others, of a book 14 levels deep");
    book.measure("place_order.queue_half_full", &shape, &mut world, take);
    assert_eq!(world.queue(PERP).waiting().count(), WAITING + 1);
}

/// Orders whose time is over are removed on the way to the first that can fill.
fn passes_expired(book: &mut Book) {
    const EXPIRED: usize = 8;
    let mut world = adversarial();
    let soon = (world.now() + 60) as u32;
    for (above, maker) in (1..).zip(&MAKERS[..EXPIRED]) {
        let better = Order::limit(Side::Ask, LOTS, price(Side::Ask, 0) - above).expires(soon);
        world.trader(maker).places(PERP, better);
    }
    funding_runs(&mut world);
    let take = order(&mut world, "bob", buys(1), &MAKERS);
    let shape = "1 balance, 1 position; removes 8 expired orders, then fills 1 maker, all settled at once";
    let cost = book.measure("place_order.8_expired", shape, &mut world, take).compute_units;
    assert!(MAKERS[1..EXPIRED].iter().all(|maker| open_orders(&world, maker) == 17));
    let mut without = adversarial();
    let take = order(&mut without, "bob", buys(1), &MAKERS);
    let without = without.does(&[take]).compute_units;
    book.note(
        "fill.per_expired",
        "each of 8 expired orders removed in passing",
        (cost - without).div_ceil(8),
    );
}

fn cancels(book: &mut Book) {
    let mut world = adversarial();
    let [id] = orders_of(&world, "alice")[..] else { panic!("one order in the measured market") };
    let cancel = world.trader("alice").trading(PERP).cancel(id);
    let shape = format!("16 positions, 31 orders; the worst bid of {ADVERSARIAL}");
    book.measure("cancel", &shape, &mut world, cancel);
    assert_eq!((open_orders(&world, "alice"), orders_of(&world, "alice").len()), (30, 0));

    let who = filler(Side::Ask, 3);
    for name in ["cancel_all", "cancel_by_client_id"] {
        let mut world = adversarial();
        assert_eq!(orders_of(&world, &who).len(), 32);
        let trading = world.trader(&who).trading(PERP);
        let cancel =
            if name == "cancel_all" { trading.cancel_all(None) } else { trading.cancel_by_client_id(7) };
        book.measure(name, &format!("32 orders, out of {ADVERSARIAL}"), &mut world, cancel);
        assert_eq!(open_orders(&world, &who), 0);
    }
}

fn batches(book: &mut Book) {
    let mut world = adversarial();
    let who = filler(Side::Ask, 3);
    let cancels: Vec<OrderId> = orders_of(&world, &who)[..8].to_vec();
    let orders: Vec<Order> =
        (0..8).map(|n| Order::limit(Side::Ask, LOTS, deepest_price(Side::Ask) + 40 * n)).collect();
    let batch = world.trader(&who).trading(PERP).batch(&cancels, &orders, &[], &[]);
    let shape = format!("cancels 8 of 32 orders, places 8, in {ADVERSARIAL}");
    book.measure("batch", &shape, &mut world, batch);
    let left = orders_of(&world, &who);
    assert!(left.len() == 32 && cancels.iter().all(|id| !left.contains(id)));
}

fn dead_man(book: &mut Book) {
    let mut world = adversarial();
    let (board, account, trader) =
        (world.exchange.board, world.account_of("alice"), world.trader("alice").key());
    let set = set_dead_man(board, account, trader, 60);
    book.measure("set_dead_man", "a minute", &mut world, set);
    assert_eq!(world.account("alice").header.dead_man_deadline, world.now() + 60);
}
