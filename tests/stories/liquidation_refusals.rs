//! Liquidation, deleveraging and bankruptcy with wrong, foreign, missing and read-only accounts, and with absurd arguments.

use crate::refusals::{must_be_refused, must_be_refused_for};
use harness::{World, keys, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    instructions::{
        liquidation::{self, IntoBook, Resolution, Scope},
        order::Order,
    },
};
use plimsoll_risk::num::Ratio;
use solana_instruction::Instruction;

/// All that is about accounts in danger.
const ALL: [&str; 9] = [
    "assess",
    "take_over",
    "liquidate_into_book",
    "gate_withdrawals",
    "deleverage",
    "apply_deleveraging",
    "resolve_bankruptcy",
    "swap_collateral",
    "buy_pnl",
];

#[test]
fn every_account_of_a_liquidation_is_the_right_one() {
    must_be_refused(&ALL, include_str!("refusals/liquidation.txt"));
}

/// Ida is long 1,000 lots at 60,000 with 2,000 USDC behind them, owes 5 SOL, and is flagged at 43,200; maker is short and bids,
/// liz looks on.
fn flagged() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, SOL_PERP], |_| ());
    for (name, amount) in [("ida", 3_000), ("maker", 20_000), ("liz", 20_000)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.trader("liz").deposits(SOL, sol(100));
    world.trader("ida").borrows(SOL, sol(5));
    world.deals("ida", "maker", BTC_PERP, 1_000, 60_000);
    world.jolts(BTC, -30);
    world.trader("liz").assesses("ida", Scope::Cross);
    world.trader("maker").places(BTC_PERP, Order::limit(Side::Bid, 1_000, 42_000).post_only());
    world
}

/// Each way to liquidate Ida, with all that it may take, by whose account it is paid for and into.
fn ways(world: &mut World, keeper: &str) -> Vec<Instruction> {
    let (market, bank) = (world.market_of(BTC_PERP), world.quote_bank());
    let (debt, collateral) = (world.bank_of(SOL), world.bank_of(USDC));
    let [own, ida, maker] = [keeper, "ida", "maker"].map(|name| world.account_of(name));
    let liquidation = world.trader(keeper).liquidation("ida");
    let terms = IntoBook { most_lots: u32::MAX, most_makers: 4, least_pay: 0 };
    vec![
        liquidation.take_over(&market, u32::MAX, u32::MAX, Some(bank), &[]),
        liquidation::liquidate_into_book(&market, own, ida, &terms, &[], &[maker]),
        liquidation.swap_collateral(&debt, &collateral, u64::MAX, Ratio::ZERO, &[]),
        liquidation.buy_pnl(&market, bank, u64::MAX, Ratio::ZERO, &[]),
    ]
}

/// What all ways are refused for.
fn all_for(world: &mut World, keeper: &str, reason: Refusal) {
    let ways = ways(world, keeper);
    let attempts = ways.into_iter().map(|way| ("a way to liquidate", way, reason)).collect();
    must_be_refused_for(world, attempts);
}

