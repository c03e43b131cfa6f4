//! Liquidation among everything else: liquidators who have positions, delegates and caps, funding that is due, markets that
//! end, makers who are flagged themselves, and who is counted as insolvent.

use super::{ALL, endangered, flagged_at, is_free, is_over, long};
use harness::{
    World,
    auctions::{fee, rate_after},
    perps::*,
    tokens::*,
};
use plimsoll::{errors::Refusal, state::margin_account::scope};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{liquidation::Scope, order::Order},
};
use plimsoll_risk::liquidation::Flag;

/// What 66 lots at 44,400 are worth.
const WORTH: i128 = 66 * 4_440_000;

#[test]
fn a_liquidator_on_the_other_side_closes_his_own_lots_with_those_that_he_takes() {
    let mut world = endangered(false);
    let sheet = world.sheet(&ALL);
    let told = world.trader("bob").takes_over("alice", BTC_PERP, u32::MAX);
    let fee = fee(WORTH, rate_after(0));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -66),
            ("alice BTC-PERP quote", WORTH - fee.total()),
            ("alice BTC-PERP realised", WORTH - 66 * 6_000_000 - fee.total()),
            ("bob BTC-PERP lots", 66),
            ("bob BTC-PERP quote", fee.liquidator - WORTH),
            ("bob BTC-PERP realised", 66 * 6_000_000 - WORTH + fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
            ("BTC-PERP longs", -66),
            ("BTC-PERP shorts", -66),
        ],
    );
    assert!(is_over(told.events.last()));
}

#[test]
fn a_delegate_who_may_trade_takes_over_for_an_account_and_nobody_else_does() {
    let mut world = endangered(false);
    let until = world.now() + 3_600;
    world.trader("carol").delegates("dora", scope::CANCEL, until);
    let refused = |world: &mut World, who: &str| {
        let mut other = world.trader(who).for_account_of("carol").refused(Refusal::NotATrader);
        other.takes_over("alice", BTC_PERP, 1);
        other.swaps_collateral("alice", SOL, USDC, 1);
        other.buys_pnl("alice", BTC_PERP, 1);
    };
    refused(&mut world, "dora");
    refused(&mut world, "mallory");
    world.trader("carol").delegates("dora", scope::TRADE, until);
    world.trader("dora").for_account_of("carol").takes_over("alice", BTC_PERP, 5);
    assert_eq!((world.lots("carol", BTC_PERP), world.lots("dora", BTC_PERP)), (5, 0));
}

#[test]
fn no_liquidator_comes_to_hold_more_than_one_account_may() {
    let mut world = endangered(false);
    world.sets_in_market("market.account_cap", BTC_PERP, 30);
    world.trader("carol").refused(Refusal::AccountPositionCap).takes_over("alice", BTC_PERP, 31);
    world.trader("carol").takes_over("alice", BTC_PERP, 30);
    world.trader("carol").refused(Refusal::AccountPositionCap).takes_over("alice", BTC_PERP, 1);
    // What only falls may fall, however far above the cap; and open interest that changes hands is none more.
    world.sets_in_market("market.open_interest_cap", BTC_PERP, 1);
    world.trader("bob").takes_over("alice", BTC_PERP, 10);
    world.trader("bob").holds(BTC_PERP, -990);
    world.trader("dave").takes_over("alice", BTC_PERP, u32::MAX);
    world.trader("dave").holds(BTC_PERP, 26);
}

#[test]
fn a_reduce_only_market_is_liquidated_as_ever_and_a_settled_one_no_more() {
    let mut world = endangered(false);
    world.trader("dave").bids(BTC_PERP, 10, 44_400);
    world.makes_reduce_only(BTC_PERP);
    world.trader("erin").refused(Refusal::MarketReduceOnly).shorts(BTC_PERP, 1);
    world.trader("carol").takes_over("alice", BTC_PERP, 5);
    world.trader("carol").holds(BTC_PERP, 5);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, 10);
    world.trader("dave").holds(BTC_PERP, 10);
    world.admin().starts_settlement(BTC_PERP);
    let mut carol = world.trader("carol").refused(Refusal::MarketClosed);
    carol.takes_over("alice", BTC_PERP, 5);
    carol.liquidates_into_book("alice", BTC_PERP, 5);
    carol.buys_pnl("alice", BTC_PERP, 5);
}

