//! A deployment as its manifest describes it, read strictly and checked before any network is asked.
//!
//! [`raw`] is the file as it is written, [`check`] makes a [`Manifest`] of it.

mod check;
mod leaf;
mod place;
mod raw;

use crate::{
    Fault,
    value::{Denomination, LotSize, Units},
};
use plimsoll::governance::{Parameter, Value};
use solana_pubkey::Pubkey;
use std::{fmt, fs, path::Path};

/// Larger files are no manifests.
const LARGEST_FILE: u64 = 1 << 20;

/// What a manifest is for. Real money is at stake on one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cluster {
    Localnet,
    Devnet,
    Mainnet,
}

impl Cluster {
    /// The cluster of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Localnet, Self::Devnet, Self::Mainnet].into_iter().find(|cluster| cluster.to_string() == name)
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Localnet => "localnet",
            Self::Devnet => "devnet",
            Self::Mainnet => "mainnet",
        })
    }
}

/// Who has a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Whoever deploys.
    Deployer,
    Key(Pubkey),
}

impl Holder {
    /// The address behind it.
    pub const fn key(self, deployer: Pubkey) -> Pubkey {
        match self {
            Self::Deployer => deployer,
            Self::Key(key) => key,
        }
    }

    /// The address that the manifest names, if it names one.
    pub const fn named(self) -> Option<Pubkey> {
        match self {
            Self::Deployer => None,
            Self::Key(key) => Some(key),
        }
    }
}

/// Who may replace the program once the exchange is open (DESIGN §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeAuthority {
    /// Nobody, ever.
    Final,
    /// An address of a program that waits at least as long as loosening does.
    TimelockedMultisig(Pubkey),
}

impl UpgradeAuthority {
    /// The address, if there is one.
    pub const fn key(self) -> Option<Pubkey> {
        match self {
            Self::Final => None,
            Self::TimelockedMultisig(key) => Some(key),
        }
    }
}

/// A value wanted for a parameter.
#[derive(Clone)]
pub struct Setting {
    pub parameter: &'static Parameter,
    pub value: Value,
    /// Where the manifest says so: file and line.
    pub place: String,
}

/// The roles of the exchange and its delays.
#[derive(Clone, Debug)]
pub struct Roles {
    pub admin: Holder,
    pub risk_council: Holder,
    pub guardian: Holder,
    pub fee_collector: Holder,
    /// How long loosening waits, seconds.
    pub timelock_seconds: u64,
    /// How long a ramp takes, seconds.
    pub ramp_seconds: u64,
    /// Whether set-up ends when all is in place.
    pub open: bool,
}

/// An underlying with a price.
#[derive(Clone)]
pub struct Feed {
    pub name: String,
    /// Pyth's id of the price.
    pub pyth: [u8; 32],
    /// The Switchboard account that stands in; unset for none.
    pub switchboard: Pubkey,
    pub settings: Vec<Setting>,
}

/// A token that can be held.
#[derive(Clone)]
pub struct Bank {
    pub name: String,
    pub mint: Pubkey,
    /// The name behind `local:`: on a local network the mint is made if it is missing.
    pub local: Option<String>,
    pub token_program: Pubkey,
    pub decimals: u8,
    /// Place of its feed; the quote token has none.
    pub feed: Option<u8>,
    pub settings: Vec<Setting>,
}

/// A perpetual.
#[derive(Clone)]
pub struct Market {
    pub name: String,
    /// Place of its feed.
    pub feed: u8,
    pub lots_per_unit: u64,
    /// Native quote that one lot at one tick is worth.
    pub tick_lot: u32,
    /// Least lots of an order, at first; a parameter from then on.
    pub minimum_lots: u32,
    /// How often each side of the book, and the queue, grow by 10 KiB.
    pub growths: u8,
    pub settings: Vec<Setting>,
}

/// A deployment. Feeds, banks and markets stand in the order of their places on the board, the quote token's bank first.
#[derive(Clone)]
pub struct Manifest {
    pub cluster: Cluster,
    pub roles: Roles,
    pub upgrade: Option<UpgradeAuthority>,
    /// Of the exchange and of the board.
    pub settings: Vec<Setting>,
    pub feeds: Vec<Feed>,
    pub banks: Vec<Bank>,
    pub markets: Vec<Market>,
}

impl Manifest {
    /// Reads a manifest out of a file.
    ///
    /// # Errors
    /// [`Fault::Manifest`], with file, line, field, value and bound.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let name = path.display().to_string();
        let unreadable = |why: &dyn fmt::Display| Fault::Manifest(format!("cannot read {name}: {why}"));
        let length = fs::metadata(path).map_err(|error| unreadable(&error))?.len();
        if length > LARGEST_FILE {
            return Err(unreadable(&"more than 1 MiB"));
        }
        let text = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        Self::parse(&text, &name)
    }

    /// Reads a manifest; `name` is what messages call it.
    ///
    /// # Errors
    /// [`Fault::Manifest`], with file, line, field, value and bound.
    pub fn parse(text: &str, name: &str) -> Result<Self, Fault> {
        let source = place::Source { text, name };
        check::manifest(&source, raw::read(&source)?)
    }

    /// The quote token.
    pub fn quote(&self) -> &Bank {
        &self.banks[0] // there is one: checked when the manifest was read
    }

    /// In what the exchange's and the board's amounts are written.
    pub fn units(&self) -> Units {
        Units { quote: self.quote().denomination(), ..Units::default() }
    }

    /// In what a bank's amounts are written.
    pub fn bank_units(&self, bank: &Bank) -> Units {
        Units { token: Some(bank.denomination()), ..self.units() }
    }

    /// In what a market's amounts are written.
    pub fn market_units(&self, market: &Market) -> Units {
        let symbol = self.feeds[usize::from(market.feed)].name.clone();
        Units { lots: Some(LotSize { symbol, lots_per_unit: market.lots_per_unit }), ..self.units() }
    }
}

impl Bank {
    fn denomination(&self) -> Denomination {
        Denomination { symbol: self.name.clone(), decimals: self.decimals }
    }
}
