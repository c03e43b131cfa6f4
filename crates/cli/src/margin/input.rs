//! The file: what it may say, and reading it.

use super::{
    decimal::{
        Decimal, not_negative, not_negative_or_null, one_or_more, part_of_one, positive, positive_or_null,
    },
    rules,
    shape::{named, nullable, object, objects},
};
use crate::Refusal;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor},
};
use std::{collections::BTreeMap, fmt};

/// An account and the world that it is valued in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// How much further than maintenance a liquidation goes.
    #[serde(deserialize_with = "part_of_one")]
    pub liq_buffer: Decimal,
    /// Collateral tokens by name.
    #[serde(deserialize_with = "named")]
    pub banks: BTreeMap<String, Bank>,
    /// Perpetuals by name.
    #[serde(deserialize_with = "named")]
    pub markets: BTreeMap<String, Market>,
    /// The account.
    #[serde(deserialize_with = "object")]
    pub account: Account,
    /// Parameters of portfolio margin.
    #[serde(deserialize_with = "object")]
    pub portfolio: Portfolio,
}

/// A collateral token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// Oracle price.
    #[serde(deserialize_with = "positive")]
    pub price: Decimal,
    /// Stable price.
    #[serde(deserialize_with = "positive")]
    pub stable_price: Decimal,
    /// Weight of a deposit in the strict kinds.
    #[serde(deserialize_with = "part_of_one")]
    pub asset_weight_initial: Decimal,
    /// Weight of a deposit in the maintenance kinds.
    #[serde(deserialize_with = "part_of_one")]
    pub asset_weight_maint: Decimal,
    /// Weight of a borrow in the strict kinds.
    #[serde(deserialize_with = "one_or_more")]
    pub liability_weight_initial: Decimal,
    /// Weight of a borrow in the maintenance kinds.
    #[serde(deserialize_with = "one_or_more")]
    pub liability_weight_maint: Decimal,
    /// Deposits' worth beyond which strict asset weights shrink; `null` is never.
    #[serde(deserialize_with = "positive_or_null")]
    pub scale_start: Option<Decimal>,
    /// Worth of all its deposits.
    #[serde(deserialize_with = "not_negative")]
    pub deposits_value: Decimal,
    /// Whose price it follows; `null` for the quote token.
    #[serde(deserialize_with = "nullable")]
    pub underlying: Option<String>,
    /// Whether the model of portfolio margin covers it.
    pub portfolio_eligible: bool,
}

impl Bank {
    /// Whether this is the quote token: worth exactly 1, at weight 1 everywhere (DESIGN §4).
    pub fn is_quote(&self) -> bool {
        let ones = [
            self.price,
            self.stable_price,
            self.asset_weight_initial,
            self.asset_weight_maint,
            self.liability_weight_initial,
            self.liability_weight_maint,
        ];
        self.underlying.is_none() && ones == [Decimal::ONE; 6]
    }
}

/// A perpetual.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The names of DESIGN §4.
pub struct Market {
    pub underlying: String,
    #[serde(deserialize_with = "positive")]
    pub price: Decimal,
    #[serde(deserialize_with = "positive")]
    pub stable_price: Decimal,
    #[serde(deserialize_with = "part_of_one")]
    pub imr: Decimal,
    #[serde(deserialize_with = "part_of_one")]
    pub mmr: Decimal,
    pub portfolio_eligible: bool,
    #[serde(deserialize_with = "not_negative")]
    pub imf: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub imf_maint: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub kappa: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub sigma_daily: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub open_interest: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub oi_lower: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub oi_upper: Decimal,
    #[serde(deserialize_with = "part_of_one")]
    pub pnl_weight: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub pnl_cap: Decimal,
}

/// The account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// How its margin is computed.
    pub mode: Mode,
    /// Deposits and borrows.
    #[serde(deserialize_with = "objects")]
    pub balances: Vec<Balance>,
    /// Positions.
    #[serde(deserialize_with = "objects")]
    pub positions: Vec<Position>,
}

/// How margin is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Leg by leg.
    Cross,
    /// By the portfolio model.
    Portfolio,
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Mode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"cross\" or \"portfolio\"")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Mode, E> {
                match name {
                    "cross" => Ok(Mode::Cross),
                    "portfolio" => Ok(Mode::Portfolio),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(name), &self)),
                }
            }
        }
        source.deserialize_str(Name)
    }
}

/// A deposit, or below zero a borrow, of one token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// Name of the token's bank.
    pub bank: String,
    /// Tokens.
    pub amount: Decimal,
}

/// A position in one market, and its orders.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The names of DESIGN §4.
pub struct Position {
    pub market: String,
    pub base: Decimal,
    pub quote: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub bids: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub bids_quote: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub asks: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub asks_quote: Decimal,
    #[serde(deserialize_with = "not_negative_or_null")]
    pub isolated_margin: Option<Decimal>,
}

/// Parameters of portfolio margin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The names of DESIGN §4.
pub struct Portfolio {
    #[serde(deserialize_with = "not_negative")]
    pub c: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub sigma_factor: Decimal,
    #[serde(deserialize_with = "part_of_one")]
    pub floor: Decimal,
    pub factor_shocks: Vec<Decimal>,
    #[serde(deserialize_with = "named")]
    pub underlyings: BTreeMap<String, Underlying>,
}

/// Portfolio margin's view of one underlying.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The names of DESIGN §4.
pub struct Underlying {
    #[serde(deserialize_with = "not_negative")]
    pub beta: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub sigma: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub shock: Decimal,
    #[serde(deserialize_with = "not_negative")]
    pub basis: Decimal,
}

/// A file with the input inside, and beside it whatever its author wants to keep there.
#[derive(Deserialize)]
struct Wrapped {
    #[serde(deserialize_with = "object")]
    input: Input,
}

/// Whether the file has an `input` of its own.
struct Outline {
    wrapped: bool,
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Outline;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
                let mut wrapped = false;
                while let Some((key, IgnoredAny)) = map.next_entry::<String, _>()? {
                    wrapped |= key == "input";
                }
                Ok(Outline { wrapped })
            }
        }
        source.deserialize_map(Keys)
    }
}

/// Reads a file, wrapped or bare, and checks all of it.
pub fn read(text: &[u8]) -> Result<Input, Refusal> {
    let Outline { wrapped } = typed(text)?;
    let (input, at) =
        if wrapped { (typed::<Wrapped>(text)?.input, "input.") } else { (typed::<Input>(text)?, "") };
    rules::check(&input).map_err(|fault| Refusal::Malformed(format!("{at}{fault}")))?;
    Ok(input)
}

/// Reads a file as a `T`; what does not fit is named with its path.
fn typed<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    let mut source = serde_json::Deserializer::from_slice(text);
    let read: T = serde_path_to_error::deserialize(&mut source).map_err(|error| {
        let path = error.path().to_string();
        let what = error.into_inner();
        Refusal::Malformed(match path.as_str() {
            _ if !what.is_data() => format!("not JSON: {what}"),
            "." => what.to_string(),
            path => format!("{path}: {what}"),
        })
    })?;
    source.end().map_err(|what| Refusal::Malformed(format!("not JSON: {what}")))?;
    Ok(read)
}
