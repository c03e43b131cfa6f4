//! An embedded local Solana network: real JSON-RPC and WebSocket servers on free ports, in this process, offline.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use plimsoll_localnet::{Network, exchange};
//!
//! let network = Network::boot()?;
//! let exchange = exchange::open(&network, &std::fs::read("target/deploy/plimsoll.so")?)?;
//! println!("{} takes deposits of {}", network.rpc_url(), exchange.quote.mint);
//! # Ok(())
//! # }
//! ```

pub mod deploy;
pub mod exchange;
mod network;
pub mod tokens;

pub use network::{Blocks, Network, Options};
