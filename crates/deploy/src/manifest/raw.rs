//! A manifest as it is written. Keys that nobody knows are refused: a misspelt limit would silently be no limit.

use super::place::Source;
use crate::Fault;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Spanned, Value};

/// Parameters by name, without what stands before the first point.
pub type Parameters = BTreeMap<String, Spanned<Value>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    pub cluster: Spanned<String>,
    pub exchange: Exchange,
    pub program: Option<Program>,
    /// By what stands before the first point: `exchange`, `board`, `refresh`, `portfolio`.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameters>,
    #[serde(default)]
    pub feeds: Vec<Spanned<Feed>>,
    pub banks: Vec<Spanned<Bank>>,
    #[serde(default)]
    pub markets: Vec<Spanned<Market>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub admin: Spanned<String>,
    pub risk_council: Spanned<String>,
    pub guardian: Spanned<String>,
    pub fee_collector: Spanned<String>,
    pub timelock_seconds: Spanned<Value>,
    pub ramp_seconds: Spanned<Value>,
    pub open: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    pub upgrade_authority: Spanned<String>,
    pub timelock_seconds: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    pub name: Spanned<String>,
    pub pyth: Spanned<String>,
    pub switchboard: Option<Spanned<String>>,
    #[serde(default)]
    pub parameters: Parameters,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    pub name: Spanned<String>,
    pub mint: Spanned<String>,
    pub token_program: Option<Spanned<String>>,
    pub decimals: Spanned<u8>,
    pub feed: Option<Spanned<String>>,
    #[serde(default)]
    pub parameters: Parameters,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    pub name: Spanned<String>,
    pub feed: Spanned<String>,
    pub lots_per_unit: Spanned<u64>,
    pub tick_lot: Spanned<u32>,
    pub minimum_lots: Spanned<u32>,
    pub growths: Option<Spanned<u8>>,
    #[serde(default)]
    pub parameters: Parameters,
}

/// # Errors
/// Anything but this, with its line.
pub fn read(source: &Source) -> Result<Raw, Fault> {
    toml::from_str(source.text).map_err(|error| {
        let place = error.span().map_or_else(|| source.name.to_owned(), |span| source.place(&span));
        Fault::Manifest(format!("{place}: {}", error.message().replace('\n', "; ")))
    })
}
