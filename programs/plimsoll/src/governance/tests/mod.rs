//! Every rule over every row of the table: a parameter added later is tested by being in it.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod completeness;
mod each_parameter;
mod together;

use super::*;
use crate::{
    errors::Refusal,
    state::{Bank, Exchange, Market, PendingChange, RiskBoard, exchange::PHASE_OPEN},
};
use anchor_lang::prelude::*;
use bytemuck::Zeroable;
use plimsoll_risk::{
    layout::{Key as Address, bank::NO_FEED},
    num::{Index, Ratio},
    ramp::Ramp,
};

const NOW: i64 = 1_800_000_000;
const TIMELOCK: u64 = 2 * 86_400;
const RAMP: u64 = 86_400;
/// The quote token's bank is 0; parameters are tried on these.
const BANK: u8 = 1;
const FEED: u8 = 1;
const MARKET: u8 = 1;

/// The accounts of an exchange, without a chain.
struct World {
    exchange: Exchange,
    board: Box<RiskBoard>,
    bank: Bank,
    market: Market,
    now: i64,
}

impl World {
    /// In set-up, every parameter in the middle of its bounds or at its [`usual`] value.
    fn in_set_up() -> Self {
        let mut world = Self {
            exchange: Zeroable::zeroed(),
            board: Box::new(Zeroable::zeroed()),
            bank: Zeroable::zeroed(),
            market: Zeroable::zeroed(),
            now: NOW,
        };
        world.exchange.admin = Address([200; 32]);
        world.board.header.bank_count = 2;
        world.board.header.feed_count = 2;
        world.board.header.market_count = 2;
        world.board.header.quote_decimals = 6;
        world.bank.accrued_at = NOW;
        world.bank.deposit_index = Index::ONE.into();
        world.bank.borrow_index = Index::ONE.into();
        for (terms, feed) in world.board.banks.iter_mut().zip([NO_FEED, FEED]) {
            terms.feed = feed;
            terms.deposit_index = Index::ONE.into();
            terms.borrow_index = Index::ONE.into();
            terms.asset_weight_initial = Ratio::ONE;
            terms.liability_weight_initial = Ratio::ONE;
            terms.asset_weight_maint = Ramp::constant(Ratio::ONE.get());
            terms.liability_weight_maint = Ramp::constant(Ratio::ONE.get());
        }
        for parameter in PARAMETERS {
            let value = usual(parameter);
            parameter.write(&mut world.target(target_of(parameter)), value, NOW, 0).unwrap();
        }
        for terms in &mut world.board.markets {
            (terms.feed, terms.lots_per_unit, terms.funding_updated_at) = (FEED, 100, NOW);
        }
        world.board.markets[0] = world.board.markets[usize::from(MARKET)];
        world
    }

    fn open() -> Self {
        let mut world = Self::in_set_up();
        world.exchange.phase = PHASE_OPEN;
        world
    }

    fn target(&mut self, index: u8) -> Target<'_> {
        Target {
            exchange: &mut self.exchange,
            board: &mut self.board,
            bank: Some(&mut self.bank),
            market: Some(&mut self.market),
            index,
        }
    }

    fn read(&mut self, parameter: &Parameter) -> Value {
        parameter.read(&mut self.target(target_of(parameter))).unwrap()
    }

    /// Proposes as the instruction does, bounds first.
    fn propose(&mut self, parameter: &Parameter, value: Value) -> Result<Outcome> {
        let value = parameter.value(&value.to_bytes())?;
        let now = self.now;
        change::propose(parameter, &mut self.target(target_of(parameter)), value, now)
    }

    fn queue(&mut self, parameter: &Parameter, value: Value) -> PendingChange {
        let Outcome::Waits(old) = self.propose(parameter, value).unwrap() else {
            panic!("{} did not wait", parameter.name)
        };
        let values = [old.to_bytes(), value.to_bytes()];
        self.exchange.queue(parameter.id, target_of(parameter), values, self.now).unwrap()
    }

    fn apply(&mut self, change: &PendingChange, at: i64) -> Result<()> {
        self.now = at;
        change::apply(change, &mut self.target(change.target), at)
    }

    fn ramp(&mut self, parameter: &Parameter) -> Ramp {
        let Place::Ramp(find) = parameter.place else { panic!("{} has no ramp", parameter.name) };
        *find(&mut self.target(target_of(parameter))).unwrap()
    }
}

