//! What parameters may not be together, and who may touch which.

use super::*;

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
