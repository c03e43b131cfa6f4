//! What one looks at: an exchange, its markets and banks, an account, a book, the insurance, events.
//!
//! Each answer is one structure. `--json` writes it as it is: its fields are the command's interface and stay what they are,
//! amounts are decimal strings in whole units, ratios parts of 1, times unix seconds. People get the same figures as a table.

pub mod account;
pub mod banks;
pub mod book;
pub mod commands;
pub mod events;
pub mod insurance;
pub mod markets;
pub mod orders;
pub mod positions;
pub(crate) mod table;
pub mod which;
