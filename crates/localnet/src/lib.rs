//! An embedded local Solana network: real JSON-RPC and WebSocket servers on free ports, in this process, offline.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use plimsoll_localnet::{Network, deploy};
//!
//! let (network, manifest) = (Network::boot()?, deploy::usual_manifest()?);
//! deploy::from_manifest(&network, &std::fs::read("target/deploy/plimsoll.so")?, &manifest)?;
//! println!("{} takes deposits of {}", network.rpc_url(), manifest.quote().mint);
//! # Ok(())
//! # }
//! ```
//!
//! - [`deploy`]: the program through the loader, the exchange from a manifest.
//! - [`wallet`]: lamports and tokens. [`oracle`]: prices in Pyth's format. [`prices`]: where they come from.
//! - [`keepers`]: keepers as processes. [`clock`]: time that runs, or stands where it is set. [`state`]: a network in a file.
//!
//! The command `plimsoll-localnet` is all of this with a command line.

mod chain;
pub mod clock;
pub mod deploy;
pub mod keepers;
mod network;
mod once;
pub mod oracle;
pub mod prices;
pub mod state;
pub mod wallet;
mod watch;

pub use network::{Blocks, Network, Options};
pub use watch::Processed;
