//! Accounts in danger, one after the other, the most endangered first, until nothing more can be done about them now.

use crate::{
    case::{Case, Taste, way_of},
    chain::Outcome,
    config::Liquidation,
    desk::{Desk, Task},
    duties,
    pulse::timed,
    ranking::{self, Ranked},
    role::Role,
};
use plimsoll_risk::num::{Quote, Ratio};
use plimsoll_sim::strategy::Action;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Most that is done about one scope in one turn.
const PATIENCE: usize = 48;

/// Lots given back are offered again after so long on the chain's clock where nobody took any, seconds.
const AGAIN: i64 = 5;

/// What a liquidator remembers from turn to turn.
#[derive(Debug, Default)]
pub struct Liquidator {
    /// Lots that were offered last, by market, and when.
    offered: BTreeMap<u8, (i32, i64)>,
}

impl Liquidator {
    /// One turn: all who are near, as far as the settings say; then what was taken over is given back, if the account is for
    /// nothing but liquidating. Returns how long it took to value everybody.
    pub fn turn(&mut self, desk: &Desk, role: Role, settings: &Liquidation, gives_back: bool) -> Duration {
        let least = Ratio::from_bps(settings.watch_bps);
        let (near, took) = timed(|| desk.looks(|view| ranking::riskiest(view, least)));
        let near = near.unwrap_or_default();
        shows(role, &near);
        for ranked in near.iter().take(settings.most_scopes) {
            if desk.stop.is_set() {
                return took;
            }
            serves(desk, role, settings, ranked);
        }
        if role == Role::Liquidator && gives_back {
            self.gives_back(desk, settings);
        }
        took
    }

    fn gives_back(&mut self, desk: &Desk, settings: &Liquidation) {
        let due = desk.looks(|view| (view.now, duties::unwindings(view, settings.unwind_bps)));
        let Some((now, due)) = due else { return };
        for back in due {
            let is_vain = self
                .offered
                .get(&back.market)
                .is_some_and(|(lots, at)| *lots == back.lots && now.saturating_sub(*at) < AGAIN);
            if !is_vain && !desk.stop.is_set() {
                self.offered.insert(back.market, (back.lots, now));
                desk.does(Role::Liquidator, &back.task);
            }
        }
    }
}

/// How many are near, and how near the nearest is: 1 may be liquidated.
#[expect(clippy::cast_precision_loss, reason = "gauges for people")]
fn shows(role: Role, near: &[Ranked]) {
    metrics::gauge!("plimsoll_keeper_watched", "role" => role.name()).set(near.len() as f64);
    let load = near.first().map_or(0.0, |ranked| ranked.load.get() as f64 / Ratio::ONE.get() as f64);
    metrics::gauge!("plimsoll_keeper_riskiest_load", "role" => role.name()).set(load);
}

/// Everything that can be done about one scope now.
fn serves(desk: &Desk, role: Role, settings: &Liquidation, ranked: &Ranked) {
    let mut closed = BTreeSet::new();
    for _ in 0..PATIENCE {
        if desk.stop.is_set() {
            return;
        }
        let decided = desk.looks(|view| {
            let case = Case::of(*view, ranked.account, ranked.scope, taste(role, settings), &closed)?;
            decide(&case, role, Quote::new(settings.least_profit))
        });
        let Some((action, task)) = decided.flatten() else { return };
        match desk.does(role, &task) {
            Outcome::Done => {}
            Outcome::Refused(_) => match way_of(&action) {
                Some(way) => {
                    closed.insert(way);
                }
                // Nothing else can be tried in its place.
                None => return,
            },
            // The account is as it was: the next decision would be the same.
            Outcome::Rehearsed | Outcome::Failed(_) => return,
        }
    }
}

fn taste(role: Role, settings: &Liquidation) -> Taste<'_> {
    let prudence = if role == Role::Liquidator { settings.prudence_bps } else { 0 };
    Taste {
        prudence: Ratio::from_bps(prudence),
        book_share: Ratio::from_bps(settings.book_share_bps),
        slippage: Ratio::from_bps(settings.slippage_bps),
        keep: &settings.keep,
    }
}

/// The next action and its transaction, if it is this role's to do and earns enough.
fn decide(case: &Case<'_>, role: Role, least: Quote) -> Option<(Action, Task)> {
    let action = match case.next() {
        Ok(action) => action?,
        Err(error) => {
            tracing::warn!(?error, "an account cannot be judged");
            return None;
        }
    };
    if !is_for(role, &action) {
        return None;
    }
    let task = case.task(&action)?;
    if !is_business(&action) {
        return Some((action, task));
    }
    let profit = case.profit(&action).unwrap_or(Quote::ZERO);
    if profit < least {
        tracing::debug!(?action, profit = profit.get(), "earns too little");
        return None;
    }
    Some((action, task.urgent(profit)))
}

/// Whether an action is a role's: what needs no liquidator any more is the insurance driver's, what prepares either is both's.
const fn is_for(role: Role, action: &Action) -> bool {
    match action {
        Action::IntoBook { .. } | Action::TakeOver { .. } => matches!(role, Role::Liquidator),
        Action::SwapCollateral { .. } | Action::BuyPnl { .. } => matches!(role, Role::Liquidator),
        Action::Deleverage { .. } | Action::Resolve => matches!(role, Role::Insurance),
        _ => true,
    }
}

/// Whether it is done for what it earns.
const fn is_business(action: &Action) -> bool {
    matches!(
        action,
        Action::IntoBook { .. }
            | Action::TakeOver { .. }
            | Action::SwapCollateral { .. }
            | Action::BuyPnl { .. }
    )
}