fn target_of(parameter: &Parameter) -> u8 {
    match parameter.scope {
        Scope::Exchange | Scope::Board => 0,
        Scope::BankTerms | Scope::Bank => BANK,
        Scope::Feed => FEED,
        Scope::Market => MARKET,
    }
}

fn percent(percent: u32) -> Value {
    Value::Number(Ratio::from_bps(percent * 100).get().into())
}

/// A value that leaves room for a step either way: the middle, but where neighbours would contradict each other.
fn usual(parameter: &Parameter) -> Value {
    match parameter.name {
        "exchange.timelock_seconds" => Value::Number(TIMELOCK),
        "exchange.ramp_seconds" => Value::Number(RAMP),
        "bank.asset_weight_initial" => percent(50),
        "bank.asset_weight_maint" => percent(60),
        "bank.liability_weight_maint" => percent(140),
        "bank.liability_weight_initial" => percent(200),
        "bank.hour_limit" => percent(10),
        "bank.day_limit" => percent(25),
        "bank.kink1" => percent(50),
        "bank.kink2" => percent(80),
        "bank.rate0" => percent(1),
        "bank.rate1" => percent(5),
        "bank.rate2" => percent(10),
        "bank.rate3" => percent(100),
        "market.imr" => percent(40),
        "market.mmr" => percent(20),
        "market.imf" => Value::Number(1 << 31),
        "market.imf_maint" => Value::Number(1 << 30),
        "market.oi_lower" => Value::Number(5_000_000_000_000),
        "market.oi_upper" => Value::Number(40_000_000_000_000),
        "market.taker_fee" => percent(1),
        "market.maker_fee" | "market.maker_rebate" => percent(0),
        "market.band" => percent(10),
        _ if parameter.unit.is_address() => Value::Address(Address([parameter.id as u8 + 1; 32])),
        _ => Value::Number(parameter.least + (parameter.most - parameter.least) / 2),
    }
}

/// Another allowed value: `up` or down by one, another address.
fn step(parameter: &Parameter, from: Value, up: bool) -> Option<Value> {
    match from {
        Value::Address(_) => Some(Value::Address(Address([if up { 250 } else { 251 }; 32]))),
        Value::Number(number) => {
            let next = if up { number.checked_add(1) } else { number.checked_sub(1) }?;
            (parameter.least..=parameter.most).contains(&next).then_some(Value::Number(next))
        }
    }
}

/// Every allowed step of every parameter from its usual value, with whether it has to wait.
///
/// Spelled out by class, not asked of the code under test.
fn steps() -> Vec<(&'static Parameter, Value, bool)> {
    let mut steps = Vec::new();
    for parameter in PARAMETERS {
        let before = steps.len();
        for up in [false, true] {
            let Some(value) = step(parameter, usual(parameter), up) else { continue };
            let loosens = match parameter.class {
                Class::LooseningUp | Class::LooseningUpZeroIsNone => up,
                Class::LooseningDown => !up,
                Class::TwoWay => true,
            };
            steps.push((parameter, value, loosens));
        }
        assert!(steps.len() > before, "{} cannot change", parameter.name);
    }
    steps
}

#[track_caller]
fn refused<T: core::fmt::Debug>(result: Result<T>, refusal: Refusal, what: &str) {
    assert_eq!(result.expect_err(what), Error::from(refusal), "{what}");
}

fn set(world: &mut World, name: &str, value: Value) -> Result<Outcome> {
    let parameter = PARAMETERS.iter().find(|parameter| parameter.name == name).expect(name);
    world.propose(parameter, value)
}
