//! Tokens in and out.

use crate::{
    book::Book,
    shapes::{LATE, TOKENS, lived_in, publish, refresh_everything},
};
use harness::{
    World,
    tokens::{BTC, SOL, Token, USDC, sol, usdc},
};
use solana_instruction::Instruction;

/// Seconds since the last refresh of everything: interest has to be accrued, prices still count.
const SINCE_REFRESH: i64 = 5;

pub fn measure(book: &mut Book) {
    deposits(book);
    withdrawals(book);
    repayments(book);
    overlays(book);
    per_balance(book);
    surplus(book);
}

fn deposit(world: &mut World, name: &str, token: Token, amount: u64) -> Instruction {
    world.trader(name).gets(token, amount);
    world.trader(name).inflow(token).deposit(amount)
}

/// Somebody with one balance; a moment later.
fn with_one_balance(token: Token) -> World {
    let mut world = lived_in();
    world.trader("alice").deposits(token, token.units(10));
    world.passes(SINCE_REFRESH);
    world
}

/// Somebody with 14 deposits and 2 debts, of which SOL's is the last balance; a moment later.
fn with_all_balances() -> World {
    let mut world = lived_in();
    let held = [USDC].into_iter().chain(TOKENS[3..12].iter().copied()).chain(LATE.map(|late| late.token));
    for token in held {
        world.trader("alice").deposits(token, token.units(1_000));
    }
    world.trader("alice").borrows(TOKENS[12], TOKENS[12].units(10));
    world.trader("alice").borrows(SOL, sol(10));
    assert_eq!(balances(&world), 16);
    world.passes(1);
    refresh_everything(&mut world);
    world.passes(SINCE_REFRESH);
    world
}

fn balances(world: &World) -> usize {
    world.account("alice").balances.iter().filter(|slot| !slot.is_free()).count()
}

/// Up to the unit that rounding takes.
fn assert_near(found: i128, expected: u64) {
    assert!((-1..=1).contains(&(found - i128::from(expected))), "{found}, not {expected}");
}

fn deposits(book: &mut Book) {
    for (name, token) in [("deposit", SOL), ("deposit.token_2022", BTC)] {
        let mut world = with_one_balance(token);
        let instruction = deposit(&mut world, "alice", token, token.units(3));
        let held = world.balance("alice", token);
        book.measure(name, "1 balance, which grows; interest accrues", &mut world, instruction);
        let grown = world.balance("alice", token) - held;
        assert_near(grown, token.units(3));
    }
    let mut world = lived_in();
    let instruction = deposit(&mut world, "newcomer", SOL, sol(3));
    book.measure("deposit.first", "no balance yet", &mut world, instruction);
    assert_near(world.balance("newcomer", SOL), sol(3));

    let mut world = with_all_balances();
    let instruction = deposit(&mut world, "alice", SOL, sol(20));
    let receipt = book.measure(
        "deposit.16_balances_repaying",
        "16 balances; pays back the last one's debt first",
        &mut world,
        instruction,
    );
    assert!(world.balance("alice", SOL) > i128::from(sol(9)), "{:?}", receipt.events);
}

fn withdrawals(book: &mut Book) {
    let mut world = with_one_balance(SOL);
    let instruction = world.trader("alice").outflow(SOL).withdraw(sol(4), false, &[]);
    book.measure("withdraw", "1 balance, no debt", &mut world, instruction);
    assert_eq!(world.trader("alice").has_in_wallet(SOL), sol(4));

    let mut world = with_one_balance(SOL);
    let instruction = world.trader("alice").outflow(SOL).withdraw_all(&[]);
    book.measure("withdraw_all", "1 balance, no debt", &mut world, instruction);
    assert_eq!((world.balance("alice", SOL), balances(&world)), (0, 0));

    let mut world = with_all_balances();
    let instruction = world.trader("alice").outflow(USDC).withdraw_all(&[]);
    book.measure("withdraw_all.16_balances", "16 balances, 2 debts", &mut world, instruction);
    assert_eq!((world.balance("alice", USDC), balances(&world)), (0, 15));

    let mut world = with_all_balances();
    let owed = world.balance("alice", SOL);
    let had = world.trader("alice").has_in_wallet(SOL);
    let instruction = world.trader("alice").outflow(SOL).withdraw(sol(5), true, &[]);
    let shape = "16 balances, 15 feeds; the last of 2 debts grows; interest accrues";
    book.measure("withdraw.16_balances_borrow", shape, &mut world, instruction);
    assert!(world.balance("alice", SOL) <= owed - i128::from(sol(5)));
    assert_eq!(world.trader("alice").has_in_wallet(SOL), had + sol(5));
}

