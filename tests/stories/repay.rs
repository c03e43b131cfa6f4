//! Debts are paid back.

use harness::{World, amounts::*, tokens::*};
use plimsoll::{errors::Refusal, state::risk_board::Pausable};
use plimsoll_client::events::Event;

/// Alice owes 100 USDC against 10 SOL.
fn with_debt() -> World {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(10));
    world.trader("alice").borrows(USDC, usdc(100));
    world
}

#[test]
fn a_repayment_lowers_the_debt_by_its_amount() {
    let mut world = with_debt();
    let told = world.trader("alice").repays(USDC, usdc(40));
    let Event::Deposited(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.amount, event.repaid, event.balance), (usdc(40), usdc(40), -(usdc(60) as i64)));
    world.trader("alice").owes(USDC, usdc(60));
}

#[test]
fn nobody_repays_more_than_is_owed() {
    let mut world = with_debt();
    world.trader("alice").refused(Refusal::RepaysMoreThanOwed).repays(USDC, usdc(100) + 1);
    world.trader("alice").repays(USDC, usdc(100));
    world.trader("alice").owes(USDC, 0);
    world.trader("alice").refused(Refusal::NothingOwed).repays(USDC, 1);
    world.trader("alice").refused(Refusal::NothingOwed).repays_all(USDC);
}

#[test]
fn a_deposit_is_not_a_debt_to_repay() {
    let mut world = with_debt();
    world.trader("alice").refused(Refusal::NothingOwed).repays(SOL, 1);
    world.trader("alice").refused(Refusal::NothingOwed).repays_all(SOL);
    world.trader("alice").refused(Refusal::NothingOwed).repays(BTC, 1);
}

#[test]
fn nothing_is_no_repayment() {
    let mut world = with_debt();
    world.trader("alice").refused(Refusal::ZeroAmount).repays(USDC, 0);
}

#[test]
fn everything_owed_with_its_interest_is_paid_to_the_last_unit() {
    let mut world = with_debt();
    world.passes(hours(1));
    world.trader("alice").refreshes(USDC);
    let owed = -world.trader("alice").balance(USDC);
    assert!(owed > i128::from(usdc(100)));
    let told = world.trader("alice").repays_all(USDC);
    let Event::Deposited(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((i128::from(event.amount), event.balance), (owed, 0));
    assert!(world.bank(USDC).borrow_shares.is_zero());
    assert!(world.account("alice").slot_of(0).is_none(), "the slot is free again");
}

#[test]
fn a_stranger_may_repay() {
    let mut world = with_debt();
    world.trader("bob").for_account_of("alice").repays(USDC, usdc(30));
    world.trader("alice").owes(USDC, usdc(70));
    world.trader("bob").owns(USDC, 0);
}

#[test]
fn debts_are_paid_while_deposits_are_paused_capped_or_too_small() {
    let mut world = with_debt();
    world.guardian().pauses(Pausable::Deposit, hours(1));
    world.sets("bank.deposit_cap", USDC, 0);
    world.sets("bank.account_deposit_cap", USDC, 0);
    world.sets("bank.minimum_deposit", USDC, usdc(500));
    world.trader("alice").refused(Refusal::Paused).deposits(USDC, usdc(10));
    world.trader("alice").repays(USDC, usdc(10));
    world.trader("alice").repays_all(USDC);
    world.trader("alice").owes(USDC, 0);
}

#[test]
fn stale_prices_never_stop_a_repayment() {
    let mut world = with_debt();
    world.passes(days(30));
    world.trader("alice").repays(USDC, usdc(50));
    world.trader("alice").repays_all(USDC);
    world.trader("alice").owes(USDC, 0);
}

#[test]
fn a_repayment_too_small_for_a_share_is_refused() {
    let mut world = with_debt();
    world.trader("alice").borrows(USDC, usdc(650));
    world.passes(hours(1));
    world.trader("alice").refused(Refusal::DustAmount).repays(USDC, 1);
    world.trader("alice").repays(USDC, 2);
}
