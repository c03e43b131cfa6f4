//! How markets end: delisted, or wound down by anyone when feed or governance is dead; everybody leaves at one price.

mod losses;
mod winding_down;

use harness::{World, amounts::*, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    state::{exchange::ABANDONED_AFTER, risk_board::Pausable},
};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{liquidation::Scope, order::Order, refresh, trigger::Trigger},
};
use plimsoll_risk::layout::market::{MARKET_CLOSED, MARKET_SETTLING};

const ALL: [&str; 6] = ["alice", "bob", "carol", "dave", "liz", "keeper"];

/// All with 10,000 USDC; alice is long 800 lots at 60,000 and carol 101 in a pocket of 500, bob and dave are short.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    for name in ALL {
        world.trader(name).deposits(USDC, usdc(10_000));
    }
    world.trader("carol").isolates(BTC_PERP);
    world.trader("carol").funds_pocket(BTC_PERP, usdc(500));
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world.deals("carol", "dave", BTC_PERP, 101, 60_000);
    world
}

/// Lots at the settlement price, native quote: what a long gets, rounded down, and what a short pays, rounded up.
fn settled_worth(world: &World, lots: u64) -> (i128, i128) {
    let terms = world.terms(BTC_PERP);
    let product = u128::from(lots) * u128::from(terms.settlement_price);
    let floor = product >> terms.shift;
    let cut = floor << terms.shift != product;
    (floor as i128, (floor + u128::from(cut)) as i128)
}

/// The hour of a settlement passes: half of it at one price, half at another.
fn averages(world: &mut World, first: f64, then: f64) {
    for price in [first, then] {
        world.oracle().publishes_price(BTC, price);
        for _ in 0..30 {
            world.waits(60);
            world.trader("keeper").observes_settlement(BTC_PERP);
        }
    }
}

/// Everybody's orders go, and what waits is applied; by a keeper.
fn clears(world: &mut World) {
    for name in ["alice", "bob"] {
        world.trader("keeper").cancels_all_of(name, BTC_PERP);
    }
    world.applies_fills(BTC_PERP, &["bob"]);
}

fn closes(world: &mut World, name: &str) {
    let lots = world.lots(name, BTC_PERP);
    let (got, paid) = settled_worth(world, lots.unsigned_abs().into());
    let worth = if lots > 0 { got } else { -paid };
    let cost = i128::from(world.position(name, BTC_PERP).quote.get() - world.unsettled(name, BTC_PERP));
    let before = world.sheet(&ALL);
    let told = world.trader("keeper").closes_settled(name, BTC_PERP);
    let Event::PositionSettled(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.lots, u128::from(event.worth)), (lots, worth.unsigned_abs()));
    let side = if lots > 0 { "BTC-PERP longs" } else { "BTC-PERP shorts" };
    before.changed(
        world,
        &[
            (&format!("{name} BTC-PERP lots"), -i128::from(lots)),
            (&format!("{name} BTC-PERP quote"), worth),
            (&format!("{name} BTC-PERP realised"), worth + cost),
            (side, -i128::from(lots.unsigned_abs())),
        ],
    );
    world.trader("keeper").refused(Refusal::NothingToDo).closes_settled(name, BTC_PERP);
}

#[test]
fn a_delisted_market_settles_at_the_mean_price_of_an_hour_and_everybody_is_paid() {
    let mut world = world();
    world.insures(usdc(1_000));
    world.endows_tranche(BTC_PERP, usdc(70));
    world.trader("alice").bids(BTC_PERP, 10, 50_000);
    world.trader("bob").asks(BTC_PERP, 10, 60_000);
    world.trader("liz").longs(BTC_PERP, 4); // four of bob's wait for him
    let begins = |world: &mut World, name: &str| {
        world.governor(name).refused(Refusal::CannotSettle).starts_settlement(BTC_PERP);
    };
    for name in ["admin", "guardian", "mallory"] {
        begins(&mut world, name); // it is still open
    }
    world.makes_reduce_only(BTC_PERP);
    for name in ["guardian", "risk council", "mallory"] {
        begins(&mut world, name);
    }
    world.trader("keeper").refused(Refusal::NotSettling).closes_settled("alice", BTC_PERP);
    world.trader("keeper").refused(Refusal::NotSettling).observes_settlement(BTC_PERP);
    world.admin().starts_settlement(BTC_PERP);
    world.admin().refused(Refusal::MarketClosed).starts_settlement(BTC_PERP);
    nothing_is_traded(&mut world);

    world.trader("keeper").refused(Refusal::SettlementNotFixed).closes_settled("dave", BTC_PERP);
    world.trader("keeper").refused(Refusal::SettlementNotFixed).closes_market(BTC_PERP);
    averages(&mut world, 60_000.0, 64_000.0);
    // The mean, less what rounding takes at each look: a millionth of a unit at most.
    let exact =
        f64::from(world.terms(BTC_PERP).settlement_price) / f64::from(1u32 << world.terms(BTC_PERP).shift);
    assert!((6_200_000.0 - exact).abs() < 0.01, "{exact}");
    // Fixed for ever, whatever the feed says.
    let fixed = world.terms(BTC_PERP);
    world.jolts(BTC, -20);
    world.passes(days(1));
    assert_eq!(world.terms(BTC_PERP).settlement_price, fixed.settlement_price);
    assert_eq!(
        (world.terms(BTC_PERP).lot_price, world.terms(BTC_PERP).lot_stable),
        (fixed.lot_price, fixed.lot_price)
    );
    world.trader("keeper").refused(Refusal::NotSettling).observes_settlement(BTC_PERP);

    world.trader("keeper").refused(Refusal::OrdersRemain).closes_settled("alice", BTC_PERP);
    world.trader("keeper").refused(Refusal::OrdersRemain).closes_settled("bob", BTC_PERP);
    clears(&mut world);
    assert_eq!((world.listed("alice"), world.listed("bob"), world.waiting(BTC_PERP)), (0, 0, 0));
    for name in ["alice", "bob", "carol", "dave", "liz"] {
        world.trader("keeper").refused(Refusal::MarketNotEmpty).closes_market(BTC_PERP);
        closes(&mut world, name);
    }
    everybody_is_paid(&mut world);
    the_market_closes(&mut world);
}

