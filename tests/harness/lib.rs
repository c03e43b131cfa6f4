//! What the tests of the compiled program share: a world on LiteSVM with real token programs, in which people deposit,
//! borrow, refresh and govern by verbs. After each verb every invariant of `docs/INVARIANTS.md` is checked.
//!
//! ```no_run
//! use harness::{World, tokens::*};
//!
//! let mut world = World::open();
//! world.trader("lender").deposits(USDC, usdc(1_000));
//! world.trader("alice").deposits(SOL, sol(10));
//! world.trader("alice").borrows(USDC, usdc(100));
//! world.oracle().moves(SOL, -12);
//! ```
//!
//! With perpetuals:
//!
//! ```no_run
//! use harness::{World, perps::*, tokens::*};
//! use plimsoll_client::{book::Side, instructions::order::Order};
//!
//! let mut world = World::with_markets(&[BTC_PERP]);
//! world.trader("alice").deposits(USDC, usdc(10_000));
//! world.trader("bob").deposits(USDC, usdc(10_000));
//! world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 100, 60_000));
//! world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 100);
//! assert_eq!(world.lots("bob", BTC_PERP), -100);
//! ```

pub mod amounts;
pub mod auctions;
pub mod chain;
pub mod deals;
pub mod endings;
pub mod failure;
pub mod floor;
pub mod governors;
pub mod insurance;
pub mod invariants;
pub mod keys;
pub mod liquidator;
pub mod markets;
pub mod mints;
pub mod oracle;
pub mod oracles;
pub mod perps;
pub mod program;
pub mod replaying;
pub mod set_up;
pub mod sheet;
pub mod snapshot;
pub mod statement;
pub mod tokens;
pub mod trader;
pub mod trading;
pub mod world;

pub use chain::{Chain, Receipt};
pub use failure::Failure;
pub use world::World;
