//! What became of a transaction, for programs and for people.

use crate::{errors, instructions};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_transaction::{Signature, TransactionError};
use std::fmt;

/// What the log says before a program's own words.
const SAYS: &str = "Program log: ";

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed.
    Done(Signature),
    /// It would have been executed, with so many compute units where the node tells: in a dry run nothing is sent.
    Rehearsed(Option<u64>),
    /// A program refused it: nothing has changed but the fee, if it was executed at all.
    Refused(Refused),
    /// It was not executed, for a reason of the network's or of its own form; or nobody knows, as the text then says.
    Failed(String),
}

/// Which instruction a program refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The error code.
    pub code: u32,
    /// Its place among the instructions that were given, from 0; nothing for one that was added: a nonce, a limit.
    pub instruction: Option<usize>,
    /// What the interface calls the instruction, if it is one of this program's.
    pub called: Option<String>,
    /// The program that the instruction was for.
    pub program: Pubkey,
    /// What the log said last, where the code is none of this program's: token programs explain themselves there.
    pub said: Option<String>,
}

impl Refused {
    /// The refusal's name, or its number.
    pub fn name(&self) -> String {
        errors::name(self.code)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.instruction, &self.called) {
            (Some(place), Some(called)) => {
                write!(out, "instruction {} ({called}): ", place.saturating_add(1))?
            }
            (Some(place), None) => write!(out, "instruction {}: ", place.saturating_add(1))?,
            (None, _) => {}
        }
        write!(out, "{}", self.name())?;
        let why = errors::explanation(self.code).or_else(|| self.said.clone());
        why.map_or(Ok(()), |why| write!(out, ": {why}"))
    }
}

impl Outcome {
    /// Whether the chain has moved.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// The code of a refusal.
    pub const fn code(&self) -> Option<u32> {
        match self {
            Self::Refused(refused) => Some(refused.code),
            _ => None,
        }
    }

    /// Out of an error of the network's, the instructions that were given, how many were added before them, and the log.
    pub(super) fn of_error(
        error: &TransactionError,
        given: &[Instruction],
        added: usize,
        log: &[String],
    ) -> Self {
        let TransactionError::InstructionError(place, why) = error else {
            return Self::Failed(error.to_string());
        };
        let place = usize::from(*place).checked_sub(added);
        let instruction = place.and_then(|place| given.get(place));
        let called = instruction.and_then(instructions::name);
        match why {
            InstructionError::Custom(code) => Self::Refused(Refused {
                code: *code,
                instruction: place,
                called,
                program: instruction.map(|it| it.program_id).unwrap_or_default(),
                said: said_last(log).filter(|_| errors::refusal(*code).is_none()),
            }),
            other => {
                let which = place.map_or(0, |place| place.saturating_add(1));
                let called = called.map(|name| format!(" ({name})")).unwrap_or_default();
                Self::Failed(format!("instruction {which}{called}: {other}"))
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(signature) => write!(out, "{signature}"),
            Self::Rehearsed(Some(units)) => write!(out, "would go through, with {units} compute units"),
            Self::Rehearsed(None) => write!(out, "would go through"),
            Self::Refused(refused) => write!(out, "{refused}"),
            Self::Failed(why) => write!(out, "{why}"),
        }
    }
}

/// What a program said last before it failed.
fn said_last(log: &[String]) -> Option<String> {
    log.iter().rev().find_map(|line| line.strip_prefix(SAYS)).map(str::to_owned)
}
