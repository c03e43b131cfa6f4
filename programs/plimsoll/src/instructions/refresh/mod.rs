//! The board is brought up to date, by anyone.

pub mod refresh_bank;
pub mod refresh_market;
pub mod refresh_prices;

pub use refresh_bank::*;
pub use refresh_market::*;
pub use refresh_prices::*;
