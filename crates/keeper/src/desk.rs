//! What all roles of a keeper share: the exchange in memory, the chain, the keeper's own account, the counts.

use crate::{
    answers::Answers,
    chain::{CLOCK, Chain, Event, Outcome, Parcel, Urgency},
    pulse::{Pulse, Topic},
    role::Role,
    stop::Stop,
    store::{Applied, Store},
    tally::Tally,
};
use plimsoll::state::RiskBoard;
use plimsoll_client::{
    addresses::{ExchangeAddresses, margin_account},
    decode::DecodeError,
};
use plimsoll_risk::num::Quote;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

/// The keeper itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Who pays and signs, and owns the account.
    pub owner: Pubkey,
    /// The keeper's margin account.
    pub account: Pubkey,
}

impl Own {
    /// An owner's account of a number.
    pub fn derive(of: &ExchangeAddresses, owner: Pubkey, number: u32) -> Self {
        Self { owner, account: margin_account(&of.exchange, &owner, number).address() }
    }
}

/// One transaction to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it is counted as.
    pub name: &'static str,
    /// What it does.
    pub instruction: Instruction,
    /// How much it may pay to be early.
    pub urgency: Urgency,
    /// What it earns the keeper if it goes through, native quote, as far as that is known beforehand.
    pub profit: Quote,
    /// The last second, unix time, at which prices that it rests on may be used: after that it is not sent any more.
    pub until: i64,
}

impl Task {
    /// Something that has to be done, sooner or later, and earns nothing.
    pub const fn new(name: &'static str, instruction: Instruction) -> Self {
        Self { name, instruction, urgency: Urgency::Ordinary, profit: Quote::ZERO, until: i64::MAX }
    }

    /// The same, resting on prices that may be used until then, unix seconds.
    pub fn until(self, until: i64) -> Self {
        Self { until: until.min(self.until), ..self }
    }

    /// The same at once, for a profit.
    pub fn urgent(self, profit: Quote) -> Self {
        Self { urgency: Urgency::Urgent, profit, ..self }
    }
}

/// The exchange at one moment.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// All accounts.
    pub store: &'a Store,
    /// The risk board.
    pub board: &'a RiskBoard,
    /// Who looks.
    pub own: Own,
    /// The chain's time, unix seconds.
    pub now: i64,
}

/// What the roles share.
pub struct Desk {
    store: RwLock<Store>,
    chain: Arc<dyn Chain>,
    own: Own,
    answers: Answers,
    pulse: Pulse,
    /// What was sent.
    pub tally: Tally,
    /// When to stop: set by [`Self::ends`].
    pub stop: Stop,
}

impl Desk {
    /// An empty one, that watches these oracle accounts.
    pub fn new(
        of: ExchangeAddresses,
        chain: Arc<dyn Chain>,
        own: Own,
        oracles: impl IntoIterator<Item = Pubkey>,
    ) -> Self {
        let store = RwLock::new(Store::new(of).with_oracles(oracles));
        let (answers, pulse) = (Answers::default(), Pulse::default());
        Self { store, chain, own, answers, pulse, tally: Tally::default(), stop: Stop::default() }
    }

    /// It is time to stop: whoever waits returns, whoever works finishes what was begun.
    pub fn ends(&self) {
        self.stop.set();
        self.pulse.wakes();
    }

    /// The exchange in memory.
    pub fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keeper itself.
    pub const fn own(&self) -> &Own {
        &self.own
    }

    /// What changes in it.
    pub const fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Looks at the exchange; nothing before its board and the chain's time were seen.
    pub fn looks<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> Option<T> {
        let store = self.store();
        let (board, now) = (store.board()?, store.now()?);
        Some(look(&View { store: &store, board, own: self.own, now }))
    }

    /// Keeps the exchange in memory as it is on chain, until the keeper stops.
    pub fn follows(&self) {
        let watched: Vec<Pubkey> = self.store().watched().collect();
        self.chain.follow(&watched, &self.stop, &mut |event| self.hears(&event));
    }

