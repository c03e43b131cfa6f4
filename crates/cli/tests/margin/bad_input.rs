//! What is said of input that is wrong, or asks for what is not there yet.

use super::{margin_of, position, sample};
use serde_json::{Value, json};
use std::process::Command;

/// What a run says of a text, but for the place in it.
pub fn said(text: &str, code: i32) -> String {
    let run = margin_of(text.as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{text}\n{}", run.stderr);
    let line = run.stderr.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{line}");
    line.split_once(" at line ").map_or(line, |(what, _)| what).to_owned()
}

/// Fails unless each change of the sample is refused with this line.
fn assert_refused(variants: &[(&str, Value, &str)]) {
    for (pointer, value, expected) in variants {
        let mut input = sample();
        *input.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value.clone();
        assert_eq!(
            said(&input.to_string(), 2),
            format!("malformed input: {expected}"),
            "{pointer} = {value}"
        );
    }
}

#[test]
fn what_is_no_decimal_string_is_named_with_its_path() {
    let amount = "/account/balances/1/amount";
    assert_refused(&[
        (
            amount,
            json!(10),
            r#"account.balances[1].amount: invalid type: integer `10`, expected a decimal string such as "12.5""#,
        ),
        (
            amount,
            json!(1.5),
            r#"account.balances[1].amount: invalid type: floating point `1.5`, expected a decimal string such as "12.5""#,
        ),
        (
            amount,
            json!(null),
            r#"account.balances[1].amount: invalid type: null, expected a decimal string such as "12.5""#,
        ),
        (
            amount,
            json!("ten"),
            r#"account.balances[1].amount: invalid value: string "ten", expected a decimal string such as "12.5""#,
        ),
        (
            amount,
            json!("1e3"),
            r#"account.balances[1].amount: invalid value: string "1e3", expected a decimal string such as "12.5""#,
        ),
        (
            amount,
            json!(""),
            r#"account.balances[1].amount: invalid value: string "", expected a decimal string such as "12.5""#,
        ),
        (
            amount,
            json!("1\n2"),
            r#"account.balances[1].amount: invalid value: string "1\n2", expected a decimal string such as "12.5""#,
        ),
    ]);
}

#[test]
fn a_number_that_does_not_fit_is_named_with_its_limit() {
    let amount = "/account/balances/1/amount";
    let price = "/banks/SOL/price";
    assert_refused(&[
        (
            amount,
            json!("0.123456789"),
            r#"account.balances[1].amount: invalid value: string "0.123456789", expected at most 8 decimals"#,
        ),
        (
            amount,
            json!("100000000000000000000"),
            r#"account.balances[1].amount: invalid value: string "100000000000000000000", expected a number below 10^20"#,
        ),
        (
            amount,
            json!("99999999999999999999"),
            "account.balances[1].amount: found 99999999999999999999, expected an amount that the engine can hold",
        ),
        (
            amount,
            json!("5000000000000000"),
            "account: overflow, expected each balance, weighted, to be worth less than 2^58, and each position, with its \
             orders, less than 2^56",
        ),
        (price, json!("0"), r#"banks.SOL.price: invalid value: string "0", expected a number above 0"#),
        (price, json!("-150"), r#"banks.SOL.price: invalid value: string "-150", expected a number above 0"#),
        (
            "/banks/SOL/stable_price",
            json!("0.0"),
            r#"banks.SOL.stable_price: invalid value: string "0", expected a number above 0"#,
        ),
        (
            price,
            json!("999999999999"),
            "banks.SOL.price: found 999999999999, expected a price that the engine can hold",
        ),
    ]);
}

#[test]
fn a_term_of_a_bank_out_of_range_is_named_with_its_range() {
    assert_refused(&[
        (
            "/liq_buffer",
            json!("-0.1"),
            r#"liq_buffer: invalid value: string "-0.1", expected a number from 0 to 1"#,
        ),
        (
            "/banks/SOL/asset_weight_maint",
            json!("1.01"),
            r#"banks.SOL.asset_weight_maint: invalid value: string "1.01", expected a number from 0 to 1"#,
        ),
        (
            "/banks/SOL/asset_weight_initial",
            json!("-0.5"),
            r#"banks.SOL.asset_weight_initial: invalid value: string "-0.5", expected a number from 0 to 1"#,
        ),
        (
            "/banks/SOL/liability_weight_maint",
            json!("0.99"),
            r#"banks.SOL.liability_weight_maint: invalid value: string "0.99", expected a number from 1 to below 4"#,
        ),
        (
            "/banks/SOL/liability_weight_initial",
            json!("4"),
            r#"banks.SOL.liability_weight_initial: invalid value: string "4", expected a number from 1 to below 4"#,
        ),
        (
            "/banks/SOL/asset_weight_initial",
            json!("0.95"),
            "banks.SOL.asset_weight_initial: found 0.95, expected at most asset_weight_maint, 0.9",
        ),
        (
            "/banks/SOL/liability_weight_initial",
            json!("1.05"),
            "banks.SOL.liability_weight_initial: found 1.05, expected at least liability_weight_maint, 1.1",
        ),
        (
            "/banks/SOL/scale_start",
            json!("0"),
            r#"banks.SOL.scale_start: invalid value: string "0", expected null or a number above 0"#,
        ),
        (
            "/banks/SOL/deposits_value",
            json!("-1"),
            r#"banks.SOL.deposits_value: invalid value: string "-1", expected a number of 0 or more"#,
        ),
        (
            "/banks/USDC/price",
            json!("1.01"),
            "banks: no quote bank, expected one with underlying null, price 1, stable_price 1 and every weight 1",
        ),
        (
            "/banks/USDC/scale_start",
            json!("5"),
            "banks.USDC.scale_start: found 5, expected null for the quote bank",
        ),
    ]);
}

#[test]
fn a_parameter_of_perpetuals_is_checked_though_no_position_is_held() {
    assert_refused(&[
        ("/markets/SOL-PERP/mmr", json!("0.2"), "markets.SOL-PERP.mmr: found 0.2, expected at most imr, 0.1"),
        (
            "/markets/SOL-PERP/imf_maint",
            json!("0.0002"),
            "markets.SOL-PERP.imf_maint: found 0.0002, expected at most imf, 0.0001",
        ),
        (
            "/markets/SOL-PERP/kappa",
            json!("-2"),
            r#"markets.SOL-PERP.kappa: invalid value: string "-2", expected a number of 0 or more"#,
        ),
        (
            "/portfolio/underlyings/SOL/beta",
            json!("-1"),
            r#"portfolio.underlyings.SOL.beta: invalid value: string "-1", expected a number of 0 or more"#,
        ),
        (
            "/portfolio/factor_shocks/1",
            json!(0),
            r#"portfolio.factor_shocks[1]: invalid type: integer `0`, expected a decimal string such as "12.5""#,
        ),
    ]);
}

#[test]
fn a_wrong_shape_is_named_with_what_belongs_there() {
    assert_refused(&[
        ("", json!([]), "invalid type: sequence, expected an object"),
        ("", json!({ "input": [] }), "input: invalid type: sequence, expected an object"),
        ("", json!({}), "missing field `liq_buffer`"),
        ("/banks", json!([]), "banks: invalid type: sequence, expected an object"),
        ("/banks/SOL", json!("150"), r#"banks.SOL: invalid type: string "150", expected an object"#),
        (
            "/account/mode",
            json!("isolated"),
            r#"account.mode: invalid value: string "isolated", expected "cross" or "portfolio""#,
        ),
        (
            "/account/mode",
            json!({ "cross": null }),
            r#"account.mode: invalid type: map, expected "cross" or "portfolio""#,
        ),
        ("/account/balances", json!({}), "account.balances: invalid type: map, expected an array"),
        (
            "/account/balances/0",
            json!(["USDC", "1"]),
            "account.balances[0]: invalid type: sequence, expected an object",
        ),
        ("/account/balances/0", json!({ "bank": "USDC" }), "account.balances[0]: missing field `amount`"),
        (
            "/account/balances/0",
            json!({ "bank": "USDC", "amount": "1", "note": "" }),
            "account.balances[0].note: unknown field `note`, expected `bank` or `amount`",
        ),
        (
            "/account/balances/0/bank",
            json!("USDT"),
            r#"account.balances[0].bank: unknown bank "USDT", expected one of banks"#,
        ),
        (
            "/account/balances/0/bank",
            json!("SOL"),
            r#"account.balances[1].bank: duplicate bank "SOL", expected each once"#,
        ),
        (
            "/banks/SOL/portfolio_eligible",
            json!("yes"),
            r#"banks.SOL.portfolio_eligible: invalid type: string "yes", expected a boolean"#,
        ),
    ]);
}

#[test]
fn a_missing_field_is_named_even_where_null_would_do() {
    for field in ["scale_start", "underlying"] {
        let mut input = sample();
        input["banks"]["SOL"].as_object_mut().unwrap().remove(field);
        assert_eq!(
            said(&input.to_string(), 2),
            format!("malformed input: banks.SOL: missing field `{field}`")
        );
    }
}

#[test]
fn more_than_an_account_or_a_board_holds_is_counted() {
    let mut input = sample();
    let sol = input["banks"]["SOL"].clone();
    let names: Vec<String> = (0..17).map(|number| format!("T{number}")).collect();
    for name in &names {
        input["banks"][name] = sol.clone();
    }
    input["account"]["balances"] = names.iter().map(|name| json!({ "bank": name, "amount": "1" })).collect();
    let line = "malformed input: account.balances: found 17, expected at most 16";
    assert_eq!(said(&input.to_string(), 2), line);
    for number in 17..31 {
        input["banks"][format!("T{number}")] = sol.clone();
    }
    assert_eq!(said(&input.to_string(), 2), "malformed input: banks: found 33, expected at most 32");
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for (text, line) in [
        ("", "malformed input: not JSON: EOF while parsing a value at line 1 column 0\n"),
        ("{\n\"a\": }", "malformed input: not JSON: expected value at line 2 column 6\n"),
        ("{} x", "malformed input: not JSON: trailing characters at line 1 column 4\n"),
    ] {
        let run = margin_of(text.as_bytes());
        assert_eq!((run.code, run.stderr.as_str()), (2, line));
    }
    let deep = "[".repeat(100_000);
    assert!(said(&format!(r#"{{"input": {deep}"#), 2).starts_with("malformed input: not JSON: "));
    assert_eq!(margin_of(b"{\"a\": \"\xff\"}").code, 2);
}

#[test]
fn a_name_given_twice_is_refused() {
    let text = sample().to_string();
    let twice = text.replacen("\"banks\":{", "\"banks\":{\"SOL\":{},", 1);
    assert_eq!(said(&twice, 2), "malformed input: banks.SOL: missing field `price`");
    let bank = sample()["banks"]["SOL"].to_string();
    let twice = text.replacen("\"banks\":{", &format!("\"banks\":{{\"SOL\":{bank},"), 1);
    assert_eq!(said(&twice, 2), "malformed input: banks: duplicate name \"SOL\"");
    let twice = text.replacen("\"mode\":", "\"mode\":\"cross\",\"mode\":", 1);
    assert_eq!(said(&twice, 2), "malformed input: account: duplicate field `mode`");
}

#[test]
fn a_path_starts_at_the_top_of_the_file() {
    let mut input = sample();
    input["account"]["balances"][1]["amount"] = json!(1);
    let line = said(&json!({ "input": input }).to_string(), 2);
    assert!(line.starts_with("malformed input: input.account.balances[1].amount: "), "{line}");
    let mut input = sample();
    input["account"]["balances"][1]["bank"] = json!("USDT");
    let line = said(&json!({ "input": input }).to_string(), 2);
    assert!(line.starts_with("malformed input: input.account.balances[1].bank: "), "{line}");
}

#[test]
fn an_unreadable_file_is_malformed_input() {
    for path in ["no/such/file.json", env!("CARGO_MANIFEST_DIR")] {
        let run = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(["margin", path]).output().unwrap();
        let line = String::from_utf8(run.stderr).unwrap();
        assert_eq!((run.status.code(), line.lines().count()), (Some(2), 1), "{line}");
        assert!(line.starts_with(&format!("malformed input: cannot read {path}: ")), "{line}");
    }
}

#[test]
fn what_is_not_there_yet_ends_with_3() {
    let mut input = sample();
    input["account"]["mode"] = json!("portfolio");
    assert_eq!(said(&input.to_string(), 3), "not supported yet: portfolio mode (account.mode)");
    input["account"]["positions"] = json!([position()]);
    assert_eq!(said(&input.to_string(), 3), "not supported yet: portfolio mode (account.mode)");
}

#[test]
fn malformed_input_is_found_before_what_is_not_there_yet() {
    let mut input = sample();
    input["account"]["mode"] = json!("portfolio");
    for (field, value, expected) in [
        (
            "bids",
            json!("-1"),
            r#"account.positions[0].bids: invalid value: string "-1", expected a number of 0 or more"#,
        ),
        (
            "base",
            json!(1),
            r#"account.positions[0].base: invalid type: integer `1`, expected a decimal string such as "12.5""#,
        ),
        (
            "market",
            json!("BTC-PERP"),
            r#"account.positions[0].market: unknown market "BTC-PERP", expected one of markets"#,
        ),
        (
            "isolated_margin",
            json!("-1"),
            r#"account.positions[0].isolated_margin: invalid value: string "-1", expected null or a number of 0 or more"#,
        ),
    ] {
        let mut wrong = position();
        wrong[field] = value;
        input["account"]["positions"] = json!([wrong]);
        assert_eq!(said(&input.to_string(), 2), format!("malformed input: {expected}"));
    }
    input["account"]["positions"] = json!([position(), position()]);
    let line =
        r#"malformed input: account.positions[1].market: duplicate market "SOL-PERP", expected each once"#;
    assert_eq!(said(&input.to_string(), 2), line);
    input["account"]["positions"] = json!([]);
    input["portfolio"]["underlyings"] = json!({});
    let line = "malformed input: banks.SOL.underlying: unknown underlying \"SOL\", expected one of \
                portfolio.underlyings";
    assert_eq!(said(&input.to_string(), 2), line);
}
