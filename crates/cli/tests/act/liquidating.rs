//! An account in danger.

use crate::stage::{Person, passes, world};
use serde_json::Value;

#[test]
fn nobody_is_liquidated_who_is_safe() {
    let (trent, victor) = (Person::with(&[("USDC", 100)]), Person::with(&[("USDC", 100)]));
    let account = trent.does("deposit 100 USDC")["account"].as_str().expect("an address").to_owned();
    victor.does("deposit 100 USDC");
    victor.is_refused(&format!("liquidate {account}"), 3, "nothing can be done now");
    victor.is_refused(&format!("liquidate {account} --scope BTC"), 2, "is not isolated in this account");
}

/// What each step of a liquidation said, in their order.
fn steps(liquidator: &Person, words: &str) -> Vec<Value> {
    let answer = liquidator.says(&format!("{words} --json")).text();
    answer.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

/// A decimal of an answer.
fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no decimal"))
}

#[test]
fn endangered_accounts_are_liquidated_step_by_step() {
    let [maker, walter, xena, wendy] = [(); 4].map(|()| Person::with(&[("USDC", 100_000)]));
    maker.does("deposit 100,000 USDC");
    wendy.does("deposit 100,000 USDC");
    let account = |answer: Value| answer["account"].as_str().expect("an address").to_owned();
    let (walters, xenas) =
        (account(walter.does("deposit 10,000 USDC")), account(xena.does("deposit 5,000 USDC")));
    maker.does("place ETH sell 24 ETH @ 2,501");
    walter.does("place ETH buy 20 ETH --market");
    walter.does("place ETH buy 0.1 ETH @ 2,400");
    xena.does("place ETH buy 4 ETH --market --isolated 2,000");
    // Longer than any price is fresh: the board's are stale, and whoever trades meanwhile brings newer ones along.
    passes(world(), 700, [200, 60_000, 2_045]);

    let tried = wendy.does(&format!("liquidate {walters} --dry-run"));
    assert_eq!(tried["would"], "refresh ETH");
    let told = steps(&wendy, &format!("liquidate {walters} --way takeover --worst 2,050"));
    let [.., estimate, done] = &told[..] else { panic!("{told:?}") };
    let what = estimate["estimate"].as_str().unwrap_or_default();
    assert!(what.starts_with("cross: take over up to ") && number(&estimate["profit"]) > 0.0, "{told:?}");
    let moved = &done["positions"][0];
    assert_eq!((&moved["market"], &moved["before"]), (&"ETH-PERP".into(), &"0".into()), "{told:?}");
    assert!((0.1..20.0).contains(&number(&moved["after"])), "{told:?}");
    let first: Vec<&str> = told.iter().filter_map(|it| it["done"].as_str()).collect();
    assert!(
        first.starts_with(&["refresh ETH", "cross: assess it", "cross: cancel its orders in ETH-PERP"]),
        "{first:?}"
    );
    // What is left of it is safe.
    wendy.is_refused(&format!("liquidate {walters}"), 3, "nothing can be done now");

    // An isolated position, into the book; its account has nothing to do with it.
    maker.does("place ETH buy 4 ETH @ 2,045");
    wendy.is_refused(&format!("liquidate {xenas} --scope cross"), 3, "nothing can be done now");
    let told = steps(&wendy, &format!("liquidate {xenas} --scope ETH --way book"));
    let [.., estimate, done] = &told[..] else { panic!("{told:?}") };
    let what = estimate["estimate"].as_str().unwrap_or_default();
    assert!(what.starts_with("isolated ETH-PERP: close up to "), "{told:?}");
    assert!(
        number(&done["after"]["equity"]) > number(&done["before"]["equity"]),
        "the keeper earns: {told:?}"
    );
}
