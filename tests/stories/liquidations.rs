//! Liquidation of positions: taken over at the price less the auction's fee, or put into the book, step by step and no
//! further than needed. Figures are recomputed by hand: a lot at 44,400 is worth 4.44 USDC.

mod circumstances;
mod into_book;
mod take_over;

use harness::{World, perps::*, tokens::*};
use plimsoll_client::{events::Event, instructions::liquidation::Scope};
use plimsoll_risk::liquidation::Flag;

/// Everybody of these stories.
const ALL: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// What alice paid for 1,000 lots at 60,000: 3 USDC, but for what a ratio drops.
const TAKER_FEE: i128 = 2_999_995;

/// Alice holds 2,000 USDC, the others plenty. She is long 1,000 lots at 60,000, of bob, for a fee of 3; isolated, all that she
/// holds is in its pocket.
fn long(isolated: bool) -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    endow(&mut world);
    if isolated {
        world.trader("alice").isolates(BTC_PERP);
        world.trader("alice").funds_pocket(BTC_PERP, usdc(2_000));
    }
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    assert_eq!(i128::from(world.unsettled("alice", BTC_PERP)), -TAKER_FEE);
    world
}

/// The same, short.
fn short() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    endow(&mut world);
    world.trader("bob").bids(BTC_PERP, 1_000, 60_000);
    world.trader("alice").meeting(&["bob"]).shorts(BTC_PERP, 1_000);
    world
}

fn endow(world: &mut World) {
    world.trader("alice").deposits(USDC, usdc(2_000));
    for name in &ALL[1..] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
}

/// The price is another, whatever the others are stays fresh, and alice is flagged at once.
fn flagged_at(mut world: World, price: f64) -> World {
    world.oracle().says(BTC, price);
    world.refreshes_all();
    let scope = world.scope_of("alice", BTC_PERP);
    world.trader("carol").assesses("alice", scope);
    let now = world.now();
    assert_eq!(world.flag_of("alice", scope), Flag { flagged_at: now, renewed_at: now });
    world
}

/// 437 of equity behind 4,440: 7 short of maintenance (a tenth), 29.2 short of the end of a liquidation (a twentieth more).
fn endangered(isolated: bool) -> World {
    flagged_at(long(isolated), 44_400.0)
}

/// Whether an event says that the danger is over.
#[track_caller]
fn is_over(event: Option<&Event>) -> bool {
    match event {
        Some(Event::TakenOver(it)) => it.over,
        Some(Event::LiquidatedIntoBook(it)) => it.over,
        other => panic!("{other:?}"),
    }
}

/// Alice is not flagged any more.
#[track_caller]
fn is_free(world: &World, scope: Scope) {
    assert_eq!(world.flag_of("alice", scope), Flag::default());
}
