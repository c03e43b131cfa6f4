//! From nothing to an exchange that can hold money.

pub mod add_feed;
pub mod create_board;
pub mod create_exchange;
pub mod create_market;
pub mod grow_board;
pub mod grow_book;
pub mod open_exchange;
pub mod register_bank;

pub use add_feed::*;
pub use create_board::*;
pub use create_exchange::*;
pub use create_market::*;
pub use grow_board::*;
pub use grow_book::*;
pub use open_exchange::*;
pub use register_bank::*;