    /// Takes in what is told; what of it is doubtful has to be read again.
    fn hears(&self, event: &Event) -> Vec<Pubkey> {
        let (mut topics, mut doubtful) = (BTreeSet::new(), Vec::new());
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Snapshot { slot, accounts } => {
                tracing::info!(slot, accounts = accounts.len(), "read everything");
                store.replace(*slot, accounts).unwrap_or_else(|error| passed_over(&error));
                topics.extend([Topic::Board, Topic::Account, Topic::Book, Topic::Place]);
            }
            Event::Changed(updates) => {
                for update in updates {
                    match store.apply(update) {
                        Ok(Applied::Changed(topic)) => _ = topics.insert(topic),
                        Ok(Applied::Doubtful) => doubtful.push(update.address),
                        Ok(Applied::Nothing) => {}
                        Err(error) => passed_over(&error),
                    }
                }
            }
            Event::Lost => metrics::counter!("plimsoll_keeper_connections_lost_total").increment(1),
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge for people")]
        metrics::gauge!("plimsoll_keeper_accounts").set(store.accounts().len() as f64);
        drop(store);
        self.pulse.rings(&topics);
        doubtful.sort_unstable();
        doubtful.dedup();
        doubtful
    }

    /// Sends a task, counts what became of it, and reads again what it wrote: the next decision never rests on what was
    /// before. What was just refused, with all that it looks at as it was, is not sent again: the answer would be the same.
    pub fn does(&self, role: Role, task: &Task) -> Outcome {
        self.does_together(role, std::slice::from_ref(task))
    }

    /// The same of several of a kind in one transaction: all of them, or none.
    pub fn does_together(&self, role: Role, tasks: &[Task]) -> Outcome {
        {
            let store = self.store();
            if store.now().is_some_and(|now| tasks.iter().any(|task| task.until < now)) {
                return Outcome::Outdated;
            }
            if let Some(known) = self.answers.to(tasks, &store) {
                return known;
            }
        }
        let instructions: Vec<Instruction> = tasks.iter().map(|task| task.instruction.clone()).collect();
        let (name, urgency) =
            tasks.first().map_or(("nothing", Urgency::Ordinary), |it| (it.name, it.urgency));
        let parcel = Parcel { instructions: &instructions, signers: &[], urgency, compute_limit: None };
        let outcome = self.sends(role, name, &parcel);
        tasks.iter().for_each(|task| self.tally.earns(role, task, &outcome));
        if !matches!(outcome, Outcome::Rehearsed) {
            self.reads_again(role, &instructions);
        }
        self.answers.remembers(tasks, &outcome, &self.store());
        outcome
    }

    /// Sends something and counts what became of it.
    pub fn sends(&self, role: Role, name: &'static str, parcel: &Parcel<'_>) -> Outcome {
        let outcome = self.chain.send(parcel);
        self.tally.counts(role, name, &outcome);
        match &outcome {
            Outcome::Failed(why) => tracing::warn!(%role, instruction = name, why, "failed"),
            _ => tracing::info!(%role, instruction = name, outcome = outcome.name(), "sent"),
        }
        outcome
    }

    /// Of what was written, the accounts that the role decides by; the time as well, which some nodes tell nobody.
    fn reads_again(&self, role: Role, instructions: &[Instruction]) {
        let board = self.store().exchange().board;
        let matters = |address: &Pubkey| {
            *address != self.own.owner && (!role.looks_at_the_board_only() || *address == board)
        };
        let all = instructions.iter().flat_map(|instruction| &instruction.accounts);
        let touched = all.filter(|meta| meta.is_writable && matters(&meta.pubkey)).map(|meta| meta.pubkey);
        let touched: Vec<Pubkey> = touched.chain([CLOCK]).collect::<BTreeSet<_>>().into_iter().collect();
        match self.chain.accounts(&touched) {
            Ok(updates) => _ = self.hears(&Event::Changed(updates)),
            Err(error) => tracing::warn!(%error, "what was written could not be read"),
        }
    }
}

