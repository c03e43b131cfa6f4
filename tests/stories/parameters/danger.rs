//! The parameters of liquidation, insurance and the ends of markets: what contradicts, what waits, and that they take effect.

use harness::{World, amounts::*, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    governance::{PARAMETERS, Scope},
};
use plimsoll_client::{events::Event, instructions::liquidation};

/// Before opening, when everything takes effect at once.
fn world() -> World {
    World::with_markets_before_opening(&[BTC_PERP])
}

fn contradicts(world: &mut World, name: &str, value: u64) {
    let mut admin = world.admin().refused(Refusal::Contradiction);
    if name.starts_with("market.") {
        admin.proposes_in(name, BTC_PERP, value);
    } else {
        admin.proposes_for_all(name, value);
    }
}

#[test]
fn every_number_of_liquidation_and_insurance_is_a_parameter() {
    let named: Vec<&str> = PARAMETERS[76..=104].iter().map(|row| row.name).collect();
    for (first, count, scope) in [(76, 10, Scope::Market), (86, 11, Scope::Board), (97, 8, Scope::Exchange)] {
        let rows = &PARAMETERS[first..first + count];
        assert!(rows.iter().all(|row| row.scope == scope), "{named:?}");
        assert!(rows.iter().zip(first..).all(|(row, id)| usize::from(row.id) == id), "{named:?}");
    }
    assert_eq!((named[0], named[28]), ("market.liq_fee_start", "exchange.tier_cap_3"));
}

#[test]
fn an_auction_never_falls() {
    let mut world = world();
    // One goes from 0.5 % to 2.5 %, the other from 1 % to 8 %.
    contradicts(&mut world, "market.liq_fee_most", bps(49));
    contradicts(&mut world, "market.liq_fee_start", bps(251));
    contradicts(&mut world, "board.swap_fee_most", bps(99));
    world.sets_for_all("board.swap_fee_most", bps(300));
    contradicts(&mut world, "board.swap_fee_start", bps(301));
    world.sets_in_market("market.liq_fee_start", BTC_PERP, bps(250));
    world.sets_for_all("board.swap_fee_start", bps(300));
    assert_eq!(world.terms(BTC_PERP).liq_fee_start, world.terms(BTC_PERP).liq_fee_most);
}

#[test]
fn a_breaker_is_none_or_for_moves_that_are_not_everyday_ones() {
    let mut world = world();
    for value in [1, percent(1), percent(2) - 1] {
        contradicts(&mut world, "market.breaker_move", value);
    }
    world.sets_in_market("market.breaker_move", BTC_PERP, percent(2));
}

#[test]
fn an_outage_is_none_or_longer_than_a_pause_for_breath() {
    let mut world = world();
    for value in [1, 30, 59] {
        contradicts(&mut world, "board.heartbeat_gap", value);
    }
    world.sets_for_all("board.heartbeat_gap", 60);
}

#[test]
fn what_protects_others_less_waits() {
    let mut world = world().opens();
    for (name, looser, stricter) in [
        ("market.breaker_seconds", 60, 600),
        ("market.subsidy_cap", usdc(2_000), usdc(500)),
        ("board.gate_share", bps(200), bps(50)),
        ("board.gate_seconds", 600, 3_600),
    ] {
        let mut proposes = |value| {
            let mut admin = world.admin();
            if name.starts_with("market.") {
                admin.proposes_in(name, BTC_PERP, value)
            } else {
                admin.proposes_for_all(name, value)
            }
        };
        assert!(proposes(looser).is_some(), "{name} is loosened at once");
        if name != "board.gate_seconds" {
            assert!(proposes(stricter).is_none(), "{name} is tightened late");
        }
    }
}

#[test]
fn a_market_belongs_to_the_tier_that_it_is_given() {
    let mut world = world();
    world.sets_in_market("market.tier", BTC_PERP, 3);
    world.sets_for_all("exchange.tier_cap_3", usdc(7));
    let mut world = world.opens();
    world.insures(usdc(1_000));
    for (name, amount) in [("alice", 1_000), ("bob", 10_000), ("liz", 10_000)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.deals("alice", "bob", BTC_PERP, 700, 60_000);
    world.jolts(BTC, -30);
    world.trader("keeper").assesses("alice", liquidation::Scope::Cross);
    world.trader("liz").takes_over_unsubsidised("alice", BTC_PERP, u32::MAX);
    let told = world.trader("keeper").resolves("alice", liquidation::Scope::Cross);
    let Event::BankruptcyResolved(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!(event.legs[0].fund, usdc(7));
    assert_eq!(world.insurance().tiers.map(|tier| tier.paid.get()), [0, 0, 0, usdc(7)]);
}

#[test]
fn shares_cool_as_long_as_the_exchange_says_when_they_begin() {
    let mut world = World::with_markets(&[BTC_PERP]);
    world.insures(usdc(100));
    let queued =
        world.admin().proposes_for_all("exchange.insurance_cooldown", days(3) as u64).expect("waits");
    let ready = |world: &mut World| {
        world.trader(harness::insurance::INSURER).cools(1_000);
        world.stake(harness::insurance::INSURER).stake.ready_at - world.now()
    };
    assert_eq!(ready(&mut world), days(7));
    world.passes(days(2));
    world.admin().applies(&queued);
    world.trader(harness::insurance::INSURER).refused(Refusal::StakeCooling).redeems(1_000);
    assert_eq!(ready(&mut world), days(3), "who wants the new time begins anew");
}
