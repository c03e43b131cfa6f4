//! Keys of local networks that everybody knows: `local:NAME` in a manifest.
//!
//! A local network has nothing to lose, and whoever reads its manifest must be able to mint its tokens and to act as its
//! guardian. On any other cluster such a name is refused.

use sha2::{Digest, Sha256};
use solana_keypair::Keypair;

/// What stands before the name.
pub const PREFIX: &str = "local:";

/// The key of a name: its secret is a hash of the name.
pub fn keypair(name: &str) -> Keypair {
    let seed = Sha256::new().chain_update("plimsoll local network: ").chain_update(name).finalize();
    Keypair::new_from_array(seed.into())
}
