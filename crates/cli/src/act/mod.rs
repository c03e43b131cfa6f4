//! What one does: commands that send a transaction.
//!
//! Each takes `--dry-run` (tries the transaction and tells the margin before and after), `--print-transaction` (for keys that
//! sign elsewhere) and `--json`. An [`operator`] reads the exchange and names what a command is about; a [`deed`] is what
//! it then sends.
//!
//! With `--json` an answer is one object, whose fields are the command's interface: amounts are decimal strings in whole
//! units, times unix seconds.
//!
//! | field | what |
//! |---|---|
//! | `done` or `would` | what was done, or would be, in words |
//! | `signature` | of the transaction, where it was sent |
//! | `compute_units` | what it would use, in a dry run, where the network says |
//! | `account` | the margin account that it is about |
//! | `before`, `after` | its `equity`, `withdraw_health`, `initial_health`, `maintenance_health`, of the cross part, in quote; null where a price is too old |
//! | `positions` | those whose size changed: `market`, `before`, `after` |
//! | `orders_new`, `orders_gone` | orders that came to rest, and that left the book: `market`, `order` |
//! | `transaction`, `signers` | with `--print-transaction`: base64, and who has to sign |
//!
//! and what is a command's own: `amount`, `token`, `market`, `makers`, `slot`, `number`, `ready_at`, `until`, `profit`.

pub mod account;
pub mod cancel;
pub(crate) mod changes;
pub mod deed;
mod effect;
pub mod governance;
pub mod liquidate;
mod makers;
pub(crate) mod measures;
pub mod operator;
mod oracles;
pub mod pause;
pub mod place;
pub mod position;
pub mod stake;
mod tell;
pub mod trigger;
mod unsigned;
pub mod vault;
