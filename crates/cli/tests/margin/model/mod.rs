//! The formulas of DESIGN §4, in exact rational numbers: nothing of the engine's.

mod position;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;
use serde_json::Value;
use std::collections::BTreeMap;

/// The four kinds of check, as the report names them.
pub const CHECKS: [&str; 4] = ["withdraw", "initial", "liquidation_end", "maintenance"];

/// A figure for each of [`CHECKS`].
pub type PerCheck = [BigRational; 4];

/// What a report must say.
pub struct Expected {
    /// Net collateral.
    pub net_collateral: PerCheck,
    /// Requirement.
    pub requirement: PerCheck,
    /// Health of each isolated position, by market.
    pub isolated: BTreeMap<String, PerCheck>,
    /// Everything at full price.
    pub equity: BigRational,
    /// How far a figure may be off: 10^-6 of gross exposure and 1,000.
    pub tolerance: BigRational,
}

impl Expected {
    /// Net collateral less requirement.
    pub fn health(&self) -> PerCheck {
        std::array::from_fn(|check| &self.net_collateral[check] - &self.requirement[check])
    }
}

/// A decimal string, exactly.
pub fn exact(decimal: &Value) -> BigRational {
    let text = decimal.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mantissa: BigInt = format!("{whole}{fraction}").parse().unwrap();
    BigRational::new(mantissa, BigInt::from(10).pow(fraction.len().try_into().unwrap()))
}

fn whole(number: i64) -> BigRational {
    BigRational::from_integer(number.into())
}

fn nothing() -> PerCheck {
    std::array::from_fn(|_| whole(0))
}

/// The figures of an account in cross mode.
pub fn expected(input: &Value) -> Expected {
    let mut model = Expected {
        net_collateral: nothing(),
        requirement: nothing(),
        isolated: BTreeMap::new(),
        equity: whole(0),
        tolerance: whole(1_000),
    };
    let buffer = exact(&input["liq_buffer"]);
    for balance in input["account"]["balances"].as_array().unwrap() {
        let bank = &input["banks"][balance["bank"].as_str().unwrap()];
        let amount = exact(&balance["amount"]);
        let full = &amount * exact(&bank["price"]);
        let values = if amount < whole(0) { liability(bank, &buffer) } else { asset(bank) };
        for (net, value) in model.net_collateral.iter_mut().zip(values) {
            *net += &amount * value;
        }
        model.tolerance += full.abs();
        model.equity += full;
    }
    for position in input["account"]["positions"].as_array().unwrap() {
        let name = position["market"].as_str().unwrap();
        let leg = position::measure(position, &input["markets"][name], &buffer);
        model.tolerance += leg.gross;
        if position["isolated_margin"].is_null() {
            for check in 0..4 {
                model.net_collateral[check] += &leg.net[check];
                model.requirement[check] += &leg.requirement[check];
            }
            model.equity += leg.unrealised;
        } else {
            let pocket = exact(&position["isolated_margin"]);
            let health = std::array::from_fn(|check| &pocket + &leg.net[check] - &leg.requirement[check]);
            model.isolated.insert(name.to_owned(), health);
        }
    }
    model.tolerance *= BigRational::new(1.into(), 1_000_000.into());
    model
}

/// What one token of a deposit counts in each check.
fn asset(bank: &Value) -> PerCheck {
    let [price, stable, initial, maint, deposits] =
        ["price", "stable_price", "asset_weight_initial", "asset_weight_maint", "deposits_value"]
            .map(|field| exact(&bank[field]));
    let scale = match &bank["scale_start"] {
        Value::Null => None,
        start => Some(exact(start)).filter(|start| deposits > *start).map(|start| start / deposits),
    };
    let strict = price.clone().min(stable) * initial * scale.unwrap_or(BigRational::from_integer(1.into()));
    let maintenance = price * maint;
    [strict.clone(), strict, maintenance.clone(), maintenance]
}

/// What one token of a borrow counts in each check.
fn liability(bank: &Value, buffer: &BigRational) -> PerCheck {
    let [price, stable, initial, maint, asset_maint] =
        ["price", "stable_price", "liability_weight_initial", "liability_weight_maint", "asset_weight_maint"]
            .map(|field| exact(&bank[field]));
    let strict = price.clone().max(stable) * initial;
    let end = &price * (&maint + buffer * (&maint - asset_maint));
    [strict.clone(), strict, end, price * maint]
}

/// Whether two numbers are no further apart than this.
pub fn near(left: &BigRational, right: &BigRational, tolerance: &BigRational) -> bool {
    let difference = left - right;
    difference <= *tolerance && -difference <= *tolerance
}

/// Every figure of a report, by its path.
pub fn figures(report: &Value) -> BTreeMap<String, BigRational> {
    let mut all = BTreeMap::from([("equity".to_owned(), exact(&report["equity"]))]);
    let groups = ["health", "net_collateral", "requirement"].map(|group| (group.to_owned(), &report[group]));
    let isolated = report["isolated"].as_object().unwrap();
    let isolated = isolated.iter().map(|(market, health)| (format!("isolated.{market}"), health));
    for (group, checks) in groups.into_iter().chain(isolated) {
        assert_eq!(checks.as_object().unwrap().len(), CHECKS.len());
        all.extend(CHECKS.map(|check| (format!("{group}.{check}"), exact(&checks[check]))));
    }
    all
}

/// The same figures as the model has them.
pub fn modelled(model: &Expected) -> BTreeMap<String, BigRational> {
    let mut all = BTreeMap::from([("equity".to_owned(), model.equity.clone())]);
    let groups = [
        ("health".to_owned(), model.health()),
        ("net_collateral".to_owned(), model.net_collateral.clone()),
        ("requirement".to_owned(), model.requirement.clone()),
    ];
    let isolated =
        model.isolated.iter().map(|(market, health)| (format!("isolated.{market}"), health.clone()));
    for (group, figures) in groups.into_iter().chain(isolated) {
        all.extend(
            CHECKS.into_iter().zip(figures).map(|(check, figure)| (format!("{group}.{check}"), figure)),
        );
    }
    all
}

/// Fails unless two sets of figures have the same names and are no further apart than this.
pub fn assert_near(
    found: &BTreeMap<String, BigRational>,
    wanted: &BTreeMap<String, BigRational>,
    tolerance: &BigRational,
    of: &str,
) {
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{of}");
    for (name, figure) in found {
        assert!(near(figure, &wanted[name], tolerance), "{name}: {figure} for {}\n{of}", wanted[name]);
    }
}

/// Fails unless a report says what the model says of the input.
pub fn assert_agrees(report: &Value, input: &Value) {
    let model = expected(input);
    assert_near(&figures(report), &modelled(&model), &model.tolerance, &input.to_string());
}
