//! What feeds, banks and markets are called: a manifest's names, by their places on the board.
//!
//! Only names are read here. So a manifest serves although something in it is still to be filled in: its exchange may be
//! looked at before it may be deployed.

use crate::Refusal;
use plimsoll_deploy::Cluster;
use serde::Deserialize;

/// Names by place on the board. A place that the manifest does not know is called by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    feeds: Vec<String>,
    banks: Vec<String>,
    markets: Vec<String>,
}

#[derive(Deserialize)]
struct Raw {
    cluster: String,
    #[serde(default)]
    feeds: Vec<Named>,
    banks: Vec<Named>,
    #[serde(default)]
    markets: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Names {
    /// The names in a manifest, and the cluster that it is for; `source` is what messages call it.
    ///
    /// # Errors
    /// `Malformed` for a text that is no manifest, as far as names go.
    pub fn read(text: &str, source: &str) -> Result<(Cluster, Self), Refusal> {
        let raw: Raw = toml::from_str(text)
            .map_err(|error| Refusal::Malformed(format!("{source}: {}", error.message())))?;
        let cluster = Cluster::named(&raw.cluster)
            .ok_or_else(|| Refusal::Malformed(format!("{source}: cluster: {:?} is none", raw.cluster)))?;
        let names = |list: Vec<Named>| list.into_iter().map(|it| it.name).collect();
        Ok((cluster, Self { feeds: names(raw.feeds), banks: names(raw.banks), markets: names(raw.markets) }))
    }

    /// The underlying at a place on the board.
    pub fn feed(&self, place: u8) -> String {
        name(&self.feeds, "feed", place)
    }

    /// The token of the bank at a place on the board.
    pub fn bank(&self, place: u8) -> String {
        name(&self.banks, "bank", place)
    }

    /// The market at a place on the board.
    pub fn market(&self, place: u8) -> String {
        name(&self.markets, "market", place)
    }

    /// The place of a feed by its name, in capitals or not, or by its number.
    ///
    /// # Errors
    /// `Malformed` with the known names.
    pub fn find_feed(&self, text: &str) -> Result<u8, Refusal> {
        find(&self.feeds, "feed", text)
    }

    /// The place of a bank by its token's name, in capitals or not, or by its number.
    ///
    /// # Errors
    /// `Malformed` with the known names.
    pub fn find_bank(&self, text: &str) -> Result<u8, Refusal> {
        find(&self.banks, "bank", text)
    }

    /// The place of a market by its name, in capitals or not, by what stands in it before the hyphen (`BTC` for `BTC-PERP`),
    /// or by its number.
    ///
    /// # Errors
    /// `Malformed` with the known names.
    pub fn find_market(&self, text: &str) -> Result<u8, Refusal> {
        let short = self.markets.iter().filter(|name| {
            name.split_once('-').is_some_and(|(underlying, _)| underlying.eq_ignore_ascii_case(text))
        });
        match short.collect::<Vec<_>>()[..] {
            [only] => find(&self.markets, "market", only),
            _ => find(&self.markets, "market", text),
        }
    }
}

fn name(list: &[String], kind: &str, place: u8) -> String {
    list.get(usize::from(place)).cloned().unwrap_or_else(|| format!("{kind}-{place}"))
}

fn find(list: &[String], kind: &str, text: &str) -> Result<u8, Refusal> {
    let place = list.iter().position(|name| name.eq_ignore_ascii_case(text));
    let place = place.and_then(|place| u8::try_from(place).ok());
    let number = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-')).unwrap_or(text);
    place.or_else(|| number.parse().ok()).ok_or_else(|| {
        let known = list.join(", ");
        Refusal::Malformed(format!("no {kind} is called {text:?}, known are {known}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let text = include_str!("../../../migrations/localnet.toml");
        Names::read(text, "localnet.toml").expect("names").1
    }

    #[test]
    fn a_market_is_found_by_name_by_underlying_and_by_place() {
        for text in ["ETH-PERP", "eth-perp", "eth", "1", "market-1"] {
            assert_eq!(names().find_market(text).ok(), Some(1), "{text}");
        }
        assert_eq!((names().bank(0), names().market(9)), ("USDC".into(), "market-9".into()));
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_are_known() {
        let refusal = names().find_bank("DOGE").expect_err("a refusal");
        assert_eq!(refusal.exit_code(), 2);
        assert!(refusal.to_string().ends_with("known are USDC, SOL, BTC, ETH"), "{refusal}");
    }

    #[test]
    fn a_manifest_with_places_to_fill_in_still_says_the_names() {
        for (text, cluster) in [
            (include_str!("../../../migrations/devnet.toml"), Cluster::Devnet),
            (include_str!("../../../migrations/mainnet.toml"), Cluster::Mainnet),
        ] {
            let (of, names) = Names::read(text, "it").expect("names");
            assert_eq!((of, names.find_bank("usdc").ok()), (cluster, Some(0)));
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in ["", "cluster = 1", "cluster = \"moonnet\"\nbanks = []", "not toml"] {
            let refusal = Names::read(text, "x.toml").expect_err("a refusal");
            assert!(refusal.to_string().starts_with("malformed input: x.toml: "), "{refusal}");
        }
    }
}
