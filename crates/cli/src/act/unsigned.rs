//! A transaction that nobody has signed yet: to be tried, or to be signed elsewhere.

use crate::Refusal;
use base64::{Engine, prelude::BASE64_STANDARD};
use plimsoll::state::MarginAccount;
use plimsoll_client::{decode, transaction::Draft};
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::rpc_client::RpcClient;
use solana_keypair::Signature;
use solana_message::{Hash, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::{RpcSimulateTransactionAccountsConfig, RpcSimulateTransactionConfig};
use solana_transaction::versioned::VersionedTransaction;

/// It.
pub struct Unsigned(VersionedMessage);

impl Unsigned {
    /// Out of a draft and the hash that makes it current.
    ///
    /// # Errors
    /// `Refused`, saying by how much it is too large.
    pub fn of(draft: Draft, hash: Hash) -> Result<Self, Refusal> {
        let assembled = draft.assemble(hash).map_err(|error| Refusal::Refused(error.to_string()))?;
        Ok(Self(assembled.message))
    }

    /// Who has to sign, the payer first.
    pub fn signers(&self) -> Vec<String> {
        let count = usize::from(self.0.header().num_required_signatures);
        self.0.static_account_keys().iter().take(count).map(Pubkey::to_string).collect()
    }

    /// As wallets read it: a place for each signature, then the message.
    pub fn base64(&self) -> String {
        let count = self.0.header().num_required_signatures;
        // A count below 128 is one byte, and a transaction has no room for more signatures than 12.
        let mut bytes = vec![count];
        bytes.resize(1 + usize::from(count) * size_of::<Signature>(), 0);
        bytes.extend(self.0.serialize());
        BASE64_STANDARD.encode(bytes)
    }

    /// A margin account as it would be afterwards; nothing where the network does not say.
    pub fn account_after(self, client: &RpcClient, account: Option<Pubkey>) -> Option<MarginAccount> {
        let count = usize::from(self.0.header().num_required_signatures);
        let signatures = vec![Signature::default(); count];
        let transaction = VersionedTransaction { signatures, message: self.0 };
        let config = RpcSimulateTransactionConfig {
            commitment: Some(client.commitment()),
            accounts: Some(RpcSimulateTransactionAccountsConfig {
                encoding: Some(UiAccountEncoding::Base64),
                addresses: vec![account?.to_string()],
            }),
            ..RpcSimulateTransactionConfig::default()
        };
        let answer = client.simulate_transaction_with_config(&transaction, config).ok()?.value;
        let account = answer.accounts?.into_iter().next()??;
        decode::read(&account.data.decode()?).ok()
    }
}
