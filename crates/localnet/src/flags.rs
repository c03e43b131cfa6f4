//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Parser, value_parser};
use plimsoll_deploy::{Cluster, Manifest};
use plimsoll_localnet::{deploy, prices::Source};
use plimsoll_risk::num::Price;
use plimsoll_sim::history::HOUR;

/// A local Solana network with Plimsoll deployed on it, markets open and prices moving
#[derive(Parser)]
#[command(name = "plimsoll-localnet", version)]
pub struct Flags {
    /// What to deploy: a manifest for localnet [default: the one of migrations/localnet.toml]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The compiled program, as `cargo xtask build` leaves it
    #[arg(long, value_name = "FILE", default_value = "target/deploy/plimsoll.so")]
    pub elf: PathBuf,
    /// Port of JSON-RPC, 0 for any free one
    #[arg(long, value_name = "PORT", default_value_t = 8899)]
    pub rpc_port: u16,
    /// Port of WebSocket, 0 for any free one
    #[arg(long, value_name = "PORT", default_value_t = 8900)]
    pub ws_port: u16,
    /// Play recorded prices: hours as unix_time,symbol,open,high,low,close
    #[arg(long, value_name = "FILE", requires_all = ["from", "to"], conflicts_with = "synthetic")]
    prices: Option<PathBuf>,
    /// First day of the recorded prices (2022-05-07), or unix seconds of a whole hour
    #[arg(long, value_name = "DAY", requires = "prices")]
    from: Option<String>,
    /// Last day of the recorded prices, or unix seconds of a whole hour that is not played any more
    #[arg(long, value_name = "DAY", requires = "prices")]
    to: Option<String>,
    /// Play a day with a crash that is made up from this seed
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    synthetic: u64,
    /// Seconds of the network's time in a real second; prices are published each real second
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = value_parser!(u32).range(1..=86_400))]
    pub speed: u32,
    /// How many wallets get lamports and tokens
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = value_parser!(u16).range(..=10_000))]
    pub wallets: u16,
    /// Start no keepers: nobody copies prices to the board, applies fills, liquidates or quotes
    #[arg(long)]
    pub no_keepers: bool,
    /// Where the keys go of wallets, deployer and guardian, and what keepers read and write [default: plimsoll-localnet in the folder for temporary files]
    #[arg(long, value_name = "FOLDER")]
    pub keys: Option<PathBuf>,
    /// Carry on from this file if it is there; save to it at the end and on SIGUSR1
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Say all that a client needs as one line of JSON
    #[arg(long)]
    pub json: bool,
}

impl Flags {
    pub fn manifest(&self) -> Result<Manifest> {
        let Some(path) = &self.manifest else { return deploy::usual_manifest() };
        let manifest = Manifest::read(path)?;
        let cluster = manifest.cluster;
        let is_local = cluster == Cluster::Localnet;
        ensure!(is_local, "{} is for {cluster}: give one with cluster = \"localnet\"", path.display());
        Ok(manifest)
    }

    /// The compiled program.
    pub fn elf(&self) -> Result<Vec<u8>> {
        let path = self.elf.display();
        std::fs::read(&self.elf).with_context(|| {
            format!("no program at {path}: run `cargo xtask build`, or say where with --elf")
        })
    }

    /// Whether prices were recorded, at times of their own.
    pub const fn is_recorded(&self) -> bool {
        self.prices.is_some()
    }

    /// Where prices come from, for a network at a time, unix seconds, on which these prices are published.
    pub fn source(&self, now: i64, published: Vec<Option<Price>>) -> Source {
        match (&self.prices, &self.from, &self.to) {
            (Some(path), Some(from), Some(to)) => {
                Source::Csv { path: path.clone(), from: from.clone(), to: to.clone() }
            }
            _ => Source::Synthetic {
                seed: self.synthetic,
                start: now - now.rem_euclid(HOUR),
                first: published,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_flag_is_explained() {
        Flags::command().debug_assert();
        for argument in Flags::command().get_arguments() {
            assert!(argument.get_help().is_some(), "--{}", argument.get_id());
        }
    }

    #[test]
    fn recorded_prices_need_their_days() {
        let parse = |line: &str| Flags::try_parse_from(line.split(' ').map(str::to_owned));
        let error = |line: &str| parse(line).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error("x --prices a.csv").contains("--from"), "{}", error("x --prices a.csv"));
        assert!(error("x --from 2022-05-07").contains("--prices"));
        assert!(parse("x --prices a.csv --from 2022-05-07 --to 2022-05-08 --speed 3600").is_ok());
        assert!(!error("x --speed 0").is_empty());
    }
}
