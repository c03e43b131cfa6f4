//! `plimsoll-localnet`: a local network that one can talk to, until it is interrupted.

mod announce;
mod flags;
mod keys;
mod signals;
mod staff;

use std::{
    io::Write,
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use clap::Parser;
use flags::Flags;
use keys::{Kept, Keys};
use plimsoll_client::addresses::{BankAddresses, ExchangeAddresses};
use plimsoll_deploy::{Manifest, manifest::Bank};
use plimsoll_localnet::{
    Blocks, Network, Options, deploy, keepers::Keepers, oracle::Publisher, prices, state, wallet,
};
use signals::{Signals, Told};
use solana_signer::Signer;

/// What a wallet gets: lamports, and whole tokens of the quote bank and of each other bank.
const LAMPORTS: u64 = 1_000_000_000_000;
const QUOTE_TOKENS: u64 = 1_000_000;
const OTHER_TOKENS: u64 = 1_000;
/// Between two looks whether all keepers still work.
const GLANCE: Duration = Duration::from_secs(1);

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

    // Before anybody is to be stopped: a signal that nobody listens for ends the process.
    let mut signals = Signals::listen()?;
    let mut keepers = if flags.no_keepers { None } else { keepers(&network, &manifest, &keys)? };
    let all = announce::everything(&network, &manifest, &kept, keepers.as_ref())?;
    let text = if flags.json { format!("{all}\n") } else { announce::in_words(&all) };
    std::io::stdout().write_all(text.as_bytes())?;
    std::io::stdout().flush()?;
    serve(&network, flags.state.as_deref(), &mut signals, keepers.as_mut())?;
    if let Some(mut keepers) = keepers {
        keepers.stop();
    }
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
            let tokens = if place == 0 { QUOTE_TOKENS } else { OTHER_TOKENS };
            let at = BankAddresses::derive(&of, bank.mint, bank.token_program);
            wallet::give(network, &at, &owner, whole(bank, tokens))?;
        }
    }
    Ok(())
}

/// Whole tokens of a bank in its native units; as many as a mint can bear a million times where that is beyond it.
fn whole(bank: &Bank, tokens: u64) -> u64 {
    let amount = 10u64.checked_pow(bank.decimals.into()).and_then(|unit| unit.checked_mul(tokens));
    amount.unwrap_or(u64::MAX / 1_000_000)
}

/// Those who keep it alive; nobody where their executable was not built, which is no reason to end.
fn keepers(network: &Network, manifest: &Manifest, keys: &Keys) -> Result<Option<Keepers>> {
    if let Err(missing) = plimsoll_localnet::keepers::program() {
        eprintln!("plimsoll-localnet: no keepers are at work, so no price comes to the board: {missing}");
        return Ok(None);
    }
    staff::start(network, manifest, keys.folder()).map(Some)
}

/// Waits until it is told to end; saves whenever it is told to, and tells which keepers have ended.
fn serve(
    network: &Network,
    state: Option<&Path>,
    signals: &mut Signals,
    mut keepers: Option<&mut Keepers>,
) -> Result<()> {
    loop {
        match (signals.next_within(GLANCE), state) {
            (Some(Told::End), _) => return Ok(()),
            (Some(Told::Save), Some(path)) => {
                state::save(network, path)?;
                eprintln!("plimsoll-localnet: saved to {}", path.display());
            }
            (Some(Told::Save) | None, _) => {}
        }
        let ended = keepers.as_mut().map(|keepers| keepers.ended());
        ended.into_iter().flatten().for_each(|news| eprintln!("plimsoll-localnet: {news}"));
    }
}
