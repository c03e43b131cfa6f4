//! The insurance fund: who stakes in it, and how they leave (DESIGN §6 "Insurance staking").

pub mod close_stake;
pub mod cool;
pub mod move_stake;
pub mod open_stake;

pub use close_stake::*;
pub use cool::*;
pub use move_stake::*;
pub use open_stake::*;

use crate::errors::{Refusal, refuse, refused};
use anchor_lang::prelude::*;
use plimsoll_risk::insurance::StakeRefusal;

/// Turns the engine's refusal into the program's.
#[cold]
#[inline(never)]
fn unstaked(refusal: StakeRefusal) -> Error {
    match refusal {
        StakeRefusal::LossPending => refuse(Refusal::LossPending),
        StakeRefusal::Cooling { .. } => refuse(Refusal::StakeCooling),
        StakeRefusal::WindowOver => refuse(Refusal::RedemptionOver),
        StakeRefusal::NotEnough => refuse(Refusal::NotEnoughShares),
        StakeRefusal::TooSmall => refuse(Refusal::StakeTooSmall),
        StakeRefusal::Arithmetic(error) => refused(error),
    }
}
