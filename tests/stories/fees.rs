//! Fees: owed at each fill, collected from a market's pool once losers have filled it, paid to the fee collector.

use harness::{
    World,
    amounts::{bps, days, hours},
    perps::*,
    tokens::*,
};
use plimsoll::{errors::Refusal, state::risk_board::Pausable};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{ledger, liquidation::Scope, order::Order},
};
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
    let [Event::FeesCollected(event), Event::InsuranceEarned(insured)] = told.events.as_slice() else {
        panic!("{:?}", told.events)
    };
    let shared = insurances(&world, owed);
    assert_eq!(event.amount as i64, owed - shared);
    assert_eq!((insured.tranche as i64, insured.fund, insured.filled), (shared, 0, 0));
    assert_eq!(world.tranche_of(BTC_PERP) as i64, shared);
    let owed = owed - shared;
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
    let shared = insurances(&world, paid_in) + insurances(&world, owed - paid_in);
    assert_eq!((receivable(&world), world.bank(USDC).fees.get() as i64), (0, owed - shared));
    assert_eq!(world.tranche_of(BTC_PERP) as i64, shared);
}

/// What of collected fees is insurance, rounded down: the market's own part keeps it as long as that is below its target.
fn insurances(world: &World, fees: i64) -> i64 {
    part(fees as u64, world.exchange_account().fee_share).0
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

#[test]
fn a_market_fills_its_own_part_of_the_insurance_first_and_the_rest_is_the_funds() {
    let people = ["alice", "bob"];
    let mut world = endowed(World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets_in_market("market.tranche_target", BTC_PERP, 100_000);
    }));
    // What insurance gets of each round, and how much of that the market keeps: a tenth of a unit in all.
    let (mut kept, mut rounds) = (0, 0);
    while rounds < 3 {
        world.deals("alice", "bob", BTC_PERP, 300, 60_000);
        for name in people {
            world.trader(name).settles(BTC_PERP);
        }
        let fees = receivable(&world);
        let shared = insurances(&world, fees);
        let tranche = shared.min(100_000 - kept);
        let before = world.sheet(&people);
        world.collects_fees(BTC_PERP);
        before.changed(
            &world,
            &[
                ("BTC-PERP pool", -i128::from(fees)),
                ("BTC-PERP fees", -i128::from(fees)),
                ("BTC-PERP tranche", tranche.into()),
                ("fund", (shared - tranche).into()),
                ("USDC collected", (fees - shared).into()),
            ],
        );
        (kept, rounds) = (kept + tranche, rounds + 1);
    }
    assert_eq!((kept, world.tranche_of(BTC_PERP)), (100_000, 100_000));
    assert!(world.fund_covers() > 0);
}

#[test]
fn what_a_liquidation_owes_to_insurance_is_collected_whole() {
    let people = ["alice", "bob", "liz"];
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for (name, amount) in [("alice", 1_000), ("bob", 10_000), ("liz", 10_000)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world.jolts(BTC, -13);
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.waits(120);
    world.trader("liz").takes_over("alice", BTC_PERP, 400);
    let market = world.market(BTC_PERP);
    let (fees, direct) = (market.fees_receivable.get(), market.insurance_receivable.get());
    assert!(direct > 0 && fees > 0, "{direct} {fees}");
    // Nobody has paid anything in; then alice has, and more than both are.
    world.trader("keeper").refused(Refusal::NothingToCollect).collects_fees(BTC_PERP);
    world.trader("alice").settles(BTC_PERP);
    let shared = insurances(&world, fees);
    let before = world.sheet(&people);
    world.trader("keeper").collects_fees(BTC_PERP);
    before.changed(
        &world,
        &[
            ("BTC-PERP pool", -i128::from(fees + direct)),
            ("BTC-PERP fees", -i128::from(fees)),
            ("BTC-PERP insurance fees", -i128::from(direct)),
            ("BTC-PERP tranche", i128::from(shared + direct)),
            ("USDC collected", i128::from(fees - shared)),
        ],
    );
}

#[test]
fn while_a_deficit_is_open_fees_fill_it_and_only_what_is_left_is_collected() {
    let people = ["alice", "bob"];
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    for name in people {
        world.trader(name).settles(BTC_PERP);
    }
    let fees = receivable(&world);
    let open = fees as u64 / 3;
    world.opens_deficit(BTC_PERP, open);
    let before = world.sheet(&people);
    let told = world.collects_fees(BTC_PERP);
    let left = fees - open as i64;
    let shared = insurances(&world, left);
    before.changed(
        &world,
        &[
            ("BTC-PERP deficit", -i128::from(open)),
            ("BTC-PERP pool", -i128::from(left)),
            ("BTC-PERP fees", -i128::from(fees)),
            ("BTC-PERP tranche", shared.into()),
            ("USDC collected", (left - shared).into()),
        ],
    );
    assert_eq!(world.insurance().open_deficits, 0);
    let filled = told.events.iter().find_map(|event| match event {
        Event::InsuranceEarned(event) => Some((event.filled, event.deficit)),
        _ => None,
    });
    assert_eq!(filled, Some((open, 0)));
}
