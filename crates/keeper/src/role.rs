//! What a keeper may be asked to do.

use clap::ValueEnum;
use serde::Deserialize;
use std::fmt;

/// One kind of work, with a loop of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Copies oracle prices to the board; accrues interest and funding.
    Refresher,
    /// Applies fills that wait for their makers.
    Fills,
    /// Makes losses cash of the pools, has the pools pay gains, collects fees.
    Settler,
    /// Executes trigger orders whose price was reached.
    Triggers,
    /// Liquidates accounts in danger.
    Liquidator,
    /// Deleverages what nobody takes, applies deleveraging, resolves bankruptcies.
    Insurance,
    /// Quotes around the index.
    Maker,
}

impl Role {
    /// As flags, logs and metrics say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refresher => "refresher",
            Self::Fills => "fills",
            Self::Settler => "settler",
            Self::Triggers => "triggers",
            Self::Liquidator => "liquidator",
            Self::Insurance => "insurance",
            Self::Maker => "maker",
        }
    }

    /// Whether it acts for a margin account of the keeper's own.
    pub const fn needs_an_account(self) -> bool {
        matches!(self, Self::Triggers | Self::Liquidator | Self::Insurance | Self::Maker)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
