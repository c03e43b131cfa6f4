//! The largest order against the engine: it stands, and one lot more does not.

use super::world::{NOW, World, world};
use crate::portfolio::{Intent, Portfolio, Way};
use plimsoll::{errors::Refusal, premium};
use plimsoll_book::{Side, Ticks};
use plimsoll_risk::{
    conduct::{self, Change},
    fill,
    health::{Check, Overlay},
    margin::{Holdings, isolated_margin, margin},
    num::Quote,
};
use proptest::prelude::*;

/// What the engine says to an order of so many lots, and Initial health after it.
fn tried(world: &World, at: usize, intent: &Intent, lots: u32) -> Option<(bool, Quote)> {
    let (board, market) = (&*world.board, &world.markets[at]);
    let mut positions = world.account.positions;
    let before = positions[at];
    let worth = u64::from(intent.price.get()).checked_mul(lots.into()).filter(|worth| worth >> 56 == 0)?;
    let (is_bid, worth) = (intent.side == Side::Bid, Quote::from_unsigned(worth).ok()?);
    let after = &mut positions[at];
    match intent.way {
        Way::Takes => {
            let fee = market.taker_fee.mul_up(worth).ok()?;
            fill::fill(after, is_bid, lots, worth, fee).ok()?;
        }
        Way::Rests => fill::reserve(after, is_bid, lots, worth).ok()?,
    }
    let holdings = Holdings { balances: &world.account.balances, positions: &positions };
    let none = Overlay::none();
    let health = if before.is_isolated() {
        isolated_margin(&positions[at], board, &none, Check::Initial, NOW)
    } else {
        margin(&holdings, board, &none, Check::Initial, NOW)
    };
    let change = Change { holdings, place: at, before: &before, paid: Quote::ZERO };
    Some((conduct::allowed(&change, board, &none, NOW).is_ok(), health.ok()?.health()))
}

fn intent() -> impl Strategy<Value = (prop::sample::Index, Side, Way, u64)> {
    let side = prop_oneof![Just(Side::Bid), Just(Side::Ask)];
    (any::<prop::sample::Index>(), side, prop_oneof![Just(Way::Takes), Just(Way::Rests)], 950u64..1_050)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_largest_order_stands_and_a_lot_more_does_not(world in world(), (at, side, way, away) in intent()) {
        let at = at.index(world.markets.len());
        let Some(index) = premium::index_ticks(&world.board.markets[at], 1) else { return Ok(()) };
        let price = Ticks::new((u64::from(index.get()) * away / 1_000).max(1) as u32);
        let intent = Intent { side, price, way };
        let found = Portfolio::new(&world.account, &world.board, NOW).max_order(&world.markets[at], &intent);
        let (most, held) = (found.amount.get(), world.account.positions[at].lots);
        let closes = if (held.get() < 0) == (side == Side::Bid) { held.magnitude() } else { 0 };
        if most > 0 {
            let (allowed, health) = tried(&world, at, &intent, most).unwrap();
            prop_assert!(allowed);
            let reduces = way == Way::Takes && most <= closes.saturating_mul(2);
            prop_assert!(!health.is_negative() || reduces || way == Way::Rests, "{:?} {:?}", found, health);
        }
        // More lots than can be said are not tried.
        let Some(more) = most.checked_add(1) else { return Ok(()) };
        let beyond = tried(&world, at, &intent, more);
        prop_assert!(beyond.is_none_or(|(allowed, _)| !allowed), "{:?}", found);
        if found.refused == Refusal::NotEnoughMargin {
            prop_assert!(beyond.is_some_and(|(_, health)| health.is_negative()), "{:?}", found);
        }
    }
}
