//! A bank and its vault: found short, healed, given too much.

use harness::{World, amounts::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::events::Event;

fn with_deposits() -> World {
    let mut world = World::open();
    world.trader("alice").deposits(SOL, sol(10));
    world.trader("alice").deposits(USDC, usdc(100));
    world
}

#[test]
fn a_bank_whose_vault_is_short_closes_itself() {
    let mut world = with_deposits();
    world.robs_vault(SOL, 1);
    let told = world.trader("anyone").refreshes(SOL);
    let Event::VaultShort(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.recorded, event.held), (sol(10), sol(10) - 1));
    world.trader("alice").refused(Refusal::VaultShortfall).deposits(SOL, 1);
    world.trader("alice").refused(Refusal::VaultShortfall).withdraws(SOL, 1);
    world.trader("alice").refused(Refusal::VaultShortfall).withdraws_all(SOL);
    world.trader("alice").refused(Refusal::VaultShortfall).repays(SOL, 1);
    world.governor("fee collector").refused(Refusal::VaultShortfall).skims(SOL);
    world.trader("alice").withdraws(USDC, usdc(100)); // other banks go on
}

#[test]
fn a_short_vault_moves_no_tokens_even_before_anybody_noticed() {
    let mut world = with_deposits();
    world.robs_vault(SOL, 1);
    world.trader("alice").refused(Refusal::VaultShortfall).withdraws(SOL, 1);
    world.trader("alice").refused(Refusal::VaultShortfall).deposits(SOL, 1);
}

#[test]
fn a_closed_bank_still_accrues_and_is_found_short_once() {
    let mut world = with_deposits();
    world.robs_vault(SOL, 1);
    world.trader("anyone").refreshes(SOL);
    world.passes(60);
    let told = world.trader("anyone").refreshes(SOL);
    assert!(matches!(told.event(), Event::BankRefreshed(_)), "{:?}", told.events);
}

#[test]
fn the_admin_resumes_a_bank_once_its_vault_is_whole() {
    let mut world = with_deposits();
    world.robs_vault(SOL, sol(1));
    world.trader("anyone").refreshes(SOL);
    world.admin().refused(Refusal::StillShort).resumes(SOL);
    world.heals_vault(SOL, sol(1));
    world.trader("alice").refused(Refusal::VaultShortfall).withdraws(SOL, 1);
    world.guardian().refused(Refusal::NotTheAdmin).resumes(SOL);
    world.governor("stranger").refused(Refusal::NotTheAdmin).resumes(SOL);
    let told = world.admin().resumes(SOL);
    assert!(matches!(told.event(), Event::BankResumed(_)));
    world.trader("alice").withdraws_all(SOL);
}

#[test]
fn a_bank_that_is_open_is_not_resumed() {
    let mut world = with_deposits();
    world.admin().refused(Refusal::NotPaused).resumes(SOL);
}

#[test]
fn a_donation_belongs_to_nobody_and_the_fee_collector_skims_it() {
    let mut world = with_deposits();
    world.donates(SOL, sol(3));
    world.trader("alice").owns(SOL, sol(10));
    world.governor("stranger").refused(Refusal::NotTheFeeCollector).skims(SOL);
    world.admin().refused(Refusal::NotTheFeeCollector).skims(SOL);
    let told = world.governor("fee collector").skims(SOL);
    assert!(matches!(told.event(), Event::SurplusSkimmed(event) if event.amount == sol(3)));
    assert_eq!(world.governor("fee collector").wallet_holds(SOL), sol(3));
    assert_eq!(world.vault_holds(SOL), sol(10));
    world.governor("fee collector").refused(Refusal::NoSurplus).skims(SOL);
}

#[test]
fn a_donation_does_not_change_what_a_share_is_worth() {
    let mut world = with_deposits();
    let before = world.bank(SOL).deposit_index;
    world.donates(SOL, sol(1_000));
    world.passes(hours(1));
    world.trader("anyone").refreshes(SOL);
    assert_eq!(world.bank(SOL).deposit_index, before);
    world.trader("bob").deposits(SOL, 1);
    world.trader("bob").owns(SOL, 1);
}

#[test]
fn reserves_and_lent_tokens_are_no_surplus() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(100));
    world.trader("alice").borrows(USDC, usdc(700));
    for _ in 0..24 {
        world.passes(hours(1));
        world.trader("anyone").refreshes(USDC);
    }
    assert!(world.bank(USDC).reserves > 0);
    world.governor("fee collector").refused(Refusal::NoSurplus).skims(USDC);
    world.trader("alice").repays_all(USDC);
    world.governor("fee collector").refused(Refusal::NoSurplus).skims(USDC);
    world.trader("lender").withdraws_all(USDC);
    world.governor("fee collector").refused(Refusal::NoSurplus).skims(USDC);
}

#[test]
fn surplus_of_a_token_2022_vault_is_skimmed_too() {
    let mut world = World::open();
    world.donates(BTC, btc(1));
    world.governor("fee collector").skims(BTC);
    assert_eq!(world.governor("fee collector").wallet_holds(BTC), btc(1));
}

#[test]
fn a_refresh_names_the_banks_own_vault_and_board() {
    let mut world = with_deposits();
    let right = world.bank_of(SOL);
    let refresh = plimsoll_client::instructions::refresh::refresh_bank;
    let vault = world.bank_of(USDC).vault;
    world.refuses(
        &[refresh(&plimsoll_client::addresses::BankAddresses { vault, ..right })],
        Refusal::WrongVault,
    );
    let copy = world.chain.account(&right.board).expect("a board");
    let board = harness::keys::address("second board");
    world.chain.place(board, copy);
    world.refuses(
        &[refresh(&plimsoll_client::addresses::BankAddresses { board, ..right })],
        Refusal::ForeignBoard,
    );
}
