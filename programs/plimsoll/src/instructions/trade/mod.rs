//! Trading: orders reach the book, meet makers, rest, and leave.
//!
//! - [`orders`]: place, cancel, both in a batch; one set of accounts for all.
//! - [`desk`]: the accounts of an action, and its rule: cancel, match, rest, have the margin for it.
//! - [`cancel`]: orders leave the book.
//! - `session`: one action at work on a market's book.
//! - [`makers`]: how the book's makers are settled, at once or through the queue.
//! - [`apply_fills`]: the other end of that queue.

pub mod apply_fills;
pub mod args;
pub mod cancel;
pub mod dead_man;
pub mod desk;
pub mod makers;
pub mod orders;
mod session;

pub use apply_fills::*;
pub use args::*;
pub use dead_man::*;
pub use orders::*;
