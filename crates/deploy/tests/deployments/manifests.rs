//! What a manifest may say, and how it is told what it may not.

use crate::{manifest, migration, text};
use plimsoll::governance::{PARAMETERS, Unit, Value};
use plimsoll_deploy::{
    Fault, Manifest,
    value::{self, Denomination, LotSize, Units},
};

#[track_caller]
fn fault(changes: &[(&str, &str)]) -> String {
    match Manifest::parse(&text(changes), "test.toml") {
        Err(Fault::Manifest(what)) => what,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted: {changes:?}"),
    }
}

fn units() -> Units {
    let denomination = |symbol: &str, decimals| Denomination { symbol: symbol.into(), decimals };
    Units {
        quote: denomination("USDC", 6),
        token: Some(denomination("SOL", 9)),
        lots: Some(LotSize { symbol: "SOL".into(), lots_per_unit: 100 }),
    }
}

fn read(name: &str, text: &str) -> Result<Value, String> {
    let parameter = PARAMETERS.iter().find(|parameter| parameter.name == name).expect("a parameter");
    value::parse(parameter, text, &units())
}

#[test]
fn the_manifests_of_the_project_are_sound_or_say_what_is_missing() {
    manifest(&[]);
    for name in ["devnet.toml", "mainnet.toml"] {
        let fault = Manifest::parse(&migration(name), name).err().expect("placeholders").to_string();
        assert!(fault.starts_with(name) && fault.contains("not filled in yet: "), "{fault}");
    }
}

#[test]
fn a_value_is_read_exactly_in_the_unit_of_its_parameter() {
    for (name, text, raw) in [
        ("market.imr", "2.5 %", (1 << 30) * 25 / 1_000),
        ("market.imr", "25 bps", (1 << 30) * 25 / 10_000),
        ("market.imf", "200 ppm", (1 << 42) * 200 / 1_000_000),
        ("market.imf", "0.0002", (1 << 42) * 2 / 10_000),
        ("market.account_cap", "100 lots", 100),
        ("market.account_cap", "0.05 SOL", 5),
        ("market.pnl_cap", "100,000.000001 USDC", 100_000_000_001),
        ("market.oi_upper", "unlimited", i64::MAX as u64),
        ("bank.deposit_cap", "1_000 SOL", 1_000_000_000_000),
        ("bank.deposit_cap", "unlimited", u64::MAX),
        ("bank.scale_start", "none", 0),
        ("feed.max_age", "300 s", 300),
        ("feed.max_age", "5 min", 300),
        ("market.funding_period", "1 h", 3_600),
        ("exchange.timelock_seconds", "1.5 d", 129_600),
        ("market.reduce_only", "yes", 1),
        ("market.tier", "3", 3),
    ] {
        assert_eq!(read(name, text), Ok(Value::Number(raw)), "{name} = {text}");
    }
}

#[test]
fn anything_else_is_refused_with_what_was_expected() {
    for (name, text, expected) in [
        ("market.imr", "0.025", "a percentage such as"),
        ("market.imr", "-1 %", "a percentage such as"),
        ("market.account_cap", "0.005 SOL", "no finer"),
        ("market.account_cap", "5 BTC", "\"5 SOL\""),
        ("market.pnl_cap", "1 SOL", "\"1,000 USDC\""),
        ("market.pnl_cap", "0.0000001 USDC", "no finer"),
        ("market.pnl_cap", "unlimited", "an amount such as"),
        ("bank.deposit_cap", "99999999999999 SOL", "no larger"),
        ("feed.max_age", "300", "a time such as"),
        ("market.reduce_only", "1", "\"yes\" or \"no\""),
        ("market.tier", "1.5", "a whole number"),
    ] {
        let said = read(name, text).expect_err(text);
        assert!(said.contains(expected), "{name} = {text}: {said}");
    }
}

