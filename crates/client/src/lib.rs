//! Rust SDK of Plimsoll: addresses, instructions, accounts, events and errors.
//!
//! - [`addresses`]: where everything is.
//! - [`instructions`]: what can be sent, one builder an area.
//! - [`decode`]: accounts out of bytes. [`book`]: order books and fill queues out of bytes.
//! - [`events`]: what happened, out of a transaction's log.
//! - [`errors`]: why the program refused, out of an error code.
//! - [`lookup`]: address lookup tables, and messages that use them.
//! - [`transaction`]: transactions with their limits, fees and nonces.
//! - [`rpc`]: a node, spoken to: transactions sent until they are executed, accounts read.
//! - [`portfolio`]: what an account is worth, how far it is from liquidation, how much more it may do.

pub mod addresses;
pub mod book;
pub mod decode;
pub mod errors;
pub mod events;
pub mod instructions;
#[cfg(test)]
mod interface;
pub mod lookup;
pub mod portfolio;
pub mod rpc;
pub mod transaction;
pub mod windows;

pub use plimsoll::ID;
