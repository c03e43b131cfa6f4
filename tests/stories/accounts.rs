//! Margin accounts: opened, delegated, closed.

use anchor_lang::error::ErrorCode;
use harness::{World, amounts::*, keys, tokens::*};
use plimsoll::{errors::Refusal, state::margin_account::scope};
use plimsoll_client::{events::Event, instructions::account::MarginAccount};
use solana_pubkey::Pubkey;

const IN_USE: u32 = 0;

#[test]
fn everybody_has_as_many_accounts_as_they_like() {
    let mut world = World::open();
    let (alice, payer) = (world.person("alice"), world.chain.payer());
    for number in [0, 1, 7, u32::MAX] {
        let account = MarginAccount::derive(&world.exchange, alice, number);
        let opened = world.does(&[account.open(payer)]);
        let Event::AccountOpened(event) = opened.event() else { panic!("{:?}", opened.events) };
        assert_eq!((event.account, event.owner, event.number), (account.address, alice, number));
    }
}

#[test]
fn an_account_is_opened_once() {
    let mut world = World::open();
    world.trader("alice").deposits(SOL, sol(1));
    let (account, payer) = (world.trader("alice").margin_account(), world.chain.payer());
    world.refuses(&[account.open(payer)], IN_USE);
    world.trader("alice").owns(SOL, sol(1));
}

#[test]
fn nobody_opens_accounts_in_anothers_name() {
    let mut world = World::open();
    let (alice, payer) = (world.person("alice"), world.chain.payer());
    let mut unsigned = MarginAccount::derive(&world.exchange, alice, 0).open(payer);
    unsigned.accounts[1].is_signer = false;
    world.refuses(&[unsigned], ErrorCode::AccountNotSigner);
    let mut elsewhere = MarginAccount::derive(&world.exchange, alice, 0);
    elsewhere.address = MarginAccount::derive(&world.exchange, alice, 1).address;
    world.refuses(&[elsewhere.open(payer)], ErrorCode::ConstraintSeeds);
}

#[test]
fn an_empty_account_is_closed_and_its_rent_returns() {
    let mut world = World::open();
    let account = world.trader("alice").margin_account();
    let rent = world.chain.account(&account.address).expect("open").lamports;
    let before = world.chain.account(&account.owner).expect("alice").lamports;
    let closed = world.trader("alice").closes_account();
    assert!(matches!(closed.event(), Event::AccountClosed(event) if event.account == account.address));
    assert!(world.chain.account(&account.address).is_none());
    assert_eq!(world.chain.account(&account.owner).expect("alice").lamports, before + rent);
}

#[test]
fn an_account_that_holds_or_owes_something_is_not_closed() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(1));
    world.trader("alice").refused(Refusal::AccountNotEmpty).closes_account();
    world.trader("alice").borrows(USDC, usdc(10));
    world.trader("alice").refused(Refusal::AccountNotEmpty).closes_account();
    world.trader("alice").repays_all(USDC);
    world.trader("alice").withdraws_all(SOL);
    world.trader("alice").closes_account();
}

#[test]
fn positions_and_orders_keep_an_account_open() {
    let mut world = World::open();
    let address = world.trader("alice").margin_account().address;
    let untouched = world.chain.account(&address).expect("open");
    let header = 8;
    let position_flags = header + 256 + 16 * 16 + 15;
    let (orders, triggers) = (header + 176, header + 180);
    for byte in [position_flags, orders, triggers] {
        world.chain.tamper(&address, |account| account.data[byte] = 1);
        world.trader("alice").refused(Refusal::AccountNotEmpty).closes_account();
        world.chain.place(address, untouched.clone());
    }
    world.trader("alice").closes_account();
}

#[test]
fn nobody_closes_anothers_account() {
    let mut world = World::open();
    let mut account = world.trader("alice").margin_account();
    account.owner = world.person("mallory");
    world.refuses(&[account.close(account.owner)], Refusal::NotTheOwner);
}

#[test]
fn a_closed_account_can_be_opened_again_and_is_empty() {
    let mut world = World::open();
    world.trader("alice").deposits(SOL, sol(1));
    world.trader("alice").withdraws_all(SOL);
    world.trader("alice").closes_account();
    world.trader("alice").deposits(SOL, sol(2));
    world.trader("alice").owns(SOL, sol(2));
}

#[test]
fn a_closed_account_is_not_revived_within_its_transaction() {
    let mut world = World::open();
    let (account, payer) = (world.trader("alice").margin_account(), world.chain.payer());
    let deposit = {
        world.trader("alice").gets(SOL, sol(1));
        world.trader("alice").inflow(SOL).deposit(sol(1))
    };
    let revive = solana_system_interface::instruction::transfer(&payer, &account.address, 100_000_000);
    let instructions = [account.close(account.owner), revive, deposit];
    world.refuses(&instructions, ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn a_delegation_is_told_and_taken_back() {
    let mut world = World::open();
    let until = world.now() + hours(1);
    let told = world.trader("alice").delegates("bot", scope::TRADE | scope::CANCEL, until);
    let Event::DelegateSet(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.delegate, event.scope, event.expires_at), (keys::address("bot"), 3, until));
    world.trader("alice").takes_delegation_back();
    let header = world.account("alice").header;
    assert!(header.delegate.is_none() && header.delegate_scope == 0 && header.delegate_expires_at == 0);
}

#[test]
fn malformed_delegations_are_refused() {
    let mut world = World::open();
    let (now, later) = (world.now(), world.now() + hours(1));
    for (delegate, scope, expires_at) in [
        ("bot", 0, later),
        ("bot", scope::ALL + 1, later),
        ("bot", u32::MAX, later),
        ("bot", scope::TRADE, now),
        ("bot", scope::TRADE, now - 1),
        ("bot", scope::TRADE, i64::MIN),
        ("alice", scope::TRADE, later),
    ] {
        world.trader("alice").refused(Refusal::BadDelegation).delegates(delegate, scope, expires_at);
    }
}

#[test]
fn a_delegate_neither_withdraws_nor_closes_nor_delegates() {
    let mut world = World::open();
    world.trader("alice").deposits(SOL, sol(1));
    let later = world.now() + days(1);
    world.trader("alice").delegates("bot", scope::ALL, later);
    let bot = world.person("bot");
    let mut outflow = world.trader("alice").outflow(SOL);
    outflow.owner = bot;
    world.refuses(&[outflow.withdraw(1, false, &[])], Refusal::NotTheOwner);
    world.refuses(&[outflow.withdraw_all(&[])], Refusal::NotTheOwner);
    let mut account = world.trader("alice").margin_account();
    account.owner = bot;
    world.refuses(
        &[account.set_delegate(keys::address("accomplice"), scope::TRADE, later)],
        Refusal::NotTheOwner,
    );
    world.refuses(&[account.set_delegate(Pubkey::default(), 0, 0)], Refusal::NotTheOwner);
    world.trader("alice").withdraws_all(SOL);
    world.refuses(&[account.close(bot)], Refusal::NotTheOwner);
}
