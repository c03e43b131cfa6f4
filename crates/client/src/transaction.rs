//! Transactions that the network takes: from instructions to a message with its limits, fees and lookup tables.
//!
//! - [`compute`]: how much compute instructions may need, out of the table of measured caps.
//! - [`fees`]: what others paid lately, and what to bid.
//! - [`nonce`]: transactions that stay valid until somebody sends them.
//!
//! Everything here is pure: blockhashes, tables, recent fees and account sizes come from the caller.

pub mod compute;
pub mod fees;
pub mod nonce;

use crate::lookup::{self, MAX_TRANSACTION, Table};
use nonce::Nonce;
use plimsoll::state::{MarginAccount, RiskBoard};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_message::{CompileError, Hash, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_signer::{SignerError, signers::Signers};
use solana_transaction::versioned::VersionedTransaction;
use std::{collections::HashSet, fmt};

/// Most accounts that one transaction may lock.
pub const MAX_LOCKS: usize = 64;
/// Lamports that each signature costs.
pub const SIGNATURE_FEE: u64 = 5_000;

/// What a side of a book may grow to, the largest account that an instruction of the program names: 100 KiB.
const LARGEST_ACCOUNT: u32 = 102_400;
const _: () = assert!(RiskBoard::SPACE <= LARGEST_ACCOUNT as usize && MarginAccount::SPACE < 10_240);
/// What the network counts for an account beside its data.
const ACCOUNT_OVERHEAD: u32 = 64;
/// What it counts for a lookup table.
const TABLE_BYTES: u32 = 8_248;
/// What the header of a program's data takes, with the account that points to it.
const PROGRAM_OVERHEAD: u32 = 45 + 36 + 2 * ACCOUNT_OVERHEAD;
/// A program of somebody else's: tokens, oracles.
const OTHER_PROGRAM: u32 = 2 * 1_048_576;
/// Loaded data is paid for by pages of 32 KiB.
const PAGE: u32 = 32_768;
/// Most data that one transaction may load: 64 MiB.
const MAX_LOADED: u32 = 64 * 1_048_576;

/// Why instructions make no transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionError {
    /// There is no instruction.
    Empty,
    /// It has more bytes than a transaction may have. Use lookup tables, bring fewer accounts, or send two.
    TooLarge {
        /// Its bytes, signatures included.
        bytes: usize,
    },
    /// It locks more accounts than a transaction may. Bring fewer makers, or send two.
    TooManyLocks {
        /// The accounts that it locks, those found in tables included.
        locks: usize,
    },
    /// It cannot be a message at all: more than 256 accounts, or a table with more entries than an index can name.
    Malformed(CompileError),
}

impl fmt::Display for TransactionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(out, "there is no instruction to send"),
            Self::TooLarge { bytes } => {
                let over = bytes.saturating_sub(MAX_TRANSACTION);
                write!(out, "{bytes} bytes are {over} more than the {MAX_TRANSACTION} of a transaction")
            }
            Self::TooManyLocks { locks } => {
                let over = locks.saturating_sub(MAX_LOCKS);
                write!(out, "{locks} accounts are {over} more than the {MAX_LOCKS} that a transaction locks")
            }
            Self::Malformed(error) => write!(out, "the instructions make no message: {error}"),
        }
    }
}

impl std::error::Error for TransactionError {}

/// A transaction to be: who pays, what it does, and what it may use.
///
/// `Draft::new(payer, instructions).priced(fee).tables(tables).assemble(blockhash)`.
#[derive(Clone, Debug)]
#[must_use]
pub struct Draft {
    payer: Pubkey,
    instructions: Vec<Instruction>,
    tables: Vec<Table>,
    compute_limit: Option<u32>,
    loaded_limit: Option<u32>,
    price: u64,
    nonce: Option<Nonce>,
}

impl Draft {
    /// These instructions, in this order; `payer` pays the fees and signs.
    pub fn new(payer: Pubkey, instructions: Vec<Instruction>) -> Self {
        let tables = Vec::new();
        Self { payer, instructions, tables, compute_limit: None, loaded_limit: None, price: 0, nonce: None }
    }

    /// With a priority fee, micro-lamports for each unit of the compute limit; 0 is none.
    pub fn priced(self, micro_lamports: u64) -> Self {
        Self { price: micro_lamports, ..self }
    }

    /// With lookup tables in which accounts may be found.
    pub fn tables(self, tables: Vec<Table>) -> Self {
        Self { tables, ..self }
    }

    /// With a compute limit of one's own, units, in place of what [`compute::limit`] says: from a simulation.
    pub fn compute_limit(self, units: u32) -> Self {
        Self { compute_limit: Some(units.min(compute::MOST)), ..self }
    }

    /// With a limit of one's own on what it loads, bytes, in place of what [`Draft::loaded_bytes`] says.
    pub fn loaded_limit(self, bytes: u32) -> Self {
        Self { loaded_limit: Some(bytes.min(MAX_LOADED)), ..self }
    }

