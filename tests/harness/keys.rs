//! Fixed keys, made out of names: addresses, bumps and so compute units are the same in every run.

use sha2::{Digest, Sha256};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// 32 bytes that belong to a name.
pub fn bytes(name: &str) -> [u8; 32] {
    Sha256::digest(format!("plimsoll tests: {name}")).into()
}

/// The key of somebody or something.
pub fn keypair(name: &str) -> Keypair {
    Keypair::new_from_array(bytes(name))
}

/// The address of somebody or something.
pub fn address(name: &str) -> Pubkey {
    keypair(name).pubkey()
}
