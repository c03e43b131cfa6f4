//! Accounts in danger: assessed and liquidated, both sides as large as accounts get.

use crate::{
    book::Book,
    desks::{PERP, funding_runs, open_orders},
    endangered::{RIVAL, called, flagged, in_danger, standing},
    shapes::LATE,
};
use harness::{
    World,
    amounts::bps,
    tokens::{SOL, USDC, usdc},
};
use plimsoll_client::instructions::liquidation::{self, IntoBook, Scope};
use plimsoll_risk::{layout::account::ACCOUNT_INSOLVENT, num::Ratio};
use solana_instruction::Instruction;

const BOTH: &str = "both accounts 16 balances, 2 debts, 16 positions with funding due";

pub fn measure(book: &mut Book) {
    assesses(book);
    takes_over(book);
    into_book(book);
    swaps(book);
    buys_pnl(book);
    calls(book);
    insolvent(book);
}

fn assesses(book: &mut Book) {
    let mut world = in_danger();
    let fund = Some(world.exchange.insurance);
    let (board, alice) = (world.exchange.board, world.account_of("alice"));
    let assess = || liquidation::assess(board, alice, Scope::Cross, fund, &[]);
    let shape = "16 balances, 2 debts, 16 positions, 31 orders in them; flagged";
    book.measure("assess", shape, &mut world, assess());
    let since = world.now();
    assert_eq!(world.flag_of("alice", Scope::Cross).flagged_at, since);
    world.passes(1);
    book.measure("assess.renew", "the same again: fresh proof", &mut world, assess());
    assert_eq!(world.flag_of("alice", Scope::Cross).renewed_at, since + 1);
}

fn takes_over(book: &mut Book) {
    let mut world = flagged();
    let before = [world.lots("alice", PERP), world.lots(RIVAL, PERP)];
    let (market, bank) = (world.market_of(PERP), world.quote_bank());
    let take =
        world.trader(RIVAL).liquidation("alice").take_over(&market, u32::MAX, u32::MAX, Some(bank), &[]);
    let shape = format!("{BOTH}; a part of a position changes hands, and alice is safe");
    book.measure("liquidate.takeover.max_shape", &shape, &mut world, take);
    let after = [world.lots("alice", PERP), world.lots(RIVAL, PERP)];
    assert!(after[0] > 0 && after[0] < before[0] && after[0] + after[1] == before[0] + before[1]);
    assert!(standing(&world, "alice").liqend.get() >= 0);
    assert_eq!(open_orders(&world, "alice"), 0);
}

fn into_book(book: &mut Book) {
    let mut world = flagged();
    let before = [world.lots("alice", PERP), world.lots("m0", PERP)];
    let market = world.market_of(PERP);
    let terms = IntoBook { most_lots: u32::MAX, most_makers: 1, least_pay: 0 };
    let (own, account, maker) = (world.account_of(RIVAL), world.account_of("alice"), world.account_of("m0"));
    let liquidate = liquidation::liquidate_into_book(&market, own, account, &terms, &[], &[maker]);
    let shape = format!("{BOTH}; 1 maker, settled at once, of a book 14 levels deep, its premium observed");
    let had = world.position(RIVAL, PERP).realised;
    book.measure("liquidate.book.max_shape", &shape, &mut world, liquidate);
    let after = [world.lots("alice", PERP), world.lots("m0", PERP)];
    assert!(after[0] < before[0] && after[0] + after[1] == before[0] + before[1]);
    assert_ne!(world.position(RIVAL, PERP).realised, had, "the keeper earned");
}

fn swaps(book: &mut Book) {
    let mut world = flagged();
    let collateral = LATE[3].token;
    let before = [world.balance("alice", SOL), world.balance(RIVAL, collateral)];
    let swap = swap(&mut world);
    let shape = format!("{BOTH}; a part of the last debt is repaid on credit for the last collateral");
    book.measure("liquidate.collateral.max_shape", &shape, &mut world, swap);
    let after = [world.balance("alice", SOL), world.balance(RIVAL, collateral)];
    assert!(after[0] > before[0] && after[0] < 0 && after[1] > before[1]);
    assert!(standing(&world, "alice").liqend.get() >= 0);
}

fn swap(world: &mut World) -> Instruction {
    let (debt, collateral) = (world.bank_of(SOL), world.bank_of(LATE[3].token));
    world.trader(RIVAL).liquidation("alice").swap_collateral(&debt, &collateral, u64::MAX, Ratio::ZERO, &[])
}

/// A profit that the pool cannot pay, as nobody has settled a loss.
fn buys_pnl(book: &mut Book) {
    let mut world = flagged();
    world.trader(RIVAL).deposits(USDC, usdc(10_000));
    world.oracle().moves(PERP.token, 1);
    let (market, bank) = (world.market_of(PERP), world.quote_bank());
    let before = world.balance("alice", USDC);
    let buy = world.trader(RIVAL).liquidation("alice").buy_pnl(&market, bank, u64::MAX, Ratio::ZERO, &[]);
    book.measure("liquidate.pnl.max_shape", BOTH, &mut world, buy);
    assert!(world.balance("alice", USDC) > before);
    assert!(world.position(RIVAL, PERP).realised.get() > 0);
}

/// Of an account short of initial margin alone both kinds of margin are measured.
fn calls(book: &mut Book) {
    let mut world = called();
    let assess =
        liquidation::assess(world.exchange.board, world.account_of("alice"), Scope::Cross, None, &[]);
    let shape = "16 balances, 2 debts, 16 positions, 31 orders in them; a margin call";
    book.measure("assess.margin_call", shape, &mut world, assess);
    assert_eq!(world.account("alice").header.margin_called_at, world.now());
}

/// Beyond its equity an account counts in the insurance fund, and gates the bank that it owes to.
fn insolvent(book: &mut Book) {
    let mut world = in_danger();
    world.sets_for_all("board.gate_share", bps(10));
    for _ in 0..2 {
        world.oracle().moves(SOL, 30);
        funding_runs(&mut world);
    }
    let (board, alice) = (world.exchange.board, world.account_of("alice"));
    let assess = liquidation::assess(board, alice, Scope::Cross, Some(world.exchange.insurance), &[]);
    let shape = "16 balances, 2 debts, 16 positions, 31 orders in them; flagged, and insolvent";
    book.measure("assess.insolvent", shape, &mut world, assess);
    assert_eq!(world.account("alice").header.state, ACCOUNT_INSOLVENT);
    assert_eq!(world.insurance().insolvent, 1);

    let bank = world.bank_of(SOL);
    let gate = liquidation::gate_withdrawals(&bank, alice, &[]);
    let shape = "an account of 16 balances, 2 debts, 16 positions owes to the bank";
    book.measure("gate_withdrawals", shape, &mut world, gate);
    assert!(world.bank(SOL).gated_until > world.now());
}
