//! Which margin account is meant.

use crate::{Refusal, session::Session};
use clap::Args;
use plimsoll_client::addresses::{self, ExchangeAddresses};
use solana_keypair::Signer;
use solana_pubkey::Pubkey;

/// A margin account, by its address or as one of an owner's.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// The margin account; without one, the owner's
    #[arg(value_name = "ADDRESS", conflicts_with_all = ["owner", "number"])]
    pub account: Option<Pubkey>,
    /// Whose account; without one, the keypair's
    #[arg(long, value_name = "ADDRESS")]
    pub owner: Option<Pubkey>,
    /// Which of the owner's accounts
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub number: u32,
}

impl Which {
    /// Its address.
    ///
    /// # Errors
    /// `Malformed` where neither an address nor an owner is given and there is no keypair.
    pub fn address(&self, session: &Session) -> Result<Pubkey, Refusal> {
        if let Some(account) = self.account {
            return Ok(account);
        }
        let owner = match self.owner {
            Some(owner) => owner,
            None => session.signer()?.pubkey(),
        };
        let of = ExchangeAddresses::derive();
        Ok(addresses::margin_account(&of.exchange, &owner, self.number).address())
    }
}
