//! Instructions about accounts in danger, insurance and the end of markets: each in a world in which it would succeed.

use super::{Row, row};
use harness::{World, amounts::*, perps::*, tokens::*};
use plimsoll::state::risk_board::Pausable::{ApplyFills, Insurance, Liquidate};
use plimsoll_client::{
    book::Side,
    instructions::{
        liquidation::{self, IntoBook, Resolution, Scope},
        order::Order,
        settlement,
    },
};
use plimsoll_risk::num::Ratio;

/// Worlds, and what would succeed in each.
pub fn stages() -> Vec<(World, Vec<Row>)> {
    vec![unflagged(), flagged(), insolvent(), late(), deleveraged(), indebted(), winning(), insured()]
        .into_iter()
        .chain(ending())
        .collect()
}

/// Ida is long 1,000 lots at 60,000 with 2,000 USDC behind them; maker is short, and liz looks on.
fn world(fall: i32) -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for (name, amount) in [("ida", 2_000), ("maker", 20_000), ("liz", 20_000)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.deals("ida", "maker", BTC_PERP, 1_000, 60_000);
    world.jolts(BTC, fall);
    world
}

fn unflagged() -> (World, Vec<Row>) {
    let world = world(-28);
    let (board, ida) = (world.exchange.board, world.account_of("ida"));
    let rows = vec![row("assess", &[], liquidation::assess(board, ida, Scope::Cross, None, &[]))];
    (world, rows)
}

fn flagged() -> (World, Vec<Row>) {
    let mut world = world(-28);
    world.trader("liz").assesses("ida", Scope::Cross);
    world.trader("maker").places(BTC_PERP, Order::limit(Side::Bid, 1_000, 43_200).post_only());
    let (market, ida, liz) = (world.market_of(BTC_PERP), world.account_of("ida"), world.account_of("liz"));
    let maker = world.account_of("maker");
    let take_over = world.trader("liz").liquidation("ida").take_over(&market, 10, u32::MAX, None, &[]);
    let terms = IntoBook { most_lots: 10, most_makers: 1, least_pay: 0 };
    let into_book = liquidation::liquidate_into_book(&market, liz, ida, &terms, &[], &[maker]);
    let rows =
        vec![row("take_over", &[Liquidate], take_over), row("liquidate_into_book", &[Liquidate], into_book)];
    (world, rows)
}

fn insolvent() -> (World, Vec<Row>) {
    let mut world = world(-45);
    world.trader("liz").assesses("ida", Scope::Cross);
    let gate = liquidation::gate_withdrawals(&world.bank_of(USDC), world.account_of("ida"), &[]);
    (world, vec![row("gate_withdrawals", &[Liquidate], gate)])
}

/// Ida is insolvent, and nobody took her over in time.
fn neglected() -> World {
    let mut world = world(-40);
    world.trader("liz").assesses("ida", Scope::Cross);
    for _ in 0..2 {
        world.waits(150);
        world.trader("liz").assesses("ida", Scope::Cross);
    }
    world
}

fn late() -> (World, Vec<Row>) {
    let world = neglected();
    let (market, ida) = (world.market_of(BTC_PERP), world.account_of("ida"));
    let deleverage = liquidation::deleverage(&market, ida, u32::MAX, &[]);
    (world, vec![row("deleverage", &[Liquidate], deleverage)])
}

fn deleveraged() -> (World, Vec<Row>) {
    let mut world = neglected();
    world.trader("liz").deleverages("ida", BTC_PERP, u32::MAX);
    let (market, maker) = (world.market_of(BTC_PERP), world.account_of("maker"));
    let resolution = Resolution {
        exchange: world.exchange,
        resolver: world.person("liz"),
        resolver_account: world.account_of("liz"),
        account: world.account_of("ida"),
        quote_bank: world.quote_bank(),
    };
    let resolve = resolution.resolve(Scope::Cross, &world.legs_of("ida", Scope::Cross));
    let rows = vec![
        row("apply_deleveraging", &[ApplyFills], liquidation::apply_deleveraging(&market, maker)),
        row("resolve_bankruptcy", &[Liquidate], resolve),
    ];
    (world, rows)
}

