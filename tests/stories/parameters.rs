//! The table of parameters, row by row: bounds, who may propose, what waits and what does not.

mod danger;
mod markets;

use harness::{Failure, World, amounts::*, keys, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    governance::{PARAMETERS, Parameter, Place, Scope, Target, Unit, Value},
};
use plimsoll_client::{
    addresses::pending_change,
    events::Event,
    instructions::governance::{Proposal, Queued, number},
};

/// Terms in the middle of their bounds, so that most can move either way.
fn world() -> World {
    let mut world = World::with_markets_before_opening(&[SOL_PERP, BTC_PERP]);
    for (name, value) in
        [("bank.hour_limit", percent(20)), ("bank.day_limit", percent(40)), ("bank.rate0", bps(10))]
    {
        world.sets(name, SOL, value);
    }
    for (name, value) in [
        ("market.maker_rebate", 0),
        ("market.oi_lower", usdc(5_000_000)),
        ("market.oi_upper", usdc(40_000_000)),
        ("market.breaker_move", percent(10)),
    ] {
        world.sets_in_market(name, SOL_PERP, value);
    }
    world.sets_for_all("board.heartbeat_gap", 300);
    world.opens()
}

/// The value in force; of a ramp, where it goes.
fn value_of(world: &World, row: &Parameter) -> Value {
    let mut exchange = world.exchange_account();
    let mut board = Box::new(*world.board());
    let (mut bank, mut market) = (world.bank(SOL), world.market(SOL_PERP));
    let mut target = Target {
        exchange: &mut exchange,
        board: &mut board,
        bank: Some(&mut bank),
        market: Some(&mut market),
        index: target_of(world, row),
    };
    row.read(&mut target).expect("a value")
}

fn target_of(world: &World, row: &Parameter) -> u8 {
    match row.scope {
        Scope::Exchange | Scope::Board => 0,
        Scope::Bank | Scope::BankTerms => world.place_of(SOL),
        Scope::Feed => world.feed_of(SOL),
        Scope::Market => world.market_of(SOL_PERP).index,
    }
}

fn proposal(world: &World, row: &Parameter, value: [u8; 32]) -> Proposal {
    let bank = (row.scope == Scope::Bank).then(|| world.bank_of(SOL).bank);
    let market = (row.scope == Scope::Market).then(|| world.market_of(SOL_PERP).market);
    Proposal { parameter: row.id, target: target_of(world, row), bank, market, value }
}

/// Proposes in somebody's name; what is queued, if anything is.
fn proposes(world: &mut World, who: &str, row: &Parameter, value: [u8; 32]) -> Option<Queued> {
    let proposal = proposal(world, row, value);
    world.governor(who).sends(&proposal)
}

fn is_refused(world: &mut World, who: &str, row: &Parameter, value: [u8; 32], reason: impl Into<Failure>) {
    let proposal = proposal(world, row, value);
    world.governor(who).refused(reason).sends(&proposal);
}

/// Numbers next to the one in force, within bounds: one up, one down, where there are such.
fn neighbours(row: &Parameter, old: u64) -> Vec<u64> {
    let up = old.checked_add(1).map(|up| up.max(row.least)).filter(|up| *up <= row.most);
    let down = old.checked_sub(1).map(|down| down.min(row.most)).filter(|down| *down >= row.least);
    up.into_iter().chain(down).collect()
}

fn numbers() -> impl Iterator<Item = &'static Parameter> {
    PARAMETERS.iter().filter(|row| !row.unit.is_address())
}

#[test]
fn every_number_is_kept_within_its_bounds() {
    let world = world();
    for row in numbers() {
        let beyond = [row.least.checked_sub(1), row.most.checked_add(1)];
        for value in beyond.into_iter().flatten() {
            is_refused(&mut world.clone(), "admin", row, number(value), Refusal::OutOfBounds);
        }
        let mut tail = number(row.least);
        tail[8] = 1;
        is_refused(&mut world.clone(), "admin", row, tail, Refusal::OutOfBounds);
    }
}

#[test]
fn every_change_that_loosens_waits_and_every_change_that_tightens_does_not() {
    let world = world();
    for row in numbers() {
        let Value::Number(old) = value_of(&world, row) else { panic!("{} is a number", row.name) };
        for new in neighbours(row, old) {
            let mut world = world.clone();
            let queued = proposes(&mut world, "admin", row, number(new));
            assert_eq!(queued.is_some(), row.class.waits(old, new), "{} from {old} to {new}", row.name);
            let now = value_of(&world, row);
            match queued {
                None => assert_eq!(now, Value::Number(new), "{}", row.name),
                Some(queued) => waits_its_time(&mut world, row, &queued, (old, new)),
            }
        }
    }
}

/// Nothing happens before the delay has passed; then the value is the one proposed.
fn waits_its_time(world: &mut World, row: &Parameter, queued: &Queued, (old, new): (u64, u64)) {
    assert_eq!(value_of(world, row), Value::Number(old), "{}", row.name);
    world.passes(days(2) - 1);
    world.governor("anyone").refused(Refusal::NotReady).applies(queued);
    world.passes(1);
    let told = world.governor("anyone").applies(queued);
    let Event::ParameterChanged(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.parameter, event.old_value, event.new_value), (row.id, number(old), number(new)));
    assert_eq!(value_of(world, row), Value::Number(new), "{}", row.name);
    assert!(world.change(&queued.change).is_none(), "its account is closed");
}

