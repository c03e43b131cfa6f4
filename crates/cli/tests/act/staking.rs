//! Shares of the insurance fund.

use crate::stage::Person;

#[test]
fn a_stake_is_made_cools_and_is_not_redeemed_early() {
    let sybil = Person::with(&[("USDC", 1_000)]);
    sybil.does("deposit 1,000 USDC");
    sybil.is_refused("stake show", 3, "there is no stake");
    let staked = sybil.does("stake 400 USDC");
    assert_eq!((&staked["done"], &staked["after"]["equity"]), (&"stake 400 USDC".into(), &"600".into()));
    assert_eq!(sybil.does("stake show")["staked"], "400");
    assert_eq!(sybil.does("stake cool 100")["amount"], "100");
    let shown = sybil.does("stake show");
    assert_eq!((&shown["staked"], &shown["cooling"]), (&"300".into(), &"100".into()));
    sybil.is_refused("stake redeem", 1, "(redeem): ");
    sybil.is_refused("stake close", 1, "StakeNotEmpty");
}
