//! What parameters may not be together, and who may touch which.

use super::*;
use plimsoll_risk::{
    funding,
    layout::market::{MARKET_OPEN, MARKET_REDUCE_ONLY, MARKET_SETTLING},
    num::Price,
    validity::Validity,
};

#[test]
fn values_that_contradict_each_other_are_refused() {
    let cases = [
        ("bank.asset_weight_initial", percent(61)),
        ("bank.asset_weight_maint", percent(49)),
        ("bank.liability_weight_maint", percent(199)), // with the liquidation buffer that is above initial
        ("bank.liability_weight_initial", percent(141)),
        ("bank.kink1", percent(80)),
        ("bank.kink2", percent(50)),
        ("bank.rate0", percent(6)),
        ("bank.rate2", percent(4)),
        ("bank.rate3", percent(9)),
        ("bank.hour_limit", percent(26)),
        ("bank.day_limit", percent(9)),
        ("market.imr", percent(22)), // with the liquidation buffer mmr is above it
        ("market.mmr", percent(39)),
        ("market.mmr", percent(10)), // the band and the fee are above it
        ("market.imf", Value::Number((1 << 30) + (1 << 27) - 1)),
        ("market.imf_maint", Value::Number(1 << 31)),
        ("market.band", percent(20)),
        ("market.oi_lower", Value::Number(40_000_000_000_000)),
        ("market.oi_upper", Value::Number(5_000_000_000_000)),
        ("market.liq_fee_most", percent(2)), // it starts at 2.5%
        ("market.breaker_move", percent(1)),
        ("board.swap_fee_most", percent(2)), // as above
        ("board.heartbeat_gap", Value::Number(59)),
    ];
    for (name, value) in cases {
        refused(set(&mut World::in_set_up(), name, value), Refusal::Contradiction, name);
    }
    let mut crowded = World::in_set_up();
    crowded.board.banks[usize::from(BANK)].liability_weight_initial = Ratio::from_bps(15_200);
    refused(
        set(&mut crowded, "board.liq_buffer", percent(20)),
        Refusal::Contradiction,
        "the buffer over a bank",
    );
    let mut crowded = World::in_set_up();
    crowded.board.markets[0].imr = Ratio::from_bps(2_300);
    refused(
        set(&mut crowded, "board.liq_buffer", percent(20)),
        Refusal::Contradiction,
        "the buffer over a market",
    );
}

#[test]
fn a_rebate_comes_out_of_the_takers_fee_and_stands_beside_no_fee() {
    let mut world = World::in_set_up();
    set(&mut world, "market.taker_fee", Value::Number(100)).unwrap();
    refused(set(&mut world, "market.maker_rebate", Value::Number(101)), Refusal::Contradiction, "more");
    let mut world = World::in_set_up();
    set(&mut world, "market.taker_fee", Value::Number(100)).unwrap();
    set(&mut world, "market.maker_rebate", Value::Number(100)).unwrap();
    let (mut less, mut both) = (World::in_set_up(), World::in_set_up());
    (less.market, both.market) = (world.market, world.market);
    refused(
        set(&mut less, "market.taker_fee", Value::Number(99)),
        Refusal::Contradiction,
        "less than paid on",
    );
    refused(set(&mut both, "market.maker_fee", Value::Number(1)), Refusal::Contradiction, "both");
}

#[test]
fn the_band_and_the_larger_fee_stay_within_the_least_margin_still_ahead() {
    let exactly = |maker: u32| Value::Number(u64::from(Ratio::from_bps(2_000).get() - maker));
    let (taker, maker) = (Ratio::from_bps(100).get(), Ratio::from_bps(100).get() - 1);
    set(&mut World::in_set_up(), "market.band", exactly(taker)).unwrap();
    let beyond = Value::Number(u64::from(Ratio::from_bps(2_000).get() - taker + 1));
    refused(set(&mut World::in_set_up(), "market.band", beyond), Refusal::Contradiction, "the taker's");
    let mut world = World::in_set_up();
    (world.market.taker_fee, world.market.maker_fee) = (Ratio::ZERO, Ratio::new(maker));
    set(&mut world, "market.band", exactly(maker)).unwrap();
    // A margin on its way down is as low as where it goes; on its way up, as where it is.
    for (from, to) in [(3_000, 1_900), (1_900, 3_000)] {
        let mut world = World::in_set_up();
        world.board.markets[usize::from(MARKET)].mmr = Ramp {
            from: Ratio::from_bps(from).get(),
            to: Ratio::from_bps(to).get(),
            start: NOW,
            end: NOW + RAMP as i64,
        };
        refused(set(&mut world, "market.band", percent(19)), Refusal::Contradiction, "a ramp");
        set(&mut world, "market.band", percent(17)).unwrap();
    }
}

