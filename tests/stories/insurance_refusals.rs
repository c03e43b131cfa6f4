//! Stakes in the insurance fund with wrong, foreign, missing and read-only accounts, and with absurd arguments.

use crate::refusals::{must_be_refused, must_be_refused_for};
use harness::{World, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::instructions::{insurance::Stake, setup};

const ALL: [&str; 5] = ["open_stake", "stake", "cool", "redeem", "close_stake"];

/// A stake of another exchange can be closed by its owner: nothing else is named there.
#[test]
fn every_account_of_a_stake_is_the_right_one() {
    must_be_refused(&ALL, include_str!("refusals/insurance.txt"));
}

#[test]
fn absurd_amounts_neither_come_nor_go() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ["stan", "sue"] {
        world.trader(name).deposits(USDC, usdc(1_000));
        world.trader(name).opens_stake();
        world.trader(name).stakes(usdc(500));
    }
    let (bank, other) = (world.quote_bank(), world.bank_of(SOL).bank);
    let [stan, sue] = ["stan", "sue"].map(|name| world.account_of(name));
    let it = world.trader("stan").stake_accounts();
    let not_his = Stake { address: world.trader("sue").stake_accounts().address, ..it };
    use Refusal::*;
    let attempts = vec![
        ("nothing", it.stake(stan, bank, 0, &[]), ZeroAmount),
        ("more than he has", it.stake(stan, bank, usdc(501), &[]), WouldBorrow),
        ("more than anybody has", it.stake(stan, bank, u64::MAX, &[]), Overflow),
        ("another token", it.stake(stan, other, 1, &[]), UnknownBank),
        ("another's account", it.stake(sue, bank, 1, &[]), NotTheOwner),
        ("another's stake", not_his.stake(stan, bank, 1, &[]), NotTheOwner),
        ("another's stake", not_his.cool(1), NotTheOwner),
        ("another's stake", not_his.close(), NotTheOwner),
        ("more shares than he has", it.cool(u64::MAX), NotEnoughShares),
        ("nothing", it.redeem(stan, bank, 0), ZeroAmount),
        ("nothing cools", it.redeem(stan, bank, 1), NotEnoughShares),
        ("all shares of the world", it.redeem(stan, bank, u64::MAX), NotEnoughShares),
        ("not empty", it.close(), StakeNotEmpty),
    ];
    must_be_refused_for(&world, attempts);
}

#[test]
fn the_fund_is_created_once_by_the_admin_for_the_quote_token() {
    let mut world = World::open();
    let (admin, stranger, bank) = (world.person("admin"), world.person("mallory"), world.quote_bank());
    let create = |who, bank| setup::create_insurance(&world.exchange, who, bank);
    let attempts = vec![
        ("a stranger", create(stranger, bank), Refusal::NotTheAdmin),
        ("another token", create(admin, world.bank_of(SOL).bank), Refusal::UnknownBank),
    ];
    must_be_refused_for(&world, attempts);
    const ALREADY_IN_USE: u32 = 0;
    let again = create(admin, bank);
    world.refuses(&[again], ALREADY_IN_USE);
}
