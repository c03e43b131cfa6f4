//! Instructions by area: in each file the `Accounts`, what must hold, and the rule.

pub mod account;
pub mod governance;
pub mod insurance;
pub mod ledger;
pub mod liquidation;
pub mod refresh;
pub mod setup;
pub mod trade;
pub mod trigger;
pub mod vault;
