//! Refusals that would be repeated: a keeper that wakes at every change must not ask the same thing twice.

use crate::{
    chain::{Outcome, Urgency},
    desk::Task,
    store::Store,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

/// After so long on the chain's clock time alone may have changed the answer, seconds.
const MEMORY: i64 = 10;
/// More answers than this are forgotten all at once.
const MOST: usize = 10_000;

/// What was answered to an instruction, and when.
#[derive(Clone, Debug)]
struct Answer {
    outcome: Outcome,
    /// On the chain's clock, unix seconds.
    at: i64,
    /// Of all accounts that the instruction looks at.
    revision: u64,
}

/// What was refused, or rehearsed, by instruction.
#[derive(Debug, Default)]
pub struct Answers {
    known: Mutex<HashMap<u64, Answer>>,
}

impl Answers {
    /// What tasks of one transaction would be answered again: all accounts that they look at are as they were, and it was not long ago.
    pub fn to(&self, tasks: &[Task], store: &Store) -> Option<Outcome> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = known.get(&digest(tasks))?;
        let age = store.now()?.saturating_sub(answer.at);
        let is_same = answer.revision == revision(tasks, store);
        (is_same && (0..MEMORY).contains(&age)).then(|| answer.outcome.clone())
    }

    /// Remembers what tasks were answered, where nothing has changed by it.
    pub fn remembers(&self, tasks: &[Task], outcome: &Outcome, store: &Store) {
        let Some(at) = store.now() else { return };
        if !matches!(outcome, Outcome::Refused(_) | Outcome::Rehearsed) {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        let answer = Answer { outcome: outcome.clone(), at, revision: revision(tasks, store) };
        known.insert(digest(tasks), answer);
    }
}

fn revision(tasks: &[Task], store: &Store) -> u64 {
    let accounts = tasks.iter().flat_map(|task| &task.instruction.accounts);
    store.revision(accounts.map(|meta| &meta.pubkey))
}

/// Of what would be sent. Two that are taken for one another would only wait for [`MEMORY`].
fn digest(tasks: &[Task]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for Task { instruction: Instruction { program_id, accounts, data }, urgency, .. } in tasks {
        let accounts: Vec<(&Pubkey, bool)> =
            accounts.iter().map(|meta| (&meta.pubkey, meta.is_writable)).collect();
        (program_id, accounts, data, *urgency == Urgency::Urgent).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        scene::{ALICE, NOW, Scene, clock, flagged_at},
        store::Update,
    };
    use solana_instruction::AccountMeta;

    const REFUSED: Outcome = Outcome::Refused(6_000);

    /// A task that looks at alice's account.
    fn task(data: u8) -> Task {
        let accounts = vec![AccountMeta::new_readonly(ALICE, false)];
        Task::new("assess", Instruction { program_id: plimsoll::ID, accounts, data: vec![data] })
    }

    #[test]
    fn a_refusal_is_known_until_something_it_rests_on_changes_or_time_has_passed() {
        let (mut store, answers) = (Scene::new().store(), Answers::default());
        answers.remembers(&[task(1)], &REFUSED, &store);
        assert_eq!(answers.to(&[task(1)], &store), Some(REFUSED));
        assert_eq!(answers.to(&[task(2)], &store), None, "another was never sent");

        let alice = Update { address: ALICE, slot: 2, data: Some(flagged_at(5)) };
        assert!(store.apply(&alice).is_ok());
        assert_eq!(answers.to(&[task(1)], &store), None);
        answers.remembers(&[task(1)], &REFUSED, &store);
        assert!(store.apply(&Update { slot: 3, ..alice }).is_ok());
        assert_eq!(answers.to(&[task(1)], &store), Some(REFUSED), "told again, it has not changed");

        assert!(store.apply(&clock(NOW + MEMORY - 1)).is_ok());
        assert_eq!(answers.to(&[task(1)], &store), Some(REFUSED));
        assert!(store.apply(&clock(NOW + MEMORY)).is_ok());
        assert_eq!(answers.to(&[task(1)], &store), None);
    }

    #[test]
    fn what_went_through_or_was_lost_on_the_way_is_sent_again() {
        let (store, answers) = (Scene::new().store(), Answers::default());
        for outcome in [Outcome::Done, Outcome::Failed("no node answers".to_owned())] {
            answers.remembers(&[task(1)], &outcome, &store);
            assert_eq!(answers.to(&[task(1)], &store), None);
        }
        answers.remembers(&[task(1)], &Outcome::Rehearsed, &store);
        assert_eq!(answers.to(&[task(1)], &store), Some(Outcome::Rehearsed));
    }
}
