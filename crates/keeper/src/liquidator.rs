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
use plimsoll_risk::num::{Quote, RATIO_BITS, Ratio};
use plimsoll_sim::strategy::{Action, Scope};
use solana_pubkey::Pubkey;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

/// Most that is done about one scope in one turn.
const PATIENCE: usize = 48;

/// Lots given back are offered again after so long on the chain's clock where nobody took any, seconds.
const AGAIN: i64 = 5;

/// What others may do as well waits so long for them on the chain's clock, seconds, before the insurance driver does it.
const COURTESY: i64 = 10;

/// Loads that differ by less than this are taken for equal: an eighth.
const EQUAL_BITS: u32 = RATIO_BITS - 3;

/// What a liquidator remembers from turn to turn.
#[derive(Debug, Default)]
pub struct Liquidator {
    /// Lots that were offered last, by market, and when.
    offered: BTreeMap<u8, (i32, i64)>,
    /// What is left to others, and since when.
    left: BTreeMap<(Pubkey, Scope), i64>,
}

impl Liquidator {
    /// One turn: all who are near, as far as the settings say; then what was taken over is given back, if the account is for
    /// nothing but liquidating. Returns how long it took to value everybody.
    pub fn turn(&mut self, desk: &Desk, role: Role, settings: &Liquidation, gives_back: bool) -> Duration {
        let least = Ratio::from_bps(settings.watch_bps);
        let (near, took) = timed(|| desk.looks(|view| ranking::riskiest(view, least)));
        let mut near = near.unwrap_or_default();
        shows(role, &near);
        near.truncate(settings.most_scopes);
        spreads(&mut near, &desk.own().owner);
        for ranked in &near {
            if desk.stop.is_set() {
                return took;
            }
            self.serves(desk, role, settings, ranked);
        }
        self.left.retain(|of, _| near.iter().any(|it| (it.account, it.scope) == *of));
        if role == Role::Liquidator && gives_back {
            self.gives_back(desk, settings);
        }
        took
    }

    /// Everything that can be done about one scope now.
    fn serves(&mut self, desk: &Desk, role: Role, settings: &Liquidation, ranked: &Ranked) {
        let mut closed = BTreeSet::new();
        for _ in 0..PATIENCE {
            if desk.stop.is_set() {
                return;
            }
            let decided = desk.looks(|view| {
                let case = Case::of(*view, ranked.account, ranked.scope, taste(role, settings), &closed)?;
                let (action, task) = decide(&case, role, Quote::new(settings.least_profit))?;
                let is_others = role == Role::Insurance && is_anybodys(&action) && !case.is_overdue();
                Some((action, task, is_others.then_some(view.now)))
            });
            let Some((action, task, others)) = decided.flatten() else {
                self.left.remove(&(ranked.account, ranked.scope));
                return;
            };
            if others.is_some_and(|now| !self.is_left_too_long(ranked, now)) {
                return;
            }
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
                Outcome::Rehearsed | Outcome::Failed(_) | Outcome::Outdated => return,
            }
        }
    }

    /// Whether nobody has done what is to be done about a scope since it was first seen.
    fn is_left_too_long(&mut self, ranked: &Ranked, now: i64) -> bool {
        let since = *self.left.entry((ranked.account, ranked.scope)).or_insert(now);
        now.saturating_sub(since) >= COURTESY
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

/// Among those about as near, an order of each keeper's own: where several work, each begins with somebody else.
fn spreads(near: &mut [Ranked], own: &Pubkey) {
    near.sort_by_cached_key(|ranked| {
        let mut hasher = DefaultHasher::new();
        (own, ranked.account).hash(&mut hasher);
        (Reverse(ranked.load.get() >> EQUAL_BITS), hasher.finish(), ranked.account, ranked.scope)
    });
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

/// Whether liquidators do it as well: all that only prepares something.
const fn is_anybodys(action: &Action) -> bool {
    !is_business(action) && !matches!(action, Action::Deleverage { .. } | Action::Resolve)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(account: u8, eighths: u32) -> Ranked {
        let load = Ratio::new((eighths << EQUAL_BITS) + u32::from(account));
        Ranked { load, account: Pubkey::new_from_array([account; 32]), scope: Scope::Cross }
    }

    #[test]
    fn each_keeper_begins_with_somebody_else_among_those_about_as_near() {
        let all: Vec<Ranked> = (0..64).map(|account| ranked(account, 9)).chain([ranked(64, 10)]).collect();
        let order = |keeper: u8| {
            let mut near = all.clone();
            spreads(&mut near, &Pubkey::new_from_array([keeper; 32]));
            near
        };
        let (one, other) = (order(101), order(102));
        assert_eq!(
            (one[0], other[0]),
            (ranked(64, 10), ranked(64, 10)),
            "the nearest comes first for everybody"
        );
        assert_eq!(one, order(101), "turn after turn the same");
        let common = one[1..33].iter().filter(|it| other[1..33].contains(it)).count();
        assert!(common < 28, "{common} of 32 are in both first halves");
    }

    #[test]
    fn the_insurance_driver_waits_for_others_but_not_for_long() {
        let (mut driver, scope) = (Liquidator::default(), ranked(1, 9));
        assert!(!driver.is_left_too_long(&scope, 100) && !driver.is_left_too_long(&scope, 99 + COURTESY));
        assert!(driver.is_left_too_long(&scope, 100 + COURTESY));
        assert!(!driver.is_left_too_long(&ranked(2, 9), 100 + COURTESY), "another has not waited yet");
        assert!(is_anybodys(&Action::Assess) && !is_anybodys(&Action::Resolve));
    }
}
