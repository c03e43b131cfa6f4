//! What a keeper may be asked to do.

use crate::pulse::Topic;
use clap::ValueEnum;
use serde::Deserialize;
use std::fmt;

/// One kind of work, with a loop of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Copies oracle prices to the board; posts them before, where a source is configured.
    Refresher,
    /// Accrues funding and interest.
    Funding,
    /// Applies fills that wait for their makers.
    Fills,
    /// Makes losses cash of the pools, has the pools pay gains, collects fees.
    Settler,
    /// Executes trigger orders whose price was reached; cancels the orders of makers who have been silent for too long.
    Triggers,
    /// Liquidates accounts in danger, and gives back what it took.
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
            Self::Funding => "funding",
            Self::Fills => "fills",
            Self::Settler => "settler",
            Self::Triggers => "triggers",
            Self::Liquidator => "liquidator",
            Self::Insurance => "insurance",
            Self::Maker => "maker",
        }
    }

    /// What it acts on.
    pub const fn topics(self) -> &'static [Topic] {
        match self {
            Self::Refresher => &[Topic::Oracle, Topic::Clock],
            Self::Funding | Self::Settler => &[Topic::Board, Topic::Clock],
            Self::Fills => &[Topic::Book, Topic::Place],
            Self::Triggers | Self::Maker => &[Topic::Board, Topic::Account, Topic::Clock],
            Self::Liquidator | Self::Insurance => {
                &[Topic::Board, Topic::Account, Topic::Book, Topic::Place, Topic::Clock]
            }
        }
    }

    /// How many of its tasks of a kind fit into one transaction.
    pub const fn together(self) -> usize {
        if matches!(self, Self::Funding) { 4 } else { 1 }
    }

    /// Whether it decides by nothing but the board.
    pub const fn looks_at_the_board_only(self) -> bool {
        matches!(self, Self::Refresher | Self::Funding)
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
