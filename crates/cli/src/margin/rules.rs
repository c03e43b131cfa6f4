//! What the parts of a file must be to each other. What each must be on its own is checked while reading.

use super::input::{Account, Bank, Input, Market, Mode};
use plimsoll_risk::layout::{
    account::{MAX_BALANCES, MAX_POSITIONS},
    board::{FACTOR_SHOCKS, MAX_BANKS, MAX_MARKETS},
};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong and where, the path from the input on: `account.balances[1].bank: …`.
pub type Fault = String;

/// Checks the whole input; the first fault found.
pub fn check(input: &Input) -> Result<(), Fault> {
    at_most(MAX_BANKS, "banks", input.banks.len())?;
    at_most(MAX_MARKETS, "markets", input.markets.len())?;
    at_most(FACTOR_SHOCKS, "portfolio.factor_shocks", input.portfolio.factor_shocks.len())?;
    if !input.banks.values().any(Bank::is_quote) {
        return Err(
            "banks: no quote bank, expected one with underlying null, price 1, stable_price 1 and every \
                    weight 1"
                .to_owned(),
        );
    }
    input.banks.iter().try_for_each(|(name, bank)| weights_in_order(name, bank))?;
    input.banks.iter().try_for_each(|(name, bank)| quote_unscaled(name, bank))?;
    input.markets.iter().try_for_each(|(name, market)| ratios_in_order(name, market))?;
    legs(&input.account, input)?;
    if input.account.mode == Mode::Portfolio { underlyings_known(input) } else { Ok(()) }
}

fn at_most(limit: usize, path: &str, count: usize) -> Result<(), Fault> {
    if count > limit { Err(format!("{path}: found {count}, expected at most {limit}")) } else { Ok(()) }
}

/// A strict weight is never milder than the maintenance weight.
fn weights_in_order(name: &str, bank: &Bank) -> Result<(), Fault> {
    let (initial, maint) = (bank.asset_weight_initial, bank.asset_weight_maint);
    if initial > maint {
        return Err(format!(
            "banks.{name}.asset_weight_initial: found {initial}, expected at most asset_weight_maint, {maint}"
        ));
    }
    let (initial, maint) = (bank.liability_weight_initial, bank.liability_weight_maint);
    if initial < maint {
        return Err(format!(
            "banks.{name}.liability_weight_initial: found {initial}, expected at least liability_weight_maint, \
             {maint}"
        ));
    }
    Ok(())
}

/// The quote token has weight 1 in every check, however much of it is deposited.
fn quote_unscaled(name: &str, bank: &Bank) -> Result<(), Fault> {
    match bank.scale_start {
        Some(start) if bank.is_quote() => {
            Err(format!("banks.{name}.scale_start: found {start}, expected null for the quote bank"))
        }
        _ => Ok(()),
    }
}

/// A maintenance ratio is never stricter than the initial one.
fn ratios_in_order(name: &str, market: &Market) -> Result<(), Fault> {
    if market.mmr > market.imr {
        return Err(format!(
            "markets.{name}.mmr: found {}, expected at most imr, {}",
            market.mmr, market.imr
        ));
    }
    if market.imf_maint > market.imf {
        return Err(format!(
            "markets.{name}.imf_maint: found {}, expected at most imf, {}",
            market.imf_maint, market.imf
        ));
    }
    Ok(())
}

/// Balances and positions: not too many, in banks and markets that there are, at most one in each.
fn legs(account: &Account, input: &Input) -> Result<(), Fault> {
    at_most(MAX_BALANCES, "account.balances", account.balances.len())?;
    at_most(MAX_POSITIONS, "account.positions", account.positions.len())?;
    let banks = account.balances.iter().map(|balance| &*balance.bank);
    once_each("account.balances", "bank", banks, &input.banks)?;
    let markets = account.positions.iter().map(|position| &*position.market);
    once_each("account.positions", "market", markets, &input.markets)
}

fn once_each<'a, T>(
    path: &str,
    what: &str,
    names: impl Iterator<Item = &'a str>,
    known: &BTreeMap<String, T>,
) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        if !known.contains_key(name) {
            return Err(format!("{path}[{index}].{what}: unknown {what} {name:?}, expected one of {what}s"));
        }
        if !seen.insert(name) {
            return Err(format!("{path}[{index}].{what}: duplicate {what} {name:?}, expected each once"));
        }
    }
    Ok(())
}

/// The portfolio model needs its parameters for all that it covers.
fn underlyings_known(input: &Input) -> Result<(), Fault> {
    let banks = input.banks.iter().filter(|(_, bank)| bank.portfolio_eligible);
    let banks = banks.filter_map(|(name, bank)| Some(("banks", name, bank.underlying.as_ref()?)));
    let markets = input.markets.iter().filter(|(_, market)| market.portfolio_eligible);
    let markets = markets.map(|(name, market)| ("markets", name, &market.underlying));
    for (group, name, underlying) in banks.chain(markets) {
        if !input.portfolio.underlyings.contains_key(underlying) {
            return Err(format!(
                "{group}.{name}.underlying: unknown underlying {underlying:?}, expected one of \
                 portfolio.underlyings"
            ));
        }
    }
    Ok(())
}
