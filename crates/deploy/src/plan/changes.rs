//! Which parameters differ, and in which order the program accepts the changes.
//!
//! Values that contradict each other are refused at every single change, so a pair that moves together has one order that
//! works. It is found by asking the program's own rules on copies of its accounts, not by rules repeated here.

use super::{Change, Effect, Later, Plan, Step, Waiting};
use crate::{
    Fault, Manifest, State,
    manifest::Setting,
    value::{self, Units},
};
use anchor_lang::error::Error;
use plimsoll::{
    governance::{Outcome, Parameter, Scope, Target, Value, change},
    state::{Bank, Exchange, Market, PendingChange, RiskBoard, exchange::PHASE_SET_UP},
};
use plimsoll_client::instructions::governance::{Proposal, Queued, parameter};
use plimsoll_risk::layout::Key;

/// A value that the manifest wants for something.
#[derive(Clone)]
struct Wanted {
    subject: String,
    target: u8,
    setting: Setting,
    units: Units,
    /// Whether what it belongs to is on the chain.
    is_there: bool,
    /// The queued change to it, if its time has come.
    ready: Option<Box<(PendingChange, Waiting)>>,
}

/// Copies of the program's accounts, on which changes are tried.
#[derive(Clone)]
struct Trial {
    exchange: Box<Exchange>,
    board: Box<RiskBoard>,
    banks: Vec<Bank>,
    markets: Vec<Market>,
}

impl Trial {
    fn of(state: &State) -> Option<Self> {
        Some(Self {
            exchange: state.exchange.clone()?,
            board: Box::new(*state.board()?),
            banks: state.banks.iter().map(|(_, bank)| *bank).collect(),
            markets: state.markets.iter().map(|listed| listed.market).collect(),
        })
    }

    fn target(&mut self, wanted: &Wanted) -> Target<'_> {
        let (scope, index) = (wanted.setting.parameter.scope, wanted.target);
        Target {
            exchange: &mut self.exchange,
            board: &mut self.board,
            bank: self.banks.get_mut(usize::from(index)).filter(|_| scope == Scope::Bank),
            market: self.markets.get_mut(usize::from(index)).filter(|_| scope == Scope::Market),
            index,
        }
    }
}

/// Adds to a plan what differs.
///
/// # Errors
/// [`Fault::Refused`] where the wanted values contradict each other.
pub fn find(manifest: &Manifest, state: &State, plan: &mut Plan) -> Result<(), Fault> {
    let (mut open, mut waits) = (Vec::new(), Vec::new());
    let mut trial = Trial::of(state);
    for wanted in all(manifest, state) {
        let Some(trial) = trial.as_mut().filter(|_| wanted.is_there) else {
            let Wanted { subject, setting: Setting { parameter, value, .. }, units, .. } = wanted;
            plan.later.push(Later { subject, parameter, told: value::show(parameter, value, &units) });
            continue;
        };
        let parameter = wanted.setting.parameter;
        let old = parameter.read(&mut trial.target(&wanted)).map_err(|error| refused(&wanted, &error))?;
        if old == wanted.setting.value {
            continue;
        }
        let pending = pending(state, &wanted, old);
        if let Some((_, waiting)) = pending.as_ref().filter(|(change, _)| state.now < change.ready_at) {
            plan.waiting.push(waiting.clone());
            waits.push(wanted);
        } else {
            open.push(Wanted { ready: pending.map(Box::new), ..wanted });
        }
    }
    match trial {
        Some(trial) => order(state, trial, open, waits, plan),
        None => Ok(()),
    }
}

/// Puts changes into an order in which each is accepted. What is refused now and not for good follows later: when queued
/// changes are applied, or when ramps have arrived.
fn order(
    state: &State,
    trial: Trial,
    open: Vec<Wanted>,
    waits: Vec<Wanted>,
    plan: &mut Plan,
) -> Result<(), Fault> {
    require_agreement(state, trial.clone(), open.iter().chain(&waits).cloned().collect())?;
    let (steps, held) = accepted(trial, open, &mut |trial, wanted| attempt(state, trial, wanted));
    plan.steps.extend(steps);
    plan.notes.extend(held.iter().map(|(wanted, _)| {
        let parameter = wanted.setting.parameter;
        let told = value::show(parameter, wanted.setting.value, &wanted.units);
        let subject = &wanted.subject;
        format!(
            "{subject} {}: {told} follows later: now it would contradict values that still have to move",
            parameter.name
        )
    }));
    Ok(())
}

