//! Accounts, one a file. Layouts that a margin check reads are the engine's own (`plimsoll_risk::layout`).

mod zero_copy;

pub mod bank;
pub mod book;
pub mod exchange;
#[cfg(feature = "idl-build")]
pub mod idl;
pub mod insurance;
pub mod margin_account;
pub mod market;
pub mod pending_change;
pub mod risk_board;

pub use bank::Bank;
pub use exchange::Exchange;
pub use insurance::{InsuranceFund, InsuranceStake};
pub use margin_account::MarginAccount;
pub use market::Market;
pub use pending_change::PendingChange;
pub use risk_board::RiskBoard;
