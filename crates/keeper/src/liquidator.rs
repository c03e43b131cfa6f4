//! Accounts in danger, one after the other, the most endangered first, until nothing more can be done about them now.

use crate::{
    case::{Case, Taste, way_of},
    chain::Outcome,
    config::Liquidation,
    desk::{Desk, Task},
    ranking::{self, Ranked},
    role::Role,
};
use plimsoll_risk::num::{Quote, Ratio};
use plimsoll_sim::strategy::Action;
use std::collections::BTreeSet;

/// Most that is done about one scope in one turn.
const PATIENCE: usize = 48;

/// One turn: all who are near, as far as the settings say.
pub fn turn(desk: &Desk, role: Role, settings: &Liquidation, now: i64) {
    let least = Ratio::from_bps(settings.watch_bps);
    let Some(near) = desk.looks(now, |view| ranking::riskiest(view, least)) else { return };
    #[expect(clippy::cast_precision_loss, reason = "a gauge for people")]
    metrics::gauge!("plimsoll_keeper_watched", "role" => role.name()).set(near.len() as f64);
    for ranked in near.iter().take(settings.most_scopes) {
        if desk.stop.is_set() {
            return;
        }
        serves(desk, role, settings, now, ranked);
    }
}

/// Everything that can be done about one scope now.
fn serves(desk: &Desk, role: Role, settings: &Liquidation, now: i64, ranked: &Ranked) {
    let mut closed = BTreeSet::new();
    for _ in 0..PATIENCE {
        if desk.stop.is_set() {
            return;
        }
        let decided = desk.looks(now, |view| {
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

fn taste(role: Role, settings: &Liquidation) -> Taste {
    let prudence = if role == Role::Liquidator { settings.prudence_bps } else { 0 };
    Taste {
        prudence: Ratio::from_bps(prudence),
        book_share: Ratio::from_bps(settings.book_share_bps),
        slippage: Ratio::from_bps(settings.slippage_bps),
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
    if is_business(&action) {
        let profit = case.profit(&action).unwrap_or(Quote::ZERO);
        if profit < least {
            tracing::debug!(?action, profit = profit.get(), "earns too little");
            return None;
        }
    }
    Some((action, case.task(&action)?))
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
