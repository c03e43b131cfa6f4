//! Fees: owed at each fill, collected from a market's pool once losers have filled it, paid to the fee collector.

use harness::{
    World,
    amounts::{bps, days, hours},
    perps::*,
    tokens::*,
};
use plimsoll::{errors::Refusal, state::risk_board::Pausable};
use plimsoll_client::{book::Side, events::Event, instructions::ledger, instructions::order::Order};
use plimsoll_risk::num::{RATIO_BITS, Ratio};

/// Alice and bob with 10,000 USDC each. Takers pay 5 hundredths of a percent, makers get one.
fn world() -> World {
    endowed(World::with_steady_markets(&[BTC_PERP], |_| ()))
}

fn endowed(mut world: World) -> World {
    for name in ["alice", "bob"] {
        world.trader(name).deposits(USDC, usdc(10_000));
    }
    world
}

/// Of an amount, in 2^-30: rounded down, rounded up.
fn part(amount: u64, ratio: Ratio) -> (i64, i64) {
    let product = u128::from(amount) * u128::from(ratio.get());
    ((product >> RATIO_BITS) as i64, product.div_ceil(1 << RATIO_BITS) as i64)
}

fn receivable(world: &World) -> i64 {
    world.market(BTC_PERP).fees_receivable.get()
}

#[test]
fn takers_pay_rounded_up_and_makers_get_rounded_down() {
    let mut world = world();
    // At 60,001 ticks, 7 lots are worth 42,000,700 native units: neither part is whole.
    let worth = BTC_PERP.worth(7, 60_001);
    let told = world.deals("alice", "bob", BTC_PERP, 7, 60_001);
    let (fee, rebate) = (part(worth, Ratio::from_bps(5)).1, part(worth, Ratio::from_bps(1)).0);
    assert_eq!((told.ordered().fee, told.ordered().makers[0].fee), (fee, -rebate));
    assert_eq!(world.position("alice", BTC_PERP).quote.get(), -(worth as i64) - fee);
    assert_eq!(world.position("bob", BTC_PERP).quote.get(), worth as i64 + rebate);
    assert_eq!(receivable(&world), fee - rebate);
}

#[test]
fn where_makers_pay_they_pay_rounded_up() {
    let mut world = endowed(World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets_in_market("market.maker_rebate", BTC_PERP, 0);
        world.sets_in_market("market.maker_fee", BTC_PERP, bps(2));
    }));
    let worth = BTC_PERP.worth(7, 60_001);
    let told = world.deals("alice", "bob", BTC_PERP, 7, 60_001);
    let (taker, maker) = (part(worth, Ratio::from_bps(5)).1, part(worth, Ratio::from_bps(2)).1);
    assert_eq!((told.ordered().fee, told.ordered().makers[0].fee), (taker, maker));
    assert_eq!(world.position("bob", BTC_PERP).quote.get(), worth as i64 - maker);
    assert_eq!(receivable(&world), taker + maker);
}

#[test]
fn a_maker_in_the_queue_gets_what_was_promised_when_it_was_met() {
    let mut world = world();
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 7, 60_001));
    world.trader("alice").longs(BTC_PERP, 7);
    let before = receivable(&world);
    let queued = world.admin().proposes_in("market.maker_rebate", BTC_PERP, 0).expect("it waits");
    world.passes(days(2));
    world.refreshes_all();
    world.admin().applies(&queued);
    world.applies_fills(BTC_PERP, &["bob"]);
    let worth = BTC_PERP.worth(7, 60_001);
    assert_eq!(world.position("bob", BTC_PERP).quote.get(), worth as i64 + part(worth, Ratio::from_bps(1)).0);
    assert_eq!(receivable(&world), before);
}

