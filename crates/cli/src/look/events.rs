//! What happened: events out of transactions' logs, those of the past and those to come.

mod catalogue;
mod words;

pub use words::{Line, Shown};

use crate::Refusal;
use solana_client::{
    pubsub_client::{LogsSubscription, PubsubClient},
    rpc_client::{GetConfirmedSignaturesForAddress2Config, RpcClient},
    rpc_config::{RpcTransactionConfig, RpcTransactionLogsConfig, RpcTransactionLogsFilter},
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;

/// One transaction, as far as its log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its signature.
    pub signature: String,
    /// The slot in which it was executed.
    pub slot: u64,
    /// What it logged.
    pub logs: Vec<String>,
}

/// The newest transactions that succeeded and mention an address, the oldest first.
///
/// # Errors
/// `Failed`: the network does not answer.
pub fn past(client: &RpcClient, of: &Pubkey, limit: usize) -> Result<Vec<Told>, Refusal> {
    let config = GetConfirmedSignaturesForAddress2Config {
        limit: Some(limit),
        commitment: Some(lasting(client)),
        ..GetConfirmedSignaturesForAddress2Config::default()
    };
    let found = client.get_signatures_for_address_with_config(of, config).map_err(silent)?;
    let succeeded = found.iter().rev().filter(|status| status.err.is_none());
    succeeded.map(|status| transaction(client, &status.signature)).collect()
}

fn transaction(client: &RpcClient, signature: &str) -> Result<Told, Refusal> {
    let key = signature.parse().map_err(silent)?;
    let config = RpcTransactionConfig {
        encoding: None,
        commitment: Some(lasting(client)),
        max_supported_transaction_version: Some(0),
    };
    let found = client.get_transaction_with_config(&key, config).map_err(silent)?;
    let logs: Option<Vec<String>> = found.transaction.meta.and_then(|meta| meta.log_messages.into());
    Ok(Told { signature: signature.to_owned(), slot: found.slot, logs: logs.unwrap_or_default() })
}

/// Nodes keep transactions from this commitment on.
fn lasting(client: &RpcClient) -> CommitmentConfig {
    if client.commitment().is_processed() { CommitmentConfig::confirmed() } else { client.commitment() }
}

/// A subscription to the logs of transactions that mention an address. It ends when dropped.
pub struct Following(LogsSubscription);

/// Subscribes.
///
/// # Errors
/// `Failed`: nobody answers there.
pub fn follow(websocket: &str, of: &Pubkey) -> Result<Following, Refusal> {
    let filter = RpcTransactionLogsFilter::Mentions(vec![of.to_string()]);
    let config = RpcTransactionLogsConfig { commitment: Some(CommitmentConfig::processed()) };
    PubsubClient::logs_subscribe(websocket, filter, config)
        .map(Following)
        .map_err(|error| Refusal::Failed(format!("no subscription at {websocket}: {error}")))
}

impl Following {
    /// The transactions that succeed, one after the other, until the connection ends.
    pub fn told(&self) -> impl Iterator<Item = Told> + '_ {
        let succeeded = self.0.1.iter().filter(|answer| answer.value.err.is_none());
        succeeded.map(|answer| Told {
            slot: answer.context.slot,
            signature: answer.value.signature,
            logs: answer.value.logs,
        })
    }
}

fn silent(error: impl std::fmt::Display) -> Refusal {
    Refusal::Failed(format!("the network: {error}"))
}
