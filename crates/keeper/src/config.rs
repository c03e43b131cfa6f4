//! The configuration file, in TOML. Everything but the addresses of the node and the oracle accounts has a usual value.

use crate::role::Role;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use solana_pubkey::Pubkey;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

/// All of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// JSON-RPC, WebSocket, what is paid.
    pub node: Node,
    /// The file of the key that pays and signs.
    pub keypair: Option<PathBuf>,
    /// Which of that key's margin accounts is the keeper's.
    #[serde(default)]
    pub account_number: u32,
    /// The roles, unless flags say otherwise.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Where Prometheus finds metrics; nowhere unless given.
    pub metrics: Option<SocketAddr>,
    /// The refresher.
    #[serde(default)]
    pub refresher: Refreshing,
    /// The settler.
    #[serde(default)]
    pub settler: Settling,
    /// Liquidator and insurance driver.
    #[serde(default)]
    pub liquidation: Liquidation,
    /// The maker.
    #[serde(default)]
    pub maker: Making,
    /// Milliseconds between two turns of a role.
    #[serde(default)]
    pub turn_ms: TurnMs,
}

/// How a node is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// JSON-RPC.
    pub rpc: String,
    /// WebSocket.
    pub websocket: String,
    /// `processed`, `confirmed` or `finalized`.
    #[serde(default = "confirmed")]
    pub commitment: String,
    /// Seconds after which everything is read again.
    #[serde(default = "ten_minutes")]
    pub resync_seconds: u64,
    /// Most that is paid for priority, micro-lamports a compute unit.
    #[serde(default = "most_priority")]
    pub most_priority: u64,
    /// Address lookup tables for transactions.
    #[serde(default)]
    pub tables: Vec<String>,
}

/// When the board is refreshed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refreshing {
    /// A price this old is refreshed, seconds.
    pub price_seconds: i64,
    /// Funding this old is accrued, seconds.
    pub market_seconds: i64,
    /// Interest this old is accrued, seconds.
    pub bank_seconds: i64,
    /// Oracle accounts by the feeds' places on the board.
    pub oracles: BTreeMap<String, String>,
    /// Whether the keeper's margin account is paid for refreshes.
    pub is_paid: bool,
}

/// What is worth settling.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settling {
    /// Least loss or realised gain, native quote.
    pub least: u64,
    /// Most settlements in one turn.
    pub most: usize,
}

/// How accounts in danger are dealt with.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Liquidation {
    /// Accounts are looked at closely from this load on, hundredths of a percent.
    pub watch_bps: u32,
    /// Most scopes in one turn.
    pub most_scopes: usize,
    /// Part of the spare initial margin that one take-over may use, hundredths of a percent.
    pub prudence_bps: u32,
    /// Part of a step that the book must take to be preferred, hundredths of a percent.
    pub book_share_bps: u32,
    /// How far from the price a take-over may still happen, hundredths of a percent.
    pub slippage_bps: u32,
    /// Least profit of a liquidation, native quote.
    pub least_profit: i64,
}

/// How the maker quotes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Making {
    /// The markets, by their places on the board; all of them where none is named.
    pub markets: Vec<u8>,
    /// How far from the index, hundredths of a percent, an order a side each.
    pub ladder_bps: Vec<u32>,
    /// Worth of one order, native quote.
    pub rung: u64,
    /// It quotes anew when the index has moved so far, hundredths of a percent.
    pub move_bps: u32,
}

/// Milliseconds between two turns of each role.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "they are the roles")]
pub struct TurnMs {
    pub refresher: u64,
    pub fills: u64,
    pub settler: u64,
    pub triggers: u64,
    pub liquidator: u64,
    pub insurance: u64,
    pub maker: u64,
}

fn confirmed() -> String {
    "confirmed".to_owned()
}

const fn ten_minutes() -> u64 {
    600
}

const fn most_priority() -> u64 {
    100_000
}

impl Default for Refreshing {
    fn default() -> Self {
        let oracles = BTreeMap::new();
        Self { price_seconds: 5, market_seconds: 60, bank_seconds: 300, oracles, is_paid: false }
    }
}

impl Default for Settling {
    fn default() -> Self {
        Self { least: 10_000_000, most: 64 }
    }
}

