//! The chain as a keeper sees it: accounts that change, and transactions that go through or are refused.

pub mod memory;
pub mod rpc;

use crate::{stop::Stop, store::Update};
use anyhow::Result;
use plimsoll_client::errors;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// What a source of accounts says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All accounts of the program, as they were at a slot or later: at the start, after each interruption, and now and then,
    /// since nobody tells when an account is closed.
    Snapshot {
        /// The slot.
        slot: u64,
        /// All of them.
        accounts: Vec<Update>,
    },
    /// One account changed.
    Changed(Update),
    /// The connection is gone; it is tried again.
    Lost,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed.
    Done,
    /// It would have been executed: nothing is sent in a dry run.
    Rehearsed,
    /// A program refused it with this code.
    Refused(u32),
    /// It was not executed, for a reason of the network's.
    Failed(String),
}

impl Outcome {
    /// Whether the chain has moved.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// What it is counted by: the refusal's name, or what it says itself.
    pub fn name(&self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Rehearsed => "rehearsed".to_owned(),
            Self::Refused(code) => errors::name(*code),
            Self::Failed(_) => "Network".to_owned(),
        }
    }

    /// Whether it was refused only because somebody had done the same before, or the moment had passed: what a restart or
    /// another keeper brings about, and no error.
    pub fn is_too_late(&self) -> bool {
        use plimsoll::errors::Refusal::{
            NoSuchFill, NoSuchTrigger, NotEndangered, NotFlagged, NothingToApply, NothingToCollect,
            NothingToDo, NothingToSettle, PriceNotNewer, TriggerNotReached,
        };
        let Self::Refused(code) = self else { return false };
        matches!(
            errors::refusal(*code),
            Some(
                NoSuchFill
                    | NoSuchTrigger
                    | NotEndangered
                    | NotFlagged
                    | NothingToApply
                    | NothingToCollect
                    | NothingToDo
                    | NothingToSettle
                    | PriceNotNewer
                    | TriggerNotReached
            )
        )
    }
}

/// Where accounts come from and transactions go.
pub trait Chain: Send + Sync {
    /// Tells what happens to the program's accounts until the keeper stops. Connects again, by itself, as often as it takes.
    fn follow(&self, stop: &Stop, tell: &mut dyn FnMut(Event));

    /// Some accounts as they are now, in any order.
    ///
    /// # Errors
    /// The network does not answer.
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Update>>;

    /// The chain's own time, unix seconds.
    ///
    /// # Errors
    /// The network does not answer.
    fn now(&self) -> Result<i64>;

    /// Sends a transaction and waits until it is known what became of it. The keeper pays and signs.
    fn send(&self, instructions: &[Instruction]) -> Outcome;
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll::errors::Refusal;

    #[test]
    fn what_somebody_else_did_before_is_no_error() {
        let of = |refusal: Refusal| Outcome::Refused(u32::from(refusal));
        assert!(of(Refusal::NothingToDo).is_too_late());
        assert!(!of(Refusal::NotEnoughMargin).is_too_late() && !Outcome::Done.is_too_late());
        assert_eq!(of(Refusal::NotEnoughMargin).name(), "NotEnoughMargin");
    }
}
