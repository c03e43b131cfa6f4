//! Durable nonces: a transaction that several people sign over days needs a hash that does not expire.

use solana_instruction::Instruction;
use solana_message::Hash;
use solana_pubkey::Pubkey;
use solana_system_interface::instruction::advance_nonce_account;

/// Bytes of a nonce account: version, state, authority, hash, fee.
const NONCE_BYTES: usize = 80;
/// The version of today.
const CURRENT: [u8; 4] = [1, 0, 0, 0];
/// The state of an account that holds a nonce.
const INITIALIZED: [u8; 4] = [1, 0, 0, 0];

/// A nonce account, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// Its address.
    pub address: Pubkey,
    /// Who may advance it, and signs.
    pub authority: Pubkey,
    /// What stands in place of a recent blockhash.
    pub hash: Hash,
}

impl Nonce {
    /// Reads a nonce account's data; `None` for another kind of account, one that holds no nonce yet, or one of the old
    /// version, which no transaction can use.
    pub fn read(address: Pubkey, data: &[u8]) -> Option<Self> {
        let body = data.get(..NONCE_BYTES)?.strip_prefix(&CURRENT)?.strip_prefix(&INITIALIZED)?;
        let (authority, rest) = body.split_first_chunk::<32>()?;
        let (hash, _fee) = rest.split_first_chunk::<32>()?;
        Some(Self {
            address,
            authority: Pubkey::new_from_array(*authority),
            hash: Hash::new_from_array(*hash),
        })
    }

    /// The instruction that has to be a durable transaction's first.
    pub fn advance(&self) -> Instruction {
        advance_nonce_account(&self.address, &self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_read_from_its_account_and_from_no_other() {
        let data = [&CURRENT[..], &INITIALIZED, &[7; 32], &[9; 32], &5_000u64.to_le_bytes()].concat();
        let nonce = Nonce::read(Pubkey::new_from_array([1; 32]), &data).expect("a nonce");
        assert_eq!((nonce.authority.to_bytes(), nonce.hash.to_bytes()), ([7; 32], [9; 32]));
        for (at, with) in [(0, 0), (4, 0)] {
            let mut other = data.clone();
            other[at] = with;
            assert_eq!(Nonce::read(nonce.address, &other), None, "another version, or no nonce yet");
        }
        assert_eq!(Nonce::read(nonce.address, &data[..79]), None);
    }
}
