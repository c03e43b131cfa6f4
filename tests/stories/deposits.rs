//! Tokens come in.

use anchor_lang::error::ErrorCode;
use harness::{World, amounts::*, tokens::*};
use plimsoll::{errors::Refusal, state::margin_account::scope};
use plimsoll_client::events::Event;
use spl_token_2022_interface::{
    extension::{ExtensionType, cpi_guard},
    instruction::reallocate,
};

/// What token programs answer to a transfer of more than there is.
const INSUFFICIENT_FUNDS: u32 = 1;
/// What token programs answer when somebody else's tokens are moved.
const OWNER_MISMATCH: u32 = 4;

#[test]
fn a_deposit_is_owned_to_the_unit_and_lies_in_the_vault() {
    let mut world = World::open();
    for token in STANDARD {
        for amount in [1, 7, 1_000_003] {
            let before = world.vault_holds(token);
            world.trader("alice").deposits(token, amount);
            world.trader("alice").owns(token, before + amount);
            assert_eq!(world.vault_holds(token), before + amount);
            assert_eq!(world.bank(token).vault_balance.get(), before + amount);
        }
    }
}

#[test]
fn a_deposit_is_told_with_its_number_and_the_indexes() {
    let mut world = World::open();
    world.trader("alice").deposits(SOL, sol(1));
    let told = world.trader("alice").deposits(SOL, sol(2));
    let Event::Deposited(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!(
        (event.account, event.sequence, event.bank),
        (world.account_of("alice"), 2, world.place_of(SOL))
    );
    assert_eq!((event.amount, event.repaid, event.balance), (sol(2), 0, sol(3) as i64));
    assert_eq!((event.deposit_index, event.borrow_index), (1 << 64, 1 << 64));
}

#[test]
fn anybody_may_deposit_for_anybody() {
    let mut world = World::open();
    world.trader("bob").for_account_of("alice").deposits(SOL, sol(3));
    world.trader("alice").owns(SOL, sol(3));
    world.trader("bob").owns(SOL, 0);
    world.trader("alice").withdraws_all(SOL);
    assert_eq!(world.trader("alice").has_in_wallet(SOL), sol(3));
}

#[test]
fn a_deposit_pays_back_what_is_owed_first() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(10));
    world.trader("alice").borrows(USDC, usdc(100));
    let told = world.trader("alice").deposits(USDC, usdc(150));
    let Event::Deposited(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.repaid, event.balance), (usdc(100), usdc(50) as i64));
    world.trader("alice").owns(USDC, usdc(50));
    assert!(world.bank(USDC).borrow_shares.is_zero());
}

#[test]
fn nothing_is_no_deposit() {
    let mut world = World::open();
    world.trader("alice").refused(Refusal::ZeroAmount).deposits(SOL, 0);
}

#[test]
fn nobody_deposits_more_than_the_wallet_holds() {
    let mut world = World::open();
    world.trader("alice").gets(SOL, sol(1));
    let inflow = world.trader("alice").inflow(SOL);
    world.refuses(&[inflow.deposit(sol(1) + 1)], INSUFFICIENT_FUNDS);
    world.refuses(&[inflow.deposit(i64::MAX as u64)], INSUFFICIENT_FUNDS);
}

#[test]
fn amounts_beyond_the_ledgers_range_are_refused_and_the_largest_fits() {
    let mut world = World::open();
    world.trader("alice").refused(Refusal::Overflow).deposits(BAR, u64::MAX);
    world.trader("alice").refused(Refusal::Overflow).deposits(BAR, 1 << 63);
    world.trader("alice").deposits(BAR, i64::MAX as u64);
    world.trader("alice").owns(BAR, i64::MAX as u64);
    world.trader("alice").refused(Refusal::Overflow).deposits(BAR, 1);
    world.trader("alice").withdraws_all(BAR);
    world.trader("alice").owns(BAR, 0);
}

#[test]
fn a_deposit_that_is_worth_no_share_is_refused() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(100));
    world.trader("alice").borrows(USDC, usdc(700));
    world.passes(hours(1));
    world.trader("alice").refreshes(USDC);
    world.trader("bob").refused(Refusal::DustAmount).deposits(USDC, 1);
    world.trader("bob").deposits(USDC, 2);
    world.trader("bob").owns(USDC, 1); // rounded against the depositor
}

#[test]
fn the_smallest_deposit_is_a_parameter() {
    let mut world = World::open();
    world.sets("bank.minimum_deposit", SOL, sol(0.5));
    world.trader("alice").refused(Refusal::BelowMinimumDeposit).deposits(SOL, sol(0.5) - 1);
    world.trader("alice").deposits(SOL, sol(0.5));
}

#[test]
fn a_bank_holds_at_most_its_cap() {
    let mut world = World::open();
    world.sets("bank.deposit_cap", SOL, sol(10));
    world.trader("alice").deposits(SOL, sol(6));
    world.trader("bob").refused(Refusal::DepositCap).deposits(SOL, sol(4) + 1);
    world.trader("bob").deposits(SOL, sol(4));
    world.trader("alice").refused(Refusal::DepositCap).deposits(SOL, 1);
}