/// Ida owes USDC against SOL that fell.
fn indebted() -> (World, Vec<Row>) {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("liz").deposits(USDC, usdc(20_000));
    world.trader("ida").deposits(SOL, sol(100));
    world.trader("ida").borrows(USDC, usdc(11_000));
    world.jolts(SOL, -22);
    world.trader("liz").assesses("ida", Scope::Cross);
    let (debt, collateral) = (world.bank_of(USDC), world.bank_of(SOL));
    let liquidation = world.trader("liz").liquidation("ida");
    let swap = liquidation.swap_collateral(&debt, &collateral, usdc(100), Ratio::ZERO, &[]);
    (world, vec![row("swap_collateral", &[Liquidate], swap)])
}

/// Ida owes USDC against SOL that fell, and has won from maker what he has not paid yet.
fn winning() -> (World, Vec<Row>) {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ["maker", "liz"] {
        world.trader(name).deposits(USDC, usdc(20_000));
    }
    world.trader("ida").deposits(SOL, sol(10));
    world.trader("ida").borrows(USDC, usdc(800));
    world.deals("ida", "maker", BTC_PERP, 100, 60_000);
    world.jolts(BTC, 20);
    world.jolts(SOL, -50);
    world.trader("liz").assesses("ida", Scope::Cross);
    let (market, bank) = (world.market_of(BTC_PERP), world.quote_bank());
    let buy = world.trader("liz").liquidation("ida").buy_pnl(&market, bank, usdc(50), Ratio::ZERO, &[]);
    (world, vec![row("buy_pnl", &[Liquidate], buy)])
}

/// Ida's stake has cooled, stan's never did, and liz has an empty one.
fn insured() -> (World, Vec<Row>) {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ["ida", "stan"] {
        world.trader(name).deposits(USDC, usdc(1_000));
        world.trader(name).opens_stake();
        world.trader(name).stakes(usdc(500));
    }
    world.trader("liz").opens_stake();
    let shares = world.stake("ida").stake.shares.get();
    world.trader("ida").cools(shares);
    world.passes(world.stake("ida").stake.ready_at - world.now());
    world.refreshes_all();
    let bank = world.quote_bank();
    let [ida, stan] = ["ida", "stan"].map(|name| world.account_of(name));
    let [of_ida, of_stan, of_liz, of_new] =
        ["ida", "stan", "liz", "new"].map(|name| world.trader(name).stake_accounts());
    let admin = world.person("admin");
    let rows = vec![
        row("open_stake", &[], of_new.open()),
        row("stake", &[Insurance], of_stan.stake(stan, bank, usdc(100), &[])),
        row("cool", &[], of_stan.cool(1_000)),
        row("redeem", &[Insurance], of_ida.redeem(ida, bank, shares)),
        row("close_stake", &[], of_liz.close()),
        row("prove_life", &[], settlement::prove_life(&world.exchange, admin)),
    ];
    (world, rows)
}

/// A market from its last order to its end.
fn ending() -> Vec<(World, Vec<Row>)> {
    let mut world = world(-1);
    let (market, bank, admin) = (world.market_of(BTC_PERP), world.quote_bank(), world.person("admin"));
    let mut stages = Vec::new();
    world.makes_reduce_only(BTC_PERP);
    let start = settlement::start_settlement(&market, admin);
    stages.push((world.clone(), vec![row("start_settlement", &[], start)]));
    world.admin().starts_settlement(BTC_PERP);
    world.waits(minutes(1));
    let observe = settlement::observe_settlement(&market);
    stages.push((world.clone(), vec![row("observe_settlement", &[], observe)]));
    world.averages_settlement(BTC_PERP);
    let close = settlement::close_settled(&market, world.account_of("ida"));
    stages.push((world.clone(), vec![row("close_settled", &[], close)]));
    for name in ["ida", "maker"] {
        world.trader("liz").closes_settled(name, BTC_PERP);
    }
    for name in ["ida", "maker"] {
        world.trader(name).settles(BTC_PERP);
    }
    world.collects_fees(BTC_PERP);
    let end = settlement::close_market(&market, bank);
    stages.push((world, vec![row("close_market", &[], end)]));
    stages
}
