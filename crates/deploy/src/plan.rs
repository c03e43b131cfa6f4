//! What would be done: the difference between a manifest and a chain.
//!
//! A plan holds nothing that a later look at the chain would not find again, so a deployment that stopped anywhere carries on
//! by planning anew. [`structure`] finds what has to be created, [`changes`] which parameters differ and in which order the
//! program accepts them, [`authority`] what mainnet demands; [`show`] tells it to people and scripts.

mod authority;
mod changes;
mod show;
mod structure;

use crate::{Fault, Manifest, State, manifest::UpgradeAuthority};
use plimsoll::governance::{Parameter, Value};
use plimsoll_client::instructions::governance::{Proposal, Queued};
use solana_pubkey::Pubkey;

/// An account of a market's book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    Bids,
    Asks,
    Queue,
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing waits before the exchange is open.
    SetUp,
    /// It tightens: at once. Ramped ones begin to move.
    AtOnce,
    /// It is queued, and may be applied from this time on, unix seconds.
    From(i64),
}

/// A parameter that differs.
#[derive(Clone)]
pub struct Change {
    pub parameter: &'static Parameter,
    /// Whose it is: the name of a bank, a feed or a market; the exchange or the board.
    pub subject: String,
    pub old: Value,
    pub new: Value,
    /// Both as people write them.
    pub told: [String; 2],
    pub effect: Effect,
    pub proposal: Proposal,
}

/// A queued change to a value that the manifest wants.
#[derive(Clone)]
pub struct Waiting {
    pub subject: String,
    pub parameter: &'static Parameter,
    /// Both as people write them.
    pub told: [String; 2],
    /// Its number.
    pub number: u64,
    /// From when it may be applied, unix seconds.
    pub ready_at: i64,
    /// From when it may not be applied any more, unix seconds.
    pub expires_at: i64,
    pub queued: Queued,
}

/// A feed, a bank or a market of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place in the manifest, which is its place on the board.
    pub place: usize,
    pub name: String,
}

/// One thing to do.
#[derive(Clone)]
pub enum Step {
    /// On a local network only.
    CreateMint(Item),
    CreateExchange,
    CreateBoard,
    GrowBoard(usize),
    AddFeed(Item),
    RegisterBank(Item),
    CreateInsurance,
    CreateMarket(Item),
    GrowBook(Item, Book, usize),
    Change(Box<Change>),
    /// A queued change whose time has come.
    ApplyQueued(Box<Waiting>),
    /// Somebody else gets the power to replace the program, or nobody has it any more.
    HandOver(UpgradeAuthority),
    Nominate(Pubkey),
    Accept(Pubkey),
    Open,
}

/// A parameter of something that has to be created first.
#[derive(Clone)]
pub struct Later {
    pub subject: String,
    pub parameter: &'static Parameter,
    /// The value wanted, as people write it.
    pub told: String,
}

/// What would be done, in this order.
#[derive(Clone)]
pub struct Plan {
    pub cluster: String,
    /// Who would sign.
    pub signer: Option<Pubkey>,
    pub steps: Vec<Step>,
    /// Parameters of what the steps create.
    pub later: Vec<Later>,
    /// Queued, and not ready yet.
    pub waiting: Vec<Waiting>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// A step that the signer cannot take, and who could.
    pub blocked: Option<String>,
}

impl Plan {
    /// Compares. `signer` is who would sign; without one nothing could be applied.
    ///
    /// # Errors
    /// What is on the chain cannot become what the manifest says, or must not (DESIGN §9).
    pub fn of(manifest: &Manifest, state: &State, signer: Option<Pubkey>) -> Result<Self, Fault> {
        authority::require(manifest, state, signer)?;
        structure::require_fit(manifest, state)?;
        let mut plan = Self {
            cluster: manifest.cluster.to_string(),
            signer,
            steps: structure::steps(manifest, state),
            later: Vec::new(),
            waiting: Vec::new(),
            notes: structure::notes(manifest, state),
            blocked: None,
        };
        changes::find(manifest, state, &mut plan)?;
        authority::steps(manifest, state, &mut plan);
        plan.blocked = authority::blocked(state, &plan);
        Ok(plan)
    }

    /// Whether the chain is as the manifest says, as far as it can be now.
    pub const fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    /// The first steps, as many as one transaction takes.
    pub fn batch(&self) -> &[Step] {
        let Some(first) = self.steps.first() else { return &[] };
        let fits =
            |step: &&Step| step.per_transaction() > 1 && step.per_transaction() == first.per_transaction();
        let alike = self.steps.iter().take_while(fits).count();
        &self.steps[..alike.clamp(1, first.per_transaction())]
    }
}

impl Step {
    /// How many of its kind one transaction takes; kinds of the same number above 1 may share one.
    const fn per_transaction(&self) -> usize {
        match self {
            Self::AddFeed(_) => 6,
            Self::Change(_) => 8,
            Self::ApplyQueued(_) => 4,
            _ => 1,
        }
    }
}
