//! Orders that are none: wrong accounts, unknown codes, too many.

use super::floor;
use anchor_lang::{InstructionData, error::ErrorCode};
use harness::{Failure, World, keys, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    instructions::trade::{MAX_CANCELLED, MAX_PLACED, OrderArgs},
};
use plimsoll_client::{addresses::MarketAddresses, book::Side, instructions::order::Order};
use solana_instruction::Instruction;

/// Addresses of a market with one replaced, and why an order there is refused.
fn wrong_markets(world: &World) -> Vec<(MarketAddresses, Failure)> {
    let (right, other) = (world.market_of(BTC_PERP), world.market_of(SOL_PERP));
    vec![
        (MarketAddresses { bids: other.bids, ..right }, Refusal::WrongBook.into()),
        (MarketAddresses { asks: other.asks, ..right }, Refusal::WrongBook.into()),
        (MarketAddresses { bids: right.asks, asks: right.bids, ..right }, Refusal::WrongBook.into()),
        (MarketAddresses { market: other.market, ..right }, Refusal::WrongBook.into()),
        (MarketAddresses { market: right.board, ..right }, ErrorCode::AccountDiscriminatorMismatch.into()),
        (MarketAddresses { market: right.bids, ..right }, ErrorCode::AccountDiscriminatorMismatch.into()),
        (MarketAddresses { market: BTC.mint(), ..right }, ErrorCode::AccountOwnedByWrongProgram.into()),
        (MarketAddresses { board: right.market, ..right }, ErrorCode::AccountDiscriminatorMismatch.into()),
        (MarketAddresses { board: keys::address("second board"), ..right }, Refusal::ForeignBoard.into()),
    ]
}

#[test]
fn every_wrong_account_of_an_order_or_a_cancellation_is_refused() {
    let mut world = World::floor(&[BTC_PERP, SOL_PERP], &["alice"]);
    let copy = world.chain.account(&world.exchange.board).expect("a board");
    world.chain.place(keys::address("second board"), copy);
    let rests = world.trader("alice").bids(BTC_PERP, 5, 59_000);
    let mut trading = world.trader("alice").trading(BTC_PERP);
    let (right, other) = (trading.market, world.market_of(SOL_PERP));
    let order = Order::limit(Side::Bid, 5, 59_000);
    for (market, reason) in wrong_markets(&world) {
        trading.market = market;
        world.refuses(&[trading.place(&order, &[], &[])], reason.clone());
        world.refuses(&[trading.batch(&[rests], &[order], &[], &[])], reason.clone());
        world.refuses(&[trading.cancel(rests)], reason.clone());
        world.refuses(&[trading.cancel_by_client_id(0)], reason.clone());
        world.refuses(&[trading.cancel_all(None)], reason);
    }
    // A cancellation never looks at the queue; an order does.
    for queue in [other.queue, right.bids, right.board] {
        trading.market = MarketAddresses { queue, ..right };
        world.refuses(&[trading.place(&order, &[], &[])], Refusal::WrongBook);
    }
    trading.market = right;
    for (account, reason) in [
        (right.market, ErrorCode::AccountDiscriminatorMismatch),
        (BTC.mint(), ErrorCode::AccountOwnedByWrongProgram),
    ] {
        trading.account = account;
        world.refuses(&[trading.place(&order, &[], &[])], reason);
        world.refuses(&[trading.cancel_all(None)], reason);
    }
}

#[test]
fn an_account_of_another_exchange_does_not_trade_here() {
    let mut world = floor();
    let mut foreign = world.chain.account(&world.account_of("alice")).expect("open");
    foreign.data[8..40].copy_from_slice(&[7; 32]);
    let address = keys::address("account of another exchange");
    world.chain.place(address, foreign);
    let mut trading = world.trader("alice").trading(BTC_PERP);
    trading.account = address;
    let order = Order::limit(Side::Bid, 5, 59_000);
    for instruction in [trading.place(&order, &[], &[]), trading.cancel_all(None)] {
        let chain = world.chain.clone();
        world.chain.send(&[instruction]).must_fail(&Refusal::ForeignExchange.into());
        world.chain = chain;
    }
}

fn raw(world: &mut World, order: OrderArgs) -> Instruction {
    let mut instruction =
        world.trader("alice").trading(BTC_PERP).place(&Order::limit(Side::Bid, 1, 1), &[], &[]);
    instruction.data = plimsoll::instruction::PlaceOrder { order }.data();
    instruction
}

#[test]
fn malformed_orders_are_refused() {
    let mut world = floor();
    let good = Order::limit(Side::Bid, 5, 59_000).args();
    let now = u32::try_from(world.now()).expect("a time");
    for (order, reason) in [
        (OrderArgs { side: 2, ..good }, Refusal::BadOrder),
        (OrderArgs { kind: 6, ..good }, Refusal::BadOrder),
        (OrderArgs { flags: 4, ..good }, Refusal::BadOrder),
        (OrderArgs { flags: 128, ..good }, Refusal::BadOrder),
        (OrderArgs { self_trade: 3, ..good }, Refusal::BadOrder),
        (OrderArgs { price: 0, ..good }, Refusal::BadOrder),
        (OrderArgs { kind: 5, flags: 2, ..good }, Refusal::BadOrder),
        (OrderArgs { lots: 0, ..good }, Refusal::BelowMinimumOrder),
        (OrderArgs { lots: 0, flags: 1, ..good }, Refusal::BadOrder),
        (OrderArgs { expires_at: now, ..good }, Refusal::OrderExpired),
        (OrderArgs { expires_at: 1, ..good }, Refusal::OrderExpired),
        (OrderArgs { lots: u32::MAX, price: u32::MAX, ..good }, Refusal::Overflow),
    ] {
        let instruction = raw(&mut world, order);
        world.refuses(&[instruction], reason);
    }
    let instruction = raw(&mut world, good);
    world.does(&[instruction]);
    let mut side = world.trader("alice").trading(BTC_PERP).cancel_all(None);
    side.data = plimsoll::instruction::CancelAll { side: 3 }.data();
    world.refuses(&[side], Refusal::BadOrder);
}

#[test]
fn a_batch_has_a_most_of_each_and_at_least_one_order() {
    let mut world = floor();
    let order = Order::limit(Side::Bid, 1, 59_000);
    let rests = world.trader("alice").places(BTC_PERP, order).rests();
    world.trader("alice").refused(Refusal::TooManyOrders).batches(BTC_PERP, &[rests], &[]);
    let table = world.makes_table();
    let tables = [table];
    let batch = |world: &mut World, cancels: usize, orders: usize, refused: bool| {
        let alice = world.trader("alice").by_tables(&tables);
        let mut alice = if refused { alice.refused(Refusal::TooManyOrders) } else { alice };
        alice.batches(BTC_PERP, &vec![rests; cancels], &vec![order; orders])
    };
    batch(&mut world, 0, MAX_PLACED + 1, true);
    batch(&mut world, MAX_CANCELLED + 1, 1, true);
    batch(&mut world, MAX_CANCELLED, 1, false);
    batch(&mut world, 0, MAX_PLACED, false);
    assert_eq!(world.listed("alice"), MAX_PLACED as u32 + 1);
}
