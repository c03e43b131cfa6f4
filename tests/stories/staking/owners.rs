//! Stakes and the accounts that they come from: margin, debts, signatures, pauses.

use super::*;

#[test]
fn a_stake_out_of_a_risky_account_leaves_what_it_needs() {
    let mut world = world();
    world.deals("sam", "bob", BTC_PERP, 4_000, 60_000); // 24,000: initial margin is a fifth, and size adds to it
    let stakes = |world: &mut World, amount| {
        let trader = world.trader("sam");
        let (account, bank) = (trader.acts_on(), trader.stake_accounts());
        bank.stake(account, world.quote_bank(), amount, &[])
    };
    let most = world.most(usdc(10_000), stakes);
    let needed = usdc(4_800) + world.taker_fee(BTC_PERP, 4_000, 60_000) as u64;
    assert!(most.abs_diff(usdc(10_000) - needed) < 100, "{most}");
    world.trader("sam").refused(Refusal::NotEnoughMargin).stakes(most + 1);
    let before = world.sheet(&ALL);
    world.trader("sam").stakes(most);
    before.changed(&world, &moved("sam", -i128::from(most)).each());
    // It needs a price.
    world.passes(90);
    world.trader("sam").refused(Refusal::StaleMarket).stakes(1_000);
}

#[test]
fn what_is_redeemed_pays_a_debt_first() {
    let (mut world, mut fund) = (world(), Fund::default());
    let shares = fund.stakes(&mut world, "sam", usdc(1_000));
    world.trader("sam").cools(shares);
    world.passes(cooldown(&world));
    world.refreshes_all();
    world.trader("sam").deposits(SOL, sol(100));
    world.trader("sam").borrows(USDC, usdc(9_300));
    world.trader("sam").owes(USDC, usdc(300));
    world.trader("sam").redeems(shares);
    world.trader("sam").owns(USDC, usdc(700));
}

#[test]
fn a_stake_is_its_owners_alone() {
    let (mut world, mut fund) = (world(), Fund::default());
    let shares = fund.stakes(&mut world, "sam", usdc(1_000));
    world.trader("sam").cools(shares);
    world.passes(cooldown(&world));
    let stake = world.trader("sam").stake_accounts();
    let (own, bank) = (world.account_of("mallory"), world.quote_bank());
    // Mallory signs, and names sam's stake.
    let key = world.trader("mallory").key();
    let stolen = plimsoll_client::instructions::insurance::Stake { owner: key, ..stake };
    for instruction in [
        stolen.redeem(own, bank, shares),
        stolen.stake(own, bank, usdc(1), &[]),
        stolen.cool(shares),
        stolen.close(),
    ] {
        world.trader("mallory").refused(Refusal::NotTheOwner).sends(&[instruction]);
    }
    // Sam's stake does not pay into somebody else's account, either.
    let elsewhere = stake.redeem(own, bank, shares);
    world.trader("sam").refused(Refusal::NotTheOwner).sends(&[elsewhere]);

    world.trader("sam").refused(Refusal::StakeNotEmpty).closes_stake();
    world.trader("sam").redeems(shares);
    let key = world.trader("sam").key();
    let lamports =
        |world: &World, address| world.chain.account(address).map_or(0, |account| account.lamports);
    let (had, rent) = (lamports(&world, &key), lamports(&world, &stake.address));
    world.trader("sam").closes_stake();
    let (has, left) = (lamports(&world, &key), lamports(&world, &stake.address));
    assert!(left == 0 && rent > 0 && has + left >= had + rent, "{had} {has} {rent}");
    world.trader("sam").opens_stake(); // and may come again
    world.trader("sam").stakes(usdc(1));
}

#[test]
fn paused_insurance_moves_no_stake() {
    let (mut world, mut fund) = (world(), Fund::default());
    let shares = fund.stakes(&mut world, "sam", usdc(1_000));
    world.trader("sam").cools(shares);
    world.passes(cooldown(&world));
    world.guardian().pauses(Pausable::Insurance, hours(1));
    refused(&mut world, "sam", shares, Refusal::Paused);
    world.trader("tess").refused(Refusal::Paused).stakes(usdc(1));
    world.passes(hours(1));
    assert_eq!(fund.redeems(&mut world, "sam", shares), u128::from(usdc(1_000)));
    for shares in [0, 1] {
        let reason = if shares == 0 { Refusal::ZeroAmount } else { Refusal::NotEnoughShares };
        refused(&mut world, "sam", shares, reason);
    }
    world.trader("sam").refused(Refusal::ZeroAmount).stakes(0);
}