fn repayments(book: &mut Book) {
    for (name, shape, all) in [
        ("repay.16_balances", "16 balances; the last one's debt", false),
        ("repay_all.16_balances", "16 balances; the last one's debt", true),
    ] {
        repays(book, (name, shape), with_all_balances(), all);
    }
    for (name, all) in [("repay", false), ("repay_all", true)] {
        let mut world = lived_in();
        world.trader("alice").deposits(USDC, usdc(10_000));
        world.trader("alice").borrows(SOL, sol(10));
        world.passes(SINCE_REFRESH);
        repays(book, (name, "2 balances"), world, all);
    }
}

fn repays(book: &mut Book, (name, shape): (&'static str, &str), mut world: World, all: bool) {
    world.trader("alice").gets(SOL, sol(30));
    let owed = world.balance("alice", SOL);
    let inflow = world.trader("alice").inflow(SOL);
    let instruction = if all { inflow.repay_all() } else { inflow.repay(sol(4)) };
    book.measure(name, shape, &mut world, instruction);
    let left = world.balance("alice", SOL);
    assert!(if all { left == 0 } else { left > owed && left < 0 }, "{left}");
}

/// Four prices are too old on the board; the transaction brings them, for the last feeds there are.
fn overlays(book: &mut Book) {
    let mut world = with_all_balances();
    world.passes(120);
    world.refreshes_all();
    LATE.iter().for_each(|late| publish(&mut world, late.token, late.token.price));
    let oracles = LATE.map(|late| late.token.pyth());
    let owed = world.balance("alice", SOL);
    let instruction = world.trader("alice").outflow(SOL).withdraw(sol(5), true, &oracles);
    let shape = "16 balances, 4 stale prices brought along, of the last of 64 feeds";
    let cost =
        book.measure("withdraw.16_balances_borrow_4_overlays", shape, &mut world, instruction).compute_units;
    let without = book.figure("withdraw.16_balances_borrow");
    book.note("margin.per_overlay", "each of 4 prices brought along", (cost - without).div_ceil(4));
    assert!(world.balance("alice", SOL) <= owed - i128::from(sol(5)));
}

/// What one more balance adds to a borrow, when the debt is the last balance and so found last.
fn per_balance(book: &mut Book) {
    let mut world = lived_in();
    let mut costs = Vec::new();
    for (held, token) in (1..).zip(TOKENS[3..18].iter().copied()) {
        world.trader("alice").deposits(token, token.units(1_000));
        costs.push(cost_of_borrowing(world.clone(), held + 1));
    }
    let steps: Vec<u64> = costs.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let average = (costs[costs.len() - 1] - costs[0]).div_ceil(steps.len() as u64);
    book.note("margin.per_balance", "a borrow at 2 to 16 balances, average of the 14 steps", average);
    let largest = steps.iter().max().copied().unwrap_or_default();
    book.note("margin.per_balance_largest", "the same, the largest step", largest);
}

fn cost_of_borrowing(mut world: World, expected: usize) -> u64 {
    world.trader("alice").borrows(SOL, sol(2));
    assert_eq!(balances(&world), expected);
    world.passes(SINCE_REFRESH);
    let instruction = world.trader("alice").outflow(SOL).withdraw(sol(1), true, &[]);
    world.does(&[instruction]).compute_units
}

fn surplus(book: &mut Book) {
    let mut world = with_one_balance(SOL);
    world.donates(SOL, sol(7));
    let collector = world.person("fee collector");
    let destination = world.chain.wallet(&collector, &SOL);
    let bank = world.bank_of(SOL);
    let skim = plimsoll_client::instructions::vault::skim_surplus(&bank, collector, destination);
    book.measure("skim_surplus", "1 donation", &mut world, skim);
    assert_eq!(world.chain.tokens_in(&destination), sol(7));

    world.robs_vault(SOL, sol(1));
    let short = plimsoll_client::instructions::refresh::refresh_bank(&bank);
    book.measure("refresh_bank.short", "the vault is found short", &mut world, short);
    world.heals_vault(SOL, sol(1));
    let admin = world.person("admin");
    let resume = plimsoll_client::instructions::vault::resume_bank(&bank, admin);
    assert_ne!(world.bank(SOL).flags, 0);
    book.measure("resume_bank", "the vault is whole again", &mut world, resume);
    assert_eq!(world.bank(SOL).flags, 0);
}