/// That all values together will be accepted some day: when every queued change is applied and every ramp has arrived.
///
/// # Errors
/// [`Fault::Refused`], naming one that contradicts others.
fn require_agreement(state: &State, mut trial: Trial, all: Vec<Wanted>) -> Result<(), Fault> {
    let ramps = i64::try_from(trial.exchange.ramp_seconds).unwrap_or(i64::MAX);
    let some_day = if state.is_open() { state.now.saturating_add(ramps) } else { state.now };
    trial.exchange.phase = PHASE_SET_UP; // nothing waits, nothing ramps
    let (_, stuck) = accepted(trial, all, &mut |trial, wanted| {
        let Setting { parameter, value, .. } = wanted.setting;
        change::propose(parameter, &mut trial.target(wanted), value, some_day)
    });
    stuck.first().map_or(Ok(()), |(wanted, error)| Err(refused(wanted, error)))
}

/// Again and again the first that is accepted; a refused one leaves the copies as they are. Returns what became of those
/// that were accepted, in their order, and the others with the reason.
fn accepted<T>(
    mut trial: Trial,
    mut open: Vec<Wanted>,
    rule: &mut dyn FnMut(&mut Trial, &Wanted) -> Result<T, Error>,
) -> (Vec<T>, Vec<(Wanted, Error)>) {
    let mut done = Vec::new();
    loop {
        let before = open.len();
        let mut refused = Vec::new();
        for wanted in open {
            let mut after = trial.clone();
            match rule(&mut after, &wanted) {
                Ok(outcome) => {
                    trial = after;
                    done.push(outcome);
                }
                Err(error) => refused.push((wanted, error)),
            }
        }
        if refused.is_empty() || refused.len() == before {
            return (done, refused);
        }
        open = refused.into_iter().map(|(wanted, _)| wanted).collect();
    }
}

/// One change on the copies.
fn attempt(state: &State, trial: &mut Trial, wanted: &Wanted) -> Result<Step, Error> {
    let Setting { parameter, value, .. } = wanted.setting;
    if let Some((change, waiting)) = wanted.ready.as_deref() {
        change::apply(change, &mut trial.target(wanted), state.now)?;
        return Ok(Step::ApplyQueued(Box::new(waiting.clone())));
    }
    let outcome = change::propose(parameter, &mut trial.target(wanted), value, state.now)?;
    let (old, effect) = match outcome {
        Outcome::Applied(old) if state.is_open() => (old, Effect::AtOnce),
        Outcome::Applied(old) => (old, Effect::SetUp),
        Outcome::Waits(old) => {
            let delay = i64::try_from(trial.exchange.timelock_seconds).unwrap_or(i64::MAX);
            (old, Effect::From(state.now.saturating_add(delay)))
        }
    };
    let (bank, market) = accounts(state, wanted);
    let proposal =
        Proposal { parameter: parameter.id, target: wanted.target, bank, market, value: value.to_bytes() };
    let told = [old, value].map(|it| value::show(parameter, it, &wanted.units));
    Ok(Step::Change(Box::new(Change {
        parameter,
        subject: wanted.subject.clone(),
        old,
        new: value,
        told,
        effect,
        proposal,
    })))
}

/// The accounts that a change has to name beside exchange and board.
fn accounts(
    state: &State,
    wanted: &Wanted,
) -> (Option<solana_pubkey::Pubkey>, Option<solana_pubkey::Pubkey>) {
    let place = usize::from(wanted.target);
    match wanted.setting.parameter.scope {
        Scope::Bank => (state.banks.get(place).map(|(address, _)| *address), None),
        Scope::Market => (None, state.markets.get(place).map(|listed| listed.addresses.market)),
        _ => (None, None),
    }
}

