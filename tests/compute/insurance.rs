//! Stakes in the insurance fund.

use crate::{
    book::Book,
    desks::funding_runs,
    endangered::{RIVAL, in_danger},
};
use harness::{
    World,
    amounts::days,
    insurance::INSURER,
    tokens::{USDC, usdc},
};

pub fn measure(book: &mut Book) {
    let mut world = in_danger();
    world.trader(RIVAL).deposits(USDC, usdc(2_000));
    world.trader(INSURER).deposits(USDC, usdc(1)); // rounding takes a unit of each deposit
    world.insures(usdc(100));
    let (mut trader, amount) = (world.trader(RIVAL), usdc(1_000));
    let stake = trader.stake_accounts();
    trader.gets(USDC, 0);
    book.measure("open_stake", "the first of its owner", &mut world, stake.open());
    assert!(world.stake(RIVAL).stake.shares.is_zero());

    let (account, bank) = (world.account_of(RIVAL), world.quote_bank());
    let shape = "out of an account of 16 balances, 2 debts, 16 positions, 30 orders";
    funding_runs(&mut world);
    let covers = world.fund_covers();
    book.measure("stake", shape, &mut world, stake.stake(account, bank, amount, &[]));
    assert_eq!(world.fund_covers(), covers + amount);

    let shares = world.stake(RIVAL).stake.shares.get();
    book.measure("cool", "all shares", &mut world, stake.cool(shares));
    assert_eq!(world.stake(RIVAL).stake.cooling.get(), shares);
    redeems(book, world, shares);
}

fn redeems(book: &mut Book, mut world: World, shares: u64) {
    let (stake, had) = (world.trader(RIVAL).stake_accounts(), world.balance(RIVAL, USDC));
    world.passes(days(8));
    let (account, bank) = (world.account_of(RIVAL), world.quote_bank());
    let shape = "all shares that cool, to an account of 16 balances; interest accrues";
    book.measure("redeem", shape, &mut world, stake.redeem(account, bank, shares));
    assert!(world.balance(RIVAL, USDC) > had);

    book.measure("close_stake", "empty again", &mut world, stake.close());
    assert!(world.chain.account(&stake.address).is_none());
}
