//! `plimsoll margin`: its figures against exact rational arithmetic, and what it says of input that is wrong.

mod bad_input;
mod bad_positions;
mod figures;
mod model;
mod mutations;
mod random;

use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// How a run ended.
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the compiled command on a text given to its standard input.
fn margin_of(text: &[u8]) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["margin", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A small input with one of everything that a file can hold, but for positions.
fn sample() -> Value {
    json!({
        "liq_buffer": "0.1",
        "banks": {
            "USDC": bank(["1", "1"], ["1", "1", "1", "1"], None),
            "SOL": bank(["150.5", "149.25"], ["0.8", "0.9", "1.2", "1.1"], Some("SOL")),
        },
        "markets": { "SOL-PERP": {
            "underlying": "SOL", "price": "150.5", "stable_price": "150", "imr": "0.1", "mmr": "0.05",
            "portfolio_eligible": true, "imf": "0.0001", "imf_maint": "0.00005", "kappa": "2", "sigma_daily": "0.05",
            "open_interest": "1000000", "oi_lower": "5000000", "oi_upper": "40000000", "pnl_weight": "0.8",
            "pnl_cap": "1000",
        }},
        "account": {
            "mode": "cross",
            "balances": [{ "bank": "USDC", "amount": "-100.5" }, { "bank": "SOL", "amount": "10" }],
            "positions": [],
        },
        "portfolio": {
            "c": "2.665", "sigma_factor": "0.035", "floor": "0.01", "factor_shocks": ["-0.1", "0.1"],
            "underlyings": { "SOL": { "beta": "1.4", "sigma": "0.05", "shock": "0.35", "basis": "0.02" } },
        },
    })
}

/// A bank of price and stable price, and weights: asset initial and maintenance, liability initial and maintenance.
fn bank([price, stable]: [&str; 2], weights: [&str; 4], underlying: Option<&str>) -> Value {
    let [asset_initial, asset_maint, liability_initial, liability_maint] = weights;
    json!({
        "price": price,
        "stable_price": stable,
        "asset_weight_initial": asset_initial,
        "asset_weight_maint": asset_maint,
        "liability_weight_initial": liability_initial,
        "liability_weight_maint": liability_maint,
        "scale_start": null,
        "deposits_value": "50000000",
        "underlying": underlying,
        "portfolio_eligible": true,
    })
}

/// A position in order.
fn position() -> Value {
    json!({
        "market": "SOL-PERP", "base": "-1.5", "quote": "200", "bids": "1", "bids_quote": "150", "asks": "0.0",
        "asks_quote": "0", "isolated_margin": null,
    })
}
