//! What DESIGN §9 promises of every parameter.

use super::*;

#[test]
fn loosening_waits_and_before_its_delay_it_is_refused() {
    for (parameter, value, _) in steps().into_iter().filter(|(_, _, loosens)| *loosens) {
        let mut world = World::open();
        let old = world.read(parameter);
        let change = world.queue(parameter, value);
        assert_eq!(world.read(parameter), old, "{} moved when it was queued", parameter.name);
        let ready = NOW + TIMELOCK as i64;
        refused(world.apply(&change, ready - 1), Refusal::NotReady, parameter.name);
        assert_eq!(world.read(parameter), old, "{} moved too early", parameter.name);
        world.apply(&change, ready).unwrap();
        assert_eq!(world.read(parameter), value, "{} did not move", parameter.name);
    }
}

#[test]
fn tightening_applies_at_once() {
    for (parameter, value, _) in steps().into_iter().filter(|(_, _, loosens)| !*loosens) {
        let mut world = World::open();
        let old = world.read(parameter);
        assert_eq!(world.propose(parameter, value).unwrap(), Outcome::Applied(old), "{}", parameter.name);
        assert_eq!(world.read(parameter), value, "{}", parameter.name);
    }
}

#[test]
fn two_way_waits_in_both_directions() {
    for parameter in PARAMETERS.iter().filter(|parameter| parameter.class == Class::TwoWay) {
        for up in [false, true] {
            let mut world = World::open();
            let Some(value) = step(parameter, usual(parameter), up) else { continue };
            assert!(matches!(world.propose(parameter, value), Ok(Outcome::Waits(_))), "{}", parameter.name);
        }
    }
}

#[test]
fn out_of_bounds_fails_in_set_up_and_after() {
    for parameter in PARAMETERS {
        for mut world in [World::in_set_up(), World::open()] {
            if parameter.unit == Unit::Address {
                let nobody = Value::Address(Address::NONE);
                refused(world.propose(parameter, nobody), Refusal::OutOfBounds, parameter.name);
            }
            if parameter.unit.is_address() {
                continue;
            }
            let outside = [parameter.least.checked_sub(1), parameter.most.checked_add(1)];
            for value in outside.into_iter().flatten().chain((parameter.most < u64::MAX).then_some(u64::MAX))
            {
                refused(world.propose(parameter, Value::Number(value)), Refusal::OutOfBounds, parameter.name);
            }
            let mut long = usual(parameter).to_bytes();
            long[31] = 1;
            refused(parameter.value(&long), Refusal::OutOfBounds, parameter.name);
        }
    }
}

#[test]
fn both_bounds_themselves_can_be_stored() {
    for parameter in PARAMETERS.iter().filter(|parameter| !parameter.unit.is_address()) {
        for bound in [parameter.least, parameter.most].map(Value::Number) {
            let mut world = World::in_set_up();
            parameter.write(&mut world.target(target_of(parameter)), bound, NOW, 0).unwrap();
            assert_eq!(world.read(parameter), bound, "{}", parameter.name);
        }
    }
}

#[test]
fn during_set_up_everything_applies_at_once_and_in_full() {
    for (parameter, value, _) in steps() {
        let mut world = World::in_set_up();
        assert!(matches!(world.propose(parameter, value), Ok(Outcome::Applied(_))), "{}", parameter.name);
        if let (true, Value::Number(number)) = (parameter.is_ramped(), value) {
            assert_eq!(u64::from(world.ramp(parameter).value(NOW)), number, "{}", parameter.name);
        }
    }
}

#[test]
fn ramps_ramp_from_the_present_value_and_arrive() {
    for (parameter, value, waits) in steps().into_iter().filter(|(parameter, ..)| parameter.is_ramped()) {
        let mut world = World::open();
        let before = world.ramp(parameter).value(NOW);
        if waits {
            let change = world.queue(parameter, value);
            world.apply(&change, change.ready_at).unwrap();
        } else {
            world.propose(parameter, value).unwrap();
        }
        let (start, ramp) = (world.now, world.ramp(parameter));
        assert_eq!(ramp.value(start), before, "{} jumped", parameter.name);
        let Value::Number(number) = value else { panic!() };
        assert_ne!(
            u64::from(ramp.value(start + RAMP as i64 - 1)),
            number,
            "{} arrived early",
            parameter.name
        );
        assert_eq!(u64::from(ramp.value(start + RAMP as i64)), number, "{} did not arrive", parameter.name);
    }
}

#[test]
fn a_new_target_in_the_middle_of_a_ramp_neither_jumps_nor_escapes_its_class() {
    for parameter in
        PARAMETERS.iter().filter(|parameter| parameter.is_ramped() && parameter.class != Class::TwoWay)
    {
        let mut world = World::open();
        let up = parameter.class == Class::LooseningDown;
        let Value::Number(from) = usual(parameter) else { panic!() };
        // Room of a thousandth; for weights that is far from the next contradiction.
        let further = |steps: u64| if up { from + steps * 1_000_000 } else { from - steps * 1_000_000 };
        world.propose(parameter, Value::Number(further(2))).unwrap();
        world.now += RAMP as i64 / 2;
        let present = world.ramp(parameter).value(world.now);
        let back = world.propose(parameter, Value::Number(further(1)));
        assert!(matches!(back, Ok(Outcome::Waits(_))), "{}: back to where it is, but looser", parameter.name);
        world.propose(parameter, Value::Number(further(3))).unwrap();
        assert_eq!(world.ramp(parameter).value(world.now), present, "{} jumped", parameter.name);
    }
}

#[test]
fn a_change_dies_when_it_expires_or_when_the_parameter_moved() {
    for (parameter, value, _) in steps().into_iter().filter(|(_, _, loosens)| *loosens) {
        let mut world = World::open();
        let change = world.queue(parameter, value);
        let ready = change.ready_at;
        refused(world.apply(&change, ready + CHANGE_LIFETIME), Refusal::ChangeExpired, parameter.name);
        let moved = PendingChange { old_value: value.to_bytes(), ..change };
        refused(world.apply(&moved, ready), Refusal::ParameterMoved, parameter.name);
        world.apply(&change, ready + CHANGE_LIFETIME - 1).unwrap();
    }
}

#[test]
fn a_change_to_the_same_value_is_refused() {
    for parameter in PARAMETERS {
        let mut world = World::open();
        refused(world.propose(parameter, usual(parameter)), Refusal::NoChange, parameter.name);
    }
}

#[test]
fn a_change_needs_its_target() {
    for parameter in PARAMETERS {
        let mut world = World::open();
        let Value::Number(_) = usual(parameter) else { continue };
        let value =
            step(parameter, usual(parameter), true).or(step(parameter, usual(parameter), false)).unwrap();
        let mut target = world.target(9);
        (target.bank, target.market) = (None, None);
        let refusal = match parameter.scope {
            Scope::Exchange | Scope::Board => Refusal::UnknownTarget,
            Scope::BankTerms => Refusal::UnknownBank,
            Scope::Bank => Refusal::MissingBank,
            Scope::Feed => Refusal::UnknownFeed,
            Scope::Market => Refusal::MissingMarket,
        };
        refused(change::propose(parameter, &mut target, value, NOW), refusal, parameter.name);
    }
    refused(
        Parameter::by_id(PARAMETERS.len() as u16).map(|row| row.id),
        Refusal::UnknownParameter,
        "beyond the table",
    );
}
