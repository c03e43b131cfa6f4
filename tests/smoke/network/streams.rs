//! What is told over WebSocket, to the client that everybody uses.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::{Stream, StreamExt};
use plimsoll::state::MarginAccount;
use plimsoll_client::{ID, decode};
use solana_client::{
    nonblocking::pubsub_client::PubsubClient,
    rpc_config::{
        RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSignatureSubscribeConfig,
        RpcTransactionLogsConfig, RpcTransactionLogsFilter, UiAccountEncoding,
    },
    rpc_response::RpcSignatureResult,
};
use solana_commitment_config::CommitmentConfig;
use solana_signer::Signer;
use solana_transaction::Transaction;

use super::Scene;

/// Only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

async fn next<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> Result<T> {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await.context("nothing was heard")?;
    next.context("the stream has ended")
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_programs_logs_and_signatures_are_told_over_websocket() -> Result<()> {
    let scene = Scene::new()?;
    scene.opens()?;
    let pubsub = PubsubClient::new(scene.network.websocket_url()).await?;
    let as_processed = RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(CommitmentConfig::processed()),
        ..Default::default()
    };
    let of_program = RpcProgramAccountsConfig { account_config: as_processed.clone(), ..Default::default() };
    let mentioning = RpcTransactionLogsFilter::Mentions(vec![ID.to_string()]);
    let log_config = RpcTransactionLogsConfig { commitment: as_processed.commitment };
    let (mut accounts, _keep) = pubsub.account_subscribe(&scene.account.address, Some(as_processed)).await?;
    let (mut of_program, _keep) = pubsub.program_subscribe(&ID, Some(of_program)).await?;
    let (mut logs, _keep) = pubsub.logs_subscribe(mentioning, log_config).await?;

    let deposit = Transaction::new_signed_with_payer(
        &[scene.inflow.deposit(1_000)],
        Some(&scene.owner.pubkey()),
        &[&scene.owner],
        scene.network.client().get_latest_blockhash()?,
    );
    let signature = deposit.signatures[0];
    let until = RpcSignatureSubscribeConfig {
        commitment: Some(CommitmentConfig::confirmed()),
        enable_received_notification: Some(false),
    };
    let (mut outcomes, _keep) = pubsub.signature_subscribe(&signature, Some(until)).await?;
    scene.network.client().send_transaction(&deposit)?;

    let told = next(&mut accounts).await?.value.data.decode().context("account data")?;
    let account = decode::read::<MarginAccount>(&told)?;
    assert_eq!(account.balances.iter().filter(|balance| !balance.is_free()).count(), 1);
    let changed = [next(&mut of_program).await?, next(&mut of_program).await?].map(|it| it.value.pubkey);
    for address in [scene.account.address, scene.inflow.bank.bank] {
        assert!(changed.contains(&address.to_string()), "{address} in {changed:?}");
    }
    let heard = next(&mut logs).await?.value;
    assert_eq!((heard.signature, heard.err), (signature.to_string(), None));
    assert!(heard.logs.iter().any(|line| line.contains("Program data: ")), "an event: {:?}", heard.logs);
    match next(&mut outcomes).await?.value {
        RpcSignatureResult::ProcessedSignature(outcome) => assert_eq!(outcome.err, None),
        RpcSignatureResult::ReceivedSignature(_) => panic!("nobody asked for that"),
    }
    Ok(())
}