#[test]
fn funding_that_is_due_is_paid_first_by_both() {
    let mut world = long(false);
    world.trader("carol").trading(BTC_PERP);
    world.deals("carol", "bob", BTC_PERP, 100, 60_000);
    // Two hours in which the book stands two percent above the index: longs pay.
    world.trader("dave").bids(BTC_PERP, 1_000, 61_100);
    world.trader("dave").asks(BTC_PERP, 1_000, 61_300);
    for _ in 0..120 {
        world.waits(60);
        world.trader("erin").bids(BTC_PERP, 1, 50_000); // looks at the book
        world.trader("erin").cancels_all(BTC_PERP, None);
    }
    world.trader("dave").cancels_all(BTC_PERP, None);
    let mut world = flagged_at(world, 44_400.0);
    let sheet = world.sheet(&ALL);
    let told = world.trader("carol").takes_over("alice", BTC_PERP, 10);
    let Some(Event::TakenOver(event)) = told.events.last() else { panic!("{:?}", told.events) };
    let (of_alice, of_carol) = (i128::from(event.funding), i128::from(event.liquidator_funding));
    // About half a percent of 6,000; ten times less of a tenth of the lots, each rounded against who pays.
    assert!((20_000_000..40_000_000).contains(&of_alice), "{of_alice}");
    assert!((of_carol * 10 - of_alice).abs() < 10, "{of_carol} of a tenth of the lots, {of_alice} of all");
    let (worth, fee) = (44_400_000, fee(44_400_000, rate_after(0)));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -10),
            ("alice BTC-PERP quote", worth - fee.total() - of_alice),
            ("alice BTC-PERP realised", worth - 60_000_000 - fee.total() - of_alice),
            ("carol BTC-PERP lots", 10),
            ("carol BTC-PERP quote", fee.liquidator - worth - of_carol),
            ("carol BTC-PERP realised", fee.liquidator - of_carol),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
}

#[test]
fn a_maker_who_is_flagged_himself_is_not_met_but_removed() {
    let mut world = long(false);
    // Frank is long 1,000 like alice, and has a bid that a liquidation would meet.
    world.trader("frank").deposits(USDC, usdc(2_050));
    world.deals("frank", "bob", BTC_PERP, 1_000, 60_000);
    world.trader("frank").bids(BTC_PERP, 20, 44_390);
    world.trader("dave").bids(BTC_PERP, 100, 44_380);
    let mut world = flagged_at(world, 43_500.0);
    world.trader("carol").assesses("frank", Scope::Cross);
    let all = [&ALL[..], &["frank"][..]].concat();
    let sheet = world.sheet(&all);
    world.trader("carol").meeting(&["frank", "dave"]).liquidates_into_book("alice", BTC_PERP, 10);
    let changes = sheet.changes(&world);
    assert_eq!((changes["alice BTC-PERP lots"], changes["dave BTC-PERP lots"]), (-10, 10));
    assert_eq!((changes["frank BTC-PERP bids"], changes.get("frank BTC-PERP lots")), (-20, None));
}

#[test]
fn orders_that_expired_are_removed_on_the_way() {
    let mut world = endangered(false);
    let until = u32::try_from(world.now() + 5).unwrap();
    world.trader("dave").places(BTC_PERP, Order::limit(Side::Bid, 20, 44_390).expires(until));
    world.trader("erin").bids(BTC_PERP, 100, 44_380);
    world.waits(6);
    let sheet = world.sheet(&ALL);
    world.trader("carol").meeting(&["dave", "erin"]).liquidates_into_book("alice", BTC_PERP, 10);
    let changes = sheet.changes(&world);
    assert_eq!((changes["dave BTC-PERP bids"], changes.get("dave BTC-PERP lots")), (-20, None));
    assert_eq!(changes["erin BTC-PERP lots"], 10);
}

