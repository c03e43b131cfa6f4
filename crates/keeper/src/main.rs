//! The keeper: `plimsoll-keeper --config keeper.toml --role liquidator --role refresher`.

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Parser, ValueEnum};
use plimsoll::state::RiskBoard;
use plimsoll_client::{addresses::ExchangeAddresses, decode};
use plimsoll_keeper::{
    chain::{
        Bids,
        following::Endpoint,
        rpc::{Options, Rpc},
    },
    config::Config,
    desk::{Desk, Own},
    lock::Locks,
    pyth::Poster,
    role::Role,
    run::run_with,
};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::{collections::BTreeSet, fs, io, path::PathBuf, str::FromStr, sync::Arc, thread, time::Duration};
use tracing_subscriber::EnvFilter;

/// Keeps an exchange of Plimsoll going, for a fee.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// The configuration, in TOML.
    #[arg(long, default_value = "keeper.toml")]
    config: PathBuf,
    /// What to do; may be repeated. The configuration's roles unless given.
    #[arg(long = "role", value_enum)]
    roles: Vec<Role>,
    /// The file of the key that pays and signs. The configuration's unless given.
    #[arg(long)]
    keypair: Option<PathBuf>,
    /// Only rehearses transactions.
    #[arg(long)]
    dry_run: bool,
    /// Stops, as when it is told to, once its standard input ends: whoever started it and holds the other end never leaves it
    /// behind, however that one ends.
    #[arg(long)]
    until_stdin_ends: bool,
    /// How logs are written.
    #[arg(long, value_enum, default_value = "text")]
    logs: Logs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Logs {
    Text,
    Json,
}

fn main() -> Result<()> {
    let flags = Flags::parse();
    write_logs(flags.logs)?;
    let text = fs::read_to_string(&flags.config).with_context(|| format!("{}", flags.config.display()))?;
    let config = Config::read(&text).with_context(|| format!("{}", flags.config.display()))?;
    let roles: BTreeSet<Role> =
        if flags.roles.is_empty() { &config.roles } else { &flags.roles }.iter().copied().collect();
    ensure!(!roles.is_empty(), "no role is given: use --role, or `roles` in the configuration");
    let keypair = flags.keypair.or_else(|| config.keypair.clone()).context("no keypair is given")?;
    let payer = solana_keypair::read_keypair_file(&keypair)
        .map_err(|error| anyhow!("{}: {error}", keypair.display()))?;
    let _locks = Locks::take(&keypair, &roles)?;
    let of = ExchangeAddresses::derive();
    let own = Own::derive(&of, payer.pubkey(), config.account_number);
    let chain = Rpc::connect(options(&config, flags.dry_run)?, payer.insecure_clone())?;
    require_account(&chain, own, &roles)?;
    let poster = poster(&config, &chain, of.board, &payer)?.filter(|_| roles.contains(&Role::Refresher));
    let posted = poster.iter().flat_map(Poster::oracles).map(|(_, oracle)| oracle);
    let oracles: Vec<Pubkey> = config.refresher.feeds()?.into_values().chain(posted).collect();
    let desk = Arc::new(Desk::new(of, Arc::new(chain), own, oracles));
    publish_metrics(&config)?;
    stop_when_told(Arc::clone(&desk))?;
    if flags.until_stdin_ends {
        stop_with_input(Arc::clone(&desk))?;
    }
    run_with(&desk, &config, &roles, poster)
}

/// Roles that act for a margin account need one that exists.
fn require_account(chain: &Rpc, own: Own, roles: &BTreeSet<Role>) -> Result<()> {
    use plimsoll_keeper::chain::Chain;
    let Some(role) = roles.iter().find(|role| role.needs_an_account()) else { return Ok(()) };
    let found = chain.accounts(&[own.account])?.into_iter().any(|update| update.data.is_some());
    ensure!(found, "the {role} needs a margin account: open {} of {} first", own.account, own.owner);
    Ok(())
}

/// Whoever posts the prices of feeds for which no oracle account is named, where a source is.
fn poster(config: &Config, chain: &Rpc, board: Pubkey, payer: &Keypair) -> Result<Option<Poster>> {
    use plimsoll_keeper::chain::Chain;
    let Some(pyth) = &config.refresher.pyth else { return Ok(None) };
    let named = config.refresher.feeds()?;
    let data = chain.accounts(&[board])?.into_iter().find_map(|update| update.data);
    let board: Box<RiskBoard> = Box::new(decode::read(&data.context("there is no exchange yet")?)?);
    let count = usize::from(board.header.feed_count);
    let feeds: Vec<(u8, [u8; 32])> = (0u8..)
        .zip(board.feeds.iter().take(count))
        .filter(|(place, _)| !named.contains_key(place))
        .map(|(place, feed)| (place, feed.pyth_feed_id.0))
        .collect();
    Poster::new(&pyth.hermes, payer, &feeds, Duration::from_secs(pyth.pause_seconds)).map(Some)
}

fn options(config: &Config, is_dry_run: bool) -> Result<Options> {
    let node = &config.node;
    let tables = node.tables.iter().map(|table| Pubkey::from_str(table)).collect::<Result<_, _>>()?;
    let first = Endpoint { url: node.rpc.clone(), websocket: node.websocket.clone() };
    Ok(Options {
        nodes: std::iter::once(first).chain(node.fallbacks.iter().cloned()).collect(),
        commitment: CommitmentConfig::from_str(&node.commitment)?,
        resync: Duration::from_secs(node.resync_seconds),
        bids: Bids::up_to(node.most_priority, node.most_urgent_priority),
        tables,
        is_dry_run,
    })
}

fn write_logs(logs: Logs) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let result = match logs {
        Logs::Text => builder.try_init(),
        Logs::Json => builder.json().try_init(),
    };
    result.map_err(|error| anyhow!(error))
}

fn publish_metrics(config: &Config) -> Result<()> {
    let Some(listen) = config.metrics else { return Ok(()) };
    metrics_exporter_prometheus::PrometheusBuilder::new().with_http_listener(listen).install()?;
    tracing::info!(%listen, "metrics");
    Ok(())
}

/// On an interrupt or a termination signal the keeper finishes what it began; on a second one it ends at once.
fn stop_when_told(desk: Arc<Desk>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            if let Err(error) = signalled().await {
                tracing::error!(%error, "signals are not heard");
                return;
            }
            tracing::info!("stopping");
            desk.ends();
            if signalled().await.is_ok() {
                std::process::exit(130);
            }
        });
    })?;
    Ok(())
}

/// When nobody holds the other end of the standard input any more the keeper finishes what it began.
fn stop_with_input(desk: Arc<Desk>) -> Result<()> {
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        if let Err(error) = io::copy(&mut io::stdin().lock(), &mut io::sink()) {
            tracing::warn!(%error, "the standard input cannot be read");
        }
        tracing::info!("the standard input has ended: stopping");
        desk.ends();
    })?;
    Ok(())
}

#[cfg(unix)]
async fn signalled() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        heard = tokio::signal::ctrl_c() => heard,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signalled() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
