//! How a transaction is expected to be refused.

use plimsoll::errors::Refusal;
use solana_instruction::error::InstructionError;
use solana_transaction::TransactionError;
use std::fmt;

/// Why a transaction is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// By a program, with its error code.
    Code(u32),
    /// By the runtime.
    Runtime(InstructionError),
}

impl Failure {
    /// Whether this is how a transaction ended.
    pub fn matches(&self, error: &TransactionError) -> bool {
        match (self, error) {
            (Self::Code(code), TransactionError::InstructionError(_, InstructionError::Custom(found))) => {
                code == found
            }
            (Self::Runtime(error), TransactionError::InstructionError(_, found)) => error == found,
            _ => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => out.write_str(&plimsoll_client::errors::name(*code)),
            Self::Runtime(error) => write!(out, "{error:?}"),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Code(refusal.into())
    }
}

impl From<anchor_lang::error::ErrorCode> for Failure {
    fn from(code: anchor_lang::error::ErrorCode) -> Self {
        Self::Code(code.into())
    }
}

impl From<InstructionError> for Failure {
    fn from(error: InstructionError) -> Self {
        Self::Runtime(error)
    }
}

/// A custom error code, as token programs answer.
impl From<u32> for Failure {
    fn from(code: u32) -> Self {
        Self::Code(code)
    }
}

/// What to call an error.
pub fn name(error: &TransactionError) -> String {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => {
            Failure::Code(*code).to_string()
        }
        other => format!("{other:?}"),
    }
}
