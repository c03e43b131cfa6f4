//! What a sender has asked lately and does not ask again: a blockhash, what others paid.

use solana_message::Hash;
use solana_pubkey::Pubkey;
use solana_transaction::Signature;
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

/// A blockhash, and the last block in which it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blockhash {
    pub hash: Hash,
    pub last_block: u64,
}

/// The blockhash of new transactions, and which transactions stand on it.
#[derive(Debug, Default)]
pub(super) struct Blockhashes {
    latest: Option<(Blockhash, Instant)>,
    on_it: HashSet<Signature>,
}

impl Blockhashes {
    /// The latest one, unless it was read longer ago than this.
    pub fn fresh(&self, now: Instant, at_most: Duration) -> Option<Blockhash> {
        let (blockhash, read_at) = self.latest?;
        (now.saturating_duration_since(read_at) < at_most).then_some(blockhash)
    }

    /// Takes one that was read now.
    pub fn put(&mut self, blockhash: Blockhash, now: Instant) {
        if self.latest.is_none_or(|(latest, _)| latest.hash != blockhash.hash) {
            self.on_it.clear();
        }
        self.latest = Some((blockhash, now));
    }

    /// Takes note that the network does not know it.
    pub fn forget(&mut self) {
        self.latest = None;
    }

    /// Takes note of a transaction; whether it is the first of its kind. Its twin on the same blockhash has the same
    /// signature, and the network executes only one of them.
    pub fn is_first(&mut self, signature: Signature) -> bool {
        self.on_it.insert(signature)
    }
}

/// What others paid lately for the accounts that a transaction writes.
#[derive(Debug, Default)]
pub(super) struct Fees(HashMap<Vec<Pubkey>, (Vec<u64>, Instant)>);

impl Fees {
    /// As read not longer ago than this.
    pub fn fresh(&self, written: &[Pubkey], now: Instant, at_most: Duration) -> Option<&[u64]> {
        let (fees, read_at) = self.0.get(written)?;
        (now.saturating_duration_since(*read_at) < at_most).then_some(fees)
    }

    /// Takes those that were read now, and drops all that are older than this.
    pub fn put(&mut self, written: Vec<Pubkey>, fees: Vec<u64>, now: Instant, at_most: Duration) {
        self.0.retain(|_, (_, read_at)| now.saturating_duration_since(*read_at) < at_most);
        self.0.insert(written, (fees, now));
    }
}
