//! How fast the network is.

use std::{fs, time::Instant};

use anyhow::{Context, Result};
use plimsoll_localnet::{Blocks, Options};
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_commitment_config::CommitmentLevel;
use solana_signer::Signer;
use solana_transaction::Transaction;

use super::Scene;

const TRANSACTIONS: u64 = 2_000;

/// Memory of this process, KiB.
fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Processor time that this process took, microseconds: on a busy machine it says more than the clock.
fn worked() -> Result<u64> {
    const TICK: u64 = 10_000;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, numbers) = stat.rsplit_once(')').context("no name")?;
    let ticks: u64 =
        numbers.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum();
    Ok(ticks * TICK)
}

#[test]
#[ignore = "a measurement: `cargo test --workspace --test smoke -- --ignored --nocapture deposits_a_second`"]
fn deposits_a_second_from_one_client_over_http() -> Result<()> {
    let scene = Scene::with(&Options { blocks: Blocks::ByClock, ..Options::default() })?;
    scene.opens()?;
    let client = scene.network.client();
    for skip_preflight in [false, true] {
        let blockhash = client.get_latest_blockhash()?;
        let first = 1 + u64::from(skip_preflight) * TRANSACTIONS;
        let deposits: Vec<Transaction> = (first..first + TRANSACTIONS)
            .map(|amount| {
                let deposit = [scene.inflow.deposit(amount)];
                let payer = scene.owner.pubkey();
                Transaction::new_signed_with_payer(&deposit, Some(&payer), &[&scene.owner], blockhash)
            })
            .collect();
        let config = RpcSendTransactionConfig {
            skip_preflight,
            preflight_commitment: Some(CommitmentLevel::Processed),
            ..Default::default()
        };
        let (began, work, memory) = (Instant::now(), worked()?, resident()?);
        for deposit in &deposits {
            client.send_transaction_with_config(deposit, config)?;
        }
        let each = began.elapsed() / u32::try_from(TRANSACTIONS)?;
        let kept = (resident()?.saturating_sub(memory)) / TRANSACTIONS;
        let work = (worked()? - work) / TRANSACTIONS;
        println!(
            "skip_preflight {skip_preflight}: {each:?} each, {} a second, {work} µs of work and {kept} KiB each",
            1_000_000 / each.as_micros().max(1)
        );
    }
    Ok(())
}
