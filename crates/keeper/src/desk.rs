//! What all roles of a keeper share: the exchange in memory, the chain, the keeper's own account, the counts.

use crate::{
    chain::{Chain, Event, Outcome},
    role::Role,
    stop::Stop,
    store::Store,
    tally::Tally,
};
use plimsoll::state::RiskBoard;
use plimsoll_client::addresses::{ExchangeAddresses, margin_account};
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
    /// What was sent.
    pub tally: Tally,
    /// When to stop.
    pub stop: Stop,
}

impl Desk {
    /// An empty one.
    pub fn new(of: ExchangeAddresses, chain: Arc<dyn Chain>, own: Own) -> Self {
        let (tally, stop) = (Tally::default(), Stop::default());
        Self { store: RwLock::new(Store::new(of)), chain, own, tally, stop }
    }

    /// The exchange in memory.
    pub fn store(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain's time, unix seconds; nothing while the network does not answer.
    pub fn now(&self) -> Option<i64> {
        match self.chain.now() {
            Ok(now) => Some(now),
            Err(error) => {
                tracing::warn!(%error, "the chain's time is not known");
                None
            }
        }
    }

    /// Looks at the exchange; nothing before its board was seen.
    pub fn looks<T>(&self, now: i64, look: impl FnOnce(&View<'_>) -> T) -> Option<T> {
        let store = self.store();
        let board = store.board()?;
        Some(look(&View { store: &store, board, own: self.own, now }))
    }

    /// Keeps the exchange in memory as it is on chain, until the keeper stops.
    pub fn follows(&self) {
        self.chain.follow(&self.stop, &mut |event| self.hears(&event));
    }

    fn hears(&self, event: &Event) {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        let heard = match event {
            Event::Snapshot { slot, accounts } => {
                tracing::info!(slot, accounts = accounts.len(), "read everything");
                store.replace(*slot, accounts)
            }
            Event::Changed(update) => store.apply(update),
            Event::Lost => {
                metrics::counter!("plimsoll_keeper_connections_lost_total").increment(1);
                Ok(())
            }
        };
        if let Err(error) = heard {
            tracing::warn!(%error, "an account was passed over");
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge for people")]
        metrics::gauge!("plimsoll_keeper_accounts").set(store.accounts().len() as f64);
    }

    /// Sends a task, counts what became of it, and reads again what it wrote: the next decision never rests on what was
    /// before.
    pub fn does(&self, role: Role, task: &Task) -> Outcome {
        let outcome = self.chain.send(std::slice::from_ref(&task.instruction));
        self.tally.counts(role, task.name, &outcome);
        let name = outcome.name();
        match &outcome {
            Outcome::Failed(why) => tracing::warn!(%role, instruction = task.name, why, "failed"),
            _ => tracing::info!(%role, instruction = task.name, outcome = name, "sent"),
        }
        if !matches!(outcome, Outcome::Rehearsed) {
            self.reads_again(&task.instruction);
        }
        outcome
    }

    fn reads_again(&self, instruction: &Instruction) {
        let all = instruction.accounts.iter().filter(|meta| meta.pubkey != self.own.owner);
        let touched: BTreeSet<Pubkey> = all.filter(|meta| meta.is_writable).map(|meta| meta.pubkey).collect();
        let touched: Vec<Pubkey> = touched.into_iter().collect();
        match self.chain.accounts(&touched) {
            Ok(updates) => updates.into_iter().for_each(|update| self.hears(&Event::Changed(update))),
            Err(error) => tracing::warn!(%error, "what was written could not be read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::memory::Memory;
    use anchor_lang::Discriminator;
    use bytemuck::Zeroable;
    use plimsoll::state::MarginAccount;
    use plimsoll_risk::layout::account;
    use solana_instruction::AccountMeta;
    use std::{
        thread,
        time::{Duration, Instant},
    };

    const OWNER: Pubkey = Pubkey::new_from_array([1; 32]);
    const ALICE: Pubkey = Pubkey::new_from_array([2; 32]);

    fn flagged_at(time: i64) -> Vec<u8> {
        let mut account = account::MarginAccount::zeroed();
        account.header.flagged_at = time;
        [MarginAccount::DISCRIMINATOR, bytemuck::bytes_of(&account)].concat()
    }

    fn desk(chain: &Arc<Memory>) -> Desk {
        let of = ExchangeAddresses::derive();
        let chain: Arc<dyn Chain> = Arc::<Memory>::clone(chain);
        Desk::new(of, chain, Own::derive(&of, OWNER, 0))
    }

    fn assessing() -> Task {
        let accounts = vec![AccountMeta::new(ALICE, false), AccountMeta::new(OWNER, true)];
        let instruction = Instruction { program_id: plimsoll::ID, accounts, data: Vec::new() };
        Task { name: "assess", instruction }
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
            desk.stop.set();
            assert!(first && second, "the snapshot, then the change: {first}, {second}");
        });
    }
}
