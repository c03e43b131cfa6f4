//! Parameters and pauses.

use crate::stage::{Person, world};
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Two changes proposed at once would ask for the same number: whoever is later is refused, and tries again.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pending(answer: &Value) -> Vec<&Value> {
    answer["pending"].as_array().expect("a list").iter().collect()
}

#[test]
fn loosening_waits_is_shown_and_is_vetoed_or_taken_back() {
    let _turn = alone();
    let (admin, guardian) = (Person::official("deployer"), Person::official("guardian"));
    let proposed = admin.does("governance propose taker_fee 0.08 % --market ETH");
    let number = proposed["number"].as_u64().expect("it is queued");
    let shown = admin.does("governance pending");
    let found = pending(&shown).into_iter().find(|it| it["number"] == number).expect("it is shown");
    assert_eq!((&found["subject"], &found["parameter"]), (&"ETH-PERP".into(), &"market.taker_fee".into()));
    assert_eq!((&found["new"], &found["state"]), (&"0.08 %".into(), &"waits".into()));
    let people = admin.says("governance pending").text();
    assert!(people.contains("ETH-PERP market.taker_fee: ") && people.contains("(waits; from "), "{people:?}");
    admin.is_refused(&format!("governance apply {number}"), 1, "(apply_change): ");
    admin.is_refused(&format!("governance veto {number}"), 1, "NotTheGuardian");
    guardian.does(&format!("governance veto {number}"));
    assert!(pending(&admin.does("governance pending")).iter().all(|it| it["number"] != number));
    guardian.is_refused(&format!("governance veto {number}"), 3, "no change is queued under");
    // Whoever proposed a change takes it back.
    let proposed = admin.does("governance propose market.taker_fee 0.07 % --market BTC");
    let number = proposed["number"].as_u64().expect("it is queued");
    let told = admin.does(&format!("governance withdraw {number} --dry-run"))["would"].clone();
    assert!(told.as_str().is_some_and(|told| told.contains("BTC-PERP market.taker_fee")), "{told}");
    admin.does(&format!("governance withdraw {number}"));
}

#[test]
fn tightening_applies_at_once_and_bounds_hold() {
    let _turn = alone();
    let admin = Person::official("deployer");
    let done = admin.does("governance propose bank.account_borrow_cap 1,000,000 ETH --bank ETH");
    let told = done["done"].as_str().unwrap_or_default();
    assert!(told.ends_with("unlimited → 1,000,000 ETH, at once"), "{done}");
    admin.is_refused("governance propose account_borrow_cap 1,000,000 ETH --bank ETH", 3, "already");
    for (words, told) in [
        ("max_age 45 s --feed btc", "change BTC feed.max_age: "),
        (
            "asset_weight_initial 70 % --bank SOL",
            "change SOL bank.asset_weight_initial: 80 % → 70 %, at once",
        ),
        ("hourly_cap 10 USDC", "change board refresh.hourly_cap: 20 USDC → 10 USDC"),
        ("exchange.ramp_seconds 2 d", "change exchange exchange.ramp_seconds: 1 d → 2 d, queued as "),
    ] {
        let tried = admin.does(&format!("governance propose {words} --dry-run"));
        assert!(tried["would"].as_str().is_some_and(|would| would.starts_with(told)), "{tried}");
    }
    admin.is_refused("governance propose market.taker_fee 99 % --market ETH", 3, "is more than");
    admin.is_refused("governance propose market.taker_fee 5 USDC --market ETH", 2, "expected a percentage");
    admin.is_refused("governance propose market.taker_fee 1 %", 2, "say --market MARKET");
    admin.is_refused("governance propose feed.colour red", 2, "no parameter is called");
    let stranger = Person::with(&[]);
    stranger.is_refused("governance propose account_borrow_cap 10 ETH --bank ETH", 1, "(propose_change): ");
}

#[test]
fn the_guardian_pauses_for_a_while() {
    let (admin, guardian) = (Person::official("deployer"), Person::official("guardian"));
    admin.is_refused("pause skim --for 1h", 1, "NotTheGuardian");
    let before = world().network.now();
    let paused = guardian.does("pause skim --for 1h")["until"].as_i64().expect("a time");
    assert!((before..=world().network.now()).contains(&(paused - 3_600)), "{paused}");
    admin.does("unpause skim");
    guardian.is_refused("unpause skim", 1, "NotPaused");
    guardian.is_refused("pause skim --for 30s", 1, "BadPause");
    assert!(guardian.says("pause everything --for 1h").err.contains("possible values: deposit"));
}