#[test]
fn what_is_shown_reads_back_as_the_same_value() {
    for parameter in PARAMETERS.iter().filter(|parameter| !parameter.unit.is_address()) {
        let (least, most) = (parameter.least, parameter.most);
        let middle = least + (most - least) / 3;
        for raw in [least, least.saturating_add(1).min(most), middle, most - u64::from(most > least), most] {
            let shown = value::show(parameter, Value::Number(raw), &units());
            assert_eq!(
                value::parse(parameter, &shown, &units()),
                Ok(Value::Number(raw)),
                "{} = {shown}",
                parameter.name
            );
        }
        assert!(
            parameter.unit != Unit::Ratio || value::show(parameter, Value::Number(most), &units()).len() < 12
        );
    }
}

#[test]
fn a_fault_names_line_field_value_and_bound() {
    assert_eq!(
        fault(&[("timelock_seconds = \"2 d\"", "timelock_seconds = \"1 h\"")]),
        "test.toml:12: exchange.timelock_seconds: 1 h is less than 1 d"
    );
    for (from, to, expected) in [
        ("imr = \"10 %\"", "imr = \"101 %\"", "market.imr: 101 % is more than 100 %"),
        ("imr = \"10 %\"", "imrr = \"10 %\"", "market.imrr: no parameter has this name here"),
        ("imr = \"10 %\"", "imr = 10", "market.imr: \"10\", expected a percentage"),
        (
            "imr = \"10 %\"",
            "minimum_lots = \"1 lot\"",
            "market.minimum_lots: is said by the market's minimum_lots",
        ),
        ("board.heartbeat_gap", "market.imr", "market.imr: no parameter has this name here"),
        (
            "board.heartbeat_gap = \"0 s\"",
            "exchange.timelock_seconds = \"2 d\"",
            "is said by exchange, not under parameters",
        ),
        ("growths = 4", "growth = 4", "unknown field `growth`"),
        ("open = true", "", "missing field `open`"),
        ("decimals = 6", "decimals = 7", "banks.decimals: 7 is more than 6"),
        (
            "decimals = 6",
            "decimals = 6\nfeed = \"SOL\"",
            "banks.feed: the quote token, the first bank, has no feed",
        ),
        ("decimals = 9\nfeed = \"SOL\"", "decimals = 9", "banks.feed: missing"),
        ("decimals = 9\nfeed = \"SOL\"", "decimals = 9\nfeed = \"XRP\"", "no feed is called \"XRP\""),
        ("name = \"ETH-PERP\"", "name = \"BTC-PERP\"", "markets.name: \"BTC-PERP\" is there twice"),
        ("mint = \"local:ETH\"", "mint = \"local:BTC\"", "banks.mint: \"local:BTC\" is there twice"),
        ("mint = \"local:ETH\"", "mint = \"nonsense\"", "banks.mint: \"nonsense\", expected an address"),
        (
            "mint = \"local:ETH\"",
            "mint = \"FILL IN: bridged ether\"",
            "not filled in yet: bridged ether (1 such",
        ),
        ("pyth = \"ef0d", "pyth = \"xf0d", "expected 64 hexadecimal digits"),
        ("token-2022", "token2022", "expected token or token-2022"),
        ("guardian = \"local:guardian\"", "guardian = \"deployer\"", "exchange.guardian: must be neither"),
        ("cluster = \"localnet\"", "cluster = \"moonnet\"", "expected localnet, devnet or mainnet"),
        ("cluster = \"localnet\"", "cluster = \"devnet\"", "everybody knows that key"),
        ("tick_lot = 100", "tick_lot = 0", "markets.tick_lot: 0 is less than 1"),
        ("growths = 4", "growths = 10", "markets.growths: 10 is more than 9"),
        ("minimum_lots = 1", "minimum_lots = 0", "markets.minimum_lots: 0 lots is less than 1 lots"),
        ("[exchange]", "[exchange", "test.toml:"),
    ] {
        let said = fault(&[(from, to)]);
        assert!(said.starts_with("test.toml:") && said.contains(expected), "{to:?}: {said}");
        assert!(!said.contains('\n'), "{said}");
    }
}