#[test]
fn absurd_arguments_liquidate_nothing() {
    let mut world = flagged();
    let (market, bank, ida) = (world.market_of(BTC_PERP), world.quote_bank(), world.account_of("ida"));
    let (debt, collateral, other) = (world.bank_of(SOL), world.bank_of(USDC), world.bank_of(BTC));
    let (liz, maker, board) = (world.account_of("liz"), world.account_of("maker"), world.exchange.board);
    let elsewhere = world.market_of(SOL_PERP);
    let it = world.trader("liz").liquidation("ida");
    let (all, none) = (u32::MAX, Ratio::ZERO);
    let book = |most_lots, most_makers, least_pay| {
        let terms = IntoBook { most_lots, most_makers, least_pay };
        liquidation::liquidate_into_book(&market, liz, ida, &terms, &[], &[maker])
    };
    let swap = |debt, collateral, most, fee| it.swap_collateral(debt, collateral, most, fee, &[]);
    let assess = |scope| liquidation::assess(board, ida, scope, None, &[]);
    use Refusal::*;
    let attempts = vec![
        ("no lots", it.take_over(&market, 0, all, Some(bank), &[]), NothingToDo),
        ("for nothing", it.take_over(&market, all, 0, Some(bank), &[]), WorseThanAllowed),
        ("no position there", it.take_over(&elsewhere, all, all, Some(bank), &[]), NoPosition),
        ("another token's bank", it.buy_pnl(&market, other.bank, 1, none, &[]), UnknownBank),
        ("no lots", book(0, 4, 0), NothingToDo),
        ("no makers", book(all, 0, 0), CannotFill),
        ("all the money in the world", book(all, 4, 1 << 60), WorseThanAllowed),
        ("more than there is", book(all, 4, u64::MAX), Overflow),
        ("nothing repaid", swap(&debt, &collateral, 0, none), NothingToDo),
        ("a fee of four times the debt", swap(&debt, &collateral, u64::MAX, Ratio::MAX), WorseThanAllowed),
        ("one bank twice", swap(&debt, &debt, 1, none), DuplicateAccount),
        ("nothing owed", swap(&collateral, &debt, 1, none), NothingOwed),
        ("nothing held", swap(&debt, &other, 1, none), NothingHeld),
        ("no profit", it.buy_pnl(&market, bank, u64::MAX, none, &[]), NothingToDo),
        ("solvent", liquidation::deleverage(&market, ida, all, &[]), NotInsolvent),
        ("nothing pends", liquidation::apply_deleveraging(&market, ida), NothingToDo),
        ("nothing changed", assess(Scope::Cross), NothingToDo),
        ("not isolated", assess(Scope::Pocket(0)), NotIsolated),
        ("no position", assess(Scope::Pocket(1)), NoPosition),
        ("no market", assess(Scope::Pocket(63)), NoPosition),
        ("no such market", assess(Scope::Pocket(254)), NoPosition),
        ("solvent", liquidation::gate_withdrawals(&collateral, ida, &[]), NotInsolvent),
        ("healthy", liquidation::gate_withdrawals(&collateral, liz, &[]), NotFlagged),
    ];
    must_be_refused_for(&world, attempts);
}

#[test]
fn nobody_liquidates_himself_or_for_somebody_else() {
    let mut world = flagged();
    all_for(&mut world, "ida", Refusal::SelfLiquidation);
    let mut it = world.trader("liz").liquidation("ida");
    it.liquidator = keys::address("mallory");
    world.person("mallory");
    let (market, bank) = (world.market_of(BTC_PERP), world.quote_bank());
    let (debt, collateral) = (world.bank_of(SOL), world.bank_of(USDC));
    let attempts = vec![
        ("", it.take_over(&market, 1, u32::MAX, None, &[]), Refusal::NotATrader),
        ("", it.swap_collateral(&debt, &collateral, 1, Ratio::ZERO, &[]), Refusal::NotATrader),
        ("", it.buy_pnl(&market, bank, 1, Ratio::ZERO, &[]), Refusal::NotATrader),
    ];
    must_be_refused_for(&world, attempts);
}

#[test]
fn stale_prices_liquidate_nobody() {
    let mut world = flagged();
    world.passes(200); // the flag still holds
    let ways = ways(&mut world, "liz");
    let (market, ida) = (world.market_of(BTC_PERP), world.account_of("ida"));
    // The last way asks what a profit is worth at least, and Ida has none.
    let reasons = [Refusal::StaleMarket, Refusal::StaleMarket, Refusal::StalePrice, Refusal::NothingToDo];
    let mut attempts: Vec<_> =
        ways.into_iter().zip(reasons).map(|(way, reason)| ("stale", way, reason)).collect();
    let deleverage = liquidation::deleverage(&market, ida, u32::MAX, &[]);
    attempts.push(("stale", deleverage, Refusal::StaleMarket));
    must_be_refused_for(&world, attempts);
}

#[test]
fn flags_lapse_and_without_one_nobody_is_liquidated() {
    let mut world = flagged();
    world.passes(301);
    world.refreshes_all();
    all_for(&mut world, "liz", Refusal::NotFlagged);
    let (market, ida) = (world.market_of(BTC_PERP), world.account_of("ida"));
    let resolution = Resolution {
        exchange: world.exchange,
        resolver: keys::address("liz"),
        resolver_account: world.account_of("liz"),
        account: ida,
        quote_bank: world.quote_bank(),
    };
    let own = Resolution { account: resolution.resolver_account, ..resolution };
    let attempts = vec![
        ("", liquidation::deleverage(&market, ida, 1, &[]), Refusal::NotFlagged),
        ("", resolution.resolve(Scope::Cross, &[]), Refusal::NotFlagged),
        ("himself", own.resolve(Scope::Cross, &[]), Refusal::DuplicateAccount),
        ("no pocket", resolution.resolve(Scope::Pocket(0), &[]), Refusal::NotIsolated),
        ("no position", resolution.resolve(Scope::Pocket(9), &[]), Refusal::NoPosition),
    ];
    must_be_refused_for(&world, attempts);
}