    /// By a durable nonce in place of a recent blockhash: it stays valid until the nonce is advanced, which is its own first
    /// instruction. The nonce's authority signs.
    pub fn durable(self, nonce: Nonce) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// The accounts that it writes, each once: those whose recent fees tell what to bid ([`fees::Bid::choose`]).
    pub fn written(&self) -> Vec<Pubkey> {
        let metas = self.instructions.iter().flat_map(|it| &it.accounts);
        let named = metas.filter(|meta| meta.is_writable).map(|meta| meta.pubkey);
        let mut seen = HashSet::new();
        [self.payer].into_iter().chain(named).filter(|address| seen.insert(*address)).collect()
    }

    /// Bytes of account data that it may load, rounded up to a page: of every account that the instructions name as much as
    /// the largest one has, the programs, the tables. What is too much costs a little priority; what is too little, the fee.
    pub fn loaded_bytes(&self) -> u32 {
        let named = self.instructions.iter().flat_map(|it| it.accounts.iter().map(|meta| meta.pubkey));
        let accounts: HashSet<Pubkey> = named.chain([self.payer]).collect();
        let programs: HashSet<Pubkey> = self.instructions.iter().map(|it| it.program_id).collect();
        let of_accounts = count(accounts.len()).saturating_mul(LARGEST_ACCOUNT + ACCOUNT_OVERHEAD);
        let of_programs =
            programs.iter().map(|id| if *id == plimsoll::ID { own_program() } else { OTHER_PROGRAM });
        let of_programs = of_programs.fold(0, u32::saturating_add);
        let of_tables = count(self.tables.len()).saturating_mul(TABLE_BYTES);
        let sum = of_accounts.saturating_add(of_programs).saturating_add(of_tables);
        sum.checked_next_multiple_of(PAGE).unwrap_or(MAX_LOADED).min(MAX_LOADED)
    }

    /// Puts it together: nonce, limits, price, then the instructions, in a version-0 message.
    ///
    /// `recent_blockhash` is not used where there is a durable nonce.
    ///
    /// # Errors
    /// [`TransactionError`], which says by how much it is too large.
    pub fn assemble(&self, recent_blockhash: Hash) -> Result<Assembled, TransactionError> {
        if self.instructions.is_empty() {
            return Err(TransactionError::Empty);
        }
        let units = self.compute_limit.unwrap_or_else(|| compute::limit(&self.instructions));
        let bytes_loaded = self.loaded_limit.unwrap_or_else(|| self.loaded_bytes());
        let mut all: Vec<Instruction> = self
            .nonce
            .iter()
            .map(Nonce::advance)
            .chain([
                ComputeBudgetInstruction::set_compute_unit_limit(units),
                ComputeBudgetInstruction::set_loaded_accounts_data_size_limit(bytes_loaded),
            ])
            .chain((self.price != 0).then(|| ComputeBudgetInstruction::set_compute_unit_price(self.price)))
            .collect();
        let added = all.len();
        all.extend_from_slice(&self.instructions);
        let hash = self.nonce.map_or(recent_blockhash, |nonce| nonce.hash);
        let message = lookup::message(&self.payer, &all, &self.tables, hash);
        let message = message.map_err(TransactionError::Malformed)?;
        let (bytes, locks) = (lookup::size(&message), lookup::locks(&message));
        if locks > MAX_LOCKS {
            return Err(TransactionError::TooManyLocks { locks });
        }
        if bytes > MAX_TRANSACTION {
            return Err(TransactionError::TooLarge { bytes });
        }
        let signatures = u64::from(message.header().num_required_signatures);
        let fee = signatures.saturating_mul(SIGNATURE_FEE).saturating_add(fees::priority(self.price, units));
        Ok(Assembled { message, compute_limit: units, loaded_limit: bytes_loaded, bytes, locks, fee, added })
    }
}

/// A message that the network takes, to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The message.
    pub message: VersionedMessage,
    /// Compute units that it may use.
    pub compute_limit: u32,
    /// Bytes of account data that it may load.
    pub loaded_limit: u32,
    /// Bytes of the transaction that it becomes, signatures included.
    pub bytes: usize,
    /// Accounts that it locks.
    pub locks: usize,
    /// What it costs, lamports: signatures and priority, rounded up.
    pub fee: u64,
    /// Instructions that stand before those that were given: nonce, limits, price.
    pub added: usize,
}

impl Assembled {
    /// Signs it.
    ///
    /// # Errors
    /// A signature that is missing, or one too many.
    pub fn sign<T: Signers + ?Sized>(self, signers: &T) -> Result<VersionedTransaction, SignerError> {
        VersionedTransaction::try_new(self.message, signers)
    }
}

/// Bytes that the program itself loads: the most that it may have.
fn own_program() -> u32 {
    compute::cap("program_bytes").unwrap_or(OTHER_PROGRAM).saturating_add(PROGRAM_OVERHEAD)
}

/// A count of accounts, which is never near the limit.
fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
