//! The committed cases: inputs with what they must give, worked out in exact decimals.

use super::{
    margin_of,
    model::{assert_agrees, assert_near, expected, figures, modelled},
    sample,
};
use num_rational::BigRational;
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::Command};

fn cases() -> Vec<(PathBuf, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/margin/cases");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), serde_json::from_slice(&fs::read(path).unwrap()).unwrap())).collect()
}

fn parsed(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

#[test]
fn the_committed_cases_come_out_as_written() {
    let cases = cases();
    assert!(cases.len() >= 15);
    for (path, case) in cases {
        let run = Command::new(env!("CARGO_BIN_EXE_plimsoll")).arg("margin").arg(&path).output().unwrap();
        assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
        assert!(run.stderr.is_empty());
        let report = parsed(&String::from_utf8(run.stdout).unwrap());
        let tolerance = expected(&case["input"]).tolerance;
        let path = path.display().to_string();
        assert_near(&figures(&report), &figures(&case["expected"]), &tolerance, &path);
    }
}

#[test]
fn the_committed_cases_agree_with_the_formulas() {
    let half_a_millionth = BigRational::new(1.into(), 2_000_000.into());
    for (path, case) in cases() {
        let model = modelled(&expected(&case["input"]));
        let path = path.display().to_string();
        assert_near(&figures(&case["expected"]), &model, &half_a_millionth, &path);
    }
}

#[test]
fn a_report_has_the_shape_of_the_cases() {
    let mut input = sample();
    // Weights that the engine's binary ratios hold exactly.
    input["banks"]["SOL"]["asset_weight_initial"] = json!("0.75");
    input["banks"]["SOL"]["asset_weight_maint"] = json!("0.875");
    let run = margin_of(input.to_string().as_bytes());
    assert_eq!(
        run.stdout,
        r#"{
  "health": {
    "withdraw": "1018.875000",
    "initial": "1018.875000",
    "liquidation_end": "1216.375000",
    "maintenance": "1216.375000"
  },
  "net_collateral": {
    "withdraw": "1018.875000",
    "initial": "1018.875000",
    "liquidation_end": "1216.375000",
    "maintenance": "1216.375000"
  },
  "requirement": {
    "withdraw": "0.000000",
    "initial": "0.000000",
    "liquidation_end": "0.000000",
    "maintenance": "0.000000"
  },
  "isolated": {},
  "equity": "1404.500000"
}
"#
    );
}

#[test]
fn an_input_counts_the_same_bare_or_wrapped() {
    let bare = margin_of(sample().to_string().as_bytes());
    let wrapped = json!({ "name": "mine", "input": sample(), "expected": {}, "notes": [1, 2.5] });
    assert_eq!(margin_of(wrapped.to_string().as_bytes()).stdout, bare.stdout);
}

#[test]
fn an_account_with_nothing_has_nothing() {
    for balances in
        [json!([]), json!([{ "bank": "SOL", "amount": "0" }, { "bank": "USDC", "amount": "-0.0" }])]
    {
        let mut input = sample();
        input["account"]["balances"] = balances;
        let run = margin_of(input.to_string().as_bytes());
        assert_agrees(&parsed(&run.stdout), &input);
        assert_eq!(parsed(&run.stdout)["equity"], "0.000000");
    }
}

#[test]
fn the_extremes_of_the_range_are_computed() {
    for (price, amount) in [
        ("0.00000001", "1000000000000"),
        ("0.00000001", "-999999999999.99999999"),
        ("10000000", "0.00000001"),
        ("10000000", "-10000000000.12345678"),
        ("99999.12345678", "999999999999.99999999"),
    ] {
        for (start, deposits) in [("0.00000001", "99999999999999999999"), ("1", "1.00000001"), ("9", "10")] {
            let mut input = sample();
            let bank = &mut input["banks"]["SOL"];
            (bank["price"], bank["stable_price"]) = (json!(price), json!(price));
            (bank["scale_start"], bank["deposits_value"]) = (json!(start), json!(deposits));
            input["account"]["balances"] = json!([{ "bank": "SOL", "amount": amount }]);
            let run = margin_of(input.to_string().as_bytes());
            assert_eq!(run.code, 0, "{}", run.stderr);
            assert_agrees(&parsed(&run.stdout), &input);
        }
    }
}
