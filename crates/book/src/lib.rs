//! The order book of a perpetual market: price–time priority in a flat slab of bytes.
//!
//! One side of a book is one account: a header and nodes of 80 bytes, read and written where they lie. Nothing is
//! allocated, nothing panics; growing the account makes room for more orders and moves none.
//!
//! - [`units`]: ticks, sizes, notionals and order ids, one type each.
//! - [`slab`]: the bytes, frozen; taking a node into service and giving it back.
//! - `tree`: the order of the nodes, a height-balanced (AVL) tree over their indexes with both ends cached. Its depth is
//!   at most 1.45·log2(orders), whatever an attacker inserts; since the newest order is always behind its equals, a
//!   descent compares prices alone.
//! - [`side`]: insert, cancel, expire, evict. [`view`]: reading, from the account's bytes, on chain or off.
//! - [`order`], [`matching`]: what a taker asks for, and what becomes of it. [`makers`]: who hears of it.
//! - [`queue`]: what makers whose accounts were not at hand have yet to hear, in an account of its own.
//! - [`audit`]: every structural promise above, checked.
//!
//! Each side has two trees, fixed prices and offsets from the oracle price; whoever serves makers merges them: the better
//! head at the oracle price of the moment, the older one if they are equal.
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

pub mod audit;
pub mod book;
pub mod error;
#[cfg(test)]
mod frozen;
pub mod makers;
pub mod matching;
pub mod order;
pub mod queue;
pub mod side;
pub mod slab;
mod tree;
pub mod units;
pub mod view;

pub use book::Book;
pub use error::BookError;
pub use makers::{Admission, Fill, Makers, Reason, Taken};
pub use matching::match_order;
pub use order::{Kind, Limits, OrderPrice, Outcome, Rested, SelfTrade, Stopped, Taker};
pub use queue::{FillQueue, QueueView, QueuedFill};
pub use side::BookSide;
pub use slab::{Node, SideHeader};
pub use units::{Notional, OrderId, Side, Size, Ticks};
pub use view::{Impact, Resting, SideView};
