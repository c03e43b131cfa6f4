//! Deployments: a manifest says what an exchange should be, a plan what is missing, and applying it does no more than that.
//!
//! ```no_run
//! # fn main() -> Result<(), plimsoll_deploy::Fault> {
//! use plimsoll_deploy::{Manifest, Plan, State, apply};
//! use solana_client::rpc_client::RpcClient;
//! use solana_keypair::{Keypair, Signer};
//!
//! let manifest = Manifest::read("migrations/localnet.toml".as_ref())?;
//! let (chain, deployer) = (RpcClient::new("http://127.0.0.1:8899".to_owned()), Keypair::new());
//! print!("{}", Plan::of(&manifest, &State::read(&chain, &manifest)?, Some(deployer.pubkey()))?);
//! let left = apply(&manifest, &chain, &deployer, &mut |step| println!("{step}"))?;
//! assert!(left.is_done());
//! # Ok(())
//! # }
//! ```

mod apply;
mod chain;
pub mod decimal;
mod fault;
pub mod local;
pub mod manifest;
pub mod plan;
mod state;
pub mod value;

pub use apply::{FAUCET, apply};
pub use chain::{Chain, Network};
pub use fault::Fault;
pub use manifest::{Cluster, Manifest};
pub use plan::{Plan, Step};
pub use state::{Board, Listed, Mint, State, Upgrade};