/// A queued change from the value in force to the wanted one that is still alive.
fn pending(state: &State, wanted: &Wanted, old: Value) -> Option<(PendingChange, Waiting)> {
    let Setting { parameter, value, .. } = wanted.setting;
    let lives = |change: &PendingChange| {
        (change.parameter, change.target) == (parameter.id, wanted.target)
            && (change.old_value, change.new_value) == (old.to_bytes(), value.to_bytes())
            && state.now < change.expires_at
    };
    let (address, change) = state.pending.iter().find(|(_, change)| lives(change))?;
    let (bank, market) = accounts(state, wanted);
    let waiting = Waiting {
        subject: wanted.subject.clone(),
        parameter,
        told: [old, value].map(|it| value::show(parameter, it, &wanted.units)),
        number: change.number,
        ready_at: change.ready_at,
        expires_at: change.expires_at,
        queued: Queued { change: *address, proposer: change.proposer.0.into(), bank, market },
    };
    Some((*change, waiting))
}

fn refused(wanted: &Wanted, error: &Error) -> Fault {
    let why = match error {
        Error::AnchorError(error) => format!("{}: {}", error.error_name, error.error_msg),
        Error::ProgramError(error) => error.program_error.to_string(),
    };
    let Setting { parameter, value, place } = &wanted.setting;
    let told = value::show(parameter, *value, &wanted.units);
    Fault::Refused(format!(
        "{place}: {} {}: {told}: the program would refuse: {why}",
        wanted.subject, parameter.name
    ))
}

/// Every value that the manifest names, in the order of the manifest. The exchange's and the board's own come when the
/// quote token has its bank, which sets some of them.
fn all(manifest: &Manifest, state: &State) -> Vec<Wanted> {
    let mut all = Vec::new();
    let mut add = |subject: &str, place: usize, units: Units, is_there: bool, settings: Vec<Setting>| {
        let target = u8::try_from(place).unwrap_or(u8::MAX);
        all.extend(settings.into_iter().map(|setting| Wanted {
            subject: subject.to_owned(),
            target,
            setting,
            units: units.clone(),
            is_there,
            ready: None,
        }));
    };
    let is_set = !state.banks.is_empty();
    if is_set {
        add("exchange", 0, manifest.units(), true, roles(manifest));
    }
    for setting in &manifest.settings {
        let subject = if setting.parameter.scope == Scope::Exchange { "exchange" } else { "board" };
        add(subject, 0, manifest.units(), is_set, vec![setting.clone()]);
    }
    for (place, feed) in manifest.feeds.iter().enumerate() {
        let is_there = place < state.feeds();
        if is_there {
            let ids = [
                setting("feed.pyth_feed_id", Value::Address(Key(feed.pyth))),
                setting("feed.switchboard", Value::Address(Key(feed.switchboard.to_bytes()))),
            ];
            add(&feed.name, place, manifest.units(), true, ids.into_iter().flatten().collect());
        }
        add(&feed.name, place, manifest.units(), is_there, feed.settings.clone());
    }
    for (place, bank) in manifest.banks.iter().enumerate() {
        add(&bank.name, place, manifest.bank_units(bank), place < state.banks.len(), bank.settings.clone());
    }
    for (place, market) in manifest.markets.iter().enumerate() {
        let (units, is_there) = (manifest.market_units(market), place < state.markets.len());
        if is_there {
            let minimum = setting("market.minimum_lots", Value::Number(market.minimum_lots.into()));
            add(&market.name, place, units.clone(), true, minimum.into_iter().collect());
        }
        add(&market.name, place, units, is_there, market.settings.clone());
    }
    all
}

/// Roles and delays; a role of whoever deployed stays with whoever has it.
fn roles(manifest: &Manifest) -> Vec<Setting> {
    let roles = &manifest.roles;
    let role =
        |holder: crate::manifest::Holder| holder.named().map(|key| Value::Address(Key(key.to_bytes())));
    [
        ("exchange.timelock_seconds", Some(Value::Number(roles.timelock_seconds))),
        ("exchange.ramp_seconds", Some(Value::Number(roles.ramp_seconds))),
        ("exchange.risk_council", role(roles.risk_council)),
        ("exchange.guardian", role(roles.guardian)),
        ("exchange.fee_collector", role(roles.fee_collector)),
    ]
    .into_iter()
    .filter_map(|(name, value)| setting(name, value?))
    .collect()
}

/// A value that the manifest says elsewhere than under parameters.
fn setting(name: &str, value: Value) -> Option<Setting> {
    let parameter: &'static Parameter = parameter(name)?;
    Some(Setting { parameter, value, place: "manifest".into() })
}
