//! What was sent and what became of it, counted by role, instruction and outcome: for the logs, for Prometheus, for reports.

use crate::{chain::Outcome, desk::Task, role::Role};
use plimsoll_risk::num::Quote;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Who sent it.
    pub role: Role,
    /// The instruction.
    pub name: &'static str,
    /// `done`, `rehearsed`, `Network`, or the name of the refusal.
    pub outcome: String,
}

#[derive(Debug, Default)]
struct Counts {
    turns: BTreeMap<Role, u64>,
    profit: u64,
    all: BTreeMap<Kind, u64>,
    errors: BTreeMap<String, u64>,
}

/// The counts of a keeper's life.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<Counts>,
}

impl Tally {
    /// Counts a transaction.
    pub fn counts(&self, role: Role, name: &'static str, outcome: &Outcome) {
        let kind = Kind { role, name, outcome: outcome.name() };
        let labels = [
            ("role", role.name().to_owned()),
            ("instruction", name.to_owned()),
            ("outcome", kind.outcome.clone()),
        ];
        metrics::counter!("plimsoll_keeper_transactions_total", &labels).increment(1);
        let is_error = !matches!(outcome, Outcome::Done | Outcome::Rehearsed) && !outcome.is_too_late();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if is_error {
            metrics::counter!("plimsoll_keeper_errors_total", "name" => kind.outcome.clone()).increment(1);
            one_more(&mut counts.errors, kind.outcome.clone());
        }
        one_more(&mut counts.all, kind);
    }

    /// Books the profit of what went through, native quote; a loss is none.
    pub fn earns(&self, role: Role, task: &Task, outcome: &Outcome) {
        let profit = task.profit.max(Quote::ZERO).magnitude();
        if outcome.is_done() && profit != 0 {
            let labels = [("role", role.name()), ("instruction", task.name)];
            metrics::counter!("plimsoll_keeper_profit_quote_total", &labels).increment(profit);
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.profit = counts.profit.saturating_add(profit);
        }
    }

    /// What went through has earned, native quote, as the engine had sized it.
    pub fn profit(&self) -> u64 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).profit
    }

    /// Counts a turn of a role, whatever was done in it.
    pub fn turns(&self, role: Role, took: Duration) {
        metrics::histogram!("plimsoll_keeper_turn_seconds", "role" => role.name()).record(took);
        one_more(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner).turns, role);
    }

    /// How many turns a role has had.
    pub fn turns_of(&self, role: Role) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turns.get(&role).copied().unwrap_or(0)
    }

    /// All counts.
    pub fn all(&self) -> BTreeMap<Kind, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all.clone()
    }

    /// Errors by name: what was refused or failed, but for what others had done before.
    pub fn errors(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).errors.clone()
    }

    /// How often a role's instruction was executed.
    pub fn done(&self, role: Role, name: &str) -> u64 {
        let all = self.all();
        let of_it = all.iter().filter(|(kind, _)| kind.role == role && kind.name == name);
        of_it.filter(|(kind, _)| kind.outcome == Outcome::Done.name()).map(|(_, count)| *count).sum()
    }
}

fn one_more<K: Ord>(counts: &mut BTreeMap<K, u64>, of: K) {
    let count = counts.entry(of).or_default();
    *count = count.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll::errors::Refusal;

    #[test]
    fn only_what_nobody_else_explains_is_an_error() {
        let tally = Tally::default();
        let task =
            Task::new("assess", solana_instruction::Instruction::new_with_bytes(plimsoll::ID, &[], vec![]))
                .urgent(Quote::new(40));
        let refused = |refusal: Refusal| Outcome::Refused(u32::from(refusal));
        for outcome in
            [Outcome::Done, Outcome::Done, refused(Refusal::NothingToDo), refused(Refusal::Overflow)]
        {
            tally.counts(Role::Liquidator, "assess", &outcome);
            tally.earns(Role::Liquidator, &task, &outcome);
        }
        assert_eq!(tally.done(Role::Liquidator, "assess"), 2);
        assert_eq!(tally.errors(), BTreeMap::from([("Overflow".to_owned(), 1)]));
        assert_eq!((tally.all().len(), tally.profit()), (3, 80));
    }
}
