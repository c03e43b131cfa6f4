//! A crash, survived before your eyes: a local network, a crowd of leveraged accounts, keepers as processes of their own, and
//! prices that fall. `cargo xtask demo` (docs/DEMO.md).
//!
//! - [`prices`]: what is replayed. [`stage`]: the network and the exchange. [`crowd`]: who is there.
//! - [`keepers`]: the processes. [`conduct`]: the course of it. [`heard`]: every transaction. [`audit`]: the whole ledger.
//! - [`progress`]: what is going on, for people. [`outcome`]: what came of it; [`page`]: the same with charts.
#![deny(missing_docs)]

pub mod audit;
pub mod conduct;
pub mod crowd;
pub mod heard;
pub mod keepers;
pub mod outcome;
pub mod page;
pub mod prices;
pub mod progress;
pub mod stage;
