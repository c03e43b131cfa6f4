//! One position by the formulas of DESIGN §4.

use super::{PerCheck, exact, whole};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;
use serde_json::Value;

/// What a position adds to an account.
pub struct Leg {
    /// `pnl_t(uPnL) − order_loss`.
    pub net: PerCheck,
    /// `N·r_t`.
    pub requirement: PerCheck,
    /// `uPnL` at the price.
    pub unrealised: BigRational,
    /// `|q|·P`.
    pub gross: BigRational,
}

/// The figures of a position in a market.
pub fn measure(position: &Value, market: &Value, buffer: &BigRational) -> Leg {
    let [base, quote, bids, bids_quote, asks, asks_quote] =
        ["base", "quote", "bids", "bids_quote", "asks", "asks_quote"].map(|field| exact(&position[field]));
    let [price, stable, weight, cap] =
        ["price", "stable_price", "pnl_weight", "pnl_cap"].map(|field| exact(&market[field]));
    let zero = whole(0);
    let careful = if base < zero { price.clone().max(stable) } else { price.clone().min(stable) };
    let (unrealised, strict) = (&base * &price + &quote, &base * careful + &quote);
    let loss = (bids_quote - &bids * &price).max(&asks * &price - asks_quote).max(zero.clone());
    let capped = if strict > zero { (weight * &strict).min(cap) } else { strict.clone() };
    let pnl = [strict.min(zero), capped, unrealised.clone(), unrealised.clone()];
    let notional = &price * (&base + bids).abs().max((&base - asks).abs());
    Leg {
        net: pnl.map(|pnl| pnl - &loss),
        requirement: ratios(market, &notional, buffer).map(|ratio| ratio * &notional),
        unrealised,
        gross: (base * price).abs(),
    }
}

/// Requirement ratios; the buffered one ends at 1, too.
fn ratios(market: &Value, notional: &BigRational, buffer: &BigRational) -> PerCheck {
    let [imr, mmr, imf, imf_maint, kappa, sigma, interest, lower, upper] =
        ["imr", "mmr", "imf", "imf_maint", "kappa", "sigma_daily", "open_interest", "oi_lower", "oi_upper"]
            .map(|field| exact(&market[field]));
    let (one, root) = (whole(1), root(notional));
    let part = if upper > lower { (interest - &lower) / (upper - lower) } else { whole(0) };
    let ramp = &imr + (&one - &imr) * part.max(whole(0)).min(one.clone());
    let initial = imr.max(kappa * sigma).max(imf * &root).max(ramp).min(one.clone());
    let maint = mmr.max(imf_maint * root);
    let end = (&maint * (&one + buffer)).min(one.clone());
    [initial.clone(), initial, end, maint.min(one)]
}

/// The square root to 30 decimals.
fn root(square: &BigRational) -> BigRational {
    let unit = BigInt::from(10).pow(30);
    let scaled = (square * BigRational::from_integer(&unit * &unit)).to_integer();
    BigRational::new(scaled.sqrt(), unit)
}
