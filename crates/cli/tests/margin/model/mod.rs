//! The formulas of DESIGN §4 for balances, in exact rational numbers: nothing of the engine's.

use num_bigint::BigInt;
use num_rational::BigRational;
use serde_json::Value;

/// The four kinds of check, as the report names them.
pub const CHECKS: [&str; 4] = ["withdraw", "initial", "liquidation_end", "maintenance"];

/// What a report must say.
pub struct Expected {
    /// Net collateral for each of [`CHECKS`].
    pub net_collateral: [BigRational; 4],
    /// Everything at full price.
    pub equity: BigRational,
    /// How far a figure may be off: 10^-6 of gross exposure and 1,000.
    pub tolerance: BigRational,
}

/// A decimal string, exactly.
pub fn exact(decimal: &Value) -> BigRational {
    let text = decimal.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mantissa: BigInt = format!("{whole}{fraction}").parse().unwrap();
    BigRational::new(mantissa, BigInt::from(10).pow(fraction.len().try_into().unwrap()))
}

/// The figures of an account without positions.
pub fn expected(input: &Value) -> Expected {
    let zero = || BigRational::from_integer(0.into());
    let mut net_collateral = [zero(), zero(), zero(), zero()];
    let (mut equity, mut gross) = (zero(), zero());
    let buffer = exact(&input["liq_buffer"]);
    for balance in input["account"]["balances"].as_array().unwrap() {
        let bank = &input["banks"][balance["bank"].as_str().unwrap()];
        let amount = exact(&balance["amount"]);
        let full = &amount * exact(&bank["price"]);
        let values = if amount < zero() { liability(bank, &buffer) } else { asset(bank) };
        for (net, value) in net_collateral.iter_mut().zip(values) {
            *net += &amount * value;
        }
        gross += if full < zero() { -full.clone() } else { full.clone() };
        equity += full;
    }
    let thousand = BigRational::from_integer(1_000.into());
    let millionth = BigRational::new(1.into(), 1_000_000.into());
    Expected { net_collateral, equity, tolerance: millionth * (gross + thousand) }
}

/// What one token of a deposit counts in each check.
fn asset(bank: &Value) -> [BigRational; 4] {
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
fn liability(bank: &Value, buffer: &BigRational) -> [BigRational; 4] {
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

/// Fails unless a report says what the model says of the input.
pub fn assert_agrees(report: &Value, input: &Value) {
    let model = expected(input);
    let tolerance = &model.tolerance;
    for (check, exactly) in CHECKS.into_iter().zip(&model.net_collateral) {
        for figure in ["health", "net_collateral"] {
            let found = &report[figure][check];
            assert!(
                near(&exact(found), exactly, tolerance),
                "{figure}.{check}: {found} for {exactly}\n{input}"
            );
        }
        assert_eq!(report["requirement"][check], "0.000000");
    }
    let found = &report["equity"];
    assert!(near(&exact(found), &model.equity, tolerance), "equity: {found} for {}\n{input}", model.equity);
    assert_eq!(report["isolated"], serde_json::json!({}));
}
