//! Accounts in danger: flagged, liquidated in one of four ways, deleveraged, and what is left over shared out.
//!
//! - `scope`: what is judged by itself, an account's cross part or an isolated position; flags are read and set through it.
//! - `danger`: the gate that all ways to liquidate pass, and how a scope leaves it again.
//! - [`assess`]: the only one that flags.
//! - [`take_over`], [`liquidate_into_book`], [`swap_collateral`], [`buy_pnl`]: the ways.
//! - [`mod@deleverage`], [`mod@resolve_bankruptcy`]: what happens where none of them helps any more.

pub mod apply_deleveraging;
pub mod assess;
pub mod buy_pnl;
mod danger;
pub mod deleverage;
pub mod gate_withdrawals;
pub mod liquidate_into_book;
pub mod resolve_bankruptcy;
pub mod scope;
pub mod swap_collateral;
pub mod take_over;

pub use apply_deleveraging::*;
pub use assess::*;
pub use buy_pnl::*;
pub use deleverage::*;
pub use gate_withdrawals::*;
pub use liquidate_into_book::*;
pub use resolve_bankruptcy::*;
pub use swap_collateral::*;
pub use take_over::*;