#[test]
fn who_has_less_than_nothing_is_counted_until_he_has_more_again() {
    for isolated in [false, true] {
        let mut world = long(isolated);
        world.oracle().says(BTC, 39_000.0); // 103 less than nothing
        world.refreshes_all();
        let scope = world.scope_of("alice", BTC_PERP);
        world.trader("carol").refused(Refusal::MissingInsurance).assesses_with("alice", scope, None);
        let told = world.trader("carol").assesses("alice", scope);
        let Event::Assessed(event) = told.event() else { panic!("{:?}", told.events) };
        assert_eq!((event.insolvent, i128::from(event.equity)), (true, -100_000_000 - super::TAKER_FEE));
        assert_eq!(world.insurance().insolvent, 1);
        // It is proved anew without the fund: nothing about that changes.
        world.waits(30);
        world.trader("carol").assesses_with("alice", scope, None);

        // The price comes back: taking over ends nothing before it is assessed, as the fund has to know.
        world.oracle().says(BTC, 44_400.0);
        world.refreshes_all();
        let told = world.trader("carol").takes_over("alice", BTC_PERP, u32::MAX);
        assert!(!is_over(told.events.last()), "{:?}", world.flag_of("alice", scope));
        assert_ne!(world.flag_of("alice", scope), Flag::default());
        world.trader("carol").refused(Refusal::NotEndangered).takes_over("alice", BTC_PERP, u32::MAX);
        world.trader("carol").refused(Refusal::MissingInsurance).assesses_with("alice", scope, None);
        world.trader("carol").assesses("alice", scope);
        assert_eq!(world.insurance().insolvent, 0);
        is_free(&world, scope);
    }
}

#[test]
fn any_leg_may_be_taken_whichever_endangers_the_account_and_the_next_step_goes_on_with_another() {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    super::endow(&mut world);
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world.deals("alice", "bob", ETH_PERP, 300, 30_000);
    world.passes(1);
    world.oracle().publishes_price(ETH, 3_300.0); // 90 more
    world.oracle().publishes_price(BTC, 38_700.0); // 1,704 less
    world.refreshes_all();
    // About 383 behind 4,086: 46 are missing at the end of a liquidation.
    world.trader("carol").assesses("alice", Scope::Cross);
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", ETH_PERP, 50);
    let (worth, first) = (165_000_000, fee(165_000_000, rate_after(0)));
    sheet.changed(
        &world,
        &[
            ("alice ETH-PERP lots", -50),
            ("alice ETH-PERP quote", worth - first.total()),
            ("alice ETH-PERP realised", worth - 150_000_000 - first.total()),
            ("carol ETH-PERP lots", 50),
            ("carol ETH-PERP quote", first.liquidator - worth),
            ("carol ETH-PERP realised", first.liquidator),
            ("ETH-PERP insurance fees", first.insurance),
        ],
    );
    world.waits(12);
    let sheet = world.sheet(&ALL);
    let told = world.trader("dave").takes_over("alice", BTC_PERP, u32::MAX);
    let lots = sheet.changes(&world)["dave BTC-PERP lots"];
    let (worth, second) = (lots * 3_870_000, fee(lots * 3_870_000, rate_after(12)));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -lots),
            ("alice BTC-PERP quote", worth - second.total()),
            ("alice BTC-PERP realised", worth - lots * 6_000_000 - second.total()),
            ("dave BTC-PERP lots", lots),
            ("dave BTC-PERP quote", second.liquidator - worth),
            ("dave BTC-PERP realised", second.liquidator),
            ("BTC-PERP insurance fees", second.insurance),
        ],
    );
    assert!(is_over(told.events.last()));
    // What is left of both legs is covered, to the lot: 2,000 and what was made and paid, behind 10.5 % of it.
    let result = |world: &World, perp: Perp, ticks: i128| {
        let position = world.position("alice", perp);
        i128::from(position.quote.get()) + i128::from(position.lots.get()) * ticks * 100
    };
    let equity = 2_000_000_000 + result(&world, BTC_PERP, 38_700) + result(&world, ETH_PERP, 33_000);
    let needs = |lots: i128| (lots * 3_870_000 + 250 * 3_300_000) * 105 / 1_000;
    let each = 3_870_000 * rate_after(12) / (1 << 30);
    let left = 800 - lots;
    assert!(equity >= needs(left) && equity + each < needs(left + 1), "{equity} behind {left} lots");
}
