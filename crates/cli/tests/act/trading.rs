//! Orders, triggers, pockets.

use crate::stage::Person;
use serde_json::{Value, json};

fn trader() -> Person {
    let trader = Person::with(&[("USDC", 50_000)]);
    trader.does("deposit 50,000 USDC");
    trader
}

/// Numbers of the orders that came to rest.
fn rested(answer: &Value) -> Vec<String> {
    let orders = answer["orders_new"].as_array().expect("a list");
    orders.iter().map(|order| order["order"].as_str().expect("a number").to_owned()).collect()
}

#[test]
fn an_order_rests_and_is_cancelled_by_its_number() {
    let heidi = trader();
    let placed = heidi.does("place btc buy 0.5 BTC @ 50,000 --post-only");
    assert_eq!(placed["done"], "buy 0.5 BTC in BTC-PERP at 50,000");
    assert_eq!(placed["orders_new"].as_array().map(Vec::len), Some(1));
    let [order] = &rested(&placed)[..] else { panic!("{placed}") };
    let cancelled = heidi.does(&format!("cancel {order}"));
    assert_eq!(cancelled["done"], format!("cancel order {order} in BTC-PERP"));
    assert_eq!(cancelled["orders_gone"], json!([{ "market": "BTC-PERP", "order": order }]));
    heidi.is_refused(&format!("cancel {order}"), 3, "the account has no order");
}

#[test]
fn orders_are_cancelled_by_the_clients_number_by_side_and_all() {
    let ivan = trader();
    for terms in ["buy 0.1 @ 50,000 --client-id 7", "buy 0.1 @ 50,001", "sell 0.1 @ 70,000 --client-id 7"] {
        ivan.does(&format!("place BTC-PERP {terms}"));
    }
    ivan.does("place SOL buy 1 SOL @ 180");
    let gone = |answer: Value| answer["orders_gone"].as_array().map(Vec::len);
    assert_eq!(gone(ivan.does("cancel --client-id 7")), Some(2));
    ivan.is_refused("cancel --all --side sell", 3, "the account has no such order");
    let all = ivan.does("cancel --all");
    assert_eq!(all["done"], "cancel all orders in BTC-PERP, SOL-PERP");
    assert_eq!(gone(all), Some(2));
}

#[test]
fn a_taker_brings_the_makers_that_it_meets() {
    let (judy, mallory) = (trader(), trader());
    judy.does("place SOL sell 10 SOL @ 200.4");
    let taken = mallory.does("place sol buy 4 SOL --market --slippage 0.5%");
    assert_eq!((&taken["makers"], &taken["orders_new"]), (&1.into(), &json!([])));
    let moved = json!([{ "market": "SOL-PERP", "before": "0", "after": "4" }]);
    assert_eq!(taken["positions"], moved, "{taken}");
    let profit = mallory.does("trigger take-profit sol --at 250");
    assert_eq!(profit["done"], "sell in SOL-PERP: take-profit at 250, trigger order 0");
    // Settled at once: the maker's account knows of it before anybody applies fills.
    let maker = judy.does("cancel --all SOL");
    let closed = judy.does("place SOL buy 4 SOL @ 190 --post-only --reduce-only");
    assert_eq!(rested(&closed).len(), 1, "{maker}");
    judy.does("cancel --all");
}

#[test]
fn a_dry_run_of_an_order_tells_health_and_rests_nothing() {
    let niaj = trader();
    let tried = niaj.does("place BTC buy 0.5 BTC @ 60,000 --post-only --dry-run");
    let health = |when: &str| tried[when]["initial_health"].as_str().and_then(|it| it.parse::<f64>().ok());
    assert!(health("after") < health("before") && health("after").is_some(), "{tried}");
    assert_eq!(rested(&tried).len(), 1);
    niaj.is_refused("cancel --all", 3, "the account has no such order");
}

#[test]
fn what_an_order_must_not_be_is_refused() {
    let olivia = trader();
    olivia.is_refused("place BTC buy 500 BTC @ 60,000", 1, "(place_order): ");
    olivia.is_refused("place BTC buy 0.00001 BTC @ 60,000", 2, "at least");
    olivia.is_refused("place BTC buy 0.1 BTC @ 60,000.00001", 2, "the nearest");
    olivia.is_refused("place BTC buy 0.1 BTC", 2, "say a price");
    olivia.is_refused("place BTC buy 0.1 BTC @ 60,000 --market", 2, "say no price");
    olivia.is_refused("place DOGE buy 1 @ 1", 2, "no market is called");
    let both = olivia.says("place BTC buy 0.1 @ 60,000 --ioc --fok");
    assert!(both.err.contains("cannot be used with"), "{both:?}");
}

#[test]
fn an_isolated_order_stands_on_its_pocket() {
    let peggy = trader();
    let placed = peggy.does("place BTC buy 0.1 BTC @ 50,000 --isolated 2,000");
    assert_eq!(placed["after"]["equity"], "48000", "{placed}");
    assert_eq!(peggy.does("position fund BTC 500 USDC")["after"]["equity"], "47500");
    assert_eq!(peggy.does("position drain BTC 100")["after"]["equity"], "47600");
    peggy.is_refused("position cross BTC", 1, "(set_position_mode)");
    peggy.does("cancel --all");
    assert_eq!(peggy.does("position drain BTC all")["after"]["equity"], "50000");
    assert_eq!(
        peggy.does("position cross BTC")["done"],
        "make the position in BTC-PERP stand on the account"
    );
}

#[test]
fn a_trigger_waits_in_its_slot_until_it_is_taken_back() {
    let rupert = trader();
    rupert.is_refused("trigger stop-loss BTC --at 55,000", 2, "say --side buy or --side sell");
    let stop =
        rupert.does("trigger stop-loss BTC --at 55,000 --side sell --size 0.1 --limit 54,000 --expires 1d");
    assert_eq!(stop["done"], "sell in BTC-PERP: stop-loss at 55,000, trigger order 0");
    let trail = rupert.does("trigger trailing BTC --distance 5% --side sell");
    // 60,000 less 5 %, never further away.
    assert_eq!(
        (&trail["slot"], trail["done"].as_str().map(|it| it.contains("from 57,0"))),
        (&1.into(), Some(true))
    );
    rupert.does("trigger cancel 0");
    rupert.is_refused("trigger cancel 0", 1, "NoSuchTrigger");
    rupert.does("trigger cancel 1");
}
