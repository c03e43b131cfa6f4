//! The chain as a keeper sees it: accounts that change, and transactions that go through or are refused.

pub mod following;
pub mod memory;
pub mod rpc;

use crate::{stop::Stop, store::Update};
use anyhow::Result;
use following::Tell;
use plimsoll_client::{errors, transaction::fees::Bid};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;

/// Where the chain keeps its time.
pub const CLOCK: Pubkey = solana_pubkey::pubkey!("SysvarC1ock11111111111111111111111111111111");

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
    /// Accounts are so now, in this order.
    Changed(Vec<Update>),
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
    /// It was not sent: a price that it rests on has become too old since it was decided.
    Outdated,
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
            Self::Outdated => "outdated".to_owned(),
        }
    }

    /// Whether nothing of the kind can be done before the board is refreshed.
    pub fn waits_for_prices(&self) -> bool {
        use plimsoll::errors::Refusal::{PricesTooFarApart, StaleMarket, StalePrice};
        let refusal = if let Self::Refused(code) = self { errors::refusal(*code) } else { None };
        matches!(self, Self::Outdated)
            || matches!(refusal, Some(PricesTooFarApart | StaleMarket | StalePrice))
    }

    /// Whether it was refused only because somebody had done the same before, or the moment had passed: what a restart or
    /// another keeper brings about, and no error.
    pub fn is_too_late(&self) -> bool {
        use plimsoll::errors::Refusal::{
            NoPosition, NoSuchFill, NoSuchOrder, NoSuchTrigger, NotEndangered, NotFlagged, NothingToApply,
            NothingToCollect, NothingToDo, NothingToSettle, PriceNotNewer, TriggerNotReached,
        };
        let Self::Refused(code) = self else { return false };
        matches!(
            errors::refusal(*code),
            Some(
                NoPosition
                    | NoSuchFill
                    | NoSuchOrder
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

/// How much a transaction may pay to be early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// As others pay.
    #[default]
    Ordinary,
    /// More than most: somebody is in danger, and others would like to be first.
    Urgent,
}

/// What is sent as one transaction, and how.
#[derive(Clone, Copy)]
pub struct Parcel<'a> {
    /// What it does.
    pub instructions: &'a [Instruction],
    /// Who signs besides the keeper.
    pub signers: &'a [&'a Keypair],
    /// How much it may pay to be early.
    pub urgency: Urgency,
    /// Compute limit, units, for what the table of measured caps knows nothing of.
    pub compute_limit: Option<u32>,
}

/// What is bid for priority.
#[derive(Clone, Copy, Debug)]
pub struct Bids {
    /// For what is not urgent.
    pub ordinary: Bid,
    /// For what is.
    pub urgent: Bid,
}

impl Bids {
    /// Never more than this, micro-lamports a compute unit.
    pub const fn up_to(ordinary: u64, urgent: u64) -> Self {
        Self { ordinary: Bid { most: ordinary, ..Bid::USUAL }, urgent: Bid { most: urgent, ..Bid::URGENT } }
    }

    /// What is bid for something so urgent.
    pub const fn of(&self, urgency: Urgency) -> Bid {
        match urgency {
            Urgency::Ordinary => self.ordinary,
            Urgency::Urgent => self.urgent,
        }
    }
}

/// Where accounts come from and transactions go.
pub trait Chain: Send + Sync {
    /// Tells what happens to the program's accounts, and to the watched ones, until the keeper stops: all of them first,
    /// the watched ones before the program's. What whoever hears it doubts is read again and told. Connects again, by
    /// itself, as often as it takes.
    fn follow(&self, watched: &[Pubkey], stop: &Stop, tell: &mut Tell<'_>);

    /// Some of the program's accounts, or the clock, as they are now, in any order; what is neither is nothing.
    ///
    /// # Errors
    /// The network does not answer.
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Update>>;

    /// Sends a transaction and waits until it is known what became of it. The keeper pays and signs.
    fn send(&self, parcel: &Parcel<'_>) -> Outcome;
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

    #[test]
    fn an_old_price_is_waited_for() {
        let waits = |refusal: Refusal| Outcome::Refused(u32::from(refusal)).waits_for_prices();
        assert!(
            waits(Refusal::StaleMarket) && waits(Refusal::StalePrice) && Outcome::Outdated.waits_for_prices()
        );
        assert!(!waits(Refusal::NotEnoughMargin) && !Outcome::Done.waits_for_prices());
    }
}
