//! Cash of the markets, and withdrawals of whoever has positions.

use crate::{
    book::Book,
    desks::{LOTS, MARKETS, PERP, PERPS, adversarial, entering, funding_runs, price},
};
use harness::{
    World,
    tokens::{SOL, USDC, sol, usdc},
};
use plimsoll_client::{
    book::Side,
    instructions::{ledger, order::Order, refresh},
};

const FULL: &str = "16 balances, 2 debts, 16 positions with funding due";

pub fn measure(book: &mut Book) {
    withdrawal(book);
    per_position(book);
    settlement(book);
    pockets(book);
    fees(book);
    funding(book);
}

fn withdrawal(book: &mut Book) {
    let mut world = adversarial();
    let had = world.trader("alice").has_in_wallet(SOL);
    let withdraw = world.trader("alice").outflow(SOL).withdraw(sol(5), true, &[]);
    let shape = format!("{FULL}, 31 orders in them; the last debt grows; interest accrues");
    book.measure("withdraw.max_shape", &shape, &mut world, withdraw);
    assert_eq!(world.trader("alice").has_in_wallet(SOL), had + sol(5));
}

/// What one more position, with orders on both sides and funding due, adds to a borrow.
fn per_position(book: &mut Book) {
    let mut costs = Vec::new();
    for world in entering() {
        costs.push(cost_of_borrowing(world.clone()));
    }
    costs.push(cost_of_borrowing(adversarial()));
    assert_eq!(costs.len(), MARKETS);
    let steps: Vec<u64> = costs.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let average = (costs[MARKETS - 1] - costs[0]).div_ceil(steps.len() as u64);
    book.note("margin.per_position", "a borrow with 1 to 16 positions, average of the 15 steps", average);
    let largest = steps.into_iter().max().unwrap_or_default();
    book.note("margin.per_position_largest", "the same, the largest step", largest);
}

fn cost_of_borrowing(mut world: World) -> u64 {
    funding_runs(&mut world);
    let withdraw = world.trader("alice").outflow(SOL).withdraw(sol(1), true, &[]);
    world.does(&[withdraw]).compute_units
}

/// A loss beyond the deposit: what the other balances carry is borrowed for it.
fn settlement(book: &mut Book) {
    let mut world = adversarial();
    world.oracle().moves(PERP.token, -20);
    funding_runs(&mut world);
    let (market, bank) = (world.market_of(PERP), world.quote_bank());
    let held = world.balance("alice", USDC);
    let settle = ledger::settle_pnl(&market, world.account_of("alice"), bank);
    let shape = format!("{FULL}; a loss, for the larger part of which quote is borrowed");
    book.measure("settle_pnl", &shape, &mut world, settle);
    assert!(held > 0 && world.balance("alice", USDC) < -held);

    let gains = world.balance("m0", USDC);
    let settle = ledger::settle_pnl(&market, world.account_of("m0"), bank);
    book.measure("settle_pnl.gain", "1 balance, the last of 16 positions; a gain", &mut world, settle);
    assert!(world.balance("m0", USDC) > gains);
}

/// The 16th position is isolated.
fn pockets(book: &mut Book) {
    let mut world = entering()[MARKETS - 2].clone();
    funding_runs(&mut world);
    let pocket = world.trader("alice").pocket(PERP);
    let shape = "16 balances, 2 debts, 15 positions; another one";
    book.measure("set_position_mode", shape, &mut world, pocket.set_mode(true));
    assert!(world.position("alice", PERP).is_isolated());

    let amount = usdc(4);
    let shape = "16 balances, 2 debts, 15 positions with funding due, 30 orders; the isolated 16th's pocket";
    book.measure("fund_pocket", shape, &mut world, pocket.fund(amount, &[]));
    assert_eq!(world.position("alice", PERP).pocket.get(), amount as i64);

    let mut other = world.clone();
    let shape = "16 balances, 15 positions; the 16th, whose pocket goes back to the balance";
    book.measure("set_position_mode.cross", shape, &mut other, pocket.set_mode(false));
    assert!(!other.position("alice", PERP).is_isolated());
    assert_eq!(other.position("alice", PERP).pocket.get(), 0);

    world.trader("bob").deposits(USDC, usdc(10_000));
    world.trader("bob").places(PERP, Order::limit(Side::Ask, LOTS, price(Side::Ask, 0)));
    world.trader("bob").places(PERP, Order::limit(Side::Ask, 40_000, price(Side::Ask, 2)));
    world.trader("bob").places(PERP, Order::limit(Side::Bid, 40_000, price(Side::Bid, 2)));
    world.trader("alice").meeting(&["bob"]).longs(PERP, LOTS);
    funding_runs(&mut world);
    let shape = "the isolated last of 16 positions, with funding due";
    book.measure("drain_pocket", shape, &mut world, pocket.drain(usdc(1), &[]));
    assert!(world.position("alice", PERP).pocket.get() < amount as i64);
}

fn fees(book: &mut Book) {
    let mut world = adversarial();
    world.oracle().moves(PERP.token, -20);
    funding_runs(&mut world);
    let (market, bank) = (world.market_of(PERP), world.quote_bank());
    let settle = ledger::settle_pnl(&market, world.account_of("alice"), bank);
    world.does(&[settle]);
    let mut short = world.clone();
    short.opens_deficit(PERP, 10);
    let shape = "1 market, whose deficit they fill first";
    book.measure("collect_fees.deficit", shape, &mut short, ledger::collect_fees(&market, bank));
    assert_eq!((short.market(PERP).deficit.get(), short.insurance().open_deficits), (0, 0));
    book.measure("collect_fees", "1 market", &mut world, ledger::collect_fees(&market, bank));
    assert_eq!(world.market(PERP).fees_receivable.get(), 0);
    let collector = world.person("fee collector");
    let wallet = world.chain.wallet(&collector, &USDC);
    let pay = ledger::pay_fees(&world.bank_of(USDC), collector, wallet);
    book.measure("pay_fees", "SPL Token", &mut world, pay);
    assert!(world.chain.tokens_in(&wallet) > 0);
}

fn funding(book: &mut Book) {
    let mut world = adversarial();
    let before = world.terms(PERPS[MARKETS - 1]).funding;
    let refresh = refresh::refresh_market(&world.market_of(PERP));
    let shape = "funding accrues, the premium of 4 orders a side is observed";
    book.measure("refresh_market", shape, &mut world, refresh);
    assert_ne!(world.terms(PERP).funding, before);
}
