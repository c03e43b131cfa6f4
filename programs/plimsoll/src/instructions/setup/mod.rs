//! From nothing to an exchange that can hold money, and a market's end.

pub mod add_feed;
pub mod close_market;
pub mod close_settled;
pub mod create_board;
pub mod create_exchange;
pub mod create_insurance;
pub mod create_market;
pub mod grow_board;
pub mod grow_book;
pub mod observe_settlement;
pub mod open_exchange;
pub mod register_bank;
pub mod start_settlement;

pub use add_feed::*;
pub use close_market::*;
pub use close_settled::*;
pub use create_board::*;
pub use create_exchange::*;
pub use create_insurance::*;
pub use create_market::*;
pub use grow_board::*;
pub use grow_book::*;
pub use observe_settlement::*;
pub use open_exchange::*;
pub use register_bank::*;
pub use start_settlement::*;