#[test]
fn every_ramp_starts_from_the_present_value_and_arrives_after_its_time() {
    let world = world();
    for row in numbers().filter(|row| row.is_ramped()) {
        let Value::Number(old) = value_of(&world, row) else { panic!("{} is a number", row.name) };
        for new in neighbours(row, old) {
            let mut world = world.clone();
            if let Some(queued) = proposes(&mut world, "admin", row, number(new)) {
                world.passes(days(2));
                world.governor("anyone").applies(&queued);
            }
            let (start, ramp) = (world.now(), ramp_of(&world, row));
            assert_eq!(u64::from(ramp.value(start)), old, "{} jumps", row.name);
            assert_eq!(u64::from(ramp.value(start + hours(24))), new, "{} is late", row.name);
        }
    }
}

fn ramp_of(world: &World, row: &Parameter) -> plimsoll_risk::ramp::Ramp {
    let mut exchange = world.exchange_account();
    let mut board = Box::new(*world.board());
    let (mut bank, mut market) = (world.bank(SOL), world.market(SOL_PERP));
    let mut target = Target {
        exchange: &mut exchange,
        board: &mut board,
        bank: Some(&mut bank),
        market: Some(&mut market),
        index: target_of(world, row),
    };
    let Place::Ramp(find) = row.place else { panic!("{} is no ramp", row.name) };
    *find(&mut target).expect("a ramp")
}

#[test]
fn only_governors_propose_and_the_council_only_numbers_of_the_market() {
    let world = world();
    for row in PARAMETERS {
        let value = match value_of(&world, row) {
            Value::Number(old) => number(neighbours(row, old)[0]),
            Value::Address(_) => keys::bytes("somebody new"),
        };
        let reason = if row.is_for_admin_only() { Refusal::NotTheAdmin } else { Refusal::NotAGovernor };
        for who in ["stranger", "guardian", "fee collector"] {
            is_refused(&mut world.clone(), who, row, value, reason);
        }
        let mut world = world.clone();
        match row.is_for_admin_only() {
            true => is_refused(&mut world, "risk council", row, value, Refusal::NotTheAdmin),
            false => drop(proposes(&mut world, "risk council", row, value)),
        }
    }
}

#[test]
fn a_change_to_what_is_already_so_is_refused() {
    let world = world();
    for row in PARAMETERS.iter().filter(|row| !row.name.starts_with("portfolio.")) {
        let value = value_of(&world, row).to_bytes();
        is_refused(&mut world.clone(), "admin", row, value, Refusal::NoChange);
    }
}

#[test]
fn every_address_waits_and_some_may_not_be_nobody() {
    let world = world();
    for row in PARAMETERS.iter().filter(|row| row.unit.is_address()) {
        let mut world = world.clone();
        let new = keys::bytes("somebody new");
        let queued = proposes(&mut world, "admin", row, new).expect("waits");
        world.passes(days(2));
        world.governor("anyone").applies(&queued);
        assert_eq!(value_of(&world, row).to_bytes(), new, "{}", row.name);
        match row.unit {
            Unit::OptionalAddress => assert!(proposes(&mut world, "admin", row, [0; 32]).is_some()),
            _ => is_refused(&mut world, "admin", row, [0; 32], Refusal::OutOfBounds),
        }
    }
}

#[test]
fn no_row_reaches_beyond_its_target() {
    let world = world();
    for row in PARAMETERS {
        let value = match value_of(&world, row) {
            Value::Number(old) => number(neighbours(row, old)[0]),
            Value::Address(_) => keys::bytes("somebody new"),
        };
        let mut proposal = proposal(&world, row, value);
        proposal.target = 200;
        let reason = match row.scope {
            Scope::Exchange | Scope::Board => Refusal::UnknownTarget,
            Scope::Bank | Scope::BankTerms => Refusal::UnknownBank,
            Scope::Feed => Refusal::UnknownFeed,
            Scope::Market => Refusal::UnknownMarket,
        };
        world.clone().admin().refused(reason).sends(&proposal);
    }
}

#[test]
fn a_parameter_of_a_bank_or_a_market_needs_that_ones_account() {
    let mut world = world();
    let row = plimsoll_client::instructions::governance::parameter("bank.deposit_cap").expect("a parameter");
    let right = proposal(&world, row, number(1));
    world.admin().refused(Refusal::MissingBank).sends(&Proposal { bank: None, ..right });
    let other = world.bank_of(BTC).bank;
    world.admin().refused(Refusal::UnknownBank).sends(&Proposal { bank: Some(other), ..right });
    world
        .admin()
        .refused(Refusal::UnknownParameter)
        .sends(&Proposal { parameter: PARAMETERS.len() as u16, ..right });
    let row = plimsoll_client::instructions::governance::parameter("market.band").expect("a parameter");
    let right = proposal(&world, row, number(bps(100)));
    world.admin().refused(Refusal::MissingMarket).sends(&Proposal { market: None, ..right });
    let other = world.market_of(BTC_PERP).market;
    world.admin().refused(Refusal::UnknownMarket).sends(&Proposal { market: Some(other), ..right });
    let next = pending_change(&world.exchange.exchange, 7).address();
    assert!(world.change(&next).is_none());
}
