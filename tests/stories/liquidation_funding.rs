//! Whoever is liquidated into the book pays funding until that moment, also what accrues as the book is looked at.

use harness::{World, perps::*, tokens::*};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{liquidation::Scope, order::Order},
};

#[test]
fn a_liquidation_into_the_book_pays_what_accrued_since_the_book_was_last_seen() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets_in_market("market.impact_notional", BTC_PERP, usdc(200));
    });
    for (name, amount) in [("ida", 2_000), ("maker", 20_000), ("seller", 20_000), ("liz", 1)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.deals("ida", "maker", BTC_PERP, 1_000, 60_000);
    world.jolts(BTC, -28);
    world.trader("liz").assesses("ida", Scope::Cross);
    // The book stands above the index, 43,200: longs pay.
    world.trader("maker").places(BTC_PERP, Order::limit(Side::Bid, 1_000, 43_600).post_only());
    world.trader("seller").places(BTC_PERP, Order::limit(Side::Ask, 1_000, 43_700).post_only());
    world.passes(1);
    world.refreshes_market(BTC_PERP);
    world.passes(10);

    let before = world.market(BTC_PERP).premium.funding;
    let receipt = world.trader("liz").meeting(&["maker"]).liquidates_into_book("ida", BTC_PERP, u32::MAX);
    let accrued = world.market(BTC_PERP).premium.funding - before;
    assert!(accrued > 0, "nothing accrued");
    let told = receipt.events.iter().find_map(|event| match event {
        Event::LiquidatedIntoBook(it) => Some(it.funding),
        _ => None,
    });
    // All 1,000 lots were there until now; rounded up twice at most, once for what was due before.
    let due = (accrued * 1_000) >> 32;
    let paid = told.expect("a liquidation");
    assert!(paid >= due && paid > 0, "{paid} paid of {due}");
    assert_eq!(world.position("ida", BTC_PERP).funding, before + accrued, "nothing is due any more");
}
