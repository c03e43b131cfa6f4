//! A chain in this process, for tests: accounts are put in by hand, and what is sent is answered by a function.

use super::{CLOCK, Chain, Event, Outcome, Parcel, following::Tell};
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
    /// How often accounts were asked for.
    pub asked: u64,
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
    fn follow(&self, _: &[Pubkey], stop: &Stop, tell: &mut Tell<'_>) {
        let (mut seen, mut time, accounts) = {
            let state = self.state();
            (state.slot, state.now, state.since(0))
        };
        tell(Event::Changed(vec![clock(seen, time)]));
        tell(Event::Snapshot { slot: seen, accounts });
        while !stop.waits(PAUSE) {
            let (slot, now, mut changed) = {
                let state = self.state();
                (state.slot, state.now, state.since(seen))
            };
            if now != time {
                changed.insert(0, clock(slot, now));
            }
            (seen, time) = (slot, now);
            if !changed.is_empty() {
                tell(Event::Changed(changed));
            }
        }
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Update>> {
        let mut state = self.state();
        state.asked = state.asked.saturating_add(1);
        let of = |address: &Pubkey| {
            if *address == CLOCK {
                return clock(state.slot, state.now);
            }
            let found = state.accounts.get(address);
            update(*address, state.slot, found.map(|(_, data)| data))
        };
        Ok(addresses.iter().map(of).collect())
    }

    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let mut state = self.state();
        state.sent.push(parcel.instructions.to_vec());
        (self.answer)(&mut state, parcel.instructions)
    }
}

fn update(address: Pubkey, slot: u64, data: Option<&Vec<u8>>) -> Update {
    Update { address, slot, data: data.cloned() }
}

/// The chain's clock, as it lies on chain: slot, three numbers that no keeper reads, the time.
fn clock(slot: u64, now: i64) -> Update {
    let fields = [slot.to_le_bytes(), [0; 8], [0; 8], [0; 8], now.to_le_bytes()];
    update(CLOCK, slot, Some(&fields.concat()))
}
