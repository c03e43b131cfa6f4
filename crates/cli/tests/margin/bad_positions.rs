//! What is said of positions that are wrong, and of the markets that they are in.

use super::{bad_input::said, position, sample};
use serde_json::{Value, json};

/// Fails unless the sample with each of these positions is refused with this line.
fn assert_positions_refused(variants: Vec<(Vec<Value>, &str)>) {
    for (positions, expected) in variants {
        let mut input = sample();
        input["account"]["positions"] = json!(positions);
        assert_eq!(said(&input.to_string(), 2), format!("malformed input: {expected}"));
    }
}

fn position_with(field: &str, value: &str) -> Value {
    let mut changed = position();
    changed[field] = json!(value);
    changed
}

#[test]
fn a_position_that_cannot_be_is_named() {
    let of = |field, value| vec![position_with(field, value)];
    assert_positions_refused(vec![
        (
            vec![position(), position()],
            r#"account.positions[1].market: duplicate market "SOL-PERP", expected each once"#,
        ),
        (
            of("market", "BTC-PERP"),
            r#"account.positions[0].market: unknown market "BTC-PERP", expected one of markets"#,
        ),
        (
            of("asks", "-0.5"),
            r#"account.positions[0].asks: invalid value: string "-0.5", expected a number of 0 or more"#,
        ),
        (
            of("bids_quote", "-1"),
            r#"account.positions[0].bids_quote: invalid value: string "-1", expected a number of 0 or more"#,
        ),
        (
            of("isolated_margin", "-0.01"),
            r#"account.positions[0].isolated_margin: invalid value: string "-0.01", expected null or a number of 0 or more"#,
        ),
        (
            of("base", "99999999999999999999"),
            "account.positions[0].base: found 99999999999999999999, expected a size (with its orders) that the engine can hold",
        ),
        (
            of("quote", "99999999999999999999"),
            "account: overflow, expected each balance, weighted, to be worth less than 2^58, and each position, with its \
             orders, less than 2^56",
        ),
    ]);
    let mut input = sample();
    input["account"]["positions"] = json!(vec![position(); 17]);
    let line = "malformed input: account.positions: found 17, expected at most 16";
    assert_eq!(said(&input.to_string(), 2), line);
}

#[test]
fn a_term_of_a_held_market_out_of_range_is_named_with_its_range() {
    for (field, value, expected) in [
        ("imr", "1.1", r#"imr: invalid value: string "1.1", expected a number from 0 to 1"#),
        ("mmr", "abc", r#"mmr: invalid value: string "abc", expected a decimal string such as "12.5""#),
        ("pnl_weight", "1.5", r#"pnl_weight: invalid value: string "1.5", expected a number from 0 to 1"#),
        ("kappa", "4", "kappa: found 4, expected a number below 4"),
        ("sigma_daily", "4.5", "sigma_daily: found 4.5, expected a number below 4"),
        ("imf", "0.001", "imf: found 0.001, expected a number below 0.00097656"),
        ("price", "999999999999", "price: found 999999999999, expected a price that the engine can hold"),
        (
            "stable_price",
            "0.15",
            "stable_price: found 0.15, expected price and stable_price within 10^3 of each other",
        ),
    ] {
        let mut input = sample();
        input["account"]["positions"] = json!([position()]);
        input["markets"]["SOL-PERP"][field] = json!(value);
        assert_eq!(said(&input.to_string(), 2), format!("malformed input: markets.SOL-PERP.{expected}"));
    }
}