/// Neither trades nor liquidations, whatever they are.
fn nothing_is_traded(world: &mut World) {
    for order in [
        Order::limit(Side::Ask, 1, 60_000),
        Order::limit(Side::Bid, 1, 60_000),
        Order::market(Side::Ask, 1, 1).reduce_only(),
        Order::limit(Side::Ask, 1, 61_000).post_only(),
    ] {
        world.trader("alice").refused(Refusal::MarketClosed).places(BTC_PERP, order);
    }
    world.trader("liz").refused(Refusal::MarketClosed).takes_over("alice", BTC_PERP, 1);
    world.trader("liz").refused(Refusal::MarketClosed).liquidates_into_book("alice", BTC_PERP, 1);
    world.trader("liz").refused(Refusal::MarketClosed).deleverages("alice", BTC_PERP, 1);
    let refresh = refresh::refresh_market(&world.market_of(BTC_PERP));
    world.refuses(&[refresh], Refusal::MarketClosed);
    // The other market goes on.
    world.deals("alice", "bob", ETH_PERP, 1, 30_000);
}

/// Losers pay, then winners are paid, all of them to the last unit.
fn everybody_is_paid(world: &mut World) {
    let (mut names, realised) =
        (["alice", "bob", "carol", "dave", "liz"], |world: &World, name| world.unsettled(name, BTC_PERP));
    names.sort_by_key(|name| realised(world, name));
    for name in names {
        let amount = i128::from(realised(world, name));
        let before = world.sheet(&ALL);
        world.trader(name).settles(BTC_PERP);
        let (home, others) = if name == "carol" {
            ("carol BTC-PERP pocket".to_owned(), 0)
        } else {
            (format!("{name} USDC"), amount)
        };
        before.changed(
            world,
            &[
                (&home, amount),
                (&format!("{name} BTC-PERP quote"), -amount),
                (&format!("{name} BTC-PERP realised"), -amount),
                ("BTC-PERP pool", -amount),
                ("USDC deposits", others),
            ],
        );
    }
}

/// Fees are collected, then what is left of the pool and the tranche is the fund's.
fn the_market_closes(world: &mut World) {
    world.trader("keeper").refused(Refusal::MarketNotEmpty).closes_market(BTC_PERP);
    world.collects_fees(BTC_PERP);
    let before = world.sheet(&ALL);
    let (pool, tranche) = (before.line("BTC-PERP pool"), before.line("BTC-PERP tranche"));
    assert!((0..=8).contains(&pool), "what rounding left: {pool}");
    let told = world.trader("keeper").closes_market(BTC_PERP);
    let Event::MarketClosed(event) = told.event() else { panic!("{:?}", told.events) };
    let all = i128::from(event.pool) + i128::from(event.tranche);
    assert_eq!(
        (i128::from(event.tranche), i128::from(event.deficit)),
        (tranche, pool - i128::from(event.pool))
    );
    before.changed(
        world,
        &[
            ("BTC-PERP pool", -pool),
            ("BTC-PERP tranche", -tranche),
            ("BTC-PERP deficit", event.deficit.into()),
            ("fund", all),
        ],
    );
    assert_eq!((world.terms(BTC_PERP).state, world.insurance().open_deficits), (MARKET_CLOSED, 0));
    world.trader("keeper").refused(Refusal::NotSettling).closes_market(BTC_PERP);
    world.admin().refused(Refusal::MarketClosed).starts_settlement(BTC_PERP);
    let order = Order::limit(Side::Bid, 1, 60_000);
    world.refreshes_all();
    world.trader("alice").refused(Refusal::MarketClosed).places(BTC_PERP, order);
    // Whoever has nothing else goes home with all that is his.
    let pocket = world.position("carol", BTC_PERP).pocket.magnitude();
    world.trader("carol").drains_pocket(BTC_PERP, pocket);
    world.trader("carol").crosses(BTC_PERP);
    for name in ["carol", "dave"] {
        world.trader(name).withdraws_all(USDC);
        world.trader(name).closes_account();
    }
}

#[test]
fn triggers_of_a_settling_market_are_not_executed() {
    let mut world = world();
    let slot =
        world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 59_000)).trigger_slot();
    world.makes_reduce_only(BTC_PERP);
    world.admin().starts_settlement(BTC_PERP);
    world.jolts(BTC, -5);
    world.trader("keeper").refused(Refusal::MarketClosed).executes_trigger_of("alice", BTC_PERP, slot);
    world.trader("alice").cancels_trigger(slot);
}
