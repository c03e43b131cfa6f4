//! Keepers of Plimsoll: whoever keeps prices fresh, fills applied, accounts in danger liquidated and losses borne, for a fee.
//!
//! - [`store`] and [`ledger`]: the exchange in memory, laid out for valuing every account at once.
//! - [`chain`]: where accounts come from and transactions go; behind a node, or in this process for tests.
//! - [`ranking`], [`outlook`], [`case`](mod@case), [`liquidator`]: who is in danger, what can be done about it, and what it earns.
//! - [`duties`]: everything else, read off the chain.
//! - [`desk`], [`run`](mod@run), [`tally`]: what roles share, their loops, their counts.
//!
//! A keeper remembers nothing: every decision is made of what is on chain, so one that was killed does nothing twice when it
//! starts again, and two that run at once only compete.

pub mod case;
pub mod chain;
pub mod config;
pub mod desk;
pub mod duties;
pub mod ledger;
pub mod liquidator;
pub mod outlook;
pub mod ranking;
pub mod role;
pub mod run;
pub mod stop;
pub mod store;
pub mod tally;
