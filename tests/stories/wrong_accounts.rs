//! Every account of a transfer, replaced by a wrong one.

use anchor_lang::error::ErrorCode;
use harness::{Failure, World, keys, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::addresses::BankAddresses;
use solana_pubkey::Pubkey;

/// A bank's addresses with one of them replaced, and why they are refused.
fn wrong_banks(world: &World) -> Vec<(BankAddresses, Failure)> {
    let (right, other) = (world.bank_of(SOL), world.bank_of(BTC));
    vec![
        (BankAddresses { mint: other.mint, ..right }, Refusal::WrongMint.into()),
        (BankAddresses { vault: other.vault, ..right }, Refusal::WrongVault.into()),
        (BankAddresses { token_program: other.token_program, ..right }, Refusal::WrongTokenProgram.into()),
        (BankAddresses { bank: other.bank, ..right }, Refusal::WrongMint.into()),
        (BankAddresses { bank: right.board, ..right }, ErrorCode::AccountDiscriminatorMismatch.into()),
        (BankAddresses { bank: right.mint, ..right }, ErrorCode::AccountOwnedByWrongProgram.into()),
        (BankAddresses { board: other.bank, ..right }, ErrorCode::AccountDiscriminatorMismatch.into()),
        (BankAddresses { board: right.vault, ..right }, ErrorCode::AccountOwnedByWrongProgram.into()),
        (BankAddresses { board: second_board(world), ..right }, Refusal::ForeignBoard.into()),
    ]
}

/// Where [`prepared`] puts a copy of the board.
fn second_board(_: &World) -> Pubkey {
    keys::address("second board")
}

/// Alice holds SOL; there is a board of the program's at another address too.
fn prepared() -> World {
    let mut world = World::open();
    world.trader("alice").deposits(SOL, sol(10));
    let copy = world.chain.account(&world.exchange.board).expect("a board");
    world.chain.place(keys::address("second board"), copy);
    world
}

#[test]
fn a_deposit_with_a_wrong_account_is_refused() {
    let mut world = prepared();
    world.trader("alice").gets(SOL, sol(2));
    for (bank, reason) in wrong_banks(&world) {
        let mut inflow = world.trader("alice").inflow(SOL);
        inflow.bank = bank;
        world.refuses(&[inflow.deposit(sol(1))], reason);
    }
}

#[test]
fn a_repayment_with_a_wrong_account_is_refused() {
    let mut world = prepared();
    for (bank, reason) in wrong_banks(&world) {
        let mut inflow = world.trader("alice").inflow(SOL);
        inflow.bank = bank;
        world.refuses(&[inflow.repay(sol(1))], reason.clone());
        world.refuses(&[inflow.repay_all()], reason);
    }
}

#[test]
fn a_withdrawal_with_a_wrong_account_is_refused() {
    let mut world = prepared();
    for (bank, reason) in wrong_banks(&world) {
        let mut outflow = world.trader("alice").outflow(SOL);
        outflow.bank = bank;
        world.refuses(&[outflow.withdraw(sol(1), false, &[])], reason.clone());
        world.refuses(&[outflow.withdraw_all(&[])], reason);
    }
}

#[test]
fn the_token_account_on_the_other_side_is_of_the_same_mint_and_not_the_vault() {
    let mut world = prepared();
    let (other, vault) = (world.trader("alice").gets(USDC, usdc(5)), world.bank_of(SOL).vault);
    let (btc_wallet, nobody) = (world.trader("alice").wallet(BTC), world.person("alice"));
    for (account, reason) in [
        (other, Refusal::WrongTokenAccount),
        (btc_wallet, Refusal::WrongTokenAccount),
        (nobody, Refusal::WrongTokenAccount),
        (SOL.mint(), Refusal::WrongTokenAccount),
        (vault, Refusal::DuplicateAccount),
    ] {
        let mut inflow = world.trader("alice").inflow(SOL);
        inflow.source = account;
        world.refuses(&[inflow.deposit(1)], reason);
        let mut outflow = world.trader("alice").outflow(SOL);
        outflow.destination = account;
        world.refuses(&[outflow.withdraw(1, false, &[])], reason);
    }
}

#[test]
fn what_is_no_margin_account_takes_no_deposit_and_gives_no_withdrawal() {
    let mut world = prepared();
    let (bank, wallet) = (world.bank_of(SOL).bank, world.trader("alice").gets(SOL, sol(1)));
    for (account, reason) in
        [(bank, ErrorCode::AccountDiscriminatorMismatch), (wallet, ErrorCode::AccountOwnedByWrongProgram)]
    {
        let mut inflow = world.trader("alice").inflow(SOL);
        inflow.account = account;
        world.refuses(&[inflow.deposit(1)], reason);
        let mut outflow = world.trader("alice").outflow(SOL);
        outflow.account = account;
        world.refuses(&[outflow.withdraw(1, false, &[])], reason);
    }
}

#[test]
fn accounts_of_another_exchange_do_not_mix_with_this_ones() {
    let mut world = prepared();
    world.trader("alice").gets(SOL, sol(1));
    let mut foreign = world.chain.account(&world.account_of("alice")).expect("open");
    foreign.data[8..40].copy_from_slice(&[7; 32]);
    let address = keys::address("account of another exchange");
    world.chain.place(address, foreign);
    let mut inflow = world.trader("alice").inflow(SOL);
    inflow.account = address;
    let mut outflow = world.trader("alice").outflow(SOL);
    outflow.account = address;
    for instruction in [
        inflow.deposit(1),
        inflow.repay(1),
        inflow.repay_all(),
        outflow.withdraw(1, true, &[]),
        outflow.withdraw_all(&[]),
    ] {
        let chain = world.chain.clone();
        let refused = world.chain.send(&[instruction]).must_fail(&Refusal::ForeignExchange.into());
        assert!(refused.events.is_empty());
        world.chain = chain;
    }
}

#[test]
fn nobody_withdraws_from_anothers_account() {
    let mut world = prepared();
    let mut outflow = world.trader("mallory").outflow(SOL);
    outflow.account = world.account_of("alice");
    world.refuses(&[outflow.withdraw(1, false, &[])], Refusal::NotTheOwner);
    world.refuses(&[outflow.withdraw_all(&[])], Refusal::NotTheOwner);
    let mut forged = world.trader("alice").outflow(SOL).withdraw(1, false, &[]);
    forged.accounts[0].is_signer = false;
    world.refuses(&[forged], ErrorCode::AccountNotSigner);
}

#[test]
fn a_look_alike_of_another_program_is_refused() {
    let mut world = prepared();
    let mut forged = world.chain.account(&world.bank_of(SOL).bank).expect("a bank");
    forged.owner = anchor_lang::system_program::ID;
    let address = keys::address("forged bank");
    world.chain.place(address, forged);
    let mut outflow = world.trader("alice").outflow(SOL);
    outflow.bank.bank = address;
    world.refuses(&[outflow.withdraw(1, false, &[])], ErrorCode::AccountOwnedByWrongProgram);
}
