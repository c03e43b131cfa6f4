//! The margin engine of Plimsoll: everything that decides who is safe, as pure functions of integers.
//!
//! No allocation, no floats, no `unsafe`, no clock, no chain. The on-chain program, the clients, the keepers and the
//! simulator call this same code, so a figure computed off chain cannot disagree with the chain (DESIGN §1).
//!
//! - [`num`]: the quantities. Each is a type, each lossy operation says in its name which way it rounds.
//! - [`mod@layout`]: the bytes of the accounts that the engine reads: feeds, banks, markets, margin accounts, the board.
//! - [`interest`], [`outflow`], [`ramp`]: what happens to a bank while time passes.
//! - [`stable`], [`twap`], [`volatility`], [`validity`], [`observation`]: what happens to a price on its way to a feed.
//! - [`valuation`], [`health`]: what a balance is worth, and whether an account of balances is safe.
//! - [`market`], [`position`], [`requirement`], [`margin`]: what a lot is worth, what a position has made and may lose, what it
//!   needs, and whether an account with positions is safe.
//! - [`fill`], [`funding`], [`settlement`]: how trades, time and cash change a position.
//! - [`conduct`]: what an account may still do while it is short of margin.
//! - [`deleveraging`], [`liquidation`], [`waterfall`], [`insurance`]: what happens to those who are in danger, and who bears what is left.
//!
//! Nothing panics on any input: what does not fit is a [`RiskError`], never a wrap.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

#[cfg(test)]
extern crate std;

pub mod bankruptcy;
pub mod conduct;
pub mod deleveraging;
pub mod error;
pub mod fill;
pub mod funding;
pub mod health;
pub mod insurance;
pub mod interest;
pub mod layout;
pub mod liquidation;
pub mod margin;
pub mod market;
pub mod num;
pub mod observation;
pub mod outflow;
pub mod position;
pub mod ramp;
pub mod requirement;
pub mod settlement;
pub mod stable;
pub mod twap;
pub mod validity;
pub mod valuation;
pub mod volatility;
pub mod waterfall;

pub use error::RiskError;