#[test]
fn fees_are_collected_from_the_pool_alone_and_paid_to_the_collector() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    let owed = receivable(&world);
    let collect = ledger::collect_fees(&world.market_of(BTC_PERP), world.quote_bank());
    world.refuses(std::slice::from_ref(&collect), Refusal::NothingToCollect); // nobody has paid anything in
    world.governor("fee collector").refused(Refusal::NothingToCollect).takes_fees();

    world.trader("alice").settles(BTC_PERP); // pays her fee: more than is owed, as bob's rebate is in it
    world.trader("bob").settles(BTC_PERP); // gets it
    let told = world.collects_fees(BTC_PERP);
    let Event::FeesCollected(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!(event.amount as i64, owed);
    assert_eq!((receivable(&world), world.market(BTC_PERP).pool.get()), (0, 0));
    assert_eq!(world.bank(USDC).fees.get() as i64, owed);
    world.refuses(&[collect], Refusal::NothingToCollect);

    let in_vault = world.vault_holds(USDC);
    let told = world.pays_fees();
    let Event::FeesPaid(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!(event.amount as i64, owed);
    assert_eq!(world.governor("fee collector").wallet_holds(USDC) as i64, owed);
    assert_eq!(world.vault_holds(USDC) as i64, in_vault as i64 - owed);
    assert_eq!(world.bank(USDC).fees.get(), 0);
    world.governor("fee collector").refused(Refusal::NothingToCollect).takes_fees();
}

#[test]
fn fees_are_collected_as_far_as_the_pool_goes() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.deals("bob", "alice", BTC_PERP, 1_000, 60_000);
    let owed = receivable(&world);
    world.trader("alice").settles(BTC_PERP);
    let paid_in = world.market(BTC_PERP).pool.get() as i64;
    assert!(paid_in < owed);
    world.collects_fees(BTC_PERP);
    assert_eq!(receivable(&world), owed - paid_in);
    world.trader("bob").settles(BTC_PERP);
    world.collects_fees(BTC_PERP);
    assert_eq!((receivable(&world), world.bank(USDC).fees.get() as i64), (0, owed));
}

#[test]
fn only_the_fee_collector_takes_fees_and_no_outflow_limit_holds_them_back() {
    let mut world = endowed(World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets("bank.hour_limit", USDC, bps(100));
        world.sets("bank.day_limit", USDC, bps(500));
        world.sets("bank.small_withdrawal", USDC, usdc(5));
    }));
    world.passes(days(30)); // what has just come in may leave again
    world.refreshes_all();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.trader("alice").settles(BTC_PERP);
    world.collects_fees(BTC_PERP);
    for name in ["admin", "guardian", "risk council", "alice"] {
        world.governor(name).refused(Refusal::NotTheFeeCollector).takes_fees();
    }
    world.trader("alice").withdraws(USDC, usdc(150));
    world.trader("alice").refused(Refusal::HourlyOutflow).withdraws(USDC, usdc(150));
    let (collected, had) = (world.bank(USDC).fees.get(), world.governor("fee collector").wallet_holds(USDC));
    world.pays_fees();
    assert_eq!(world.governor("fee collector").wallet_holds(USDC), collected + had);
    assert!(collected > 0);
}

#[test]
fn a_pause_of_settlement_stops_fees_too() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.trader("alice").settles(BTC_PERP);
    let collect = ledger::collect_fees(&world.market_of(BTC_PERP), world.quote_bank());
    world.guardian().pauses(Pausable::Settle, hours(1));
    world.refuses(&[collect], Refusal::Paused);
    world.governor("fee collector").refused(Refusal::Paused).takes_fees();
    world.guardian().unpauses(Pausable::Settle);
    world.collects_fees(BTC_PERP);
    assert!(world.bank(USDC).fees.get() > 0);
}

#[test]
fn fees_come_from_the_quote_bank_alone() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.trader("alice").settles(BTC_PERP);
    let wrong = ledger::collect_fees(&world.market_of(BTC_PERP), world.bank_of(SOL).bank);
    world.refuses(&[wrong], Refusal::UnknownBank);
    world.collects_fees(BTC_PERP);
    assert!(world.bank(USDC).fees.get() > 0 && world.bank(SOL).fees.get() == 0);
}
