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
    /// A market in which sizes of up to 10^10 quote and the law of the parameters make sense.
    fn any_market()(
        price in units(15),
        gap in 900..1_100i128,
        ratios in (up_to(ONE), up_to(ONE)),
        factors in (up_to(90_000), up_to(90_000)),
        kappa in up_to(3 * ONE),
        sigma in up_to(ONE),
        interest in (prop_oneof![Just(0), units(18)], prop_oneof![Just(0), units(18)], prop_oneof![Just(0), units(18)]),
        pnl_weight in up_to(ONE),
        pnl_cap in prop_oneof![Just(0), units(20)],
    ) -> Value {
        json!({
            "underlying": "SOL",
            "price": decimal(price),
            "stable_price": decimal((price * gap / 1_000).max(1)),
            "imr": decimal(ratios.0.max(ratios.1)),
            "mmr": decimal(ratios.0.min(ratios.1)),
            "portfolio_eligible": false,
            "imf": decimal(factors.0.max(factors.1)),
            "imf_maint": decimal(factors.0.min(factors.1) * 4 / 5),
            "kappa": decimal(kappa),
            "sigma_daily": decimal(sigma),
            "open_interest": decimal(interest.0),
            "oi_lower": decimal(interest.1),
            "oi_upper": decimal(interest.2),
            "pnl_weight": decimal(pnl_weight),
            "pnl_cap": decimal(pnl_cap),
        })
    }
}

/// What something costs at a price, in units of 10^-8, and a little more or less.
fn worth(size: i128, price: i128, per_mille: i128) -> i128 {
    size * price / ONE * per_mille / 1_000
}

prop_compose! {
    /// A market, and a position in it of up to 10^10 quote with orders of up to twice its size around the price.
    fn any_position()(
        market in any_market(),
        notional in prop_oneof![1 => Just(0), 9 => units(19)],
        short in any::<bool>(),
        orders in ((0..200i128, 0..200i128), (900..1_100i128, 900..1_100i128)),
        entry in 500..1_500i128,
        isolated in prop::option::of(prop_oneof![Just(0), units(15)]),
    ) -> (Value, Value) {
        let text = market["price"].as_str().unwrap().replace('.', "");
        let price: i128 = text.parse().unwrap();
        // Beyond 10^10 tokens a dear lot would not fit 31 bits.
        let size = (notional * ONE / price).min(100_000_000 * ONE);
        let base = if short { -size } else { size };
        let ((bids, asks), (low, high)) = orders;
        let (bids, asks) = (size * bids / 100, size * asks / 100);
        let position = json!({
            "market": "",
            "base": decimal(base),
            "quote": decimal(-worth(base, price, entry)),
            "bids": decimal(bids),
            "bids_quote": decimal(worth(bids, price, low)),
            "asks": decimal(asks),
            "asks_quote": decimal(worth(asks, price, high)),
            "isolated_margin": isolated.map(decimal),
        });
        (market, position)
    }
}

/// Puts positions into an account, each into a market of its own.
fn with_positions(mut input: Value, positions: Vec<(Value, Value)>) -> Value {
    let mut held = Vec::new();
    for (number, (market, mut position)) in positions.into_iter().enumerate() {
        let name = format!("M{number}");
        position["market"] = json!(name);
        input["markets"][name] = market;
        held.push(position);
    }
    input["account"]["positions"] = json!(held);
    input
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
    fn a_report_agrees_with_exact_arithmetic(
        input in any_input(), positions in prop::collection::vec(any_position(), 0..=16)
    ) {
        let input = with_positions(input, positions);
        let report = evaluate(input.to_string().as_bytes()).map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
        assert_agrees(&serde_json::to_value(report).unwrap(), &input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_command_agrees_with_exact_arithmetic(
        input in any_input(), positions in prop::collection::vec(any_position(), 0..=16)
    ) {
        let input = with_positions(input, positions);
        let run = margin_of(input.to_string().as_bytes());
        prop_assert_eq!(run.code, 0, "{}", run.stderr);
        assert_agrees(&serde_json::from_str(&run.stdout).unwrap(), &input);
    }
}