#[test]
fn one_account_holds_at_most_its_cap() {
    let mut world = World::open();
    world.sets("bank.account_deposit_cap", SOL, sol(5));
    world.trader("alice").refused(Refusal::AccountDepositCap).deposits(SOL, sol(5) + 1);
    world.trader("alice").deposits(SOL, sol(5));
    world.trader("alice").refused(Refusal::AccountDepositCap).deposits(SOL, 1);
    world.trader("bob").deposits(SOL, sol(5));
}

#[test]
fn caps_never_stop_a_deposit_that_only_pays_back() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(10));
    world.trader("alice").borrows(USDC, usdc(100));
    world.sets("bank.deposit_cap", USDC, 0);
    world.sets("bank.minimum_deposit", USDC, usdc(1));
    world.trader("alice").deposits(USDC, usdc(0.5));
    world.trader("alice").refused(Refusal::DepositCap).deposits(USDC, usdc(150));
    world.trader("alice").owes(USDC, usdc(99.5));
}

#[test]
fn sixteen_tokens_fit_an_account_and_strangers_leave_eight_free() {
    let tokens = many(17);
    let mut world = World::with_tokens(&tokens).opens();
    for token in &tokens[..8] {
        world.trader("stranger").for_account_of("alice").deposits(*token, 100);
    }
    world
        .trader("stranger")
        .for_account_of("alice")
        .refused(Refusal::SlotsKeptForOwner)
        .deposits(tokens[8], 100);
    world.trader("stranger").for_account_of("alice").deposits(tokens[7], 100);
    let until = world.now() + hours(1);
    world.trader("alice").delegates("bot", scope::TRADE | scope::DEPOSIT, until);
    world.trader("bot").for_account_of("alice").deposits(tokens[8], 100);
    world.trader("alice").delegates("bot", scope::TRADE, until);
    world.trader("bot").for_account_of("alice").refused(Refusal::SlotsKeptForOwner).deposits(tokens[9], 100);
    for token in &tokens[9..16] {
        world.trader("alice").deposits(*token, 100);
    }
    world.trader("alice").refused(Refusal::NoFreeSlot).deposits(tokens[16], 100);
    world.trader("alice").withdraws_all(tokens[3]);
    world.trader("alice").deposits(tokens[16], 100);
    world.trader("alice").owns(tokens[16], 100).owns(tokens[15], 100).owns(tokens[3], 0);
}

#[test]
fn a_delegates_right_to_deposit_ends_with_its_time() {
    let tokens = many(10);
    let mut world = World::with_tokens(&tokens).opens();
    for token in &tokens[..8] {
        world.trader("alice").deposits(*token, 100);
    }
    let until = world.now() + hours(1);
    world.trader("alice").delegates("bot", scope::DEPOSIT, until);
    world.passes(hours(1) - 1);
    world.trader("bot").for_account_of("alice").deposits(tokens[8], 100);
    world.passes(1);
    world.trader("bot").for_account_of("alice").refused(Refusal::SlotsKeptForOwner).deposits(tokens[9], 100);
}

#[test]
fn a_guarded_token_account_is_told_so() {
    let mut world = World::open();
    let wallet = world.trader("alice").gets(BTC, btc(1));
    let (alice, program) = (world.person("alice"), BTC.token_program());
    let grow = reallocate(&program, &wallet, &alice, &alice, &[], &[ExtensionType::CpiGuard]);
    let guard = cpi_guard::instruction::enable_cpi_guard(&program, &wallet, &alice, &[]);
    world.does(&[grow.expect("an instruction"), guard.expect("an instruction")]);
    world.trader("alice").refused(Refusal::SourceIsCpiGuarded).deposits(BTC, btc(1));
    let open = cpi_guard::instruction::disable_cpi_guard(&program, &wallet, &alice, &[]);
    world.does(&[open.expect("an instruction")]);
    world.trader("alice").deposits(BTC, btc(1));
    world.trader("alice").owns(BTC, btc(1));
}

#[test]
fn only_who_owns_the_tokens_deposits_them() {
    let mut world = World::open();
    let wallet = world.trader("alice").gets(SOL, sol(5));
    let mut inflow = world.trader("mallory").inflow(SOL);
    inflow.source = wallet;
    world.refuses(&[inflow.deposit(sol(5))], OWNER_MISMATCH);
    let mut unsigned = world.trader("alice").inflow(SOL).deposit(sol(5));
    unsigned.accounts[0].is_signer = false;
    world.refuses(&[unsigned], ErrorCode::AccountNotSigner);
}

#[test]
fn stale_prices_never_stop_a_deposit() {
    let mut world = World::open();
    world.passes(days(40));
    world.trader("alice").deposits(SOL, sol(1));
    world.trader("alice").owns(SOL, sol(1));
}
