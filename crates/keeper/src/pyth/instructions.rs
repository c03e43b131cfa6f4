//! Instructions of Pyth's receiver and of the Wormhole bridge that it rests on.
//!
//! Signatures of all guardians that are needed do not fit into one transaction with a price, so they are written into an
//! account and verified there first; a price that is posted with fewer is only partly verified, and this exchange does not
//! believe it.

use super::message::ProvedPrice;
use anyhow::Result;
use pyth_solana_receiver_sdk::{PostUpdateParams, pda};
use sha2::{Digest, Sha256};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_rent::Rent;

/// The bridge that Pyth's receiver believes, at this address on every public cluster.
pub const BRIDGE: Pubkey = solana_pubkey::pubkey!("HDwcJBJXjL9FpJ7UBsYBtaDjsBUhuLCUYoz3zr8SWWaQ");

/// Bytes before the signed data in their account.
const HEADER: usize = 46;

/// An account for signed data, of a writer who also gets its rent back.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    /// The account.
    pub account: Pubkey,
    /// Who writes, verifies and closes it.
    pub writer: Pubkey,
}

impl Draft {
    /// Makes the account for so many bytes. It signs.
    pub fn create(&self, bytes: usize) -> [Instruction; 2] {
        let space = bytes.saturating_add(HEADER);
        let rent = Rent::default().minimum_balance(space);
        let space = u64::try_from(space).unwrap_or(u64::MAX);
        let create = solana_system_interface::instruction::create_account(
            &self.writer,
            &self.account,
            rent,
            space,
            &BRIDGE,
        );
        [create, self.of_bridge("init_encoded_vaa", &[], None, false)]
    }

    /// Writes some of the bytes, from a place on.
    pub fn write(&self, from: u32, bytes: &[u8]) -> Instruction {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let arguments = [&from.to_le_bytes()[..], &length.to_le_bytes(), bytes].concat();
        self.of_bridge("write_encoded_vaa", &arguments, None, false)
    }

    /// Verifies the signatures, once everything is written.
    pub fn verify(&self, guardian_set: u32) -> Instruction {
        let seeds = [b"GuardianSet", &guardian_set.to_be_bytes()[..]];
        let guardians = Pubkey::find_program_address(&seeds, &BRIDGE).0;
        self.of_bridge("verify_encoded_vaa_v1", &[], Some(guardians), false)
    }

    /// Closes the account, verified or not: its rent goes back to the writer.
    pub fn close(&self) -> Instruction {
        self.of_bridge("close_encoded_vaa", &[], None, true)
    }

    /// Posts a price with the signatures in this account. The price's account signs; the writer pays for it the first time,
    /// and is the only one who may post to it again.
    ///
    /// # Errors
    /// A proof that cannot be written down.
    pub fn post(&self, price: &ProvedPrice, to: Pubkey) -> Result<Instruction> {
        // Any of the 256 treasuries takes the fee; where posters differ they need not wait for each other.
        let [treasury_id, ..] = self.account.to_bytes();
        let accounts = vec![
            AccountMeta::new(self.writer, true),
            AccountMeta::new_readonly(self.account, false),
            AccountMeta::new_readonly(pda::get_config_address(), false),
            AccountMeta::new(pda::get_treasury_address(treasury_id), false),
            AccountMeta::new(to, true),
            AccountMeta::new_readonly(solana_sdk_ids::system_program::ID, false),
            AccountMeta::new_readonly(self.writer, true),
        ];
        let params = PostUpdateParams { merkle_price_update: price.update.clone(), treasury_id };
        let data = [&mark("post_update")[..], &borsh::to_vec(&params)?].concat();
        Ok(Instruction { program_id: pyth_solana_receiver_sdk::ID, accounts, data })
    }

    fn of_bridge(
        &self,
        name: &str,
        arguments: &[u8],
        guardians: Option<Pubkey>,
        is_paid_back: bool,
    ) -> Instruction {
        let writer = AccountMeta { pubkey: self.writer, is_signer: true, is_writable: is_paid_back };
        let guardians = guardians.map(|set| AccountMeta::new_readonly(set, false));
        let accounts = [writer, AccountMeta::new(self.account, false)].into_iter().chain(guardians);
        let data = [&mark(name)[..], arguments].concat();
        Instruction { program_id: BRIDGE, accounts: accounts.collect(), data }
    }
}

/// Anchor's mark of an instruction.
pub fn mark(name: &str) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(format!("global:{name}")).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}
