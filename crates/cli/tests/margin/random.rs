//! Random accounts against the exact model.

use super::{margin_of, model::assert_agrees, sample};
use plimsoll_cli::margin::evaluate;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A decimal string of so many units of 10^-8.
fn decimal(units: i128) -> String {
    let magnitude = units.unsigned_abs();
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{}.{:08}", magnitude / 100_000_000, magnitude % 100_000_000)
}

/// Units of 10^-8, evenly spread over the orders of magnitude up to this power of ten.
fn units(below: u32) -> impl Strategy<Value = i128> {
    (0..below, 100_000_000..1_000_000_000i128)
        .prop_map(|(power, digits)| digits * 10i128.pow(power) / 100_000_000)
}

/// A part of this many units.
fn up_to(limit: i128) -> impl Strategy<Value = i128> {
    prop_oneof![Just(0), Just(limit), 0..=limit]
}

const ONE: i128 = 100_000_000;

prop_compose! {
    /// A bank with prices from 10^-8 to 10^7, the stable price a tenth away at most.
    fn any_bank()(
        price in units(15),
        gap in 900..1_100i128,
        asset_maint in up_to(ONE),
        liability_maint in up_to(ONE),
    )(
        price in Just(price),
        stable in Just((price * gap / 1_000).max(1)),
        asset_initial in up_to(asset_maint),
        asset_maint in Just(asset_maint),
        liability_initial in up_to(ONE).prop_map(move |more| ONE + liability_maint + more),
        liability_maint in Just(ONE + liability_maint),
        scale_start in prop::option::of(units(20)),
        deposits in prop_oneof![Just(0), units(21)],
    ) -> Value {
        json!({
            "price": decimal(price),
            "stable_price": decimal(stable),
            "asset_weight_initial": decimal(asset_initial),
            "asset_weight_maint": decimal(asset_maint),
            "liability_weight_initial": decimal(liability_initial),
            "liability_weight_maint": decimal(liability_maint),
            "scale_start": scale_start.map(decimal),
            "deposits_value": decimal(deposits),
            "underlying": "SOL",
            "portfolio_eligible": false,
        })
    }
}

prop_compose! {
    /// Up to 20 banks and 16 balances of 10^-8 to 10^9 tokens, deposits and borrows.
    fn any_input()(
        banks in prop::collection::vec(any_bank(), 0..20),
        buffer in up_to(ONE / 4), // the most that governance may set
    )(
        held in prop::sample::subsequence((0..=banks.len()).collect::<Vec<_>>(), 0..=banks.len().min(15)).prop_shuffle(),
        amounts in prop::collection::vec((units(17), any::<bool>()), 16),
        banks in Just(banks),
        buffer in Just(buffer),
    ) -> Value {
        let mut input = sample();
        input["liq_buffer"] = json!(decimal(buffer));
        // The name after the last bank's is the quote bank's.
        let name = |place: usize| if place == banks.len() { "USDC".to_owned() } else { format!("T{place}") };
        for (place, bank) in banks.iter().enumerate() {
            input["banks"][name(place)] = bank.clone();
        }
        input["account"]["balances"] = held
            .iter()
            .zip(&amounts)
            .map(|(place, (size, borrow))| {
                json!({ "bank": name(*place), "amount": decimal(if *borrow { -size } else { *size }) })
            })
            .collect();
        input
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_report_agrees_with_exact_arithmetic(input in any_input()) {
        let report = evaluate(input.to_string().as_bytes()).map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
        assert_agrees(&serde_json::to_value(report).unwrap(), &input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_command_agrees_with_exact_arithmetic(input in any_input()) {
        let run = margin_of(input.to_string().as_bytes());
        prop_assert_eq!(run.code, 0, "{}", run.stderr);
        assert_agrees(&serde_json::from_str(&run.stdout).unwrap(), &input);
    }
}
