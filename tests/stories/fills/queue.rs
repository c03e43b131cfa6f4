//! The fill queue at its limits: half full, full, round and round, and as much of it as one instruction can apply.

use super::{bid, floor};
use harness::{World, perps::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::{order::Order, setup, trade},
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;

/// Fills that one taker may have waiting once the queue is half full: a new market's own figure.
const UNSETTLED: u32 = 16;

/// Makers with 32 asks of one lot each, all at 60,000 ticks, and takers.
fn deep(makers: &[&str], takers: &[&str]) -> World {
    let mut world = World::floor(&[BTC_PERP], &[makers, takers].concat());
    for name in makers {
        let orders = [Order::limit(Side::Ask, 1, 60_000); 16];
        for _ in 0..2 {
            world.trader(name).batches(BTC_PERP, &[], &orders);
        }
    }
    world
}

#[test]
fn half_full_the_queue_takes_few_fills_of_one_taker_and_full_it_stops_matching() {
    let makers = ["m1", "m2", "m3"];
    let mut world = deep(&makers, &["greedy", "second", "third"]);
    assert_eq!(world.queue(BTC_PERP).header().capacity, 96);
    let usable = 72; // the last quarter is kept for liquidations
    let buy = |lots| bid(lots, 60_000).immediate();
    for lots in [16, 16, 8] {
        world.trader("greedy").longs(BTC_PERP, lots);
    }
    // Below half an order may fill up to half, 48, and its own few.
    let told = world.trader("greedy").places(BTC_PERP, bid(30, 60_000).most_makers(30));
    assert_eq!(
        (told.ordered().filled, told.ordered().order),
        (8 + UNSETTLED, 0),
        "nothing rests: it would cross"
    );
    assert_eq!(world.waiting(BTC_PERP), 64);
    world.trader("greedy").refused(Refusal::TooManyUnsettled).places(BTC_PERP, buy(1));
    // Another's few end where the kept quarter begins.
    let told = world.trader("second").places(BTC_PERP, bid(UNSETTLED, 60_000));
    assert_eq!((told.ordered().filled, told.ordered().order), (usable - 64, 0));
    let header = world.queue(BTC_PERP).header();
    assert_eq!((header.live, header.room(false), header.room(true)), (usable, 0, 24));
    for who in ["greedy", "third"] {
        world.trader(who).refused(Refusal::QueueFull).places(BTC_PERP, buy(1));
        world.trader(who).refused(Refusal::QueueFull).places(BTC_PERP, bid(1, 60_000));
    }
    // Whoever brings the maker along needs no queue; whoever only rests or leaves neither.
    world.trader("third").meeting(&["m3"]).longs(BTC_PERP, 5);
    let rests = world.trader("third").bids(BTC_PERP, 1, 59_000);
    world.trader("third").cancels(BTC_PERP, rests);
    let last = OrderId::new(world.account("m3").orders[31].id);
    world.trader("m3").cancels(BTC_PERP, last);

    nothing_was_lost(world, &makers);
}

fn nothing_was_lost(mut world: World, makers: &[&str]) {
    for maker in makers {
        world.applies_fills(BTC_PERP, &[maker]);
    }
    assert_eq!(world.waiting(BTC_PERP), 0);
    let lots = |world: &World, name| world.lots(name, BTC_PERP);
    assert_eq!((lots(&world, "greedy"), lots(&world, "second"), lots(&world, "third")), (64, 8, 5));
    let sold: i32 = makers.iter().map(|name| lots(&world, name)).sum();
    assert_eq!(sold, -77);
    assert_eq!(world.depth(BTC_PERP, Side::Ask), 96 - 77 - 1);
    assert_eq!(makers.iter().map(|name| world.listed(name)).sum::<u32>(), 96 - 77 - 1);
    world.trader("greedy").longs(BTC_PERP, 1);
}

#[test]
fn a_takers_few_are_counted_while_they_wait_and_no_longer() {
    let makers = ["m1", "m2", "m3"];
    let mut world = deep(&makers, &["greedy", "second"]);
    world.sets_in_market("market.unsettled_cap", BTC_PERP, 4);
    let buy = |world: &mut World, who: &str| {
        world.trader(who).places(BTC_PERP, bid(16, 60_000).immediate()).ordered().filled
    };
    for lots in [16, 16, 8] {
        world.trader("greedy").longs(BTC_PERP, lots);
    }
    assert_eq!(buy(&mut world, "greedy"), 12, "eight to the half, and four");
    assert_eq!(buy(&mut world, "second"), 4);
    world.trader("second").refused(Refusal::TooManyUnsettled).longs(BTC_PERP, 1);
    // The newest were m2's orders, all of the second's among them. The oldest wait: what is behind them is no room yet.
    world.trader("keeper").meeting(&["m2"]).applies_fills(BTC_PERP, u8::MAX);
    let header = world.queue(BTC_PERP).header();
    assert_eq!((header.live, header.tail - header.head), (32, 56));
    assert_eq!(buy(&mut world, "second"), 4);
    world.trader("greedy").refused(Refusal::TooManyUnsettled).longs(BTC_PERP, 1);
    world.trader("keeper").meeting(&["m1"]).applies_fills(BTC_PERP, u8::MAX);
    assert_eq!(buy(&mut world, "greedy"), 16);
}

#[test]
fn the_queue_goes_round_and_numbers_are_never_given_twice() {
    let mut world = floor();
    let orders = [Order::limit(Side::Ask, 1, 60_000); 16];
    for round in 1..=8u64 {
        world.trader("bob").batches(BTC_PERP, &[], &orders);
        let told = world.trader("alice").longs(BTC_PERP, 16);
        assert!(told.makers().iter().all(|maker| maker.sequence == 0));
        world.applies_fills(BTC_PERP, &["bob"]);
        let header = world.queue(BTC_PERP).header();
        assert_eq!((header.head, header.tail, header.live), (16 * round, 16 * round, 0));
    }
    assert_eq!((world.lots("alice", BTC_PERP), world.lots("bob", BTC_PERP)), (128, -128));
}

#[test]
fn a_queue_grows_only_while_nothing_waits() {
    let mut world = floor();
    world.trader("bob").asks(BTC_PERP, 5, 60_000);
    world.trader("alice").longs(BTC_PERP, 5);
    let of = world.market_of(BTC_PERP);
    let payer = world.person("anyone");
    let grow = setup::grow_book(&of, of.queue, payer);
    world.refuses(std::slice::from_ref(&grow), Refusal::CannotGrow);
    world.applies_fills(BTC_PERP, &["bob"]);
    world.does(&[grow]);
    assert_eq!(world.queue(BTC_PERP).header().capacity, 194);
    world.trader("bob").asks(BTC_PERP, 5, 60_000);
    world.trader("alice").longs(BTC_PERP, 5);
    world.applies_fills(BTC_PERP, &["bob"]);
    world.trader("bob").holds(BTC_PERP, -10);
}

/// Most bytes of a transaction's log on the network: what is longer loses its end.
const MOST_LOG: usize = 10_000;

fn log_bytes(logs: &[String]) -> usize {
    logs.iter().map(String::len).sum()
}

/// Compute units are asked for, as whoever meets many makers does.
fn with_budget(instruction: Instruction) -> [Instruction; 2] {
    [ComputeBudgetInstruction::set_compute_unit_limit(1_400_000), instruction]
}

#[test]
fn whoever_meets_many_small_orders_is_stopped_before_memory_and_log_are_full() {
    let names = ["m1", "m2", "m3"];
    let mut world = deep(&names, &["alice"]);
    let makers = names.map(|name| world.account_of(name));
    let trading = world.trader("alice").trading(BTC_PERP);
    let order = bid(96, 60_000).most_makers(u8::MAX);
    let told = world.does(&with_budget(trading.place(&order, &[], &makers)));
    assert_eq!((told.ordered().filled, told.ordered().order), (48, 0), "what is left would cross");
    assert!(log_bytes(&told.logs) < MOST_LOG, "{}", log_bytes(&told.logs));
    // A batch has no more than that together.
    let orders = [bid(6, 60_000); 16];
    let told = world.clone().does(&with_budget(trading.batch(&[], &orders, &[], &makers)));
    assert_eq!(told.all_ordered().iter().map(|ordered| ordered.filled).sum::<u32>(), 48);
    assert!(log_bytes(&told.logs) < MOST_LOG, "{}", log_bytes(&told.logs));
}

#[test]
fn one_instruction_applies_so_many_fills_that_memory_and_log_have_room_for_them() {
    let names = ["m1", "m2", "m3"];
    let mut world = deep(&names, &["alice", "bob"]);
    for lots in [16, 16, 8] {
        world.trader("alice").longs(BTC_PERP, lots);
    }
    world.trader("alice").places(BTC_PERP, bid(24, 60_000).immediate().most_makers(24));
    world.trader("bob").longs(BTC_PERP, 8);
    let waiting = world.waiting(BTC_PERP);
    assert_eq!(waiting, 72);
    let makers = names.map(|name| world.account_of(name));
    let apply = trade::apply_fills(&world.market_of(BTC_PERP), &makers, u8::MAX);
    let told = world.does(&with_budget(apply.clone()));
    assert_eq!((told.makers().len(), world.waiting(BTC_PERP)), (64, waiting - 64));
    assert!(log_bytes(&told.logs) < MOST_LOG, "{}", log_bytes(&told.logs));
    world.does(&[apply]);
    assert_eq!(world.waiting(BTC_PERP), 0);
}