#[test]
fn no_market_promises_keepers_more_than_two_whole_quote() {
    let mut world = World::in_set_up();
    set(&mut world, "market.trigger_reward", Value::Number(2_000_000)).unwrap();
    let mut world = World::in_set_up();
    world.board.header.quote_decimals = 4;
    refused(set(&mut world, "market.trigger_reward", Value::Number(20_001)), Refusal::RewardTooLarge, "more");
    set(&mut world, "market.trigger_reward", Value::Number(20_000)).unwrap();
}

#[test]
fn a_market_is_made_reduce_only_at_once_and_opened_again_after_the_delay_but_not_from_settlement() {
    let row = PARAMETERS.iter().find(|row| row.name == "market.reduce_only").unwrap();
    let state = |world: &World| world.board.markets[usize::from(MARKET)].state;
    let mut world = World::open();
    assert!(matches!(set(&mut world, row.name, Value::Number(1)), Ok(Outcome::Applied(_))));
    assert_eq!(state(&world), MARKET_REDUCE_ONLY);
    let lifted = world.queue(row, Value::Number(0));
    assert_eq!(state(&world), MARKET_REDUCE_ONLY);
    let mut settling = World::open();
    settling.board.markets[usize::from(MARKET)].state = MARKET_SETTLING;
    refused(settling.apply(&lifted, lifted.ready_at), Refusal::MarketClosed, "no way back");
    refused(set(&mut settling, row.name, Value::Number(1)), Refusal::MarketClosed, "nor aside");
    refused(set(&mut settling, "market.imr", percent(41)), Refusal::MarketClosed, "nothing changes");
    assert_eq!(state(&settling), MARKET_SETTLING);
    world.apply(&lifted, lifted.ready_at).unwrap();
    assert_eq!(state(&world), MARKET_OPEN);
}

#[test]
fn funding_until_a_change_of_its_terms_is_paid_at_the_old_ones() {
    let paid = |late_change: bool| {
        let mut world = World::in_set_up();
        let terms = &mut world.board.markets[usize::from(MARKET)];
        (terms.lot_price, terms.shift) = (1 << 20, 0);
        terms.funding_updated_at = NOW;
        let stands = funding::PremiumWindow { since: NOW, premium: 1 << 20, ..Zeroable::zeroed() };
        world.market.premium = stands;
        world.now += 60;
        if late_change {
            set(&mut world, "market.funding_period", Value::Number(3_600)).unwrap();
            set(&mut world, "market.funding_cap", percent(1)).unwrap();
        }
        let period = world.market.funding_period;
        let terms = &mut world.board.markets[usize::from(MARKET)];
        funding::copy(terms, &mut world.market.premium, period, world.now);
        terms.funding
    };
    assert_eq!(paid(true), paid(false));
    assert!(paid(true) > 0);
}

#[test]
fn a_change_of_a_markets_margin_is_felt_at_once_and_only_in_that_market() {
    let mut world = World::in_set_up();
    let feed = &mut world.board.feeds[usize::from(FEED)];
    (feed.price, feed.stable) = (Price::ONE, Price::ONE);
    (feed.validity, feed.publish_time) = (Validity::Valid.code(), NOW);
    set(&mut world, "market.imr", percent(90)).unwrap();
    let [other, changed, ..] = &world.board.markets;
    assert_eq!(changed.initial_ratio, Ratio::from_bps(9_000).max(changed.initial_ratio));
    assert!(changed.valid_until > NOW && other.valid_until == 0);
    set(&mut world, "feed.max_age", Value::Number(77)).unwrap();
    world.board.feeds[usize::from(FEED)].markets = 0b11;
    set(&mut world, "feed.max_age", Value::Number(78)).unwrap();
    assert!(world.board.markets.iter().take(2).all(|terms| terms.valid_until == NOW + 78));
}

#[test]
fn a_contradiction_is_found_when_a_queued_change_is_applied() {
    let mut world = World::open();
    let parameter =
        PARAMETERS.iter().find(|parameter| parameter.name == "bank.asset_weight_initial").unwrap();
    let change = world.queue(parameter, percent(61));
    refused(world.apply(&change, change.ready_at), Refusal::Contradiction, "initial above maintenance");
}

