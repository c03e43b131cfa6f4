//! A chain in this process, for tests: accounts are put in by hand, and what is sent is answered by a function.

use super::{Chain, Event, Outcome};
use crate::{stop::Stop, store::Update};
use anyhow::Result;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How often changes are told.
const PAUSE: Duration = Duration::from_millis(5);

/// What answers a transaction, and may change accounts.
type Answer = dyn Fn(&mut State, &[Instruction]) -> Outcome + Send + Sync;

/// What is on such a chain.
#[derive(Debug, Default)]
pub struct State {
    /// Unix seconds.
    pub now: i64,
    /// The slot of the last change.
    pub slot: u64,
    /// All that was sent, in order.
    pub sent: Vec<Vec<Instruction>>,
    accounts: BTreeMap<Pubkey, (u64, Vec<u8>)>,
}

impl State {
    /// An account is now so, at the next slot.
    pub fn put(&mut self, address: Pubkey, data: Vec<u8>) {
        self.slot = self.slot.saturating_add(1);
        self.accounts.insert(address, (self.slot, data));
    }

    /// An account is closed.
    pub fn close(&mut self, address: &Pubkey) {
        self.slot = self.slot.saturating_add(1);
        self.accounts.remove(address);
    }

    fn since(&self, slot: u64) -> Vec<Update> {
        let newer = self.accounts.iter().filter(|(_, (at, _))| *at > slot);
        newer.map(|(address, (slot, data))| update(*address, *slot, Some(data))).collect()
    }
}

/// The chain.
pub struct Memory {
    state: Mutex<State>,
    answer: Box<Answer>,
}

impl Memory {
    /// An empty one, whose transactions are answered so.
    pub fn new(answer: impl Fn(&mut State, &[Instruction]) -> Outcome + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), answer: Box::new(answer) }
    }

    /// What is on it, to be looked at and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chain for Memory {
    fn follow(&self, stop: &Stop, tell: &mut dyn FnMut(Event)) {
        let (mut seen, accounts) = {
            let state = self.state();
            (state.slot, state.since(0))
        };
        tell(Event::Snapshot { slot: seen, accounts });
        while !stop.waits(PAUSE) {
            let (slot, changed) = {
                let state = self.state();
                (state.slot, state.since(seen))
            };
            seen = slot;
            for update in changed {
                tell(Event::Changed(update));
            }
        }
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Update>> {
        let state = self.state();
        let of = |address: &Pubkey| {
            let found = state.accounts.get(address);
            update(*address, state.slot, found.map(|(_, data)| data))
        };
        Ok(addresses.iter().map(of).collect())
    }

    fn now(&self) -> Result<i64> {
        Ok(self.state().now)
    }

    fn send(&self, instructions: &[Instruction]) -> Outcome {
        let mut state = self.state();
        state.sent.push(instructions.to_vec());
        (self.answer)(&mut state, instructions)
    }
}

fn update(address: Pubkey, slot: u64, data: Option<&Vec<u8>>) -> Update {
    Update { address, slot, data: data.cloned() }
}