impl Default for Liquidation {
    fn default() -> Self {
        Self {
            watch_bps: 5_000,
            most_scopes: 256,
            prudence_bps: 5_000,
            book_share_bps: 5_000,
            slippage_bps: 300,
            least_profit: 0,
        }
    }
}

impl Default for Making {
    fn default() -> Self {
        let ladder_bps = vec![10, 25, 60, 120, 240];
        Self { markets: Vec::new(), ladder_bps, rung: 60_000_000_000, move_bps: 5 }
    }
}

impl Default for TurnMs {
    fn default() -> Self {
        Self {
            refresher: 1_000,
            fills: 1_000,
            settler: 60_000,
            triggers: 1_000,
            liquidator: 400,
            insurance: 1_000,
            maker: 1_000,
        }
    }
}

impl TurnMs {
    /// Between two turns of a role.
    pub const fn of(&self, role: Role) -> Duration {
        Duration::from_millis(match role {
            Role::Refresher => self.refresher,
            Role::Fills => self.fills,
            Role::Settler => self.settler,
            Role::Triggers => self.triggers,
            Role::Liquidator => self.liquidator,
            Role::Insurance => self.insurance,
            Role::Maker => self.maker,
        })
    }
}

impl Refreshing {
    /// Oracle accounts by feed.
    ///
    /// # Errors
    /// A place that is no number below 64; an address that is none.
    pub fn feeds(&self) -> Result<BTreeMap<u8, Pubkey>> {
        let read = |(feed, oracle): (&String, &String)| {
            let feed: u8 = feed.parse().with_context(|| format!("{feed} is no feed's place"))?;
            ensure!(feed < 64, "a board has 64 feeds: there is no {feed}");
            let oracle = Pubkey::from_str(oracle).with_context(|| format!("{oracle} is no address"))?;
            Ok((feed, oracle))
        };
        self.oracles.iter().map(read).collect()
    }
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// What is not TOML; a field that there is not; an oracle or a ladder that cannot be.
    pub fn read(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text)?;
        config.refresher.feeds()?;
        let is_below_one = config.maker.ladder_bps.iter().all(|away| *away < 10_000);
        ensure!(is_below_one, "the maker's ladder is in hundredths of a percent: less than 10000");
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[node]\nrpc = \"http://127.0.0.1:8899\"\nwebsocket = \"ws://127.0.0.1:8900\"\n";

    #[test]
    fn the_node_is_enough() {
        let config = Config::read(LEAST).expect("a configuration");
        assert_eq!((config.roles.len(), config.node.commitment.as_str()), (0, "confirmed"));
        assert_eq!(config.turn_ms.of(Role::Liquidator), Duration::from_millis(400));
    }

    #[test]
    fn the_example_is_a_configuration_and_tells_the_usual_values() {
        let example = include_str!("../keeper.toml");
        let written = Config::read(example).expect("a configuration");
        assert_eq!(written.roles.len(), 6);
        let is_value =
            |line: &str| line.starts_with("# ") && line.contains(" = ") && !line.contains('\u{2026}');
        let said: String = example
            .lines()
            .map(|line| if is_value(line) { line.trim_start_matches("# ") } else { line })
            .flat_map(|line| [line, "\n"])
            .collect();
        let said = Config::read(&said).expect("a configuration");
        assert_eq!(format!("{said:?}"), format!("{written:?}"));
    }

    #[test]
    fn what_is_misspelt_or_cannot_be_is_refused() {
        for wrong in [
            "[liquidation]\nwatch = 3",
            "[refresher.oracles]\n64 = \"11111111111111111111111111111111\"",
            "[refresher.oracles]\n0 = \"here\"",
            "[maker]\nladder_bps = [10000]",
        ] {
            assert!(Config::read(&format!("{LEAST}{wrong}")).is_err(), "{wrong}");
        }
        let oracles = format!("{LEAST}[refresher.oracles]\n3 = \"11111111111111111111111111111111\"");
        let config = Config::read(&oracles).expect("a configuration");
        assert_eq!(config.refresher.feeds().expect("feeds"), BTreeMap::from([(3, Pubkey::default())]));
    }
}