#[test]
fn an_initial_weight_may_follow_a_maintenance_weight_only_as_far_as_its_ramp_has_come() {
    let mut world = World::open();
    let row = |name| PARAMETERS.iter().find(|parameter| parameter.name == name).unwrap();
    let maint = world.queue(row("bank.asset_weight_maint"), percent(70));
    let initial = world.queue(row("bank.asset_weight_initial"), percent(65));
    let ready = maint.ready_at;
    world.apply(&maint, ready).unwrap();
    refused(world.apply(&initial, ready + RAMP as i64 / 4), Refusal::Contradiction, "a quarter of the way");
    let mut world = World::open();
    world.apply(&maint, ready).unwrap();
    world.apply(&initial, ready + RAMP as i64).unwrap();
}

#[test]
fn the_quote_token_always_counts_exactly_one() {
    for name in [
        "asset_weight_initial",
        "asset_weight_maint",
        "liability_weight_initial",
        "liability_weight_maint",
        "scale_start",
    ] {
        let mut world = World::in_set_up();
        let parameter = PARAMETERS.iter().find(|parameter| parameter.name == format!("bank.{name}")).unwrap();
        let value = Value::Number(if name.starts_with("liability") { parameter.most } else { 1 });
        let result = change::propose(parameter, &mut world.target(0), value, NOW);
        refused(result, Refusal::Contradiction, name);
    }
}

#[test]
fn no_scaling_at_all_is_the_loosest_scaling() {
    let scale = Class::LooseningUpZeroIsNone;
    assert!(scale.waits(5, 0) && scale.waits(5, 6));
    assert!(!scale.waits(5, 4) && !scale.waits(0, u64::MAX));
}

#[test]
fn the_guardian_watches_nobody_who_is_itself() {
    for name in ["exchange.guardian", "exchange.risk_council"] {
        let mut world = World::in_set_up();
        let taken =
            if name.ends_with("guardian") { world.exchange.risk_council } else { world.exchange.guardian };
        refused(set(&mut world, name, Value::Address(taken)), Refusal::RolesCollide, name);
    }
    let mut world = World::in_set_up();
    let admin = Value::Address(world.exchange.admin);
    refused(set(&mut world, "exchange.guardian", admin), Refusal::RolesCollide, "guardian as admin");
}

#[test]
fn only_the_admin_touches_roles_sources_and_delays() {
    let world = World::open();
    let [admin, council, guardian, stranger] =
        [world.exchange.admin, world.exchange.risk_council, world.exchange.guardian, Address([77; 32])]
            .map(|key| Pubkey::from(key.0));
    for parameter in PARAMETERS {
        assert!(world.exchange.require_proposer(&admin, parameter).is_ok(), "{}", parameter.name);
        let by_council = world.exchange.require_proposer(&council, parameter).is_ok();
        assert_eq!(
            by_council,
            parameter.scope != Scope::Exchange && !parameter.unit.is_address(),
            "{}",
            parameter.name
        );
        for nobody in [&guardian, &stranger] {
            assert!(world.exchange.require_proposer(nobody, parameter).is_err(), "{}", parameter.name);
        }
    }
}

#[test]
fn the_guardian_can_veto_everything_but_its_own_removal() {
    for (parameter, value, _) in steps().into_iter().filter(|(_, _, loosens)| *loosens) {
        let change = World::open().queue(parameter, value);
        assert_eq!(
            change.require_vetoable().is_ok(),
            parameter.name != "exchange.guardian",
            "{}",
            parameter.name
        );
    }
}

#[test]
fn interest_until_a_change_of_the_curve_is_paid_at_the_old_rate() {
    let grown = |late_change: bool| {
        let mut world = World::in_set_up();
        world.bank.deposit_shares = plimsoll_risk::num::Shares::new(2_000_000_000);
        world.bank.borrow_shares = plimsoll_risk::num::Shares::new(1_000_000_000);
        world.bank.observe_rate().unwrap();
        world.now += 3_600;
        if late_change {
            set(&mut world, "bank.rate3", percent(300)).unwrap();
            set(&mut world, "bank.rate2", percent(290)).unwrap();
            set(&mut world, "bank.rate1", percent(280)).unwrap();
            assert!(world.bank.borrow_rate >= Ratio::from_bps(28_000), "the new rate is observed at once");
        }
        world.bank.accrue(world.now).unwrap();
        Index::from(world.bank.borrow_index)
    };
    assert_eq!(grown(true), grown(false));
    assert!(grown(true) > Index::ONE);
}
