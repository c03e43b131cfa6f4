//! What takes days: a timelock, a stake that cools. On a network of its own, whose clock may be turned.

use crate::{
    network::{PRICES, World},
    stage::{Person, passes},
};

/// A change may be applied from two days on, for a week.
const DAY: i64 = 86_400;

#[test]
fn a_change_is_applied_and_a_stake_redeemed_when_their_time_has_come() {
    let world: &'static World = Box::leak(Box::new(World::boot("waiting")));
    let (admin, sybil) = (Person::official_on(world, "deployer"), Person::on(world, &[("USDC", 1_000)]));
    let number = admin.does("governance propose taker_fee 0.08 % --market ETH")["number"].clone();
    sybil.does("deposit 1,000 USDC");
    sybil.does("stake 400");
    let ready = sybil.does("stake cool 100")["ready_at"].as_i64().expect("a time");
    let wait = ready - world.network.now();
    assert!((2 * DAY..9 * DAY).contains(&wait), "the change would not be ready, or not any more: {wait}");
    passes(world, wait + 60, PRICES);

    let pending = admin.does("governance pending");
    assert_eq!(pending["pending"][0]["state"], "ready", "{pending}");
    // Anyone may.
    let applied = sybil.does(&format!("governance apply {number}"));
    assert_eq!(applied["done"], format!("apply change {number}: ETH-PERP market.taker_fee: 0.05 % → 0.08 %"));
    assert_eq!(admin.does("governance pending")["pending"], serde_json::json!([]));

    let redeemed = sybil.does("stake redeem");
    assert_eq!((&redeemed["before"]["equity"], &redeemed["after"]["equity"]), (&"600".into(), &"700".into()));
    sybil.is_refused("stake redeem", 1, "(redeem): ");
    assert_eq!(sybil.does("stake show")["staked"], "300");
}
