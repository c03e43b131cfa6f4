//! What a command sends, and how it is told.

use plimsoll_client::transaction::{Draft, TransactionError};
use serde::Serialize;
use serde_json::{Map, Value, json};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// One transaction of somebody's.
pub struct Deed {
    /// What it does, as an order: `deposit 10 SOL`.
    pub told: String,
    /// What is sent.
    pub instructions: Vec<Instruction>,
    /// Whose margin it changes.
    pub account: Option<Pubkey>,
    /// More of it for scripts.
    pub details: Map<String, Value>,
}

impl Deed {
    /// These instructions, and what they do together.
    pub fn new(told: impl Into<String>, instructions: Vec<Instruction>) -> Self {
        Self { told: told.into(), instructions, account: None, details: Map::new() }
    }

    /// About a margin account: how it stands is told before and after.
    #[must_use]
    pub fn about(self, account: Pubkey) -> Self {
        let details = [("account".to_owned(), account.to_string().into())];
        let details = self.details.into_iter().chain(details).collect();
        Self { account: Some(account), details, ..self }
    }

    /// With something more for scripts.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Serialize) -> Self {
        self.details.insert(name.to_owned(), json!(value));
        self
    }

    /// As a transaction to be.
    pub fn draft(&self, payer: Pubkey) -> Draft {
        Draft::new(payer, self.instructions.clone())
    }

    /// Whether the network takes it, without lookup tables.
    pub fn fits(&self, payer: Pubkey) -> bool {
        let is_too_much = |error| {
            matches!(error, TransactionError::TooLarge { .. } | TransactionError::TooManyLocks { .. })
        };
        !self.draft(payer).assemble(solana_message::Hash::default()).is_err_and(is_too_much)
    }
}
