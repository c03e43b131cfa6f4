//! `plimsoll-localnet`: a local network that one can talk to, until it is interrupted.

mod announce;
mod flags;
mod keys;
mod signals;

use std::{
    io::Write,
    path::Path,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use clap::Parser;
use flags::Flags;
use keys::{Kept, Keys};
use plimsoll_client::addresses::{BankAddresses, ExchangeAddresses};
use plimsoll_deploy::Manifest;
use plimsoll_localnet::{Blocks, Network, Options, deploy, oracle::Publisher, prices, state, wallet};
use signals::{Signals, Told};
use solana_signer::Signer;

/// What a wallet gets: lamports, and whole tokens of the quote bank and of each other bank.
const LAMPORTS: u64 = 1_000_000_000_000;
const QUOTE_TOKENS: u64 = 1_000_000;
const OTHER_TOKENS: u64 = 1_000;

fn main() -> ExitCode {
    match run(&Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plimsoll-localnet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<()> {
    let (manifest, elf) = (flags.manifest()?, flags.elf()?);
    let keys = Keys::open(flags.keys.as_deref())?;
    let saved = flags.state.as_deref().filter(|path| path.exists());
    let options =
        Options { blocks: Blocks::ByClock, ports: (flags.rpc_port, flags.ws_port), ..Options::default() };
    let network = Network::boot_with(&options)
        .context("choose other ports with --rpc-port and --ws-port, 0 for any free one")?;
    if let Some(path) = saved {
        state::restore(&network, path)?;
    }

    let now = if saved.is_some() { network.now() } else { real_time()? };
    let published = Publisher::new(&network, &manifest).published();
    let tape = flags.source(now, published).tape(&manifest)?;
    // Recorded prices are of the past: nothing may know a later time. A network that was saved carries on where it stopped.
    let from = if saved.is_some() || !flags.is_recorded() { now } else { tape.period().from };
    network.set_time(from)?;
    if saved.is_none() {
        deploy::from_manifest(&network, &elf, &manifest)?;
    }
    let kept = keep(&keys, flags.wallets)?;
    fill(&network, &manifest, &kept)?;
    let player = prices::play(&network, &manifest, tape, from, flags.speed)?;

    // Before anybody knows of it: a signal that nobody listens for ends the process.
    let mut signals = Signals::listen()?;
    let all = announce::everything(&network, &manifest, &kept)?;
    let text = if flags.json { format!("{all}\n") } else { announce::in_words(&all) };
    std::io::stdout().write_all(text.as_bytes())?;
    std::io::stdout().flush()?;
    serve(&network, flags.state.as_deref(), &mut signals)?;
    drop(player);
    flags.state.as_deref().map_or(Ok(()), |path| state::save(&network, path))
}

/// Seconds since 1970 of the machine's own clock.
fn real_time() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}

/// Keys of the roles, then of wallets.
fn keep(keys: &Keys, wallets: u16) -> Result<Vec<Kept>> {
    let wallets = (1..=wallets).map(|number| format!("wallet-{number}"));
    announce::ROLES
        .iter()
        .map(|role| (*role).to_owned())
        .chain(wallets)
        .map(|name| keys.keep(&name))
        .collect()
}

/// Lamports and tokens for wallets that have none yet; lamports for everybody else.
fn fill(network: &Network, manifest: &Manifest, kept: &[Kept]) -> Result<()> {
    let (of, client) = (ExchangeAddresses::derive(), network.client());
    for (place, kept) in kept.iter().enumerate() {
        let owner = kept.key.pubkey();
        if client.get_balance(&owner)? > 0 {
            continue;
        }
        wallet::fund(network, &owner, LAMPORTS)?;
        if place < announce::ROLES.len() {
            continue;
        }
        for (place, bank) in manifest.banks.iter().enumerate().filter(|(_, bank)| bank.local.is_some()) {
            let whole = if place == 0 { QUOTE_TOKENS } else { OTHER_TOKENS };
            let amount = 10u64.checked_pow(bank.decimals.into()).and_then(|unit| unit.checked_mul(whole));
            let at = BankAddresses::derive(&of, bank.mint, bank.token_program);
            wallet::give(network, &at, &owner, amount.unwrap_or(u64::MAX / 1_000_000))?;
        }
    }
    Ok(())
}

/// Waits until it is told to end; saves whenever it is told to.
fn serve(network: &Network, state: Option<&Path>, signals: &mut Signals) -> Result<()> {
    while signals.next() == Told::Save {
        if let Some(path) = state {
            state::save(network, path)?;
            eprintln!("plimsoll-localnet: saved to {}", path.display());
        }
    }
    Ok(())
}
