//! All accounts of the program and of the token programs at one moment.

use crate::Chain;
use anchor_spl::{token, token_2022};
use solana_account::AccountSharedData;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// Accounts by address.
#[derive(PartialEq)]
pub struct Snapshot(BTreeMap<Pubkey, AccountSharedData>);

impl Snapshot {
    pub fn of(chain: &Chain) -> Self {
        let programs = [plimsoll::ID, token::ID, token_2022::ID];
        let accounts = programs.into_iter().flat_map(|program| chain.accounts_of(program));
        Self(accounts.map(|(address, account)| (*address, account.clone())).collect())
    }

    /// The addresses at which two moments differ.
    pub fn differences(&self, other: &Self) -> Vec<Pubkey> {
        let addresses = self.0.keys().chain(other.0.keys().filter(|address| !self.0.contains_key(*address)));
        addresses.filter(|address| self.0.get(*address) != other.0.get(*address)).copied().collect()
    }
}
