//! The end of markets with wrong, foreign, missing and read-only accounts, and too early.

use crate::refusals::{must_be_refused, must_be_refused_for};
use harness::{World, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::instructions::settlement;

const ALL: [&str; 5] =
    ["start_settlement", "observe_settlement", "close_settled", "close_market", "prove_life"];

/// An exchange is whose admin signs: of another one its own.
#[test]
fn every_account_of_a_settlement_is_the_right_one() {
    must_be_refused(&ALL, include_str!("refusals/endings.txt"));
}

#[test]
fn a_market_that_trades_does_not_end() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ["alice", "bob"] {
        world.trader(name).deposits(USDC, usdc(10_000));
    }
    world.deals("alice", "bob", BTC_PERP, 100, 60_000);
    let (market, bank, alice) = (world.market_of(BTC_PERP), world.quote_bank(), world.account_of("alice"));
    let [admin, guardian, stranger] = ["admin", "guardian", "stranger"].map(|name| world.person(name));
    let start = |who| settlement::start_settlement(&market, who);
    use Refusal::*;
    let before = vec![
        ("an open market", start(admin), CannotSettle),
        ("an open market", start(stranger), CannotSettle),
        ("no settlement", settlement::observe_settlement(&market), NotSettling),
        ("no settlement", settlement::close_settled(&market, alice), NotSettling),
        ("no settlement", settlement::close_market(&market, bank), NotSettling),
        ("not the admin", settlement::prove_life(&world.exchange, guardian), NotTheAdmin),
    ];
    must_be_refused_for(&world, before);
    world.makes_reduce_only(BTC_PERP);
    let reduced =
        vec![("a stranger", start(stranger), CannotSettle), ("the guardian", start(guardian), CannotSettle)];
    must_be_refused_for(&world, reduced);
    world.admin().starts_settlement(BTC_PERP);
    let within = vec![
        ("twice", start(admin), MarketClosed),
        ("no time has passed", settlement::observe_settlement(&market), NothingToDo),
        ("no price yet", settlement::close_settled(&market, alice), SettlementNotFixed),
        ("no price yet", settlement::close_market(&market, bank), SettlementNotFixed),
    ];
    must_be_refused_for(&world, within);
}
