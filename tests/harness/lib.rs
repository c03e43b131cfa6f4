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

pub mod amounts;
pub mod chain;
pub mod failure;
pub mod governors;
pub mod invariants;
pub mod keys;
pub mod mints;
pub mod oracle;
pub mod oracles;
pub mod program;
pub mod set_up;
pub mod snapshot;
pub mod tokens;
pub mod trader;
pub mod world;

pub use chain::{Chain, Receipt};
pub use failure::Failure;
pub use world::World;
