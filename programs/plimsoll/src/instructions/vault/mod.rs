//! Tokens in and out: deposits, withdrawals, repayments, surplus.

pub mod deposit;
pub mod repay;
pub mod resume_bank;
pub mod skim_surplus;
pub mod withdraw;

pub use deposit::*;
pub use repay::*;
pub use resume_bank::*;
pub use skim_surplus::*;
pub use withdraw::*;
