//! The configuration file, in TOML. Everything but the addresses of the node and the oracle accounts has a usual value.

use crate::{chain::following::Endpoint, role::Role};
use anyhow::{Context, Result, ensure};
use plimsoll_sim::quoting::Style;
use serde::Deserialize;
use solana_pubkey::Pubkey;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

/// All of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// JSON-RPC, WebSocket, what is paid.
    pub node: Node,
    /// The file of the key that pays and signs. Locks lie beside it.
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
    /// Funding and interest.
    #[serde(default)]
    pub funding: Accruing,
    /// The settler.
    #[serde(default)]
    pub settler: Settling,
    /// Liquidator and insurance driver.
    #[serde(default)]
    pub liquidation: Liquidation,
    /// The maker.
    #[serde(default)]
    pub maker: Making,
    /// The longest pause between two turns of a role, milliseconds: it wakes whenever what it acts on changes.
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
    /// Other nodes, for when this one does not answer.
    #[serde(default)]
    pub fallbacks: Vec<Endpoint>,
    /// Most that is paid for priority, micro-lamports a compute unit.
    #[serde(default = "most_priority")]
    pub most_priority: u64,
    /// The same for what earns a profit, and is urgent.
    #[serde(default = "most_urgent_priority")]
    pub most_urgent_priority: u64,
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
    /// Oracle accounts by the feeds' places on the board.
    pub oracles: BTreeMap<String, String>,
    /// Whether the keeper's margin account is paid for refreshes.
    pub is_paid: bool,
    /// Where prices are fetched that are posted first; nowhere unless given.
    pub pyth: Option<Pyth>,
}

/// Prices that the keeper posts itself, to accounts of its own: of every feed for which no oracle account is named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pyth {
    /// A Hermes server.
    pub hermes: String,
    /// Least pause between two questions, seconds.
    #[serde(default = "five_seconds")]
    pub pause_seconds: u64,
}

/// When funding and interest are accrued.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accruing {
    /// Funding this old is accrued, seconds.
    pub market_seconds: i64,
    /// Interest this old is accrued, seconds.
    pub bank_seconds: i64,
}

/// What is worth settling.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settling {
    /// Between two looks at everybody, seconds on the chain's clock.
    pub seconds: i64,
    /// Least loss or realised gain, native quote.
    pub least: u64,
    /// Most settlements in one turn.
    pub most: usize,
}

/// How accounts in danger are dealt with.
#[derive(Clone, Debug, Deserialize)]
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
    /// How far from the index lots that were taken over are given back to the book, hundredths of a percent; 0 keeps them. A
    /// keeper that is a maker as well keeps them: they are its inventory.
    pub unwind_bps: u32,
    /// Of each token, by its bank's place on the board, what is never given in swaps, native units. What swaps bring stays.
    pub keep: BTreeMap<String, u64>,
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
    /// It quotes anew when the middle of the ladder has moved so far, hundredths of a percent.
    pub move_bps: u32,
    /// Orders that are missing are placed again after so long on the chain's clock, seconds.
    pub again_seconds: i64,
    /// How far the middle is moved against a full inventory, hundredths of a percent.
    pub skew_bps: u32,
    /// Worth of a full inventory in a market, native quote: nothing is quoted that would add to it. 0 is no limit, and no skew.
    pub inventory: u64,
    /// After so long a silence anyone may cancel the maker's orders, seconds, at least 10; 0 leaves the switch as it is.
    pub dead_man_seconds: u32,
}

/// The longest pause between two turns of each role, milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "they are the roles")]
pub struct TurnMs {
    pub refresher: u64,
    pub funding: u64,
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

const fn five_seconds() -> u64 {
    5
}

const fn ten_minutes() -> u64 {
    600
}

const fn most_priority() -> u64 {
    100_000
}

const fn most_urgent_priority() -> u64 {
    1_000_000
}

impl Default for Refreshing {
    fn default() -> Self {
        Self { price_seconds: 5, oracles: BTreeMap::new(), is_paid: false, pyth: None }
    }
}

impl Default for Accruing {
    fn default() -> Self {
        Self { market_seconds: 60, bank_seconds: 300 }
    }
}

impl Default for Settling {
    fn default() -> Self {
        Self { seconds: 60, least: 10_000_000, most: 64 }
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
            unwind_bps: 70,
            keep: BTreeMap::new(),
        }
    }
}

impl Default for Making {
    fn default() -> Self {
        Self {
            markets: Vec::new(),
            ladder_bps: vec![10, 25, 60, 120, 240],
            rung: 60_000_000_000,
            move_bps: 5,
            again_seconds: 5,
            skew_bps: 10,
            inventory: 1_000_000_000_000,
            dead_man_seconds: 0,
        }
    }
}

impl Making {
    /// Where quotes lie.
    pub fn style(&self) -> Style {
        let ladder_bps = self.ladder_bps.clone();
        Style { ladder_bps, rung: self.rung, skew_bps: self.skew_bps, inventory: self.inventory }
    }
}

impl Default for TurnMs {
    fn default() -> Self {
        Self {
            refresher: 2_000,
            funding: 5_000,
            fills: 5_000,
            settler: 60_000,
            triggers: 5_000,
            liquidator: 2_000,
            insurance: 5_000,
            maker: 2_000,
        }
    }
}

impl TurnMs {
    /// The longest pause between two turns of a role.
    pub const fn of(&self, role: Role) -> Duration {
        Duration::from_millis(match role {
            Role::Refresher => self.refresher,
            Role::Funding => self.funding,
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
        for bank in config.liquidation.keep.keys() {
            let is_place = bank.parse::<u8>().is_ok_and(|place| place < 32 && place.to_string() == *bank);
            ensure!(is_place, "a board has 32 banks: there is no {bank}");
        }
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
        assert_eq!(config.turn_ms.of(Role::Liquidator), Duration::from_millis(2_000));
    }

    #[test]
    fn the_example_is_a_configuration_and_tells_the_usual_values() {
        let example = include_str!("../keeper.toml");
        let written = Config::read(example).expect("a configuration");
        assert_eq!(written.roles.len(), 7);
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
            "[liquidation.keep]\n32 = 1",
            "[liquidation.keep]\n01 = 1",
        ] {
            assert!(Config::read(&format!("{LEAST}{wrong}")).is_err(), "{wrong}");
        }
        let oracles = format!("{LEAST}[refresher.oracles]\n3 = \"11111111111111111111111111111111\"");
        let config = Config::read(&oracles).expect("a configuration");
        assert_eq!(config.refresher.feeds().expect("feeds"), BTreeMap::from([(3, Pubkey::default())]));
    }
}
