//! A node, spoken to: transactions sent until it is known what became of them, accounts read and decoded.
//!
//! - [`Sender`] sends, [`Reader`] reads; both wait. [`asynchronous`] has the same two for who must not wait.
//! - [`Settings`]: the nodes, what is paid. [`Terms`]: what is different for one transaction. [`Outcome`]: what became of it.
//!
//! ```no_run
//! use plimsoll_client::{rpc::{Outcome, Sender, Settings}, transaction::fees::Bid};
//! use solana_keypair::Keypair;
//!
//! let sender = Sender::new(Settings::new("http://127.0.0.1:8899"), Keypair::new());
//! # let (deposit, liquidation) = (vec![], vec![]);
//! match sender.send(&deposit, &[]) {
//!     Outcome::Done(signature) => println!("{signature}"),
//!     other => eprintln!("{other}"),
//! }
//! sender.send_with(&liquidation, &[], Bid::URGENT);
//! ```

pub mod asynchronous;
mod blocking;
mod journey;
mod nodes;
mod outcome;
mod recent;
#[cfg(test)]
mod tests;

pub use asynchronous::{Accounts, Book, ReadError};
pub use blocking::{Reader, Sender};
pub use outcome::{Outcome, Refused};

use crate::transaction::{fees::Bid, nonce::Nonce};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;

/// How nodes are reached, and what is paid.
#[derive(Clone, Debug)]
pub struct Settings {
    /// JSON-RPC of the nodes: where one does not answer, the next is asked, and stays the one that is asked.
    pub urls: Vec<String>,
    /// Which blocks count.
    pub commitment: CommitmentConfig,
    /// What is bid for priority, unless a transaction's own terms say otherwise.
    pub bid: Bid,
    /// Lookup tables in which transactions find accounts.
    pub tables: Vec<Pubkey>,
    /// Whether transactions are only rehearsed.
    pub is_dry_run: bool,
}

impl Settings {
    /// One node, confirmed blocks, the usual bid, no tables.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            urls: vec![url.into()],
            commitment: CommitmentConfig::confirmed(),
            bid: Bid::USUAL,
            tables: Vec::new(),
            is_dry_run: false,
        }
    }
}

/// What is different for one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// What is bid for priority; the settings' bid unless given.
    pub bid: Option<Bid>,
    /// A durable nonce: the transaction does not expire with its blockhash. The nonce's authority signs.
    pub nonce: Option<Nonce>,
    /// Compute limit, units; what the table of measured caps says unless given.
    pub compute_limit: Option<u32>,
}

impl From<Bid> for Terms {
    fn from(bid: Bid) -> Self {
        Self { bid: Some(bid), ..Self::default() }
    }
}

impl From<Nonce> for Terms {
    fn from(nonce: Nonce) -> Self {
        Self { nonce: Some(nonce), ..Self::default() }
    }
}
