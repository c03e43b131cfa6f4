//! Margin accounts: opened, delegated, closed.

pub mod close_account;
pub mod open_account;
pub mod set_delegate;

pub use close_account::*;
pub use open_account::*;
pub use set_delegate::*;
