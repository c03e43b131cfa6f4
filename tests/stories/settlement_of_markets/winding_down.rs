//! Markets that anyone winds down: dead feeds, silent governors.

use super::*;

#[test]
fn a_market_whose_feed_is_dead_for_a_week_is_wound_down_by_anyone() {
    let mut world = world();
    world.jolts(BTC, -5);
    let died = world.feed(BTC).last_valid_time;
    world.passes(died + days(7) - 1 - world.now());
    world.governor("mallory").refused(Refusal::CannotSettle).starts_settlement(BTC_PERP);
    // A price in between, and the week begins anew.
    let mut revived = world.clone();
    revived.refreshes_all();
    revived.passes(days(7) - 1);
    revived.governor("mallory").refused(Refusal::CannotSettle).starts_settlement(BTC_PERP);

    world.passes(1);
    world.governor("mallory").starts_settlement(BTC_PERP);
    assert_eq!(world.terms(BTC_PERP).state, MARKET_SETTLING);
    assert_ne!(world.terms(ETH_PERP).state, MARKET_SETTLING);
    // One look is enough: the last valid price stood all the time.
    world.passes(hours(1) - 1);
    world.trader("keeper").observes_settlement(BTC_PERP);
    assert!(!world.terms(BTC_PERP).is_settled());
    world.passes(1);
    world.trader("keeper").observes_settlement(BTC_PERP);
    assert_eq!(settled_worth(&world, 1_000).0, 5_700_000_000);
    for name in ["alice", "bob", "carol", "dave"] {
        closes(&mut world, name);
    }
    for name in ["alice", "carol", "bob", "dave"] {
        world.trader(name).settles(BTC_PERP);
        assert_eq!(world.unsettled(name, BTC_PERP), 0, "{name}");
    }
    world.collects_fees(BTC_PERP);
    world.trader("mallory").closes_market(BTC_PERP);
    world.trader("bob").withdraws_all(USDC);
}

#[test]
fn a_living_feed_needs_a_look_every_five_minutes() {
    let mut world = world();
    world.makes_reduce_only(BTC_PERP);
    world.admin().starts_settlement(BTC_PERP);
    world.trader("keeper").refused(Refusal::NothingToDo).observes_settlement(BTC_PERP);
    world.passes(hours(1));
    world.refreshes_all();
    world.trader("keeper").observes_settlement(BTC_PERP);
    assert_eq!((world.market(BTC_PERP).settle_credited, world.terms(BTC_PERP).is_settled()), (300, false));
    for _ in 0..11 {
        world.passes(300);
        world.refreshes_all();
        world.trader("keeper").observes_settlement(BTC_PERP);
    }
    assert!(world.terms(BTC_PERP).is_settled());
}

#[test]
fn markets_of_an_abandoned_exchange_are_wound_down_by_anyone() {
    let mut world = world();
    let begins = |world: &mut World, reason: Option<Refusal>| {
        world.refreshes_all();
        let mut mallory = world.governor("mallory");
        if let Some(reason) = reason {
            mallory = mallory.refused(reason);
        }
        mallory.starts_settlement(BTC_PERP);
    };
    let governed = world.exchange_account().governed_at;
    world.passes(governed + ABANDONED_AFTER - 1 - world.now());
    begins(&mut world, Some(Refusal::CannotSettle));
    // Whatever shows life counts half a year.
    let mut alive = world.clone();
    alive.governor("mallory").refused(Refusal::NotTheAdmin).proves_life();
    alive.admin().proves_life();
    alive.passes(ABANDONED_AFTER - 1);
    begins(&mut alive, Some(Refusal::CannotSettle));
    alive.guardian().pauses(Pausable::Borrow, 60);
    alive.passes(ABANDONED_AFTER - 1);
    begins(&mut alive, Some(Refusal::CannotSettle));
    alive.passes(1);
    begins(&mut alive, None);

    world.passes(1);
    begins(&mut world, None); // open as it was, not even reduce-only
    world.averages_settlement(BTC_PERP);
    for name in ["alice", "bob", "carol", "dave"] {
        closes(&mut world, name);
    }
    // Prices moved back by nothing: all that anybody lost is fees, and all that anybody gained rebates.
    for name in ["alice", "carol", "bob", "dave"] {
        world.trader(name).settles(BTC_PERP);
    }
    world.collects_fees(BTC_PERP);
    world.trader("mallory").closes_market(BTC_PERP);
    assert_eq!(world.terms(BTC_PERP).state, MARKET_CLOSED);
}