fn passed_over(error: &DecodeError) {
    tracing::warn!(%error, "an account was passed over");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::memory::Memory,
        scene::{ALICE, NOW, OWNER, clock, flagged_at},
    };
    use solana_instruction::AccountMeta;
    use std::{
        thread,
        time::{Duration, Instant},
    };

    fn desk(chain: &Arc<Memory>) -> Desk {
        let of = ExchangeAddresses::derive();
        let chain: Arc<dyn Chain> = Arc::<Memory>::clone(chain);
        Desk::new(of, chain, Own::derive(&of, OWNER, 0), [])
    }

    fn assessing() -> Task {
        let accounts = vec![AccountMeta::new(ALICE, false), AccountMeta::new(OWNER, true)];
        let instruction = Instruction { program_id: plimsoll::ID, accounts, data: Vec::new() };
        Task::new("assess", instruction)
    }

    #[test]
    fn what_was_written_is_known_before_anybody_tells_it() {
        let chain = Arc::new(Memory::new(|state, _| {
            state.put(ALICE, flagged_at(77));
            Outcome::Done
        }));
        let desk = desk(&chain);
        assert!(desk.does(Role::Liquidator, &assessing()).is_done());
        let alice = desk.store().account(&ALICE).expect("it was read");
        assert_eq!((alice.header.flagged_at, chain.state().sent.len()), (77, 1));
        assert_eq!(desk.tally.done(Role::Liquidator, "assess"), 1);
    }

    #[test]
    fn what_was_refused_is_not_sent_again_while_nothing_has_changed() {
        let chain = Arc::new(Memory::new(|_, _| Outcome::Refused(6_000)));
        let desk = desk(&chain);
        let does = || desk.does(Role::Liquidator, &assessing());
        desk.hears(&Event::Changed(vec![clock(NOW)]));
        assert_eq!((does(), does()), (Outcome::Refused(6_000), Outcome::Refused(6_000)));
        assert_eq!(chain.state().sent.len(), 1, "the second answer is the first");
        chain.state().put(ALICE, flagged_at(5));
        desk.hears(&Event::Changed(chain.accounts(&[ALICE]).expect("an account")));
        does();
        assert_eq!(chain.state().sent.len(), 2);
    }

    #[test]
    fn what_rests_on_a_price_is_not_sent_after_its_time() {
        let chain = Arc::new(Memory::new(|_, _| Outcome::Done));
        let desk = desk(&chain);
        desk.hears(&Event::Changed(vec![clock(NOW)]));
        chain.state().now = NOW + 1;
        let task = assessing().until(NOW);
        assert_eq!(desk.does(Role::Liquidator, &task), Outcome::Done);
        assert_eq!(desk.store().now(), Some(NOW + 1), "the time is read with what was written");
        assert_eq!(desk.does(Role::Liquidator, &task), Outcome::Outdated);
        assert_eq!(chain.state().sent.len(), 1);
    }

    #[test]
    fn the_exchange_is_followed_until_the_keeper_stops() {
        let chain = Arc::new(Memory::new(|_, _| Outcome::Done));
        chain.state().put(ALICE, flagged_at(5));
        let desk = desk(&chain);
        let is = |time| desk.store().account(&ALICE).is_some_and(|it| it.header.flagged_at == time);
        let comes = |time| {
            let began = Instant::now();
            while !is(time) && began.elapsed() < Duration::from_secs(10) {
                thread::sleep(Duration::from_millis(2));
            }
            is(time)
        };
        thread::scope(|scope| {
            scope.spawn(|| desk.follows());
            let first = comes(5);
            chain.state().put(ALICE, flagged_at(6));
            let second = comes(6);
            desk.ends();
            assert!(first && second, "the snapshot, then the change: {first}, {second}");
        });
    }
}
