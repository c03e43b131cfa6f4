//! Each transaction once.
//!
//! A public network refuses a transaction that it has processed, so senders repeat theirs until they know what became of it.
//! The machine below would execute it again each time.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::Result;
use crossbeam_channel::{Receiver, Sender};
use solana_keypair::Signature;
use solana_transaction_error::TransactionError;
use surfpool_types::{
    SimnetCommand, TransactionConfirmationStatus, TransactionMetadata, TransactionStatusEvent,
};

/// How many are remembered: many more than can be sent while a blockhash lives.
const MEMORY: usize = 200_000;

/// The transactions that were processed lately. Its copies know the same.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<Signatures>>);

#[derive(Default)]
struct Signatures {
    all: HashSet<Signature>,
    by_age: VecDeque<Signature>,
}

impl Known {
    /// One was processed.
    pub fn insert(&self, signature: Signature) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.all.insert(signature) {
            return;
        }
        known.by_age.push_back(signature);
        if known.by_age.len() > MEMORY
            && let Some(oldest) = known.by_age.pop_front()
        {
            known.all.remove(&oldest);
        }
    }

    fn contains(&self, signature: &Signature) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.contains(signature)
    }
}

/// Hands on what the network is told, except for transactions that it has processed.
pub fn filter(sent: Receiver<SimnetCommand>, known: Known) -> Result<Receiver<SimnetCommand>> {
    let (forward, received) = crossbeam_channel::unbounded();
    thread::Builder::new().name("localnet-once".to_owned()).spawn(move || {
        for command in sent {
            let Some(command) = refuse_repeated(command, &known) else { continue };
            if forward.send(command).is_err() {
                return;
            }
        }
    })?;
    Ok(received)
}

/// What is not a transaction, or a new one; whoever repeated one is answered as on a public network.
fn refuse_repeated(command: SimnetCommand, known: &Known) -> Option<SimnetCommand> {
    let SimnetCommand::ProcessTransaction(_, transaction, answer, skip_preflight, _) = &command else {
        return Some(command);
    };
    if !transaction.signatures.first().is_some_and(|signature| known.contains(signature)) {
        return Some(command);
    }
    answered(answer, *skip_preflight);
    None
}

/// A rehearsal finds that it was processed; without one nobody looks.
fn answered(to: &Sender<TransactionStatusEvent>, skip_preflight: bool) {
    let answer = if skip_preflight {
        TransactionStatusEvent::Success(TransactionConfirmationStatus::Processed)
    } else {
        let known = (TransactionError::AlreadyProcessed, TransactionMetadata::default());
        TransactionStatusEvent::SimulationFailure(known)
    };
    // An error means that nobody waits for the answer.
    let _ = to.try_send(answer);
}
